package workload

import (
	"fmt"
	"io"
	"sort"
)

// indexEvery is the number of lines from one that an index has to the next.
const indexEvery = 1024

// TraceIndex knows how long a trace is, and where in its file each time is.
type TraceIndex struct {
	Requests int
	First    float64 // s, the time of the first request; 0 without any
	Last     float64 // s, that of the last

	lines []indexedLine // every indexEvery-th line, in order
}

// indexedLine is where a line begins.
type indexedLine struct {
	time   float64 // s
	offset int64   // bytes
	line   int
}

// Length is the time (s) from the first request to the last.
func (x *TraceIndex) Length() float64 { return x.Last - x.First }

// IndexTrace reads a trace file to its end.
func IndexTrace(path string) (*TraceIndex, error) {
	trace, err := OpenTrace(path)
	if err != nil {
		return nil, err
	}
	defer trace.Close()
	x := &TraceIndex{}
	for {
		r, err := trace.NextRecord()
		if err == io.EOF {
			return x, nil
		}
		if err != nil {
			return nil, err
		}
		if x.Requests == 0 {
			x.First = r.Time
		}
		if x.Requests%indexEvery == 0 {
			x.lines = append(x.lines, indexedLine{r.Time, trace.lineStart, trace.line})
		}
		x.Requests++
		x.Last = r.Time
	}
}

// checkBlocks returns the fault that blocks of a length cannot be taken of the trace.
func (x *TraceIndex) checkBlocks(path string, length float64) error {
	switch {
	case x.Length() == 0:
		return &TraceError{Place: path, Rule: "blocks need requests at two different times"}
	case !(length > 0 && length <= x.Length()):
		return &TraceError{Place: path, Rule: fmt.Sprintf("the trace is %.6g s long, too short for blocks of %g s", x.Length(), length)}
	}
	return nil
}

// seek goes to a line of the trace before which all are earlier than the given
// time, at most indexEvery lines before the first that is not.
func (x *TraceIndex) seek(t *Trace, time float64) error {
	after := sort.Search(len(x.lines), func(i int) bool { return x.lines[i].time >= time })
	return t.seekLine(x.lines[max(after-1, 0)])
}
