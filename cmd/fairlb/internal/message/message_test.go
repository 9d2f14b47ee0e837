package message

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"fairlb/env/settings"
)

// TestOf: names of packages go wherever they stand, sections of a settings file
// and what is quoted stay.
func TestOf(t *testing.T) {
	t.Parallel()
	fault := settings.Errors{{Place: "h.yaml:3:1", Path: "sac", Rule: "must be a map"}, {Place: "h.yaml", Path: "es", Rule: "missing"}}
	for _, test := range []struct {
		err  error
		want string
	}{
		{errors.New("sac: invalid configuration: batch = 0"), "invalid configuration: batch = 0"},
		{errors.New("train: round 3: sac: update: LB [0]: nn: gradient diverged"), "round 3: update: LB [0]: gradient diverged"},
		{errors.New("run/policy.safetensors: checkpoint: corrupt"), "run/policy.safetensors: corrupt"},
		{fault, "h.yaml:3:1: sac: must be a map\nh.yaml: es: missing"},
		{fmt.Errorf("study: methods[0]: %w", fault), "methods[0]: h.yaml:3:1: sac: must be a map\nh.yaml: es: missing"},
		{errors.Join(fmt.Errorf("queue: job 1: %w", fault), errors.New("eval: no seeds")), "job 1: h.yaml:3:1: sac: must be a map\nh.yaml: es: missing\nno seeds"},
		{errors.New(`target "sac: eval: x": not found`), `target "sac: eval: x": not found`},
		{errors.New("--queue: must be the URL of a queue"), "--queue: must be the URL of a queue"},
		{errors.New("the last word is record"), "the last word is record"},
		{errors.New("ends with: record"), "ends with: record"},
		{errors.New(""), ""},
	} {
		require.Equal(t, test.want, Of(test.err), "%v", test.err)
	}
}

// TestOfIsShort: long lines are cut in the middle, many lines at the end.
func TestOfIsShort(t *testing.T) {
	t.Parallel()
	long := Of(fmt.Errorf("--seeds %q: the end", strings.Repeat("x", 1<<20)))
	require.Less(t, len(long), 2100)
	require.True(t, strings.HasPrefix(long, `--seeds "xxx`), long[:20])
	require.True(t, strings.HasSuffix(long, `xxx": the end`))
	require.Contains(t, long, "x ... (1046595 characters) ... x")
	var many []error
	for k := range 10000 {
		many = append(many, fmt.Errorf("fault %d", k))
	}
	lines := strings.Split(Of(errors.Join(many...)), "\n")
	require.Len(t, lines, 41)
	require.Equal(t, "and 9960 more lines", lines[40])
}

// TestHook: what a log says of an error is a message, too.
func TestHook(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := logrus.New()
	log.SetOutput(&out)
	log.AddHook(Hook{})
	log.WithError(errors.New("queue: gone")).Warn("waiting")
	require.Contains(t, out.String(), "error=gone")
}

// TestPackagesAreComplete: every error that begins with the name of its package
// begins with one of the list.
func TestPackagesAreComplete(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, name := range packages() {
		known[name] = true
	}
	found := 0
	require.NoError(t, filepath.WalkDir("../../../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			f, isSelector := call.Fun.(*ast.SelectorExpr)
			text, isText := call.Args[0].(*ast.BasicLit)
			if !isSelector || !isText || f.Sel.Name != "Errorf" && f.Sel.Name != "New" {
				return true
			}
			value, err := strconv.Unquote(text.Value)
			if name := file.Name.Name; err == nil && strings.HasPrefix(value, name+": ") {
				found++
				require.True(t, known[name], "%s: %q begins with a package that messages do not drop", path, value)
			}
			return true
		})
		return nil
	}))
	require.Greater(t, found, 100)
}
