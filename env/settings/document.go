package settings

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Limits of a settings file. The parser recurses once a level and takes time
// quadratic in the depth, so depth is checked on the tokens before it runs.
const (
	maxBytes       = 1 << 20
	maxFlowDepth   = 32  // nested [ and {
	maxBlockColumn = 256 // the column of a key or of a list's dash: bounds the depth of indentation
)

// syntaxFault is a fault of the YAML text; line 0 means the file as a whole.
type syntaxFault struct {
	line, column int
	rule         string
}

// parseDocument returns the root of the one YAML document in data, nil if it
// is empty.
func parseDocument(data []byte) (root ast.Node, fault *syntaxFault) {
	// The parser has panicked on nasty input; that is a fault of the input.
	defer func() {
		if r := recover(); r != nil {
			root, fault = nil, &syntaxFault{rule: "not valid YAML: " + oneLine(fmt.Sprint(r), 80)}
		}
	}()
	if len(data) > maxBytes {
		return nil, &syntaxFault{rule: fmt.Sprintf("larger than %d bytes", maxBytes)}
	}
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	if fault := checkText(data); fault != nil {
		return nil, fault
	}
	tokens := lexer.Tokenize(string(data))
	if fault := checkTokens(tokens); fault != nil {
		return nil, fault
	}
	// Duplicate keys are found by the decoder, so that all are reported.
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, faultOf(err)
	}
	return onlyDocument(file)
}

// Empty says whether a settings file names no setting: it is empty or has only
// comments, null, or a map without entries.
func Empty(data []byte) bool {
	root, fault := parseDocument(data)
	if fault != nil {
		return false
	}
	switch root := root.(type) {
	case nil, *ast.NullNode:
		return true
	case *ast.MappingNode:
		return len(root.Values) == 0
	}
	return false
}

// onlyDocument returns the body of a file's only document.
func onlyDocument(file *ast.File) (ast.Node, *syntaxFault) {
	if len(file.Docs) == 0 {
		return nil, nil
	}
	if len(file.Docs) > 1 {
		line, column := position(file.Docs[1].Start)
		return nil, &syntaxFault{line, column, "a second YAML document: a settings file holds one"}
	}
	return file.Docs[0].Body, nil
}

// checkText reports the first byte that no YAML text may hold.
func checkText(data []byte) *syntaxFault {
	line, column := 1, 1
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return &syntaxFault{line, column, "not UTF-8 text"}
		case r < ' ' && r != '\t' && r != '\n' && r != '\r', r == 0x7f:
			return &syntaxFault{line, column, fmt.Sprintf("control character %U", r)}
		case r == '\n':
			line, column = line+1, 0
		}
		i += size
		column++
	}
	return nil
}

// checkTokens reports the parts of YAML that a settings file may not use, and
// nesting beyond the limits.
func checkTokens(tokens token.Tokens) *syntaxFault {
	depth := 0
	for _, tk := range tokens {
		rule := ""
		switch tk.Type {
		case token.AnchorType, token.AliasType, token.TagType, token.MergeKeyType:
			rule = "YAML anchors, aliases, merge keys and tags are not supported"
		case token.DirectiveType:
			rule = "YAML directives are not supported"
		case token.MappingKeyType:
			rule = "a key must be a plain or quoted name"
		case token.SequenceStartType, token.MappingStartType:
			if depth++; depth > maxFlowDepth {
				rule = "nested too deeply"
			}
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType, token.MappingValueType:
			if depth <= 0 && tk.Position.Column > maxBlockColumn {
				rule = "nested too deeply"
			}
		}
		if rule != "" {
			line, column := position(tk)
			return &syntaxFault{line, column, rule}
		}
	}
	return nil
}

// faultOf returns an error of the parser as a fault.
func faultOf(err error) *syntaxFault {
	var detail interface {
		GetToken() *token.Token
		GetMessage() string
	}
	if !errors.As(err, &detail) {
		return &syntaxFault{rule: "not valid YAML: " + oneLine(err.Error(), 120)}
	}
	line, column := position(detail.GetToken())
	message := strings.ReplaceAll(detail.GetMessage(), "'\t'", "TAB")
	return &syntaxFault{line, column, "not valid YAML: " + oneLine(message, 120)}
}

// position returns the line and column of a token, zeros if it has none.
func position(tk *token.Token) (line, column int) {
	if tk == nil || tk.Position == nil {
		return 0, 0
	}
	return tk.Position.Line, tk.Position.Column
}

// nodePosition returns where a value is written. A block map's own token is
// its first colon, so its first key stands for it.
func nodePosition(node ast.Node) (line, column int) {
	if m, ok := node.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		return position(m.Values[0].Key.GetToken())
	}
	return position(node.GetToken())
}
