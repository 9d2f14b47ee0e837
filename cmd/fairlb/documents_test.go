package main

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDocumentsExist: a document that a comment or another document names, such
// as results/fit/README.md, is in the repository: under that path, counted from
// the module's folder or from that of the file which names it, or, if it is named
// without a folder, in any one.
func TestDocumentsExist(t *testing.T) {
	t.Parallel()
	root := os.DirFS(filepath.Join("..", ".."))
	named := regexp.MustCompile(`[A-Za-z0-9_./-]*\b[A-Z][A-Z_]+\.md\b`)
	documents := map[string]bool{} // by path, and by name
	mentions := map[string][]string{}
	require.NoError(t, fs.WalkDir(root, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch d.Name() {
			case ".git", "bin", "runs", "shared", "testdata", "node_modules":
				return fs.SkipDir
			}
			return nil
		}
		switch path.Ext(file) {
		case ".md":
			documents[file], documents[path.Base(file)] = true, true
		case ".go", ".yaml", ".s", ".py", ".js":
		default:
			if d.Name() != "Makefile" {
				return nil
			}
		}
		text, err := fs.ReadFile(root, file)
		if err != nil {
			return err
		}
		if bytes.Contains(text, []byte(".md")) {
			mentions[file] = named.FindAllString(string(text), -1)
		}
		return nil
	}))
	require.Greater(t, len(mentions), 5)
	for file, list := range mentions {
		for _, name := range list {
			require.True(t, documents[path.Clean(name)] || documents[path.Join(path.Dir(file), name)], "%s names %s, which is not in the repository", file, name)
		}
	}
}
