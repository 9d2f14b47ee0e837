package probing

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"fairlb/env/observe"
	"fairlb/env/testbed/shm"
)

// Config says what is published.
type Config struct {
	Servers     int `json:"servers"`     // whose features are read, 1 to MaxServers
	Completions int `json:"completions"` // of each server between two publications
	Elapsed     int `json:"elapsed"`     // samples of flows under way of each server between two publications
}

// MaxServers is the number of servers that both layouts have room for.
const MaxServers = 63

// ErrConfig reports a configuration that cannot be measured.
var ErrConfig = errors.New("probing: invalid configuration")

// Check returns the first fault.
func (c Config) Check() error {
	switch {
	case c.Servers < 1 || c.Servers > MaxServers:
		return fmt.Errorf("%w: %d servers: must be 1 to %d", ErrConfig, c.Servers, MaxServers)
	case c.Completions < 0 || c.Elapsed < 0:
		return fmt.Errorf("%w: %d completions and %d samples: must not be negative", ErrConfig, c.Completions, c.Elapsed)
	}
	return nil
}

// Frame is the features of one publication.
type Frame struct {
	Sequence uint64    // of the publication, from 1
	Values   []float32 // a row of observe.Features for each server
}

// answerSize is the number of bytes of a frame as probes are answered.
func (c Config) answerSize() int { return 8 + 4*c.Servers*len(observe.Features()) }

// appendAnswer appends a frame as probes are answered: sequence number and values, little-endian.
func (f *Frame) appendAnswer(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, f.Sequence)
	for _, v := range f.Values {
		dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(v))
	}
	return dst
}

// errAnswer reports an answer that is none.
var errAnswer = errors.New("probing: an answer that no probe is given")

// decodeAnswer reads a frame of as many values as there is room for.
func (f *Frame) decodeAnswer(answer []byte) error {
	if len(answer) != 8+4*len(f.Values) {
		return fmt.Errorf("%w: %d bytes for %d features", errAnswer, len(answer), len(f.Values))
	}
	f.Sequence = binary.LittleEndian.Uint64(answer)
	for k := range f.Values {
		f.Values[k] = math.Float32frombits(binary.LittleEndian.Uint32(answer[8+4*k:]))
	}
	return nil
}

// publisher publishes what a load balancer might have seen, to several regions the same.
type publisher struct {
	cfg     Config
	regions []*shm.Publisher
	clock   shm.Clock
	rng     *rand.Rand
	last    time.Duration
}

// meanTime is that of completion times, in s.
const meanTime = 0.1

// newPublisher makes a region of the standard size for each path, by layout.
func newPublisher(cfg Config, paths map[shm.Layout]string) (*publisher, error) {
	p := &publisher{cfg: cfg, rng: rand.New(rand.NewPCG(1, 11))}
	var err error
	if p.clock, err = shm.NewClock(); err != nil {
		return nil, err
	}
	for _, layout := range []shm.Layout{shm.V2, shm.V1} {
		path := paths[layout]
		if path == "" {
			continue
		}
		region, err := shm.Create(path, shm.Config{Layout: layout})
		if err != nil {
			return nil, errors.Join(err, p.close())
		}
		p.regions = append(p.regions, region)
		for j := range cfg.Servers {
			if err := region.Set(j, fmt.Sprintf("s%d", j+1)); err != nil {
				return nil, errors.Join(err, p.close())
			}
		}
	}
	p.last = p.clock.Now()
	return p, nil
}

// publish publishes the flows of one step.
func (p *publisher) publish() error {
	now := p.clock.Now()
	for k := range p.cfg.Completions {
		at := p.last + (now-p.last)*time.Duration(k+1)/time.Duration(p.cfg.Completions)
		for j := range p.cfg.Servers {
			took, ongoing := p.rng.ExpFloat64()*meanTime, p.rng.Int32N(16)
			for _, region := range p.regions {
				region.Completed(j, at, time.Duration(took*float64(time.Second)))
				s := region.Server(j)
				s.Ongoing = ongoing
				s.Dispatched++
				s.Completed++
				s.DurationSum += took
				s.CountSum += float64(ongoing + 1)
			}
		}
	}
	for range p.cfg.Elapsed {
		for j := range p.cfg.Servers {
			took := time.Duration(p.rng.ExpFloat64() * meanTime * float64(time.Second))
			for _, region := range p.regions {
				region.Elapsed(j, now, took)
			}
		}
	}
	p.last = now
	var errs []error
	for _, region := range p.regions {
		errs = append(errs, region.Publish(now))
	}
	return errors.Join(errs...)
}

func (p *publisher) close() error {
	var errs []error
	for _, region := range p.regions {
		errs = append(errs, region.Close())
	}
	return errors.Join(errs...)
}
