package settings

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// segment is one part of an override's path: a field's name, or an index.
type segment struct {
	name  string
	index int // of a list's element; -1 for a name
}

// parsePath splits "servers[0].cpus" into its segments.
func parsePath(path string) ([]segment, bool) {
	var list []segment
	for part := range strings.SplitSeq(path, ".") {
		name, indices, _ := strings.Cut(part, "[")
		if name == "" {
			return nil, false
		}
		list = append(list, segment{name, -1})
		if name == part {
			continue
		}
		indices, closed := strings.CutSuffix(indices, "]")
		if !closed {
			return nil, false
		}
		for digits := range strings.SplitSeq(indices, "][") {
			i, err := strconv.ParseUint(digits, 10, 31)
			if err != nil {
				return nil, false
			}
			list = append(list, segment{"", int(i)})
		}
	}
	return list, true
}

// override applies one path=value to root.
func (d *decoder) override(spec string, root reflect.Value) {
	path, value, ok := strings.Cut(spec, "=")
	segments, valid := parsePath(path)
	if !ok || !valid {
		d.fault(location{source: fromOverride}, oneLine(spec, 80), "", "an override must have the form path=value, such as servers[0].cpus=4")
		return
	}
	d.set(root, segments, "", value)
}

// set decodes value into the field that the segments name, counted from dst,
// whose own path is given for messages. Pointers, lists and maps on the way are
// copied before they change, because the defaults may share them with other
// values.
func (d *decoder) set(dst reflect.Value, segments []segment, path, value string) {
	loc := location{source: fromOverride}
	if len(segments) == 0 {
		d.setValue(dst, path, value)
		return
	}
	next, rest := segments[0], segments[1:]
	below := join(path, next.name)
	if next.index >= 0 {
		below = fmt.Sprintf("%s[%d]", path, next.index)
	}
	switch kind := dst.Kind(); {
	case kind == reflect.Pointer:
		target := reflect.New(dst.Type().Elem())
		if !dst.IsNil() {
			target.Elem().Set(dst.Elem())
		}
		d.set(target.Elem(), segments, path, value)
		dst.Set(target)
	case kind == reflect.Struct && next.index < 0:
		f, rule := findField(fieldsOf(dst.Type()), next.name)
		if rule != "" {
			d.fault(loc, below, "", rule)
			return
		}
		d.set(dst.FieldByIndex(f.index), rest, below, value)
	case kind == reflect.Map && next.index < 0:
		element := reflect.New(dst.Type().Elem()).Elem()
		key := reflect.ValueOf(next.name).Convert(dst.Type().Key())
		if old := dst.MapIndex(key); old.IsValid() {
			element.Set(old)
		}
		d.set(element, rest, below, value)
		dst.Set(cloneMap(dst))
		dst.SetMapIndex(key, element)
	case (kind == reflect.Slice || kind == reflect.Array) && next.index >= 0:
		if next.index >= dst.Len() {
			d.fault(loc, below, "", fmt.Sprintf("index out of range: there are %d elements", dst.Len()))
			return
		}
		if kind == reflect.Slice {
			fresh := reflect.MakeSlice(dst.Type(), dst.Len(), dst.Len())
			reflect.Copy(fresh, dst)
			dst.Set(fresh)
		}
		d.set(dst.Index(next.index), rest, below, value)
	case next.index >= 0:
		d.fault(loc, below, "", "no such element: "+path+" is not a list")
	default:
		d.fault(loc, below, "", "unknown field: "+path+" has no fields")
	}
}

// setValue decodes the text behind an override's "=". For a string it is
// taken as it stands, unless it is in quotes, so that file names need none.
func (d *decoder) setValue(dst reflect.Value, path, value string) {
	t := dst.Type()
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	_, text := reflect.New(t).Interface().(encoding.TextUnmarshaler)
	if (t.Kind() == reflect.String || text) && !strings.HasPrefix(value, `"`) && !strings.HasPrefix(value, "'") &&
		!(dst.Kind() == reflect.Pointer && value == "null") {
		value = strconv.Quote(value)
	}
	node, fault := parseDocument([]byte(value))
	if fault != nil {
		d.fault(location{source: fromOverride}, path, oneLine(value, 40), fault.rule)
		return
	}
	d.decode(node, path, dst)
}

// cloneMap returns a copy of a map, empty for nil.
func cloneMap(m reflect.Value) reflect.Value {
	fresh := reflect.MakeMapWithSize(m.Type(), m.Len()+1)
	for entries := m.MapRange(); entries.Next(); {
		fresh.SetMapIndex(entries.Key(), entries.Value())
	}
	return fresh
}
