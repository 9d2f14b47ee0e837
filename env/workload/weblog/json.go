package weblog

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// jsonReader reads lines that are JSON objects. The name of a field in an object
// within the line's has a dot: request.uri.
type jsonReader struct{ columns []column }

// servers implements lineReader.
func (j *jsonReader) servers() bool { return namesServer(j.columns) }

// read implements lineReader.
func (j *jsonReader) read(line []byte, r *record) (bool, fault) {
	object, ok := parseObject(line)
	if !ok {
		return false, fault{line, "a line must be a JSON object", false}
	}
	repeated := ""
	wrong := readColumns(j.columns, r, func(name string) ([]byte, bool) { return object.text(name, &repeated) })
	if repeated != "" {
		wrong = fault{line, "the field " + repeated + " must be there once", true}
	}
	return false, wrong
}

// jsonObject is the fields of a JSON object.
type jsonObject struct {
	fields   map[string]json.RawMessage // of a field that is there more than once, the last
	repeated []string                   // the names of those
}

// parseObject reads a JSON object.
func parseObject(text []byte) (o jsonObject, ok bool) {
	if text = bytes.TrimSpace(text); len(text) == 0 || text[0] != '{' {
		return o, false
	}
	if json.Unmarshal(text, &o.fields) != nil {
		return o, false
	}
	if members(text) != len(o.fields) {
		known := map[string]bool{}
		eachField(text, func(name string, _ json.RawMessage) bool {
			if known[name] {
				o.repeated = append(o.repeated, name)
			}
			known[name] = true
			return true
		})
	}
	return o, true
}

// members counts the members of a JSON object, which must be one.
func members(object []byte) (n int) {
	depth, inText := 0, false
	for k := 0; k < len(object); k++ {
		switch c := object[k]; {
		case inText && c == '\\':
			k++ // which is escaped
		case c == '"':
			inText = !inText
		case inText:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		case c == ':' && depth == 1:
			n++
		}
	}
	return n
}

// text returns the text of a field that is a string or a number. A field that is
// there more than once is repeated.
func (o *jsonObject) text(name string, repeated *string) ([]byte, bool) {
	raw, found := o.fields[name]
	if !found {
		outer, inner, dotted := strings.Cut(name, ".")
		if !dotted {
			return nil, false
		}
		if slices.Contains(o.repeated, outer) {
			*repeated = outer
		}
		within, ok := parseObject(o.fields[outer])
		if !ok {
			return nil, false
		}
		return within.text(inner, repeated)
	}
	if slices.Contains(o.repeated, name) {
		*repeated = name
	}
	if len(raw) == 0 || raw[0] == '{' || raw[0] == '[' || string(raw) == "null" {
		return nil, false
	}
	if raw[0] != '"' {
		return raw, true
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return nil, false
	}
	return []byte(text), true
}

// jsonFields lists the fields of a line that is a JSON object, with their values, in
// their order.
func jsonFields(line []byte, limit int) []string {
	var out []string
	eachField(line, func(name string, value json.RawMessage) bool {
		out = append(out, clip([]byte(name), 40)+"="+clip(value, 40))
		return len(out) < limit
	})
	return out
}

// eachField calls visit for the fields of a text that is a JSON object, in their
// order, until it says that no more are wanted.
func eachField(text []byte, visit func(name string, value json.RawMessage) bool) {
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return
		}
		key, _ := name.(string)
		if !visit(key, value) {
			return
		}
	}
}
