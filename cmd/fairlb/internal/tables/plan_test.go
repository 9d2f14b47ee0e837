package tables

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/cmd/fairlb/internal/files/filestest"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/eval/paper"
)

// TestDryRun: it counts what is missing and writes nothing; what is recorded
// says how long the same takes again.
func TestDryRun(t *testing.T) {
	if testing.Short() {
		t.Skip("slow under the race detector, and what it does at once is raced by the others")
	}
	dir := filepath.Join(t.TempDir(), "tables")
	table, err := paper.Get(16)
	require.NoError(t, err)
	jobs, err := Jobs([]paper.Table{table}, tiny())
	require.NoError(t, err)
	evaluations := 0
	for _, j := range jobs {
		evaluations += len(j.Scenarios)
	}
	printPlan := func() string {
		var out strings.Builder
		require.NoError(t, newResults(dir, tiny()).PrintPlan(t.Context(), &out, jobs))
		return out.String()
	}
	text := printPlan()
	require.NoDirExists(t, dir)
	for _, line := range []string{
		`train +qmix-lb +web-dynamic +4 +4 +\d+ (s|min) +a probe`, `train +iql-lb +web-dynamic +1 +1 +\d+ (s|min) +a probe`, `train +distr-lb +web-dynamic +2 +2 +\d+ (s|min) +a probe`,
		`evaluate +wcmp +web-dynamic +1 +1 +\d+ (s|min) +a probe`, `evaluate +qmix-lb +web-dynamic +4 +4 +\d+ (s|min) +a probe`,
		`evaluate +distr-lb +web-dynamic +2 +2 +\d+ (s|min) +a probe`, `evaluate +sed-ordered +web-dynamic +1 +1 +\d+ (s|min) +a probe`,
		fmt.Sprintf(`7 trainings and %d evaluations are missing: about \d+ (s|min) of one core`, evaluations),
	} {
		require.Regexp(t, line, text)
	}

	last := jobs[len(jobs)-1]
	require.Equal(t, "distr-lb", last.Method)
	require.NoError(t, newResults(dir, tiny()).Fill(t.Context(), []paper.Job{last}))
	before := filestest.Modified(t, dir)
	text = printPlan()
	require.Regexp(t, `train +distr-lb +web-dynamic +1 +2 +\d+ (s|min) +recorded runs \(1\)`, text)
	require.Regexp(t, `evaluate +distr-lb +web-dynamic +1 +2 +\d+ (s|min) +recorded runs \(1\)`, text)
	require.Regexp(t, fmt.Sprintf(`6 trainings and %d evaluations are missing`, evaluations-1), text)
	require.Equal(t, before, filestest.Modified(t, dir))

	b := newResults(dir, tiny())
	training, err := b.Training(last.Policy)
	require.NoError(t, err)
	run, there, err := b.RunFolder(&training)
	require.NoError(t, err)
	require.True(t, there)
	rounds, err := runfolder.Rounds(run)
	require.NoError(t, err)
	want := 0.0
	for _, round := range rounds {
		want += round.PlaySeconds + round.UpdateSeconds
	}
	plan, err := b.Plan(t.Context(), jobs)
	require.NoError(t, err)
	for _, l := range plan {
		if l.training && l.method == "distr-lb" {
			require.InEpsilon(t, want, l.Seconds, 1e-9, "one more of the same")
		}
	}

	require.NoError(t, newResults(dir, tiny()).Fill(t.Context(), jobs))
	text = printPlan()
	require.Contains(t, text, "Nothing is missing.")
	require.Regexp(t, `train +qmix-lb +web-dynamic +0 +4 +-`, text)
}

// TestProbe: a probe stands for the updates of a whole round.
func TestProbe(t *testing.T) {
	b := newResults(t.TempDir(), tiny())
	h := hyperparameters(t, b, paper.Policy{Method: "distr-lb", Reward: "vbf", Training: "web-dynamic", Seed: 1})
	p, err := probe(t.Context(), h)
	require.NoError(t, err)
	require.Equal(t, []float64{1, 1}, []float64{p.episodes, p.rounds}, "the first round is left out")
	require.Positive(t, p.played)
	require.Positive(t, p.updated)
	require.Zero(t, p.runs)
}

// TestProbeOfWholeEpisodes: the paper's recipes learn from whole episodes, so that an
// update of a short one is a part of theirs; of single transitions it is the same.
func TestProbeOfWholeEpisodes(t *testing.T) {
	if testing.Short() {
		t.Skip("it trains, which packages sac and agents/nn race")
	}
	t.Parallel()
	for name, want := range map[string]float64{"paper": 240.0 / 24, "standard": 1} {
		p, err := paper.ProfileNamed(name)
		require.NoError(t, err)
		h := hyperparameters(t, newResults(t.TempDir(), p), paper.Policy{Method: "distr-lb", Reward: "vbf", Training: "web-large/train", Seed: 1})
		whole, err := updateProducts(h)
		require.NoError(t, err)
		h.EpisodeDuration = probeEpisodeDuration
		short, err := updateProducts(h)
		require.NoError(t, err)
		require.InEpsilon(t, want, whole/short, 0.05, name)
	}
}
