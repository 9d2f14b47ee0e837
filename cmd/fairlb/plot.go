package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/cmd/fairlb/internal/simulate"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/env/dispatch"
	"fairlb/env/settings"
	"fairlb/eval"
	"fairlb/eval/episodes"
	"fairlb/results/chart"
	"fairlb/train"
)

func (a *app) plotCommand() *cobra.Command {
	var out, compare string
	c := &cobra.Command{
		Use:   "plot RUN...",
		Short: "Draw the learning curve of training runs of one recipe",
		Long: `Draw the mean completion time of the requests of training over its episodes,
as mean and range of the runs given, beside heuristics on the arrivals of the first
forty episodes. Of runs with validation_seeds it is that of validation, without
exploring, beside heuristics on the same seeds. The runs must be of one recipe: they differ in their seeds alone.`,
		Example: "  fairlb plot runs/a-seed1 runs/a-seed2 runs/a-seed3 --out curve.png",
		Args:    checked(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, runs []string) error {
			format, err := files.PictureFormat("--out", out)
			if err != nil {
				return err
			}
			if err := files.CheckOutput("--out", out); err != nil {
				return err
			}
			var curves []chart.LearningCurve
			var first train.Hyperparameters
			var common string
			seeds := map[uint64]string{}
			for k, run := range runs {
				hyperparameters, curve, err := runfolder.Curve(run)
				if err != nil {
					return err
				}
				recipe, err := runfolder.Recipe(hyperparameters)
				if err != nil {
					return err
				}
				if k == 0 {
					first, common = hyperparameters, recipe
				}
				if recipe != common {
					return invalid.Errorf("%s: is of another recipe (%s) than %s (%s): runs must differ in their seeds alone", run, recipe, runs[0], common)
				}
				if same, again := seeds[hyperparameters.Seed]; again {
					return invalid.Errorf("%s: has the recipe and the seed of %s: runs must differ in their seeds", run, same)
				}
				seeds[hyperparameters.Seed] = run
				curves = append(curves, curve)
			}
			levels, err := a.levels(c, &first, strings.Split(compare, ","), runs, curves[0].Greedy)
			if err != nil {
				return err
			}
			title := fmt.Sprintf("%s, reward %s, on %s", first.Method, first.Reward, first.Scenario)
			var picture bytes.Buffer
			if err := chart.DrawLearningCurves(&picture, title, curves, levels, format); err != nil {
				return err
			}
			if err := files.WriteBytes(out, picture.Bytes()); err != nil {
				return err
			}
			a.log.WithField("file", out).Info("drawn")
			return nil
		},
	}
	c.Flags().StringVar(&out, "out", "learning.svg", "the picture: .svg, .png or .pdf")
	c.Flags().StringVar(&compare, "compare", "lsq,sed,oracle", "heuristics to draw beside, empty for none")
	return c
}

// levels evaluates heuristics, and the policies that the runs came to, on the
// arrivals of the first forty episodes or, of a curve of validation, on its seeds.
func (a *app) levels(c *cobra.Command, hyperparameters *train.Hyperparameters, heuristics, runs []string, validation bool) ([]chart.ReferenceLevel, error) {
	s, err := runfolder.Scenario(runs[0])
	if err != nil {
		return nil, err
	}
	var targets []episodes.Target
	for _, name := range heuristics {
		if name == "" {
			continue
		}
		if _, err := dispatch.New(name, []float64{1}, 0); err != nil {
			return nil, invalid.Errorf("--compare: %w%s", err, settings.Suggestion(name, dispatch.Names()))
		}
		targets = append(targets, simulate.HeuristicTarget(s, name))
	}
	for _, run := range runs {
		policy, err := target.Checkpoint(s, run, filepath.Join(run, train.CheckpointName))
		if err != nil {
			return nil, err
		}
		targets = append(targets, policy.Target)
	}
	var seeds []uint64
	if validation {
		if seeds, err = eval.ParseSeeds(hyperparameters.ValidationSeeds); err != nil {
			return nil, err
		}
	} else {
		for k := range 40 {
			seeds = append(seeds, train.EpisodeSeed(hyperparameters.Seed, k))
		}
	}
	list, err := episodes.Run(c.Context(), episodes.Config{Seeds: seeds, Classes: s.ClassNames()}, targets)
	if err != nil {
		return nil, err
	}
	var levels []chart.ReferenceLevel
	trained := chart.ReferenceLevel{Name: "what they learned, without exploring: mean of the runs"}
	for k, r := range list {
		mean := r.Class(eval.AllClasses).Mean
		if k < len(list)-len(runs) {
			levels = append(levels, chart.ReferenceLevel{Name: r.Target, Value: mean})
		} else {
			trained.Value += mean / float64(len(runs))
		}
	}
	return append(levels, trained), nil
}
