package studies

import (
	"path/filepath"
	"slices"
	"strings"

	"fairlb/cmd/fairlb/internal/files"
	"fairlb/env/scenario"
)

// relocate makes every path in the study, which begins at the study file's
// folder, one that begins where the program runs: those of scenario files, and of
// traces in overrides. Recipes are read by runfolder.ReadRecipe.
func (s *Study) relocate(folder string) {
	for k := range s.Scenarios {
		c := &s.Scenarios[k]
		c.Scenario, c.Train = scenarioPath(folder, c.Scenario), scenarioPath(folder, c.Train)
		c.Set = overridePaths(folder, c.Set)
	}
	for k := range s.Methods {
		s.Methods[k].Set = overridePaths(folder, s.Methods[k].Set)
	}
}

// scenarioPath returns what names a scenario: a built-in one stays as it is, and
// so does a word that is no file at all, for scenario.Load to say what was meant.
func scenarioPath(folder, name string) string {
	builtIn := slices.ContainsFunc(scenario.List(), func(e scenario.Entry) bool { return e.Name == name })
	if name == "" || builtIn || filepath.IsAbs(name) {
		return name
	}
	path := filepath.Join(folder, name)
	if files.Exists(path) || files.Exists(name) || strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml") {
		return path
	}
	return name
}

// overridePaths returns overrides whose paths of traces, such as
// workload.trace=FILE, begin where the program runs.
func overridePaths(folder string, overrides []string) []string {
	out := slices.Clone(overrides)
	for k, override := range out {
		field, value, _ := strings.Cut(override, "=")
		field, value = strings.TrimSpace(field), strings.TrimSpace(value)
		last := field[strings.LastIndexByte(field, '.')+1:]
		bare := strings.Trim(value, `"'`) // a value is YAML
		if last == "trace" && bare != "" && !filepath.IsAbs(bare) {
			out[k] = field + "=" + strings.Replace(value, bare, filepath.Join(folder, bare), 1)
		}
	}
	return out
}
