package settings

import (
	"math"
	"reflect"
	"regexp"
	"strconv"
)

// bounds are the numbers that a field may be, as a JSON schema says it.
type bounds struct {
	Minimum          *float64 `json:"minimum,omitempty"`
	Maximum          *float64 `json:"maximum,omitempty"`
	ExclusiveMinimum *float64 `json:"exclusiveMinimum,omitempty"`
	ExclusiveMaximum *float64 `json:"exclusiveMaximum,omitempty"`
}

// boundsOf asks the Validator of a struct which numbers its fields may be: each
// is set to one that is far out, and the rule that this breaks is read. So a
// schema says what Validate does, and cannot say anything else. What depends on
// other fields is not found, nor what stands in a list. top holds the defaults;
// it is changed and restored.
func boundsOf(top reflect.Value) map[string]bounds {
	v, ok := top.Addr().Interface().(Validator)
	if !ok {
		return nil
	}
	found := map[string]bounds{}
	var visit func(dst reflect.Value, path string)
	visit = func(dst reflect.Value, path string) {
		switch {
		case dst.Kind() == reflect.Struct:
			for _, f := range fieldsOf(dst.Type()) {
				visit(dst.FieldByIndex(f.index), join(path, f.name))
			}
			return
		case !dst.CanInt() && !dst.CanFloat():
			return
		}
		before := reflect.New(dst.Type()).Elem()
		before.Set(dst)
		if dst.CanInt() {
			dst.SetInt(math.MinInt32)
		} else {
			dst.SetFloat(-math.MaxFloat32)
		}
		v.Validate(func(at string, _ any, rule string) {
			if b, ok := readBounds(rule); ok && at == path {
				found[path] = b
			}
		})
		dst.Set(before)
	}
	visit(top, "")
	return found
}

// The rules of numbers, as validators word them.
var (
	interval    = regexp.MustCompile(`^must be in ([\[(])([^ ,]+), ([^ ,]+)([\])])$`)
	positive    = regexp.MustCompile(`^must be positive( and finite)?$`)
	notNegative = regexp.MustCompile(`^must (not be negative|be finite and not negative)$`)
)

// readBounds returns the bounds that a rule states, if it states nothing else.
func readBounds(rule string) (b bounds, ok bool) {
	zero := new(float64)
	switch {
	case positive.MatchString(rule):
		return bounds{ExclusiveMinimum: zero}, true
	case notNegative.MatchString(rule):
		return bounds{Minimum: zero}, true
	}
	part := interval.FindStringSubmatch(rule)
	if part == nil {
		return bounds{}, false
	}
	low, err := strconv.ParseFloat(part[2], 64)
	if err != nil {
		return bounds{}, false
	}
	high, err := strconv.ParseFloat(part[3], 64)
	if err != nil {
		return bounds{}, false
	}
	if part[1] == "[" {
		b.Minimum = &low
	} else {
		b.ExclusiveMinimum = &low
	}
	if part[4] == "]" {
		b.Maximum = &high
	} else {
		b.ExclusiveMaximum = &high
	}
	return b, true
}
