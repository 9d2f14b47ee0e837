package main

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// goPackage is what go list says of a package.
type goPackage struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
	Deps         []string
}

func goPackages(t *testing.T) []goPackage {
	t.Helper()
	list := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports,Deps", "fairlb/...")
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
		all = append(all, p)
	}
}

// packageNames are the packages of the module, and the folders above them.
func packageNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, p := range goPackages(t) {
		for name := p.ImportPath; name != "."; name = path.Dir(name) {
			names[name] = true
		}
	}
	return names
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
	const internal = "fairlb/cmd/fairlb/internal/"
	rules := []struct {
		from, to []string
		why      string
	}{
		{[]string{"fairlb/agents", "fairlb/hypernet"}, []string{"fairlb/train", "fairlb/eval", "fairlb/results"}, "an agent must not know what is done with it"},
		{[]string{"fairlb/sac"}, []string{"fairlb/qmix", "fairlb/hypernet", "fairlb/rewards"}, "a learner stands alone; rewards come with the steps"},
		{[]string{"fairlb/agents/ppo"}, []string{"fairlb/sac", "fairlb/qmix", "fairlb/rewards"}, "a learner stands alone; rewards come with the steps"},
		{[]string{"fairlb/qmix"}, []string{"fairlb/sac", "fairlb/rewards"}, "a learner stands alone; rewards come with the steps"},
		{[]string{"fairlb/agents/onnx"}, []string{"fairlb/agents/methods", "fairlb/agents/ppo", "fairlb/agents/es", "fairlb/agents/delay", "fairlb/sac", "fairlb/qmix"}, "a method describes its own policy; what writes models knows no method"},
		{[]string{"fairlb/agents/delay"}, []string{"fairlb/sac", "fairlb/qmix", "fairlb/rewards"}, "a learner stands alone; this one wants no reward"},
		{[]string{"fairlb/env/workload", "fairlb/env/dispatch", "fairlb/env/observe", "fairlb/env/balancer", "fairlb/env/station", "fairlb/env/eventqueue"}, simulators, "a simulator and a testbed share these"},
		{[]string{"fairlb/env/sim"}, []string{"fairlb/env/testbed", "fairlb/env/scenario"}, "the simulator takes values; what they come from is the caller's"},
		{[]string{"fairlb/env/testbed"}, []string{"fairlb/env/sim"}, "a live environment has no simulator in it"},
		{learners, simulators, "a learner must not know what it learns from"},
		{[]string{"fairlb/env"}, learners, "an environment must not know who steers it"},
		{[]string{"fairlb/rewards", "fairlb/replay", "fairlb/results/record", "fairlb/results/tfevents", "fairlb/results/published", "fairlb/results/text", "fairlb/env/settings", "fairlb/train/queue", "fairlb/env/file", "fairlb/eval/theory", "fairlb/eval/rows", "fairlb/env/parallel"}, []string{"fairlb"}, "these are leaves, that everything may use"},
		{[]string{"fairlb/eval"}, append(simulators, "fairlb/train", "fairlb/results/record", "fairlb/sac"), "evaluation knows environments and actors by their contracts"},
		{[]string{"fairlb/eval"}, []string{"fairlb/results/report", "fairlb/results/chart", "fairlb/results/text"}, "eval computes, results shows"},
		{[]string{"fairlb/eval/figure", "fairlb/eval/paper", "fairlb/eval/study", "fairlb/eval/fit", "fairlb/eval/eventcost", "fairlb/eval/pools", "fairlb/eval/rows"}, []string{"fairlb/agents", "fairlb/eval/episodes"}, "what is computed does not know who played"},
		{[]string{"fairlb/results"}, append(simulators, "fairlb/agents", "fairlb/train"), "tables are made from records, not from runs"},
		{[]string{internal + "store", internal + "job", internal + "target", internal + "runfolder"}, []string{internal + "executor", internal + "jobqueue"}, "what is to be done and kept does not know who does it"},
		{[]string{internal + "executor"}, []string{internal + "jobqueue"}, "work in this process needs no queue"},
		{[]string{internal + "tables", internal + "studies", internal + "figures"}, []string{internal + "executor", internal + "jobqueue"}, "a workflow takes the executor that the command line chose"},
		{[]string{internal + "runfolder", internal + "simulate"}, []string{internal + "store", internal + "target"}, "a run's folder knows nothing of who keeps or evaluates it"},
	}
	known := packageNames(t)
	for _, rule := range rules {
		for _, name := range slices.Concat(rule.from, rule.to) {
			require.True(t, known[name], "a rule names %s, which does not exist", name)
		}
	}
	for _, p := range goPackages(t) {
		for _, rule := range rules {
			for _, from := range rule.from {
				if !within(p.ImportPath, from) || from == "fairlb/env" && p.ImportPath == "fairlb/env/envtest" {
					continue
				}
				for _, dep := range p.Deps {
					for _, to := range rule.to {
						inside := within(dep, to) && !within(dep, from) && dep != "fairlb/env/file" && dep != "fairlb/env/parallel" // by which all read, write and start goroutines
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
	}
}

// TestDecisionsTakeTimeAsAValue: what decides about a flow or serves it reads no clock and
// does no I/O, so that a simulator and sockets can drive the same code.
func TestDecisionsTakeTimeAsAValue(t *testing.T) {
	decides := []string{"fairlb/env/balancer", "fairlb/env/dispatch", "fairlb/env/observe", "fairlb/env/station", "fairlb/env/eventqueue"}
	found := 0
	for _, p := range goPackages(t) {
		if !slices.Contains(decides, p.ImportPath) {
			continue
		}
		found++
		for _, imported := range p.Imports {
			for _, outside := range []string{"time", "os", "io", "net", "context", "sync", "syscall"} {
				require.False(t, within(imported, outside), "%s imports %s", p.ImportPath, imported)
			}
		}
		if p.ImportPath == "fairlb/env/balancer" {
			for _, imported := range p.Imports {
				allowed := []string{"fairlb/env", "fairlb/env/dispatch", "fairlb/env/observe", "fairlb/env/snapshot"}
				require.False(t, within(imported, "fairlb") && !slices.Contains(allowed, imported), "a balancer needs no %s", imported)
			}
		}
	}
	require.Equal(t, len(decides), found)
}

// TestOutsideImports keeps outside libraries to their one door, and the
// required ones in use.
func TestOutsideImports(t *testing.T) {
	doors := map[string][]string{
		"gorgonia.org/gorgonia":             {"fairlb/agents/nn", "fairlb/hypernet", "fairlb/sac", "fairlb/qmix"},
		"gorgonia.org/tensor":               {"fairlb/agents/nn", "fairlb/hypernet", "fairlb/sac", "fairlb/qmix"},
		"github.com/spf13/cobra":            {"fairlb/cmd/fairlb"},
		"github.com/parquet-go/parquet-go":  {"fairlb/results/report"},
		"github.com/olekukonko/tablewriter": {"fairlb/results/text", "fairlb/agents/nn/peer/bench"},
		"gonum.org/v1/plot":                 {"fairlb/results/chart"},
		"github.com/goccy/go-yaml":          {"fairlb/env/settings"},
		"github.com/nlpodyssey/safetensors": {"fairlb/agents/checkpoint"},
		"google.golang.org/protobuf":        {"fairlb/agents/onnx", "fairlb/results/tfevents"},
		"github.com/nats-io":                {"fairlb/train/queue"},
		"golang.org/x/sync/errgroup":        {"fairlb/env/parallel"},
	}
	known := packageNames(t)
	for library, allowed := range doors {
		for _, door := range allowed {
			require.True(t, known[door], "the door of %s is %s, which does not exist", library, door)
		}
	}
	used := map[string]bool{}
	for _, p := range goPackages(t) {
		if strings.HasPrefix(p.ImportPath, "fairlb/cmd/fairlb/internal/") {
			require.NotContains(t, p.Imports, "github.com/spf13/cobra", "%s: only commands read flags", p.ImportPath)
		}
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

// TestPropertyTestsAreDeterministic: what draws cases by rapid imports what fixes its seed.
func TestPropertyTestsAreDeterministic(t *testing.T) {
	found := 0
	for _, p := range goPackages(t) {
		imported := slices.Concat(p.TestImports, p.XTestImports)
		if slices.Contains(imported, "pgregory.net/rapid") {
			found++
			require.Contains(t, imported, "fairlb/env/propertytest", "the tests of %s draw other cases in each run", p.ImportPath)
		}
	}
	require.Greater(t, found, 20)
}

// loudCalls are what prints or ends the program.
func loudCalls(file *ast.File) []string {
	var found []string
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			pkg, ok := n.X.(*ast.Ident)
			if !ok || pkg.Obj != nil { // a variable of that name
				return true
			}
			name := pkg.Name + "." + n.Sel.Name
			switch name {
			case "os.Stdout", "os.Stderr", "os.Stdin", "os.Exit", "os.Args", "fmt.Print", "fmt.Printf", "fmt.Println":
				found = append(found, name)
			}
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.Ident); ok && f.Obj == nil && (f.Name == "print" || f.Name == "println") {
				found = append(found, f.Name)
			}
		}
		return true
	})
	return found
}

// TestSources looks at every Go file of the module, whatever it is built for:
// none uses cgo, and only commands print, exit or make a logger: what is below
// cmd, and main packages that are no part of the binary: those that measure
// other people's programs beside ours, and the generator of assembly.
func TestSources(t *testing.T) {
	root := filepath.Join("..", "..")
	files := 0
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "runs" || d.Name() == "bin") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		files++
		source, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		below := func(folder ...string) bool {
			return strings.HasPrefix(path, filepath.Join(append([]string{root}, folder...)...)+string(filepath.Separator))
		}
		tool := below("env", "sim", "peers") || below("env", "testbed", "bench") || below("agents", "nn", "peer", "bench") || below("agents", "nn", "asm")
		command := (below("cmd") || tool) && source.Name.Name == "main"
		inside := command || strings.HasSuffix(path, "_test.go")
		for _, imported := range source.Imports {
			require.NotEqual(t, `"C"`, imported.Path.Value, "%s uses cgo", path)
			require.False(t, !inside && imported.Path.Value == `"log"`, "%s: a logger is passed", path)
		}
		if !inside {
			require.Empty(t, loudCalls(source), "%s: only a command prints and exits", path)
		}
		return nil
	}))
	require.Greater(t, files, 100)
}

// ownGoroutines are the files that start goroutines without env/parallel, and why
// a panic in them is not the error of a job: what they run is no job's work, or
// is recovered where it is.
var ownGoroutines = map[string]string{
	"agents/nn/workers.go":                    "each part of a kernel's work is recovered",
	"cmd/fairlb/interrupt.go":                 "it is the command itself",
	"cmd/fairlb/internal/jobqueue/connect.go": "the worker, whose jobs are recovered one by one",
	"cmd/fairlb/internal/jobqueue/display.go": "it draws",
	"env/parallel/group.go":                   "it recovers",
	"env/testbed/bench/process/process.go":    "it starts a child and waits for it, on a thread of its own",
	"env/testbed/haproxy/plane.go":            "two loops that live as long as the plane and read what is bounded and fuzzed",
	"env/workload/weblog/source.go":           "it copies a pipe",
	"train/queue/watch.go":                    "it follows the states of jobs",
	"train/queue/worker.go":                   "a handler is recovered; the others tell the server of it",
}

// TestGoroutinesAreRecovered: what computes starts goroutines by env/parallel,
// so that a panic ends one job and not the process.
func TestGoroutinesAreRecovered(t *testing.T) {
	root := filepath.Join("..", "..")
	found := map[string]bool{}
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil || strings.HasPrefix(name, "env/sim/peers/") || strings.HasPrefix(name, "agents/nn/peer/") || strings.HasPrefix(name, "runs/") {
			return err
		}
		source, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		if startsGoroutines(source) {
			found[name] = true
			require.NotEmpty(t, ownGoroutines[name], "%s starts goroutines: by env/parallel, or say why it need not", name)
		}
		return nil
	}))
	for name := range ownGoroutines {
		require.True(t, found[name], "%s starts no goroutines", name)
	}
}

// startsGoroutines says whether a file has a go statement or names
// sync.WaitGroup, whose method Go is one.
func startsGoroutines(file *ast.File) bool {
	found := false
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			found = true
		case *ast.SelectorExpr:
			pkg, ok := n.X.(*ast.Ident)
			found = found || ok && pkg.Name == "sync" && n.Sel.Name == "WaitGroup"
		}
		return true
	})
	return found
}

// TestLoudCalls: the check above sees what it looks for.
func TestLoudCalls(t *testing.T) {
	source, err := parser.ParseFile(token.NewFileSet(), "x.go", `package x
import ("fmt"; "os")
func f(w struct{ Stdout int }) {
	fmt.Println(w.Stdout); fmt.Fprintln(os.Stderr); os.Exit(1); println()
	os := w
	_ = os.Stdout
}`, 0)
	require.NoError(t, err)
	require.Equal(t, []string{"fmt.Println", "os.Stderr", "os.Exit", "println"}, loudCalls(source))
}

// TestTopLevel: the folders at the top are fixed.
func TestTopLevel(t *testing.T) {
	var names []string
	for _, p := range goPackages(t) {
		name, _, _ := strings.Cut(strings.TrimPrefix(p.ImportPath, "fairlb/"), "/")
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	require.Equal(t, []string{"agents", "cmd", "env", "eval", "hypernet", "qmix", "replay", "results", "rewards", "sac", "train"}, names)
}
