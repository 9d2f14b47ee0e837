package settings

import (
	"fmt"
	"reflect"
	"strings"
)

// field is a field of a struct that a settings file may name.
type field struct {
	name      string // in the file
	index     []int  // in the struct, for reflect.Value.FieldByIndex
	omitEmpty bool   // Marshal leaves out a zero value
	doc       string // the doc tag
}

// fieldsOf lists the fields of a struct type in its order. The fields of a struct
// that is inlined are in its place.
func fieldsOf(t reflect.Type) []field {
	var list []field
	for i := range t.NumField() {
		sf := t.Field(i)
		tag := sf.Tag.Get("yaml")
		if tag == "-" || !sf.IsExported() {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		if options == "inline" {
			for _, f := range fieldsOf(sf.Type) {
				f.index = append([]int{i}, f.index...)
				list = append(list, f)
			}
			continue
		}
		if name == "" {
			name = strings.ToLower(sf.Name)
		}
		list = append(list, field{
			name:      name,
			index:     []int{i},
			omitEmpty: options == "omitempty",
			doc:       sf.Tag.Get("doc"),
		})
	}
	return list
}

// findField returns the field called name. If there is none, it returns a
// sentence for the fault, which suggests a similar name or, without one, lists
// all names.
func findField(fields []field, name string) (field, string) {
	names := make([]string, len(fields))
	for i, f := range fields {
		if f.name == name {
			return f, ""
		}
		names[i] = f.name
	}
	if near := Suggestion(name, names); near != "" {
		return field{}, "unknown field" + near
	}
	return field{}, fmt.Sprintf("unknown field (fields: %s)", strings.Join(names, ", "))
}

// Suggestion returns what a message about a name that there is not ends with:
// " (did you mean ...?)" if one of the candidates is near, or else nothing.
func Suggestion(name string, candidates []string) string {
	if near := Nearest(name, candidates); near != "" {
		return fmt.Sprintf(" (did you mean %q?)", near)
	}
	return ""
}

// Nearest returns the candidate that is most similar to name, or "" if none is
// similar enough to have been meant.
func Nearest(name string, candidates []string) string {
	plain := strings.NewReplacer("_", "", "-", "")
	norm := func(s string) string { return plain.Replace(strings.ToLower(s)) }
	if len(name) > maxName {
		return ""
	}
	best, limit := "", min(3, (len(name)+2)/3, len(name)-1)
	for _, c := range candidates {
		if d := editDistance(norm(name), norm(c)); d <= limit {
			best, limit = c, d-1
		}
	}
	return best
}

// maxName is the length of the longest name that may be meant to be another.
const maxName = 100

// editDistance is the number of insertions, deletions and substitutions of
// bytes, and of exchanges of neighbours, that turn a into b (optimal string
// alignment).
func editDistance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := range len(a) {
		for j := range len(b) {
			cost := rows[i][j]
			if a[i] != b[j] {
				cost++
			}
			cost = min(cost, rows[i+1][j]+1, rows[i][j+1]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				cost = min(cost, rows[i-1][j-1]+1)
			}
			rows[i+1][j+1] = cost
		}
	}
	return rows[len(a)][len(b)]
}
