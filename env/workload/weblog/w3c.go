package weblog

import (
	"bytes"
	"slices"
	"strings"
)

// w3cReader reads the W3C extended format, in which #Fields: names what follows.
// Times are of the end of requests, in UTC. The draft of the format has time-taken in
// seconds, as CloudFront writes it; IIS writes it in milliseconds.
type w3cReader struct {
	milliseconds bool
	microsoft    bool // a line must say that the software is Microsoft's
	fields       []string
	cells        [][]byte
	stamp        []byte
}

// servers implements lineReader.
func (w *w3cReader) servers() bool { return false }

// read implements lineReader.
func (w *w3cReader) read(line []byte, r *record) (bool, fault) {
	if rest, found := bytes.CutPrefix(line, []byte("#Fields:")); found {
		return w.readFields(line, string(rest))
	}
	if bytes.HasPrefix(line, []byte("#")) {
		if bytes.HasPrefix(line, []byte("#Software: Microsoft")) {
			w.microsoft = false
			if !w.milliseconds {
				return false, fault{line, "time-taken of this software is in ms: say --format iis", false}
			}
		}
		return true, fault{}
	}
	if w.fields == nil {
		return false, fault{line, "there must be a line #Fields: before the first request", false}
	}
	w.cells = w.cells[:0]
	for cell := range bytes.FieldsSeq(line) {
		w.cells = append(w.cells, cell)
	}
	if len(w.cells) != len(w.fields) {
		return false, fault{line, "a line must have as many fields as #Fields: names", false}
	}
	unit := seconds
	if w.milliseconds {
		unit = milliseconds
	}
	find := func(name string) ([]byte, bool) {
		if name == "date time" {
			w.stamp = append(append(append(w.stamp[:0], w.cell("date")...), ' '), w.cell("time")...)
			return w.stamp, true
		}
		text := w.cell(name)
		return text, text != nil
	}
	wrong := readColumns([]column{must("end", 0, "date time"), may("total", unit, "time-taken"), must("path", 0, "cs-uri-stem", "cs-uri")}, r, find)
	r.args, _ = find("cs-uri-query")
	return false, wrong
}

// cell returns a field of the line by its name.
func (w *w3cReader) cell(name string) []byte {
	k := slices.Index(w.fields, name)
	if k < 0 {
		return nil
	}
	return w.cells[k]
}

// readFields reads the names of the fields.
func (w *w3cReader) readFields(line []byte, names string) (bool, fault) {
	fields := strings.Fields(names)
	has := func(name string) bool { return slices.Contains(fields, name) }
	if !has("date") || !has("time") || !has("cs-uri-stem") && !has("cs-uri") {
		return false, fault{line, "#Fields: must name date, time and cs-uri-stem", false}
	}
	if has("x-edge-location") == w.milliseconds {
		return false, fault{line, "#Fields: names x-edge-location if the log is CloudFront's", false}
	}
	if w.microsoft && has("time-taken") {
		return false, fault{line, "a line #Software: must say that the log is Microsoft's, whose time-taken is in ms; if it is in ms all the same, say --format iis", false}
	}
	w.fields = fields
	return true, fault{}
}
