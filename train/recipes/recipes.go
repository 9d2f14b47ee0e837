// Package recipes ships the hyperparameter files of its folder inside the
// program: those that a command needs by itself, and all of them by their names,
// for users to start from wherever they are.
package recipes

import (
	"embed"
	"errors"
	"fmt"
	"strings"
)

//go:embed *.yaml
var shipped embed.FS

// ending is that of the files; a recipe is named with it or without.
const ending = ".yaml"

// ErrUnknown reports a recipe that is not shipped.
var ErrUnknown = errors.New("recipes: unknown recipe")

// Names lists the shipped recipes, without their ending, by name.
func Names() []string {
	entries, err := shipped.ReadDir(".")
	if err != nil {
		panic("recipes: the embedded folder cannot be read")
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ending))
	}
	return names
}

// Get returns a shipped recipe by its name, such as es or es.yaml. Another name
// gives ErrUnknown.
func Get(name string) ([]byte, error) {
	data, err := shipped.ReadFile(strings.TrimSuffix(name, ending) + ending)
	if err != nil {
		return nil, fmt.Errorf("%w %q: must be one of %s", ErrUnknown, name, strings.Join(Names(), ", "))
	}
	return data, nil
}
