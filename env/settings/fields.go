package settings

import (
	"fmt"
	"reflect"
	"strings"
)

// field is a struct's field as a settings file names it.
type field struct {
	name      string
	index     []int
	omitEmpty bool
	doc       string
}

// fieldsOf lists the fields of a struct type in its order, inlined structs
// expanded in place.
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

// findField returns the field called name, or the rule that an unknown name
// breaks: with a near name if there is one, else with all names.
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

// nearest returns the candidate that name is most likely a slip of, or "".
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
