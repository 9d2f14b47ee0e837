package eval_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval"
	"fairlb/results/text"
)

func TestParseSeeds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		list string
		want []uint64
		err  string
	}{
		{"7", []uint64{7}, ""},
		{"0", []uint64{0}, ""},
		{"1000-1003,7", []uint64{1000, 1001, 1002, 1003, 7}, ""},
		{" 3 , 1 - 2 ", []uint64{3, 1, 2}, ""},
		{"5-5", []uint64{5}, ""},
		{"9223372036854775806-9223372036854775807", []uint64{1<<63 - 2, 1<<63 - 1}, ""},
		{"", nil, `eval: invalid seeds "": an empty item (want, for example, 1000-1019,7)`},
		{"1,,2", nil, `eval: invalid seeds "1,,2": an empty item (want, for example, 1000-1019,7)`},
		{"x", nil, `eval: invalid seeds "x": "x" is not a whole number from 0 to 2^63-1`},
		{"-3", nil, `eval: invalid seeds "-3": "" is not a whole number from 0 to 2^63-1`},
		{"1-", nil, `eval: invalid seeds "1-": "" is not a whole number from 0 to 2^63-1`},
		{"1-2-3", nil, `eval: invalid seeds "1-2-3": "2-3" is not a whole number from 0 to 2^63-1`},
		{"1.5", nil, `eval: invalid seeds "1.5": "1.5" is not a whole number from 0 to 2^63-1`},
		{"9223372036854775808", nil,
			`eval: invalid seeds "9223372036854775808": "9223372036854775808" is not a whole number from 0 to 2^63-1`},
		{"9-1", nil, `eval: invalid seeds "9-1": range 9-1 runs backwards`},
		{"1-5,3", nil, `eval: invalid seeds "1-5,3": seed 3 comes twice`},
		{"1-100001", nil, `eval: invalid seeds "1-100001": more than 100000 seeds`},
		{"0-9223372036854775807", nil, `eval: invalid seeds "0-9223372036854775807": more than 100000 seeds`},
		{"1-100000,100001", nil, `eval: invalid seeds "1-100000,100001": more than 100000 seeds`},
	}
	for _, test := range tests {
		got, err := eval.ParseSeeds(test.list)
		if test.err != "" {
			require.ErrorIs(t, err, eval.ErrSeeds, test.list)
			require.EqualError(t, err, test.err)
			continue
		}
		require.NoError(t, err, test.list)
		require.Equal(t, test.want, got)
	}
	most, err := eval.ParseSeeds("1-100000")
	require.NoError(t, err)
	require.Len(t, most, eval.MaxSeeds)
}

// TestSeedsReadBack: seeds are read as package results/text writes them.
func TestSeedsReadBack(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var seeds []uint64
		for _, s := range random.Perm(12)[:1+random.IntN(11)] {
			seeds = append(seeds, uint64(s))
		}
		got, err := eval.ParseSeeds(text.Seeds(seeds))
		require.NoError(t, err)
		require.Equal(t, seeds, got)
	}
}
