package dispatch

import (
	_ "embed"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// The numbers of features: of a server, as universal and as universal-carried have them, and
// of the pool.
const (
	serverFeatures  = 21
	carriedFeatures = 26
	poolFeatures    = 6
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
//	division   cos(2 pi (j - i) / LBs) for server j and LB i: 1 for every LBs-th server, others for each
//	           LB, and -1 half way between them; 0 for an LB alone. Over the LBs a server's sum is 0
//
// A factor load, share or servers is the pool's (PoolFeatures). With carried counts two features
// come besides:
//
//	total    logarithm of carried's estimate, by the requests of all LBs, relative to the pool's
//	popular  logarithm of what the other LBs usually have there over what they usually have on
//	         a server of its weight, half a request added to both: what they think of it
func ServerFeatures(carried bool) []string {
	list := []string{
		"capacity", "capacity*known", "capacity*load", "capacity*share", "posterior", "posterior*load", "trend",
		"told", "told*doubt", "told*load", "explained", "explained*doubt", "explained*load", "explained*share",
		"order", "order*share", "division", "division*share", "division*load", "division*servers", "known",
	}
	if carried {
		list = append(list, "total", "total*known", "popular", "popular*load", "popular*share")
	}
	return list
}

// PoolFeatures names the features of a pool, in order:
//
//	one      1
//	load     log(1 + r) - 1/2, where r is how many other requests a request meets at its server for each
//	         configured processor: the LB's own, times the number of LBs
//	share    1 over the number of LBs, less 0.3
//	servers  half the logarithm of their number, of 64 at most, less 1
//	slope    that of the estimates over the configured capacities, as logarithms, less 1/2
//	spread   standard deviation of what the slope leaves of the estimates, noise taken off, less 0.3
func PoolFeatures() []string {
	return []string{"one", "load", "share", "servers", "slope", "spread"}
}

// The names that New knows the rules by whose scores are learned: by own requests alone, and
// by what servers tell besides.
const (
	UniversalName        = "universal"
	UniversalCarriedName = "universal-carried"
)

// Policy has the learned coefficients of universal or universal-carried. The zero Policy is
// self-tuning.
type Policy struct {
	Carried        bool                     // of universal-carried
	Weight, Offset [carriedFeatures]float64 // of the logarithms of a server's weight and offset; universal has the first 21
	Common         [poolFeatures]float64    // of the logarithm of every server's offset

	// Others and Age are of universal-carried: of the logarithms of what a request of another LB beyond
	// the usual ones counts beside an own one, times the number of LBs, and of how long what a server
	// has said is believed beside what carried does.
	Others, Age [poolFeatures]float64
}

// Rule returns the name of the rule whose coefficients they are.
func (p *Policy) Rule() string {
	if p.Carried {
		return UniversalCarriedName
	}
	return UniversalName
}

// parts returns the coefficients: those of weights, of offsets, of every server's offset
// and, of universal-carried, of other LBs' requests and of ages.
func (p *Policy) parts() [][]float64 {
	if p.Carried {
		return [][]float64{p.Weight[:], p.Offset[:], p.Common[:], p.Others[:], p.Age[:]}
	}
	return [][]float64{p.Weight[:serverFeatures], p.Offset[:serverFeatures], p.Common[:]}
}

// Coefficients returns the coefficients in the order of NewPolicy.
func (p *Policy) Coefficients() []float64 { return slices.Concat(p.parts()...) }

// WithCarried returns the policy of universal-carried that scores as a policy of universal does
// where nobody tells anything: with the same coefficients, and none of what is told.
func (p *Policy) WithCarried() *Policy {
	return &Policy{Carried: true, Weight: p.Weight, Offset: p.Offset, Common: p.Common}
}

// PolicySize returns the number of coefficients of universal or universal-carried.
func PolicySize(carried bool) int {
	n := 0
	for _, part := range (&Policy{Carried: carried}).parts() {
		n += len(part)
	}
	return n
}

// NewPolicy returns the policy of the coefficients of universal or universal-carried: those of
// weights, of offsets, of every server's offset and, of the latter, of other LBs' requests and of
// ages. It fails if there are more or fewer or one is not finite.
func NewPolicy(carried bool, coefficients []float64) (*Policy, error) {
	if n := PolicySize(carried); len(coefficients) != n {
		return nil, fmt.Errorf("dispatch: a policy of %d coefficients: must be %d", len(coefficients), n)
	}
	for k, x := range coefficients {
		if !(math.Abs(x) <= maxCoefficient) {
			return nil, fmt.Errorf("dispatch: coefficient %d of a policy is %g: must be in [-%d, %d]", k, x, maxCoefficient, maxCoefficient)
		}
	}
	p := &Policy{Carried: carried}
	for _, part := range p.parts() {
		coefficients = coefficients[copy(part, coefficients):]
	}
	return p, nil
}

// ShippedPolicy returns the policy that ships in the program for universal, universal.csv, or
// for universal-carried, universal-carried.csv.
func ShippedPolicy(carried bool) *Policy {
	text := shippedPolicy
	if carried {
		text = shippedCarriedPolicy
	}
	p, err := ParsePolicy((&Policy{Carried: carried}).Rule()+".csv", text)
	if err != nil {
		panic("dispatch: the shipped policy: " + err.Error()) // a test reads it
	}
	return p
}

//go:embed universal.csv
var shippedPolicy string

//go:embed universal-carried.csv
var shippedCarriedPolicy string

// The first line of a policy's file, of universal and universal-carried.
const (
	policyHeader        = "feature,weight,offset"
	carriedPolicyHeader = policyHeader + ",others,age"
)

// lines returns the first line and, for each line of the policy's file, the feature and the coefficients that
// stand behind it; nil where there is none.
func (p *Policy) lines() (header string, features []string, columns [][]*float64) {
	header = policyHeader
	if p.Carried {
		header = carriedPolicyHeader
	}
	features = ServerFeatures(p.Carried)
	for k := range features {
		columns = append(columns, []*float64{&p.Weight[k], &p.Offset[k], nil, nil})
	}
	for k, name := range PoolFeatures() {
		features = append(features, name)
		columns = append(columns, []*float64{nil, &p.Common[k], &p.Others[k], &p.Age[k]})
	}
	for k := range columns {
		columns[k] = columns[k][:strings.Count(header, ",")]
	}
	return header, features, columns
}

// Text returns the policy as a file, CSV with a line for each feature.
func (p *Policy) Text() string {
	header, features, columns := p.lines()
	text := header + "\n"
	for k, name := range features {
		text += name
		for _, x := range columns[k] {
			text += ","
			if x != nil {
				text += strconv.FormatFloat(*x, 'g', -1, 64)
			}
		}
		text += "\n"
	}
	return text
}

// ParsePolicy reads the text of a file that Policy.Text has made. Errors name the file, as
// which name is given, and the line.
func ParsePolicy(name, text string) (*Policy, error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	p := &Policy{Carried: lines[0] == carriedPolicyHeader}
	header, features, columns := p.lines()
	if lines[0] != header {
		return nil, fmt.Errorf("%s: line 1: must be %q, or %q for %s", name, policyHeader, carriedPolicyHeader, UniversalCarriedName)
	}
	titles := strings.Split(header, ",")[1:]
	for k, feature := range features {
		line := k + 2
		if line > len(lines) {
			return nil, fmt.Errorf("%s: line %d: is missing: must be that of %s", name, line, feature)
		}
		fields := strings.Split(lines[line-1], ",")
		if len(fields) != 1+len(titles) || fields[0] != feature {
			return nil, fmt.Errorf("%s: line %d: %q: must be %s and as many numbers as line 1 has behind feature, with commas between", name, line, lines[line-1], feature)
		}
		for c, to := range columns[k] {
			switch field := fields[1+c]; {
			case to == nil && field != "":
				return nil, fmt.Errorf("%s: line %d: %s: %s %q: must be empty", name, line, feature, titles[c], field)
			case to != nil:
				x, err := strconv.ParseFloat(field, 64)
				if err != nil || !(math.Abs(x) <= maxCoefficient) {
					return nil, fmt.Errorf("%s: line %d: %s: %s %q: must be a number in [-%d, %d]", name, line, feature, titles[c], field, maxCoefficient, maxCoefficient)
				}
				*to = x
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
