package sim

import (
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env/dispatch"
	"fairlb/env/station"
	"fairlb/env/workload"
)

// twoClasses is moderate with shared processors and two classes: most requests are short.
func twoClasses(t *testing.T) Config {
	t.Helper()
	cfg := moderate(t)
	cfg.CPU, cfg.Workers, cfg.Backlog = station.ProcessorSharing, 32, 128
	cfg.Classes = nil
	for _, c := range []struct {
		name        string
		share, mean float64
	}{{"short", 0.7, 0.1}, {"long", 0.3, 2}} {
		cfg.Classes = append(cfg.Classes, workload.Class{Name: c.name, Share: c.share, Stages: []workload.Stage{{Resource: workload.CPU, Law: law(t, "exponential", c.mean, 0)}}})
	}
	cfg.Workload = func(seed uint64) (workload.Source, error) {
		return workload.NewSynthetic(workload.Arrivals{Rate: 15}, cfg.Classes, []float64{0.5, 0.5}, seed), nil
	}
	return cfg
}

// classRule notes of which class requests are that it sends and that end.
type classRule struct{ sent, ended []int }

func (r *classRule) Pick(v *dispatch.View) int {
	r.sent = append(r.sent, int(v.Class))
	return len(r.sent) % len(v.Ongoing)
}

func (r *classRule) Completed(c dispatch.Completion) { r.ended = append(r.ended, int(c.Class)) }

// TestClassesSeen: an LB sees the class of each request where they are seen, when it sends
// it and when it ends; else each is of class 0, and no rule can tell the difference.
func TestClassesSeen(t *testing.T) {
	t.Parallel()
	for _, established := range []bool{false, true} {
		for _, seen := range []bool{true, false} {
			cfg := twoClasses(t)
			var rule classRule
			cfg.LBs, cfg.ClassesSeen, cfg.CountEstablished = 1, seen, established
			cfg.Workload = func(seed uint64) (workload.Source, error) {
				return workload.NewSynthetic(workload.Arrivals{Rate: 15}, cfg.Classes, []float64{1}, seed), nil
			}
			cfg.Rule = func(int) (dispatch.Rule, error) { return &rule, nil }
			list, _ := episode(t, cfg, 3)
			require.Greater(t, len(list), 200)
			require.Len(t, rule.ended, len(list))
			if seen {
				for k, o := range list {
					require.Equal(t, o.Class, rule.ended[k])
				}
				require.Contains(t, rule.sent, 1)
			} else {
				require.NotContains(t, rule.sent, 1)
				require.NotContains(t, rule.ended, 1)
			}
		}
	}
}

// TestClassAwareHeedsClasses: where load balancers see classes the rule class-aware is
// faster than self-tuning, which does not heed them.
func TestClassAwareHeedsClasses(t *testing.T) {
	t.Parallel()
	cfg := twoClasses(t)
	cfg.Duration = 300
	blind, _ := meanAndFailures(t, cfg, "self-tuning", 31500, 31503)
	cfg.ClassesSeen = true
	same, _ := meanAndFailures(t, cfg, "self-tuning", 31500, 31503)
	require.Equal(t, blind, same)
	aware, _ := meanAndFailures(t, cfg, dispatch.ClassAwareName, 31500, 31503)
	require.Less(t, aware, 0.98*blind)
}

// TestClassAwareNeedsClasses: where load balancers see none the rule is refused, by name.
func TestClassAwareNeedsClasses(t *testing.T) {
	t.Parallel()
	cfg := twoClasses(t)
	cfg.Heuristic, cfg.Observe = dispatch.ClassAwareName, false
	_, err := New(cfg)
	require.ErrorContains(t, err, "class-aware: needs load balancers that see of which class a request is")
}
