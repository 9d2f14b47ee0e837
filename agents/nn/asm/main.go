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
	"go/format"
	"os"
	"path/filepath"
	"regexp"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

// folder is the package that gets the code.
const folder = "../simd"

// units are the generated files, without their endings, and what is in them.
var units = []unit{
	{"gemm_avx2", func(c *build.Context) {
		for _, k := range gemmKernels {
			k.generate(c)
		}
	}},
	{"vector_avx2", func(c *build.Context) {
		v := &vectors{Context: c, constants: make(map[uint32]operand.Mem)}
		for _, k := range vectorKernels {
			k.generate(v)
		}
	}},
}

type unit struct {
	name     string
	generate func(*build.Context)
}

func main() {
	for _, u := range units {
		files, err := u.files()
		if err != nil {
			fmt.Fprintf(os.Stderr, "asm: %s: %v\n", u.name, err)
			os.Exit(1)
		}
		for name, text := range files {
			if err := os.WriteFile(filepath.Join(folder, name), text, 0o644); err != nil {
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
	cfg := printer.Config{Name: "avo", Argv: []string{"go", "run", ".", "(in agents/nn/asm)"}, Pkg: filepath.Base(folder)}
	text, err := printer.NewGoAsm(cfg).Print(f)
	if err != nil {
		return nil, err
	}
	if register := beyondAVX2.Find(text); register != nil {
		return nil, fmt.Errorf("register %s: AVX2 has 16 of them, and avo falls back on AVX-512's", register)
	}
	stubs, err := printer.NewStubs(cfg).Print(f)
	if err != nil {
		return nil, err
	}
	other, err := format.Source(absent(cfg, f))
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		u.name + "_amd64.s":  append(bytes.TrimRight(text, "\n"), '\n'),
		u.name + "_amd64.go": stubs,
		u.name + "_other.go": other,
	}, nil
}

// absent declares the functions for processors that lack them.
func absent(cfg printer.Config, f *ir.File) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "// %s\n\n//go:build !amd64\n\npackage %s\n\n",
		cfg.GeneratedWarning(), cfg.Pkg)
	for _, fn := range f.Functions() {
		fmt.Fprintf(&b, "\n%s { panic(\"simd: not for this processor\") }\n", fn.Stub())
	}
	return b.Bytes()
}
