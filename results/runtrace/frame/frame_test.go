package frame

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"fairlb/results/runtrace"
)

// header is of so many load balancers and servers, of which the first half has 4 CPUs and
// the others 2.
func header(lbs, servers int) runtrace.Header {
	h := runtrace.Header{Scenario: "web-moderate/period-1", Target: "runs/a", Seed: 1000, Interval: 1, Duration: 60, LBs: lbs}
	for j := range servers {
		h.Servers = append(h.Servers, runtrace.Server{Name: fmt.Sprintf("server%d", j), CPUs: 4 - 2*(2*j/servers)})
	}
	return h
}

// step is one in which each server has as many requests as its number times the time.
func step(h runtrace.Header, time int) runtrace.Step {
	s := runtrace.Step{Time: float64(time), Arrived: 10, Ended: runtrace.EndedOf([]float64{0.1, 0.1, 0.2, 40}, 1)}
	for j := range h.Servers {
		s.Queue = append(s.Queue, j*time)
		s.Capacity = append(s.Capacity, float64(h.Servers[j].CPUs))
	}
	for i := range h.LBs {
		sent, weights := make([]int, len(h.Servers)), make([]float64, len(h.Servers))
		for j := range sent {
			sent[j], weights[j] = j, 3*float64(1+(i+j)%2)
		}
		s.Sent, s.Weights = append(s.Sent, sent), append(s.Weights, weights)
	}
	return s
}

// view is of an episode up to that time.
func view(h runtrace.Header, time int) *View {
	v := New(h)
	for k := range time + 1 {
		v.Add(step(h, k))
	}
	return v
}

// TestFrame: the whole of a frame, as a reader sees it.
func TestFrame(t *testing.T) {
	t.Parallel()
	h := header(2, 4)
	for k := 5; k < 12; k++ {
		require.Contains(t, view(h, k).Frame(Size{}), "\nthe last 5 s  ")
	}
	v := view(h, 6)
	s := step(h, 7)
	s.Out, s.Capacity = []int{0}, []float64{4, 4, 2, 1}
	v.Add(s)
	require.Equal(t, strings.TrimPrefix(`
web-moderate/period-1, runs/a, seed 1000, simulated                 7.00 of 60 s
requests               in/s   out/s  failed/s    mean     p50     p90  p99 (ms)
the last 5 s             10     3.0       1.0   10100     105   40617     42195
since the beginning      11     3.4       1.1   10100     105   40860     42347
queued 42, at most 42   ▂▃▄▅▆▇█

server       CPUs  queue                                     share   lb0   lb1
server0 out     4      0                                      0.0%  0.67  1.33
server1         4      7  █████▒▒▒                           16.7%  1.33  0.67
server2         2     14  ███▒▒▒▒▒▒▒▒▒▒▒▒                    33.3%  0.67  1.33
server3 50%     2     21  ███▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒            50.0%  1.33  0.67
█ up to the CPUs, ▒ beyond; a whole bar is 30; weights: 1 is the mean
`, "\n"), v.Frame(Size{}))
	before := v.Frame(Size{})
	v.Add(runtrace.Step{Time: 7, End: true, Ended: runtrace.EndedOf([]float64{1, 1}, 0)})
	require.True(t, v.Ended())
	after := v.Frame(Size{})
	require.Contains(t, after, "7.00 of 60 s, ended")
	require.Equal(t, strings.Split(before, "\n")[5:], strings.Split(after, "\n")[5:], "what was last stays")
}

// TestFits: whatever the servers and load balancers, no line is wider than the terminal, and
// no frame longer; without a limit of rows each server has one.
func TestFits(t *testing.T) {
	t.Parallel()
	for _, servers := range []int{1, 3, 7, 20, 60, 250} {
		for _, lbs := range []int{0, 1, 2, 5, 6, 7, 12, 40} {
			h := header(max(1, lbs), servers)
			v := New(h)
			for k := range 100 {
				s := step(h, k*100)
				if lbs == 0 {
					s.Weights = nil
				}
				v.Add(s)
			}
			for _, rows := range []int{0, 15, 24, 50} {
				text := v.Frame(Size{Columns: 80, Rows: rows})
				for line := range strings.Lines(text) {
					require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), 80, "%d servers, %d LBs:\n%s", servers, lbs, text)
				}
				if rows > 0 {
					require.LessOrEqual(t, strings.Count(text, "\n"), rows)
				} else {
					require.Equal(t, servers+otherRows, strings.Count(text, "\n"))
				}
			}
		}
	}
}

// TestManyShareRows: servers of equal CPUs have a row together, with a mark each, and the sum
// of their shares; of many load balancers the mean, least and most weight is shown.
func TestManyShareRows(t *testing.T) {
	t.Parallel()
	text := view(header(12, 60), 5).Frame(Size{Columns: 80, Rows: 20})
	require.Contains(t, text, "mean  least  most")
	require.Regexp(t, `(?m)^server0-4 +4 +10\.0  [ ▁▂▃▄▅▆▇█]{5} +0\.6%  +1\.00 +0\.93 +1\.07$`, text)
	require.Regexp(t, `(?m)^server55-59 +2 +285\.0 `, text)
	require.Contains(t, text, "a mark a server")
}

// TestUnknown: what nobody knows is a dash and no zero.
func TestUnknown(t *testing.T) {
	t.Parallel()
	h := header(1, 2)
	h.Servers[0].CPUs, h.Duration = 0, 0
	v := New(h)
	v.Add(runtrace.Step{})
	require.Contains(t, v.Frame(Size{}), "the last 0 s              –       –         –       –       –       –         –\n")
	for k := 1; k < 4; k++ { // nobody counts what is sent
		v.Add(runtrace.Step{Time: float64(k), Completed: [][]int{{3, 1}}, Ended: runtrace.EndedOf([]float64{1, 1, 1, 1}, 0)})
	}
	text := v.Frame(Size{})
	require.Regexp(t, `(?m)^the last 3 s +– +4\.0 +0 +1000 `, text)
	require.Regexp(t, `(?m)^server0 +– +75\.0%$`, text)
	require.Regexp(t, `(?m)^server1 +2 +– +25\.0%$`, text)
	require.NotContains(t, text, "queued")
	v.SetStatus("silent for 3 s")
	require.Contains(t, v.Frame(Size{}), "3.00 s, silent for 3 s\n")
}

// TestMarks: bars and courses are as long as what they mean.
func TestMarks(t *testing.T) {
	t.Parallel()
	require.Equal(t, "", bar(0, 2, 10, 10))
	require.Equal(t, "██", bar(2, 2, 10, 10))
	require.Equal(t, "██▒▒▒", bar(5, 2, 10, 10))
	require.Equal(t, "█████", bar(5, 0, 10, 10))
	require.Equal(t, "█▒▒▒▒▒▒▒▒▒", bar(50, 1, 10, 10))
	require.Equal(t, "▅█", course([]int{1, 2, 4, 1}, 2))
	require.Equal(t, " ▆█", course([]int{0, 5, 8}, 10))
	require.Empty(t, course(nil, 10))
	require.Equal(t, "▂█", strip([]int{0, 1, 0, 8}, 8, 2))
	for _, x := range [][2]float64{{0, 5}, {4, 5}, {5, 5}, {6, 10}, {11, 20}, {201, 300}} {
		require.Equal(t, x[1], roundUp(x[0]))
	}
	require.Equal(t, "web1-9", rangeName("web1", "web9"))
	require.Equal(t, "a to b", rangeName("a", "b"))
	require.Equal(t, ' ', level(math.NaN()))
}
