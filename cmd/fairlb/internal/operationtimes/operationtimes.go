package operationtimes

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/sirupsen/logrus"

	"fairlb/env/testbed/shm"
	"fairlb/eval/theory/complexity"
)

// ErrUnsupported reports a machine on which nothing can be timed.
var ErrUnsupported = errors.New("operationtimes: the processor time of a thread is known on Linux alone")

// Settings say how to measure.
type Settings struct {
	Folder string            // where regions are made; it must exist
	Cells  []complexity.Cell // the sizes
	Rounds int               // over all cells, every second one backwards
	Least  time.Duration     // of processor time for each operation, cell and round
	Log    logrus.FieldLogger
}

// Measure times all operations at all sizes.
func Measure(ctx context.Context, s Settings) (*complexity.Measurement, error) {
	folder, err := os.MkdirTemp(s.Folder, "fairlb-operations-")
	if err != nil {
		return nil, fmt.Errorf("operationtimes: %w", err)
	}
	m := &complexity.Measurement{Machine: machine()}
	for _, c := range s.Cells {
		for _, name := range complexity.Operations() {
			m.Timings = append(m.Timings, complexity.Timing{Operation: name, Cell: c})
		}
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err = s.rounds(ctx, m, filepath.Join(folder, "region"))
	return m, errors.Join(err, os.RemoveAll(folder))
}

// rounds measures in rounds.
func (s *Settings) rounds(ctx context.Context, m *complexity.Measurement, path string) error {
	overhead, err := clockOverhead()
	if err != nil {
		return err
	}
	for round := range s.Rounds {
		order := make([]int, len(s.Cells))
		for k := range order {
			order[k] = k
		}
		if round%2 == 1 {
			slices.Reverse(order)
		}
		for _, k := range order {
			if err := ctx.Err(); err != nil {
				return err
			}
			n := len(complexity.Operations())
			if err := s.cell(path, s.Cells[k].Sizes, m.Timings[k*n:(k+1)*n], overhead); err != nil {
				return err
			}
		}
		s.Log.WithFields(logrus.Fields{"round": round + 1, "of": s.Rounds}).Info("timed")
	}
	return nil
}

// cell times all operations at some sizes, once each.
func (s *Settings) cell(path string, sizes complexity.Sizes, timings []complexity.Timing, overhead time.Duration) (err error) {
	shape := shm.Shape{Slots: sizes.Slots, Samples: sizes.Samples, Level: sizes.Level}
	operations, err := shm.NewOperations(path, shape, sizes.Servers)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, operations.Close()) }()
	list := operations.List()
	for k := range timings {
		t := &timings[k]
		i := slices.IndexFunc(list, func(o shm.Operation) bool { return o.Name == t.Operation })
		if i < 0 {
			return fmt.Errorf("operationtimes: there is no operation %q", t.Operation)
		}
		t.Bytes = list[i].Bytes
		ns, err := timed(&list[i], s.Least, overhead)
		if err != nil {
			return fmt.Errorf("operationtimes: %s, k = %d, N = %d, m = %d: %w", t.Operation, sizes.Samples, sizes.Servers, sizes.Level, err)
		}
		t.Nanoseconds = append(t.Nanoseconds, ns)
	}
	return nil
}

// preparing bounds the time for which an operation is prepared, in multiples of that for
// which it is timed.
const preparing = 10

// timed does an operation until it has taken so much processor time, and returns what
// one took in ns, without what reading the clock takes. The first time is to warm up.
func timed(o *shm.Operation, least, overhead time.Duration) (float64, error) {
	spent, done := time.Duration(0), 0
	begun := time.Now()
	for first := true; first || done == 0 || spent < least && time.Since(begun) < preparing*least; first = false {
		if err := o.Prepare(); err != nil {
			return 0, err
		}
		before, err := threadTime()
		if err != nil {
			return 0, err
		}
		for range o.Times {
			if err := o.Do(); err != nil {
				return 0, err
			}
		}
		after, err := threadTime()
		if err != nil {
			return 0, err
		}
		if !first {
			spent += max(after-before-overhead, 0)
			done += o.Times
		}
	}
	return max(float64(spent.Nanoseconds())/float64(done), leastTime), nil
}

// leastTime in ns stands for a time so short that reading the clock hides it.
const leastTime = 0.1

// clockOverhead returns the median of what threadTime adds to a time that it measures.
func clockOverhead() (time.Duration, error) {
	var list []time.Duration
	for range 10_001 {
		before, err := threadTime()
		if err != nil {
			return 0, err
		}
		after, err := threadTime()
		if err != nil {
			return 0, err
		}
		list = append(list, after-before)
	}
	slices.Sort(list)
	return list[len(list)/2], nil
}
