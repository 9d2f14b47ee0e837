package eval

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Evaluation is what the evaluation of some targets on one scenario came to,
// as it is kept and read back. Package results/report writes it for readers.
type Evaluation struct {
	Scenario  string   `json:"scenario"`
	Settings  any      `json:"settings"` // the resolved settings of the scenario
	Seeds     []uint64 `json:"seeds"`
	DurationS float64  `json:"duration_s"` // s, of an episode; 0: not set
	Results   []Result `json:"results"`

	Groups   []Group  `json:"groups,omitempty"`   // training runs of one recipe, summed up
	Warnings []string `json:"warnings,omitempty"` // doubts that are no single result's
	Notes    []string `json:"notes,omitempty"`    // what a target is, where its name does not say it
}

// WriteJSON writes the evaluation in the form in which it is kept: one indented
// object and a newline.
func (e *Evaluation) WriteJSON(w io.Writer) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(e)
}

// ReadJSON reads back what WriteJSON wrote, of a file or stream that errors call name. They
// are ErrDamaged.
func ReadJSON(name string, r io.Reader) (*Evaluation, error) {
	e := &Evaluation{}
	err := json.NewDecoder(r).Decode(e)
	if err == nil && len(e.Results) == 0 {
		err = errors.New("has no results")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, name, err)
	}
	if err := e.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return e, nil
}
