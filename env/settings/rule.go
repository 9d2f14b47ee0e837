package settings

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Rule is what one value must be, whatever the other values are: it judges a
// value, says in a sentence what is wanted, and says the same to a JSON schema.
// The functions of this file make rules.
type Rule struct {
	keeps      func(v reflect.Value) bool
	constrain  func(s *schema)
	values     []string // of OneOf
	wanted     string   // the sentence
	ofIntegers string   // the sentence where the value is an integer, if it is another
	value      any      // what a fault shows in place of the value; nil: the value
	length     bool     // or the length of the value
}

// Saying returns the rule with another sentence.
func (r Rule) Saying(sentence string) Rule {
	r.wanted, r.ofIntegers = sentence, ""
	return r
}

// Showing returns the rule with faults that show the given value in place of
// the one that breaks it.
func (r Rule) Showing(value any) Rule {
	r.value = value
	return r
}

func (r Rule) sentence(v reflect.Value) string {
	if v.CanInt() && r.ofIntegers != "" {
		return r.ofIntegers
	}
	return r.wanted
}

// shown returns what a fault shows: v is the value, and given the same or a
// pointer to it.
func (r Rule) shown(v reflect.Value, given any) any {
	switch {
	case r.value != nil:
		return r.value
	case r.length:
		return v.Len()
	}
	return given
}

// numberRule is the rule of an integer or a float.
func numberRule(keeps func(x float64) bool, limits bounds, sentence string) Rule {
	return Rule{
		keeps: func(v reflect.Value) bool {
			switch {
			case v.CanInt():
				return keeps(float64(v.Int()))
			case v.CanUint():
				return keeps(float64(v.Uint()))
			case v.CanFloat():
				return keeps(v.Float())
			}
			panic("settings: the rule of a number is stated of another value")
		},
		constrain: func(s *schema) { s.bounds.limit(limits) },
		wanted:    sentence,
	}
}

// Positive wants a finite number above 0.
func Positive() Rule {
	return numberRule(func(x float64) bool { return x > 0 && !math.IsInf(x, 0) }, bounds{ExclusiveMinimum: new(float64)}, "must be positive and finite")
}

// NotNegative wants a finite number of at least 0.
func NotNegative() Rule {
	r := numberRule(func(x float64) bool { return x >= 0 && !math.IsInf(x, 0) }, bounds{Minimum: new(float64)}, "must be finite and not negative")
	r.ofIntegers = "must not be negative"
	return r
}

// AtLeast wants a finite number of at least low.
func AtLeast(low float64) Rule {
	return numberRule(func(x float64) bool { return x >= low && !math.IsInf(x, 0) }, bounds{Minimum: &low}, "must be finite and at least "+decimal(low))
}

// AtMost wants a number of at most high.
func AtMost(high float64) Rule {
	return numberRule(func(x float64) bool { return x <= high }, bounds{Maximum: &high}, "must be at most "+decimal(high))
}

// Closed wants a number in [low, high].
func Closed(low, high float64) Rule {
	return numberRule(func(x float64) bool { return x >= low && x <= high }, bounds{Minimum: &low, Maximum: &high}, interval("[", low, high, "]"))
}

// Open wants a number in (low, high).
func Open(low, high float64) Rule {
	return numberRule(func(x float64) bool { return x > low && x < high }, bounds{ExclusiveMinimum: &low, ExclusiveMaximum: &high}, interval("(", low, high, ")"))
}

// OpenClosed wants a number in (low, high].
func OpenClosed(low, high float64) Rule {
	return numberRule(func(x float64) bool { return x > low && x <= high }, bounds{ExclusiveMinimum: &low, Maximum: &high}, interval("(", low, high, "]"))
}

// ClosedOpen wants a number in [low, high).
func ClosedOpen(low, high float64) Rule {
	return numberRule(func(x float64) bool { return x >= low && x < high }, bounds{Minimum: &low, ExclusiveMaximum: &high}, interval("[", low, high, ")"))
}

func interval(left string, low, high float64, right string) string {
	return "must be in " + left + decimal(low) + ", " + decimal(high) + right
}

func decimal(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// textRule is the rule of a string, of whatever named type.
func textRule(keeps func(s string) bool, constrain func(s *schema), sentence string) Rule {
	return Rule{
		keeps: func(v reflect.Value) bool {
			if v.Kind() != reflect.String {
				panic("settings: the rule of a string is stated of another value")
			}
			return keeps(v.String())
		},
		constrain: constrain,
		wanted:    sentence,
	}
}

// OneOf wants one of the given strings, at least one.
func OneOf[T ~string](values ...T) Rule {
	names := make([]string, len(values))
	for i, v := range values {
		names[i] = string(v)
	}
	sentence := "must be " + names[0]
	if last := len(names) - 1; last > 0 {
		sentence = "must be " + strings.Join(names[:last], ", ") + " or " + names[last]
	}
	r := textRule(func(s string) bool { return slices.Contains(names, s) }, func(s *schema) { s.Enum = names }, sentence)
	r.values = names
	return r
}

// Accepting returns the rule of strings with other spellings that a file may
// use, which a schema does not list.
func (r Rule) Accepting(other func(s string) bool) Rule {
	listed := r.keeps
	r.keeps = func(v reflect.Value) bool { return listed(v) || other(v.String()) }
	return r
}

// NotEmpty wants a string that is not empty.
func NotEmpty() Rule {
	return textRule(func(s string) bool { return s != "" }, func(s *schema) { s.MinLength = 1 }, "must not be empty")
}

// listRule is the rule of a list.
func listRule(keeps func(v reflect.Value) bool, least, most int, sentence string) Rule {
	return Rule{
		keeps: func(v reflect.Value) bool {
			if v.Kind() != reflect.Slice && v.Kind() != reflect.Array {
				panic("settings: the rule of a list is stated of another value")
			}
			return keeps(v)
		},
		constrain: func(s *schema) { s.MinItems, s.MaxItems = least, most },
		wanted:    sentence,
	}
}

// Elements wants a list of at least one element and, if most is not 0, of at
// most so many. A fault shows the number of elements.
func Elements(most int) Rule {
	sentence := "must be at least one"
	if most > 0 {
		sentence = fmt.Sprintf("must be 1 to %d", most)
	}
	r := listRule(func(v reflect.Value) bool { return v.Len() >= 1 && (most == 0 || v.Len() <= most) }, 1, most, sentence)
	r.length = true
	return r
}

// Rising wants a list of at least two finite numbers, each above the one before
// it.
func Rising() Rule {
	return listRule(func(v reflect.Value) bool {
		for i := range v.Len() {
			x := v.Index(i).Float()
			if math.IsInf(x, 0) || math.IsNaN(x) || i > 0 && x <= v.Index(i-1).Float() {
				return false
			}
		}
		return v.Len() >= 2
	}, 2, 0, "must be at least two finite values in rising order")
}
