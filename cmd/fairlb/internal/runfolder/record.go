package runfolder

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/eval/figure"
	"fairlb/results/record"
	"fairlb/results/tfevents"
	"fairlb/train"
)

// roundLog writes the rounds of a run to its record and to the event file that
// TensorBoard reads.
type roundLog struct {
	record *record.Writer
	events *tfevents.Writer
}

var _ train.Record = roundLog{}

// Write implements train.Record.
func (l roundLog) Write(kind string, row any) error {
	if err := l.record.Write(kind, row); err != nil {
		return err
	}
	if round, ok := row.(train.Round); ok {
		return l.events.Write(time.Now(), int64(round.Episodes), scalars(round))
	}
	return nil
}

// Close brings both to disk and closes them.
func (l roundLog) Close() error { return errors.Join(l.record.Close(), l.events.Close()) }

// Sync implements train.Record.
func (l roundLog) Sync() error { return errors.Join(l.record.Sync(), l.events.Sync()) }

// scalars are a round's figures under the tags that TensorBoard groups, as they
// are usual for reinforcement learning. The step of a round is its number of
// episodes so far.
func scalars(r train.Round) []tfevents.Scalar {
	out := []tfevents.Scalar{
		{Tag: "rollout/ep_rew_mean", Value: r.Return},
		{Tag: "rollout/completion_time", Value: r.Completion},
		{Tag: "rollout/failed", Value: float64(r.Failed)},
		{Tag: "time/play_s", Value: r.PlaySeconds},
		{Tag: "time/update_s", Value: r.UpdateSeconds},
	}
	if r.Validation != nil {
		out = append(out, tfevents.Scalar{Tag: "rollout/validation", Value: *r.Validation})
	}
	if s := r.PlaySeconds + r.UpdateSeconds; s > 0 {
		out = append(out, tfevents.Scalar{Tag: "time/fps", Value: float64(r.Steps) / s})
	}
	for _, name := range slices.Sorted(maps.Keys(r.Stats)) {
		out = append(out, tfevents.Scalar{Tag: "train/" + strings.ReplaceAll(name, "/", "_"), Value: r.Stats[name]})
	}
	return out
}

// Rounds reads the rounds of a run's folder.
func Rounds(dir string) ([]train.Round, error) {
	path := filepath.Join(dir, RecordName)
	rec, err := record.Read(path)
	if err != nil {
		return nil, err
	}
	var list []train.Round
	for _, row := range rec.Rows {
		if row.Type != "round" {
			continue
		}
		var round train.Round
		if err := row.Decode(&round); err != nil {
			return nil, invalid.Errorf("%s: %w", path, err)
		}
		list = append(list, round)
	}
	return list, nil
}

// Curve reads the hyperparameters of a run's folder and its learning curve over
// episodes: the mean completion time (s) in validation, without exploring, where
// the run has that twice or more; else of each round's requests.
func Curve(dir string) (train.Hyperparameters, figure.LearningCurve, error) {
	var curve, greedy figure.LearningCurve
	rounds, err := Rounds(dir)
	if err != nil {
		return train.Hyperparameters{}, curve, err
	}
	h, err := Hyperparameters(dir)
	curve.Seed, greedy.Seed, greedy.Greedy = h.Seed, h.Seed, true
	for _, round := range rounds {
		curve.Episodes = append(curve.Episodes, float64(round.Episodes))
		curve.Completion = append(curve.Completion, round.Completion)
		if round.Validation != nil {
			greedy.Episodes = append(greedy.Episodes, float64(round.Episodes))
			greedy.Completion = append(greedy.Completion, *round.Validation)
		}
	}
	if len(greedy.Episodes) > 1 {
		curve = greedy
	}
	return h, curve, err
}
