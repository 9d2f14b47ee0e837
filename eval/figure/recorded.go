package figure

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"fairlb/eval/rows"
)

// FairWeightsOf reads back what report.WriteFairWeightsCSV wrote. The ratios of each
// profile are their recorded quantiles, each 5 %, which have the same quantiles;
// seeds, durations and Tolerance are not recorded.
func FairWeightsOf(file *rows.File) (*FairWeights, error) {
	f := &FairWeights{}
	err := file.Each(func(r *rows.Record) {
		name := r.Text("application")
		if n := len(f.Profiles); n == 0 || f.Profiles[n-1].Name != name {
			f.Profiles = append(f.Profiles, FairWeightsProfile{
				Name: name, Scenario: r.Text("scenario"), BestFixed: r.Number("best_fixed_ratio"),
				LeastGood: r.Number("best_fixed_low"), GreatestGood: r.Number("best_fixed_high"), Processors: r.Number("processors_ratio"),
			})
		}
		r.Same("window_s")
		f.Window = r.Number("window_s")
		p := &f.Profiles[len(f.Profiles)-1]
		p.WorkRatios = append(p.WorkRatios, r.Number("work_ratio"))
		p.RequestRatios = append(p.RequestRatios, r.Number("requests_ratio"))
		if !slices.IsSorted(p.WorkRatios) {
			r.Refuse("work_ratio", "must not be below the quantile before it")
		}
	})
	return f, err
}

// BufferGrowthOf reads back what report.WriteBufferGrowthCSV wrote.
func BufferGrowthOf(file *rows.File) (*BufferGrowth, error) {
	f := &BufferGrowth{}
	err := file.Each(func(r *rows.Record) {
		r.Same("scenario", "method", "episode_s")
		f.Scenario, f.Method, f.Duration = r.Text("scenario"), r.Text("method"), r.Number("episode_s")
		agents := r.Count("lbs")
		if n := len(f.Buffers); n == 0 || f.Buffers[n-1].Agents != agents {
			f.Buffers = append(f.Buffers, BufferCurve{Agents: agents, Servers: r.Count("servers"), Features: r.Count("features")})
		}
		b := &f.Buffers[len(f.Buffers)-1]
		b.Points = append(b.Points, BufferSize{
			Episodes: r.Count("episodes"), Transitions: r.Count("transitions"), Memory: r.Count("memory_bytes"), Saved: r.Count("saved_bytes"),
		})
	})
	return f, err
}

// LearningOf reads back what report.WriteLearningCSV wrote.
func LearningOf(file *rows.File) (*Learning, error) {
	l := &Learning{}
	err := file.Each(func(r *rows.Record) {
		r.Same("scenario")
		l.Scenario = r.Text("scenario")
		name, mean := r.Text("target"), r.Number("validation_s")
		if mean <= 0 {
			r.Refuse("validation_s", "must be above 0")
		}
		if r.Text("training_seed") == "" {
			l.Levels = append(l.Levels, ReferenceLevel{name, mean})
			return
		}
		if n := len(l.Methods); n == 0 || l.Methods[n-1].Name != name {
			l.Methods = append(l.Methods, MethodCurves{Name: name})
		}
		m := &l.Methods[len(l.Methods)-1]
		seed, episodes := uint64(r.Count("training_seed")), float64(r.Count("episodes"))
		if n := len(m.Curves); n == 0 || m.Curves[n-1].Seed != seed {
			m.Curves = append(m.Curves, LearningCurve{Seed: seed, Greedy: true})
		}
		c := &m.Curves[len(m.Curves)-1]
		if n := len(c.Episodes); episodes == 0 || n > 0 && episodes <= c.Episodes[n-1] {
			r.Refuse("episodes", "must be above 0 and rise")
		}
		c.Episodes, c.Completion = append(c.Episodes, episodes), append(c.Completion, mean)
	})
	return l, err
}

// ProbingOf reads back what report.WriteProbingCSV wrote, but for the notes.
func ProbingOf(file *rows.File) (*Probing, error) {
	f := &Probing{}
	err := file.Each(func(r *rows.Record) {
		r.Same("environment", "scenario", "target", "servers", "lbs", "episode_s", "episodes")
		f.Live = recordedLive(r)
		f.Scenario, f.Target, f.Servers, f.LBs = r.Text("scenario"), r.Text("target"), r.Count("servers"), r.Count("lbs")
		f.Duration, f.Seeds = r.Number("episode_s"), r.Count("episodes")
		p := ProbingPoint{
			Frequency: r.Number("probes_per_s"), Measure: r.Text("measure"),
			RMSE: recordedEstimate(r, "rmse"), Relative: recordedEstimate(r, "relative_rmse"), Spearman: recordedEstimate(r, "spearman"), Across: recordedEstimate(r, "spearman_across"),
			Traffic: ProbeTraffic{Answers: r.Number("answers_bit_s"), Payload: r.Number("payload_bit_s"), Wire: r.Number("wire_bit_s")},
		}
		if p.Frequency < 0 {
			r.Refuse("probes_per_s", "must not be negative")
		}
		f.Points = append(f.Points, p)
	})
	if err == nil {
		if err = f.Check(); err != nil {
			err = fmt.Errorf("%w: %s: %w", rows.ErrUnreadable, file.Name, err)
		}
	}
	return f, err
}

// recordedLive says whether a record is of real traffic.
func recordedLive(r *rows.Record) bool {
	environment := r.Text("environment")
	if environment != LiveEnvironment && environment != SimulatedEnvironment {
		r.Refuse("environment", fmt.Sprintf("must be %s or %s", SimulatedEnvironment, LiveEnvironment))
	}
	return environment == LiveEnvironment
}

// CapacityChangeOf reads back what report.WriteCapacityChangeServersCSV wrote: the state
// of the servers. Completion times are in another file, and which seeds they were is not
// recorded, only how many.
func CapacityChangeOf(file *rows.File) (*CapacityChange, error) {
	d := &CapacityChange{}
	err := file.Each(func(r *rows.Record) {
		r.Same("scenario", "environment", "changes_s", "seeds")
		if len(d.Targets) == 0 && !d.setEpisodes(r) {
			return
		}
		name, group := r.Text("target"), r.Text("servers")
		if n := len(d.Targets); n == 0 || d.Targets[n-1].Name != name {
			d.Targets = append(d.Targets, CapacityChangeTarget{Name: name})
		}
		t := &d.Targets[len(d.Targets)-1]
		g := slices.Index(d.Groups, group)
		if g < 0 && len(d.Targets) == 1 {
			g = len(d.Groups)
			d.Groups = append(d.Groups, group)
		}
		if n := len(t.Servers[0]); g < 0 || g != n-1 && g != n {
			r.Refuse("servers", "must be the groups of the first target, in their order")
			return
		}
		for m := range NumServerMeasures {
			if g == len(t.Servers[m]) {
				t.Servers[m] = append(t.Servers[m], Band{})
			}
			band := &t.Servers[m][g]
			band.Mean, band.SD = append(band.Mean, r.Number(m.Name())), append(band.SD, r.Number(m.Name()+"_sd"))
		}
		n, end := len(t.Servers[0][g].Mean), r.Number("time_s")
		if d.Interval == 0 {
			d.Interval = end
		}
		if !(d.Interval > 0) || math.Abs(end-d.Interval*float64(n)) > 1e-6*end {
			r.Refuse("time_s", "must be the end of the next interval")
		}
		d.Duration = max(d.Duration, end)
	})
	if err == nil {
		for _, t := range d.Targets {
			for m := range t.Servers {
				if len(t.Servers[m]) != len(d.Groups) || slices.ContainsFunc(t.Servers[m], func(b Band) bool { return len(b.Mean) != len(d.Targets[0].Servers[0][0].Mean) }) {
					return nil, fmt.Errorf("%w: %s: %s has other servers or times than %s", rows.ErrUnreadable, file.Name, t.Name, d.Targets[0].Name)
				}
			}
		}
	}
	return d, err
}

// setEpisodes sets what is the same for all records: which episodes were played. It says
// whether there is no fault.
func (d *CapacityChange) setEpisodes(r *rows.Record) bool {
	seeds := r.Count("seeds")
	if seeds == 0 || seeds > mostSeeds {
		r.Refuse("seeds", fmt.Sprintf("must be in [1, %d]", mostSeeds))
		return false
	}
	d.Scenario, d.Live, d.Seeds = r.Text("scenario"), recordedLive(r), make([]uint64, seeds)
	for _, at := range strings.Fields(r.Text("changes_s")) {
		x, err := strconv.ParseFloat(at, 64)
		if err != nil || !(x > 0) || math.IsInf(x, 0) {
			r.Refuse("changes_s", "must be times above 0")
			return false
		}
		d.Changes = append(d.Changes, x)
	}
	return true
}

// mostSeeds is how many seeds a recorded figure can have.
const mostSeeds = 1000000

// recordedEstimate reads a mean and its interval. What does not exist is empty.
func recordedEstimate(r *rows.Record, column string) Estimate {
	number := func(column string) float64 {
		if r.Text(column) == "" {
			return math.NaN()
		}
		return r.Number(column)
	}
	return Estimate{number(column), number(column + "_low"), number(column + "_high")}
}

// CompletionDistributionsOf reads back what report.WriteCompletionDistributionsCSV wrote.
// Seeds and durations are not recorded.
func CompletionDistributionsOf(file *rows.File) (*CompletionDistributions, error) {
	d := &CompletionDistributions{}
	err := file.Each(func(r *rows.Record) {
		name, class := r.Text("case"), r.Text("class")
		if n := len(d.Cases); n == 0 || d.Cases[n-1].Name != name {
			d.Cases = append(d.Cases, CaseDistributions{Name: name, Scenario: r.Text("scenario")})
		}
		c := &d.Cases[len(d.Cases)-1]
		if n := len(c.Classes); n == 0 || c.Classes[n-1] != class {
			c.Classes = append(c.Classes, class)
		}
		t := c.target(r.Text("target"), r.Count("runs"))
		for len(t.ByClass) < len(c.Classes) { // without requests of the classes before
			t.ByClass = append(t.ByClass, Distribution{})
		}
		t.ByClass[len(c.Classes)-1].setRecorded(r)
	})
	if err == nil {
		err = d.checkRecorded(file)
	}
	return d, err
}

// target returns the target of a name, which it adds if there is none.
func (c *CaseDistributions) target(name string, runs int) *TargetDistributions {
	k := slices.IndexFunc(c.Targets, func(t TargetDistributions) bool { return t.Name == name })
	if k < 0 {
		k = len(c.Targets)
		c.Targets = append(c.Targets, TargetDistributions{Name: name, Runs: runs})
	}
	return &c.Targets[k]
}

// setRecorded sets a distribution to that of a record.
func (d *Distribution) setRecorded(r *rows.Record) {
	if d.N > 0 {
		r.Refuse("target", "the test case has this target with this class already")
	}
	d.N, d.Failed, d.Mean = r.Count("requests"), r.Count("failed"), r.Number("mean_s")
	if d.Failed > d.N || d.N == 0 {
		r.Refuse("failed", "must be at most the requests, of which there must be one")
	}
	d.All = recordedQuantiles(r, false)
	switch {
	case d.Failed == 0:
		d.Done = d.All
	case d.Failed < d.N:
		d.Done = recordedQuantiles(r, true)
	}
	if d.Failed < d.N {
		d.Longest = r.Number("longest_done_s")
	}
}

// recordedQuantiles reads the quantiles of a record, which must rise.
func recordedQuantiles(r *rows.Record, done bool) []float64 {
	var list []float64
	for k, p := range Quantiles() {
		column := QuantileColumn(done, p)
		x := r.Number(column)
		if k > 0 && x < list[k-1] {
			r.Refuse(column, "must not be below the quantile before it")
		}
		list = append(list, x)
	}
	return list
}

// checkRecorded reports what no single record shows: test cases of other classes than
// the first.
func (d *CompletionDistributions) checkRecorded(file *rows.File) error {
	for _, c := range d.Cases {
		if !slices.Equal(c.Classes, d.Cases[0].Classes) {
			return fmt.Errorf("%w: %s: %s has the classes %q, %s %q", rows.ErrUnreadable, file.Name, c.Name, c.Classes, d.Cases[0].Name, d.Cases[0].Classes)
		}
		for k := range c.Targets {
			t := &c.Targets[k]
			for len(t.ByClass) < len(c.Classes) {
				t.ByClass = append(t.ByClass, Distribution{})
			}
		}
	}
	return nil
}
