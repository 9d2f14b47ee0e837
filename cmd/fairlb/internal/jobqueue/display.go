package jobqueue

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/sirupsen/logrus"

	"fairlb/train/queue"
)

// Terminal is where the jobs of a queue are shown, and logged.
type Terminal struct {
	Out         io.Writer
	Interactive bool // whether a person would see what is drawn
	Log         *logrus.Logger
}

// display shows how the jobs stand that a command waits for: on a terminal a
// line for each that runs, drawn anew every second; elsewhere it logs what
// changes.
type display struct {
	Terminal
	ownWorker string // this process's worker, whose failures are told whoever asked for the job
	watch     *queue.Watch
	stop      chan struct{}
	drawing   sync.WaitGroup

	mu     sync.Mutex
	jobs   map[string]bool // by key, those that this command waits for
	drawn  int             // lines on the terminal
	start  time.Time
	logged map[string]string // by key, the last phase and worker
}

// maxJobLines is how many running jobs are drawn at most.
const maxJobLines = 16

func newDisplay(t Terminal) *display {
	return &display{Terminal: t, jobs: map[string]bool{}, logged: map[string]string{}, stop: make(chan struct{}), start: time.Now()}
}

// follow adds a job that this command waits for.
func (d *display) follow(key string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.jobs[key] = true
}

// update takes a new state of a job.
func (d *display) update(s queue.JobState) {
	d.mu.Lock()
	state := fmt.Sprint(s.Phase, s.Worker, s.Attempts, s.Note)
	failedHere := s.Error != "" && s.Phase != queue.Running && s.Worker == d.ownWorker && d.ownWorker != ""
	changed := (d.jobs[s.Key] || failedHere) && d.logged[s.Key] != state
	d.logged[s.Key] = state
	d.mu.Unlock()
	if !changed {
		return
	}
	log := d.Log.WithField("job", s.Kind)
	switch {
	case s.Phase == queue.Failed:
		log.Warnf("%s: set aside: %s", s.Title, firstLine(s.Error))
	case s.Phase == queue.Queued && s.Note != "":
		log.Warnf("%s: %s", s.Title, s.Note)
	case s.Phase == queue.Queued && s.Error != "":
		log.Warnf("%s: attempt %d failed, to be tried again: %s", s.Title, s.Attempts, firstLine(s.Error))
	case s.Phase == queue.Running && !d.Interactive:
		log.WithField("worker", s.Worker).Infof("%s: running", s.Title)
	case s.Phase == queue.Done && !d.Interactive:
		log.WithField("worker", s.Worker).Infof("%s: done", s.Title)
	}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// show begins to draw, on a terminal. What is logged meanwhile is written above
// the drawing.
func (d *display) show(watch *queue.Watch) {
	d.watch = watch
	if !d.Interactive {
		return
	}
	d.Log.SetOutput(aboveDisplay{d})
	d.drawing.Go(func() {
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-d.stop:
				return
			case <-ticker.C:
				d.mu.Lock()
				d.draw()
				d.mu.Unlock()
			}
		}
	})
}

// close ends the drawing and removes it.
func (d *display) close() {
	close(d.stop)
	d.drawing.Wait()
	if !d.Interactive {
		return
	}
	d.mu.Lock()
	d.erase()
	d.mu.Unlock()
	d.Log.SetOutput(d.Out) // without d.mu, for which a line that is being logged may wait
}

// erase removes what was drawn. A terminal that cannot be written to is no
// reason to stop the work.
func (d *display) erase() {
	if d.drawn > 0 {
		fmt.Fprintf(d.Out, "\x1b[%dA\x1b[J", d.drawn)
	}
	d.drawn = 0
}

func (d *display) draw() {
	var list []queue.JobState
	for _, s := range d.watch.States() {
		if d.jobs[s.Key] {
			list = append(list, s)
		}
	}
	lines := displayLines(list, len(d.jobs), d.start, time.Now())
	d.erase()
	fmt.Fprint(d.Out, strings.Join(lines, "\n")+"\n")
	d.drawn = len(lines)
}

// aboveDisplay writes above what is drawn.
type aboveDisplay struct{ display *display }

var _ io.Writer = aboveDisplay{}

// Write implements io.Writer.
func (w aboveDisplay) Write(p []byte) (int, error) {
	d := w.display
	d.mu.Lock()
	defer d.mu.Unlock()
	d.erase()
	n, err := d.Out.Write(p)
	select {
	case <-d.stop: // nothing is drawn any more
	default:
		d.draw()
	}
	return n, err
}

// displayLines says how many of the jobs are in which phase, then which run.
func displayLines(list []queue.JobState, jobs int, start, now time.Time) []string {
	count := map[queue.Phase]int{}
	var lines []string
	for _, s := range list {
		count[s.Phase]++
		if s.Phase != queue.Running || len(lines) == maxJobLines {
			continue
		}
		share := ""
		if s.Of > 0 {
			share = fmt.Sprintf("%d %%", 100*s.Done/s.Of)
		}
		lines = append(lines, printable(fmt.Sprintf("  %-6s %-48.48s %5s %8s  %.80s", s.Kind, s.Title, share, span(now.Sub(s.Since)), s.Worker)))
	}
	head := fmt.Sprintf("%d jobs: %d done, %d running, %d queued, %d set aside; %s", max(jobs, len(list)),
		count[queue.Done], count[queue.Running], count[queue.Queued], count[queue.Failed], span(now.Sub(start)))
	if more := count[queue.Running] - len(lines); more > 0 {
		lines = append(lines, fmt.Sprintf("  and %d more", more))
	}
	return append([]string{head}, lines...)
}

// printable is a line without what would steer a terminal: others may have written
// some of it.
func printable(line string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\uFFFD'
	}, line)
}

// span writes a time in whole seconds; clocks of other machines may be ahead.
func span(d time.Duration) string {
	return max(0, d).Round(time.Second).String()
}
