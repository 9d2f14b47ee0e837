package figures

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/job"
	"fairlb/cmd/fairlb/internal/loopback"
	"fairlb/cmd/fairlb/internal/message"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/cmd/fairlb/internal/realtime"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/env/file"
	"fairlb/env/scenario"
)

// errNoMeasurement reports that there is nothing to be shown.
var errNoMeasurement = errors.New("no live episode was a measurement, as this machine did not keep up: --again plays them again")

// liveOverhead is about how long an episode in real time takes beside its traffic, in s.
const liveOverhead = 2

// maxEpisode is the largest record of an episode that is read, in bytes.
const maxEpisode = 1 << 28

// liveEpisode is the record of an episode in real time, which is kept in the folder of the
// figures, so that it is played once.
type liveEpisode struct {
	Target        string   `json:"target"`
	Scenario      string   `json:"scenario"`
	Seed          uint64   `json:"seed"`
	NoMeasurement []string `json:"no_measurement,omitempty"` // why it is none, of each attempt
	observed
}

// liveFile is the file of an episode's record, whose name has the key of the job that the
// episode is: target, content of the scenario, seed, and that it is live.
func (m *Maker) liveFile(s scenario.Scenario, t target.Target, seed uint64) (string, error) {
	e := job.Evaluation{EvaluationTarget: job.EvaluationTarget{Name: t.Name, Hash: t.Hash}, Scenario: s, Seeds: []uint64{seed}, Live: true}
	name, err := e.FileName()
	return filepath.Join(m.Dir, "live", name.Own()), err
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
					path, err := m.liveFile(c.scenario, t, seed)
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
func (m *Maker) liveEpisode(ctx context.Context, s scenario.Scenario, t target.Target, seed uint64, observe func() observed) (liveEpisode, error) {
	e := liveEpisode{Target: t.Name, Scenario: s.Name, Seed: seed, observed: observe()}
	path, err := m.liveFile(s, t, seed)
	if err != nil {
		return e, err
	}
	recorded, err := readEpisode(path, &e)
	switch {
	case err == nil && !(m.Again && len(recorded.NoMeasurement) > 0):
		return recorded, nil
	case err == nil:
	case !errors.Is(err, fs.ErrNotExist):
		m.Log.WithError(err).Warnf("%s: is played again", path)
	}
	e.NoMeasurement, err = realtime.Play(ctx, s, t, m.Log, func(live target.Target) error {
		e.observed = observe() // of this attempt alone
		return live.Play(ctx, seed, e.Requests, e.sampler())
	})
	if err != nil {
		return e, err
	}
	data, err := json.Marshal(e)
	if err != nil {
		return e, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return e, err
	}
	whole := append(data[:len(data)-1], "\n}\n"...) // where the sum goes
	return e, files.WriteBytes(path, files.AddSum(whole))
}

// readEpisode reads the record of an episode, and reports one that is damaged, of another
// episode, or of less than was looked at in the one that is wanted.
func readEpisode(path string, want *liveEpisode) (liveEpisode, error) {
	data, err := file.Read(path, maxEpisode)
	if err != nil {
		return liveEpisode{}, err
	}
	var e liveEpisode
	if err := files.CheckSum(data); err != nil {
		return e, err
	}
	if err := json.Unmarshal(data, &e); err != nil {
		return e, fmt.Errorf("is not the record of an episode: %w", err)
	}
	switch {
	case e.Target != want.Target || e.Scenario != want.Scenario || e.Seed != want.Seed:
		return e, errors.New("is the record of another episode")
	case len(e.NoMeasurement) > 0:
		return e, nil
	case e.Requests == nil || !e.Requests.Alike(want.Requests):
		return e, errors.New("is the record of an episode of other classes")
	case want.Servers != nil && (e.Servers == nil || !e.Servers.Alike(want.Servers)):
		return e, errors.New("is the record of an episode with other samples of the servers")
	}
	return e, nil
}
