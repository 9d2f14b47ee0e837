package nn

// Size is what a network takes, as floats that do not overflow.
type Size struct {
	Parameters float64
	Values     float64 // that its layers compute of a row of the input
	Products   float64 // multiplications with weights of a row of the input
}

// Size returns what a network of that shape takes; a row is a server's.
func (s ServerNetShape) Size() Size {
	in, hidden, out := float64(s.In+s.Embedding), float64(s.Hidden), float64(s.Out)
	size := Size{Parameters: float64(s.Servers) * float64(s.Embedding), Values: in + out}
	for range s.Layers {
		size.Parameters += 2*in*hidden + hidden
		size.Values += hidden
		size.Products += in * hidden
		in = hidden
	}
	size.Parameters += in*out + out
	size.Products += in * out
	return size
}

// Size returns what a network of that shape takes; a row is of all servers.
func (s RecurrentNetShape) Size() Size {
	in, hidden, after, out := float64(s.In), float64(s.Hidden), float64(s.LayersAfter), float64(s.Out)
	weights := in*hidden + (1+after)*hidden*hidden + 6*hidden*hidden + hidden*out
	return Size{
		Parameters: weights + (2+after)*hidden + 6*hidden + out,
		Values:     in + (2+after)*hidden + 5*hidden + out, // of the recurrent layer also its gates
		Products:   weights,
	}
}

// Floats that are held for each parameter and value, in bytes.
const (
	// TrainedBytes are of a parameter that is trained: its value and gradient,
	// two moments of the optimiser, the average or target that follows, and a
	// copy to act by.
	TrainedBytes = 6 * 4
	// GraphBytes are of a value whose gradient is computed, and PlanBytes of one
	// that is computed alone.
	GraphBytes = 3 * 4
	PlanBytes  = 4
	// UpdateProducts are those of an update for each of computing a network
	// alone: forward and, twice as much, backward.
	UpdateProducts = 3
)
