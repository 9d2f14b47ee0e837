// Package realtime has this machine play one thing in real time at a time, since two that
// run side by side disturb each other, and play an episode again in which the machine did
// not keep up. What is played is package loopback's.
package realtime

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/sirupsen/logrus"

	"fairlb/cmd/fairlb/internal/loopback"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/env/file"
	"fairlb/env/scenario"
)

// Attempts is how often an episode is played at most, until it is a measurement.
const Attempts = 3

// lockPoll is how often it is tried to get the machine.
const lockPoll = 100 * time.Millisecond

// Alone waits until nothing else of this user plays in real time on this machine, in this
// process or another, and keeps others waiting until release.
func Alone(ctx context.Context, log logrus.FieldLogger) (release func(), err error) {
	path := filepath.Join(os.TempDir(), fmt.Sprintf("fairlb-realtime-%d.lock", os.Getuid()))
	if err := file.CheckReplaceable(path); err != nil { // a fifo would be waited for
		return nil, err
	}
	lock := flock.New(path, flock.SetPermissions(0o600))
	free, err := lock.TryLock()
	if err == nil && !free {
		log.Info("waiting: another episode is played in real time on this machine")
		_, err = lock.TryLockContext(ctx, lockPoll)
	}
	if err != nil {
		return nil, fmt.Errorf("playing in real time: %w", err)
	}
	return func() { _ = lock.Unlock() }, nil // the file stays: another process may be waiting for it
}

// Play has an episode of a target played in real time, alone on this machine: play is given
// the live target, anew for each attempt. An episode in which the machine did not keep up
// is played again; if it never does, doubts says why, of each attempt.
func Play(ctx context.Context, s scenario.Scenario, t target.Target, log logrus.FieldLogger, play func(live target.Target) error) (doubts []string, err error) {
	return repeat(func(doubt func(string)) error {
		release, err := Alone(ctx, log)
		if err != nil {
			return err
		}
		defer release()
		live, err := loopback.Live(s, t, false, loopback.Told{
			Doubt: func(_ string, _ uint64, what string) { doubt(what) }, Note: func(string, uint64, string) {},
		})
		if err != nil {
			return err
		}
		return play(live)
	})
}

// repeat plays until nothing is doubted, Attempts times at most, and returns what was.
func repeat(play func(doubt func(string)) error) (doubts []string, err error) {
	for attempt := range Attempts {
		var mu sync.Mutex
		before := len(doubts)
		doubt := func(what string) {
			mu.Lock()
			defer mu.Unlock()
			doubts = append(doubts, fmt.Sprintf("attempt %d: %s", attempt+1, what))
		}
		if err := play(doubt); err != nil {
			return nil, err
		}
		if len(doubts) == before {
			return nil, nil
		}
	}
	return doubts, nil
}
