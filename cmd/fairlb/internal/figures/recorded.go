package figures

import (
	"bufio"
	"io"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/eval"
	"fairlb/eval/figure"
	"fairlb/eval/fit"
	"fairlb/eval/paper"
	"fairlb/eval/rows"
	"fairlb/eval/theory/complexity"
	"fairlb/results/chart"
)

// Simulated ends the name of a target that was simulated beside the same one live.
const Simulated = " sim"

// DrawRecorded draws the picture of a file that was made beside it: a CSV file of figure
// 2a, 2b, 4b, 8, 9, 10a, 10b, 11 or 12a, of the fit of the web mix, of Table 7, of learning
// curves, or of a table of results: over the rate of one by traffic rates, the ratios to SED
// of another. Which one, its columns say. A JSON file is an evaluation. format is png, svg
// or pdf; name is what errors call the file.
func DrawRecorded(w io.Writer, name string, r io.Reader, format string) error {
	recorded := bufio.NewReader(r)
	if first, _ := recorded.Peek(1); string(first) == "{" {
		e, err := eval.ReadJSON(name, recorded)
		if err != nil {
			return invalid.Errorf("%w", err)
		}
		return DrawEvaluation(w, e, format)
	}
	file, err := rows.Read(name, recorded)
	if err != nil {
		return invalid.Errorf("%w", err)
	}
	var draw func() error
	switch {
	case file.Has("work_ratio", "best_fixed_ratio"):
		var f *figure.FairWeights
		if f, err = figure.FairWeightsOf(file); err == nil {
			f.Tolerance = fairTolerance
			draw = func() error { return chart.DrawFairWeights(w, f, format) }
		}
	case file.Has("memory_bytes", "lbs"):
		var f *figure.BufferGrowth
		if f, err = figure.BufferGrowthOf(file); err == nil {
			draw = func() error { return chart.DrawBufferGrowth(w, f, format) }
		}
	case file.Has("probes_per_s", "spearman_across"):
		var f *figure.Probing
		if f, err = figure.ProbingOf(file); err == nil {
			draw = func() error { return chart.DrawProbing(w, f, format) }
		}
	case file.Has("busy_workers_per_server", "changes_s"):
		var d *figure.CapacityChange
		if d, err = figure.CapacityChangeOf(file); err == nil {
			draw = func() error { return chart.DrawCapacityChangeServers(w, d, format) }
		}
	case file.Has("message_bytes", "answered"):
		var f *figure.CommunicationLatency
		if f, err = figure.CommunicationLatencyOf(file); err == nil {
			draw = func() error { return chart.DrawCommunicationLatency(w, f, format) }
		}
	case file.Has("way", "socket_bytes"):
		var f *figure.CollectionLatency
		if f, err = figure.CollectionLatencyOf(file); err == nil {
			draw = func() error { return chart.DrawCollectionLatency(w, f, format) }
		}
	case file.Has("case", "longest_done_s"):
		var f *figure.CompletionDistributions
		if f, err = figure.CompletionDistributionsOf(file); err == nil {
			draw = func() error { return chart.DrawCompletionDistributions(w, f, format) }
		}
	case file.Has("published_mean", "log_ratio"):
		var before, after []fit.Residual
		if before, after, err = fit.ResidualsOf(file); err == nil {
			draw = func() error { return chart.DrawFit(w, before, after, format) }
		}
	case file.Has("table", "ratio", "published_ratio"):
		var f *paper.Filled
		if f, err = paper.FilledOf(file); err == nil {
			draw = func() error { return drawTable(w, f, format) }
		}
	case file.Has("weighted_duration", "reading"):
		var f *figure.WeightedDurations
		if f, err = figure.WeightedDurationsOf(file); err == nil {
			draw = func() error { return chart.DrawWeightedDurations(w, f, format) }
		}
	case file.Has("concurrency", "model_throughput_per_s"):
		var f *figure.ServiceCurve
		if f, err = figure.ServiceCurveOf(file); err == nil {
			draw = func() error { return chart.DrawServiceCurve(w, f, format) }
		}
	case file.Has("training_seed", "validation_s"):
		var l *figure.Learning
		if l, err = figure.LearningOf(file); err == nil {
			draw = func() error { return chart.DrawLearningCurves(w, l, format) }
		}
	case file.Has("operation", "rounds_ns"):
		var m *complexity.Measurement
		if m, err = figure.ComplexityOf(file); err == nil {
			draw = func() error { return chart.DrawComplexity(w, m, format) }
		}
	default:
		err = invalid.Errorf("%s: must be the CSV of figure 2a, 2b, 4b, 8, 9, 10a, 10b, 11 or 12a, of fit web-mix, of testbed curve, of theory complexity, of plot or of a table, or the JSON of an evaluation", name)
	}
	if err != nil {
		return invalid.Errorf("%w", err)
	}
	return draw()
}

// DrawEvaluation draws the means of an evaluation, those that were simulated beside those
// that were live.
func DrawEvaluation(w io.Writer, e *eval.Evaluation, format string) error {
	return chart.DrawMeans(w, chart.EvaluationMeans(e, Simulated, "simulated"), format)
}

// drawTable draws the picture of a recorded table.
func drawTable(w io.Writer, f *paper.Filled, format string) error {
	if f.ByRate() {
		return chart.DrawTableRates(w, f, format)
	}
	return chart.DrawTableRatios(w, f, format)
}
