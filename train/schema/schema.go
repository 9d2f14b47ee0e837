package schema

import (
	"embed"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrUnknown reports a kind of file that there is not.
var ErrUnknown = errors.New("schema: unknown kind of file")

//go:embed hyperparameters.json lb.json scenario.json study.json
var files embed.FS

// Names lists the kinds of settings files.
func Names() []string { return []string{"hyperparameters", "lb", "scenario", "study"} }

// Get returns the JSON schema of a kind of file. A name not in Names gives
// ErrUnknown.
func Get(name string) ([]byte, error) {
	if !slices.Contains(Names(), name) {
		return nil, fmt.Errorf("%w %q: must be one of %s", ErrUnknown, name, strings.Join(Names(), ", "))
	}
	return files.ReadFile(name + ".json")
}
