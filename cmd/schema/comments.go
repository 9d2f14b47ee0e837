package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"fairlb/env/settings"
)

// module is what the import paths of our packages begin with.
const module = "fairlb"

var _ settings.Docs = (*comments)(nil)

// comments finds comments in the module's source: those above or behind a
// struct's field, and those behind the constants of a named string.
type comments struct {
	root     fs.FS                  // the module's folder
	packages map[string][]*ast.File // parsed so far, by folder
}

// newComments returns the comments of a module, given its folder.
func newComments(root fs.FS) *comments {
	return &comments{root: root, packages: map[string][]*ast.File{}}
}

// files returns the syntax of the files, except tests, of the package of a type;
// none for a type that is not of this module.
func (c *comments) files(t reflect.Type) ([]*ast.File, error) {
	folder, ours := strings.CutPrefix(t.PkgPath(), module+"/")
	if !ours {
		return nil, nil
	}
	if list, ok := c.packages[folder]; ok {
		return list, nil
	}
	names, err := fs.Glob(c.root, path.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	var list []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := fs.ReadFile(c.root, name)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		list = append(list, file)
	}
	c.packages[folder] = list
	return list, nil
}

// Field implements settings.Docs. A comment above one field is also that of the
// fields without a comment that follow, if it names them.
func (c *comments) Field(t reflect.Type, name string) (string, error) {
	files, err := c.files(t)
	if err != nil {
		return "", err
	}
	for _, file := range files {
		for _, d := range file.Decls {
			declared, ok := d.(*ast.GenDecl)
			if !ok || declared.Tok != token.TYPE {
				continue
			}
			for _, spec := range declared.Specs {
				if spec := spec.(*ast.TypeSpec); spec.Name.Name == t.Name() {
					if s, ok := spec.Type.(*ast.StructType); ok {
						return asInFile(fieldComment(s, name), t), nil
					}
				}
			}
		}
	}
	return "", fmt.Errorf("no source of %s", t)
}

// fieldComment returns the comment of a struct's field.
func fieldComment(s *ast.StructType, name string) string {
	last := ""
	for _, f := range s.Fields.List {
		if text := strings.Join(strings.Fields(f.Doc.Text()+" "+f.Comment.Text()), " "); text != "" {
			last = text
		} else if len(f.Names) > 0 && !word(f.Names[0].Name).MatchString(last) {
			last = ""
		}
		for _, own := range f.Names {
			if own.Name == name {
				return last
			}
		}
	}
	return ""
}

// word matches a name where it is a word of its own.
func word(name string) *regexp.Regexp { return regexp.MustCompile(`\b` + name + `\b`) }

// initials matches names such as CPU and LBs, which a text writes as Go does.
var initials = regexp.MustCompile(`^[A-Z]+s?$`)

// asInFile returns a comment with the names that fields have in a file in place of
// those that they have in Go.
func asInFile(text string, t reflect.Type) string {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name != "" && !initials.MatchString(f.Name) {
			text = word(f.Name).ReplaceAllString(text, name)
		}
	}
	return text
}

// Values implements settings.Docs. The constants must be written as literals.
func (c *comments) Values(t reflect.Type) ([]settings.Choice, error) {
	files, err := c.files(t)
	if err != nil {
		return nil, err
	}
	var list []settings.Choice
	for _, file := range files {
		for _, d := range file.Decls {
			declared, ok := d.(*ast.GenDecl)
			if !ok || declared.Tok != token.CONST {
				continue
			}
			for _, spec := range declared.Specs {
				spec := spec.(*ast.ValueSpec)
				if of, ok := spec.Type.(*ast.Ident); !ok || of.Name != t.Name() {
					continue
				}
				for _, v := range spec.Values {
					text, ok := v.(*ast.BasicLit)
					if !ok {
						return nil, fmt.Errorf("constant %s: want its value in quotes", spec.Names[0])
					}
					value, err := strconv.Unquote(text.Value)
					if err != nil {
						return nil, err
					}
					list = append(list, settings.Choice{Value: value, Meaning: strings.TrimSpace(spec.Comment.Text())})
				}
			}
		}
	}
	return list, nil
}
