package dispatch

import (
	_ "embed"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// The numbers of features of universal's score, of a server and of the pool.
const (
	serverFeatures = 17
	poolFeatures   = 6
)

// ServerFeatures names the features of a server, in order:
//
//	capacity   logarithm of the LB's own estimate a_j, relative to the pool's
//	known      n/(n+10) - 1/2 for the n completions behind it
//	told       logarithm of the configured capacity, relative to the pool's geometric mean
//	explained  told times the slope of the estimates over it: what of the told holds here
//	doubt      1/2 - known
//	posterior  explained and, as far as it is more than noise, what the estimate differs from it
//	trend      the estimate over a tenth of the window less capacity
//	order      rises from -1 to 1 over the servers for LBs of even index, falls for the others
//	level      in [-1, 1], spread evenly over the servers, differently for each LB
//
// A factor load or share is the pool's (PoolFeatures).
func ServerFeatures() []string {
	return []string{
		"capacity", "capacity*known", "capacity*load", "capacity*share", "posterior", "posterior*load", "trend",
		"told", "told*doubt", "told*load", "explained", "explained*doubt", "explained*load", "explained*share",
		"order", "level", "known",
	}
}

// PoolFeatures names the features of a pool, in order:
//
//	one      1
//	load     log(1 + r) - 1/2, where r is how many other requests a request meets at its server for each
//	         configured processor: the LB's own, times the number of LBs
//	share    1 over the number of LBs, less 0.3
//	servers  half the logarithm of their number, less 1
//	slope    that of the estimates over the configured capacities, as logarithms, less 1/2
//	spread   standard deviation of what the slope leaves of the estimates, noise taken off, less 0.3
func PoolFeatures() []string {
	return []string{"one", "load", "share", "servers", "slope", "spread"}
}

// UniversalName is what New knows the rule by whose score is learned.
const UniversalName = "universal"

// Policy has the learned coefficients of universal. The zero Policy is self-tuning.
type Policy struct {
	Weight, Offset [serverFeatures]float64 // of the logarithms of a server's weight and offset
	Common         [poolFeatures]float64   // of the logarithm of every server's offset
}

// PolicySize is the number of a Policy's coefficients.
const PolicySize = 2*serverFeatures + poolFeatures

// NewPolicy returns the policy of PolicySize coefficients: those of weights, of offsets,
// and of every server's offset. It fails if there are more or fewer or one is not finite.
func NewPolicy(coefficients []float64) (*Policy, error) {
	if len(coefficients) != PolicySize {
		return nil, fmt.Errorf("dispatch: a policy of %d coefficients: must be %d", len(coefficients), PolicySize)
	}
	for k, x := range coefficients {
		if !(math.Abs(x) <= maxCoefficient) {
			return nil, fmt.Errorf("dispatch: coefficient %d of a policy is %g: must be in [-%d, %d]", k, x, maxCoefficient, maxCoefficient)
		}
	}
	p := new(Policy)
	copy(p.Weight[:], coefficients)
	copy(p.Offset[:], coefficients[serverFeatures:])
	copy(p.Common[:], coefficients[2*serverFeatures:])
	return p, nil
}

// ShippedPolicy returns the policy that ships in the program, universal.csv.
func ShippedPolicy() *Policy {
	p, err := ParsePolicy("universal.csv", shippedPolicy)
	if err != nil {
		panic("dispatch: the shipped policy: " + err.Error()) // a test reads it
	}
	return p
}

//go:embed universal.csv
var shippedPolicy string

// policyHeader is the first line of a policy's file.
const policyHeader = "feature,weight,offset"

// Text returns the policy as a file, CSV with a line for each feature.
func (p *Policy) Text() string {
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	text := policyHeader + "\n"
	for k, name := range ServerFeatures() {
		text += name + "," + number(p.Weight[k]) + "," + number(p.Offset[k]) + "\n"
	}
	for k, name := range PoolFeatures() {
		text += name + ",," + number(p.Common[k]) + "\n"
	}
	return text
}

// ParsePolicy reads the text of a file that Policy.Text has made. Errors name the file, as
// which name is given, and the line.
func ParsePolicy(name, text string) (*Policy, error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if lines[0] != policyHeader {
		return nil, fmt.Errorf("%s: line 1: must be %q", name, policyHeader)
	}
	p := new(Policy)
	servers := ServerFeatures()
	features := append(servers, PoolFeatures()...)
	for k, feature := range features {
		line := k + 2
		if line > len(lines) {
			return nil, fmt.Errorf("%s: line %d: is missing: must be that of %s", name, line, feature)
		}
		fields := strings.Split(lines[line-1], ",")
		if len(fields) != 3 || fields[0] != feature {
			return nil, fmt.Errorf("%s: line %d: %q: must be %s and two numbers, with commas between", name, line, lines[line-1], feature)
		}
		to := []*float64{nil, nil, nil}
		if k < len(servers) {
			to[1], to[2] = &p.Weight[k], &p.Offset[k]
		} else {
			to[2] = &p.Common[k-len(servers)]
		}
		for c, column := range strings.Split(policyHeader, ",") {
			switch {
			case c == 0:
			case to[c] == nil && fields[c] != "":
				return nil, fmt.Errorf("%s: line %d: %s: %s %q: must be empty: it is of the pool", name, line, feature, column, fields[c])
			case to[c] != nil:
				x, err := strconv.ParseFloat(fields[c], 64)
				if err != nil || !(math.Abs(x) <= maxCoefficient) {
					return nil, fmt.Errorf("%s: line %d: %s: %s %q: must be a number in [-%d, %d]", name, line, feature, column, fields[c], maxCoefficient, maxCoefficient)
				}
				*to[c] = x
			}
		}
	}
	if extra := len(features) + 2; len(lines) >= extra {
		return nil, fmt.Errorf("%s: line %d: one line too many", name, extra)
	}
	return p, nil
}

// maxCoefficient bounds coefficients.
const maxCoefficient = 100
