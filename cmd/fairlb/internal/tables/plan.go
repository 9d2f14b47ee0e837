package tables

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"fairlb/cmd/fairlb/internal/bounds"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/cmd/fairlb/internal/simulate"
	"fairlb/env/estimate"
	"fairlb/env/scenario"
	"fairlb/eval/episodes"
	"fairlb/eval/paper"
	"fairlb/results/text"
	"fairlb/train"
)

// A probe is one short run by which a whole one is estimated: of so many episodes, of
// at most so many s, with so many updates behind each, or of so many s of an evaluation.
// Episodes are short because an update from whole episodes, as the paper's, takes as
// much longer as these are.
const (
	probeEpisodes        = 2
	probeEpisodeDuration = 6
	probeUpdates         = 2
	probeDuration        = 20
)

// workload is a part of what tables need: the training runs of a method in a
// scenario, or its evaluations on the scenarios of a testbed.
type workload struct {
	training      bool
	method, place string
}

// Requirement is how much of a part of the work there is, and about how long
// what is missing takes.
type Requirement struct {
	workload
	Missing, Present int

	Seconds  float64 // of one core, for what is missing
	Estimate string  // what Seconds was estimated by
}

// pace is how long, in s of one core, an episode and a round's updates take.
type pace struct {
	runs                              int // that are recorded; 0: of a probe
	episodes, played, rounds, updated float64
}

// add adds a run by its record, without its first rounds as many as skip.
func (p *pace) add(dir string, skip int) error {
	rounds, err := runfolder.Rounds(dir)
	if err != nil {
		return err
	}
	p.runs++
	for k, round := range rounds {
		if k < skip {
			continue
		}
		before := 0
		if k > 0 {
			before = rounds[k-1].Episodes
		}
		p.episodes += float64(round.Episodes - before)
		p.played += round.PlaySeconds
		p.rounds++
		p.updated += round.UpdateSeconds
	}
	return nil
}

// PrintPlan prints what the folder lacks for the jobs, and about how long that
// takes. It writes nothing into the folder.
func (r *Results) PrintPlan(ctx context.Context, out io.Writer, jobs []paper.Job) error {
	plan, err := r.Plan(ctx, jobs)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: profile %s, %d training and %d evaluation seeds\n\n", r.Dir, r.Profile.Name, len(r.Profile.TrainingSeeds), len(r.Profile.EvalSeeds))
	table := text.NewTable("what", "method", "where", "missing", "of", "about", "by")
	var trainings, evaluations int
	var total float64
	for _, x := range plan {
		what := "evaluate"
		if x.training {
			what = "train"
			trainings += x.Missing
		} else {
			evaluations += x.Missing
		}
		total += x.Seconds
		about := "-"
		if x.Missing > 0 {
			about = progress.Roughly(x.Seconds)
		}
		table.Row(what, x.method, x.place, strconv.Itoa(x.Missing), strconv.Itoa(x.Missing+x.Present), about, x.Estimate)
	}
	if err := table.Write(out); err != nil {
		return err
	}
	if trainings+evaluations == 0 {
		_, err := fmt.Fprintln(out, "\nNothing is missing.")
		return err
	}
	cores := runtime.GOMAXPROCS(0)
	fmt.Fprintf(out, "\n%d trainings and %d evaluations are missing: about %s of one core", trainings, evaluations, progress.Roughly(total))
	if cores > 1 {
		fmt.Fprintf(out, ", %s on %d", progress.Roughly(total/float64(cores)), cores)
	}
	_, err = fmt.Fprintln(out, ".")
	return err
}

// planner counts what is present and missing, by part of the work.
type planner struct {
	*Results
	list  []*Requirement
	paces map[workload]*pace // of trainings
}

// Plan counts what jobs have and lack in the folder, trainings first, and
// estimates what is missing: by the times of recorded runs of the same kind,
// else by a probe.
func (r *Results) Plan(ctx context.Context, jobs []paper.Job) ([]Requirement, error) {
	p := planner{Results: r, paces: map[workload]*pace{}}
	for _, j := range jobs {
		if err := p.count(j); err != nil {
			return nil, err
		}
	}
	for _, j := range jobs { // when all that is recorded is known
		for _, w := range workloads(j) {
			x := p.of(w)
			if x.Missing == 0 || x.Estimate != "" {
				continue
			}
			if err := p.estimate(ctx, x, j); err != nil {
				return nil, fmt.Errorf("%s: %w", Describe(j.Policy), err)
			}
		}
	}
	var trainings, evaluations []Requirement
	for _, x := range p.list {
		if x.training {
			trainings = append(trainings, *x)
		} else {
			evaluations = append(evaluations, *x)
		}
	}
	return append(trainings, evaluations...), nil
}

// of returns the requirement of a part of the work.
func (p *planner) of(w workload) *Requirement {
	k := slices.IndexFunc(p.list, func(x *Requirement) bool { return x.workload == w })
	if k < 0 {
		p.list, k = append(p.list, &Requirement{workload: w}), len(p.list)
	}
	return p.list[k]
}

// count counts the training and the evaluations of a job.
func (p *planner) count(j paper.Job) error {
	note := func(w workload, present bool) {
		if present {
			p.of(w).Present++
		} else {
			p.of(w).Missing++
		}
	}
	trained := true
	if j.Learned() {
		t, err := p.Training(j.Policy)
		if err != nil {
			return err
		}
		var dir string
		if dir, trained, err = p.RunFolder(&t); err != nil {
			return err
		}
		w := workload{true, j.Method, j.Training}
		note(w, trained)
		if p.paces[w] == nil {
			p.paces[w] = &pace{}
		}
		if trained {
			if err := p.paces[w].add(dir, 0); err != nil {
				return err
			}
		}
	}
	for _, name := range j.Scenarios {
		present := false
		if trained {
			e, err := p.evaluation(j.Policy, name)
			if err == nil {
				_, present, err = p.Evaluated(&e)
			}
			if err != nil {
				return err
			}
		}
		note(workload{false, j.Method, testbed(name)}, present)
	}
	return nil
}

// workloads lists the parts of the work that a job has a share in.
func workloads(j paper.Job) []workload {
	var list []workload
	if j.Learned() {
		list = append(list, workload{true, j.Method, j.Training})
	}
	for _, name := range j.Scenarios {
		list = append(list, workload{false, j.Method, testbed(name)})
	}
	return list
}

// testbed is the part of a scenario's name that its variants share.
func testbed(name string) string {
	first, _, _ := strings.Cut(name, "/")
	return first
}

// estimate says how long what is missing of a part of the work takes, to which
// the job belongs.
func (p *planner) estimate(ctx context.Context, x *Requirement, j paper.Job) error {
	episodes := float64(len(p.Profile.EvalSeeds)) * float64(x.Missing)
	if !j.Learned() {
		each, err := heuristicPace(ctx, j)
		x.Seconds, x.Estimate = episodes*p.Profile.EvalDuration*each, "a probe"
		return err
	}
	t, err := p.Training(j.Policy)
	if err != nil {
		return err
	}
	own := p.paces[workload{true, j.Method, j.Training}]
	if own.episodes == 0 {
		if *own, err = probe(ctx, t.Hyperparameters); err != nil {
			return err
		}
	}
	x.Estimate = "a probe"
	if own.runs > 0 {
		x.Estimate = fmt.Sprintf("recorded runs (%d)", own.runs)
	}
	h := &t.Hyperparameters
	play := own.played / own.episodes
	if !x.training { // a policy acts as in training, without exploring
		x.Seconds = episodes * p.Profile.EvalDuration / h.EpisodeDuration * play
		return nil
	}
	rounds := math.Ceil(float64(h.Episodes) / float64(h.EpisodesPerRound))
	x.Seconds = float64(x.Missing) * (float64(h.Episodes)*play + rounds*own.updated/own.rounds)
	return nil
}

// probe trains a little and returns the pace that a training by h would have: episodes
// take as much longer as they last, updates as their products are more.
func probe(ctx context.Context, h train.Hyperparameters) (pace, error) {
	whole, err := updateProducts(h)
	if err != nil {
		return pace{}, err
	}
	dir, err := os.MkdirTemp("", "fairlb-probe-")
	if err != nil {
		return pace{}, err
	}
	defer os.RemoveAll(dir)
	updates, duration := h.UpdatesPerRound, h.EpisodeDuration
	h.Episodes, h.EpisodesPerRound, h.UpdatesPerRound = probeEpisodes, 1, min(probeUpdates, updates)
	h.EpisodeDuration = min(duration, probeEpisodeDuration)
	h.Methods.SAC.CriticRounds, h.Methods.SAC.FeatureRounds, h.Methods.QMIX.FeatureRounds = 1, 1, 1
	s, err := runfolder.TrainingScenario(&h)
	if err != nil {
		return pace{}, err
	}
	training := runfolder.Training{
		Hyperparameters: h, Scenario: s, Dir: filepath.Join(dir, "run"),
		Command: []string{"fairlb", "tables", "--dry-run"}, Workers: 1,
		Log: progress.Silent(), Progress: progress.None{},
	}
	if err := training.Run(ctx); err != nil {
		return pace{}, err
	}
	var p pace
	err = p.add(training.Dir, probeEpisodes-1) // the first round trains critics alone
	p.runs = 0
	if err != nil {
		return p, err
	}
	short, err := updateProducts(h)
	if err != nil {
		return p, err
	}
	p.played *= duration / h.EpisodeDuration
	p.updated *= float64(updates) / float64(h.UpdatesPerRound)
	if short > 0 {
		p.updated *= whole / short
	}
	return p, nil
}

// updateProducts is the number of products of one update of a training; 0 of a method
// without any.
func updateProducts(h train.Hyperparameters) (float64, error) {
	s, err := runfolder.TrainingScenario(&h)
	if err != nil {
		return 0, err
	}
	h.Episodes, h.EpisodesPerRound = 1, 1
	e, err := bounds.OfTraining(&h, s, 1)
	return e.Total(estimate.Products) / float64(max(1, h.UpdatesPerRound)), err
}

// heuristicPace returns how long one simulated second takes under a job's
// heuristic, in s, by a short episode of its first scenario.
func heuristicPace(ctx context.Context, j paper.Job) (float64, error) {
	s, err := scenario.Load(j.Scenarios[0], []string{fmt.Sprintf("duration=%d", probeDuration)})
	if err != nil {
		return 0, err
	}
	seeds := []uint64{train.EpisodeSeed(0, 0)} // which no evaluation has
	start := time.Now()
	_, err = episodes.Run(ctx, episodes.Config{Seeds: seeds, Classes: s.ClassNames(), Workers: 1}, []episodes.Target{simulate.HeuristicTarget(s, j.Method)})
	return time.Since(start).Seconds() / probeDuration, err
}
