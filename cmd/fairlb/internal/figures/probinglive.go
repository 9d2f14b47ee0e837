package figures

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/cmd/fairlb/internal/realtime"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/env"
	"fairlb/env/parallel"
	"fairlb/env/scenario"
	"fairlb/env/testbed"
	"fairlb/env/testbed/loadprobe"
	"fairlb/eval/figure"
	"fairlb/eval/visibility"
)

// lateProbe is by how much the 99th percentile of the probes of an episode may be late: a
// fifth of the period of the most frequent ones.
const lateProbe = 2 * time.Millisecond

// probingKind begins the names of records of probed episodes.
const probingKind = "probing-"

// liveProbing is the record of an episode in real time whose servers were probed.
type liveProbing struct {
	livePlay
	figure.ProbingEpisode
}

// probeLive plays the episode of each seed in real time, one after another, and probes its
// servers over real connections. What is recorded is not played again; what was no
// measurement is left out, which the notes say.
func (m *Maker) probeLive(ctx context.Context, s scenario.Scenario, t target.Target, seeds []uint64, frequencies []float64, bar *episodeBar) (list []figure.ProbingEpisode, notes []string, err error) {
	if err := notLive(s, t); err != nil {
		return nil, nil, err
	}
	missing := 0
	for _, seed := range seeds {
		path, err := m.liveFile(probingKind, s, t, seed)
		if err != nil {
			return nil, nil, err
		}
		if !files.Exists(path) {
			missing++
		}
	}
	if missing > 0 {
		m.Log.Infof("%d live episodes are missing: about %s, one after another; what is played stays, if this is stopped", missing, progress.Roughly(float64(missing)*(s.Duration+liveOverhead)))
	}
	late, missed := 0.0, 0
	for _, seed := range seeds {
		e, err := m.probedEpisode(ctx, s, t, seed, frequencies)
		if err != nil {
			return nil, nil, fmt.Errorf("%s, seed %d: %w", t.Name, seed, err)
		}
		if len(e.NoMeasurement) == 0 {
			list = append(list, e.ProbingEpisode)
			late, missed = max(late, e.Late), missed+e.Missed
		}
		bar.add()
	}
	if out := len(seeds) - len(list); out > 0 {
		notes = append(notes, fmt.Sprintf("%d of %d episodes were no measurement, as this machine did not keep up, and are left out.", out, len(seeds)))
	}
	notes = append(notes, fmt.Sprintf("The 99th percentile of the probes was sent %.1f ms late in the worst episode; %d probes were not sent, as the one before was not answered yet. Bytes and segments are counted at the sockets.", 1e3*late, missed))
	return list, notes, nil
}

// probedEpisode returns an episode in real time: as it is recorded, or played and then
// recorded.
func (m *Maker) probedEpisode(ctx context.Context, s scenario.Scenario, t target.Target, seed uint64, frequencies []float64) (*liveProbing, error) {
	want := livePlay{Target: t.Name, Scenario: s.Name, Seed: seed}
	path, err := m.liveFile(probingKind, s, t, seed)
	if err != nil {
		return nil, err
	}
	return playOnce(m, path, func() (*liveProbing, error) { return readProbing(path, want, len(frequencies)) }, func() (*liveProbing, error) {
		e := &liveProbing{livePlay: want}
		var err error
		e.NoMeasurement, err = realtime.Play(ctx, s, t, m.Log, func(live target.Target) error {
			played, err := playProbed(ctx, s, live, seed, frequencies)
			e.ProbingEpisode = played
			return err
		})
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			e.NoMeasurement, err = []string{"a probe was not answered in time"}, nil
		case err == nil && len(e.NoMeasurement) == 0 && e.Late > lateProbe.Seconds():
			e.NoMeasurement = []string{fmt.Sprintf("probes were late: %.1f ms at the 99th percentile, more than %s", 1e3*e.Late, lateProbe)}
		}
		return e, err
	})
}

// readProbing reads the record of an episode, and reports one that is damaged, of another
// episode, or of other frequencies.
func readProbing(path string, want livePlay, frequencies int) (*liveProbing, error) {
	e := &liveProbing{}
	if err := readRecord(path, want, e); err != nil {
		return nil, err
	}
	if len(e.NoMeasurement) == 0 && !e.Alike(frequencies) {
		return nil, errors.New("is the record of an episode that was probed at other frequencies")
	}
	return e, nil
}

// playProbed plays an episode of a live target. While it lasts, responders beside its servers
// answer one controller for each frequency, and the servers' own record is looked at.
func playProbed(ctx context.Context, s scenario.Scenario, t target.Target, seed uint64, frequencies []float64) (out figure.ProbingEpisode, err error) {
	e, err := t.Open(nil, nil)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	truth, ok := e.(env.GroundTruth)
	if !ok {
		return out, errNoCounts
	}
	responders, err := loadprobe.Listen(e.Spec().Servers, truth)
	if err != nil {
		return out, err
	}
	answering, stop := context.WithCancel(ctx)
	group, answering := parallel.NewGroup(answering)
	defer func() { stop(); err = errors.Join(err, group.Wait()) }()
	group.Go(func() error { return responders.Run(answering) })

	probers, running := parallel.NewGroup(ctx)
	results := make([][]loadprobe.Result, len(frequencies))
	var watch visibility.Watch
	var counts visibility.Counts
	duration := time.Duration(s.Duration * float64(time.Second))
	played := playCounted(ctx, e, seed, visibility.Warmup(s.Duration), &counts, func() {
		begin := time.Now()
		for k, frequency := range frequencies {
			cfg := loadprobe.Config{
				Addresses: responders.Addresses(), Frequency: frequency, Begin: begin, Duration: duration,
				Phase: rand.New(env.Stream(seed, fmt.Sprintf("probing/%g", frequency))),
			}
			probers.Go(func() (err error) {
				results[k], err = loadprobe.Run(running, cfg)
				return err
			})
		}
		probers.Go(func() error { return watchServers(running, truth, begin, duration, &watch) })
	})
	if err := errors.Join(played, probers.Wait()); err != nil {
		return out, err
	}
	if d, ok := e.(env.Drainer); ok { // which tells what is doubted of the episode
		if err := d.Drain(ctx); err != nil {
			return out, err
		}
	}
	out = probingEpisode(watch.Observation(visibility.Warmup(s.Duration)), liveAnswers(results), &counts)
	out.Traffic, out.Late, out.Missed = liveTraffic(results, s.Duration)
	return out, nil
}

// watchServers looks at the servers each visibility.Spacing until the end.
func watchServers(ctx context.Context, servers env.GroundTruth, begin time.Time, duration time.Duration, watch *visibility.Watch) error {
	var truth env.Truth
	for k := 1; ; k++ {
		due := time.Duration(float64(k) * visibility.Spacing * float64(time.Second))
		if due > duration {
			return nil
		}
		if time.Since(begin)-due > time.Duration(visibility.Spacing*float64(time.Second)) { // the next one is due
			continue
		}
		if err := (testbed.SystemClock{}).WaitUntil(ctx, begin.Add(due)); err != nil {
			return err
		}
		if err := servers.Truth(&truth); err != nil {
			return err
		}
		watch.Add(time.Since(begin).Seconds(), &truth)
	}
}

// liveAnswers are what the servers answered, by frequency and server.
func liveAnswers(results [][]loadprobe.Result) [][][]visibility.Answer {
	var all [][][]visibility.Answer
	for _, row := range results {
		answers := make([][]visibility.Answer, len(row))
		for j := range row {
			for _, a := range row[j].Answers {
				answers[j] = append(answers[j], visibility.Answer{
					Read: a.Clock.Seconds(), Received: a.Received.Seconds(), Requests: a.Requests, CPUTime: a.CPUTime.Seconds(), Processors: a.Processors,
				})
			}
		}
		all = append(all, answers)
	}
	return all
}

// liveTraffic is what went over the connections, by frequency, how late (s) the 99th
// percentile of all probes was, and how many were not sent.
func liveTraffic(results [][]loadprobe.Result, duration float64) (list []figure.ProbeTraffic, late float64, missed int) {
	var lateness []time.Duration
	for _, row := range results {
		answers, payload, segments := 0, 0, 0
		for j := range row {
			r := &row[j]
			answers += len(r.Answers)
			payload += r.Sent + r.Received
			segments += r.SegmentsSent + r.SegmentsReceived
			missed += r.Missed
			lateness = append(lateness, r.Late...)
		}
		rate := func(bytes int) float64 { return 8 * float64(bytes) / duration }
		list = append(list, figure.ProbeTraffic{Answers: rate(answers * visibility.PaperPacket), Payload: rate(payload), Wire: rate(payload + segments*visibility.Header)})
	}
	if len(lateness) > 0 {
		slices.Sort(lateness)
		late = lateness[len(lateness)*99/100].Seconds()
	}
	return list, late, missed
}
