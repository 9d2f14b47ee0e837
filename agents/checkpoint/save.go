package checkpoint

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/nlpodyssey/safetensors"

	"fairlb/agents"
	"fairlb/env/file"
)

// Save writes a checkpoint. At every moment, a crash included, the file is
// either the one that was there before or the whole new one. Each parameter
// must have a name that no other has, a shape that matches its data, and finite
// values.
func Save(path string, meta Meta, params []agents.Parameter) error {
	data, err := encode(meta, params)
	if err != nil {
		return fmt.Errorf("checkpoint: saving %s: %w", path, err)
	}
	write := func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}
	if err := file.Replace(path, 0o666, write); err != nil {
		return fmt.Errorf("checkpoint: saving: %w", err)
	}
	return nil
}

// tensor is a parameter as safetensors wants it.
type tensor struct{ agents.Parameter }

func (t tensor) DType() safetensors.DType { return safetensors.F32 }

func (t tensor) Shape() []uint64 {
	shape := make([]uint64, len(t.Parameter.Shape))
	for i, n := range t.Parameter.Shape {
		shape[i] = uint64(n)
	}
	return shape
}

func (t tensor) DataLen() uint64 { return 4 * uint64(len(t.Parameter.Data)) }

func (t tensor) Data() []byte {
	out := make([]byte, 0, t.DataLen())
	for _, v := range t.Parameter.Data {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
	}
	return out
}

// encode returns the bytes of a file: they are written with zeros for the hash,
// hashed, and given the hash.
func encode(meta Meta, params []agents.Parameter) ([]byte, error) {
	tensors := make(map[string]tensor, len(params))
	names := []string{}
	for _, p := range params {
		if err := checkParameter(p); err != nil {
			return nil, err
		}
		if _, twice := tensors[p.Name]; twice {
			return nil, fmt.Errorf("parameter %q is there twice", p.Name)
		}
		tensors[p.Name] = tensor{p}
		names = append(names, p.Name)
	}
	fields, err := meta.encode(names)
	if err != nil {
		return nil, err
	}
	data, err := safetensors.Serialize(tensors, fields)
	if err != nil {
		return nil, err
	}
	offset, err := hashOffset(data, zeroHash)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	hex.Encode(data[offset:], sum[:])
	return data, nil
}

// checkParameter reports a parameter without a name, with a shape that does not
// match its values, or with a value that is not finite.
func checkParameter(p agents.Parameter) error {
	size := 1
	for _, n := range p.Shape {
		size *= n
	}
	if p.Name == "" || p.Name == "__metadata__" || size != len(p.Data) {
		return fmt.Errorf("parameter %q: shape %v has %d values, there are %d: must match, under a name", p.Name, p.Shape, size, len(p.Data))
	}
	for i, v := range p.Data {
		if v-v != 0 {
			return fmt.Errorf("parameter %q: value %d is %g: must be finite", p.Name, i, v)
		}
	}
	return nil
}

// hashOffset returns where in a file the digits of the hash begin. The hash must
// be there once.
func hashOffset(data []byte, hash string) (int, error) {
	quoted := []byte(`"` + keyHash + `":"` + hash + `"`)
	if bytes.Count(data, quoted) != 1 {
		return 0, errors.New("written again by another program, or damaged: the header does not hold its hash once, in the form in which fairlb writes it")
	}
	return bytes.Index(data, quoted) + len(keyHash) + len(`"":"`), nil
}
