package settings

import (
	"encoding"
	"fmt"
	"reflect"

	"github.com/goccy/go-yaml/ast"
)

// decoder sets Go values from YAML nodes. It does not stop at a fault: it keeps
// all of them, and where each value came from.
type decoder struct {
	name      string // the file's name, for messages
	source    source // of the nodes being decoded
	locations map[string]location
	errs      Errors
}

// fault keeps a fault for Load to return.
func (d *decoder) fault(loc location, path, value, rule string) {
	d.errs = append(d.errs, Error{Place: loc.place(d.name), Path: path, Value: value, Rule: rule, location: loc})
}

// locationOf returns where node is written.
func (d *decoder) locationOf(node ast.Node) location {
	loc := location{source: d.source}
	if node != nil && d.source == fromFile {
		loc.line, loc.column = nodePosition(node)
	}
	return loc
}

// decode sets dst, which is addressable, from a node. A nil node is null.
func (d *decoder) decode(node ast.Node, path string, dst reflect.Value) {
	loc := d.locationOf(node)
	d.locations[path] = loc
	if n, ok := node.(*ast.NullNode); ok || node == nil {
		d.decodeNull(n, loc, path, dst)
		return
	}
	if dst.Kind() == reflect.Pointer {
		// A fresh target, so that defaults shared between values stay whole.
		target := reflect.New(dst.Type().Elem())
		if !dst.IsNil() {
			target.Elem().Set(dst.Elem())
		}
		d.decode(node, path, target.Elem())
		dst.Set(target)
		return
	}
	if u, ok := dst.Addr().Interface().(encoding.TextUnmarshaler); ok {
		d.decodeText(node, loc, path, u)
		return
	}
	switch dst.Kind() {
	case reflect.Struct:
		d.decodeStruct(node, loc, path, dst)
	case reflect.Map:
		d.decodeMap(node, loc, path, dst)
	case reflect.Slice, reflect.Array:
		d.decodeList(node, loc, path, dst)
	default:
		text, ok := scalarText(node)
		if !ok {
			d.fault(loc, path, "", kindRule(dst.Type())+", not "+describe(node))
			return
		}
		if rule := setScalar(dst, text); rule != "" {
			d.fault(loc, path, text.shown(), rule)
		}
	}
}

// decodeNull handles a value that is null or left out behind its key: nothing
// for a pointer, list or map, the defaults for a struct.
func (d *decoder) decodeNull(node *ast.NullNode, loc location, path string, dst reflect.Value) {
	switch dst.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice:
		dst.SetZero()
	case reflect.Struct:
	default:
		d.fault(loc, path, "null", kindRule(dst.Type()))
	}
}

// decodeText sets a value of a type that reads itself from text.
func (d *decoder) decodeText(node ast.Node, loc location, path string, dst encoding.TextUnmarshaler) {
	text, ok := scalarText(node)
	if !ok {
		d.fault(loc, path, "", "must be a single value, not "+describe(node))
		return
	}
	if err := dst.UnmarshalText([]byte(text.value)); err != nil {
		d.fault(loc, path, text.shown(), oneLine(err.Error(), 200))
	}
}

// decodeStruct sets those fields of a struct that a YAML map names.
func (d *decoder) decodeStruct(node ast.Node, loc location, path string, dst reflect.Value) {
	fields := fieldsOf(dst.Type())
	d.eachEntry(node, loc, path, func(key string, keyLocation location, value ast.Node) {
		f, rule := findField(fields, key)
		if rule != "" {
			d.fault(keyLocation, join(path, key), "", rule)
			return
		}
		d.decode(value, join(path, key), dst.FieldByIndex(f.index))
	})
}

// decodeMap sets a map, none of whose old elements stay.
func (d *decoder) decodeMap(node ast.Node, loc location, path string, dst reflect.Value) {
	if dst.Type().Key().Kind() != reflect.String {
		panic("settings: unsupported Go type: " + dst.Type().String())
	}
	dst.Set(reflect.MakeMap(dst.Type()))
	d.eachEntry(node, loc, path, func(key string, _ location, value ast.Node) {
		element := reflect.New(dst.Type().Elem()).Elem()
		d.decode(value, join(path, key), element)
		dst.SetMapIndex(reflect.ValueOf(key).Convert(dst.Type().Key()), element)
	})
}

// eachEntry calls visit for each entry of a map, in the file's order, but not
// for a key's second occurrence, which is a fault.
func (d *decoder) eachEntry(node ast.Node, loc location, path string, visit func(key string, loc location, value ast.Node)) {
	m, ok := node.(ast.MapNode)
	if !ok {
		d.fault(loc, path, shown(node), "must be a map")
		return
	}
	seen := map[string]location{}
	for entries := m.MapRange(); entries.Next(); {
		keyLocation := d.locationOf(entries.Key())
		key, ok := keyText(entries.Key())
		if !ok {
			d.fault(keyLocation, path, "", "a key must be a plain or quoted name")
			continue
		}
		if first, again := seen[key]; again {
			rule := "given twice"
			if first.line > 0 {
				rule = fmt.Sprintf("given twice (first in line %d)", first.line)
			}
			d.fault(keyLocation, join(path, key), "", rule)
			continue
		}
		seen[key] = keyLocation
		visit(key, keyLocation, entries.Value())
	}
}

// decodeList sets a slice, none of whose old elements stay, or an array, which
// must have exactly as many elements.
func (d *decoder) decodeList(node ast.Node, loc location, path string, dst reflect.Value) {
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		d.fault(loc, path, shown(node), "must be a list")
		return
	}
	n := len(list.Values)
	if dst.Kind() == reflect.Slice {
		dst.Set(reflect.MakeSlice(dst.Type(), n, n))
	} else if n != dst.Len() {
		d.fault(loc, path, "", fmt.Sprintf("must be a list of %d elements, not %d", dst.Len(), n))
		return
	}
	for i, element := range list.Values {
		d.decode(element, fmt.Sprintf("%s[%d]", path, i), dst.Index(i))
	}
}

// join appends a field's name to a path.
func join(path, name string) string {
	name = oneLine(name, 60)
	if path == "" {
		return name
	}
	return path + "." + name
}
