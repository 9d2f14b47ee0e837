package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// goPackage is what go list says of a package.
type goPackage struct {
	ImportPath string
	Imports    []string
	Deps       []string
	CgoFiles   []string
}

func goPackages(t *testing.T) []goPackage {
	t.Helper()
	list := exec.Command("go", "list", "-json=ImportPath,Imports,Deps,CgoFiles", "fairlb/...")
	out, err := list.Output()
	require.NoError(t, err)
	var all []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		if !strings.Contains(p.ImportPath, "/adhoc") {
			all = append(all, p)
		}
	}
}

// within says whether a package is root or below it.
func within(pkg, root string) bool {
	return pkg == root || strings.HasPrefix(pkg, root+"/")
}

// TestForbiddenImports states which packages must not depend on which, even by
// way of others, and why.
func TestForbiddenImports(t *testing.T) {
	simulators := []string{"fairlb/env/sim", "fairlb/env/testbed", "fairlb/env/scenario"}
	learners := []string{"fairlb/agents", "fairlb/sac", "fairlb/qmix", "fairlb/hypernet", "fairlb/replay", "fairlb/train"}
	rules := []struct {
		from, to []string
		why      string
	}{
		{learners, simulators, "a learner must not know what it learns from"},
		{[]string{"fairlb/env"}, learners, "an environment must not know who steers it"},
		{[]string{"fairlb/rewards", "fairlb/replay", "fairlb/results/record", "fairlb/results/published", "fairlb/env/settings"}, []string{"fairlb"}, "these are leaves, that everything may use"},
		{[]string{"fairlb/eval"}, append(simulators, "fairlb/train", "fairlb/results/record", "fairlb/sac"), "evaluation knows environments and actors by their contracts"},
		{[]string{"fairlb/results"}, append(simulators, "fairlb/agents", "fairlb/train"), "tables are made from records, not from runs"},
	}
	for _, p := range goPackages(t) {
		for _, rule := range rules {
			for _, from := range rule.from {
				if !within(p.ImportPath, from) || from == "fairlb/env" && p.ImportPath == "fairlb/env/envtest" {
					continue
				}
				for _, dep := range p.Deps {
					for _, to := range rule.to {
						inside := within(dep, to) && !within(dep, from)
						require.False(t, inside, "%s depends on %s: %s", p.ImportPath, dep, rule.why)
					}
				}
			}
		}
		if p.ImportPath == "fairlb/env" {
			for _, dep := range p.Imports {
				require.False(t, within(dep, "fairlb"), "env imports nothing of ours, but %s", dep)
			}
		}
		require.Empty(t, p.CgoFiles, "%s uses cgo", p.ImportPath)
	}
}

// TestOutsideImports keeps outside libraries to their one door, and the
// required ones in use.
func TestOutsideImports(t *testing.T) {
	doors := map[string][]string{
		"gorgonia.org/gorgonia":             {"fairlb/agents/nn", "fairlb/hypernet", "fairlb/sac", "fairlb/qmix"},
		"gorgonia.org/tensor":               {"fairlb/agents/nn", "fairlb/hypernet", "fairlb/sac", "fairlb/qmix"},
		"github.com/spf13/cobra":            {"fairlb/cmd/fairlb"},
		"github.com/goccy/go-yaml":          {"fairlb/env/settings"},
		"github.com/nlpodyssey/safetensors": {"fairlb/agents/checkpoint"},
	}
	used := map[string]bool{}
	for _, p := range goPackages(t) {
		for _, imported := range p.Imports {
			used[imported] = true
			for library, allowed := range doors {
				if within(imported, library) {
					require.True(t, slices.ContainsFunc(allowed, func(door string) bool { return within(p.ImportPath, door) }),
						"%s imports %s; only %v may", p.ImportPath, imported, allowed)
				}
			}
		}
	}
	for _, library := range []string{"gorgonia.org/gorgonia", "gorgonia.org/tensor", "gonum.org/v1/gonum/stat", "github.com/sirupsen/logrus", "github.com/olekukonko/tablewriter"} {
		require.True(t, used[library], "%s is required and not used", library)
	}
}
