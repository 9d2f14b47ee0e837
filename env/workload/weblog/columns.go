package weblog

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A column says what a named field of a line is: a field of a JSON object or a
// column of a table.
type column struct {
	// role is begin or end (a time), total, queue, service or upstream (durations),
	// path, request, kind (made a path), server, upstream-server, size, or "param x",
	// a number that is kept as the parameter x.
	role   string
	unit   unit     // of a duration
	fields []string // its name; of several the first that a line has
	must   bool     // every line has it
}

func must(role string, u unit, fields ...string) column { return column{role, u, fields, true} }
func may(role string, u unit, fields ...string) column  { return column{role, u, fields, false} }

// parseFields reads what --field says: ROLE=NAME or ROLE=NAME:UNIT.
func parseFields(specs []string) ([]column, error) {
	var out []column
	for _, spec := range specs {
		role, name, found := strings.Cut(spec, "=")
		if !found || name == "" || !slices.Contains(fieldRoles(), role) {
			return nil, fmt.Errorf("--field %q: must be ROLE=NAME or ROLE=NAME:UNIT, and ROLE one of %s", spec, strings.Join(fieldRoles(), ", "))
		}
		c := must(role, 0, name)
		if colon := strings.LastIndexByte(name, ':'); colon > 0 {
			if u, known := unitOf(name[colon+1:]); known {
				c.unit, c.fields = u, []string{name[:colon]}
			} else if isDurationRole(role) {
				return nil, fmt.Errorf("--field %q: the unit must be s, ms, us or ns", spec)
			}
		}
		if slices.ContainsFunc(out, func(other column) bool { return other.role == role || isTime(other.role) && isTime(role) }) {
			return nil, fmt.Errorf("--field %q: another --field has said %s already", spec, roleGroup(role))
		}
		c.must = role == "begin" || role == "end" || role == "path" || role == "request"
		out = append(out, c)
	}
	has := func(roles ...string) bool {
		return slices.ContainsFunc(out, func(c column) bool { return slices.Contains(roles, c.role) })
	}
	if !has("begin", "end") {
		return nil, fmt.Errorf("--field: one must say begin=NAME or end=NAME: the time at which a request began or ended")
	}
	return out, nil
}

// fieldRoles are the roles that --field knows.
func fieldRoles() []string {
	return []string{"begin", "end", "total", "queue", "service", "path", "request", "server", "size"}
}

func isDurationRole(role string) bool {
	return role == "total" || role == "queue" || role == "service" || role == "upstream"
}

// isTime says whether a role is the time of a request, of which there is one.
func isTime(role string) bool { return role == "begin" || role == "end" }

// roleGroup names a role as one that a line has once.
func roleGroup(role string) string {
	if isTime(role) {
		return "begin or end"
	}
	return role
}

// set puts the text of a field into the record.
func (c *column) set(r *record, text []byte) fault {
	wrong := fault{}
	switch c.role {
	case "begin", "end":
		read := stampReader(anyStamp)
		if c.unit != 0 {
			read = epochStamp(c.unit)
		}
		wrong = setStamp(read, anyRule, c.role == "end")(r, text)
	case "total":
		if wrong = setTotal(c.unit)(r, text); wrong.rule != "" && c.unit == 0 {
			wrong.rule = "a request time must have its unit behind it, such as 18ms, or --field total=" + c.fields[0] + ":s, ms, us or ns must say it"
		}
	case "queue":
		wrong = setDuration(c.unit, queueOf)(r, text)
	case "service":
		wrong = setDuration(c.unit, serviceOf)(r, text)
	case "upstream":
		wrong = setUpstream(c.unit)(r, text)
	case "path":
		if r.path != nil || r.target != nil {
			break
		}
		wrong = setPath(r, text)
	case "request":
		if r.path == nil {
			wrong = setRequest(r, text)
		}
	case "kind":
		r.path = append([]byte{'/'}, text...)
	case "server":
		wrong = setServer(r, text)
	case "upstream-server":
		wrong = setLastServer(r, text)
	case "size", "size+":
		n, ok := wholeNumber(text)
		if !ok {
			return fault{text, "a size must be a whole number, not negative", true}
		}
		r.size = max(r.size, 0) + n
	default:
		name, found := strings.CutPrefix(c.role, "param ")
		n, ok := wholeNumber(text)
		if !found || len(text) == 0 {
			break
		}
		if !ok {
			return fault{text, "must be a whole number, not negative", true}
		}
		if r.params != "" {
			r.params += "&"
		}
		r.params += name + "=" + strconv.FormatInt(n, 10)
	}
	return wrong
}

// wholeNumber reads 12 or 12.0.
func wholeNumber(text []byte) (int64, bool) {
	x, err := strconv.ParseFloat(string(text), 64)
	return int64(x), err == nil && x >= 0 && x <= 1<<53 && x == math.Trunc(x)
}

// readColumns reads all fields of a line, which find returns.
func readColumns(columns []column, r *record, find func(name string) (text []byte, found bool)) fault {
	var wrong fault
	r.noTarget = true
	for k := range columns {
		c := &columns[k]
		if c.role == "path" || c.role == "request" {
			r.noTarget = false
		}
		var text []byte
		found := false
		for _, name := range c.fields {
			if text, found = find(name); found {
				break
			}
		}
		if !found {
			if c.must {
				return fault{nil, "there must be a field " + strings.Join(c.fields, " or "), false}
			}
			continue
		}
		if w := c.set(r, text); w.rule != "" && wrong.rule == "" {
			wrong = w
			wrong.fits = true
		}
	}
	return wrong
}

// namesServer says whether one of the columns is a server.
func namesServer(columns []column) bool {
	return slices.ContainsFunc(columns, func(c column) bool { return c.role == "server" || c.role == "upstream-server" })
}

// csvReader reads a table whose first line names its columns, separated by commas,
// semicolons or tabs.
type csvReader struct {
	columns   []column
	header    string
	separator byte
	index     map[string]int
	width     int // the number of columns
	cells     [][]byte
}

// servers implements lineReader.
func (c *csvReader) servers() bool { return namesServer(c.columns) }

// read implements lineReader.
func (c *csvReader) read(line []byte, r *record) (bool, fault) {
	if c.index == nil {
		return c.readHeader(line)
	}
	if string(line) == c.header {
		return true, fault{} // of a table that was put behind another
	}
	c.cells = splitCells(c.cells[:0], line, c.separator)
	if len(c.cells) != c.width {
		return false, fault{line, fmt.Sprintf("a line must have %d cells, as the header has, not %d", c.width, len(c.cells)), false}
	}
	return false, readColumns(c.columns, r, func(name string) ([]byte, bool) {
		k, found := c.index[name]
		if !found {
			return nil, false
		}
		return c.cells[k], true
	})
}

// readHeader reads the names of the columns.
func (c *csvReader) readHeader(line []byte) (bool, fault) {
	c.separator = ','
	for _, s := range []byte{'\t', ';'} {
		if bytes.IndexByte(line, s) >= 0 && bytes.IndexByte(line, ',') < 0 {
			c.separator = s
		}
	}
	index := map[string]int{}
	cells := splitCells(nil, line, c.separator)
	for k, cell := range cells {
		if _, twice := index[string(cell)]; twice && c.wants(string(cell)) {
			return false, fault{cell, "two columns must not have the same name", false}
		}
		index[string(cell)] = k
	}
	for _, want := range c.columns {
		if want.must && !slices.ContainsFunc(want.fields, func(name string) bool { _, found := index[name]; return found }) {
			return false, fault{line, "the first line must be a header that names " + strings.Join(want.fields, " or "), false}
		}
	}
	c.index, c.width, c.header = index, len(cells), string(line)
	return true, fault{}
}

// wants says whether a column of that name is read.
func (c *csvReader) wants(name string) bool {
	return slices.ContainsFunc(c.columns, func(want column) bool { return slices.Contains(want.fields, name) })
}

// splitCells cuts a line of a table into its cells, which may be in quotes.
func splitCells(cells [][]byte, line []byte, separator byte) [][]byte {
	for {
		if len(line) > 0 && line[0] == '"' {
			if end := bytes.Index(line[1:], []byte{'"'}); end >= 0 && (end+2 == len(line) || line[end+2] == separator) {
				cells = append(cells, line[1:end+1])
				if end+2 == len(line) {
					return cells
				}
				line = line[end+3:]
				continue
			}
		}
		end := bytes.IndexByte(line, separator)
		if end < 0 {
			return append(cells, bytes.TrimSpace(line))
		}
		cells = append(cells, bytes.TrimSpace(line[:end]))
		line = line[end+1:]
	}
}
