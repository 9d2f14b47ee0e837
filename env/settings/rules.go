package settings

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
)

// Ruled is a settings struct that states the rules of its values.
type Ruled interface {
	// Rules states each rule to r, under the names that the struct's fields
	// have in a file. It is called to judge a file, and on the defaults to
	// learn the rules for a JSON schema; it must not change anything.
	Rules(r *Rules)
}

// Rules takes the rules of a settings struct. There are two kinds. A Rule is
// about one value whatever the others are; it is stated by Check, and it is in
// the JSON schema too. Everything else (relations between values, names that
// must exist) is stated by Require or Report in a sentence of its own, and a
// schema does not know of it. A Rule that must be kept only under a condition is
// stated to When(condition), not inside an if: the rules are also asked for when
// there is no file by which the condition could be judged.
type Rules struct {
	path        string // of the struct that states rules: "" or "sac."
	conditional bool   // the rules depend on other values
	idle        bool   // and the condition does not hold

	report func(path string, value any, sentence string) // takes faults; nil to learn the rules alone
	note   func(path string, rule Rule)                  // takes the rules of a schema; nil to judge alone
	broken map[string]bool                               // paths of values that break a Rule
}

// judge asks v for its rules and reports every one that is broken.
func judge(v Ruled, report func(path string, value any, sentence string)) {
	v.Rules(&Rules{report: report, broken: map[string]bool{}})
}

// Check states that the value of a field keeps rule. A pointer that is nil is
// not judged, nor is a value that has broken a Rule already: of its rules, the
// first that is broken is reported.
func (r *Rules) Check(field string, value any, rule Rule) {
	path := r.path + field
	if r.note != nil && !r.conditional {
		r.note(path, rule)
	}
	v := reflect.ValueOf(value)
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if r.report == nil || r.idle || r.broken[path] || !v.IsValid() || rule.keeps(v) {
		return
	}
	r.broken[path] = true
	sentence := rule.sentence(v)
	if len(rule.values) > 0 {
		sentence += Suggestion(v.String(), rule.values)
	}
	r.report(path, rule.shown(v, value), sentence)
}

// Require reports a field unless the condition holds: value is what the report
// shows (nil: nothing), and the sentence says what it must be.
func (r *Rules) Require(holds bool, field string, value any, sentence string) {
	if !holds {
		r.Report(field, value, sentence)
	}
}

// Report reports a field: value is what the report shows (nil: nothing), and
// the sentence says what it must be.
func (r *Rules) Report(field string, value any, sentence string) {
	if r.report != nil && !r.idle {
		r.report(r.path+field, value, sentence)
	}
}

// When returns where to state the rules that must be kept only under a
// condition.
func (r *Rules) When(condition bool) *Rules {
	under := *r
	under.conditional, under.idle = true, r.idle || !condition
	return &under
}

// Under returns where to state the rules of a struct that is the given field.
func (r *Rules) Under(field string) *Rules {
	under := *r
	under.path += field + "."
	return &under
}

// Fields states the rules of all fields of a struct that are Ruled themselves;
// v points to the struct.
func (r *Rules) Fields(v any) {
	s := reflect.ValueOf(v).Elem()
	for _, f := range fieldsOf(s.Type()) {
		if ruled, ok := s.FieldByIndex(f.index).Addr().Interface().(Ruled); ok {
			ruled.Rules(r.Under(f.name))
		}
	}
}

// Each states the rules of the elements of a list, by a function that states
// those of one of them. Where the rules are learned for a schema, it is called
// for one element, which is zero, whatever the list has.
func Each[T any](r *Rules, field string, list []T, element func(r *Rules, k int, x *T)) {
	if r.note != nil {
		element(r.Under(field+"[]"), 0, new(T))
	}
	if r.report == nil {
		return
	}
	for k := range list {
		element(r.Under(fmt.Sprintf("%s[%d]", field, k)), k, &list[k])
	}
}

// Faults returns an error for each rule that v breaks, joined; each wraps kind
// and names the field, its value and the rule.
func Faults(kind error, v Ruled) error {
	var faults []error
	judge(v, func(path string, value any, sentence string) {
		if s := reflect.ValueOf(value); s.Kind() == reflect.String {
			value = strconv.Quote(s.String())
		}
		faults = append(faults, fmt.Errorf("%w: %s = %v: %s", kind, path, value, sentence))
	})
	return errors.Join(faults...)
}

// rulesOf returns the rules of each field that do not depend on other fields,
// by path, with [] for an element of a list. top holds the defaults.
func rulesOf(top reflect.Value) map[string][]Rule {
	found := map[string][]Rule{}
	if v, ok := top.Addr().Interface().(Ruled); ok {
		v.Rules(&Rules{note: func(path string, rule Rule) { found[path] = append(found[path], rule) }})
	}
	return found
}
