package train

import (
	"context"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"fairlb/agents"
	"fairlb/agents/checkpoint"
	"fairlb/agents/methods"
	"fairlb/env"
	"fairlb/env/envtest"
	"fairlb/rewards"
)

// rounds is a Record that keeps the rows of a run.
type rounds []Round

func (r *rounds) Write(kind string, row any) error {
	if kind != "round" {
		return errors.New("a row of kind " + kind)
	}
	*r = append(*r, row.(Round))
	return nil
}

func (r *rounds) Sync() error { return nil }

// speeds are those of the environment that is learned on.
var speeds = []float64{1, 2, 3}

// small returns a run of the given number of rounds on an envtest.Fake, with
// a learner that is as small as learning allows.
func small(t *testing.T, n int) (Config, *rounds) {
	t.Helper()
	h := DefaultHyperparameters()
	h.EpisodesPerRound, h.Episodes, h.UpdatesPerRound, h.CheckpointEvery = 3, 3*n, 2, 0
	c := &h.Methods.SAC
	c.Hidden, c.Batch, c.CriticRounds, c.FeatureRounds = 8, 32, 1, 1
	log := logrus.New()
	log.SetOutput(io.Discard)
	rows := &rounds{}
	return Config{
		Hyperparameters: h, Scenario: "fake", Workers: 1, Dir: t.TempDir(), Record: rows, Log: log,
		Env: func() (env.Env, error) { return envtest.NewFake(2, 20, speeds...), nil },
	}, rows
}

// saved returns the number of episodes that the checkpoint of a run has seen,
// -1 if there is none.
func saved(t *testing.T, cfg Config) int {
	t.Helper()
	meta, _, err := checkpoint.Load(filepath.Join(cfg.Dir, CheckpointName))
	if errors.Is(err, os.ErrNotExist) {
		return -1
	}
	require.NoError(t, err)
	return meta.Episode
}

func reward(t *testing.T, name string) rewards.Reward {
	t.Helper()
	r, err := rewards.New(name)
	require.NoError(t, err)
	return r
}

// TestLearns: after some rounds the checkpoint's policy earns at least half of
// what the best weights earn beyond equal ones.
func TestLearns(t *testing.T) {
	t.Parallel()
	cfg, rows := small(t, 20)
	cfg.Hyperparameters.UpdatesPerRound, cfg.Hyperparameters.Methods.SAC.Rate, cfg.Hyperparameters.Methods.SAC.Average = 40, 5e-3, 0.9
	require.NoError(t, Run(context.Background(), cfg))
	require.Len(t, *rows, 20)

	meta, parameters, err := checkpoint.Load(filepath.Join(cfg.Dir, CheckpointName))
	require.NoError(t, err)
	require.Equal(t, "distr-lb", meta.Method)
	require.Equal(t, "fake", meta.Scenario)
	require.Equal(t, 60, meta.Episode)
	require.Equal(t, uint64(1), meta.TrainSeed)
	h, err := LoadHyperparameters("meta", []byte(meta.Settings), nil)
	require.NoError(t, err)
	require.Equal(t, cfg.Hyperparameters, h)

	fake := envtest.NewFake(2, 20, speeds...)
	policy, err := methods.Policy(meta, h.Methods, parameters, fake.Spec())
	require.NoError(t, err)
	r, err := playOne(context.Background(), fake, policy, reward(t, "vbf"), 1, 1)
	require.NoError(t, err)
	got := r.reward / 20 // a step's

	best, equal := 0.0, 0.0 // minus the sum of speed * load^2, of a flow of 1
	for _, v := range speeds {
		best -= v * math.Pow(1/6., 2)
		equal -= v * math.Pow(1/v/3, 2)
	}
	t.Logf("reward a step %.4f, equal weights %.4f, best %.4f", got, equal, best)
	require.Greater(t, got, (equal+best)/2)
}

// TestWorkersDoNotMatter: one seed, one checkpoint, byte for byte, and one
// record; another seed gives another.
func TestWorkersDoNotMatter(t *testing.T) {
	t.Parallel()
	run := func(workers int, seed uint64) ([]byte, rounds) {
		cfg, rows := small(t, 4)
		cfg.Workers, cfg.Hyperparameters.Seed = workers, seed
		require.NoError(t, Run(context.Background(), cfg))
		data, err := os.ReadFile(filepath.Join(cfg.Dir, CheckpointName))
		require.NoError(t, err)
		for i := range *rows {
			(*rows)[i].PlaySeconds, (*rows)[i].UpdateSeconds = 0, 0
		}
		return data, *rows
	}
	data, rows := run(1, 1)
	for _, workers := range []int{3, 100} {
		otherData, otherRows := run(workers, 1)
		require.True(t, string(data) == string(otherData), "%d workers give another checkpoint", workers)
		require.Equal(t, rows, otherRows)
	}
	_, other := run(1, 2)
	require.NotEqual(t, rows[3].Return, other[3].Return)
}

// TestRounds: each round's row says what was played.
func TestRounds(t *testing.T) {
	t.Parallel()
	cfg, rows := small(t, 2)
	cfg.Hyperparameters.Episodes = 5 // a last round of two
	var shown []Round
	cfg.Progress = func(r Round) { shown = append(shown, r) }
	require.NoError(t, Run(context.Background(), cfg))
	require.Equal(t, []Round(*rows), shown)
	for k, r := range shown {
		require.Equal(t, k, r.Round)
		require.Equal(t, []int{3, 5}[k], r.Episodes)
		require.Equal(t, 5, r.Of)
		require.Equal(t, []int{60, 40}[k], r.Steps)
		require.Zero(t, r.Failed)
		require.NotEmpty(t, r.Stats)
		// In a Fake the time of a request is minus the reward.
		require.InDelta(t, -r.Return/20, r.Completion, 1e-9)
		require.True(t, r.Return/20 < -0.166 && r.Return/20 > -1, "return %g", r.Return)
	}
}

// TestCheckpointEvery: a checkpoint after every second round, and at the end.
func TestCheckpointEvery(t *testing.T) {
	t.Parallel()
	for every, want := range map[int][]int{ // what lies there as each round ends
		0: {-1, -1, -1, -1, -1},
		1: {-1, 3, 6, 9, 12},
		2: {-1, -1, 6, 6, 12},
	} {
		cfg, _ := small(t, 5)
		cfg.Hyperparameters.CheckpointEvery = every
		var got []int
		cfg.Progress = func(Round) { got = append(got, saved(t, cfg)) }
		require.NoError(t, Run(context.Background(), cfg))
		require.Equal(t, want, got, "every %d", every)
		require.Equal(t, 15, saved(t, cfg))
	}
}

// watched is an environment that counts and can be told to act at a step.
type watched struct {
	env.Env
	steps, closed *atomic.Int64
	atStep        int64
	act           func() error
}

func (w *watched) Step(ctx context.Context, actions [][]float64) (env.Step, error) {
	if w.steps.Add(1) == w.atStep {
		if err := w.act(); err != nil {
			return env.Step{}, err
		}
	}
	return w.Env.Step(ctx, actions)
}

func (w *watched) Close() error { w.closed.Add(1); return w.Env.Close() }

// TestInterruption: a cancelled run saves the whole rounds so far, wherever it
// is stopped; one that is stopped behind its last round has simply ended.
func TestInterruption(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		step, round int // where the context ends: in a step, or after a round
		rounds      int // that the checkpoint holds
		done        bool
	}{
		"in the first round":   {step: 5, round: -1, rounds: 0},
		"in the third round":   {step: 2*60 + 30, round: -1, rounds: 2},
		"after a round":        {round: 1, rounds: 2},
		"after the last round": {round: 3, rounds: 4, done: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			cfg, rows := small(t, 4)
			var steps, closed atomic.Int64
			cfg.Env = func() (env.Env, error) {
				return &watched{envtest.NewFake(2, 20, speeds...), &steps, &closed, int64(test.step), func() error { cancel(); return nil }}, nil
			}
			cfg.Progress = func(r Round) {
				if r.Round == test.round {
					cancel()
				}
			}
			err := Run(ctx, cfg)
			if test.done {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, context.Canceled)
			}
			require.Equal(t, 3*test.rounds, saved(t, cfg))
			require.Len(t, *rows, test.rounds)
			require.Equal(t, int64(1), closed.Load())
		})
	}
}

var errBroken = errors.New("broken")

// TestFaults: an error says where it happened, and every environment that was
// opened is closed.
func TestFaults(t *testing.T) {
	t.Parallel()
	var steps, closed atomic.Int64
	opened := 0
	open := func() (env.Env, error) {
		if opened == 2 {
			return nil, errBroken
		}
		opened++
		return &watched{envtest.NewFake(2, 20, speeds...), &steps, &closed, 70, func() error { return errBroken }}, nil
	}
	cfg, _ := small(t, 3)
	cfg.Env = open

	err := Run(context.Background(), cfg)
	require.ErrorIs(t, err, errBroken)
	require.EqualError(t, err, "train: round 1: episode 3: broken")
	require.Equal(t, int64(opened), closed.Load())
	require.Equal(t, -1, saved(t, cfg))

	// A fault beside an interruption is still a fault.
	ctx, cancel := context.WithCancel(context.Background())
	both, _ := small(t, 3)
	both.Env = func() (env.Env, error) {
		return &watched{envtest.NewFake(2, 20, speeds...), new(atomic.Int64), new(atomic.Int64), 3, func() error { cancel(); return errBroken }}, nil
	}
	require.ErrorIs(t, Run(ctx, both), errBroken)

	cfg.Workers = 3 // the third cannot be opened
	require.EqualError(t, Run(context.Background(), cfg), "train: broken")
	require.Equal(t, int64(opened), closed.Load())

	cfg, _ = small(t, 3)
	cfg.Hyperparameters.Methods.SAC.Box = 5
	require.ErrorContains(t, Run(context.Background(), cfg), "train: sac: invalid configuration: box = 5: log-weights in [-5, 5]")
	cfg, _ = small(t, 3)
	cfg.Dir = filepath.Join(cfg.Dir, "missing")
	require.ErrorIs(t, Run(context.Background(), cfg), os.ErrNotExist)
}

// steady is an actor of fixed weights, counting up with the steps.
type steady struct{ acts int }

func (*steady) Reset(uint64) {}

func (s *steady) Act(dst [][]float64, _ *env.Step) error {
	s.acts++
	for i := range dst {
		for j := range dst[i] {
			dst[i][j] = 1 + float64(s.acts+i+j)/10
		}
	}
	return nil
}

var _ agents.Actor = (*steady)(nil)

// TestEpisodeLayout: an episode holds what the environment said, in the order
// that replay.Episode promises: an action between the states before and after.
func TestEpisodeLayout(t *testing.T) {
	t.Parallel()
	fake := envtest.NewFake(2, 3, speeds...)
	r, err := playOne(context.Background(), fake, &steady{}, reward(t, "vbf"), 4, 4)
	require.NoError(t, err)
	ep := r.episode
	require.NoError(t, ep.Validate())
	require.Equal(t, 3, ep.Steps)
	require.False(t, ep.Terminated, "a Fake is cut off")

	step, err := fake.Reset(context.Background(), 4)
	require.NoError(t, err)
	var actor steady
	weights := [][]float64{make([]float64, 3), make([]float64, 3)}
	sum := 0.0
	for k := range 4 {
		for i := range 2 {
			for j := range 3 {
				index := (k*2+i)*3 + j
				require.Equal(t, step.Obs[i][2*j], ep.Obs[2*index])
				require.Equal(t, step.Obs[i][2*j+1], ep.Obs[2*index+1])
				require.Equal(t, float32(step.Load[i][j]), ep.Load[index])
			}
		}
		if k == 3 {
			break
		}
		require.NoError(t, actor.Act(weights, &step))
		step, err = fake.Step(context.Background(), weights)
		require.NoError(t, err)
		for i := range 2 {
			require.Equal(t, float32(step.Reward[i]), ep.Reward[2*k+i])
			sum += step.Reward[i] / 2
			for j := range 3 {
				require.Equal(t, float32(math.Log(weights[i][j])), ep.LogWeight[(k*2+i)*3+j])
				require.Equal(t, float32(step.ServerReward[i][j]), ep.ServerReward[(k*2+i)*3+j])
			}
		}
	}
	require.InDelta(t, sum, r.reward, 1e-12)
	require.Equal(t, 6, r.interval.Completed)
}

// TestTeamRewards: an episode keeps the reward of the mean of the LBs' loads
// as it stood after each step, or for "ongoing" the mean of their rewards, and
// its parts by server.
func TestTeamRewards(t *testing.T) {
	t.Parallel()
	fake := envtest.NewFake(2, 5, speeds...)
	learner, err := methods.Learner("distr-lb", methods.DefaultSettings(), fake.Spec(), 1)
	require.NoError(t, err)
	actor, err := learner.Explorer()
	require.NoError(t, err)
	for _, name := range []string{"ms", "vbf", "ongoing"} {
		r, err := playOne(context.Background(), fake, actor, reward(t, name), 1, 1)
		require.NoError(t, err)
		ep := r.episode
		require.NoError(t, ep.Validate())
		require.Len(t, ep.TeamReward, 5)
		for k := range 5 {
			n := len(speeds)
			parts, most, mean := make([]float32, n), float32(0), float32(0)
			for j := range parts {
				index := (k+1)*2*n + j
				parts[j] = (ep.Load[index] + ep.Load[index+n]) / 2
				most = max(most, parts[j])
				mean += parts[j] / float32(n)
			}
			want := float32(0)
			for j, l := range parts {
				switch index := 2*k*n + j; name {
				case "ms":
					parts[j] = -most / float32(n)
				case "vbf":
					parts[j] = -(l - mean) * (l - mean) / float32(n)
				default:
					parts[j] = (ep.ServerReward[index] + ep.ServerReward[index+n]) / 2
				}
				want += parts[j]
			}
			require.InDelta(t, want, ep.TeamReward[k], 1e-6)
			require.InDeltaSlice(t, parts, ep.TeamServerReward[k*n:(k+1)*n], 1e-6)
			require.NotZero(t, want)
		}
	}
}
