package study

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"fairlb/eval"
	"fairlb/results/text"
)

// WriteMarkdown writes the report as a document: all means at a glance, the bars, a table a scenario
// with the picture that picture names (none if it is empty), what training
// took, and what is missing.
func (r *Report) WriteMarkdown(w io.Writer, picture func(scenario string) string) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Study %s\n\n", r.Name)
	fmt.Fprintf(&b, "`%s`\n\n", r.Command)
	fmt.Fprintf(&b, "Training seeds %s; %d held-out episodes of %g s (seeds %s), the same arrivals for every row.\n",
		text.Seeds(r.Training), len(r.Held), r.Duration, text.Seeds(r.Held))
	b.WriteString("Completion times in s; a failed request counts at its timeout. Methods: mean over training runs, with the\n" +
		"95 % Student-t interval over training runs, on these same evaluation seeds; heuristics: interval over evaluation seeds.\n\n")
	r.writeGlance(&b)
	r.writeBars(&b)
	for _, o := range r.Scenarios {
		r.writeOutcome(&b, &o, picture(o.Name))
	}
	r.writeSpeeds(&b)
	if len(r.Missing) > 0 {
		fmt.Fprintf(&b, "## Not run yet\n\n")
		for _, m := range r.Missing {
			fmt.Fprintf(&b, "- %s\n", m)
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// writeGlance writes a row a target and a column a scenario, of ratios to the
// baseline; the best method of each scenario is in bold.
func (r *Report) writeGlance(b *bytes.Buffer) {
	fmt.Fprintf(b, "## At a glance\n\nMean completion time over %s's; bold: the least of the methods. IQM: the interquartile mean over scenarios and\n"+
		"training runs, with its 95 %% bootstrap interval, scenarios being strata (which of five runs holds about 91 %% of the\n"+
		"time: bars are judged by the Student-t intervals below).\n\n| |", Baseline)
	rule := "|---|"
	for _, o := range r.Scenarios {
		fmt.Fprintf(b, " %s |", o.Name)
		rule += "---|"
	}
	fmt.Fprintf(b, " IQM |\n%s---|\n", rule)
	line := func(target, family string) {
		cells, strata := "| "+target+" |", [][]float64(nil)
		for k := range r.Scenarios {
			o := &r.Scenarios[k]
			cell := ""
			for i := range o.Rows {
				row := &o.Rows[i]
				if ratio, ok := row.Ratios[Baseline]; ok && row.Target == target {
					cell = fmt.Sprintf("%.3f", ratio.Value)
					strata = append(strata, row.ratios(ratio.Value))
					if family != "" && row == o.leastOfMethods() {
						cell = "**" + cell + "**"
					}
				}
			}
			cells += " " + cell + " |"
		}
		if len(strata) > 0 {
			iqm := eval.StratifiedIQM(strata)
			total := Ratio{iqm.Value, iqm.Lo, iqm.Hi, !math.IsNaN(iqm.Lo)}
			b.WriteString(cells + " " + total.text() + " |\n")
		}
	}
	for _, name := range r.Study.Heuristics {
		line(name, "")
	}
	for _, m := range r.Study.Methods {
		line(m.Name, m.Family)
	}
	b.WriteByte('\n')
}

func (r *Report) writeBars(b *bytes.Buffer) {
	if len(r.Verdicts) == 0 {
		return
	}
	b.WriteString("## Bars\n\nEach for the best method of a family in that scenario, chosen by the means reported here: a choice after the\n" +
		"fact, so that every method is in the tables below. \"surely\": the whole interval is on that side.\n\n")
	b.WriteString("| scenario | bar | family | best | ratio | verdict |\n|---|---|---|---|---|---|\n")
	for _, v := range r.Verdicts {
		verdict := "**missed**"
		if v.Met {
			verdict = "met"
		}
		if v.Sure() {
			verdict += ", surely"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s |\n", v.Scenario, v.Rule, v.Family, v.Method, v.Ratio.text(), verdict)
	}
	b.WriteByte('\n')
}

func (r *Report) writeOutcome(b *bytes.Buffer, o *Outcome, picture string) {
	fmt.Fprintf(b, "## %s\n\n", o.Name)
	for _, c := range r.Study.Scenarios {
		if c.Name == o.Name {
			fmt.Fprintf(b, "%s\n\n", c.describe())
		}
	}
	if picture != "" {
		fmt.Fprintf(b, "![learning curves](%s)\n\n", picture)
	}
	others := []string{Baseline}
	for _, name := range []string{"lsq", "tuned"} {
		if slices.Contains(r.Study.Heuristics, name) {
			others = append(others, name)
		}
	}
	b.WriteString("| target | runs | mean |")
	for _, name := range others {
		fmt.Fprintf(b, " / %s |", name)
	}
	b.WriteString(" p50 | p90 | p99 | failed |\n|---|---|---|" + strings.Repeat("---|", len(others)) + "---|---|---|---|\n")
	for _, row := range o.Rows {
		runs := ""
		if row.Family != "" {
			runs = strconv.Itoa(row.Runs)
		}
		fmt.Fprintf(b, "| %s | %s | %s |", row.Target, runs, seconds(row.Mean))
		for _, name := range others {
			text := "" // of itself
			if ratio, ok := row.Ratios[name]; ok {
				text = ratio.text()
			}
			fmt.Fprintf(b, " %s |", text)
		}
		fmt.Fprintf(b, " %s | %s | %s | %.3g %% |\n", seconds(row.P50), seconds(row.P90), seconds(row.P99), 100*row.Failed)
	}
	b.WriteByte('\n')
}

// describe says what a scenario is made of.
func (c *Scenario) describe() string {
	text := "`" + c.Scenario + "`"
	if len(c.Set) > 0 {
		text += " with `" + strings.Join(c.Set, "`, `") + "`"
	}
	if c.Train != "" {
		text += ", trained in `" + c.Train + "`"
	}
	if len(c.TrainSet) > 0 {
		text += ", training with `" + strings.Join(c.TrainSet, "`, `") + "`"
	}
	return text + "."
}

func (r *Report) writeSpeeds(b *bytes.Buffer) {
	if len(r.Speeds) == 0 {
		return
	}
	b.WriteString("## What training took\n\nA run has one core for its episodes and one for each load balancer's updates; several runs went on at once, so\n" +
		"that these say what the study cost, not what the code can do.\n\n")
	b.WriteString("| method | runs | s a run | env steps/s | updates/s | part of the time that is playing |\n|---|---|---|---|---|---|\n")
	for _, s := range r.Speeds {
		fmt.Fprintf(b, "| %s | %d | %.1f | %.0f | %.0f | %.0f %% |\n", s.Method, s.Runs, s.Seconds, s.Steps, s.Updates, 100*s.Playing)
	}
	b.WriteByte('\n')
}

// text is a ratio with its interval.
func (x Ratio) text() string {
	if !x.Known {
		return fmt.Sprintf("%.3f", x.Value)
	}
	return fmt.Sprintf("%.3f [%.3f, %.3f]", x.Value, x.Lo, x.Hi)
}

// seconds shows four digits.
func seconds(x float64) string {
	switch {
	case x < 1:
		return fmt.Sprintf("%.4f", x)
	case x < 10:
		return fmt.Sprintf("%.3f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

// WriteCSV writes a tidy file: a header, then one record a heuristic or
// training run of a scenario, numbers in full precision.
func (r *Report) WriteCSV(w io.Writer) error {
	records := [][]string{{"scenario", "target", "family", "training_seed", "mean_s", "ratio_to_" + Baseline}}
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	for _, o := range r.Scenarios {
		base := 0.0
		for _, row := range o.Rows {
			if row.Target == Baseline {
				base = row.Mean
			}
		}
		ratio := func(mean float64) string {
			if base == 0 {
				return ""
			}
			return number(mean / base)
		}
		for _, row := range o.Rows {
			if row.Family == "" {
				records = append(records, []string{o.Name, row.Target, "", "", number(row.Mean), ratio(row.Mean)})
			}
			for k, mean := range row.PerRun {
				records = append(records, []string{o.Name, row.Target, row.Family, strconv.FormatUint(row.Seeds[k], 10), number(mean), ratio(mean)})
			}
		}
	}
	return csv.NewWriter(w).WriteAll(records)
}

// WriteJSON writes the whole report.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
