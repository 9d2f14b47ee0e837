package files

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSum: any bit of an object that was changed is noticed, but for those that
// say where its sum is, without which it has none.
func TestSum(t *testing.T) {
	t.Parallel()
	object := []byte("{\n  \"mean\": 0.25,\n  \"runs\": [\n    1\n  ]\n}\n")
	whole := AddSum(object)
	require.NoError(t, CheckSum(whole))
	require.NoError(t, CheckSum(object), "of an older program")
	var before, after map[string]any
	require.NoError(t, json.Unmarshal(object, &before))
	require.NoError(t, json.Unmarshal(whole, &after))
	require.Len(t, after["sum"], 2*sumBytes)
	delete(after, "sum")
	require.Equal(t, before, after)
	label := bytes.Index(whole, []byte(sumBegin))
	for k := range whole {
		if k >= label && k < label+len(sumBegin) {
			continue
		}
		for bit := range 8 {
			damaged := bytes.Clone(whole)
			damaged[k] ^= 1 << bit
			require.ErrorIs(t, CheckSum(damaged), ErrSum, "byte %d, bit %d", k, bit)
		}
	}
	require.ErrorIs(t, CheckSum(append(bytes.Clone(whole), ' ')), ErrSum)
}
