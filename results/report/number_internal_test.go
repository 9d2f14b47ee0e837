package report

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSeconds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		v    float64
		want string
	}{
		{0, "0.000"}, {0.0004, "0.000"}, {0.1356, "0.136"}, {9.9994, "9.999"}, {9.9996, "10.00"},
		{12.345, "12.35"}, {99.996, "100.0"}, {123.45, "123.5"}, {999.96, "1000"}, {40000, "40000"},
	} {
		require.Equal(t, c.want, seconds(c.v), "%g", c.v)
	}
}
