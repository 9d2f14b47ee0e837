package onnx

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Versions: opset 17 came with ONNX 1.12, whose files are of IR version 8.
const (
	irVersion = 8
	opset     = 17
)

// The numbers of the fields that are written, by message.
const (
	modelIRVersion, modelProducer, modelDoc, modelGraph, modelOpset, modelMetadata = 1, 2, 6, 7, 8, 14
	opsetVersion                                                                   = 2
	entryKey, entryValue                                                           = 1, 2

	graphNode, graphName, graphInitializer, graphInput, graphOutput = 1, 2, 5, 11, 12

	nodeInput, nodeOutput, nodeName, nodeOp, nodeAttribute = 1, 2, 3, 4, 5
	attributeName, attributeInt, attributeInts             = 1, 3, 8
	attributeType                                          = 20

	tensorDims, tensorType, tensorName, tensorRaw = 1, 2, 8, 9

	valueName, valueType, valueDoc = 1, 2, 3
	typeTensor                     = 1
	tensorElement, tensorShape     = 1, 2
	shapeDim                       = 1
	dimValue, dimParam             = 1, 2
)

// The types of attributes (AttributeProto) and of elements (TensorProto).
const (
	typeInt, typeInts                        = 2, 7
	elementFloat, elementInt, elementFloat64 = 1, 7, 11
)

// message is a protocol buffers message while fields are added to it.
type message []byte

func (m *message) number(field protowire.Number, v int64) {
	*m = protowire.AppendTag(*m, field, protowire.VarintType)
	*m = protowire.AppendVarint(*m, uint64(v))
}

func (m *message) text(field protowire.Number, v string) {
	*m = protowire.AppendTag(*m, field, protowire.BytesType)
	*m = protowire.AppendString(*m, v)
}

func (m *message) bytes(field protowire.Number, v []byte) {
	*m = protowire.AppendTag(*m, field, protowire.BytesType)
	*m = protowire.AppendBytes(*m, v)
}

// Attribute is an attribute of an operator: an integer, or a list of them.
type Attribute struct {
	name string
	list bool
	ints []int64
}

// Integer is an attribute that is a number.
func Integer(name string, v int64) Attribute { return Attribute{name, false, []int64{v}} }

// Integers is an attribute that is a list of numbers.
func Integers(name string, v ...int64) Attribute { return Attribute{name, true, v} }

// encode returns the attribute's message.
func (a Attribute) encode() []byte {
	var m message
	m.text(attributeName, a.name)
	if a.list {
		for _, v := range a.ints {
			m.number(attributeInts, v)
		}
		m.number(attributeType, typeInts)
		return m
	}
	m.number(attributeInt, a.ints[0])
	m.number(attributeType, typeInt)
	return m
}

// tensor encodes a constant in its raw form, little-endian.
func tensor(name string, element int64, dims []int, raw []byte) []byte {
	var m message
	for _, n := range dims {
		m.number(tensorDims, int64(n))
	}
	m.number(tensorType, element)
	m.text(tensorName, name)
	m.bytes(tensorRaw, raw)
	return m
}

// rawFloats returns values as ONNX stores them, little-endian.
func rawFloats(data []float32) []byte {
	out := make([]byte, 0, 4*len(data))
	for _, v := range data {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
	}
	return out
}

// anyServers is a dimension of value: as many servers as there are.
const anyServers = -1

// value encodes what a graph says of an input or output: float32 [batch, dims].
func value(name, doc string, dims ...int) []byte {
	var shape message
	var batch message
	batch.text(dimParam, "batch")
	shape.bytes(shapeDim, batch)
	for _, n := range dims {
		var dim message
		if n == anyServers {
			dim.text(dimParam, "servers")
		} else {
			dim.number(dimValue, int64(n))
		}
		shape.bytes(shapeDim, dim)
	}
	var ofTensor, kind, m message
	ofTensor.number(tensorElement, elementFloat)
	ofTensor.bytes(tensorShape, shape)
	kind.bytes(typeTensor, ofTensor)
	m.text(valueName, name)
	m.bytes(valueType, kind)
	m.text(valueDoc, doc)
	return m
}
