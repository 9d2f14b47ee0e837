package checkpoint

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"github.com/nlpodyssey/safetensors"

	"fairlb/agents"
)

// Save writes a checkpoint so that the file is, at every moment, either the
// one that was there before or the whole new one. Parameters must have names
// of their own, shapes that match their data, and finite values.
func Save(path string, meta Meta, params []agents.Parameter) error {
	data, err := encode(meta, params)
	if err != nil {
		return fmt.Errorf("checkpoint: saving %s: %w", path, err)
	}
	write := func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}
	if err := Replace(path, 0o644, write); err != nil {
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

// encode returns the file's bytes, with the hash in its place.
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
	at, err := hashPlace(data, zeroHash)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	hex.Encode(data[at:], sum[:])
	return data, nil
}

// checkParameter reports a name, shape or value that a file may not have.
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

// hashPlace finds the only place at which the file's header has the hash.
func hashPlace(data []byte, hash string) (int, error) {
	quoted := []byte(`"` + keyHash + `":"` + hash + `"`)
	if bytes.Count(data, quoted) != 1 {
		return 0, fmt.Errorf("the header must hold its hash once")
	}
	return bytes.Index(data, quoted) + len(keyHash) + len(`"":"`), nil
}

// Replace makes the file of what write writes, with the permissions perm: under
// a temporary name in the same folder, which begins with a dot and the file's
// own, then synced and renamed.
func Replace(path string, perm fs.FileMode, write func(io.Writer) error) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close() // the first error says what went wrong
			os.Remove(f.Name())
		}
	}()
	if err = write(f); err != nil {
		return err
	}
	if err = f.Chmod(perm); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}
