package visibility_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env"
	"fairlb/env/eventqueue"
	"fairlb/eval/visibility"
)

// infinite is servers of as many processors as they have requests (M/M/inf): arrivals at a
// rate, each served for a time of mean 1 s. It is driven by the sampler's own schedule.
type infinite struct {
	rng       *rand.Rand
	rate      float64
	arrival   float64
	departure eventqueue.Queue
	order     uint32
	now, used float64
}

func (m *infinite) advance(until float64) {
	step := func(to float64) { m.used += (to - m.now) * float64(m.departure.Len()); m.now = to }
	for {
		switch {
		case m.departure.Len() > 0 && m.departure.First().Time <= min(m.arrival, until):
			step(m.departure.First().Time)
			m.departure.Pop()
		case m.arrival <= until:
			step(m.arrival)
			m.departure.Push(eventqueue.Entry{Time: m.now + m.rng.ExpFloat64(), Order: m.order})
			m.order++
			m.arrival = m.now + m.rng.ExpFloat64()/m.rate
		default:
			step(until)
			return
		}
	}
}

// played plays an episode of such servers before a sampler.
func played(s env.ScheduledSampler, servers int, rate float64, seed uint64) {
	var list []*infinite
	for range servers {
		list = append(list, &infinite{rng: rand.New(rand.NewPCG(seed, uint64(len(list)))), rate: rate})
	}
	truth := env.Truth{Running: make([]int, servers), Backlog: make([]int, servers), CPUTime: make([]float64, servers), CPUs: make([]int, servers)}
	for now := s.NextSample(); !math.IsInf(now, 1); now = s.NextSample() {
		for j, m := range list {
			m.advance(now)
			truth.Running[j], truth.CPUTime[j], truth.CPUs[j] = m.departure.Len(), m.used, 100
		}
		s.Sample(now, &truth)
	}
}

// TestProberTheory: in M/M/inf the requests at two times that lie u s apart correlate by
// exp(-u), u in service times. So the mean square error of what is believed is twice the
// variance, times 1 minus the mean of exp(-u) over the ages of an answer: the latency back
// at least, and a period more at most.
func TestProberTheory(t *testing.T) {
	t.Parallel()
	const servers, rate, latency = 6, 20, 0.05
	cfg := visibility.Config{Servers: servers, Frequencies: []float64{0.25, 1, 4, 20}, LatencyLow: latency, LatencyHigh: latency, Duration: 300}
	p := visibility.NewProber(cfg, 1)
	played(p, servers, rate, 1)
	truth := p.Observation()
	require.InDelta(t, (cfg.Duration-5)/visibility.Spacing, len(truth.Times), 1.5)
	for f, frequency := range cfg.Frequencies {
		first := p.Answers()[f][0][0]
		require.GreaterOrEqual(t, first.Read, latency, "a probe takes as long")
		require.InDelta(t, first.Read+latency, first.Received, 1e-9)
		q := visibility.Compare(truth.Requests, truth.Believed(visibility.Requests, p.Answers()[f]))
		correlation := math.Exp(-latency) * frequency * (1 - math.Exp(-1/frequency))
		want := math.Sqrt(2 * (1 - correlation))
		require.InEpsilon(t, want, q.Relative, 0.06, "%g/s", frequency)
		require.InEpsilon(t, want*math.Sqrt(rate), q.RMSE, 0.08, "%g/s", frequency) // Poisson: the variance is the rate
		// Of a normal distribution Spearman's is 6/pi asin(r/2) of Pearson's r.
		require.InDelta(t, 6/math.Pi*math.Asin(correlation/2), q.Spearman, 0.03, "%g/s", frequency)
		require.Less(t, math.Abs(q.Across-q.Spearman), 0.1, "servers are alike: over them as over time")
	}
}

// TestBelievedNaive: what is believed is what a walk through all answers finds, and CPU use
// is that since an answer a Window older than the last, or since the one before.
func TestBelievedNaive(t *testing.T) {
	t.Parallel()
	p := visibility.NewProber(visibility.Config{Servers: 2, Frequencies: []float64{3, 25}, LatencyLow: 0.001, LatencyHigh: 0.03, Duration: 12}, 7)
	played(p, 2, 5, 7)
	truth := p.Observation()
	for f, back := range []int{1, 3} { // 25 answers/s are 0.04 s apart, and three of them about the Window
		believedNaively(t, truth, p.Answers()[f], back)
	}
	early := visibility.Observation{Times: []float64{-1}}
	for m := range visibility.NumMeasures {
		require.True(t, math.IsNaN(early.Believed(m, p.Answers()[0])[0][0]), "before the first answer nothing is believed")
	}
}

// believedNaively checks what is believed. An answer a Window older than the last is so many
// answers back at about.
func believedNaively(t *testing.T, truth *visibility.Observation, answers [][]visibility.Answer, back int) {
	t.Helper()
	requests, use := truth.Believed(visibility.Requests, answers), truth.Believed(visibility.CPUUse, answers)
	for j := range answers {
		for k, now := range truth.Times {
			last := -1
			for i := range answers[j] {
				if answers[j][i].Received <= now {
					last = i
				}
			}
			require.Equal(t, float64(answers[j][last].Requests), requests[j][k])
			older := last - 1
			for i := range older {
				if answers[j][last].Read-answers[j][i].Read >= visibility.Window && answers[j][last].Read-answers[j][i+1].Read < visibility.Window {
					older = i
				}
			}
			require.InDelta(t, back, last-older, 1)
			a, b := answers[j][older], answers[j][last]
			require.InDelta(t, (b.CPUTime-a.CPUTime)/(b.Read-a.Read)/100, use[j][k], 0.005+1e-9)
		}
	}
}

// TestWindow: the true CPU use is that of the Window before: of always so many requests,
// that many processors.
func TestWindow(t *testing.T) {
	t.Parallel()
	p := visibility.NewProber(visibility.Config{Servers: 1, Duration: 1}, 1)
	truth := env.Truth{Running: []int{3}, Backlog: []int{2}, CPUTime: []float64{0}, CPUs: []int{4}}
	for now := p.NextSample(); !math.IsInf(now, 1); now = p.NextSample() {
		truth.CPUTime[0] = 3 * now
		p.Sample(now, &truth)
	}
	o := p.Observation()
	require.Len(t, o.Times, 75)
	for k := range o.Times {
		require.Equal(t, 0.75, o.CPUUse[0][k])
		require.Equal(t, 5.0, o.Requests[0][k])
	}
	p.Sample(2, &truth) // as requests in flight end, nothing is wanted
	require.Len(t, p.Observation().Times, 75)
}

// TestCounts: a load balancer that has half of the traffic believes twice its own.
func TestCounts(t *testing.T) {
	t.Parallel()
	var c visibility.Counts
	for k := range 4 {
		c.Add([][]env.ServerCounts{{{Ongoing: k}}, {{Ongoing: 3 - k}}}, &env.Truth{Running: []int{2 * k}, Backlog: []int{0}})
	}
	q := c.Quality()
	require.InDelta(t, (0+math.Sqrt((36+4+4+36)/4.0))/2, q.RMSE, 1e-12)
	require.InDelta(t, 0, q.Spearman, 1e-12) // 1 and -1
	none := new(visibility.Counts).Quality()
	require.True(t, math.IsNaN(none.Spearman))
}

// TestBytes: the paper's packets of seven servers reach its line at 25.9 probes/s.
func TestBytes(t *testing.T) {
	t.Parallel()
	require.InDelta(t, visibility.RackFlowRate, visibility.AnswersRate(7, 25.879917), 0.01)
	require.Equal(t, 8*184.0*7*2, visibility.WireRate(7, 2))
	require.Equal(t, 8*132.0*7*50, visibility.WireRate(7, 50), "the next probe acknowledges an answer")
}

// TestWatch: looks in real time are an observation, with the CPU use since a look that is a
// Window before.
func TestWatch(t *testing.T) {
	t.Parallel()
	var w visibility.Watch
	for k, now := range []float64{0, 0.05, 0.11, 0.16, 0.30} {
		w.Add(now, &env.Truth{Running: []int{k, 1}, Backlog: []int{0, k}, CPUTime: []float64{2 * now, now * now}, CPUs: []int{4, 1}})
	}
	require.Equal(t, []float64{0.11, 0.16, 0.30}, w.Observation(0).Times)
	o := w.Observation(0.16)
	require.Equal(t, []float64{0.16, 0.30}, o.Times)
	require.Equal(t, [][]float64{{3, 4}, {4, 5}}, o.Requests)
	require.Equal(t, []float64{0.5, 0.5}, o.CPUUse[0])
	require.InDeltaSlice(t, []float64{0.16 + 0.05, 0.30 + 0.16}, o.CPUUse[1], 1e-9) // (b^2 - a^2) / (b - a)
	require.Empty(t, new(visibility.Watch).Observation(0).Times)
}
