package eval

import (
	"fmt"
	"strconv"
	"strings"
)

// MaxSeeds is the largest number of seeds that ParseSeeds reads.
const MaxSeeds = 100_000

// ParseSeeds reads seeds and inclusive ranges of them, separated by commas:
// "1000-1019,7" is 1000 to 1019 and then 7. Their order is kept. It fails with
// ErrSeeds on anything else, on a range that runs backwards, on a seed that
// comes twice and on more than MaxSeeds of them.
func ParseSeeds(list string) ([]uint64, error) {
	var seeds []uint64
	seen := make(map[uint64]bool)
	for _, item := range strings.Split(list, ",") {
		item = strings.TrimSpace(item)
		if item == "" {
			return nil, fmt.Errorf("%w %q: an empty item (want, for example, 1000-1019,7)", ErrSeeds, list)
		}
		low, high, isRange := strings.Cut(item, "-")
		first, err := parseSeed(low)
		if err != nil {
			return nil, fmt.Errorf("%w %q: %w", ErrSeeds, list, err)
		}
		last := first
		if isRange {
			if last, err = parseSeed(high); err != nil {
				return nil, fmt.Errorf("%w %q: %w", ErrSeeds, list, err)
			}
		}
		if last < first {
			return nil, fmt.Errorf("%w %q: range %s runs backwards", ErrSeeds, list, item)
		}
		if last-first >= uint64(MaxSeeds-len(seeds)) {
			return nil, fmt.Errorf("%w %q: more than %d seeds", ErrSeeds, list, MaxSeeds)
		}
		for i := uint64(0); i <= last-first; i++ {
			seed := first + i
			if seen[seed] {
				return nil, fmt.Errorf("%w %q: seed %d comes twice", ErrSeeds, list, seed)
			}
			seen[seed] = true
			seeds = append(seeds, seed)
		}
	}
	return seeds, nil
}

func parseSeed(s string) (uint64, error) {
	s = strings.TrimSpace(s)
	// ParseUint takes no sign, and no underscores in base 10. Seeds from 2^63
	// on are those of training episodes.
	seed, err := strconv.ParseUint(s, 10, 63)
	if err != nil {
		return 0, fmt.Errorf("%q is not a whole number from 0 to 2^63-1", s)
	}
	return seed, nil
}
