package onnx_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
)

// This file reads models and runs them, by ONNX's own words (onnx.proto and the
// operators of opset 17), as far as exported policies go: float32, int64 and
// float64 are all held in float64, rounded to float32 where a value is one.

// decoded is a message: its fields in order, by number.
type decoded map[protowire.Number][]any // uint64 or []byte

func decode(t *testing.T, b []byte) decoded {
	t.Helper()
	out := decoded{}
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		require.Positive(t, n)
		b = b[n:]
		switch kind {
		case protowire.VarintType:
			v, n := protowire.ConsumeVarint(b)
			require.Positive(t, n)
			out[number], b = append(out[number], v), b[n:]
		case protowire.BytesType:
			v, n := protowire.ConsumeBytes(b)
			require.Positive(t, n)
			out[number], b = append(out[number], v), b[n:]
		default:
			require.Fail(t, "wire type", "%d", kind)
		}
	}
	return out
}

func (d decoded) text(number protowire.Number) string {
	if len(d[number]) == 0 {
		return ""
	}
	return string(d[number][0].([]byte))
}

func (d decoded) int(number protowire.Number) int {
	if len(d[number]) == 0 {
		return 0
	}
	return int(int64(d[number][0].(uint64)))
}

// array is a tensor.
type array struct {
	dims    []int
	data    []float64
	float64 bool // not to be rounded to float32
}

func (a array) rounded() array {
	if !a.float64 {
		for i, v := range a.data {
			a.data[i] = float64(float32(v))
		}
	}
	return a
}

func size(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

// node is an operator.
type node struct {
	op     string
	in     []string
	out    string
	number map[string]int   // attributes that are an integer
	list   map[string][]int // and a list
}

// model is one that can be run.
type model struct {
	constants       map[string]array
	nodes           []node
	inputs, outputs []string
	dims            map[string][]int // of inputs and outputs; -1: the batch, or as many servers as there are
	properties      map[string]string
}

func load(t *testing.T, data []byte) model {
	t.Helper()
	top := decode(t, data)
	require.Equal(t, 8, top.int(1), "IR version")
	require.Equal(t, "fairlb", top.text(2))
	require.Len(t, top[8], 1)
	require.Equal(t, 17, decode(t, top[8][0].([]byte)).int(2), "opset")
	m := model{constants: map[string]array{}, dims: map[string][]int{}, properties: map[string]string{}}
	for _, p := range top[14] {
		entry := decode(t, p.([]byte))
		m.properties[entry.text(1)] = entry.text(2)
	}
	graph := decode(t, top[7][0].([]byte))
	require.NotEmpty(t, graph.text(2), "a graph has a name")
	for _, c := range graph[5] {
		name, a := loadTensor(t, c.([]byte))
		require.NotContains(t, m.constants, name)
		m.constants[name] = a
	}
	for number, into := range map[protowire.Number]*[]string{11: &m.inputs, 12: &m.outputs} {
		for _, v := range graph[number] {
			value := decode(t, v.([]byte))
			kind := decode(t, decode(t, value[2][0].([]byte))[1][0].([]byte))
			require.Equal(t, 1, kind.int(1), "float32")
			name := value.text(1)
			*into = append(*into, name)
			for _, d := range decode(t, kind[2][0].([]byte))[1] {
				dim := decode(t, d.([]byte))
				if dim.text(2) == "batch" || dim.text(2) == "servers" {
					m.dims[name] = append(m.dims[name], -1)
				} else {
					m.dims[name] = append(m.dims[name], dim.int(1))
				}
			}
		}
	}
	for _, v := range graph[1] {
		m.nodes = append(m.nodes, loadNode(t, v.([]byte)))
	}
	return m
}

func loadNode(t *testing.T, b []byte) node {
	t.Helper()
	d := decode(t, b)
	n := node{op: d.text(4), out: d.text(2), number: map[string]int{}, list: map[string][]int{}}
	for _, in := range d[1] {
		n.in = append(n.in, string(in.([]byte)))
	}
	for _, b := range d[5] {
		a := decode(t, b.([]byte))
		switch name := a.text(1); a.int(20) {
		case 2:
			n.number[name] = a.int(3)
		case 7:
			for _, v := range a[8] {
				n.list[name] = append(n.list[name], int(v.(uint64)))
			}
		default:
			require.Fail(t, "attribute", "%s of type %d", name, a.int(20))
		}
	}
	return n
}

func loadTensor(t *testing.T, b []byte) (string, array) {
	t.Helper()
	d := decode(t, b)
	a := array{}
	for _, n := range d[1] {
		a.dims = append(a.dims, int(n.(uint64)))
	}
	raw := d[9][0].([]byte)
	for len(raw) > 0 {
		switch d.int(2) {
		case 1:
			a.data, raw = append(a.data, float64(math.Float32frombits(binary.LittleEndian.Uint32(raw)))), raw[4:]
		case 7:
			a.data, raw = append(a.data, float64(int64(binary.LittleEndian.Uint64(raw)))), raw[8:]
		case 11:
			a.data, raw = append(a.data, math.Float64frombits(binary.LittleEndian.Uint64(raw))), raw[8:]
			a.float64 = true
		default:
			require.Fail(t, "element", "%d", d.int(2))
		}
	}
	require.Len(t, a.data, size(a.dims))
	return d.text(8), a
}

// run computes the outputs from the inputs.
func (m model) run(t *testing.T, inputs map[string]array) map[string]array {
	t.Helper()
	values := map[string]array{}
	for name, a := range m.constants {
		values[name] = a
	}
	for _, name := range m.inputs {
		require.Contains(t, inputs, name)
		values[name] = inputs[name]
	}
	for _, n := range m.nodes {
		var in []array
		for _, name := range n.in {
			a, ok := values[name]
			require.True(t, ok, "%s of %s is not computed before it", name, n.op)
			in = append(in, a)
		}
		require.NotContains(t, values, n.out)
		values[n.out] = n.compute(t, in).rounded()
	}
	out := map[string]array{}
	for _, name := range m.outputs {
		out[name] = values[name]
	}
	return out
}

func (n node) compute(t *testing.T, in []array) array {
	t.Helper()
	each := func(f func(v float64) float64) array {
		a := array{slices.Clone(in[0].dims), slices.Clone(in[0].data), in[0].float64}
		for i, v := range a.data {
			a.data[i] = f(v)
		}
		return a
	}
	switch n.op {
	case "Add":
		return broadcast(t, in, func(a, b float64) float64 { return a + b })
	case "Sub":
		return broadcast(t, in, func(a, b float64) float64 { return a - b })
	case "Mul":
		return broadcast(t, in, func(a, b float64) float64 { return a * b })
	case "Div":
		return broadcast(t, in, func(a, b float64) float64 { return a / b })
	case "Relu":
		return each(func(v float64) float64 { return max(v, 0) })
	case "Sigmoid":
		return each(func(v float64) float64 { return 1 / (1 + math.Exp(-v)) })
	case "Reshape":
		return reshape(t, in[0], in[1])
	case "Tanh":
		return each(math.Tanh)
	case "Exp":
		return each(math.Exp)
	case "Log":
		return each(math.Log)
	case "Softplus":
		return each(func(v float64) float64 { return max(v, 0) + math.Log1p(math.Exp(-math.Abs(v))) })
	case "Softmax":
		require.Equal(t, map[string]int{"axis": 1}, n.number)
		shifted := broadcast(t, []array{in[0], reduce(in[0], slices.Max)}, func(a, b float64) float64 { return math.Exp(a - b) })
		return broadcast(t, []array{shifted, reduce(shifted, func(s []float64) float64 {
			total := 0.0
			for _, v := range s {
				total += v
			}
			return total
		})}, func(a, b float64) float64 { return a / b })
	case "Clip":
		require.Empty(t, slices.Concat(in[1].dims, in[2].dims), "bounds are numbers")
		return each(func(v float64) float64 { return min(max(v, in[1].data[0]), in[2].data[0]) })
	case "Cast":
		a := each(func(v float64) float64 { return v })
		a.float64 = map[int]bool{1: false, 11: true}[n.number["to"]]
		return a
	case "MatMul":
		return matMul(t, in[0], in[1])
	case "ReduceMean":
		require.Equal(t, map[string][]int{"axes": {1}}, n.list)
		require.Equal(t, map[string]int{"keepdims": 1}, n.number)
		sum := reduce(in[0], func(s []float64) float64 {
			total := 0.0
			for _, v := range s {
				total += v
			}
			return total / float64(len(s))
		})
		return sum
	case "Concat":
		return concat(t, n.number["axis"], in)
	case "Gather":
		return gather(t, n.number["axis"], in[0], in[1])
	case "ArgMax":
		require.Equal(t, map[string]int{"axis": 2, "keepdims": 0}, n.number)
		return argMax(t, in[0])
	}
	require.Fail(t, "operator", n.op)
	return array{}
}

// broadcast applies f by NumPy's rule: dimensions match from the right, those
// of 1 or absent repeat.
func broadcast(t *testing.T, in []array, f func(a, b float64) float64) array {
	t.Helper()
	require.Len(t, in, 2)
	require.Equal(t, in[0].float64, in[1].float64, "one type")
	rank := max(len(in[0].dims), len(in[1].dims))
	dim := func(a array, k int) int { // the k-th from the right
		if k >= len(a.dims) {
			return 1
		}
		return a.dims[len(a.dims)-1-k]
	}
	out := array{dims: make([]int, rank), float64: in[0].float64}
	for k := range rank {
		x, y := dim(in[0], k), dim(in[1], k)
		require.True(t, x == y || x == 1 || y == 1, "%v and %v", in[0].dims, in[1].dims)
		out.dims[rank-1-k] = max(x, y)
	}
	element := func(a array, i int) float64 {
		index, stride := 0, 1
		for k := range rank {
			full := out.dims[rank-1-k]
			if d := dim(a, k); d > 1 {
				index += i % full * stride
				stride *= d
			}
			i /= full
		}
		return a.data[index]
	}
	for i := range size(out.dims) {
		out.data = append(out.data, f(element(in[0], i), element(in[1], i)))
	}
	return out
}

// reshape gives a other dimensions, of which one may be -1, what is left.
func reshape(t *testing.T, a, to array) array {
	t.Helper()
	require.Len(t, to.dims, 1)
	out := array{data: a.data, float64: a.float64}
	known, open := 1, -1
	for k, v := range to.data {
		require.NotZero(t, v, "0 would copy a dimension")
		out.dims = append(out.dims, int(v))
		if v > 0 {
			known *= int(v)
			continue
		}
		require.Equal(t, -1, open, "one dimension is left open")
		open = k
	}
	if open >= 0 {
		out.dims[open] = len(a.data) / known
	}
	require.Equal(t, len(a.data), size(out.dims))
	return out
}

// matMul is the product of [B,N,F] or [B,F] and [F,H].
func matMul(t *testing.T, a, b array) array {
	t.Helper()
	require.Contains(t, []int{2, 3}, len(a.dims))
	require.Len(t, b.dims, 2)
	f, h := b.dims[0], b.dims[1]
	last := len(a.dims) - 1
	require.Equal(t, f, a.dims[last])
	out := array{dims: append(slices.Clone(a.dims[:last]), h)}
	for r := range size(a.dims[:last]) {
		for c := range h {
			sum := 0.0
			for k := range f {
				sum += a.data[r*f+k] * b.data[k*h+c]
			}
			out.data = append(out.data, sum)
		}
	}
	return out
}

// reduce applies f over axis 1, which stays.
func reduce(a array, f func([]float64) float64) array {
	n, inner := a.dims[1], size(a.dims[2:])
	out := array{dims: slices.Clone(a.dims)}
	out.dims[1] = 1
	for s := range a.dims[0] {
		for c := range inner {
			var along []float64
			for j := range n {
				along = append(along, a.data[(s*n+j)*inner+c])
			}
			out.data = append(out.data, f(along))
		}
	}
	return out
}

// concat joins arrays of three dimensions at the last.
func concat(t *testing.T, axis int, in []array) array {
	t.Helper()
	require.Equal(t, 2, axis)
	out := array{dims: slices.Clone(in[0].dims)}
	out.dims[2] = 0
	for _, a := range in {
		require.Equal(t, out.dims[:2], a.dims[:2])
		out.dims[2] += a.dims[2]
	}
	for r := range out.dims[0] * out.dims[1] {
		for _, a := range in {
			out.data = append(out.data, a.data[r*a.dims[2]:(r+1)*a.dims[2]]...)
		}
	}
	return out
}

// gather takes a column of the last of three dimensions by a number, or
// elements of a list by an array of indices.
func gather(t *testing.T, axis int, a, index array) array {
	t.Helper()
	if len(index.dims) == 0 {
		require.Equal(t, len(a.dims)-1, axis)
		last := a.dims[axis]
		out := array{dims: slices.Clone(a.dims[:axis])}
		for r := range size(out.dims) {
			out.data = append(out.data, a.data[r*last+int(index.data[0])])
		}
		return out
	}
	require.Zero(t, axis)
	require.Len(t, a.dims, 1)
	out := array{dims: slices.Clone(index.dims)}
	for _, k := range index.data {
		out.data = append(out.data, a.data[int(k)])
	}
	return out
}

// argMax is the first index of the largest of the last of three dimensions.
func argMax(t *testing.T, a array) array {
	t.Helper()
	require.Len(t, a.dims, 3)
	out := array{dims: slices.Clone(a.dims[:2])}
	for r := range size(out.dims) {
		row := a.data[r*a.dims[2] : (r+1)*a.dims[2]]
		out.data = append(out.data, float64(slices.Index(row, slices.Max(row))))
	}
	return out
}

// TestInterpreter: against values computed by hand.
func TestInterpreter(t *testing.T) {
	t.Parallel()
	a := array{dims: []int{1, 2, 3}, data: []float64{1, 2, 3, 4, 5, 6}}
	for name, test := range map[string]struct {
		n    node
		in   []array
		want array
	}{
		"rows": {node{op: "Sub"}, []array{a, {dims: []int{3}, data: []float64{1, 0, 10}}},
			array{dims: []int{1, 2, 3}, data: []float64{0, 2, -7, 3, 5, -4}}},
		"columns": {node{op: "Div"}, []array{a, {dims: []int{2, 1}, data: []float64{1, 2}}},
			array{dims: []int{1, 2, 3}, data: []float64{1, 2, 3, 2, 2.5, 3}}},
		"number": {node{op: "Mul"}, []array{a, {data: []float64{2}}},
			array{dims: []int{1, 2, 3}, data: []float64{2, 4, 6, 8, 10, 12}}},
		"matrix": {node{op: "MatMul"}, []array{a, {dims: []int{3, 1}, data: []float64{1, 0, -1}}},
			array{dims: []int{1, 2, 1}, data: []float64{-2, -2}}},
		"flat matrix": {node{op: "MatMul"}, []array{{dims: []int{2, 2}, data: []float64{1, 2, 3, 4}}, {dims: []int{2, 1}, data: []float64{1, -1}}},
			array{dims: []int{2, 1}, data: []float64{-1, -1}}},
		"sigmoid": {node{op: "Sigmoid"}, []array{{dims: []int{2}, data: []float64{0, 800}}}, array{dims: []int{2}, data: []float64{0.5, 1}}},
		"reshape": {node{op: "Reshape"}, []array{a, {dims: []int{2}, data: []float64{-1, 2}}}, array{dims: []int{3, 2}, data: a.data}},
		"mean": {node{op: "ReduceMean", number: map[string]int{"keepdims": 1}, list: map[string][]int{"axes": {1}}}, []array{a},
			array{dims: []int{1, 1, 3}, data: []float64{2.5, 3.5, 4.5}}},
		"column": {node{op: "Gather", number: map[string]int{"axis": 2}}, []array{a, {data: []float64{1}}},
			array{dims: []int{1, 2}, data: []float64{2, 5}}},
		"list": {node{op: "Gather", number: map[string]int{"axis": 0}}, []array{{dims: []int{2}, data: []float64{7, 8}}, {dims: []int{1, 3}, data: []float64{1, 0, 1}}},
			array{dims: []int{1, 3}, data: []float64{8, 7, 8}}},
		"largest": {node{op: "ArgMax", number: map[string]int{"axis": 2, "keepdims": 0}}, []array{{dims: []int{1, 2, 3}, data: []float64{1, 2, 2, 3, 1, 3}}},
			array{dims: []int{1, 2}, data: []float64{1, 0}}},
		"concat": {node{op: "Concat", number: map[string]int{"axis": 2}}, []array{a, {dims: []int{1, 2, 1}, data: []float64{7, 8}}},
			array{dims: []int{1, 2, 4}, data: []float64{1, 2, 3, 7, 4, 5, 6, 8}}},
		"clip": {node{op: "Clip"}, []array{a, {data: []float64{2}}, {data: []float64{5}}},
			array{dims: []int{1, 2, 3}, data: []float64{2, 2, 3, 4, 5, 5}}},
	} {
		require.Equal(t, fmt.Sprint(test.want), fmt.Sprint(test.n.compute(t, test.in)), name)
	}
}
