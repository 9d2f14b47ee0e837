package report

import (
	"bytes"
	"cmp"
	"fmt"
	"io"

	"fairlb/results/published"
	"fairlb/results/text"
)

// WriteTestbedsText writes Table 8, the survey of testbeds, with our own below, in
// TableWidth columns.
func WriteTestbedsText(w io.Writer, survey, own []published.Testbed, notes []string) error {
	table := text.NewTable("testbed", "LBs", "servers", "load", "remark")
	table.Style = text.Framed
	add := func(list []published.Testbed) {
		for _, t := range list {
			table.Row(t.Name, cmp.Or(t.Balancers, missing), cmp.Or(t.Servers, missing), cmp.Or(t.Load, missing), t.Remark)
		}
	}
	add(survey)
	table.Row()
	add(own)
	var b bytes.Buffer
	b.WriteString("Table 8. Testbeds of related work by the paper's survey, the paper's, and ours\n")
	if err := table.Write(&b); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	for _, note := range notes {
		b.WriteString(text.Wrap(note, TableWidth, noteIndent))
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}
