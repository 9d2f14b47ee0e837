package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"fairlb/agents/checkpoint"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/results/record/recordtest"
	"fairlb/results/tfevents"
	"fairlb/train"
)

// edit replaces one text in a file by another. A record has the sums of what it is
// then.
func edit(t *testing.T, path, from, to string) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(data), from)
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(data), from, to, 1)), 0o666))
	if filepath.Base(path) == runfolder.RecordName {
		recordtest.Reseal(t, path)
	}
}

var hexadecimal = regexp.MustCompile(`\b[0-9a-f]{12}\b`)

// TestVerifyNamesEveryFault damages a run in one way at a time.
func TestVerifyNamesEveryFault(t *testing.T) {
	whole := trainSmall(t)
	require.NoError(t, os.Remove(filepath.Join(whole, train.StateName))) // of the end: TestVerifyStoppedRun has the faults of states
	meta := func(change func(*checkpoint.Meta)) func(t *testing.T) {
		return func(t *testing.T) {
			m, parameters, err := checkpoint.Load(train.CheckpointName)
			require.NoError(t, err)
			change(&m)
			require.NoError(t, checkpoint.Save(train.CheckpointName, m, parameters))
		}
	}
	for _, test := range []struct {
		name   string
		damage func(t *testing.T)
		want   []string
	}{
		{"no record", func(t *testing.T) { require.NoError(t, os.Remove(runfolder.RecordName)) },
			[]string{"record: open record.jsonl: no such file or directory"}},
		{"last line cut off", func(t *testing.T) {
			data, err := os.ReadFile(runfolder.RecordName)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(runfolder.RecordName, append(data, `{"row"`...), 0o666))
		}, []string{"record.jsonl: the last line is cut off"}},
		{"event cut off", func(t *testing.T) {
			info, err := os.Stat(tfevents.FileName)
			require.NoError(t, err)
			require.NoError(t, os.Truncate(tfevents.FileName, info.Size()-1)) // wherever its records end
		},
			[]string{"events.out.tfevents.fairlb: the last record is cut off or damaged"}},
		{"no event", func(t *testing.T) { require.NoError(t, os.Truncate(tfevents.FileName, 0)) },
			[]string{"events.out.tfevents.fairlb: not an event file: no whole record at its beginning"}},
		{"another kind", func(t *testing.T) { edit(t, runfolder.RecordName, `"kind":"train"`, `"kind":"eval"`) },
			[]string{`record.jsonl: is the record of kind "eval": want "train"`,
				"policy.safetensors: holds what 4 episodes taught: the record has 0"}},
		{"episodes", func(t *testing.T) { edit(t, runfolder.RecordName, `"round":1,"episodes":4`, `"round":1,"episodes":2`) },
			[]string{"record.jsonl:3: episode 2 of 4 behind episode 2: want a later one of those of the settings",
				"policy.safetensors: holds what 4 episodes taught: the record has 2"}},
		{"a row", func(t *testing.T) {
			edit(t, runfolder.RecordName, `"round":1,"episodes":4`, `"round":1,"episodes":"4"`)
		},
			[]string{`record.jsonl: record: line 3: row "round": json: cannot unmarshal string into Go struct field Round.episodes of type int`,
				"policy.safetensors: holds what 4 episodes taught: the record has 2"}},
		{"other settings", func(t *testing.T) { edit(t, runfolder.HyperparametersName, "seed: 1", "seed: 2") },
			[]string{"record.jsonl: was made with other settings than hyperparameters.yaml",
				"policy.safetensors: was made with other settings than hyperparameters.yaml"}},
		{"bad settings", func(t *testing.T) { edit(t, runfolder.HyperparametersName, "method: distr-lb", "method: magic") },
			[]string{"hyperparameters.yaml:2:9: method = \"magic\": must be one of distr-lb, rlb-sac, centr-lb, qmix-lb, iql-lb, ippo, mappo, delay, es, universal, universal-carried"}},
		{"no settings", func(t *testing.T) { require.NoError(t, os.Remove(runfolder.HyperparametersName)) },
			[]string{"hyperparameters.yaml: no such file"}},
		{"bad scenario", func(t *testing.T) { edit(t, runfolder.ScenarioName, "lbs: 2", "lbs: -2") },
			[]string{"scenario.yaml:2:6: lbs = -2: must be in [1, 1000]"}},
		{"another scenario", func(t *testing.T) { edit(t, runfolder.ScenarioName, "lbs: 2", "lbs: 3") },
			[]string{"record.jsonl: was made in another scenario than scenario.yaml",
				"policy.safetensors: trained for 2 LBs and 8 servers; the scenario has 3 LBs and 8 servers"}},
		{"a figure of the record", func(t *testing.T) {
			data, err := os.ReadFile(runfolder.RecordName)
			require.NoError(t, err)
			k := bytes.Index(data, []byte(`"completion":`)) + len(`"completion":`)
			data[k] = '0' + (data[k]-'0'+1)%10
			require.NoError(t, os.WriteFile(runfolder.RecordName, data, 0o666))
		}, []string{"record.jsonl:2: malformed record: was changed, or a line before it: its sum is not that of the lines up to it"}},
		{"scenario's name", meta(func(m *checkpoint.Meta) { m.Scenario = "web" }),
			[]string{"policy.safetensors: was trained in web: scenario.yaml is sim-moderate/pure-cpu"}},
		{"method", meta(func(m *checkpoint.Meta) { m.Method = "es" }),
			[]string{"policy.safetensors: is of method es and seed 1: its settings say distr-lb and 1",
				`policy.safetensors: agents: parameters do not fit: "lb0.offset" is missing`}},
		{"checkpoint's settings", meta(func(m *checkpoint.Meta) { m.Settings = "speed: 1" }),
			[]string{`policy.safetensors (settings):1:1: speed: unknown field (did you mean "seed"?)`}},
		{"checkpoint ahead", meta(func(m *checkpoint.Meta) { m.Episode = 6 }),
			[]string{"policy.safetensors: holds what 6 episodes taught: the record has 4"}},
		{"checkpoint behind", meta(func(m *checkpoint.Meta) { m.Episode = 2 }),
			[]string{"policy.safetensors: holds what 2 episodes taught: the record has 4",
				"state.bin: is missing: the run is not at its end, and cannot go on without it"}},
		{"format", func(t *testing.T) { edit(t, train.CheckpointName, `"format":"1"`, `"format":"9"`) },
			[]string{"policy.safetensors: format 9: this fairlb reads format 1"}},
		{"hash", func(t *testing.T) { edit(t, train.CheckpointName, `"scenario":"sim`, `"scenario":"Sim`) },
			[]string{"policy.safetensors: truncated or changed: the hash of its content begins with HEX, its header says HEX"}},
		{"two at once", func(t *testing.T) {
			edit(t, runfolder.ScenarioName, "lbs: 2", "lbs: -2")
			require.NoError(t, os.Truncate(train.CheckpointName, 4))
		}, []string{"scenario.yaml:2:6: lbs = -2: must be in [1, 1000]",
			"policy.safetensors: truncated: a checkpoint has at least 8 bytes, the file has 4"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.CopyFS(dir, os.DirFS(whole)))
			t.Chdir(dir)
			test.damage(t)
			out, _, err := command(t, "runs", "verify", ".")
			require.Equal(t, exitFailed, exitCode(err), "%v", err)
			t.Log(out)
			require.Equal(t, test.want, faultsOf(out))
		})
	}
}

// stoppedRun makes a run of which five rounds of 40 are made, two of them
// validated, and returns its folder.
func stoppedRun(t *testing.T) string {
	t.Helper()
	set := slices.DeleteFunc(slices.Clone(briefRun), func(arg string) bool { return arg == "--set" })
	dir := filepath.Join(t.TempDir(), "run")
	training, err := runfolder.New(runfolder.Order{File: fileOf(t, "tiny.yaml", "method: distr-lb\n"), Dir: dir, Overrides: set})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	training.Workers, training.Log = 1, progress.Silent()
	training.Progress = progress.Func(func(done, _ int) {
		if done == 10 { // episodes
			cancel()
		}
	})
	require.ErrorIs(t, training.Run(ctx), context.Canceled)
	return dir
}

// withoutLine removes one line of a record; 1 is the first.
func withoutLine(t *testing.T, path string, line int) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.SplitAfter(string(data), "\n")
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(slices.Delete(lines, line-1, line), "")), 0o666))
	recordtest.Reseal(t, path)
}

// flip changes one bit of the last byte of a file, which in a checkpoint is a parameter's.
func flip(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	data[len(data)-1] ^= 1
	require.NoError(t, os.WriteFile(path, data, 0o666))
}

// faultsOf are the faults that verify printed of the run in the current folder.
func faultsOf(out string) (faults []string) {
	for line := range strings.Lines(out) {
		fault := strings.TrimSuffix(strings.TrimPrefix(line, ".: fault: "), "\n")
		faults = append(faults, hexadecimal.ReplaceAllString(fault, "HEX"))
	}
	return faults
}

// TestVerifyStoppedRun damages, in one way at a time, a run that was stopped and
// can go on. The list flags each.
func TestVerifyStoppedRun(t *testing.T) {
	whole := stoppedRun(t)
	best := func(change func(*checkpoint.Meta)) func(t *testing.T) {
		return func(t *testing.T) {
			m, parameters, err := checkpoint.Load(train.BestName)
			require.NoError(t, err)
			change(&m)
			require.NoError(t, checkpoint.Save(train.BestName, m, parameters))
		}
	}
	for _, test := range []struct {
		name   string
		damage func(t *testing.T)
		want   []string
	}{
		{"state changed", func(t *testing.T) { flip(t, train.StateName) },
			[]string{"state.bin: not the state of this run: truncated or changed: the hash of its content differs"}},
		{"state cut off", func(t *testing.T) { require.NoError(t, os.Truncate(train.StateName, 1000)) },
			[]string{"state.bin: not the state of this run: truncated or changed: the hash of its content differs"}},
		{"another scenario", func(t *testing.T) { edit(t, runfolder.ScenarioName, "timeout: 40", "timeout: 41") },
			[]string{"record.jsonl: was made in another scenario than scenario.yaml",
				"state.bin: was begun in another scenario than scenario.yaml"}},
		{"state removed", func(t *testing.T) { require.NoError(t, os.Remove(train.StateName)) },
			[]string{"state.bin: is missing: the run is not at its end, and cannot go on without it"}},
		{"another learner", func(t *testing.T) { edit(t, runfolder.HyperparametersName, "hidden: 4", "hidden: 5") },
			[]string{"record.jsonl: was made with other settings than hyperparameters.yaml",
				"policy.safetensors: was made with other settings than hyperparameters.yaml",
				"best.safetensors: was made with other settings than hyperparameters.yaml",
				"state.bin: was made with other settings than hyperparameters.yaml",
				"state.bin: not the state of this run: agents: not the state of this learner (sac 1): snapshot: damaged, or of something else: 202 values where there are 254"}},
		{"a round in the middle", func(t *testing.T) { withoutLine(t, runfolder.RecordName, 3) },
			[]string{"record.jsonl:3: round 2: want round 1",
				"state.bin: goes on behind 5 rounds: the record has 4"}},
		{"the last round", func(t *testing.T) { withoutLine(t, runfolder.RecordName, 6) },
			[]string{"policy.safetensors: holds what 10 episodes taught: the record has 8",
				"state.bin: goes on behind 5 rounds: the record has 4"}},
		{"the round of the state", func(t *testing.T) {
			edit(t, runfolder.RecordName, `"round":4,"episodes":10`, `"round":4,"episodes":12`)
		},
			[]string{"record.jsonl:6: round 4 ends with episode 12: want 2 a round, as the settings say",
				"policy.safetensors: holds what 10 episodes taught: no round of the record ends there",
				"state.bin: goes on behind episode 10: the record's round 4 ends with episode 12"}},
		{"best changed", func(t *testing.T) { flip(t, train.BestName) },
			[]string{"best.safetensors: truncated or changed: the hash of its content begins with HEX, its header says HEX"}},
		{"best removed", func(t *testing.T) { require.NoError(t, os.Remove(train.BestName)) },
			[]string{"best.safetensors: there is no such checkpoint: file does not exist"}},
		{"best of another seed", best(func(m *checkpoint.Meta) { m.TrainSeed = 2 }),
			[]string{"best.safetensors: is of method distr-lb and seed 2: its settings say distr-lb and 1"}},
		{"best of another environment", best(func(m *checkpoint.Meta) { m.Fingerprint.Agents = 3 }),
			[]string{"best.safetensors: trained for 3 LBs and 8 servers; the scenario has 2 LBs and 8 servers"}},
		{"best of another method", best(func(m *checkpoint.Meta) { m.Method = "es" }),
			[]string{"best.safetensors: is of method es and seed 1: its settings say distr-lb and 1",
				`best.safetensors: agents: parameters do not fit: "lb0.offset" is missing`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.CopyFS(dir, os.DirFS(whole)))
			t.Chdir(dir)
			out, _, err := command(t, "runs", "verify", ".")
			require.NoError(t, err, out)
			require.Equal(t, ".: ok so far: 10 of 80 episodes\n", out)
			test.damage(t)
			out, _, err = command(t, "runs", "verify", ".")
			require.Equal(t, exitFailed, exitCode(err), "%v", err)
			require.Equal(t, test.want, faultsOf(out))
			out, _, err = command(t, "runs", "list", ".")
			require.NoError(t, err)
			require.Regexp(t, `\d faults?\n$`, out)
		})
	}
}

// TestVerifyEverySetting changes each byte of the values of a stopped run's settings:
// whatever then says something else is a fault. (In a comment it says the same.)
func TestVerifyEverySetting(t *testing.T) {
	t.Parallel()
	dir := stoppedRun(t)
	path := filepath.Join(dir, runfolder.HyperparametersName)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	var said any
	require.NoError(t, yaml.Unmarshal(whole, &said))
	changed, offset := 0, 0
	for line := range bytes.Lines(whole) {
		begin := bytes.Index(line, []byte(": ")) + len(": ")
		end := bytes.Index(line, []byte("  #"))
		if end < 0 {
			end = len(line) - len("\n")
		}
		for k := begin; k < end; k++ {
			data := bytes.Clone(whole)
			data[offset+k] ^= 1
			var says any
			if yaml.Unmarshal(data, &says) == nil && reflect.DeepEqual(says, said) {
				continue
			}
			require.NoError(t, os.WriteFile(path, data, 0o666))
			require.NotEmpty(t, runfolder.Read(dir).Faults, "%s", data[offset:offset+len(line)])
			changed++
		}
		offset += len(line)
	}
	require.Greater(t, changed, 300)
}

// TestVerifyBestAtTheEnd: at the end the best checkpoint is the record's.
func TestVerifyBestAtTheEnd(t *testing.T) {
	t.Chdir(trainSmall(t, "--set", "validation_seeds=1"))
	out, _, err := command(t, "runs", "verify", ".")
	require.NoError(t, err, out)
	require.Equal(t, ".: ok\n", out)
	m, parameters, err := checkpoint.Load(train.BestName)
	require.NoError(t, err)
	is := m.Episode
	m.Episode = 6 - is // the other of two rounds of two
	require.NoError(t, checkpoint.Save(train.BestName, m, parameters))
	out, _, err = command(t, "runs", "verify", ".")
	require.EqualError(t, err, "1 fault in 1 run")
	require.Equal(t, fmt.Sprintf(".: fault: best.safetensors: holds what %d episodes taught: the record's best is that of %d\n", 6-is, is), out)

	require.NoError(t, os.WriteFile(train.StateName, []byte("left by a crash"), 0o666))
	m.Episode = is
	require.NoError(t, checkpoint.Save(train.BestName, m, parameters))
	_, _, err = command(t, "runs", "verify", ".")
	require.NoError(t, err, "--resume removes the state of a run at its end unread")
}

// TestVerifyDamage: whatever bytes are changed, cut off or put in, the run is
// shown and listed without a panic, and a change of the checkpoint is a fault.
func TestVerifyDamage(t *testing.T) {
	dir := trainSmall(t)
	rng := rand.New(rand.NewPCG(1, 2))
	for _, name := range []string{train.CheckpointName, tfevents.FileName, runfolder.RecordName, runfolder.HyperparametersName, runfolder.ScenarioName} {
		path := filepath.Join(dir, name)
		whole, err := os.ReadFile(path)
		require.NoError(t, err)
		for k := range 30 {
			data := append([]byte(nil), whole...)
			switch offset := rng.IntN(len(data)); k % 3 {
			case 0:
				data[offset] ^= byte(1 + rng.IntN(255))
			case 1:
				data = data[:offset]
			case 2:
				data = append(data[:offset], append([]byte{byte(rng.IntN(256))}, data[offset:]...)...)
			}
			require.NoError(t, os.WriteFile(path, data, 0o666))
			_, _, err := command(t, "runs", "verify", dir)
			if name == train.CheckpointName || name == tfevents.FileName && k%3 == 0 {
				require.ErrorContains(t, err, "fault")
			}
			_, _, err = command(t, "runs", "show", dir)
			require.NoError(t, err)
		}
		require.NoError(t, os.WriteFile(path, whole, 0o666))
	}
	_, _, err := command(t, "runs", "verify", dir)
	require.NoError(t, err)
}

// TestVerifyLiveRun: a run that is being made has no faults, whenever it is looked
// at; what is wrong with it stays a fault.
func TestVerifyLiveRun(t *testing.T) {
	recipe := fileOf(t, "tiny.yaml", "method: distr-lb\n")
	t.Chdir(t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		args := append([]string{"train", recipe, "--out", "live"}, briefRun...)
		ended <- run(ctx, append(args, "--set", "episodes=1000000", "--set", "checkpoint_every=1"), io.Discard, io.Discard)
	}()
	require.Eventually(t, func() bool {
		_, err := os.Stat(filepath.Join("live", train.BestName))
		return err == nil
	}, time.Minute, time.Millisecond)
	for range 20 {
		out, _, err := command(t, "runs", "verify", "live")
		require.NoError(t, err, out)
		require.Regexp(t, `^live: ok so far: \d+ of 1000000 episodes\n$`, out)
	}
	edit(t, filepath.Join("live", runfolder.ScenarioName), "lbs: 2", "lbs: -2")
	out, _, err := command(t, "runs", "verify", "live")
	require.Error(t, err)
	require.Contains(t, out, "scenario.yaml:2:6: lbs = -2: must be in [1, 1000]")
	cancel()
	require.Equal(t, exitInterrupted, exitCode(<-ended))
}
