package tables

import (
	"fmt"
	"io"
	"path/filepath"

	"fairlb/cmd/fairlb/internal/files"
	"fairlb/eval"
	"fairlb/eval/paper"
	"fairlb/results/chart"
	"fairlb/results/report"
)

// Print prints tables, and writes them as CSV, JSON and Markdown with pictures of their
// means, of the ratios to SED and, of tables by traffic rate, of both over the rate into
// the folder. The command is what makes all of it again.
func (r *Results) Print(out io.Writer, list []paper.Table, command string) error {
	options := report.TableOptions{Profile: r.Profile, Command: command, Warnings: r.Warnings()}
	for k, t := range list {
		t = r.Profile.Table(t)
		if k > 0 {
			fmt.Fprintln(out)
		}
		filled, err := r.filled(t)
		if err != nil {
			return err
		}
		options.Notes = r.liveNotes(filled)
		if err := report.WriteTableText(out, filled, options); err != nil {
			return err
		}
		path := filepath.Join(r.Dir, fmt.Sprintf("table%d", t.Number))
		if err := files.WriteForms(path,
			files.Form{Ending: "csv", Write: func(w io.Writer) error { return report.WriteTableCSV(w, filled) }},
			files.Form{Ending: "json", Write: func(w io.Writer) error { return report.WriteTableJSON(w, filled, options) }},
			files.Form{Ending: "md", Write: func(w io.Writer) error { return report.WriteTableMarkdown(w, filled, options) }},
		); err != nil {
			return err
		}
		if err := draw(path, filled); err != nil {
			return err
		}
	}
	r.Log.WithField("folder", r.Dir).Info("tables written as CSV, JSON and Markdown, and drawn as PNG and SVG")
	return nil
}

// filled fills a table with what was measured.
func (r *Results) filled(t paper.Table) (*paper.Filled, error) {
	if !r.Profile.Live {
		return paper.Fill(t, func(row, col int) (paper.Measurement, bool) { return r.cell(t, row, col) })
	}
	f, err := paper.Fill(t, func(row, col int) (paper.Measurement, bool) {
		m, _, ok := r.liveCell(t, row, col)
		return m, ok
	})
	if err != nil {
		return nil, err
	}
	f.AddLive(func(row, col int) paper.LiveCell {
		_, beside, _ := r.liveCell(t, row, col)
		beside.Simulated, _ = r.cell(t, row, col)
		return beside
	})
	return f, nil
}

// draw draws the pictures of a table, if anything of it is measured.
func draw(path string, f *paper.Filled) error {
	m := chart.TableMeans(f)
	if len(m.Panels) == 0 {
		return nil
	}
	if err := files.WritePictures(path, func(w io.Writer, format string) error { return chart.DrawMeans(w, m, format) }); err != nil {
		return err
	}
	if err := files.WritePictures(path+"-ratios", func(w io.Writer, format string) error { return chart.DrawTableRatios(w, f, format) }); err != nil {
		return err
	}
	if !f.ByRate() {
		return nil
	}
	return files.WritePictures(path+"-rates", func(w io.Writer, format string) error { return chart.DrawTableRates(w, f, format) })
}

// cell sums up the recorded evaluations of a cell in the simulator, by training run (one of a heuristic)
// and evaluation seed, if they are all there.
func (r *Results) cell(t paper.Table, row, col int) (paper.Measurement, bool) {
	column := t.Columns[col]
	var all, completed eval.Replicates
	var requests, failed uint64
	known := true // what the completed requests of all runs came to
	for _, key := range t.Keys(row, col, r.Profile) {
		result, ok := r.evaluated[key]
		if !ok {
			return paper.Measurement{}, false
		}
		figures := result.Class(column.Class)
		if figures == nil {
			return paper.Measurement{}, false
		}
		requests, failed = requests+figures.N, failed+figures.Failed
		all = append(all, column.Metric.All(figures))
		values, ok := column.Metric.Completed(figures)
		known = known && ok
		completed = append(completed, values)
	}
	m := paper.Measurement{All: paper.NewValue(all), Failed: float64(failed) / float64(max(1, requests))}
	if known {
		m.Completed = paper.NewValue(completed)
	}
	return m, true
}
