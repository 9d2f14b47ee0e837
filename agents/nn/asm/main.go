// Command asm writes the assembly of fairlb's network core and its Go
// declarations, by avo. It is a module of its own, so that fairlb does not
// depend on avo. From this folder:
//
//	go run .       # write the files
//	go test .      # do the committed files match?
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

// unit is a package that gets generated code.
type unit struct {
	folder   string // from this one
	name     string // of the package
	generate func(*build.Context)
}

var units = []unit{
	{"../simd", "simd", func(c *build.Context) {
		for _, k := range gemmKernels {
			k.generate(c)
		}
	}},
}

func main() {
	for _, u := range units {
		files, err := u.files()
		if err != nil {
			fmt.Fprintf(os.Stderr, "asm: %s: %v\n", u.name, err)
			os.Exit(1)
		}
		for name, text := range files {
			if err := os.WriteFile(filepath.Join(u.folder, name), text, 0o644); err != nil {
				fmt.Fprintf(os.Stderr, "asm: %v\n", err)
				os.Exit(1)
			}
		}
	}
}

var beyondAVX2 = regexp.MustCompile(`\b(Y(1[6-9]|[23]\d)|Z\d+)\b`)

// files returns the generated files of a unit by name.
func (u unit) files() (map[string][]byte, error) {
	c := build.NewContext()
	c.ConstraintExpr("amd64")
	u.generate(c)
	f, err := c.Result()
	if err != nil {
		return nil, err
	}
	if err := pass.Compile.Execute(f); err != nil {
		return nil, err
	}
	cfg := printer.Config{Name: "avo", Argv: []string{"go", "run", ".", "(in agents/nn/asm)"}, Pkg: u.name}
	out := make(map[string][]byte)
	for name, p := range map[string]printer.Printer{
		"avx2_amd64.s":  printer.NewGoAsm(cfg),
		"avx2_amd64.go": printer.NewStubs(cfg),
	} {
		text, err := p.Print(f)
		if err != nil {
			return nil, err
		}
		if register := beyondAVX2.Find(text); register != nil {
			return nil, fmt.Errorf("register %s: AVX2 has 16 of them, and avo falls back on AVX-512's", register)
		}
		out[name] = append(bytes.TrimRight(text, "\n"), '\n')
	}
	return out, nil
}
