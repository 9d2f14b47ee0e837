package report

import (
	"bytes"
	"io"
	"strconv"

	"fairlb/eval/paper"
)

// WritePublishedDifferences writes, as a Markdown table, how many printed cells differ
// significantly from SED's, by table and method, and the sums of the learned methods.
func WritePublishedDifferences(w io.Writer, list []paper.PublishedDifferences) error {
	table := newMarkdownTable("table", "rows", "cells", "below SED's", "no significant difference", "above SED's")
	table.labels = 2
	var learned paper.PublishedDifferences
	add := func(name, method string, d paper.PublishedDifferences) {
		table.row(name, method, strconv.Itoa(d.Cells()), strconv.Itoa(d.Less), strconv.Itoa(d.Same), strconv.Itoa(d.More))
	}
	for _, d := range list {
		name := strconv.Itoa(d.Table)
		if d.Columns != "" {
			name += ", " + d.Columns
		}
		add(name, d.Method, d)
		if d.Learned {
			learned.Less, learned.Same, learned.More = learned.Less+d.Less, learned.Same+d.Same, learned.More+d.More
		}
	}
	add("all", "learned", learned)
	var b bytes.Buffer
	table.write(&b)
	_, err := w.Write(b.Bytes())
	return err
}
