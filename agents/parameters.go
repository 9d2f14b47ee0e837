package agents

import (
	"errors"
	"fmt"
	"slices"
)

// ErrParameters reports parameters that are not those wanted.
var ErrParameters = errors.New("agents: parameters do not fit")

// CopyParameters copies the data of src into dst, matched by name. Both must
// hold the same names and shapes; on an error nothing has been copied.
func CopyParameters(dst, src []Parameter) error {
	given := make(map[string]*Parameter, len(src))
	for i := range src {
		given[src[i].Name] = &src[i]
	}
	for i := range dst {
		want, have := &dst[i], given[dst[i].Name]
		switch {
		case have == nil:
			return fmt.Errorf("%w: %s is missing", ErrParameters, want.Name)
		case !slices.Equal(want.Shape, have.Shape) || len(want.Data) != len(have.Data):
			return fmt.Errorf("%w: %s has shape %v, want %v", ErrParameters, want.Name, have.Shape, want.Shape)
		}
	}
	if len(given) != len(dst) {
		return fmt.Errorf("%w: %d parameters, want %d", ErrParameters, len(given), len(dst))
	}
	for i := range dst {
		copy(dst[i].Data, given[dst[i].Name].Data)
	}
	return nil
}
