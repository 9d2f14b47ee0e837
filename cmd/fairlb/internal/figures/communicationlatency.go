package figures

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"fairlb/agents/methods"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/realtime"
	"fairlb/cmd/fairlb/internal/simulate"
	"fairlb/env/scenario"
	"fairlb/env/testbed/lab"
	"fairlb/env/testbed/machine"
	"fairlb/env/testbed/overhead"
	"fairlb/env/testbed/probing"
	"fairlb/eval/figure"
	"fairlb/eval/paper"
	"fairlb/results/chart"
	"fairlb/results/report"
	"fairlb/train"
)

const (
	// linkRate is that of the link, in bit/s, and linkQueue what may wait before it, in bytes:
	// 20 ms of the rate.
	linkRate  = 1e8
	linkQueue = 250_000
	// echoInterval is the mean time between two echo requests.
	echoInterval = 2 * time.Millisecond
	// linkRounds is how often all loads take their turn, if each has echoes enough for that.
	linkRounds = 4
	// leastEchoes is the number of echo requests for which a round is worth its beginning.
	leastEchoes = 50
	// echoedPart is how many echo requests there are of a load, as a part of a profile's readings.
	echoedPart = 0.4
)

// communicationLatency makes the figure of round-trip times on a link beside what centralised
// training moves: it weighs that, and sends it.
func (m *Maker) communicationLatency(ctx context.Context, entry paper.Figure) error {
	name, method, agents := paper.CommunicationRuns()
	s, err := scenario.Load(name, nil)
	if err != nil {
		return err
	}
	release, err := realtime.Alone(ctx, m.Log)
	if err != nil {
		return err
	}
	defer release()
	data := &figure.CommunicationLatency{Figure: entry.Title, Scenario: name, Method: method, Rate: linkRate, Queue: linkQueue, Period: s.StepInterval,
		Machine: machine.Name(), Measured: time.Now().Format(time.DateOnly)}
	if data.Messages, err = m.messages(ctx, s, method); err != nil {
		return err
	}
	echoes := max(1, int(echoedPart*float64(m.Profile.Readings)))
	rounds := max(1, min(linkRounds, echoes/leastEchoes))
	cfg := overhead.Config{Rate: linkRate, Queue: linkQueue, Period: time.Duration(s.StepInterval * float64(time.Second)), Loads: []overhead.Load{{}},
		Rounds: rounds, Echoes: max(1, echoes/rounds), Interval: echoInterval}
	for _, message := range data.Messages {
		for _, n := range agents {
			cfg.Loads = append(cfg.Loads, overhead.Load{Agents: n, Bytes: message.Bytes})
		}
	}
	bar := m.Progress.Bar("figure "+entry.Number, cfg.Rounds*len(cfg.Loads))
	defer bar.Close()
	done := 0
	cfg.Progress = func() {
		done++
		bar.Set(done, "")
	}
	watch := machine.NewWatch()
	list, err := overhead.Measure(ctx, cfg)
	if errors.Is(err, lab.ErrUnsupported) {
		return invalid.Errorf("%w", err)
	}
	if err != nil {
		return err
	}
	load := watch.Load()
	data.Others, data.Stolen = load.Others, load.Stolen
	data.Idle = linkLatency(&list[0])
	for k := range list[1:] {
		message := &data.Messages[k/len(agents)]
		message.Points = append(message.Points, linkLatency(&list[1+k]))
	}
	err = m.write(entry.Number, func(w io.Writer) error { return report.WriteCommunicationLatencyCSV(w, data) },
		func(w io.Writer, format string) error { return chart.DrawCommunicationLatency(w, data, format) })
	if err != nil {
		return err
	}
	return report.WriteCommunicationLatencyText(m.Out, data)
}

// linkLatency is a result of a link as the figure has it.
func linkLatency(r *overhead.Result) figure.LinkLatency {
	times := make([]float64, len(r.Times))
	for k, took := range r.Times {
		times[k] = took.Seconds()
	}
	return figure.LinkLatency{Agents: r.Agents, Sent: r.Sent, Lost: r.Lost, Times: figure.NewDistribution(times)}
}

// messages weighs what centralised training moves for one agent: a reading of a load balancer
// that is lent (package remote), the parameters of a policy, and the trajectory of an episode
// as a replay buffer writes it.
func (m *Maker) messages(ctx context.Context, s scenario.Scenario, method string) ([]figure.CommunicationMessage, error) {
	servers := 0
	for _, g := range s.Servers {
		servers += g.Count
	}
	reading, err := readingBytes(ctx, probing.Config{Servers: servers, Completions: 1, Elapsed: 1})
	if err != nil {
		return nil, err
	}
	h := train.DefaultHyperparameters()
	h.Method = method
	reward, err := h.RewardFunction()
	if err != nil {
		return nil, err
	}
	e, err := simulate.Training(s, reward, method)(nil, nil)
	if err != nil {
		return nil, err
	}
	learner, err := methods.Learner(method, h.Methods, e.Spec(), h.Seed)
	if err != nil {
		return nil, err
	}
	parameters := 0
	for _, p := range learner.Parameters() {
		parameters += 4 * len(p.Data)
	}
	s.Duration = m.Profile.EpisodeDuration
	buffer, err := fillBuffer(ctx, s, method, 1, func() {})
	if err != nil {
		return nil, err
	}
	return []figure.CommunicationMessage{
		{What: "a reading (fairlb lend)", Bytes: reading},
		{What: "a policy's parameters", Bytes: parameters},
		{What: fmt.Sprintf("an episode of %g s", s.Duration), Bytes: buffer.Last().Saved / buffer.Agents},
	}, nil
}

// readingBytes is how many bytes a reading of a lent load balancer moves, both ways.
func readingBytes(ctx context.Context, cfg probing.Config) (bytes int, err error) {
	program, err := os.Executable()
	if err != nil {
		return 0, fmt.Errorf("the program's own file: %w", err)
	}
	source, err := probing.Start(ctx, program, RespondCommand(), cfg)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	list, err := probing.Measure(ctx, source, probing.Plan{Kinds: []probing.Kind{probing.Lent}, Readings: 2, Warmup: 2, Pauses: []time.Duration{0}})
	if err != nil {
		return 0, err
	}
	return int(list[0].Bytes), nil
}
