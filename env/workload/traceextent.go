package workload

import (
	"errors"
	"fmt"
	"io"
)

// extentLines is how many lines of a trace are read to estimate how much it has.
const extentLines = 1 << 18

// TraceExtent is how much a trace has: exactly if it is short, and otherwise
// estimated from its first lines and the file's size.
type TraceExtent struct {
	Requests float64
	Length   float64 // s from the first request to the last
	Head     float64 // requests in the first so many seconds that were asked for
	MeanN    float64 // mean of the n of the lines that were read, 0 where there is none
}

// MeasureTrace estimates how much a trace file has, and has in its first head
// seconds, in a time that does not grow with the file's size.
func MeasureTrace(path string, head float64) (TraceExtent, error) {
	return measureTrace(path, head, extentLines)
}

func measureTrace(path string, head float64, lines int) (x TraceExtent, err error) {
	trace, err := OpenTrace(path)
	if err != nil {
		return x, err
	}
	defer func() { err = errors.Join(err, trace.Close()) }()
	first := 0.0
	for x.Requests < float64(lines) {
		r, err := trace.NextRecord()
		if err == io.EOF {
			x.MeanN /= max(1, x.Requests)
			return x, nil
		}
		if err != nil {
			return x, err
		}
		if x.Requests == 0 {
			first = r.Time
		}
		x.Requests++
		x.Length = r.Time - first
		x.MeanN += r.N
		if x.Length <= head {
			x.Head++
		}
	}
	x.MeanN /= max(1, x.Requests)
	part, err := trace.partRead()
	if err != nil {
		return x, err
	}
	if head > x.Length && x.Length > 0 {
		x.Head = min(x.Head*head/x.Length, x.Requests/part)
	}
	x.Requests /= part
	x.Length /= part
	return x, nil
}

// partRead is which part of the file has been read, in (0, 1].
func (t *Trace) partRead() (float64, error) {
	offset, err := t.file.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, fmt.Errorf("workload: trace: %w", err)
	}
	end, err := t.file.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, fmt.Errorf("workload: trace: %w", err)
	}
	if t.gz == nil {
		offset -= int64(t.in.Buffered())
	}
	return min(max(float64(offset), 1)/max(float64(end), 1), 1), nil
}
