package agents

import (
	"errors"
	"fmt"
	"slices"
)

// ErrParameters reports parameters that are not those wanted.
var ErrParameters = errors.New("agents: parameters do not fit")

// CopyParameters copies the data of src into dst, matched by name, in any
// order. It fails with ErrParameters, and copies nothing, unless both hold the
// same names, each once, with the same shapes.
func CopyParameters(dst, src []Parameter) error {
	given := make(map[string][]float32, len(src))
	for _, p := range src {
		if _, twice := given[p.Name]; twice {
			return fmt.Errorf("%w: %q is given twice", ErrParameters, p.Name)
		}
		given[p.Name] = p.Data
	}
	for _, want := range dst {
		i := slices.IndexFunc(src, func(p Parameter) bool { return p.Name == want.Name })
		switch {
		case i < 0:
			return fmt.Errorf("%w: %q is missing", ErrParameters, want.Name)
		case !slices.Equal(src[i].Shape, want.Shape):
			return fmt.Errorf("%w: %q has shape %v, want %v", ErrParameters, want.Name, src[i].Shape, want.Shape)
		case len(src[i].Data) != len(want.Data):
			return fmt.Errorf("%w: %q has %d values, want %d", ErrParameters, want.Name, len(src[i].Data), len(want.Data))
		}
	}
	for _, p := range src {
		if !slices.ContainsFunc(dst, func(want Parameter) bool { return want.Name == p.Name }) {
			return fmt.Errorf("%w: %q is not wanted", ErrParameters, p.Name)
		}
	}
	for _, want := range dst {
		copy(want.Data, given[want.Name])
	}
	return nil
}
