package estimate

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Quantity is what is counted of work.
type Quantity int

// The quantities.
const (
	Memory   Quantity = iota // bytes that are held at a time
	Events                   // arrivals and stage completions that are simulated, and servers that are observed
	Products                 // multiplications with the weights of networks
	quantities
)

// Part is one of the things that work consists of.
type Part struct {
	Quantity Quantity
	Name     string // what it is, such as "the replay buffer"
	Amount   float64
	// Fields are the paths of the settings whose product it is, the one to
	// look at first in front.
	Fields []string
}

// Estimate is what a piece of work takes. The zero value takes nothing.
type Estimate struct{ Parts []Part }

// Add adds a part: the product of the factors. A factor that is NaN counts as
// infinite.
func (e *Estimate) Add(q Quantity, name string, fields []string, factors ...float64) {
	amount := 1.0
	for _, f := range factors {
		if f == 0 { // also times infinity
			return
		}
		amount *= f
	}
	if math.IsNaN(amount) {
		amount = math.Inf(1)
	}
	e.Parts = append(e.Parts, Part{q, name, amount, fields})
}

// Include adds the parts of another estimate of the given quantities, each so
// many times.
func (e *Estimate) Include(other Estimate, times float64, of ...Quantity) {
	for _, p := range other.Parts {
		if slices.Contains(of, p.Quantity) {
			e.Add(p.Quantity, p.Name, p.Fields, p.Amount, times)
		}
	}
}

// Under returns the estimate with a prefix before the fields of its parts: the
// section of a settings file that they stand in.
func (e Estimate) Under(prefix string) Estimate {
	out := Estimate{Parts: slices.Clone(e.Parts)}
	for k := range out.Parts {
		var fields []string
		for _, f := range out.Parts[k].Fields {
			fields = append(fields, prefix+f)
		}
		out.Parts[k].Fields = fields
	}
	return out
}

// Total returns the sum of a quantity.
func (e *Estimate) Total(q Quantity) float64 {
	sum := 0.0
	for _, p := range e.Parts {
		if p.Quantity == q {
			sum += p.Amount
		}
	}
	return sum
}

// Limits are the most of each quantity that work may take.
type Limits [quantities]float64

// DefaultLimits are far above all that is shipped: 16 GiB, and about a
// fortnight of one core for events as for products.
func DefaultLimits() Limits {
	return Limits{Memory: 16 << 30, Events: 1e12, Products: 1e16}
}

// Variable names the environment variable that sets the limit of a quantity.
func (q Quantity) Variable() string {
	return [quantities]string{"FAIRLB_MAX_MEMORY", "FAIRLB_MAX_EVENTS", "FAIRLB_MAX_PRODUCTS"}[q]
}

// Quantities lists the quantities.
func Quantities() []Quantity { return []Quantity{Memory, Events, Products} }

// Format writes an amount with its unit.
func (q Quantity) Format(amount float64) string {
	switch q {
	case Events:
		return fmt.Sprintf("%.3g simulated events", amount)
	case Products:
		return fmt.Sprintf("%.3g multiplications in networks", amount)
	}
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	k := 0
	for amount >= 1024 && k < len(units)-1 {
		amount, k = amount/1024, k+1
	}
	return fmt.Sprintf("%.3g %s of memory", amount, units[k])
}

// ExceededError says that work would take more than a limit.
type ExceededError struct {
	Quantity      Quantity
	Amount, Limit float64
	Parts         []Part // of that quantity, the largest first; not empty
}

// largest is the number of parts that a message names.
const largest = 2

// Error implements error.
func (e *ExceededError) Error() string {
	var parts []string
	for _, p := range e.Parts[:min(largest, len(e.Parts))] {
		if len(parts) > 0 && p.Amount < 0.1*e.Parts[0].Amount {
			break
		}
		text := fmt.Sprintf("%s for %s", p.Quantity.Format(p.Amount), p.Name)
		if len(p.Fields) > 0 {
			text += fmt.Sprintf(" (%s)", strings.Join(p.Fields, ", "))
		}
		parts = append(parts, text)
	}
	return fmt.Sprintf("would take %s, the limit is %s: %s; make that smaller, or raise the limit by %s",
		e.Quantity.Format(e.Amount), e.Quantity.Format(e.Limit), strings.Join(parts, ", "), e.Quantity.Variable())
}

// InvalidInput says that the error is the user's to mend.
func (e *ExceededError) InvalidInput() bool { return true }

// Check returns an *ExceededError for the first quantity of which the estimate
// is above its limit.
func (l Limits) Check(e Estimate) error {
	for _, q := range []Quantity{Events, Memory, Products} { // too many events are why they find no room
		total := e.Total(q)
		if total <= l[q] {
			continue
		}
		x := &ExceededError{Quantity: q, Amount: total, Limit: l[q]}
		for _, p := range e.Parts {
			if p.Quantity == q {
				x.Parts = append(x.Parts, p)
			}
		}
		slices.SortStableFunc(x.Parts, func(a, b Part) int { return cmp.Compare(b.Amount, a.Amount) })
		return x
	}
	return nil
}
