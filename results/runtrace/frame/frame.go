package frame

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"fairlb/results/runtrace"
	"fairlb/results/text"
)

// Size is what a frame has to fit into.
type Size struct {
	Columns int // 0: 80
	Rows    int // 0: as many as it takes
}

const (
	defaultColumns = 80
	mostBar        = 32 // characters of the bar of a queue
	leastBar       = 8
	otherRows      = 8 // of a frame, beside those of servers
	numberWidth    = 6 // of rates and times
)

// Frame draws the present moment, in lines that end with a newline. A frame that has no room
// for a row for each server has rows for several together; one for which a column for each load
// balancer is too much has the mean, the least and the most of their weights.
func (v *View) Frame(size Size) string {
	if size.Columns <= 0 {
		size.Columns = defaultColumns
	}
	var b strings.Builder
	b.WriteString(v.title(size.Columns))
	v.rates(&b)
	v.queues(&b, size.Columns)
	rows := 0
	if size.Rows > 0 {
		rows = max(1, size.Rows-otherRows)
	}
	v.table(&b, grouped(v.servers(), rows), size.Columns)
	return b.String()
}

// title says what is watched and where in the episode it is.
func (v *View) title(columns int) string {
	h := &v.header
	name := h.Scenario
	if h.Target != "" {
		name += ", " + text.Shorten(h.Target, 24, text.Middle)
	}
	if h.Duration > 0 { // an episode, and no load balancer at work
		name += fmt.Sprintf(", seed %d", h.Seed)
		if h.Live {
			name += ", live"
		} else {
			name += ", simulated"
		}
	}
	at := fmt.Sprintf("%.2f s", v.last.Time)
	if h.Duration > 0 {
		at = fmt.Sprintf("%.2f of %g s", v.last.Time, h.Duration)
	}
	if v.status != "" {
		at += ", " + v.status
	} else if v.ended {
		at += ", ended"
	}
	room := columns - utf8.RuneCountInString(at) - 2
	name = text.Shorten(name, max(10, room), text.Middle)
	return name + strings.Repeat(" ", max(2, columns-utf8.RuneCountInString(name)-utf8.RuneCountInString(at))) + at + "\n"
}

// rates says how many requests came and ended, and how long they took.
func (v *View) rates(b *strings.Builder) {
	t := text.NewTable("requests", "in/s", "out/s", "failed/s", "mean", "p50", "p90", "p99 (ms)")
	t.Right(1, 2, 3, 4, 5, 6, 7)
	row := func(name string, duration float64, counted bool, arrived int, e runtrace.Ended) {
		in := "–"
		if counted {
			in = rate(arrived, duration)
		}
		cells := []string{in, rate(e.Count-e.Failed, duration), rate(e.Failed, duration)}
		for _, seconds := range []float64{e.Mean, e.P50, e.P90, e.P99} {
			cells = append(cells, milliseconds(e, seconds))
		}
		for k, c := range cells { // columns of one width, so that they stay where they are
			cells[k] = fmt.Sprintf("%*s", numberWidth, c)
		}
		t.Row(append([]string{name}, cells...)...)
	}
	arrived := 0
	var list []runtrace.Ended
	for _, s := range v.recent {
		arrived += s.Arrived
		list = append(list, s.Ended)
	}
	row(fmt.Sprintf("the last %g s", math.Round(100*v.recently())/100), v.recently(), v.counted, arrived, runtrace.Together(list))
	row("since the beginning", v.duration, v.counted, v.arrived, v.all)
	_ = t.Write(b) // a builder takes all
}

// queues draws how many requests were with the servers over time.
func (v *View) queues(b *strings.Builder, columns int) {
	if v.last.Queue == nil {
		b.WriteString("\n\n")
		return
	}
	most := 0
	for _, q := range v.queued {
		most = max(most, q)
	}
	front := fmt.Sprintf("queued %s, at most %s  ", count(float64(v.queued[len(v.queued)-1])), count(float64(most)))
	b.WriteString(front + strings.TrimRight(course(v.queued, columns-utf8.RuneCountInString(front)), " ") + "\n\n")
}

// table draws the servers.
func (v *View) table(b *strings.Builder, list []server, columns int) {
	weights := weightColumns(list, columns)
	header := append([]string{"server", "CPUs", "queue", "", "share"}, weights.names...)
	nameWidth := len(header[0])
	for _, s := range list {
		nameWidth = max(nameWidth, utf8.RuneCountInString(s.label()))
	}
	nameWidth = min(nameWidth, 24)
	width := columns - nameWidth - fixedColumns - weights.width()
	if width = min(width, mostBar); width < leastBar {
		width = leastBar
	}
	full := v.fullBar()
	t := text.NewTable(header...)
	t.Right(1, 2, 4)
	for k := range weights.names {
		t.Right(5 + k)
	}
	several := false
	for _, s := range list {
		cpus, queue, drawn, share := "", "–", "", "–"
		if s.cpus > 0 {
			cpus = strconv.Itoa(s.cpus)
		}
		switch len(s.queues) {
		case 0:
		case 1:
			queue, drawn = count(s.queue), bar(s.queue, s.cpus, full, width)
		default:
			several = true
			queue, drawn = mean(s.queue), strip(s.queues, full, width)
		}
		if !math.IsNaN(s.share) {
			share = fmt.Sprintf("%.1f%%", 100*s.share)
		}
		drawn += strings.Repeat(" ", width-utf8.RuneCountInString(drawn)) // and the columns behind stay where they are
		row := []string{text.Shorten(s.label(), nameWidth, text.Middle), cpus, fmt.Sprintf("%5s", queue), drawn, fmt.Sprintf("%6s", share)}
		t.Row(append(row, weights.of(s)...)...)
	}
	_ = t.Write(b) // a builder takes all
	known := slices.ContainsFunc(list, func(s server) bool { return s.cpus > 0 })
	b.WriteString(legend(full, known, several, weights))
}

// fixedColumns are those of CPUs, the queue's number, the share and the gaps between all
// columns up to there.
const fixedColumns = 4 + 5 + 6 + 4*2

// label is the name of servers, whether they are out and, where that has changed, what they
// can do of what they could.
func (s *server) label() string {
	switch {
	case s.out:
		return s.name + " out"
	case math.Abs(s.part-1) > 0.005:
		return fmt.Sprintf("%s %.0f%%", s.name, 100*s.part)
	}
	return s.name
}

// fullBar is the queue whose bar has the whole width: round, and not less than any of the
// recent ones, so that bars do not change their scale all the time.
func (v *View) fullBar() float64 {
	most := 0
	for _, s := range append(v.recent[:len(v.recent):len(v.recent)], v.last) {
		for _, q := range s.Queue {
			most = max(most, q)
		}
	}
	return roundUp(float64(most))
}

// legend explains the table.
func legend(full float64, cpus, several bool, w weightTable) string {
	line := fmt.Sprintf("a whole bar is %s", count(full))
	if cpus {
		line = fmt.Sprintf("%s up to the CPUs, %s beyond; ", servedMark, waitingMark) + line
	}
	if several {
		line = fmt.Sprintf("a mark a server, the highest is %s; queue: their mean", count(full))
	}
	if len(w.names) > 0 {
		line += "; weights: 1 is the mean"
	}
	return line + "\n"
}

// count writes a whole number in five characters at most, thousands as k.
func count(n float64) string {
	switch {
	case n < 1e5:
		return fmt.Sprintf("%.0f", n)
	case n < 1e7:
		return fmt.Sprintf("%.0fk", n/1e3)
	}
	return fmt.Sprintf("%.0fM", n/1e6)
}

// mean writes a mean of whole numbers in five characters at most.
func mean(x float64) string {
	if x < 999.95 {
		return fmt.Sprintf("%.1f", x)
	}
	return count(x)
}

// rate is requests a second.
func rate(n int, duration float64) string {
	if duration <= 0 {
		return "–"
	}
	if x := float64(n) / duration; x < 10 && n > 0 {
		return fmt.Sprintf("%.1f", x)
	} else {
		return fmt.Sprintf("%.0f", x)
	}
}

// milliseconds writes a time (s) of requests in three digits.
func milliseconds(e runtrace.Ended, seconds float64) string {
	if e.Count == 0 {
		return "–"
	}
	return threeDigits(1e3 * seconds)
}

// threeDigits writes a number in three digits, or its whole part if that is longer.
func threeDigits(x float64) string {
	switch {
	case x < 9.995:
		return fmt.Sprintf("%.2f", x)
	case x < 99.95:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.0f", x)
}
