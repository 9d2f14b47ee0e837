package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

const (
	maxBody   = 1 << 20 // bytes, room for the names and weights of as many servers as there may be
	maxFaults = 20      // that are told, of one request
)

// read reads a body of at most maxBody bytes, and answers one that is longer, or does not
// come.
func read(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	tooLong := fmt.Sprintf("the body must have at most %d bytes", maxBody)
	if r.ContentLength > maxBody {
		refuse(w, http.StatusRequestEntityTooLarge, []string{tooLong})
		return nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		refuse(w, http.StatusRequestEntityTooLarge, []string{tooLong})
	case err != nil:
		refuse(w, http.StatusBadRequest, []string{"the body did not come in full"})
	}
	return body, err == nil
}

// faults collects what is wrong with a request, and does not grow without bound.
type faults struct {
	list []string
	more int
}

func (f *faults) add(format string, args ...any) {
	if len(f.list) == maxFaults {
		f.more++
		return
	}
	f.list = append(f.list, fmt.Sprintf(format, args...))
}

func (f *faults) all() []string {
	if f.more > 0 {
		return append(slices.Clone(f.list), fmt.Sprintf("and %d more", f.more))
	}
	return f.list
}

// object reads a JSON object whose values are told one by one; a key may be there once.
func object(body []byte, f *faults, take func(key string, value json.RawMessage)) {
	d := json.NewDecoder(bytes.NewReader(body))
	if begin, err := d.Token(); err != nil || begin != json.Delim('{') {
		f.add("the body must be a JSON object")
		return
	}
	seen := map[string]bool{}
	for d.More() {
		key, err := d.Token()
		var value json.RawMessage
		if err == nil {
			err = d.Decode(&value)
		}
		name, ok := key.(string)
		if err != nil || !ok {
			f.add("the body is no JSON from byte %d on", d.InputOffset())
			return
		}
		if seen[name] {
			f.add("%s is there twice", quoted(name))
			continue
		}
		seen[name] = true
		take(name, value)
	}
	if _, err := d.Token(); err != nil {
		f.add("the body is no JSON from byte %d on", d.InputOffset())
		return
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		f.add("behind the JSON object there must be nothing")
	}
}

// quoted is a name for a message, no longer than can be read.
func quoted(name string) string {
	const longest = 128
	if len(name) > longest {
		return strconv.Quote(name[:longest]) + "..."
	}
	return strconv.Quote(name)
}

// decodeWeights reads {"SERVER": WEIGHT, ...}, and reports all faults.
func decodeWeights(body []byte, known map[string]bool) (map[string]float64, []string) {
	f := &faults{}
	weights := map[string]float64{}
	object(body, f, func(name string, value json.RawMessage) {
		var weight float64
		switch err := json.Unmarshal(value, &weight); {
		case !known[name]:
			f.add("%s: there is no such server", quoted(name))
		case err != nil || !(weight > 0) || math.IsInf(weight, 0):
			f.add("%s: the weight must be a number above 0", quoted(name))
		default:
			weights[name] = weight
		}
	})
	if len(weights) == 0 && len(f.list) == 0 {
		f.add("there is no weight")
	}
	return weights, f.all()
}

// decodeServer reads the server that ?server= or {"server": "NAME"} names, and reports all
// faults.
func decodeServer(body []byte, query url.Values, known map[string]bool) (string, []string) {
	f := &faults{}
	names := slices.Clone(query["server"])
	for _, key := range slices.Sorted(maps.Keys(query)) {
		if key != "server" {
			f.add("%s: there is no such parameter", quoted(key))
		}
	}
	if len(bytes.TrimSpace(body)) > 0 {
		object(body, f, func(key string, value json.RawMessage) {
			var name *string
			switch err := json.Unmarshal(value, &name); {
			case key != "server":
				f.add("%s: there is no such field", quoted(key))
			case err != nil || name == nil:
				f.add("server: must be a name")
			default:
				names = append(names, *name)
			}
		})
	}
	switch {
	case len(names) == 1 && !known[names[0]]:
		f.add("%s: there is no such server", quoted(names[0]))
	case len(names) > 1:
		f.add("there must be one server, and there are %d", len(names))
	case len(names) == 0 && len(f.list) == 0:
		f.add("the server is missing: ?server=NAME, or {\"server\": \"NAME\"}")
	}
	if list := f.all(); len(list) > 0 {
		return "", list
	}
	return names[0], nil
}
