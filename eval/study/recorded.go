package study

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/gonum/stat"

	"fairlb/env/file"
	"fairlb/eval"
)

// ErrRecorded reports a recorded study that cannot be read back or joined.
var ErrRecorded = errors.New("study: recorded study")

// Recorded is what the CSV of a study (report.WriteStudyCSV) keeps of it: the
// mean completion time of every heuristic and of every training run.
type Recorded struct {
	Scenarios []RecordedScenario // in the order of the file
}

// RecordedScenario is one scenario of a recorded study.
type RecordedScenario struct {
	Name    string
	Targets []RecordedTarget // in the order of the file; the baseline is among them
}

// RecordedTarget is one heuristic, or the training runs of one method.
type RecordedTarget struct {
	Name   string
	Family string    // empty of a heuristic
	Means  []float64 // s, by training run; of a heuristic a single one
}

// Trained says whether the target is a method.
func (t *RecordedTarget) Trained() bool { return t.Family != "" }

// Target returns a target of the scenario; nil without one.
func (s *RecordedScenario) Target(name string) *RecordedTarget {
	for k := range s.Targets {
		if s.Targets[k].Name == name {
			return &s.Targets[k]
		}
	}
	return nil
}

// Ratio returns the mean completion time of a target over the baseline's on the
// same arrivals. A method of two or more training runs has the 95 % Student-t
// interval over them; a heuristic is not trained and has none. ok is false of a
// target that the scenario lacks.
func (s *RecordedScenario) Ratio(name string) (ratio Ratio, ok bool) {
	t, base := s.Target(name), s.Target(Baseline)
	if t == nil || base == nil {
		return Ratio{}, false
	}
	ratios := make([]float64, len(t.Means))
	for k, mean := range t.Means {
		ratios[k] = mean / base.Means[0]
	}
	if len(ratios) == 1 {
		return Ratio{Value: ratios[0]}, true
	}
	mean, lo, hi := eval.MeanInterval(ratios)
	return Ratio{mean, lo, hi, true}, true
}

// Overall returns the interquartile mean of a target's ratios to the baseline over
// all scenarios and training runs. The interval is over training runs, the scenarios
// being strata: what each seed came to is not recorded. ok is false of a target that
// a scenario lacks.
func (r *Recorded) Overall(name string) (overall Ratio, ok bool) {
	var strata []eval.Stratum
	for k := range r.Scenarios {
		t, base := r.Scenarios[k].Target(name), r.Scenarios[k].Target(Baseline)
		if t == nil || base == nil {
			return Ratio{}, false
		}
		stratum := eval.Stratum{Base: base.Means[:1]}
		for _, mean := range t.Means {
			stratum.Runs = append(stratum.Runs, []float64{mean})
		}
		strata = append(strata, stratum)
	}
	iqm := eval.StratifiedIQM(strata)
	return Ratio{iqm.Value, iqm.Lo, iqm.Hi, !math.IsNaN(iqm.Lo)}, len(strata) > 0
}

// Best returns the heuristic of the least mean among those named; nil without any.
func (s *RecordedScenario) Best(names []string) *RecordedTarget {
	var best *RecordedTarget
	for k := range s.Targets {
		t := &s.Targets[k]
		if t.Trained() || !slices.Contains(names, t.Name) {
			continue
		}
		if best == nil || stat.Mean(t.Means, nil) < stat.Mean(best.Means, nil) {
			best = t
		}
	}
	return best
}

// Targets lists what the studies compare to the baseline, in the order in which it
// first appears.
func (r *Recorded) Targets() []string {
	var names []string
	for _, s := range r.Scenarios {
		for _, t := range s.Targets {
			if t.Name != Baseline && !slices.Contains(names, t.Name) {
				names = append(names, t.Name)
			}
		}
	}
	return names
}

// ReadFiles reads the CSV files of studies and joins them.
func ReadFiles(paths []string) (*Recorded, error) {
	all := &Recorded{}
	for _, path := range paths {
		one, err := readFile(path)
		if err == nil {
			err = all.Join(one)
		}
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

func readFile(path string) (*Recorded, error) {
	f, err := file.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadCSV(path, f)
}

// ReadCSV reads back the CSV of a study. Columns are found by their names, so
// that a file with more of them is read too. Errors begin with the file's name.
func ReadCSV(name string, r io.Reader) (*Recorded, error) {
	records, err := csv.NewReader(r).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrRecorded, name, err)
	}
	if len(records) == 0 {
		return nil, fmt.Errorf("%w: %s: is empty", ErrRecorded, name)
	}
	var columns [4]int
	for k, column := range []string{"scenario", "target", "family", "mean_s"} {
		if columns[k] = slices.Index(records[0], column); columns[k] < 0 {
			return nil, fmt.Errorf("%w: %s: has no column %q: must be the study.csv of a study", ErrRecorded, name, column)
		}
	}
	out := &Recorded{}
	for line, record := range records[1:] {
		scenario, target, family := record[columns[0]], record[columns[1]], record[columns[2]]
		mean, err := strconv.ParseFloat(record[columns[3]], 64)
		if err != nil || math.IsInf(mean, 0) || !(mean > 0) {
			return nil, fmt.Errorf("%w: %s: record %d: mean_s = %q: must be a positive number", ErrRecorded, name, line+2, record[columns[3]])
		}
		s := out.scenario(scenario)
		t := s.Target(target)
		if t == nil {
			s.Targets = append(s.Targets, RecordedTarget{Name: target, Family: family})
			t = &s.Targets[len(s.Targets)-1]
		} else if t.Family != family || family == "" {
			return nil, fmt.Errorf("%w: %s: record %d: %s comes twice in %s", ErrRecorded, name, line+2, target, scenario)
		}
		t.Means = append(t.Means, mean)
	}
	for _, s := range out.Scenarios {
		if s.Target(Baseline) == nil {
			return nil, fmt.Errorf("%w: %s: %s lacks %s, to which all is compared", ErrRecorded, name, s.Name, Baseline)
		}
	}
	return out, nil
}

// scenario returns the scenario of that name, which is added if need be.
func (r *Recorded) scenario(name string) *RecordedScenario {
	for k := range r.Scenarios {
		if r.Scenarios[k].Name == name {
			return &r.Scenarios[k]
		}
	}
	r.Scenarios = append(r.Scenarios, RecordedScenario{Name: name})
	return &r.Scenarios[len(r.Scenarios)-1]
}

// Join adds a study that was recorded at another time. Its methods take the
// place of those of the same names. Every heuristic that both have must have come
// to the same mean, to the last digit: else they did not meet the same arrivals,
// or the simulator changed in between, and the two must not stand side by side.
func (r *Recorded) Join(other *Recorded) error {
	for _, from := range other.Scenarios {
		to := r.scenario(from.Name)
		for _, t := range from.Targets {
			mine := to.Target(t.Name)
			switch {
			case mine == nil:
				to.Targets = append(to.Targets, t)
			case mine.Trained() != t.Trained():
				return fmt.Errorf("%w: %s is a heuristic in one and a method in the other", ErrRecorded, t.Name)
			case t.Trained():
				*mine = t
			case mine.Means[0] != t.Means[0]:
				return fmt.Errorf("%w: %s in %s took %g s in one and %g s in the other: they did not meet the same arrivals", ErrRecorded, t.Name, from.Name, mine.Means[0], t.Means[0])
			}
		}
	}
	return nil
}
