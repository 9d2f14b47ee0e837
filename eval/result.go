package eval

import (
	"bytes"
	"encoding/json"
	"fmt"
)

const (
	// AllClasses is the class of all requests, whatever their own is.
	AllClasses = "all"
	// DefaultBaseline is the target that others are compared to.
	DefaultBaseline = "sed"
)

// Result is what one target came to over all seeds.
type Result struct {
	Target   string   `json:"target"`
	Recipe   string   `json:"recipe,omitempty"`   // the same for training runs that differ in their seed alone; empty of a heuristic
	Classes  Classes  `json:"classes"`            // AllClasses first, then in the order of the environment's classes
	Warnings []string `json:"warnings,omitempty"` // doubts about these figures

	// RepeatsTraining names the result before this one that is of the same training,
	// which is known by its settings and seed: the run's last policy, say, where this
	// is its best. Whatever counts training runs counts the first alone.
	RepeatsTraining string `json:"repeats_training,omitempty"`

	// Live says that the figures are of real traffic, in real time, and not the simulator's.
	Live bool `json:"live,omitempty"`

	// NoMeasurement says why the figures are none, each time that the episode was played:
	// the machine did not keep up.
	NoMeasurement []string `json:"no_measurement,omitempty"`

	// OneWorkload says that all seeds had the same arrivals. They are then no
	// replicates: no interval over seeds is made of them.
	OneWorkload bool `json:"one_workload,omitempty"`
}

// Class returns the figures of a class; nil where it had no requests.
func (r *Result) Class(name string) *Figures {
	for i := range r.Classes {
		if r.Classes[i].Class == name {
			return &r.Classes[i]
		}
	}
	return nil
}

// SetOneWorkload says that all seeds had the same arrivals, and takes away what is
// known of other seeds.
func (r *Result) SetOneWorkload() {
	r.OneWorkload = true
	for i := range r.Classes {
		r.Classes[i].IQM, r.Classes[i].VsSED, r.Classes[i].Improvement = nil, nil, nil
	}
}

// Compare sets the differences of r to the baseline, which may be r itself.
func (r *Result) Compare(baseline *Result) {
	for i := range r.Classes {
		f := &r.Classes[i]
		base := baseline.Class(f.Class)
		f.IsBaseline = f == base
		if base == nil || f.IsBaseline || r.OneWorkload {
			continue
		}
		diffs, bases := pairs(f.PerSeed, base.PerSeed)
		f.VsSED = newDifference(baseline.Target, bases, diffs)
		f.Improvement = clusterEstimate(singletons(diffs), improvement)
	}
}

// Figures are what one target came to for one class of requests. Times are completion
// times in s; failures count in all of them at their timeout, but for Completed.
type Figures struct {
	Class  string `json:"-"`
	N      uint64 `json:"n"`      // requests of all seeds
	Failed uint64 `json:"failed"` // those of them that failed

	Mean float64 `json:"mean"` // mean over seeds of the seeds' means
	SD   float64 `json:"sd"`   // sample standard deviation of those; 0 with one seed

	// Quantiles of the requests of all seeds together.
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P95  float64 `json:"p95"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`

	// Mean and standard deviation over seeds of the seeds' own quantiles,
	// as Tables 12, 13 and 16 print them.
	MeanP95 float64 `json:"mean_p95"`
	SDP95   float64 `json:"sd_p95"`
	MeanP99 float64 `json:"mean_p99"`
	SDP99   float64 `json:"sd_p99"`

	// IQM is the interquartile mean of the seeds' means, its interval that of
	// resampled seeds. It is nil with fewer than two seeds or one workload.
	IQM *Estimate `json:"iqm"`

	// Fairness is how evenly the servers are loaded, over all classes: the
	// mean and sample standard deviation over seeds of Jain's index of the
	// servers' remaining work over their capacity. 0 where it is not known.
	Fairness        float64 `json:"fairness,omitempty"`
	SDFairness      float64 `json:"sd_fairness,omitempty"`
	PerSeedFairness Series  `json:"per_seed_fairness,omitempty"`

	// In the order of the seeds: means, the seeds' own quantiles, and the numbers
	// of requests and of those that failed.
	PerSeed       Series   `json:"per_seed"`
	PerSeedP50    Series   `json:"per_seed_p50,omitempty"`
	PerSeedP90    Series   `json:"per_seed_p90,omitempty"`
	PerSeedP95    Series   `json:"per_seed_p95"`
	PerSeedP99    Series   `json:"per_seed_p99"`
	PerSeedP999   Series   `json:"per_seed_p999,omitempty"`
	PerSeedN      []uint64 `json:"per_seed_n,omitempty"`
	PerSeedFailed []uint64 `json:"per_seed_failed,omitempty"`

	// Completed are the figures without the requests that failed, as the paper's
	// tables have them. It is nil in evaluations that were made before these were
	// kept; CompletedFigures knows what can be said of those.
	Completed *Completed `json:"completed,omitempty"`

	// VsSED is the paired difference of the seeds' means to the baseline's,
	// which is SED unless the command says otherwise. It is nil on the baseline
	// itself (IsBaseline), where the baseline is not among the targets, where
	// fewer than two seeds have both values, and with one workload.
	VsSED *Difference `json:"vs_sed,omitempty"`

	// Improvement is the probability of improvement over the baseline: the part
	// of the seeds whose mean is less than the baseline's, equals counting half.
	// It is nil where VsSED is.
	Improvement *Estimate `json:"improvement,omitempty"`

	// IsBaseline says that these are the baseline's figures.
	IsBaseline bool `json:"baseline,omitempty"`
}

// Completed are figures of the requests of one class that did not fail, in s and in the
// order of the seeds. A seed in which none completed has no value.
type Completed struct {
	PerSeed    Series `json:"per_seed"` // means
	PerSeedP95 Series `json:"per_seed_p95"`
	PerSeedP99 Series `json:"per_seed_p99"`
}

// CompletedFigures returns the figures without the requests that failed. Where they were
// not kept and no request failed, they are those of all requests; ok is false where
// they were not kept and some failed.
func (f *Figures) CompletedFigures() (c Completed, ok bool) {
	switch {
	case f.Completed != nil:
		return *f.Completed, true
	case f.Failed == 0:
		return Completed{PerSeed: f.PerSeed, PerSeedP95: f.PerSeedP95, PerSeedP99: f.PerSeedP99}, true
	}
	return Completed{}, false
}

// Classes are the figures of each class. In JSON they are an object from the name of a
// class to its figures, whose order is kept.
type Classes []Figures

// MarshalJSON writes an object from class to figures, in order.
func (c Classes) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, figures := range c {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(figures.Class)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(figures)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON reads an object from class to figures, in order.
func (c *Classes) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if open, err := d.Token(); err != nil {
		return err
	} else if open != json.Delim('{') {
		return fmt.Errorf("eval: classes are %v, want an object", open)
	}
	*c = nil
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var figures Figures
		if err := d.Decode(&figures); err != nil {
			return err
		}
		figures.Class = name.(string) // a key of an object is a string
		*c = append(*c, figures)
	}
	return nil
}
