package figure

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
)

// errKept reports kept data that no episode comes to.
var errKept = errors.New("figure: kept data that no episode comes to")

// keptRequests is a CompletionRecorder in JSON, by class, in whole microseconds.
type keptRequests struct {
	Done   [][]int64 `json:"done_us"`
	Failed [][]int64 `json:"failed_us"`
}

// microseconds rounds times.
func microseconds(list [][]float64) [][]int64 {
	out := make([][]int64, len(list))
	for k, times := range list {
		out[k] = make([]int64, len(times))
		for i, x := range times {
			out[k][i] = int64(math.Round(1e6 * x))
		}
	}
	return out
}

// seconds is the inverse of microseconds; ok is false of times below 0.
func seconds(list [][]int64) (out [][]float64, ok bool) {
	out = make([][]float64, len(list))
	for k, times := range list {
		for _, x := range times {
			if x < 0 {
				return nil, false
			}
			out[k] = append(out[k], float64(x)/1e6)
		}
	}
	return out, true
}

// MarshalJSON writes what was recorded.
func (r *CompletionRecorder) MarshalJSON() ([]byte, error) {
	return json.Marshal(keptRequests{microseconds(r.done), microseconds(r.failed)})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (r *CompletionRecorder) UnmarshalJSON(data []byte) error {
	var kept keptRequests
	if err := json.Unmarshal(data, &kept); err != nil {
		return err
	}
	done, ok := seconds(kept.Done)
	failed, also := seconds(kept.Failed)
	if !ok || !also || len(done) != len(failed) {
		return errKept
	}
	r.done, r.failed = done, failed
	return nil
}

// Alike says whether two recorders have the same number of classes.
func (r *CompletionRecorder) Alike(other *CompletionRecorder) bool {
	return len(r.done) == len(other.done)
}

// keptTimeline is a Timeline in JSON, of which only the samples are left.
type keptTimeline struct {
	Interval float64                        `json:"interval_s"`
	Values   [NumServerMeasures][][]float64 `json:"values"` // by measure, group and sample
}

// MarshalJSON writes the samples.
func (t *Timeline) MarshalJSON() ([]byte, error) {
	return json.Marshal(keptTimeline{t.interval, t.values})
}

// UnmarshalJSON reads what MarshalJSON wrote: a timeline that can be summed up, and not
// gone on with.
func (t *Timeline) UnmarshalJSON(data []byte) error {
	var kept keptTimeline
	if err := json.Unmarshal(data, &kept); err != nil {
		return err
	}
	*t = Timeline{interval: kept.Interval, values: kept.Values}
	return nil
}

// Alike says whether two timelines have samples of the same times and groups.
func (t *Timeline) Alike(other *Timeline) bool {
	for m := range t.values {
		if !slices.EqualFunc(t.values[m], other.values[m], func(a, b []float64) bool { return len(a) == len(b) }) {
			return false
		}
	}
	return t.interval == other.interval
}
