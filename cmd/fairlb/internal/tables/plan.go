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
// scenario, or its evaluations on the scenarios of a testbed, in the simulator or live.
type workload struct {
	training, live bool
	method, place  string
}

// Requirement is how much of a part of the work there is, and about how long
// what is missing takes.
type Requirement struct {
	workload
	Missing, Present int

	Seconds  float64 // of one core, for what is missing; of what is live, of the whole machine
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
	var trainings, evaluations, runs int
	var total, inRealTime float64
	for _, x := range plan {
		what := "evaluate"
		switch {
		case x.training:
			what = "train"
			trainings += x.Missing
		case x.live:
			what = "play live"
			runs += x.Missing
		default:
			evaluations += x.Missing
		}
		if x.live || x.training && r.Profile.TrainLive {
			inRealTime += x.Seconds
		} else {
			total += x.Seconds
		}
		about := "-"
		if x.Missing > 0 {
			about = progress.Roughly(x.Seconds)
		}
		table.Row(what, x.method, x.place, strconv.Itoa(x.Missing), strconv.Itoa(x.Missing+x.Present), about, x.Estimate)
	}
	if err := table.Write(out); err != nil {
		return err
	}
	if trainings+evaluations+runs == 0 {
		_, err := fmt.Fprintln(out, "\nNothing is missing.")
		return err
	}
	cores := runtime.GOMAXPROCS(0)
	fmt.Fprintf(out, "\n%d trainings and %d evaluations are missing: about %s of one core", trainings, evaluations, progress.Roughly(total))
	if cores > 1 {
		fmt.Fprintf(out, ", %s on %d", progress.Roughly(total/float64(cores)), cores)
	}
	fmt.Fprintln(out, ".")
	if r.Profile.Live {
		also := ""
		if r.Profile.TrainLive {
			also = "with what is trained in real time "
		}
		_, err = fmt.Fprintf(out, "%s missing: %sabout %s, one after another.\n", areMissing(runs), also, progress.Roughly(inRealTime))
	}
	return err
}

// areMissing says how many live runs are.
func areMissing(runs int) string {
	if runs == 1 {
		return "1 live run is"
	}
	return fmt.Sprintf("%d live runs are", runs)
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
	if err := p.countLive(jobs); err != nil {
		return nil, err
	}
	for _, j := range jobs { // when all that is recorded is known
		for _, w := range p.workloads(j) {
			x := p.of(w)
			if x.Missing == 0 || x.Estimate != "" {
				continue
			}
			if err := p.estimate(ctx, x, j); err != nil {
				return nil, fmt.Errorf("%s: %w", Describe(j.Policy), err)
			}
		}
	}
	var trainings, evaluations, runs []Requirement
	for _, x := range p.list {
		switch {
		case x.training:
			trainings = append(trainings, *x)
		case x.live:
			runs = append(runs, *x)
		default:
			evaluations = append(evaluations, *x)
		}
	}
	return slices.Concat(trainings, evaluations, runs), nil
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
		w := trainingOf(j)
		p.note(w, trained)
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
		p.note(evaluationOf(j, name), present)
	}
	return nil
}

// note counts one of a part of the work.
func (p *planner) note(w workload, present bool) {
	if present {
		p.of(w).Present++
	} else {
		p.of(w).Missing++
	}
}

// countLive counts the live runs of jobs, if the profile has any.
func (p *planner) countLive(jobs []paper.Job) error {
	if !p.Profile.Live {
		return nil
	}
	if _, _, err := p.missingLive(jobs); err != nil {
		return err
	}
	for _, j := range jobs {
		for _, name := range j.Scenarios {
			cell := p.live[paper.Key{Policy: j.Policy, Scenario: name}]
			for _, result := range cell.bySeed {
				if cell.notLive == nil {
					p.note(liveOf(j, name), result != nil)
				}
			}
		}
	}
	return nil
}

// The parts of the work that a job has a share in: its training, its evaluation in a
// scenario, and its live runs there.
func trainingOf(j paper.Job) workload {
	return workload{training: true, method: j.Method, place: j.Training}
}

func evaluationOf(j paper.Job, scenario string) workload {
	return workload{method: j.Method, place: testbed(scenario)}
}

func liveOf(j paper.Job, scenario string) workload {
	return workload{live: true, method: j.Method, place: testbed(scenario)}
}

// workloads lists the parts of the work that a job has a share in.
func (p *planner) workloads(j paper.Job) []workload {
	var list []workload
	if j.Learned() {
		list = append(list, trainingOf(j))
	}
	for _, name := range j.Scenarios {
		list = append(list, evaluationOf(j, name))
		if p.Profile.Live {
			list = append(list, liveOf(j, name))
		}
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
	if x.live {
		x.Seconds, x.Estimate = float64(x.Missing)*p.liveSeconds(), "their duration"
		return nil
	}
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
	own := p.paces[trainingOf(j)]
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
	if t.Live {
		play = p.Profile.EpisodeDuration + liveOverhead
		x.Estimate = "their duration"
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
