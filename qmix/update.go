package qmix

import (
	"fairlb/agents/nn"
	"fairlb/replay"
)

// fitRewards takes the statistics of the rewards from the buffer.
func (l *Learner) fitRewards() {
	if l.nets.independent {
		columns := l.spec.Agents * l.spec.Servers
		l.own.FitTo(l.buffer, func(ep *replay.Episode, t int) []float32 {
			return ep.ServerReward[t*columns:][:columns]
		})
		return
	}
	team := make([]float32, l.nets.valuesOfState())
	l.team.FitTo(l.buffer, func(ep *replay.Episode, t int) []float32 {
		if l.cfg.Mixed == Servers {
			ep.TeamServers(team, t)
		} else {
			team[0] = ep.Team(t)
		}
		return team
	})
}

// update draws a batch of windows and makes one gradient update of utilities and
// mixer, on targets of the target networks; then the target networks and the
// averaged utilities follow. It returns the gradient's norm.
func (l *Learner) update(rate float64) (norm float64, err error) {
	if err := l.buffer.SampleWindows(l.windows, l.rng); err != nil {
		return 0, err
	}
	l.loadBatch()
	l.setTargets()
	t := &l.graph
	t.program.Run()
	values := l.nets.values.Values()
	if norm, err = t.adam.Step(values, t.program.Gradient(), rate); err != nil {
		return norm, err
	}
	l.updates++
	switch every := l.cfg.TargetEvery; {
	case every == 0:
		nn.Polyak(l.nets.target.Values(), values, float32(l.cfg.Tau))
	case l.updates%every == 0:
		copy(l.nets.target.Values(), values)
	}
	nn.Polyak(l.nets.average.Values(), values, float32(1-l.cfg.Average))
	return norm, nil
}

// loadBatch writes the windows that were drawn, normalised, to the inputs of the
// loss: row w*L+t is step t of window w.
func (l *Learner) loadBatch() {
	w, m := l.windows, l.spec.Agents
	n := l.spec.Servers
	f := n * len(l.spec.Features)
	for row := range w.Size * w.Steps {
		observation := row + row/w.Steps // windows have one more observation than steps
		for i := range m {
			now, after := w.Obs[(observation*m+i)*f:][:f], w.Obs[((observation+1)*m+i)*f:][:f]
			l.features[i].Apply(l.graph.x[i].Data()[row*f:(row+1)*f], now)
			l.features[i].Apply(l.nextStates[i][row*f:(row+1)*f], after)
			action := l.graph.action[i].Data()[row*n : (row+1)*n]
			for j, u := range w.LogWeight[(row*m+i)*n:][:n] {
				action[j] = l.nets.utility.encode(u)
			}
		}
	}
	if s := l.graph.state; s != nil {
		for i, x := range l.graph.x {
			l.nets.writeState(s.Data(), i, x.Data())
		}
	}
	l.graph.setMasks(w)
}

// setTargets computes the targets of the loss by TD(lambda), from the values of the
// states that follow: those that the target networks give to the levels that the
// choosing utilities find best ([QMIX], eq. 6; with Config.Double, van Hasselt et
// al. 2016, "Deep Reinforcement Learning with Double Q-learning").
func (l *Learner) setTargets() {
	for i, x := range l.nextStates {
		copy(l.nextChoice.x[i].Data(), x)
		copy(l.nextValue.x[i].Data(), x)
		if s := l.nextValue.state; s != nil {
			l.nets.writeState(s.Data(), i, x)
		}
	}
	l.nextChoice.plan.Run()
	for i, action := range l.nextValue.action {
		l.nextChoice.choose(action.Data(), i)
		l.nets.encodeLevels(action.Data())
	}
	l.targetPlan.Run()
	set := func(y *nn.Node, rewards []float32, next *nn.Node) {
		tdLambda(y.Data(), rewards, next.Data(), l.windows.Bootstrap, l.windows.Mask, l.windows.Steps, l.cfg.Gamma, l.cfg.Lambda)
	}
	for i, y := range l.graph.own {
		l.own.ApplyColumns(l.ownRewards, l.windows.ServerReward, i*l.spec.Servers, l.spec.Servers)
		set(y, l.ownRewards, l.nextValue.q[i])
	}
	if l.nets.independent {
		return
	}
	rewards := l.windows.TeamReward
	if l.cfg.Mixed == Servers {
		rewards = l.windows.TeamServers
	}
	l.team.Apply(l.teamRewards, rewards)
	set(l.graph.y, l.teamRewards, l.nextValue.total)
}
