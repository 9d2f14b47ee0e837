package eval

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
)

// Report is the outcome of an evaluation, as it is printed and recorded.
type Report struct {
	Scenario  string   `json:"scenario"`
	Settings  any      `json:"settings"` // the resolved settings of the scenario
	Seeds     []uint64 `json:"seeds"`
	DurationS float64  `json:"duration_s"` // s, of an episode; 0: not set
	Results   []Result `json:"results"`

	// Statistics adds a table of what else is known of the seeds' means to the
	// text: interquartile means, probabilities of improvement, fairness of load.
	Statistics bool `json:"-"`

	Groups   []Group  `json:"groups,omitempty"`   // training runs of one recipe, summed up
	Warnings []string `json:"warnings,omitempty"` // doubts that are no single result's
	Notes    []string `json:"notes,omitempty"`    // what a target is, where its name does not say it
}

// WriteJSON writes the report as one indented object and a newline.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// csvHeader names the columns of WriteCSV.
func csvHeader() []string {
	return []string{
		"scenario", "target", "class", "seeds", "duration_s", "n", "failed", "mean", "sd",
		"p50", "p90", "p95", "p99", "p999", "mean_p95", "sd_p95", "mean_p99", "sd_p99",
		"baseline", "diff", "lo", "hi", "significant",
		"iqm", "iqm_lo", "iqm_hi", "improvement", "improvement_lo", "improvement_hi", "fairness", "sd_fairness",
	}
}

// WriteCSV writes one row per target and class under a header. Times are in
// s; seeds is their number. Columns are empty where there is no
// difference to the baseline, no interval or no fairness of load. Notes and warnings are not in it.
func (r *Report) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write(csvHeader()); err != nil {
		return err
	}
	for i := range r.Results {
		for j := range r.Results[i].Classes {
			if err := out.Write(r.csvRow(r.Results[i].Target, &r.Results[i].Classes[j])); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

func (r *Report) csvRow(target string, f *Figures) []string {
	row := []string{r.Scenario, target, f.Class, strconv.Itoa(len(r.Seeds)), exact(r.DurationS),
		strconv.FormatUint(f.N, 10), strconv.FormatUint(f.Failed, 10)}
	for _, x := range []float64{f.Mean, f.SD, f.P50, f.P90, f.P95, f.P99, f.P999,
		f.MeanP95, f.SDP95, f.MeanP99, f.SDP99} {
		row = append(row, exact(x))
	}
	if d := f.VsSED; d != nil {
		row = append(row, d.Baseline, exact(d.Diff), exact(d.Lo), exact(d.Hi), strconv.FormatBool(d.Significant))
	} else {
		row = append(row, "", "", "", "", "")
	}
	for _, e := range []*Estimate{f.IQM, f.Improvement} {
		if e != nil {
			row = append(row, exact(e.Value), exact(e.Lo), exact(e.Hi))
		} else {
			row = append(row, "", "", "")
		}
	}
	if f.PerSeedFairness == nil {
		return append(row, "", "")
	}
	return append(row, exact(f.Fairness), exact(f.SDFairness))
}

// exact writes x so that it reads back the same.
func exact(x float64) string {
	return strconv.FormatFloat(x, 'g', -1, 64)
}
