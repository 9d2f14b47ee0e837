package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"fairlb/env/scenario"
	"fairlb/eval/episodes"
	"fairlb/eval/paper"
	"fairlb/train"
)

// A probe is one short run by which a whole one is estimated: of so many
// episodes of the run's own length with so many updates behind each, or of so
// many s of an evaluation.
const (
	probeEpisodes = 2
	probeUpdates  = 4
	probeDuration = 20
)

// chore is a part of what tables need: the training runs of a method in a
// scenario, or its evaluations on the scenarios of a testbed.
type chore struct {
	training      bool
	method, place string
}

// load is how much of a chore there is.
type load struct {
	chore
	missing, there int

	seconds float64 // of one core, for what is missing
	basis   string  // of the estimate
}

// pace is how long, in s of one core, an episode and a round's updates take.
type pace struct {
	runs                              int // that are recorded; 0: of a probe
	episodes, played, rounds, updated float64
}

// add adds a run by its record, without its first rounds as many as skip.
func (p *pace) add(dir string, skip int) error {
	list, err := readRounds(dir)
	if err != nil {
		return err
	}
	p.runs++
	for k, round := range list {
		if k < skip {
			continue
		}
		before := 0
		if k > 0 {
			before = list[k-1].Episodes
		}
		p.episodes += float64(round.Episodes - before)
		p.played += round.PlaySeconds
		p.rounds++
		p.updated += round.UpdateSeconds
	}
	return nil
}

// planTables prints what the folder lacks for the tables, and about how long
// that takes.
func (a *app) planTables(ctx context.Context, tables []paper.Table, p paper.Profile, dir string) error {
	jobs, err := jobsOf(tables, p)
	if err != nil {
		return err
	}
	loads, err := a.missing(ctx, newBook(dir, p), runnable(jobs))
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "%s: profile %s, %d training and %d evaluation seeds\n\n", dir, p.Name, len(p.TrainingSeeds), len(p.EvalSeeds))
	w := tabwriter.NewWriter(a.stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "what\tmethod\twhere\tmissing\tof\tabout\tby")
	var trainings, evaluations int
	var total float64
	for _, l := range loads {
		what := "evaluate"
		if l.training {
			what = "train"
			trainings += l.missing
		} else {
			evaluations += l.missing
		}
		total += l.seconds
		about := "-"
		if l.missing > 0 {
			about = roughly(l.seconds)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%s\t%s\n", what, l.method, l.place, l.missing, l.missing+l.there, about, l.basis)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if trainings+evaluations == 0 {
		_, err := fmt.Fprintln(a.stdout, "\nNothing is missing.")
		return err
	}
	cores := runtime.GOMAXPROCS(0)
	fmt.Fprintf(a.stdout, "\n%d trainings and %d evaluations are missing: about %s of one core", trainings, evaluations, roughly(total))
	if cores > 1 {
		fmt.Fprintf(a.stdout, ", %s on %d", roughly(total/float64(cores)), cores)
	}
	_, err = fmt.Fprintln(a.stdout, ".")
	return err
}

// missing counts what jobs have and lack in the folder of a book, and
// estimates what is missing: by the times of recorded runs of the same kind,
// else by a probe.
func (a *app) missing(ctx context.Context, b *book, jobs []paper.Job) ([]load, error) {
	var list []*load
	of := func(c chore) *load {
		k := slices.IndexFunc(list, func(l *load) bool { return l.chore == c })
		if k < 0 {
			list, k = append(list, &load{chore: c}), len(list)
		}
		return list[k]
	}
	count := func(c chore, there bool) {
		if there {
			of(c).there++
		} else {
			of(c).missing++
		}
	}
	paces := map[chore]*pace{} // of trainings
	for _, job := range jobs {
		dir, trained := "", true
		if job.Learned() {
			var err error
			if dir, _, trained, err = b.place(b.hyper(job.Policy)); err != nil {
				return nil, err
			}
			c := chore{true, job.Method, job.Training}
			count(c, trained)
			if paces[c] == nil {
				paces[c] = &pace{}
			}
			if trained {
				if err := paces[c].add(dir, 0); err != nil {
					return nil, err
				}
			}
		}
		for _, name := range job.Scenarios {
			there := false
			if trained {
				s, what, err := b.subject(job.Policy, name, dir)
				if err == nil {
					_, there, err = b.kept(s, b.profile.EvalSeeds, what)
				}
				if err != nil {
					return nil, err
				}
			}
			count(chore{false, job.Method, testbed(name)}, there)
		}
	}
	for _, job := range jobs { // when all that is recorded is known
		for _, c := range chores(job) {
			l := of(c)
			if l.missing == 0 || l.basis != "" {
				continue
			}
			if err := a.estimate(ctx, b, l, job, paces); err != nil {
				return nil, fmt.Errorf("%s: %w", describe(job.Policy), err)
			}
		}
	}
	slices.SortStableFunc(list, func(x, y *load) int { return order(x) - order(y) })
	out := make([]load, len(list))
	for k, l := range list {
		out[k] = *l
	}
	return out, nil
}

// order puts trainings first.
func order(l *load) int {
	if l.training {
		return 0
	}
	return 1
}

// chores lists those that a job has a part in.
func chores(job paper.Job) []chore {
	var list []chore
	if job.Learned() {
		list = append(list, chore{true, job.Method, job.Training})
	}
	for _, name := range job.Scenarios {
		list = append(list, chore{false, job.Method, testbed(name)})
	}
	return list
}

// testbed is the part of a scenario's name that its variants share.
func testbed(name string) string {
	first, _, _ := strings.Cut(name, "/")
	return first
}

// estimate says how long what is missing of a job's chore takes.
func (a *app) estimate(ctx context.Context, b *book, l *load, job paper.Job, paces map[chore]*pace) error {
	episodes := float64(len(b.profile.EvalSeeds)) * float64(l.missing)
	if !job.Learned() {
		each, err := heuristicPace(ctx, job)
		l.seconds, l.basis = episodes*b.profile.EvalDuration*each, "a probe"
		return err
	}
	h := b.hyper(job.Policy)
	p := paces[chore{true, job.Method, job.Training}]
	if p.episodes == 0 {
		var err error
		if *p, err = a.probe(ctx, h); err != nil {
			return err
		}
	}
	l.basis = "a probe"
	if p.runs > 0 {
		l.basis = fmt.Sprintf("recorded runs (%d)", p.runs)
	}
	play := p.played / p.episodes
	if !l.training { // a policy acts as in training, without exploring
		l.seconds = episodes * b.profile.EvalDuration / h.EpisodeDuration * play
		return nil
	}
	rounds := math.Ceil(float64(h.Episodes) / float64(h.EpisodesPerRound))
	l.seconds = float64(l.missing) * (float64(h.Episodes)*play + rounds*p.updated/p.rounds)
	return nil
}

// probe trains a little and returns the pace that h would have.
func (a *app) probe(ctx context.Context, h train.Hyperparameters) (pace, error) {
	dir, err := os.MkdirTemp("", "fairlb-probe-")
	if err != nil {
		return pace{}, err
	}
	defer os.RemoveAll(dir)
	updates := h.UpdatesPerRound
	h.Episodes, h.EpisodesPerRound, h.UpdatesPerRound = probeEpisodes, 1, min(probeUpdates, updates)
	h.Methods.SAC.CriticRounds, h.Methods.SAC.FeatureRounds, h.Methods.QMIX.FeatureRounds = 1, 1, 1
	s, err := trainingScenario(&h)
	if err != nil {
		return pace{}, err
	}
	job := trainJob{
		hyper: h, scenario: s, dir: filepath.Join(dir, "run"),
		command: []string{"fairlb", "tables", "--dry-run"}, workers: 1,
	}
	if err := a.silent().trainRun(ctx, job); err != nil {
		return pace{}, err
	}
	var p pace
	err = p.add(filepath.Join(dir, "run"), probeEpisodes-1) // the first trains critics alone
	p.runs = 0
	p.updated *= float64(updates) / float64(h.UpdatesPerRound)
	return p, err
}

// heuristicPace returns how long one simulated second takes under a job's
// heuristic, in s, by a short episode of its first scenario.
func heuristicPace(ctx context.Context, job paper.Job) (float64, error) {
	s, err := scenario.Load(job.Scenarios[0], []string{fmt.Sprintf("duration=%d", probeDuration)})
	if err != nil {
		return 0, err
	}
	seeds := []uint64{train.EpisodeSeed(0, 0)} // which no evaluation has
	start := time.Now()
	_, err = episodes.Run(ctx, episodes.Config{Seeds: seeds, Classes: s.ClassNames(), Workers: 1}, []episodes.Target{heuristicTarget(s, job.Method)})
	return time.Since(start).Seconds() / probeDuration, err
}

// roughly writes a time in s as what an estimate is worth.
func roughly(seconds float64) string {
	switch {
	case seconds < 90:
		return fmt.Sprintf("%.0f s", math.Ceil(seconds))
	case seconds < 5400:
		return fmt.Sprintf("%.0f min", seconds/60)
	case seconds < 36*3600:
		return fmt.Sprintf("%.1f h", seconds/3600)
	}
	return fmt.Sprintf("%.1f days", seconds/86400)
}
