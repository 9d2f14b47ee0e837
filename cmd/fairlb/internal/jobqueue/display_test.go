package jobqueue

import (
	"io"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"fairlb/train/queue"
)

// TestDisplayClosesWhileLogging: those that log while the display is drawn and
// closed, and closing it, wait for each other in no order that never ends.
func TestDisplayClosesWhileLogging(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 40 {
			closeWhileLogging()
		}
	}()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Fatal("the display and the log wait for each other")
	}
}

func closeWhileLogging() {
	log := logrus.New()
	log.SetOutput(io.Discard)
	d := newDisplay(Terminal{Out: io.Discard, Interactive: true, Log: log})
	d.follow("a")
	d.show(&queue.Watch{})
	stop := make(chan struct{})
	var logging sync.WaitGroup
	for range 4 {
		logging.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					log.Info("a line")
					d.update(queue.JobState{Key: "a", Phase: queue.Failed, Error: "x", Attempts: int(time.Now().UnixNano())})
				}
			}
		})
	}
	time.Sleep(time.Millisecond)
	d.close()
	close(stop)
	logging.Wait()
}

// TestDisplayShowsNoEscapes: a title steers no terminal.
func TestDisplayShowsNoEscapes(t *testing.T) {
	t.Parallel()
	lines := displayLines([]queue.JobState{{Title: "\x1b[2J", Worker: "w\nx", Phase: queue.Running}}, 1, time.Now(), time.Now())
	require.Len(t, lines, 2)
	require.NotContains(t, lines[1], "\x1b")
	require.NotContains(t, lines[1], "\n")
}
