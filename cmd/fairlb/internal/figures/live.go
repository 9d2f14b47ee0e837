package figures

import (
	"context"
	"errors"
	"fmt"

	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/loopback"
	"fairlb/cmd/fairlb/internal/message"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/cmd/fairlb/internal/realtime"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/env/scenario"
)

// errNoMeasurement reports that there is nothing to be shown.
var errNoMeasurement = errors.New("no live episode was a measurement, as this machine did not keep up: --again plays them again")

// liveOverhead is about how long an episode in real time takes beside its traffic, in s.
const liveOverhead = 2

// liveEpisode is the record of an episode in real time.
type liveEpisode struct {
	livePlay
	observed
}

// notLive says why a target cannot be played in real time; nil if it can.
func notLive(s scenario.Scenario, t target.Target) error {
	return loopback.Check(s, t.Heuristic)
}

// announceLive says about how long what is not recorded will take.
func (m *Maker) announceLive(cases []shownCase) error {
	if !m.Live {
		return nil
	}
	missing, seconds := 0, 0.0
	for _, c := range cases {
		for _, l := range c.lines {
			for _, t := range l.targets {
				if notLive(c.scenario, t) != nil {
					continue
				}
				for _, seed := range c.Seeds {
					path, err := m.liveFile("", c.scenario, t, seed)
					if err != nil {
						return err
					}
					if !files.Exists(path) {
						missing, seconds = missing+1, seconds+c.scenario.Duration+liveOverhead
					}
				}
			}
		}
	}
	if missing > 0 {
		m.Log.Infof("%d live episodes are missing: about %s, one after another; what is played stays, if this is stopped", missing, progress.Roughly(seconds))
	}
	return nil
}

// playLive is play in real time. What cannot be had so is left out, which a note says, too.
func (m *Maker) playLive(ctx context.Context, s scenario.Scenario, t target.Target, seeds []uint64, bar *episodeBar, observe func() observed) (list []observed, notes []string, err error) {
	if err := notLive(s, t); errors.Is(err, loopback.ErrNotLive) {
		return nil, []string{fmt.Sprintf("Without %s: %s.", t.Name, message.Of(err))}, nil
	} else if err != nil {
		return nil, nil, err
	}
	leftOut := 0
	for _, seed := range seeds {
		e, err := m.liveEpisode(ctx, s, t, seed, observe)
		if err != nil {
			return nil, nil, fmt.Errorf("%s, seed %d: %w", t.Name, seed, err)
		}
		if len(e.NoMeasurement) > 0 {
			leftOut++
		} else {
			list = append(list, e.observed)
		}
		bar.add()
	}
	if leftOut > 0 {
		notes = []string{fmt.Sprintf("%d of %d episodes of %s on %s were no measurement, as this machine did not keep up, and are left out.", leftOut, len(seeds), t.Name, s.Name)}
	}
	return list, notes, nil
}

// liveEpisode returns an episode in real time: as it is recorded, or played and then
// recorded.
func (m *Maker) liveEpisode(ctx context.Context, s scenario.Scenario, t target.Target, seed uint64, observe func() observed) (*liveEpisode, error) {
	want := &liveEpisode{livePlay{Target: t.Name, Scenario: s.Name, Seed: seed}, observe()}
	path, err := m.liveFile("", s, t, seed)
	if err != nil {
		return nil, err
	}
	return playOnce(m, path, func() (*liveEpisode, error) { return readEpisode(path, want) }, func() (*liveEpisode, error) {
		e := &liveEpisode{livePlay: want.livePlay}
		var err error
		e.NoMeasurement, err = realtime.Play(ctx, s, t, m.Log, func(live target.Target) error {
			e.observed = observe() // of this attempt alone
			return live.Play(ctx, seed, e.Requests, e.sampler())
		})
		return e, err
	})
}

// readEpisode reads the record of an episode, and reports one that is damaged, of another
// episode, or of less than was looked at in the one that is wanted.
func readEpisode(path string, want *liveEpisode) (*liveEpisode, error) {
	e := &liveEpisode{}
	if err := readRecord(path, want.livePlay, e); err != nil {
		return nil, err
	}
	switch {
	case len(e.NoMeasurement) > 0:
		return e, nil
	case e.Requests == nil || !e.Requests.Alike(want.Requests):
		return nil, errors.New("is the record of an episode of other classes")
	case want.Servers != nil && (e.Servers == nil || !e.Servers.Alike(want.Servers)):
		return nil, errors.New("is the record of an episode with other samples of the servers")
	}
	return e, nil
}
