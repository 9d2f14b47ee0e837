package nn

import (
	"errors"
	"slices"

	"fairlb/agents"
	"fairlb/env/snapshot"
)

// ErrParameter reports a parameter that does not belong where it is used.
var ErrParameter = errors.New("nn: parameter does not fit")

// Arena holds the parameters of one or more networks in one flat slice, in
// the order in which they were added. Once its values have been handed out it
// takes no more parameters.
type Arena struct {
	params []*Param
	values []float32 // of all parameters, one after the other
	sealed bool      // whether values have been handed out
}

// Param is a named parameter of an Arena.
type Param struct {
	name  string
	shape []int
	off   int // of its first value in the arena
	size  int // number of values
	home  *Arena
}

// Name returns the name of the parameter, unique in its arena.
func (p *Param) Name() string { return p.name }

// NewArena returns an empty arena.
func NewArena() *Arena { return new(Arena) }

// Add appends a parameter and has init write its first values. It panics if the name
// is taken, the shape is empty or the arena has handed out its values: these are
// faults of the program, not of its input.
func (a *Arena) Add(name string, init Init, shape ...int) *Param {
	size := sizeOf(shape)
	switch {
	case a.sealed:
		panic("nn: parameter added to an arena in use")
	case size <= 0:
		panic("nn: parameter of empty shape")
	case slices.ContainsFunc(a.params, func(p *Param) bool { return p.name == name }):
		panic("nn: parameter name used twice in an arena")
	}
	p := &Param{name: name, shape: slices.Clone(shape), off: len(a.values), size: size, home: a}
	a.params = append(a.params, p)
	a.values = append(a.values, make([]float32, size)...)
	init(a.values[p.off:])
	return p
}

// Values returns the flat slice of all parameters, a view. From then on the arena
// takes no more.
func (a *Arena) Values() []float32 {
	a.sealed = true
	return a.values
}

// Clone returns an arena of the same layout with a copy of the values, for target
// networks, averaged networks and actors. A network that was built on the original
// runs on the clone too (NewPlan).
func (a *Arena) Clone() *Arena {
	a.sealed = true
	return &Arena{params: a.params, values: slices.Clone(a.values), sealed: true}
}

// Parameters lists the parameters in order, each name behind prefix. The data
// are views of the arena.
func (a *Arena) Parameters(prefix string) []agents.Parameter {
	out := make([]agents.Parameter, len(a.params))
	for i, p := range a.params {
		out[i] = agents.Parameter{Name: prefix + p.name, Shape: slices.Clone(p.shape), Data: a.view(p)}
	}
	return out
}

// State implements snapshot.Stater: the values.
func (a *Arena) State(c *snapshot.Codec) { c.Float32s(a.Values()) }

// view returns the values of p in this arena, which has the layout of p's home.
func (a *Arena) view(p *Param) []float32 {
	a.sealed = true
	return a.values[p.off : p.off+p.size : p.off+p.size]
}

// holds reports whether p is a parameter of this arena or of one that it is a
// clone of.
func (a *Arena) holds(p *Param) bool {
	return slices.Contains(a.params, p)
}

// sizeOf returns the number of values of a tensor; 0 for an empty shape.
func sizeOf(shape []int) int {
	if len(shape) == 0 {
		return 0
	}
	n := 1
	for _, d := range shape {
		if d <= 0 {
			return 0
		}
		n *= d
	}
	return n
}
