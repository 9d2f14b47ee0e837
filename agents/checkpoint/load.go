package checkpoint

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"

	"github.com/nlpodyssey/safetensors"

	"fairlb/agents"
	"fairlb/env/file"
)

// maxBytes is the largest checkpoint that is read.
const maxBytes = 1 << 32

// Load reads a checkpoint and checks all of it: length, header, hash, types,
// finite values. The parameters come in the order in which they were saved.
// Errors name the file and wrap ErrCorrupt, or say why it cannot be read
// (fs.ErrNotExist).
func Load(path string) (Meta, []agents.Parameter, error) {
	if err := checkBeginning(path); err != nil {
		return Meta{}, nil, &fault{path: path, rule: err.Error(), kind: ErrCorrupt}
	}
	data, err := file.Read(path, maxBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return Meta{}, nil, fmt.Errorf("%s: there is no such checkpoint: %w", path, fs.ErrNotExist)
	}
	if err != nil {
		return Meta{}, nil, fmt.Errorf("checkpoint: %w", err)
	}
	meta, params, err := decode(data)
	if err != nil {
		return Meta{}, nil, &fault{path: path, rule: err.Error(), kind: ErrCorrupt}
	}
	return meta, params, nil
}

// decode returns what the bytes of a file hold, checked.
func decode(data []byte) (meta Meta, params []agents.Parameter, err error) {
	if err := checkForeign(data); err != nil {
		return Meta{}, nil, err
	}
	header, err := checkLength(data)
	if err != nil {
		return Meta{}, nil, err
	}
	if err := checkOwner(header); err != nil {
		return Meta{}, nil, err
	}
	// The header is within the file, but may describe tensors that are not
	// there. The library panics on some of these; a user must get an error.
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the header does not describe the tensors: %v", r)
		}
	}()
	_, read, err := safetensors.ReadMetadata(data)
	if err != nil {
		return Meta{}, nil, fmt.Errorf("not a safetensors header: %w", err)
	}
	meta, names, err := decodeMeta(read.Metadata())
	if err != nil {
		return Meta{}, nil, err
	}
	if meta.Format != Format {
		return Meta{}, nil, fmt.Errorf("format %d: this fairlb reads format %d", meta.Format, Format)
	}
	if err := checkHash(data, meta.ContentSHA256); err != nil {
		return Meta{}, nil, err
	}
	tensors, err := safetensors.Deserialize(data)
	if err != nil {
		return Meta{}, nil, fmt.Errorf("not a whole safetensors file: %w", err)
	}
	if len(names) != tensors.Len() {
		return Meta{}, nil, fmt.Errorf("%d tensors, the metadata names %d", tensors.Len(), len(names))
	}
	for _, name := range names {
		p, err := decodeParameter(tensors, name)
		if err != nil {
			return Meta{}, nil, err
		}
		params = append(params, p)
	}
	return meta, params, nil
}

// checkLength returns the header, and reports a file that ends before its header
// or its tensors do.
func checkLength(data []byte) (header []byte, err error) {
	const prefix = 8 // bytes, the length of the header
	if len(data) < prefix {
		return nil, fmt.Errorf("truncated: a checkpoint has at least %d bytes, the file has %d", prefix, len(data))
	}
	n := binary.LittleEndian.Uint64(data)
	if n > uint64(len(data)-prefix) {
		return nil, fmt.Errorf("truncated: the header takes %d bytes, %d are left in the file", n, len(data)-prefix)
	}
	header = data[prefix : prefix+n]
	if want := contentLength(header); want > uint64(len(data)-prefix)-n {
		return nil, fmt.Errorf("truncated: the tensors take %d bytes, %d are left in the file", want, uint64(len(data)-prefix)-n)
	}
	return header, nil
}

// contentLength returns the length of all tensors, by the offsets in the header.
// It is 0 for a header that cannot be read: the library's own error about that
// says more.
func contentLength(header []byte) (end uint64) {
	var tensors map[string]struct {
		Offsets [2]uint64 `json:"data_offsets"`
	}
	if json.Unmarshal(header, &tensors) != nil {
		return 0
	}
	for _, t := range tensors {
		end = max(end, t.Offsets[1])
	}
	return end
}

// checkHash compares the hash in the header with that of the file, which is
// taken with zeros in place of the hash.
func checkHash(data []byte, hash string) error {
	if len(hash) != len(zeroHash) {
		return fmt.Errorf("metadata %q: %q is no SHA-256", keyHash, hash)
	}
	offset, err := hashOffset(data, hash)
	if err != nil {
		return err
	}
	h := sha256.New()
	h.Write(data[:offset])
	h.Write([]byte(zeroHash))
	h.Write(data[offset+len(hash):])
	if sum := hex.EncodeToString(h.Sum(nil)); sum != hash {
		return fmt.Errorf("truncated or changed: the hash of its content begins with %s, its header says %s", sum[:12], hash[:12])
	}
	return nil
}

// decodeParameter returns one tensor of a file, checked.
func decodeParameter(tensors safetensors.SafeTensors, name string) (agents.Parameter, error) {
	view, ok := tensors.Tensor(name)
	if !ok {
		return agents.Parameter{}, fmt.Errorf("tensor %q is missing", name)
	}
	if view.DType() != safetensors.F32 {
		return agents.Parameter{}, fmt.Errorf("tensor %q is %s: must be F32", name, view.DType())
	}
	p := agents.Parameter{Name: name, Data: make([]float32, view.DataLen()/4)}
	for _, n := range view.Shape() {
		if n > math.MaxInt32 { // so that no product of a shape can wrap around to its number of values
			return agents.Parameter{}, fmt.Errorf("tensor %q: shape %v: too large", name, view.Shape())
		}
		p.Shape = append(p.Shape, int(n))
	}
	raw := view.Data()
	for i := range p.Data {
		p.Data[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return p, checkParameter(p)
}
