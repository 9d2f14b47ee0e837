package train

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"

	"fairlb/agents"
	"fairlb/agents/checkpoint"
	"fairlb/agents/methods"
	"fairlb/agents/nn/simd"
	"fairlb/env"
	"fairlb/env/file"
	"fairlb/env/snapshot"
	"fairlb/results/record"
)

// StateName is the name of the file in a run's folder from which the run can go
// on: while it is not at its end, and beyond its end where it was kept.
const StateName = "state.bin"

// ErrState reports a file that is not a whole state of a run, or of another one.
var ErrState = errors.New("not the state of this run")

// State is all that a run had come to after a number of whole rounds. Its file
// has, all little-endian:
//
//	magic, ending in the version of the format
//	uint64 length of the header
//	the header: State.header
//	the learner, as it saves itself (agents.Saver)
//	SHA-256 of what was before
type State struct {
	// Settings are the resolved hyperparameters, YAML.
	Settings string
	// ScenarioHash is Config.ScenarioHash.
	ScenarioHash string
	// Arithmetic is that of the process that saved the state (the function of
	// that name), Program what it was.
	Arithmetic, Program string
	// Rounds and Episodes are those so far. The record has a row a round.
	Rounds, Episodes int

	// Best is the least validation score so far, Validated whether there has
	// been one.
	Best      float64
	Validated bool

	environment string // fingerprint, JSON
	path        string // of the file, where the learner's bytes are those from..to
	from, to    int64
}

const (
	stateName  = "fairlb training state "
	stateMagic = stateName + "2\n"
)

// Arithmetic names what decides how the numbers of a training run round: how
// package simd computes, and the architecture that Go compiles for.
func Arithmetic() string { return simd.Name() + " on " + runtime.GOARCH }

// Program names this program and what compiled it.
func Program() string { return "fairlb " + record.Program() + ", " + runtime.Version() }

// header walks over all but the learner.
func (s *State) header(c *snapshot.Codec) {
	c.Text(&s.Settings)
	c.Text(&s.ScenarioHash)
	c.Text(&s.Arithmetic)
	c.Text(&s.Program)
	c.Text(&s.environment)
	snapshot.Int(c, &s.Rounds)
	snapshot.Int(c, &s.Episodes)
	c.Float64(&s.Best)
	c.Bool(&s.Validated)
}

// save writes the state with that of a learner, so that at every moment there
// is the file that was there before or the whole new one.
func (s *State) save(path string, learner agents.Saver) error {
	return file.Replace(path, 0o666, func(w io.Writer) error {
		hash := sha256.New()
		both := io.MultiWriter(w, hash)
		c := snapshot.Writer()
		s.header(c)
		if err := c.Err(); err != nil {
			return err
		}
		begin := binary.LittleEndian.AppendUint64([]byte(stateMagic), uint64(len(c.Bytes())))
		if _, err := both.Write(append(begin, c.Bytes()...)); err != nil {
			return err
		}
		if err := learner.Save(both); err != nil {
			return err
		}
		_, err := w.Write(hash.Sum(nil))
		return err
	})
}

// savedSize is the number of bytes that a learner saves itself in.
func savedSize(learner agents.Saver) (size int64, err error) {
	c := counter(0)
	err = learner.Save(&c)
	return int64(c), err
}

// counter is a Writer that counts bytes.
type counter int64

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// LoadState reads the state of a run, but for its learner, and checks that the
// file is whole. It fails with ErrState, naming the file, if that is not; the
// error of one that is not there wraps fs.ErrNotExist. The file must stay what
// it is until Run has begun.
func LoadState(path string) (*State, error) {
	f, err := file.Open(path)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	s, err := readState(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, ErrState, err)
	}
	s.path = path
	return s, nil
}

func readState(r io.ReaderAt, size int64) (*State, error) {
	const fixed = int64(len(stateMagic)) + 8 // bytes before the header
	begin := make([]byte, min(fixed, size))
	if _, err := r.ReadAt(begin, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(begin, []byte(stateMagic)):
	case bytes.HasPrefix(begin, []byte(stateName)) && len(begin) >= len(stateMagic):
		return nil, fmt.Errorf("of another version of the format: it begins with %q, this fairlb reads %q", begin[:len(stateMagic)], stateMagic)
	default:
		return nil, fmt.Errorf("it does not begin with %q", stateMagic)
	}
	end := size - sha256.Size
	if end < fixed {
		return nil, errors.New("truncated")
	}
	hash, want := sha256.New(), make([]byte, sha256.Size)
	if _, err := io.Copy(hash, io.NewSectionReader(r, 0, end)); err != nil {
		return nil, err
	}
	if _, err := r.ReadAt(want, end); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if !bytes.Equal(hash.Sum(nil), want) {
		return nil, errors.New("truncated or changed: the hash of its content differs")
	}
	n := binary.LittleEndian.Uint64(begin[len(stateMagic):])
	if n > uint64(end-fixed) {
		return nil, errors.New("the header is longer than the file")
	}
	header := make([]byte, n)
	if _, err := r.ReadAt(header, fixed); err != nil {
		return nil, err
	}
	s := &State{from: fixed + int64(n), to: end}
	c := snapshot.Reader(header)
	s.header(c)
	c.End()
	if err := c.Err(); err != nil {
		return nil, err
	}
	if s.Rounds < 0 || s.Episodes < s.Rounds {
		return nil, fmt.Errorf("%d rounds of %d episodes", s.Rounds, s.Episodes)
	}
	return s, nil
}

// restore puts an untrained learner for environments of the given spec into the
// state.
func (s *State) restore(learner agents.Learner, spec env.Spec) error {
	f, err := file.Open(s.path)
	if err != nil {
		return err
	}
	defer f.Close()
	return s.restoreFrom(f, learner, spec)
}

// Check reports a state that a learner of the given settings, for environments
// of the given spec, cannot take up.
func (s *State) Check(h *Hyperparameters, spec env.Spec) error {
	learner, err := methods.Learner(h.Method, h.Methods, spec, h.Seed)
	if err != nil {
		return err
	}
	return s.restore(learner, spec)
}

// restoreFrom is restore from the state's file.
func (s *State) restoreFrom(file io.ReaderAt, learner agents.Learner, spec env.Spec) error {
	saver, ok := learner.(agents.Saver)
	if !ok {
		return fmt.Errorf("%w: the method cannot be saved", ErrState)
	}
	var trained checkpoint.Fingerprint
	if err := json.Unmarshal([]byte(s.environment), &trained); err != nil {
		return fmt.Errorf("%w: fingerprint: %w", ErrState, err)
	}
	if err := trained.Check(checkpoint.FingerprintOf(spec)); err != nil {
		return fmt.Errorf("%w: %w", ErrState, err)
	}
	r := bufio.NewReader(io.NewSectionReader(file, s.from, s.to-s.from))
	if err := saver.Restore(r); err != nil {
		return fmt.Errorf("%w: %w", ErrState, err)
	}
	if _, err := r.ReadByte(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: more bytes than the learner's", ErrState)
	}
	return nil
}
