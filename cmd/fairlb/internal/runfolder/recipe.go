package runfolder

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env/settings"
	"fairlb/train/recipes"
)

// ReadRecipe reads a hyperparameter file, whose path begins at a folder unless
// it is absolute, or the shipped recipe of that name (package recipes), unless
// there is such a file; a folder of that name, such as one of runs, is none. The
// place is what faults in it are reported by.
func ReadRecipe(folder, name string) (place string, data []byte, err error) {
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(folder, path)
	}
	shipped, unknown := recipes.Get(name)
	info, err := os.Stat(path)
	file := err == nil && !info.IsDir()
	if unknown == nil && !file {
		return "shipped recipe " + name, shipped, nil
	}
	data, err = settings.ReadFile(path)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return path, data, err
	}
	if filepath.Ext(name) != "" || strings.ContainsRune(name, filepath.Separator) { // a file was meant
		return path, nil, err
	}
	return path, nil, invalid.Errorf("%w, nor is it the name of a shipped recipe (%s)", err, strings.Join(recipes.Names(), ", "))
}
