package paper

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/rewards"
)

func profile(t *testing.T, name string) Profile {
	t.Helper()
	p, err := ProfileNamed(name)
	require.NoError(t, err)
	return p
}

func TestJobsOfTable13(t *testing.T) {
	t.Parallel()
	jobs, err := Jobs([]int{13}, profile(t, "smoke"))
	require.NoError(t, err)
	both := []string{"web-large/period-1", "web-large/period-2"}
	learned := func(method, reward string) Job {
		return Job{Policy{Method: method, Reward: reward, Training: "web-large/train", Seed: 1}, both}
	}
	require.Equal(t, []Job{
		{Policy{Method: "wcmp"}, both}, {Policy{Method: "lsq"}, both}, {Policy{Method: "sed"}, both},
		{Policy{Method: "sed-ordered"}, both}, {Policy{Method: "self-tuning"}, both},
		{Policy{Method: "iql-lb", Reward: "vbf", Credit: rewards.Server, Training: "web-large/train", Seed: 1}, both},
		learned("rlb-sac", "pbf"),
		learned("qmix-lb", "vbf"), learned("qmix-lb", "pbf"),
		learned("distr-lb", "vbf"), learned("distr-lb", "vbf+logvbf"),
	}, jobs)
}

func TestJobsAreShared(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"smoke", "standard", "paper"} {
		p := profile(t, name)
		a, err := Jobs([]int{11, 14}, p)
		require.NoError(t, err)
		b, err := Jobs([]int{15, 12, 14, 11, 12}, p)
		require.NoError(t, err)
		require.Equal(t, a, b, name)
	}
}

func TestJobsCount(t *testing.T) {
	t.Parallel()
	// Heuristics: 5. Learned: 16 at moderate scale, 5 at large scale (those of
	// Tables 14 and 15 are among those of Table 13), 6 in Table 16, and IQL-LB in each.
	for _, c := range []struct {
		profile string
		want    int
	}{{"smoke", 5 + 30}, {"standard", 5 + 3*30}, {"paper", 5 + 3*30}} {
		jobs, err := Jobs(Numbers(), profile(t, c.profile))
		require.NoError(t, err)
		require.Len(t, jobs, c.want, c.profile)
		seen := make(map[Policy]bool)
		for _, j := range jobs {
			require.False(t, seen[j.Policy], "%v appears twice", j.Policy)
			seen[j.Policy] = true
			require.Equal(t, j.Learned(), j.Reward != "" && j.Seed != 0)
		}
	}
}

func TestTrainingScenarioPerScale(t *testing.T) {
	t.Parallel()
	for number, want := range map[int]string{
		11: "web-moderate/train", 12: "web-moderate/train", 13: "web-large/train",
		14: "web-large/train", 15: "web-large/train", 16: "web-dynamic",
	} {
		require.Equal(t, want, mustGet(t, number).Training())
		jobs, err := Jobs([]int{number}, profile(t, "standard"))
		require.NoError(t, err)
		for _, j := range jobs {
			if j.Learned() {
				require.Equal(t, want, j.Training, "table %d", number)
			}
		}
	}
}

// Every evaluation that a cell needs is in the list of jobs, and no other.
func TestKeysAreCovered(t *testing.T) {
	t.Parallel()
	p := profile(t, "standard")
	jobs, err := Jobs(Numbers(), p)
	require.NoError(t, err)
	listed := make(map[Key]bool)
	for _, j := range jobs {
		for _, s := range j.Scenarios {
			require.False(t, listed[Key{j.Policy, s}])
			listed[Key{j.Policy, s}] = true
		}
	}
	needed := make(map[Key]bool)
	for _, number := range Numbers() {
		table := mustGet(t, number)
		for i, r := range table.Rows {
			for j := range table.Columns {
				keys := table.Keys(i, j, p)
				if r.Learned() {
					require.Len(t, keys, len(p.TrainingSeeds))
				} else {
					require.Len(t, keys, 1)
				}
				for _, k := range keys {
					needed[k] = true
				}
			}
		}
	}
	require.Equal(t, needed, listed)
}

func TestJobsUnknownTable(t *testing.T) {
	t.Parallel()
	_, err := Jobs([]int{11, 17}, profile(t, "smoke"))
	require.ErrorIs(t, err, ErrUnknownTable)
}

// Table 9, the experiments' columns.
func TestPaperProfile(t *testing.T) {
	t.Parallel()
	p := profile(t, "paper")
	require.Equal(t, 120, p.TrainingEpisodes("web-moderate/train"))
	require.Equal(t, 200, p.TrainingEpisodes("web-large/train"))
	require.Equal(t, 120, p.TrainingEpisodes("web-dynamic"))
	require.Equal(t, 60.0, p.EpisodeDuration)
	require.Equal(t, Table9Recipes, p.Recipes)
	require.Equal(t, []uint64{1, 2, 3}, p.TrainingSeeds)
	require.Equal(t, []uint64{1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009}, p.EvalSeeds)
}

func TestSmokeProfile(t *testing.T) {
	t.Parallel()
	require.Equal(t, Profile{
		Name: "smoke", TrainingSeeds: []uint64{1}, Episodes: 16, LargeEpisodes: 16, EpisodeDuration: 30,
		EvalSeeds: []uint64{1000, 1001}, EvalDuration: 60, Readings: 500,
	}, profile(t, "smoke"))
}

// TestProfilesAreLikeThePaper: a run of the testbed took 40 to 60 s, and there were ten.
func TestProfilesAreLikeThePaper(t *testing.T) {
	t.Parallel()
	for _, p := range Profiles() {
		if p.Name == "live-smoke" {
			continue // does it work?
		}
		require.Equal(t, 60.0, p.EvalDuration, p.Name)
		if p.Name != "smoke" {
			require.Len(t, p.EvalSeeds, PublishedRuns, p.Name)
		}
		if p.Name != "smoke" && !p.Live {
			require.GreaterOrEqual(t, len(p.TrainingSeeds), 3, p.Name)
		}
	}
	require.Equal(t, "our own recipes", profile(t, "standard").Recipes.String())
	require.Equal(t, "the paper's recipes (Table 9)", profile(t, "paper").Recipes.String())
}

// TestSeedsOfPeriods: no two periods share arrivals, and all rates have the same seeds.
func TestSeedsOfPeriods(t *testing.T) {
	t.Parallel()
	p := profile(t, "standard")
	of := map[uint64]string{}
	for k := 1; k <= 4; k++ {
		name := fmt.Sprintf("web-moderate/period-%d", k)
		require.Len(t, p.SeedsFor(name), 10)
		for _, seed := range p.SeedsFor(name) {
			require.Empty(t, of[seed], name)
			of[seed] = name
		}
	}
	require.Equal(t, []uint64{1300, 1301, 1302, 1303, 1304, 1305, 1306, 1307, 1308, 1309}, p.SeedsFor("web-moderate/period-4"))
	for _, name := range []string{"web-moderate/period-1", "web-large/period-1", "web-large/rate-731", "web-dynamic"} {
		require.Equal(t, p.EvalSeeds, p.SeedsFor(name))
	}
	require.Equal(t, uint64(1100), p.SeedsFor("web-large/period-2")[0])
	require.Equal(t, uint64(1000), p.EvalSeeds[0], "the profile's own stay as they are")
}

// TestLiveProfile: the trainings and simulations of the live profile are among those of
// the standard one; the smoke form has few rows, of each table SED's and a trained one.
func TestLiveProfile(t *testing.T) {
	t.Parallel()
	live, standard := profile(t, "live"), profile(t, "standard")
	require.True(t, live.Live)
	require.False(t, live.TrainLive)
	live.Name, live.Live = standard.Name, false
	require.Equal(t, standard.TrainingSeeds[:1], live.TrainingSeeds)
	live.TrainingSeeds = standard.TrainingSeeds
	require.Equal(t, standard, live)

	smoke := profile(t, "live-smoke")
	jobs, err := Jobs(Numbers(), smoke)
	require.NoError(t, err)
	require.Len(t, jobs, 2+3, "of distr-lb one a scenario to train in")
	for _, number := range Numbers() {
		table := smoke.Table(mustGet(t, number))
		require.Len(t, table.Rows, 3)
		require.Equal(t, []string{"sed", "self-tuning", "distr-lb/vbf"}, []string{table.Rows[0].TargetName(), table.Rows[1].TargetName(), table.Rows[2].TargetName()})
		want, _, ok := mustGet(t, number).Published(1, 0)
		if number < 14 || number == 16 {
			want, _, ok = mustGet(t, number).Published(2, 0)
		}
		got, _, _ := table.Published(0, 0)
		require.True(t, ok)
		require.Equal(t, want, got, "table %d: a row keeps what is published of it", number)
	}
}

func TestProfileUnknown(t *testing.T) {
	t.Parallel()
	_, err := ProfileNamed("fast")
	require.ErrorIs(t, err, ErrUnknownProfile)
	require.EqualError(t, err, `paper: unknown profile "fast": want one of smoke, standard, paper, live-smoke, live`)
}
