package replay

import (
	"errors"
	"fmt"
)

// ErrTrials reports two episodes that are no trials of one workload.
var ErrTrials = errors.New("replay: two episodes that cannot be compared")

// EarnTeam gives each agent the team's rewards in place of its own, whole and by
// server (TeamReward, TeamServerReward).
func (e *Episode) EarnTeam() {
	parts := make([]float32, e.Servers)
	for t := range e.Steps {
		e.TeamServers(parts, t)
		whole := e.Team(t)
		for i := range e.Agents {
			row := t*e.Agents + i
			e.Reward[row] = whole
			copy(e.ServerReward[row*e.Servers:(row+1)*e.Servers], parts)
		}
	}
}

// Contrast takes from the rewards of each of two trials of one workload those of the
// other: difference rewards (Wolpert and Tumer 2002, "Optimal Payoff Functions for
// Members of Collectives") whose reference is the other trial. What the workload did
// to both is gone, and what is left is what they did otherwise. It fails with ErrTrials, and
// changes nothing, if the episodes have different shapes or lengths.
func Contrast(a, b *Episode) error {
	if a.Shape != b.Shape || a.Steps != b.Steps || len(a.TeamReward) != len(b.TeamReward) || len(a.TeamServerReward) != len(b.TeamServerReward) {
		return fmt.Errorf("%w: %d steps of %+v and %d of %+v", ErrTrials, a.Steps, a.Shape, b.Steps, b.Shape)
	}
	for _, r := range [][2][]float32{{a.Reward, b.Reward}, {a.ServerReward, b.ServerReward}, {a.TeamReward, b.TeamReward}, {a.TeamServerReward, b.TeamServerReward}} {
		for k, x := range r[0] {
			y := r[1][k]
			r[0][k], r[1][k] = x-y, y-x
		}
	}
	return nil
}
