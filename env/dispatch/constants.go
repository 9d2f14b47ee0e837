package dispatch

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// constants are the constants of a heuristic that its name gives, as in
// self-tuning:exponent=0.8,window=100.
type constants map[string]float64

// constantNames lists the constants of a heuristic that may be given.
func constantNames(heuristic string) []string {
	switch heuristic {
	case selfTuningName, ClassAwareName:
		return []string{"exponent", "window", "prior", "overflow"}
	case UniversalName, UniversalCarriedName:
		return []string{"overflow"}
	case CarriedName:
		return []string{"exponent", "window", "prior", "age", "memory", "order", "overflow"}
	case prequalName:
		return []string{"pool", "probes", "remove", "age", "quantile"}
	case leastTimeName:
		return []string{"factor"}
	case relativeName:
		return []string{"high", "low", "down", "up", "interval", "errors"}
	case twoChoicesAccrualName:
		return []string{"failures", "backoff", "longest"}
	}
	return nil
}

// WithoutConstants returns the name of a heuristic without the constants behind it.
func WithoutConstants(name string) string {
	heuristic, _, _ := strings.Cut(name, ":")
	return heuristic
}

// GivesConstants says whether a name is that of a heuristic with constants behind
// it, whether they are right or wrong.
func GivesConstants(name string) bool {
	heuristic, _, any := strings.Cut(name, ":")
	return any && slices.Contains(Names(), heuristic)
}

// HasOverflow says whether a heuristic sends what is more than its servers can do to one of
// them (constant overflow).
func HasOverflow(name string) bool {
	heuristic, given, _ := strings.Cut(name, ":")
	list, err := parseConstants(heuristic, given)
	return err == nil && list["overflow"] > 0
}

// parseConstants reads the constants that are given to a heuristic.
func parseConstants(heuristic, given string) (constants, error) {
	known := constantNames(heuristic)
	if len(known) == 0 {
		return nil, fmt.Errorf("dispatch: %s:%s: %s takes no constants", heuristic, given, heuristic)
	}
	list := constants{}
	for _, entry := range strings.Split(given, ",") {
		name, text, _ := strings.Cut(entry, "=")
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("dispatch: %s: unknown constant %q (known: %s)", heuristic, name, strings.Join(known, ", "))
		}
		if _, again := list[name]; again {
			return nil, fmt.Errorf("dispatch: %s: constant %s is given twice", heuristic, name)
		}
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("dispatch: %s: %s=%q: must be a number", heuristic, name, text)
		}
		list[name] = value
	}
	return list, nil
}

// set sets a constant of a configuration if it is given.
func (c constants) set(name string, value *float64) {
	if x, given := c[name]; given {
		*value = x
	}
}
