package workload

import (
	"bytes"
	"fmt"
	"strings"
)

// maxPattern is the longest pattern of paths, in bytes.
const maxPattern = 1000

// Pattern is what paths are matched with: text that stands for itself, and *
// for any text, a slash and none included. /wiki/* is a prefix, *.css a
// suffix, and a pattern without * one path.
type Pattern struct {
	parts [][]byte // between the stars
}

// NewPattern reads a pattern. It must begin with a slash or a star, as every
// path begins with a slash.
func NewPattern(text string) (Pattern, error) {
	if !strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "*") {
		return Pattern{}, fmt.Errorf("pattern %q: must begin with / or *", text)
	}
	if len(text) > maxPattern || strings.ContainsAny(text, "?#\t\r\n") {
		return Pattern{}, fmt.Errorf("pattern %.40q: must be at most %d bytes, of a path alone (no ?, # or tab)", text, maxPattern)
	}
	return Pattern{bytes.Split([]byte(text), []byte{'*'})}, nil
}

// Matches says whether a path is one of the pattern's.
func (p *Pattern) Matches(path []byte) bool {
	last := len(p.parts) - 1
	if last == 0 {
		return bytes.Equal(path, p.parts[0])
	}
	path, ok := bytes.CutPrefix(path, p.parts[0])
	if !ok {
		return false
	}
	// The leftmost place of each part leaves the most for the others.
	for _, part := range p.parts[1:last] {
		at := bytes.Index(path, part)
		if at < 0 {
			return false
		}
		path = path[at+len(part):]
	}
	return bytes.HasSuffix(path, p.parts[last])
}

// Paths tells classes apart by the paths of their requests.
type Paths struct {
	patterns [][]Pattern // of each class; none: every path
}

// NewPaths returns the classes whose patterns are given, in order. Only the
// last may have none: it takes every path that is left.
func NewPaths(classes [][]string) (*Paths, error) {
	p := &Paths{patterns: make([][]Pattern, len(classes))}
	for k, list := range classes {
		if len(list) == 0 && k < len(classes)-1 {
			return nil, fmt.Errorf("class %d has no pattern: only the last may take every path", k)
		}
		for _, text := range list {
			pattern, err := NewPattern(text)
			if err != nil {
				return nil, err
			}
			p.patterns[k] = append(p.patterns[k], pattern)
		}
	}
	return p, nil
}

// Class returns the first class one of whose patterns the path matches, or -1.
func (p *Paths) Class(path []byte) int {
	for k, list := range p.patterns {
		if len(list) == 0 {
			return k
		}
		for i := range list {
			if list[i].Matches(path) {
				return k
			}
		}
	}
	return -1
}
