package weblog

import (
	"bytes"
	"encoding/json"
	"strings"
)

// jsonReader reads lines that are JSON objects. The name of a field in an object
// within the line's has a dot: request.uri.
type jsonReader struct{ columns []column }

// servers implements lineReader.
func (j *jsonReader) servers() bool { return namesServer(j.columns) }

// read implements lineReader.
func (j *jsonReader) read(line []byte, r *record) (bool, fault) {
	object, ok := jsonObject(line)
	if !ok {
		return false, fault{line, "a line must be a JSON object", false}
	}
	return false, readColumns(j.columns, r, func(name string) ([]byte, bool) { return jsonText(object, name) })
}

// jsonObject returns the fields of an object.
func jsonObject(text []byte) (map[string]json.RawMessage, bool) {
	var object map[string]json.RawMessage
	if text = bytes.TrimSpace(text); len(text) == 0 || text[0] != '{' {
		return nil, false
	}
	return object, json.Unmarshal(text, &object) == nil
}

// jsonText returns the text of a field that is a string or a number.
func jsonText(object map[string]json.RawMessage, name string) ([]byte, bool) {
	raw, found := object[name]
	if !found {
		outer, inner, dotted := strings.Cut(name, ".")
		if !dotted {
			return nil, false
		}
		within, ok := jsonObject(object[outer])
		if !ok {
			return nil, false
		}
		return jsonText(within, inner)
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
	d := json.NewDecoder(bytes.NewReader(line))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	var out []string
	for d.More() && len(out) < limit {
		name, err := d.Token()
		if err != nil {
			return out
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return out
		}
		key, _ := name.(string)
		out = append(out, clip([]byte(key), 40)+"="+clip(value, 40))
	}
	return out
}
