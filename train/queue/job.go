package queue

import (
	"encoding/json"
	"fmt"
	"regexp"
	"time"
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

// delivery is a job as it is in the stream.
type delivery struct {
	Job
	Round int `json:"round"`
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
	Since   time.Time `json:"since"`            // when the phase began
	Worker  string    `json:"worker,omitempty"` // that runs it or ran it last
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

// Ended says whether nothing more will happen in this round.
func (s *JobState) Ended() bool { return s.Phase == Done || s.Phase == Failed }
