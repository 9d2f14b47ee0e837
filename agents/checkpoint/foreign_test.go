package checkpoint

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// foreign are files that are no checkpoints of ours, by what is said of them.
func foreign(t testing.TB) map[string][]byte {
	t.Helper()
	zipped := func(name string) []byte {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		f, err := w.Create(name)
		require.NoError(t, err)
		_, err = f.Write([]byte{0x80, 2, '}', 'q', 0, '.'})
		require.NoError(t, err)
		require.NoError(t, w.Close())
		return b.Bytes()
	}
	var compressed, archive bytes.Buffer
	gz := gzip.NewWriter(&compressed)
	_, err := gz.Write(save(t, filepath.Join(t.TempDir(), "x.safetensors")))
	require.NoError(t, err)
	require.NoError(t, gz.Close())
	w := tar.NewWriter(&archive)
	require.NoError(t, w.WriteHeader(&tar.Header{Name: "policy.safetensors", Size: 0, Mode: 0o600}))
	require.NoError(t, w.Close())
	seems := func(kind string) string { return "seems to be " + kind + ": " + expected }
	again := "written again by another program, or damaged: "
	own, _ := example()
	more, err := own.encode([]string{"b", "a"})
	require.NoError(t, err)
	return map[string][]byte{
		seems("a file of PyTorch (torch.save: .pt, .pth)"):                                                   zipped("archive/data.pkl"),
		seems("arrays of NumPy (.npz)"):                                                                      zipped("weights.npy"),
		seems("a zip archive"):                                                                               zipped("notes.txt"),
		seems("a pickle of Python, as torch.save of older PyTorch writes (.pt, .pth)"):                       []byte("\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."),
		seems("an ONNX model, as fairlb export writes; there is no way back from it"):                        []byte("\x08\x08\x12\x06fairlb2\x20deterministic policy of distr-lb"),
		seems("compressed with gzip"):                                                                        compressed.Bytes(),
		seems("compressed with zstd"):                                                                        []byte("\x28\xb5\x2f\xfd\x04\x00\x09\x00\x00"),
		seems("a tar archive"):                                                                               archive.Bytes(),
		seems("an HDF5 file, as Keras writes"):                                                               []byte("\x89HDF\r\n\x1a\n\x00\x00\x00"),
		seems("an array of NumPy (.npy)"):                                                                    []byte("\x93NUMPY\x01\x00v\x00{'descr': '<f4'}"),
		seems("damaged: it begins with nothing but zeros"):                                                   make([]byte, 5000),
		seems("an HTML page, such as a server sends in place of a file"):                                     []byte("\n<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>"),
		seems("a text file in XML"):                                                                          []byte("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>"),
		seems("a text file in JSON, such as a record or a report"):                                           []byte("{\"kind\":\"train\",\"format\":2}\n"),
		seems(`a text file that begins with "method: distr-lb", such as a file of settings`):                 []byte("method: distr-lb\nepisodes: 8\n"),
		seems(`a text file that begins with "` + strings.Repeat("ä", 39) + `…", such as a file of settings`): []byte(strings.Repeat("ä", 9000)),
		seems("a Git LFS pointer, which stands for a file that was not fetched (git lfs pull)"):              []byte("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"),

		`a safetensors file of another program, of format "pt", with 2 tensors, "lm_head.weight" the first: ` + expected: other(t, map[string]string{"format": "pt"}, "model.weight", "lm_head.weight"),
		`a safetensors file of another program, with the tensor "weight": ` + expected:                                   other(t, nil, "weight"),
		`a safetensors file of another program, with no tensors: ` + expected:                                            other(t, nil),
		again + `beside the checkpoint's tensors it has the tensor "ema.weight", which its metadata do not name`:         other(t, more, "a", "b", "ema.weight"),
		again + `it lacks the tensor "b", which its metadata name`:                                                       other(t, more, "a"),
	}
}

// other is a safetensors file of scalars as another program may write it.
func other(t testing.TB, metadata map[string]string, tensors ...string) []byte {
	t.Helper()
	header := map[string]any{}
	if metadata != nil {
		header["__metadata__"] = metadata
	}
	for k, name := range tensors {
		header[name] = map[string]any{"dtype": "F32", "shape": []int{1}, "data_offsets": []int{4 * k, 4*k + 4}}
	}
	text, err := json.Marshal(header)
	require.NoError(t, err)
	data := binary.LittleEndian.AppendUint64(nil, uint64(len(text)))
	return append(append(data, text...), make([]byte, 4*len(tensors))...)
}

// TestForeign: of a file that is no checkpoint it is said, in one sentence, what
// it seems to be and what is expected.
func TestForeign(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "policy.safetensors")
	for want, data := range foreign(t) {
		require.NoError(t, os.WriteFile(path, data, 0o666))
		_, _, err := Load(path)
		require.EqualError(t, err, path+": "+want)
		require.ErrorIs(t, err, ErrCorrupt)
	}
}

// TestWrittenAgain: a checkpoint that another program has written again, with the
// same content in another form, is not taken for one of ours.
func TestWrittenAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.safetensors")
	data := save(t, path)
	size := binary.LittleEndian.Uint64(data)
	var header any
	require.NoError(t, json.Unmarshal(data[8:8+size], &header))
	text, err := json.MarshalIndent(header, "", " ")
	require.NoError(t, err)
	spaced := append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...), data[8+size:]...)
	_, _, err = decode(spaced)
	require.ErrorContains(t, err, "written again by another program, or damaged: the header does not hold its hash once")
}

// TestForeignOfAnySize: what a file seems to be is said before all of it is read.
func TestForeignOfAnySize(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "model.pt")
	require.NoError(t, os.WriteFile(path, []byte("PK\x03\x04 archive/data.pkl"), 0o666))
	require.NoError(t, os.Truncate(path, maxBytes+1)) // of a sparse file
	_, _, err := Load(path)
	require.ErrorContains(t, err, "seems to be a file of PyTorch")
}
