package settings

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// scalar is a single value (a number, a word, a text) as the file has it. How an
// unquoted one is read depends on the field's type, not on what the parser takes
// it for: it takes 1e-3 for a string.
type scalar struct {
	value  string
	quoted bool // in quotes, or a block of text: a string and nothing else
	typed  bool // unquoted, and not a string in YAML: a number, true, false
}

// shown is the value for a message.
func (s scalar) shown() string {
	if s.quoted {
		return strconv.Quote(oneLine(s.value, 40))
	}
	return oneLine(s.value, 40)
}

// scalarText returns the scalar that a node holds, if it holds one.
func scalarText(node ast.Node) (scalar, bool) {
	switch n := node.(type) {
	case *ast.StringNode:
		return scalar{value: n.Value, quoted: n.Token.Type != token.StringType}, true
	case *ast.LiteralNode:
		return scalar{value: n.Value.Value, quoted: true}, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return scalar{value: n.GetToken().Value, typed: true}, true
	}
	return scalar{}, false
}

// keyText returns the name that a map's key stands for. A number or a word
// such as true is the name that it is written as.
func keyText(key ast.MapKeyNode) (string, bool) {
	switch k := key.(type) {
	case *ast.StringNode:
		return k.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode, *ast.NullNode:
		return k.GetToken().Value, true
	}
	return "", false
}

// shown is a node's value for a message: empty for a list or a map.
func shown(node ast.Node) string {
	if s, ok := scalarText(node); ok {
		return s.shown()
	}
	return ""
}

// describe names the kind of a node that holds no scalar.
func describe(node ast.Node) string {
	switch node.(type) {
	case ast.MapNode:
		return "a map"
	case *ast.SequenceNode:
		return "a list"
	}
	return "a " + strings.ToLower(node.Type().String())
}

// setScalar sets dst from text, or returns the rule that text breaks.
func setScalar(dst reflect.Value, text scalar) string {
	rule := kindRule(dst.Type())
	switch dst.Kind() {
	case reflect.String:
		if text.typed {
			return "must be a string (put it in quotes)"
		}
		dst.SetString(text.value)
		return ""
	case reflect.Bool:
		b, ok := map[string]bool{"true": true, "True": true, "TRUE": true, "false": false, "False": false, "FALSE": false}[text.value]
		if !ok || text.quoted {
			return rule
		}
		dst.SetBool(b)
		return ""
	case reflect.Float32, reflect.Float64:
		f, ok := parseFloat(text, dst.Type().Bits())
		if !ok {
			return rule
		}
		if math.IsInf(f, 0) && !strings.HasSuffix(strings.ToLower(text.value), "inf") {
			return fmt.Sprintf("too large for a %d-bit number", dst.Type().Bits())
		}
		dst.SetFloat(f)
		return ""
	}
	return setInteger(dst, text)
}

// setInteger sets an integer from text. A number such as 1e6 is one, too, up
// to the 2^53 to which floats are exact.
func setInteger(dst reflect.Value, text scalar) string {
	f, ok := parseFloat(text, 64)
	if !ok {
		return kindRule(dst.Type())
	}
	digits := strings.TrimPrefix(text.value, "+")
	if math.Trunc(f) == f && math.Abs(f) <= 1<<53 {
		digits = strconv.FormatFloat(f+0, 'f', 0, 64) // -0 + 0 is 0
	}
	if dst.CanUint() {
		u, err := strconv.ParseUint(digits, 10, dst.Type().Bits())
		dst.SetUint(u)
		return integerRule(dst.Type(), err)
	}
	i, err := strconv.ParseInt(digits, 10, dst.Type().Bits())
	dst.SetInt(i)
	return integerRule(dst.Type(), err)
}

// integerRule is the rule that a number broke which did not parse as type t.
func integerRule(t reflect.Type, err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, strconv.ErrRange) && t.Bits() == 64:
		return "too large for a 64-bit integer"
	}
	return kindRule(t)
}

// parseFloat reads an unquoted decimal number, or .inf, -.inf and .nan.
func parseFloat(text scalar, bits int) (float64, bool) {
	if text.quoted || text.value == "" {
		return 0, false
	}
	switch strings.ToLower(text.value) {
	case ".inf", "+.inf":
		return math.Inf(1), true
	case "-.inf":
		return math.Inf(-1), true
	case ".nan":
		return math.NaN(), true
	}
	if strings.Trim(text.value, "+-.0123456789eE") != "" {
		return 0, false
	}
	f, err := strconv.ParseFloat(text.value, bits)
	if err != nil && !math.IsInf(f, 0) {
		return 0, false
	}
	return f, true
}

// kindRule says what a value of type t must be.
func kindRule(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "must be true or false"
	case reflect.String:
		return "must be a string"
	case reflect.Float32, reflect.Float64:
		return "must be a number"
	case reflect.Int, reflect.Int64:
		return "must be an integer"
	case reflect.Int8, reflect.Int16, reflect.Int32:
		top := int64(1)<<(t.Bits()-1) - 1
		return fmt.Sprintf("must be an integer in [%d, %d]", -top-1, top)
	case reflect.Uint, reflect.Uint64:
		return "must be an integer >= 0"
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return fmt.Sprintf("must be an integer in [0, %d]", uint64(1)<<t.Bits()-1)
	case reflect.Array, reflect.Slice:
		return "must be a list"
	case reflect.Struct, reflect.Map:
		return "must be a map"
	}
	panic("settings: unsupported Go type: " + t.String())
}
