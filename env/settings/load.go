package settings

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"reflect"
	"strconv"
	"strings"

	"fairlb/env/file"
)

// Load decodes a settings file into *into, which holds the defaults, then
// applies the overrides in order, each path=value, then judges the result by
// its rules if *T is Ruled. name is the file's name for messages. Empty data is a
// file that leaves every default as it is.
//
// The error is nil or an Errors with every fault found; after an error *into
// is not to be used.
func Load[T any](name string, data []byte, overrides []string, into *T) error {
	d := &decoder{name: name, locations: map[string]location{}}
	root, fault := parseDocument(data)
	if fault != nil {
		d.fault(location{fromFile, fault.line, fault.column}, "", "", fault.rule)
		return asErrors(d.errs)
	}
	dst := reflect.ValueOf(into).Elem()
	d.decode(root, "", dst)
	d.source = fromOverride
	for _, spec := range overrides {
		d.override(spec, dst)
	}
	if v, ok := any(into).(Ruled); ok {
		d.judge(v)
	}
	return asErrors(d.errs)
}

// judge collects the rules that v breaks, each fault at the place of its value.
// A value at or below which decoding has already failed is not judged again.
func (d *decoder) judge(v Ruled) {
	failed := map[string]bool{}
	for _, e := range d.errs {
		failed[e.Path] = true
	}
	judge(v, func(path string, value any, rule string) {
		for p := path; p != ""; p = parent(p) {
			if failed[p] {
				return
			}
		}
		text := showAny(value)
		loc, given := d.locations[path]
		if !given {
			loc = location{source: fromDefault}
			if text != "" {
				text += " (default)"
			}
			// What is left out of a section that the file has is the
			// section's fault, so that there is a line to look at.
			for p := parent(path); p != ""; p = parent(p) {
				if o, ok := d.locations[p]; ok {
					loc = o
					break
				}
			}
		}
		d.fault(loc, path, text, rule)
	})
}

// parent returns a path without its last part: "a.b" of "a.b[0]", "a" of "a.b",
// "" of "a".
func parent(path string) string {
	return path[:max(0, strings.LastIndexAny(path, ".["))]
}

// showAny returns a value that was judged as a message shows it.
func showAny(value any) string {
	v := reflect.ValueOf(value)
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	switch {
	case !v.IsValid():
		return ""
	case v.Kind() == reflect.Pointer:
		return "null"
	case v.Kind() == reflect.String:
		return strconv.Quote(oneLine(v.String(), 60))
	}
	return oneLine(fmt.Sprint(v.Interface()), 60)
}

// ReadFile reads a settings file for Load. Its error is an Errors as well: it
// names the file and the fault in plain words, and wraps fs.ErrNotExist where
// there is no file.
func ReadFile(path string) ([]byte, error) {
	data, err := readLimited(path)
	if err == nil {
		return data, nil
	}
	rule := err.Error()
	var detail *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		rule = "no such file"
	case errors.As(err, &detail):
		rule = detail.Err.Error()
	}
	return nil, Errors{{Place: path, Rule: rule, cause: err}}
}

// readLimited reads a file, but not much more of it than a settings file may
// hold: one byte more, by which Load sees that the file is too large.
func readLimited(path string) ([]byte, error) {
	f, err := file.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxBytes+1))
}
