package main

import (
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/paper"
)

// TestDryRun: it counts what is missing and writes nothing; what is recorded
// says how long the same takes again.
func TestDryRun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tables")
	table, err := paper.Get(16)
	require.NoError(t, err)
	silent := (&app{}).silent()
	plan := func() string {
		var out strings.Builder
		app := &app{stdout: &out, stderr: io.Discard, log: newLogger(io.Discard)}
		require.NoError(t, app.planTables(t.Context(), []paper.Table{table}, tiny(), dir))
		return out.String()
	}
	text := plan()
	require.NoDirExists(t, dir)
	for _, line := range []string{
		`train +qmix-lb +web-dynamic +4 +4 +\d+ s +a probe`, `train +distr-lb +web-dynamic +2 +2 +\d+ s +a probe`,
		`evaluate +wcmp +web-dynamic +1 +1 +\d+ s +a probe`, `evaluate +qmix-lb +web-dynamic +4 +4 +\d+ s +a probe`,
		`evaluate +distr-lb +web-dynamic +2 +2 +\d+ s +a probe`, `6 trainings and 9 evaluations are missing: about \d+ s of one core`,
	} {
		require.Regexp(t, line, text)
	}

	jobs, err := paper.Jobs([]int{16}, tiny())
	require.NoError(t, err)
	last := jobs[len(jobs)-1]
	require.Equal(t, "distr-lb", last.Method)
	require.NoError(t, silent.runJobs(t.Context(), newBook(dir, tiny()), []paper.Job{last}))
	before := files(t, dir)
	text = plan()
	require.Regexp(t, `train +distr-lb +web-dynamic +1 +2 +\d+ s +recorded runs \(1\)`, text)
	require.Regexp(t, `evaluate +distr-lb +web-dynamic +1 +2 +\d+ s +recorded runs \(1\)`, text)
	require.Regexp(t, `5 trainings and 8 evaluations are missing`, text)
	require.Equal(t, before, files(t, dir))

	b := newBook(dir, tiny())
	run, _, there, err := b.place(b.hyper(last.Policy))
	require.NoError(t, err)
	require.True(t, there)
	rounds, err := readRounds(run)
	require.NoError(t, err)
	want := 0.0
	for _, round := range rounds {
		want += round.PlaySeconds + round.UpdateSeconds
	}
	loads, err := silent.missing(t.Context(), b, jobs)
	require.NoError(t, err)
	for _, l := range loads {
		if l.training && l.method == "distr-lb" {
			require.InEpsilon(t, want, l.seconds, 1e-9, "one more of the same")
		}
	}

	require.NoError(t, silent.runJobs(t.Context(), newBook(dir, tiny()), jobs))
	text = plan()
	require.Contains(t, text, "Nothing is missing.")
	require.Regexp(t, `train +qmix-lb +web-dynamic +0 +4 +-`, text)
}

// TestProbe: a probe stands for the updates of a whole round.
func TestProbe(t *testing.T) {
	b := newBook(t.TempDir(), tiny())
	h := b.hyper(paper.Policy{Method: "distr-lb", Reward: "vbf", Training: "web-dynamic", Seed: 1})
	p, err := (&app{}).silent().probe(t.Context(), h)
	require.NoError(t, err)
	require.Equal(t, []float64{1, 1}, []float64{p.episodes, p.rounds}, "the first round is left out")
	require.Positive(t, p.played)
	require.Positive(t, p.updated)
	require.Zero(t, p.runs)
}

func TestRoughly(t *testing.T) {
	t.Parallel()
	for want, seconds := range map[string]float64{"1 s": 0.2, "89 s": 88.5, "2 min": 100, "89 min": 5350, "1.5 h": 5400, "2.0 days": 172800} {
		require.Equal(t, want, roughly(seconds))
	}
}
