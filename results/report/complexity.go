package report

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"fairlb/eval/theory/complexity"
	"fairlb/results/text"
)

// WriteComplexityCSV writes a measurement of Table 7: one row an operation and sizes.
func WriteComplexityCSV(w io.Writer, m *complexity.Measurement) error {
	rows := [][]string{{"machine", "operation", "varied", "k", "n", "m", "slots", "operation_bytes", "rounds_ns"}}
	for _, t := range m.Timings {
		var times []string
		for _, ns := range t.Nanoseconds {
			times = append(times, strconv.FormatFloat(ns, 'g', 4, 64))
		}
		rows = append(rows, []string{m.Machine, t.Operation, string(t.Varied), strconv.Itoa(t.Samples), strconv.Itoa(t.Servers), strconv.Itoa(t.Level),
			strconv.Itoa(t.Slots), strconv.Itoa(t.Bytes), strings.Join(times, " ")})
	}
	return csv.NewWriter(w).WriteAll(rows)
}

// complexityWidth is the width of Table 7 in columns of a terminal.
const complexityWidth = 120

// WriteComplexityText writes Table 7: the paper's claims of time and memory, beside how
// our operations grow. The measurement must be complete.
func WriteComplexityText(w io.Writer, m *complexity.Measurement) error {
	var b bytes.Buffer
	if err := writeComplexityTime(&b, m); err != nil {
		return err
	}
	b.WriteString("\n")
	if err := writeComplexityMemory(&b, m); err != nil {
		return err
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

func writeComplexityTime(b *bytes.Buffer, m *complexity.Measurement) error {
	b.WriteString("Table 7, computation: the paper's claims, and exponents of growth of our operations\n")
	table := text.NewTable("operation", "claim", "over k", "over N", "over m", "the claim", "ns, testbed")
	table.Style = text.Framed
	table.Right(6)
	holding, total := 0, 0
	for _, r := range complexity.Rows() {
		table.Row(r.Name, r.Time.Text, "", "", "", "", "")
		for _, name := range r.Operations {
			row := []string{"  " + name, ""}
			for _, p := range complexity.Parameters() {
				g := m.TimeGrowth(name, p)
				row = append(row, fmt.Sprintf("%5.2f ±%.2f", g.Exponent, g.Half()))
			}
			v := m.TimeVerdict(name, r.Time)
			total++
			if v.Holds() {
				holding++
			}
			table.Row(append(row, verdictText(v), thousands(m.Testbed(name).Median(), false))...)
		}
	}
	if err := table.Write(b); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	base, testbed := complexity.Base(), complexity.Testbed()
	for _, note := range []string{
		fmt.Sprintf("k: samples of a reservoir, of which a server has two; N: servers; m: frames in each direction. One is varied at a time; the others are %d, %d and %d. The testbed has %d, %d of %d slots, and %d.",
			base.Samples, base.Servers, base.Level, testbed.Samples, testbed.Servers, testbed.Slots, testbed.Level),
		fmt.Sprintf("Exponents: the slope of log time over log size in the upper half of its range, median of %d rounds ± how far its interval of %.0f %% or more reaches; 0 is constant, 1 linear. Processor time of the thread, on %s.",
			m.Rounds(), 100*complexity.Confidence, m.Machine),
		fmt.Sprintf("%d of %d operations are within the claim, a bound that what grows less keeps, too; more, unsure: the exponent is, or may be, a quarter or more above the claimed one. The paper counts a copy of N counters or k samples as memory and not as time.", holding, total),
	} {
		b.WriteString(text.Wrap(note, complexityWidth, noteIndent))
	}
	return nil
}

func writeComplexityMemory(b *bytes.Buffer, m *complexity.Measurement) error {
	b.WriteString("Table 7, memory: the paper's claims, and what our operations allocate, free, read or write\n")
	table := text.NewTable("operation", "claim", "over k", "over N", "over m", "the claim", "bytes, testbed")
	table.Style = text.Framed
	table.Right(2, 3, 4, 6)
	for _, r := range complexity.Rows() {
		table.Row(r.Name, r.Memory.Text, "", "", "", "", "")
		for _, name := range r.Operations {
			row := []string{"  " + name, ""}
			for _, p := range complexity.Parameters() {
				row = append(row, fixed(m.MemoryGrowth(name, p)+0, 2))
			}
			table.Row(append(row, verdictText(m.MemoryVerdict(name, r.Memory)), thousands(float64(m.Testbed(name).Bytes), true))...)
		}
	}
	if err := table.Write(b); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	b.WriteString(text.Wrap("Bytes are counted by the layout, so that exponents are those of the increments: constant parts do not hide a lesser one.", complexityWidth, noteIndent))
	return nil
}

// verdictText says in words what becomes of a claim.
func verdictText(v complexity.Verdict) string {
	var parts []string
	for _, x := range []struct {
		words string
		list  []complexity.Parameter
	}{{"more:", v.More}, {"unsure:", v.Unsure}, {"less:", v.Less}} {
		for k, p := range x.list {
			if k == 0 {
				parts = append(parts, x.words+" "+string(p))
			} else {
				parts[len(parts)-1] += " " + string(p)
			}
		}
	}
	if v.Holds() {
		parts = append([]string{"holds"}, parts...)
	}
	return strings.Join(parts, "; ")
}

// thousands writes a number above 0 with a blank before each three digits, and no more
// than three that are not 0; exactly, if it is a whole number below 1e15 and exact is set.
func thousands(x float64, exact bool) string {
	if !exact {
		unit := math.Pow(10, math.Floor(math.Log10(x))-2)
		x = math.Round(x/unit) * unit
		if x < 99.95 {
			return strconv.FormatFloat(x, 'g', 3, 64)
		}
	}
	s := fixed(x, 0)
	for at := len(s) - 3; at > 0; at -= 3 {
		s = s[:at] + " " + s[at:]
	}
	return s
}
