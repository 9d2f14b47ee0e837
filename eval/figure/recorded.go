package figure

import (
	"slices"

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
