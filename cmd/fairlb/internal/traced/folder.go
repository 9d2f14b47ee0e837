package traced

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/env"
	"fairlb/env/file"
	"fairlb/env/scenario"
	"fairlb/results/runtrace"
)

// Folder is where the traces of an evaluation go: TARGET-seedSEED.jsonl for each episode. A
// file of that name is replaced.
type Folder struct {
	dir    string
	header runtrace.Header // of all episodes: the scenario
	names  map[string]bool // of targets, as files have them
}

// NewFolder makes the folder, for episodes of a scenario.
func NewFolder(dir string, s scenario.Scenario) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, invalid.Errorf("--trace: %w", err)
	}
	f := &Folder{dir: dir, names: map[string]bool{}, header: runtrace.Header{
		Scenario: s.Name, Interval: s.StepInterval, Duration: s.Duration, LBs: s.LBs,
	}}
	for _, group := range s.Servers {
		for range group.Count {
			f.header.Servers = append(f.header.Servers, runtrace.Server{Name: fmt.Sprintf("server%d", len(f.header.Servers)), CPUs: group.CPUs})
		}
	}
	return f, nil
}

// Target is a target whose episodes leave traces; live says where it is played. Without a
// folder they leave none.
func (f *Folder) Target(t target.Target, live bool) target.Target {
	if f == nil || t.Open == nil { // the second is a target that cannot be played
		return t
	}
	header := f.header
	header.Target, header.Live = t.Name, live
	name := f.fileName(t.Name)
	open := t.Open
	t.Open = func(rec env.Recorder, sampler env.Sampler) (env.Env, error) {
		x := &Env{recorder: rec, create: func(seed uint64) (*os.File, *runtrace.Writer, error) {
			h := header
			h.Seed = seed
			return f.create(name, h)
		}}
		var err error
		if x.Env, err = open(x, sampler); err != nil {
			return nil, err
		}
		if c, is := x.Env.(counter); is {
			c.KeepCounts()
		}
		return x, nil
	}
	t.Target.Env = t.Open.Recorded()
	return t
}

// fileName makes a target's name that of a file, which no other target has.
func (f *Folder) fileName(target string) string {
	plain := strings.Trim(strings.NewReplacer(" ", "-", ":", "-").Replace(files.Name(target)), "-_")
	name := plain
	for k := 2; f.names[name] || name == ""; k++ {
		name = fmt.Sprintf("%s-%d", plain, k)
	}
	f.names[name] = true
	return name
}

// create makes the file of an episode. Whoever still reads one of that name keeps it as it
// was.
func (f *Folder) create(target string, h runtrace.Header) (*os.File, *runtrace.Writer, error) {
	path := filepath.Join(f.dir, fmt.Sprintf("%s-seed%d.jsonl", target, h.Seed))
	if err := file.CheckReplaceable(path); err != nil {
		return nil, nil, fmt.Errorf("--trace: %w", err)
	}
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return nil, nil, fmt.Errorf("--trace: %w", err)
	}
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, nil, fmt.Errorf("--trace: %w", err)
	}
	w, err := runtrace.NewWriter(out, h)
	if err != nil {
		out.Close() // the first error says what went wrong
		return nil, nil, fmt.Errorf("--trace: %s: %w", path, err)
	}
	return out, w, nil
}
