package tfevents

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"fairlb/env/file"
)

// FileName is a name by which TensorBoard knows an event file.
const FileName = "events.out.tfevents.fairlb"

// Writer appends events to a file. It is used by one goroutine at a time.
type Writer struct {
	f   *os.File
	err error // the first failure; every later Write repeats it
}

// Create starts an event file, in the place of one that may be there.
func Create(path string, wall time.Time) (*Writer, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("tfevents: %w", err)
	}
	w := &Writer{f: f}
	if err := w.writeRecord(event(wall, 0, eventFileVersion, []byte(version))); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return w, nil
}

// Append opens an event file to write on, for a run that is resumed and whose next step
// is the one given. Events of that step or later are removed first, and so is a last
// record that a crash cut off. It fails with ErrMalformed as Read does.
func Append(path string, step int64) (*Writer, error) {
	data, err := file.Read(path, maxBytes)
	if err != nil {
		return nil, fmt.Errorf("tfevents: %w", err)
	}
	events, starts, end, err := scan(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if k := slices.IndexFunc(events, func(e Event) bool { return e.Step >= step }); k >= 0 {
		end = starts[k]
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return nil, fmt.Errorf("tfevents: %w", err)
	}
	if err := f.Truncate(int64(end)); err != nil {
		return nil, errors.Join(fmt.Errorf("tfevents: %w", err), f.Close())
	}
	return &Writer{f: f}, nil
}

// Write adds the scalars of a step. They are with the operating system when
// Write returns.
func (w *Writer) Write(wall time.Time, step int64, scalars []Scalar) error {
	return w.writeRecord(event(wall, step, eventSummary, summary(scalars)))
}

// writeRecord writes one record by one call, so that only a crash can cut it.
func (w *Writer) writeRecord(data []byte) error {
	if w.err != nil {
		return w.err
	}
	if _, err := w.f.Write(frame(data)); err != nil {
		w.err = fmt.Errorf("tfevents: %w", err)
	}
	return w.err
}

// Sync brings what was written to disk.
func (w *Writer) Sync() error {
	if err := w.f.Sync(); err != nil {
		return fmt.Errorf("tfevents: %w", err)
	}
	return nil
}

// Name returns the file's path as it was opened.
func (w *Writer) Name() string { return w.f.Name() }

// Close brings the file to disk and closes it.
func (w *Writer) Close() error {
	if err := errors.Join(w.f.Sync(), w.f.Close()); err != nil {
		return fmt.Errorf("tfevents: %w", err)
	}
	return nil
}
