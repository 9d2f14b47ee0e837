package complaintplay

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/env/scenario"
	"fairlb/eval/complaints"
)

// TestVerdicts: in each scenario the rule that is complained of fails, and so do rules that
// have the same fault; those that have not pass. Of two seeds both count.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	pass := map[string][]string{
		"many-lbs": {"self-tuning", SelfTuningAgent}, "starved": {"self-tuning", "lsq", "peak-ewma"}, "flooded": {"self-tuning", SelfTuningAgent, "lsq", "peak-ewma"},
		"fails-fast": {"self-tuning", "peak-ewma"}, "forgotten": {"self-tuning", SelfTuningAgent, "lsq"},
	}
	fail := map[string][]string{"many-lbs": {"sed", "lsq", "p2c"}, "flooded": {"ecmp"}, "fails-fast": {"lsq", "wlr", "ecmp"}}
	for _, c := range complaints.All() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			verdicts, err := Play(context.Background(), Config{
				Complaints: []complaints.Complaint{c}, Targets: append(pass[c.Name], fail[c.Name]...), Seeds: []uint64{1001, 1003},
				Open: Simulated, Offenders: true, Workers: 2, Display: progress.None{},
			})
			require.NoError(t, err)
			for k, v := range verdicts {
				require.Equal(t, c.Name, v.Complaint)
				require.Equal(t, 2, v.Episodes)
				require.Equal(t, k < len(pass[c.Name]), v.Pass, "%+v", v)
				require.Equal(t, k == len(verdicts)-1, v.Offender)
			}
			require.Len(t, verdicts, len(pass[c.Name])+len(fail[c.Name])+1)
		})
	}
}

// TestMisfits: a target that cannot be played in one scenario says why there; one that
// cannot be in any is an error.
func TestMisfits(t *testing.T) {
	t.Parallel()
	cfg := Config{
		Complaints: complaints.All()[1:3], Targets: []string{"small"}, Seeds: []uint64{1}, Set: []string{"duration=2"}, Display: progress.None{},
		Open: func(s scenario.Scenario, name string) (target.Target, error) {
			if len(s.Servers) > 1 {
				return target.Target{}, errors.New("too many groups")
			}
			return Simulated(s, "lsq")
		},
	}
	verdicts, err := Play(context.Background(), cfg)
	require.NoError(t, err)
	require.Len(t, verdicts, 2)
	require.Equal(t, Verdict{Complaint: "flooded", Target: "small", NotPlayed: "too many groups"}, verdicts[1])
	require.False(t, verdicts[0].Pass, "it is too short to say")
	require.Nil(t, verdicts[0].Figures[0].Value)

	cfg.Complaints = complaints.All()[2:3]
	_, err = Play(context.Background(), cfg)
	require.ErrorContains(t, err, "too many groups")
}
