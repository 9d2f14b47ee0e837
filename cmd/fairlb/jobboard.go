package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"fairlb/train/queue"
)

// jobBoard shows where the jobs stand that a command waits for: on a terminal a
// line each for those that run, drawn anew every second; elsewhere it logs what
// changes.
type jobBoard struct {
	app   *app
	own   string // this process's worker, whose failures are told whoever's the job
	watch *queue.Watch
	stop  chan struct{}
	shown sync.WaitGroup

	mu     sync.Mutex
	mine   map[string]bool
	drawn  int // lines on the terminal
	begun  time.Time
	logged map[string]string // by key, the last phase and worker
}

// boardLines is how many jobs that run the board shows at most.
const boardLines = 16

func newJobBoard(a *app) *jobBoard {
	return &jobBoard{
		app: a, mine: map[string]bool{}, logged: map[string]string{}, stop: make(chan struct{}), begun: time.Now(),
	}
}

// follow adds a job.
func (b *jobBoard) follow(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mine[key] = true
}

// note takes a new state.
func (b *jobBoard) note(s queue.JobState) {
	b.mu.Lock()
	text := fmt.Sprint(s.Phase, s.Worker, s.Attempts, s.Note)
	failed := s.Error != "" && s.Phase != queue.Running && s.Worker == b.own && b.own != ""
	news := (b.mine[s.Key] || failed) && b.logged[s.Key] != text
	b.logged[s.Key] = text
	b.mu.Unlock()
	if !news {
		return
	}
	log := b.app.log.WithField("job", s.Kind)
	switch {
	case s.Phase == queue.Failed:
		log.Warnf("%s: set aside: %s", s.Title, firstLine(s.Error))
	case s.Phase == queue.Queued && s.Note != "":
		log.Warnf("%s: %s", s.Title, s.Note)
	case s.Phase == queue.Queued && s.Error != "":
		log.Warnf("%s: attempt %d failed, to be tried again: %s", s.Title, s.Attempts, firstLine(s.Error))
	case s.Phase == queue.Running && !b.app.interactive():
		log.WithField("worker", s.Worker).Infof("%s: running", s.Title)
	case s.Phase == queue.Done && !b.app.interactive():
		log.WithField("worker", s.Worker).Infof("%s: done", s.Title)
	}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// show begins to draw, on a terminal. What is logged meanwhile goes above.
func (b *jobBoard) show(watch *queue.Watch) {
	b.watch = watch
	if !b.app.interactive() {
		return
	}
	b.app.log.SetOutput(aboveBoard{b})
	b.shown.Go(func() {
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-b.stop:
				return
			case <-ticker.C:
				b.mu.Lock()
				b.draw()
				b.mu.Unlock()
			}
		}
	})
}

func (b *jobBoard) close() {
	close(b.stop)
	b.shown.Wait()
	if b.app.interactive() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.erase()
		b.app.log.SetOutput(b.app.stderr)
	}
}

// erase removes what was drawn. A terminal that cannot be written to is no
// reason to stop the work.
func (b *jobBoard) erase() {
	if b.drawn > 0 {
		fmt.Fprintf(b.app.stderr, "\x1b[%dA\x1b[J", b.drawn)
	}
	b.drawn = 0
}

func (b *jobBoard) draw() {
	var list []queue.JobState
	for _, s := range b.watch.States() {
		if b.mine[s.Key] {
			list = append(list, s)
		}
	}
	lines := boardText(list, len(b.mine), b.begun, time.Now())
	b.erase()
	fmt.Fprint(b.app.stderr, strings.Join(lines, "\n")+"\n")
	b.drawn = len(lines)
}

// aboveBoard writes above what is drawn.
type aboveBoard struct{ board *jobBoard }

var _ io.Writer = aboveBoard{}

// Write implements io.Writer.
func (w aboveBoard) Write(p []byte) (int, error) {
	w.board.mu.Lock()
	defer w.board.mu.Unlock()
	w.board.erase()
	n, err := w.board.app.stderr.Write(p)
	w.board.draw()
	return n, err
}

// boardText is the board: how many of the jobs stand where, then those that
// run.
func boardText(list []queue.JobState, jobs int, begun, now time.Time) []string {
	count := map[queue.Phase]int{}
	var lines []string
	for _, s := range list {
		count[s.Phase]++
		if s.Phase != queue.Running || len(lines) == boardLines {
			continue
		}
		share := ""
		if s.Of > 0 {
			share = fmt.Sprintf("%d %%", 100*s.Done/s.Of)
		}
		lines = append(lines, fmt.Sprintf("  %-6s %-48.48s %5s %8s  %s", s.Kind, s.Title, share, span(now.Sub(s.Since)), s.Worker))
	}
	head := fmt.Sprintf("%d jobs: %d done, %d running, %d queued, %d set aside; %s", max(jobs, len(list)),
		count[queue.Done], count[queue.Running], count[queue.Queued], count[queue.Failed], span(now.Sub(begun)))
	if more := count[queue.Running] - len(lines); more > 0 {
		lines = append(lines, fmt.Sprintf("  and %d more", more))
	}
	return append([]string{head}, lines...)
}

// span writes a time in whole seconds; clocks of other machines may be ahead.
func span(d time.Duration) string {
	return max(0, d).Round(time.Second).String()
}
