package queue

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Job is what is to be done.
type Job struct {
	// Key names the job and its result: letters, digits, - and _, at most
	// 200. Jobs of one key must have one result.
	Key   string `json:"key"`
	Kind  string `json:"kind"`  // what its Handler tells jobs apart by
	Title string `json:"title"` // for people
	// Version is of the program that a worker must be, to the letter.
	Version string          `json:"version"`
	Payload json.RawMessage `json:"payload"` // what the Handler needs
}

var keys = regexp.MustCompile(`^[A-Za-z0-9_-]{1,200}$`)

func checkKey(key string) error {
	if !keys.MatchString(key) {
		return fmt.Errorf("%w: key %q: must be 1 to 200 letters, digits, - and _", ErrConfig, key)
	}
	return nil
}

// maxText is the length, in bytes, of what is told to people: a title, an error, a
// worker's name. maxMessage is that of a job's message or state, of which a server
// takes 1 MB.
const (
	maxText    = 8 << 10
	maxMessage = 1 << 20
)

// check reports a job that a queue does not carry.
func (j *Job) check() error {
	if err := checkKey(j.Key); err != nil {
		return err
	}
	if len(j.Payload) > MaxPayload {
		return fmt.Errorf("%w: %s: its payload has %d bytes: must be at most %d", ErrConfig, shortened(j.Title), len(j.Payload), MaxPayload)
	}
	for _, text := range []string{j.Kind, j.Title, j.Version} {
		if len(text) > maxText {
			return fmt.Errorf("%w: job %s: a kind, title or version of %d bytes: must be at most %d", ErrConfig, j.Key, len(text), maxText)
		}
	}
	return nil
}

// shortened is text for people, no longer than it may be.
func shortened(text string) string {
	const more = "..."
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText-len(more)], "") + more
	}
	return text
}

// printable is text without what would steer a terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return '\uFFFD'
	}, text)
}

// delivery is a job as it is in the stream.
type delivery struct {
	Job
	Round int `json:"round"`
	// PayloadDigest is the SHA-256, in hexadecimal digits, of a payload that is
	// an object beside the stream; empty: the payload is here.
	PayloadDigest string `json:"payload_sha256,omitempty"`
}

// maxMachines is far above how many machines try a job.
const maxMachines = 100

// maxRound is far above how often anybody submits a job again.
const maxRound = 1 << 40

var digests = regexp.MustCompile(`^[0-9a-f]{64}$`)

// subjectOf is the subject of a job's message.
func subjectOf(key string, round int) string { return "fairlb.jobs." + key + "." + strconv.Itoa(round) }

// keyOf returns the key of the job that a subject is of.
func keyOf(subject string) (key string, ok bool) {
	parts := strings.Split(subject, ".")
	if len(parts) != 4 || checkKey(parts[2]) != nil {
		return "", false
	}
	return parts[2], true
}

// decodeDelivery reads the message of a subject. Whoever reaches the server may
// have written it.
func decodeDelivery(subject string, data []byte) (d delivery, err error) {
	if len(data) > maxMessage {
		return d, fmt.Errorf("%w: a message of %d bytes", ErrUnusable, len(data))
	}
	if err := json.Unmarshal(data, &d); err != nil {
		return d, fmt.Errorf("%w: %w", ErrUnusable, err)
	}
	switch err := d.Job.check(); {
	case err != nil:
		return d, fmt.Errorf("%w: %w", ErrUnusable, err)
	case d.Round < 0 || d.Round > maxRound:
		return d, fmt.Errorf("%w: round %d", ErrUnusable, d.Round)
	case subject != subjectOf(d.Key, d.Round):
		return d, fmt.Errorf("%w: the job of another subject, %s", ErrUnusable, subjectOf(d.Key, d.Round))
	case d.PayloadDigest != "" && !digests.MatchString(d.PayloadDigest):
		return d, fmt.Errorf("%w: a payload without a digest", ErrUnusable)
	}
	d.Title = printable(d.Title)
	return d, nil
}

// Phase is where a job stands.
type Phase string

// The phases.
const (
	Queued  Phase = "queued"
	Running Phase = "running"
	Done    Phase = "done"   // its result is stored
	Failed  Phase = "failed" // it was set aside
)

// JobState is where a job stands, and since when.
type JobState struct {
	Key     string    `json:"key"`
	Kind    string    `json:"kind"`
	Title   string    `json:"title"`
	Version string    `json:"version"`
	Phase   Phase     `json:"phase"`
	Since   time.Time `json:"since"`             // when the phase began
	Worker  string    `json:"worker,omitempty"`  // that runs it or ran it last
	Machine string    `json:"machine,omitempty"` // that worker's
	// FailedOn are the machines on which it failed in this round, or whose
	// worker went away with it: each once, in the order in which they did.
	FailedOn []string `json:"failed_on,omitempty"`
	// Attempts are those that were begun in this round, but for those that a
	// worker handed back unharmed.
	Attempts int    `json:"attempts,omitempty"`
	Done     int    `json:"done,omitempty"` // of Of, as the Handler reports
	Of       int    `json:"of,omitempty"`
	Error    string `json:"error,omitempty"` // of the last attempt that failed
	Note     string `json:"note,omitempty"`  // why nobody takes it

	// Round counts how often the job was submitted again after it had been
	// set aside, or for another version of the program. A message of an
	// earlier round is stale.
	Round int `json:"round,omitempty"`
	// Lease names the delivery whose worker may write the state.
	Lease string `json:"lease,omitempty"`
}

// failedOn notes that the job failed on a machine.
func (s *JobState) failedOn(machine string) {
	if !slices.Contains(s.FailedOn, machine) && len(s.FailedOn) < maxMachines {
		s.FailedOn = append(slices.Clone(s.FailedOn), machine)
	}
}

// Ended says whether nothing more will happen in this round.
func (s *JobState) Ended() bool { return s.Phase == Done || s.Phase == Failed }

// decodeState reads what is written of a job's state. Whoever reaches the server
// may have written it.
func decodeState(key string, data []byte) (s JobState, err error) {
	if len(data) > maxMessage {
		return s, fmt.Errorf("%w: a state of %d bytes", ErrUnusable, len(data))
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return JobState{}, fmt.Errorf("%w: %w", ErrUnusable, err)
	}
	counts := []int{s.Attempts, s.Done, s.Of, s.Round}
	if s.Key != key || checkKey(key) != nil || !slices.Contains([]Phase{Queued, Running, Done, Failed}, s.Phase) ||
		slices.Min(counts) < 0 || slices.Max(counts) > maxRound || len(s.FailedOn) > maxMachines {
		return JobState{}, fmt.Errorf("%w: not the state of %s", ErrUnusable, key)
	}
	for k := range s.FailedOn {
		s.FailedOn[k] = shortened(printable(s.FailedOn[k]))
	}
	for _, text := range []*string{&s.Machine, &s.Kind, &s.Title, &s.Worker, &s.Error, &s.Note} {
		*text = shortened(printable(*text))
	}
	return s, nil
}
