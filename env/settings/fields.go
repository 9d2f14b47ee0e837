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
	if near := nearest(name, names); near != "" {
		return field{}, fmt.Sprintf("unknown field (did you mean %q?)", near)
	}
	return field{}, fmt.Sprintf("unknown field (fields: %s)", strings.Join(names, ", "))
}

// nearest returns the candidate that is most similar to name, or "" if none is
// similar enough to have been meant.
func nearest(name string, candidates []string) string {
	plain := strings.NewReplacer("_", "", "-", "")
	norm := func(s string) string { return plain.Replace(strings.ToLower(s)) }
	best, limit := "", min(3, (len(name)+2)/3)
	for _, c := range candidates {
		if d := editDistance(norm(name), norm(c)); d <= limit {
			best, limit = c, d-1
		}
	}
	return best
}

// editDistance is the number of insertions, deletions and substitutions of
// bytes that turn a into b (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
