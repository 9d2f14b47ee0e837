package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"gonum.org/v1/gonum/stat"

	"fairlb/eval"
)

// marlEnvironment is the name that WriteMARLEval gives the environment.
const marlEnvironment = "fairlb"

// WriteMARLEval writes what marl-eval reads, the tool of Gorsane et al. 2022,
// "Towards a Standardised Performance Evaluation Protocol for Cooperative MARL"
// (github.com/instadeepai/marl-eval, "Data Structure for Raw Experiment data"):
// environment, task (the scenario), algorithm (a recipe, or a heuristic), run,
// step. There is one step, the end of training, with a value per evaluation
// seed; absolute_metrics has their mean.
//
// The metrics are completion_time, the seed's mean in s, and return, its negative,
// for the tool takes more to be better.
//
// The tool wants equally many runs of every algorithm. A heuristic is not trained, so
// that each of its runs has the same values. Recipes of different numbers of runs give
// eval.ErrUnmatched. What repeats a training is left out.
func WriteMARLEval(w io.Writer, e *eval.Evaluation) error {
	var names []string
	runs := map[string][]eval.Series{}
	trained := map[string]bool{}
	most := 1
	for i := range e.Results {
		result := &e.Results[i]
		if result.RepeatsTraining != "" {
			continue
		}
		name := result.Recipe
		if name == "" {
			name = result.Target
		}
		if runs[name] == nil {
			names = append(names, name)
		}
		trained[name] = result.Recipe != ""
		if f := result.Class(eval.AllClasses); f != nil {
			runs[name] = append(runs[name], f.PerSeed)
			most = max(most, len(runs[name]))
		}
	}
	algorithms := map[string]any{}
	for _, name := range names {
		list := runs[name]
		if trained[name] && len(list) != most {
			return fmt.Errorf("%w: %d training runs of %s, %d of another recipe: marl-eval wants as many of each", eval.ErrUnmatched, len(list), name, most)
		}
		byRun := map[string]any{}
		for k := range most {
			times := list[min(k, len(list)-1)]
			returns := make(eval.Series, len(times))
			for i, x := range times {
				returns[i] = -x
			}
			mean := stat.Mean(times.Defined(), nil)
			byRun["run_"+strconv.Itoa(k+1)] = map[string]any{
				"step_1":           map[string]any{"step_count": 1, "completion_time": times, "return": returns},
				"absolute_metrics": map[string]any{"completion_time": []float64{mean}, "return": []float64{-mean}},
			}
		}
		algorithms[name] = byRun
	}
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(map[string]any{marlEnvironment: map[string]any{e.Scenario: algorithms}})
}
