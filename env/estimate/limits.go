package estimate

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ErrLimit reports a limit that cannot be read.
var ErrLimit = errors.New("estimate: not a limit")

// ParseLimits returns the default limits with those that variables of the
// environment set, which lookup reads as os.Getenv does: a positive number or,
// of memory, bytes or a number with KiB, MiB, GiB or TiB.
func ParseLimits(lookup func(name string) string) (Limits, error) {
	limits := DefaultLimits()
	for _, q := range Quantities() {
		text := strings.TrimSpace(lookup(q.Variable()))
		if text == "" {
			continue
		}
		number, factor, want := text, 1.0, "a positive number"
		if q == Memory {
			want = "a positive number of bytes, or of KiB, MiB, GiB or TiB, such as 64GiB"
			for k, unit := range []string{"KiB", "MiB", "GiB", "TiB"} {
				if rest, ok := strings.CutSuffix(text, unit); ok {
					number, factor = strings.TrimSpace(rest), float64(int64(1)<<(10*(k+1)))
				}
			}
		}
		x, err := strconv.ParseFloat(number, 64)
		if err != nil || !(x > 0) || math.IsInf(x, 0) {
			return limits, fmt.Errorf("%w: %s = %q: must be %s", ErrLimit, q.Variable(), text, want)
		}
		limits[q] = x * factor
	}
	return limits, nil
}
