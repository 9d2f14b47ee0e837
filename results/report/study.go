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
	b.WriteString("Completion times in s; a failed request counts at its timeout. Methods: mean over training runs, with the\n" +
		"95 % Student-t interval over training runs, on these same evaluation seeds; heuristics: interval over evaluation seeds.\n\n")
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
		"training runs, with its 95 %% bootstrap interval, scenarios being strata (which of five runs holds about 91 %% of the\n"+
		"time: bars are judged by the Student-t intervals below).\n\n| |", study.Baseline)
	rule := "|---|"
	for _, o := range r.Scenarios {
		fmt.Fprintf(b, " %s |", o.Name)
		rule += "---|"
	}
	fmt.Fprintf(b, " IQM |\n%s---|\n", rule)
	line := func(target string) {
		overall, ok := r.Overall(target)
		if !ok {
			return
		}
		cells := "| " + target + " |"
		for k := range r.Scenarios {
			o, cell := &r.Scenarios[k], ""
			if row := o.Target(target); row != nil {
				if ratio, ok := row.Ratios[study.Baseline]; ok {
					cell = fmt.Sprintf("%.3f", ratio.Value)
					if row == o.BestMethod() {
						cell = "**" + cell + "**"
					}
				}
			}
			cells += " " + cell + " |"
		}
		b.WriteString(cells + " " + ratioText(overall) + " |\n")
	}
	for _, name := range r.Study.Heuristics {
		line(name)
	}
	for _, m := range r.Study.Methods {
		line(m.Name)
	}
	b.WriteByte('\n')
}

// writeBars writes a row a verdict.
func writeBars(b *bytes.Buffer, r *study.Report) {
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
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s |\n", v.Scenario, v.Rule, v.Family, v.Method, ratioText(v.Ratio), verdict)
	}
	b.WriteByte('\n')
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
	b.WriteString("| target | runs | mean |")
	for _, name := range others {
		fmt.Fprintf(b, " / %s |", name)
	}
	b.WriteString(" p50 | p90 | p99 | failed |\n|---|---|---|" + strings.Repeat("---|", len(others)) + "---|---|---|---|\n")
	for _, row := range o.Targets {
		runs := ""
		if row.Family != "" {
			runs = strconv.Itoa(row.Runs)
		}
		fmt.Fprintf(b, "| %s | %s | %s |", row.Target, runs, fourDigits(row.Mean))
		for _, name := range others {
			text := "" // of itself
			if ratio, ok := row.Ratios[name]; ok {
				text = ratioText(ratio)
			}
			fmt.Fprintf(b, " %s |", text)
		}
		fmt.Fprintf(b, " %s | %s | %s | %.3g %% |\n", fourDigits(row.P50), fourDigits(row.P90), fourDigits(row.P99), 100*row.Failed)
	}
	b.WriteByte('\n')
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
	b.WriteString("| method | runs | s a run | env steps/s | updates/s | part of the time that is playing |\n|---|---|---|---|---|---|\n")
	for _, s := range r.Speeds {
		fmt.Fprintf(b, "| %s | %d | %.1f | %.0f | %.0f | %.0f %% |\n", s.Method, s.Runs, s.Seconds, s.Steps, s.Updates, 100*s.Playing)
	}
	b.WriteByte('\n')
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
