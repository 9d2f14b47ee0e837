//go:build !linux

package overhead

import "context"

// Measure returns lab.ErrUnsupported.
func Measure(_ context.Context, c Config) ([]Result, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	return nil, Available()
}
