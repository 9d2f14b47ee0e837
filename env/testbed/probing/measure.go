package probing

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"fairlb/env/observe"
)

// Plan says what is measured.
type Plan struct {
	Kinds    []Kind
	Readings int             // of each way after each pause, that are timed
	Warmup   int             // before them, that are not
	Pauses   []time.Duration // before each reading, for which the reader sleeps
	Progress func()          // called after each turn; nil: nobody is told
}

// Series are the readings of one way after one pause.
type Series struct {
	Kind  Kind
	Pause time.Duration
	// Again says that the way had read the same frame before, so that there was nothing new
	// to take in, and no features to compute: what is left is the exchange.
	Again bool
	Times []time.Duration // of each reading, in their order
	Bytes float64         // that went through sockets for a reading, both ways
}

// Turns is the number of turns that a plan takes.
func (p *Plan) Turns() int { return len(p.Pauses) * (p.Warmup + p.Readings) }

// Measure reads in turns: in each turn a frame is published, and every way reads it once, and
// once again, in an order that is drawn anew. The load balancer that publishes as fast as it
// can does so only meanwhile, and each of its frames is new; it disturbs others in its turns.
func Measure(ctx context.Context, s *Source, p Plan) (list []Series, err error) {
	if len(p.Kinds) == 0 || p.Readings < 1 || p.Warmup < 0 {
		return nil, fmt.Errorf("%w: %d ways, %d readings after %d", ErrConfig, len(p.Kinds), p.Readings, p.Warmup)
	}
	readers := make([]reader, len(p.Kinds))
	defer func() {
		for _, r := range readers {
			if r != nil {
				err = errors.Join(err, r.close())
			}
		}
	}()
	for k, kind := range p.Kinds {
		if readers[k], err = newReader(ctx, kind, &s.at, s.cfg); err != nil {
			readers[k] = nil
			return nil, fmt.Errorf("%s: %w", kind, err)
		}
	}
	for _, pause := range p.Pauses {
		series, err := s.after(ctx, &p, pause, readers)
		if err != nil {
			return nil, err
		}
		list = append(list, series...)
	}
	return list, nil
}

// after measures all ways after a pause.
func (s *Source) after(ctx context.Context, p *Plan, pause time.Duration, readers []reader) ([]Series, error) {
	series, again, moved := make([]Series, len(p.Kinds)), make([]Series, len(p.Kinds)), make([]uint64, len(p.Kinds))
	for k, kind := range p.Kinds {
		series[k] = Series{Kind: kind, Pause: pause, Times: make([]time.Duration, 0, p.Readings)}
		again[k] = Series{Kind: kind, Pause: pause, Again: true, Times: make([]time.Duration, 0, p.Readings)}
	}
	rng := rand.New(rand.NewPCG(1, uint64(pause)))
	frame := Frame{Values: make([]float32, s.cfg.Servers*len(observe.Features()))}
	for turn := range p.Warmup + p.Readings {
		if turn == p.Warmup {
			for k, r := range readers {
				moved[k] = r.moved()
				series[k].Times, again[k].Times = series[k].Times[:0], again[k].Times[:0]
			}
		}
		number, err := s.do(tellPublish)
		if err != nil {
			return nil, err
		}
		for _, k := range rng.Perm(len(readers)) {
			took, err := s.time(ctx, p.Kinds[k], readers[k], pause, number, &frame)
			if err == nil {
				series[k].Times = append(series[k].Times, took)
				if p.Kinds[k].Flooded() {
					continue
				}
				took, err = s.time(ctx, p.Kinds[k], readers[k], pause, number, &frame)
				again[k].Times = append(again[k].Times, took)
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p.Kinds[k], err)
			}
		}
		if p.Progress != nil {
			p.Progress()
		}
	}
	for k, r := range readers {
		if n := len(series[k].Times) + len(again[k].Times); n > 0 {
			series[k].Bytes = float64(r.moved()-moved[k]) / float64(n)
			again[k].Bytes = series[k].Bytes
		}
	}
	return append(series, slices.DeleteFunc(again, func(x Series) bool { return x.Kind.Flooded() })...), nil
}

// time times a reading after a pause, which must be of the publication of that number.
func (s *Source) time(ctx context.Context, k Kind, r reader, pause time.Duration, number uint64, frame *Frame) (took time.Duration, err error) {
	if k.Flooded() {
		if _, err := s.do(tellFlood); err != nil {
			return 0, err
		}
	}
	if err := sleep(ctx, pause); err != nil {
		return 0, err
	}
	begun := time.Now()
	err = r.read(frame)
	took = time.Since(begun)
	switch {
	case err != nil:
		return 0, err
	case k.Flooded():
		_, err = s.do(tellStop)
		return took, err
	case frame.Sequence != number:
		return 0, fmt.Errorf("%w: of publication %d in place of %d", errAnswer, frame.Sequence, number)
	}
	return took, nil
}
