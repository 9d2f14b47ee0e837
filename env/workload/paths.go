package workload

import (
	"bytes"
	"fmt"
	"strings"
)

// maxPattern is the longest pattern of paths, in bytes.
const maxPattern = 1000

// Pattern matches paths. Its text stands for itself, except that * stands for any
// text, with slashes or empty. For example, /wiki/* matches a prefix, *.css a
// suffix, and a pattern without * a single path.
type Pattern struct {
	parts [][]byte // the texts between the stars
}

// NewPattern reads a pattern. It must begin with a slash or a star, because every
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

// Matches says whether the pattern matches a path.
func (p *Pattern) Matches(path []byte) bool {
	last := len(p.parts) - 1
	if last == 0 {
		return bytes.Equal(path, p.parts[0])
	}
	path, ok := bytes.CutPrefix(path, p.parts[0])
	if !ok {
		return false
	}
	// Taking the leftmost place of each part leaves the most text for the others.
	for _, part := range p.parts[1:last] {
		index := bytes.Index(path, part)
		if index < 0 {
			return false
		}
		path = path[index+len(part):]
	}
	return bytes.HasSuffix(path, p.parts[last])
}

// Paths assigns requests to classes by their paths.
type Paths struct {
	patterns [][]Pattern // by class; a class without patterns matches every path
}

// NewPaths returns the Paths of classes with the given patterns. Only the last class
// may have none: it takes every path that no other class matches.
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

// Class returns the index of the first class that has a pattern that matches the
// path, or -1.
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
