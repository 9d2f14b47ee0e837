package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"fairlb/eval/figure"
	"fairlb/results/text"
)

// megabyte is a million bytes.
const megabyte = 1e6

// WriteBufferGrowthText writes the sizes of the buffers after the last episode as a
// table for a terminal.
func WriteBufferGrowthText(w io.Writer, f *figure.BufferGrowth) error {
	t := figureTable{
		title:  fmt.Sprintf("%s. The replay buffer of agents trained together in %s, as it grows", f.Figure, f.Scenario),
		header: []string{"load balancers", "episodes", "transitions", "memory, MB", "saved, MB", "kB an episode", "sent, kbit/s"},
		notes: []string{
			fmt.Sprintf("Training episodes of %g s, played by %s, untrained. Transitions: of each load balancer. Memory: of all arrays that the buffer holds; saved: what Save writes of them. MB: a million bytes.", f.Duration, f.Method),
			"kB an episode: saved. Sent: what must reach one place, on average over the episodes, for agents that are trained together. One that learns by itself keeps the first row's, and sends nothing.",
		},
	}
	if err := f.Check(); err != nil {
		return err
	}
	for k := range f.Buffers {
		buffer := &f.Buffers[k]
		last := buffer.Last()
		t.rows = append(t.rows, []string{strconv.Itoa(buffer.Agents), strconv.Itoa(last.Episodes), strconv.Itoa(last.Transitions),
			fixed(float64(last.Memory)/megabyte, 2), fixed(float64(last.Saved)/megabyte, 2),
			fixed(float64(last.Saved)/float64(last.Episodes)/1000, 1), fixed(last.Rate(f.Duration)/1000, 1)})
	}
	return t.write(w)
}

// WriteBufferGrowthCSV writes the sizes of the buffers: one row a number of agents and
// a number of episodes.
func WriteBufferGrowthCSV(w io.Writer, f *figure.BufferGrowth) error {
	rows := [][]string{{"scenario", "method", "lbs", "servers", "features", "episode_s", "episodes", "transitions", "memory_bytes", "saved_bytes"}}
	for _, buffer := range f.Buffers {
		for _, p := range buffer.Points {
			rows = append(rows, []string{f.Scenario, f.Method, strconv.Itoa(buffer.Agents), strconv.Itoa(buffer.Servers), strconv.Itoa(buffer.Features), text.Exact(f.Duration),
				strconv.Itoa(p.Episodes), strconv.Itoa(p.Transitions), strconv.Itoa(p.Memory), strconv.Itoa(p.Saved)})
		}
	}
	return csv.NewWriter(w).WriteAll(rows)
}
