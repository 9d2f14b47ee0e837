package nntest

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// Source says what made a file of reference values.
type Source struct {
	Tool    string `json:"tool"`
	Version string `json:"version"`
	Package string `json:"package"`
	Command string `json:"command"`
}

// Tensor is a row-major tensor of a file of reference values.
type Tensor struct {
	Shape []int     `json:"shape"`
	Data  []float32 `json:"data"`
}

// ReadReference reads a JSON file of reference values into dst. Fields that
// dst lacks fail the test: no value goes unread.
func ReadReference(t *testing.T, path string, dst any) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(dst))
}

// Close checks that values are those wanted, each within
// tolerance * (scale + |want|).
func Close(t *testing.T, what string, want, got []float32, tolerance, scale float64) {
	t.Helper()
	require.Len(t, got, len(want), what)
	for i, w := range want {
		bound := tolerance * (scale + math.Abs(float64(w)))
		if !(math.Abs(float64(got[i])-float64(w)) <= bound) { // so that NaN fails
			t.Errorf("%s: value %d of %d is %g, want %g within %g", what, i, len(want), got[i], w, bound)
		}
	}
}
