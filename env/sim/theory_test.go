package sim

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"

	"fairlb/env"
	"fairlb/env/workload"
)

// law returns a demand law that must exist.
func law(t testing.TB, name string, mean, cv float64) workload.Law {
	t.Helper()
	l, err := workload.NewLaw(name, mean, cv)
	require.NoError(t, err)
	return l
}

// poisson returns a configuration of one class under Poisson arrivals.
func poisson(rate float64, servers []Server, stages ...workload.Stage) Config {
	classes := []workload.Class{{Name: "task", Share: 1, Stages: stages}}
	return Config{
		Servers: servers, LBs: 1, Backlog: math.MaxInt32, Timeout: 40,
		Duration: 4000, StepInterval: 4000, MaxLogWeight: 1.5, Heuristic: "ecmp",
		Classes: classes,
		Workload: func(seed uint64) (workload.Source, error) {
			return workload.NewSynthetic(workload.Arrivals{Rate: rate}, classes, []float64{1}, seed), nil
		},
	}
}

// outcomes is a Recorder that keeps everything, for tests.
type outcomes []env.Outcome

func (r *outcomes) Record(o env.Outcome) { *r = append(*r, o) }

// episode runs one whole drained episode under the configuration's heuristic.
func episode(t testing.TB, cfg Config, seed uint64) (outcomes, *Env) {
	t.Helper()
	var rec outcomes
	cfg.Recorder = &rec
	e, err := New(cfg)
	require.NoError(t, err)
	_, err = e.Reset(context.Background(), seed)
	require.NoError(t, err)
	for range e.Spec().Steps {
		_, err = e.Step(context.Background(), nil)
		require.NoError(t, err)
	}
	require.NoError(t, e.Drain(context.Background()))
	require.NoError(t, e.Close())
	return rec, e
}

// meanCompletion returns the mean over seeds of the mean completion time, and
// its standard error.
func meanCompletion(t testing.TB, cfg Config, seeds int) (mean, se float64) {
	t.Helper()
	var means []float64
	for seed := range seeds {
		rec, _ := episode(t, cfg, uint64(seed))
		sum := 0.0
		for _, o := range rec {
			sum += o.Completion
		}
		means = append(means, sum/float64(len(rec)))
	}
	mean, sd := stat.MeanStdDev(means, nil)
	return mean, sd / math.Sqrt(float64(seeds))
}

// TestQueueingTheory holds mean completion times against closed forms. Each
// run starts empty, which biases its mean by less than the margin of 1 %.
func TestQueueingTheory(t *testing.T) {
	t.Parallel()
	cpu := func(l workload.Law) workload.Stage { return workload.Stage{Resource: workload.CPU, Law: l} }
	io := func(l workload.Law) workload.Stage { return workload.Stage{Resource: workload.IO, Law: l} }
	one, two := []Server{{1, 1}}, []Server{{2, 1}}
	ps := func(c Config) Config { c.CPU, c.Workers = ProcessorSharing, math.MaxInt32; return c }

	// Erlang C for M/M/2 at load rho: rho_wait = 2 rho^2 / (1 + rho).
	const rho = 0.7
	mm2 := 1 + 2*rho*rho/(1+rho)/(2-2*rho)

	for _, test := range []struct {
		name string
		cfg  Config
		want float64
	}{
		{"M/M/1", poisson(0.7, one, cpu(law(t, "exponential", 1, 0))), 1 / (1 - 0.7)},
		{"M/M/1 at speed 2", poisson(1.4, []Server{{1, 2}}, cpu(law(t, "exponential", 1, 0))), 0.5 / (1 - 0.7)},
		{"M/M/2", poisson(2*rho, two, cpu(law(t, "exponential", 1, 0))), mm2},
		{"M/D/1", poisson(0.7, one, cpu(law(t, "deterministic", 1, 0))), 1 + 0.7/(2*(1-0.7))},
		{"M/G/1 FIFO, log-normal", poisson(0.5, one, cpu(law(t, "log-normal", 1, 1.5))), 1 + 0.5*(1+1.5*1.5)/(2*(1-0.5))},
		{"M/M/1-PS", ps(poisson(0.7, one, cpu(law(t, "exponential", 1, 0)))), 1 / (1 - 0.7)},
		{"M/D/1-PS", ps(poisson(0.7, one, cpu(law(t, "deterministic", 1, 0)))), 1 / (1 - 0.7)},
		{"M/H2/1-PS", ps(poisson(0.7, one, cpu(law(t, "hyperexponential", 1, 2)))), 1 / (1 - 0.7)},
		{"M/M/2-PS", ps(poisson(2*rho, two, cpu(law(t, "exponential", 1, 0)))), mm2},
		{"IO is M/G/1-PS", poisson(0.7, one, io(law(t, "deterministic", 1, 0))), 1 / (1 - 0.7)},
		{"tandem CPU, IO", poisson(1, two, cpu(law(t, "exponential", 1.4, 0)), io(law(t, "exponential", 0.6, 0))), 1.4*mm2 + 0.6/(1-0.6)},
		{"CPU, IO, CPU (Jackson)", poisson(1, one, cpu(law(t, "exponential", 0.3, 0)), io(law(t, "exponential", 0.5, 0)), cpu(law(t, "exponential", 0.3, 0))), 0.6/(1-0.6) + 0.5/(1-0.5)},
		{"two servers, each M/M/1", poisson(1.4, []Server{{1, 1}, {1, 1}}, cpu(law(t, "exponential", 1, 0))), 1 / (1 - 0.7)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			mean, se := meanCompletion(t, test.cfg, 16)
			require.InDelta(t, test.want, mean, 3.5*se+0.01*test.want, "standard error %.4f", se)
		})
	}
}

// TestLoss holds the refused part against the M/M/1/K formula.
func TestLoss(t *testing.T) {
	t.Parallel()
	cfg := poisson(0.9, []Server{{1, 1}}, workload.Stage{Resource: workload.CPU, Law: law(t, "exponential", 1, 0)})
	cfg.Backlog = 4 // K = 5 with the one in service
	want := (1 - 0.9) * math.Pow(0.9, 5) / (1 - math.Pow(0.9, 6))
	failed, all := 0, 0
	for seed := range uint64(16) {
		rec, _ := episode(t, cfg, seed)
		for _, o := range rec {
			all++
			if o.Failed {
				failed++
				require.Equal(t, cfg.Timeout, o.Completion)
			}
		}
	}
	require.InDelta(t, want, float64(failed)/float64(all), 0.01)
}

// TestPublishedHeuristics holds the heuristics on sim-moderate to the figures
// on which two independent simulators of the same model agree (FIFO, no
// latency, drained; 300 s). WCMP at 50/50 overloads the IO of the large
// servers; its mean over 300 s is 16.7 by a direct simulation of each server's
// two queues in tandem.
func TestPublishedHeuristics(t *testing.T) {
	t.Parallel()
	servers := []Server{{1, 1}, {1, 1}, {1, 1}, {1, 1}, {2, 1}, {2, 1}, {2, 1}, {2, 1}}
	for _, test := range []struct {
		name    string
		cpu, io float64
		want    map[string]float64
	}{
		{"pure CPU", 1, 0, map[string]float64{"lsq": 1.740, "sed": 1.543, "oracle": 1.414, "wcmp": 4.2}},
		{"75/25", 0.75, 0.25, map[string]float64{"lsq": 2.001, "sed": 1.750, "oracle": 1.400, "wcmp": 3.8}},
		{"50/50", 0.5, 0.5, map[string]float64{"lsq": 2.386, "sed": 2.909, "oracle": 1.702, "wcmp": 16.7}},
	} {
		for heuristic, want := range test.want {
			t.Run(test.name+" "+heuristic, func(t *testing.T) {
				t.Parallel()
				rate := 0.845 / max(test.cpu/12, test.io/8)
				stages := []workload.Stage{{Resource: workload.CPU, Law: law(t, "exponential", test.cpu, 0)}}
				if test.io > 0 {
					stages = append(stages, workload.Stage{Resource: workload.IO, Law: law(t, "exponential", test.io, 0)})
				}
				cfg := poisson(rate, servers, stages...)
				source := cfg.Workload
				cfg.LBs, cfg.Backlog, cfg.Heuristic = 2, 64, heuristic
				cfg.Duration, cfg.StepInterval = 300, 300
				cfg.Workload = func(seed uint64) (workload.Source, error) {
					s, err := source(seed)
					return &halves{Source: s}, err
				}
				mean, se := meanCompletion(t, cfg, 100)
				require.InDelta(t, want, mean, 3.5*se+0.002*want, "standard error %.4f", se)
			})
		}
	}
}

// halves gives the requests of a source to two LBs at random.
type halves struct {
	workload.Source
	draws uint64
}

func (h *halves) Next(r *workload.Request) error {
	err := h.Source.Next(r)
	h.draws = h.draws*6364136223846793005 + 1442695040888963407
	r.LB = int(h.draws >> 63)
	return err
}
