package workload

import (
	"errors"
	"io"
	"math/rand/v2"

	"fairlb/env"
)

// replay reads the lines of a trace in the order in which an episode meets them.
type replay struct {
	trace   *Trace
	speedUp float64

	now    float64 // s of the trace's clock since the episode began, at the line read last
	origin float64 // s, the trace's time minus now

	// What is to be done about the next line, and at the trace's end.
	setsOrigin   bool    // the next line only sets origin, and is no part of the episode
	beginsAtZero bool    // the next line is at time 0
	rewinds      int     // how often the trace begins again after its end; -1: always
	rewound      float64 // s, now when it last began again; -1: it has not

	blocks *blocks // nil unless the window is InBlocks
}

// blocks draws where the blocks of a trace begin.
type blocks struct {
	index  *TraceIndex
	length float64 // s
	end    float64 // s of now, the end of the block that is being read
	rng    *rand.Rand
}

func openReplay(rec *Recording, index *TraceIndex, seed uint64) (replay, error) {
	p := replay{speedUp: rec.SpeedUp, rewound: -1}
	if p.speedUp == 0 {
		p.speedUp = 1
	}
	var err error
	if p.trace, err = OpenTrace(rec.Path); err != nil {
		return p, err
	}
	rng := rand.New(env.Stream(seed, "workload/window"))
	switch rec.Window {
	case FromAnywhere:
		p.setsOrigin, p.rewinds = true, 1
		err = p.trace.SeekFraction(rng.Float64())
	case InBlocks:
		p.rewinds = -1
		p.blocks = &blocks{index: index, length: rec.Block, rng: rng}
		if err = index.checkBlocks(rec.Path, rec.Block); err == nil {
			err = p.nextBlock()
		}
	default:
		p.beginsAtZero = true
	}
	if rec.Repeat {
		p.rewinds = -1
	}
	if err != nil {
		return p, errors.Join(err, p.trace.Close())
	}
	return p, nil
}

// nextBlock goes on with another block of the trace.
func (p *replay) nextBlock() error {
	b := p.blocks
	start := b.index.First + b.rng.Float64()*b.index.Length()
	p.origin = start - b.end
	b.end += b.length
	p.setsOrigin = false
	return b.index.seek(p.trace, start)
}

// next moves now to the next request of the episode and returns its line.
func (p *replay) next() (Record, error) {
	for {
		line, err := p.trace.NextRecord()
		switch {
		case err == io.EOF && p.rewinds != 0 && p.now != p.rewound: // else it would go on at one moment for ever
			p.rewinds = max(p.rewinds-1, -1)
			if err := p.rewind(); err != nil {
				return line, err
			}
			continue
		case err != nil:
			return line, err
		case p.setsOrigin:
			p.setsOrigin, p.origin = false, line.Time-p.now
			continue
		case p.beginsAtZero:
			p.beginsAtZero, p.origin = false, line.Time
		}
		moment := line.Time - p.origin
		if p.blocks == nil {
			p.now = moment
			return line, nil
		}
		if moment < p.now { // before the block, which begins between two lines that the index has
			continue
		}
		if moment >= p.blocks.end {
			p.now = p.blocks.end
			if err := p.nextBlock(); err != nil {
				return line, err
			}
			continue
		}
		p.now = moment
		return line, nil
	}
}

// rewind goes on with the trace's first line, which sets the clock.
func (p *replay) rewind() error {
	if p.blocks != nil {
		p.now = p.blocks.index.Last - p.origin
	}
	p.rewound = p.now
	p.setsOrigin = true
	return p.trace.Rewind()
}
