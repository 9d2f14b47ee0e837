package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNoOrderByMap: nothing goes through a map that is written down where it is
// ranged over: a list says the same in an order. So no map decides in which order
// files are written or which error comes first. Tests may.
func TestNoOrderByMap(t *testing.T) {
	t.Parallel()
	root, checked := filepath.Join("..", ".."), 0
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "runs" || len(entry.Name()) > 2 && strings.HasPrefix(entry.Name(), ".")) {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		checked++
		positions := token.NewFileSet()
		file, err := parser.ParseFile(positions, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if loop, ok := n.(*ast.RangeStmt); ok {
				if literal, ok := loop.X.(*ast.CompositeLit); ok {
					_, isMap := literal.Type.(*ast.MapType)
					require.False(t, isMap, "%s: ranges over a map that is written there: use a list", positions.Position(loop.Pos()))
				}
			}
			return true
		})
		return nil
	}))
	require.Greater(t, checked, 200)
}
