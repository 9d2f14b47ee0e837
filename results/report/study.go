package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"fairlb/eval/study"
	"fairlb/results/text"
)

// WriteStudyMarkdown writes what a study came to as a document: all means in one
// table, the bars, a table a scenario with the picture whose file picture names
// (none if it is empty), what training took, and what has not run yet.
func WriteStudyMarkdown(w io.Writer, r *study.Report, picture func(scenario string) string) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Study %s\n\n", r.Name)
	fmt.Fprintf(&b, "`%s`\n\n", r.Command)
	fmt.Fprintf(&b, "Training seeds %s; %d held-out episodes of %g s (seeds %s), the same arrivals for every row.\n",
		text.Seeds(r.TrainingSeeds), len(r.EvaluationSeeds), r.Duration, text.Seeds(r.EvaluationSeeds))
	b.WriteString("Completion times in s; a failed request counts at its timeout. Intervals: 95 %, over\n" +
		"training runs and evaluation seeds together (Student-t of the paired differences; heuristics have no training runs).\n\n")
	for _, warning := range r.Warnings {
		fmt.Fprintf(&b, "Warning: %s.\n\n", warning)
	}
	writeOverview(&b, r)
	writeBars(&b, r)
	for k := range r.Scenarios {
		writeOutcome(&b, r, &r.Scenarios[k], picture(r.Scenarios[k].Name))
	}
	writeSpeeds(&b, r)
	if len(r.Missing) > 0 {
		fmt.Fprintf(&b, "## Not run yet\n\n")
		for _, m := range r.Missing {
			fmt.Fprintf(&b, "- %s\n", m)
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// writeOverview writes a row a target and a column a scenario, of ratios to the
// baseline; the best method of each scenario is in bold.
func writeOverview(b *bytes.Buffer, r *study.Report) {
	fmt.Fprintf(b, "## At a glance\n\nMean completion time over %s's; bold: the least of the methods. IQM: the interquartile mean over scenarios and\n"+
		"training runs, with its 95 %% bootstrap interval over runs and seeds, scenarios being strata. Bars are judged by the\n"+
		"intervals of the tables below.\n\n", study.Baseline)
	header := []string{""}
	for _, o := range r.Scenarios {
		header = append(header, o.Name)
	}
	table := newMarkdownTable(append(header, "IQM")...)
	add := func(target string) {
		overall, ok := r.Overall(target)
		if !ok {
			return
		}
		cells := []string{target}
		for k := range r.Scenarios {
			cells = append(cells, overviewCell(&r.Scenarios[k], target))
		}
		table.row(append(cells, ratioText(overall))...)
	}
	for _, name := range r.Study.Heuristics {
		add(name)
	}
	for _, m := range r.Study.Methods {
		add(m.Name)
	}
	table.write(b)
}

// overviewCell writes the ratio of a target to the baseline in one scenario, bold if it
// is the best method's; it is empty if there is none.
func overviewCell(o *study.ScenarioOutcome, target string) string {
	outcome := o.Target(target)
	if outcome == nil {
		return ""
	}
	ratio, ok := outcome.Ratios[study.Baseline]
	switch {
	case !ok:
		return ""
	case outcome == o.BestMethod():
		return fmt.Sprintf("**%.3f**", ratio.Value)
	}
	return fmt.Sprintf("%.3f", ratio.Value)
}

// writeBars writes a row a verdict.
func writeBars(b *bytes.Buffer, r *study.Report) {
	if len(r.Verdicts) == 0 {
		return
	}
	b.WriteString("## Bars\n\nEach for the best method of a family in that scenario, chosen by the means reported here: a choice after the\n" +
		"fact, so that every method is in the tables below. \"surely\": the whole interval is on that side.\n\n")
	table := newMarkdownTable("scenario", "bar", "family", "best", "ratio", "verdict")
	for _, v := range r.Verdicts {
		verdict := "**missed**"
		if v.Met {
			verdict = "met"
		}
		if v.Significant() {
			verdict += ", surely"
		}
		table.row(v.Scenario, v.Rule, v.Family, v.Method, ratioText(v.Ratio), verdict)
	}
	table.write(b)
}

// writeOutcome writes what the targets of one scenario came to, a row a target.
func writeOutcome(b *bytes.Buffer, r *study.Report, o *study.ScenarioOutcome, picture string) {
	fmt.Fprintf(b, "## %s\n\n", o.Name)
	for _, c := range r.Study.Scenarios {
		if c.Name == o.Name {
			fmt.Fprintf(b, "%s\n\n", scenarioText(&c))
		}
	}
	if picture != "" {
		fmt.Fprintf(b, "![learning curves](%s)\n\n", picture)
	}
	others := []string{study.Baseline}
	for _, name := range []string{"lsq", "tuned"} {
		if slices.Contains(r.Study.Heuristics, name) {
			others = append(others, name)
		}
	}
	header := []string{"target", "runs", "mean"}
	for _, name := range others {
		header = append(header, "/ "+name)
	}
	table := newMarkdownTable(append(header, "p50", "p90", "p99", "failed")...)
	for _, row := range o.Targets {
		runs := ""
		if row.Family != "" {
			runs = strconv.Itoa(row.Runs)
		}
		cells := []string{row.Target, runs, fourDigits(row.Mean)}
		for _, name := range others {
			ratio := "" // a heuristic has none to itself
			if x, ok := row.Ratios[name]; ok {
				ratio = ratioText(x)
			}
			cells = append(cells, ratio)
		}
		table.row(append(cells, fourDigits(row.P50), fourDigits(row.P90), fourDigits(row.P99), fmt.Sprintf("%.3g %%", 100*row.Failed))...)
	}
	table.write(b)
}

// scenarioText says what a scenario of a study is made of.
func scenarioText(c *study.Scenario) string {
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

// writeSpeeds writes what training each method took.
func writeSpeeds(b *bytes.Buffer, r *study.Report) {
	if len(r.Speeds) == 0 {
		return
	}
	b.WriteString("## What training took\n\nA run has one core for its episodes and one for each load balancer's updates; several runs went on at once, so\n" +
		"that these say what the study cost, not what the code can do.\n\n")
	table := newMarkdownTable("method", "runs", "s a run", "env steps/s", "updates/s", "part of the time that is playing")
	for _, s := range r.Speeds {
		table.row(s.Method, strconv.Itoa(s.Runs), fixed(s.Seconds, 1), fixed(s.Steps, 0), fixed(s.Updates, 0), fixed(100*s.Playing, 0)+" %")
	}
	table.write(b)
}

// ratioText is a ratio with its interval, if there is one.
func ratioText(x study.Ratio) string {
	if !x.Known {
		return fmt.Sprintf("%.3f", x.Value)
	}
	return fmt.Sprintf("%.3f [%.3f, %.3f]", x.Value, x.Lo, x.Hi)
}

// fourDigits writes a time in s with four significant digits, or with more from
// 100 s on.
func fourDigits(x float64) string {
	switch {
	case x < 1:
		return fmt.Sprintf("%.4f", x)
	case x < 10:
		return fmt.Sprintf("%.3f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

// WriteStudyCSV writes a tidy file: a header, then one record a heuristic or
// training run of a scenario, numbers in full precision.
func WriteStudyCSV(w io.Writer, r *study.Report) error {
	records := [][]string{{"scenario", "target", "family", "training_seed", "mean_s", "ratio_to_" + study.Baseline}}
	for _, o := range r.Scenarios {
		base := 0.0
		for _, row := range o.Targets {
			if row.Target == study.Baseline {
				base = row.Mean
			}
		}
		ratio := func(mean float64) string {
			if base == 0 {
				return ""
			}
			return text.Exact(mean / base)
		}
		for _, row := range o.Targets {
			if row.Family == "" {
				records = append(records, []string{o.Name, row.Target, "", "", text.Exact(row.Mean), ratio(row.Mean)})
			}
			for k, mean := range row.PerRun {
				records = append(records, []string{o.Name, row.Target, row.Family, strconv.FormatUint(row.TrainingSeeds[k], 10), text.Exact(mean), ratio(mean)})
			}
		}
	}
	return csv.NewWriter(w).WriteAll(records)
}

// WriteStudyJSON writes all that a study came to as one object.
func WriteStudyJSON(w io.Writer, r *study.Report) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
