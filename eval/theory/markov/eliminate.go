package markov

import "gonum.org/v1/gonum/floats"

// band holds the rates of a chain whose transitions lead to states of nearby numbers:
// by state, the rates to the states from width below it to width above it.
type band struct {
	states, width int
	rate          []float64
}

// newBand returns a band without any rates.
func newBand(states, width int) *band {
	return &band{states, width, make([]float64, states*(2*width+1))}
}

// at returns the rate from one state to another, which must be within the band.
func (b *band) at(from, to int) *float64 {
	return &b.rate[from*(2*b.width+1)+b.width+to-from]
}

// eliminate returns the stationary distribution and destroys the rates. It is the
// algorithm of Grassmann, Taksar and Heyman (1985): states are taken out from the last
// one on, and the time in each is then put back in relation to those below. There are
// no subtractions, so that every probability is exact to rounding. An irreducible
// chain takes states * width^2 multiplications.
func (b *band) eliminate() []float64 {
	for k := b.states - 1; k > 0; k-- {
		low := max(0, k-b.width)
		down := 0.0
		for j := low; j < k; j++ {
			down += *b.at(k, j)
		}
		for i := low; i < k; i++ {
			in := b.at(i, k)
			if *in == 0 {
				continue
			}
			*in /= down
			for j := low; j < k; j++ {
				if j != i {
					*b.at(i, j) += *in * *b.at(k, j)
				}
			}
		}
	}
	p := make([]float64, b.states)
	p[0] = 1
	for k := 1; k < b.states; k++ {
		for i := max(0, k-b.width); i < k; i++ {
			p[k] += p[i] * *b.at(i, k)
		}
	}
	floats.Scale(1/floats.Sum(p), p)
	return p
}

// StationaryDirect returns the stationary distribution by elimination of states,
// without a tolerance. It takes states * width^2 multiplications, where width is the
// greatest difference of the numbers of two states between which there is a
// transition; Stationary is for chains where that is too much.
func (c *Chain) StationaryDirect() []float64 {
	width := 0
	c.each(func(from, to int, _ float64) { width = max(width, from-to, to-from) })
	b := newBand(c.states, width)
	c.each(func(from, to int, rate float64) { *b.at(from, to) += rate })
	return b.eliminate()
}

// each calls visit with all transitions between different states.
func (c *Chain) each(visit func(from, to int, rate float64)) {
	for to := range c.states {
		for k := c.start[to]; k < c.start[to+1]; k++ {
			visit(int(c.from[k]), to, c.rate[k])
		}
	}
}
