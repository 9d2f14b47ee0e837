package checkpoint

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"fairlb/env/file"
)

// expected says what a checkpoint is, behind what a file seems to be.
const expected = "a checkpoint is a safetensors file that fairlb train wrote, such as policy.safetensors in a run's folder"

// sniffed is how much of a file is looked at to tell what it is, in bytes.
const sniffed = 4096

// checkBeginning is checkForeign of a file, whose size may be what no checkpoint has.
// It says nothing about a file that cannot be read.
func checkBeginning(path string) error {
	f, err := file.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	head := make([]byte, sniffed+1)
	n, _ := io.ReadFull(f, head) // fewer are as good
	return checkForeign(head[:n])
}

// checkForeign reports a file of another kind by what it seems to be. It says
// nothing about a file that may be a safetensors file, whole or not.
func checkForeign(data []byte) error {
	if len(data) > 8 && data[8] == '{' {
		return nil
	}
	if kind := seems(data); kind != "" {
		return fmt.Errorf("seems to be %s: %s", kind, expected)
	}
	return nil
}

// seems says what a file seems to be by its first bytes, in words that follow
// "seems to be"; nothing if they are of no kind that it knows. The length of a
// header, with which a safetensors file begins, has none of these forms.
func seems(data []byte) string {
	head := data[:min(len(data), sniffed)]
	for _, k := range []struct{ magic, kind string }{
		{"\x1f\x8b", "compressed with gzip"},
		{"\x28\xb5\x2f\xfd", "compressed with zstd"},
		{"\xfd7zXZ\x00", "compressed with xz"},
		{"BZh", "compressed with bzip2"},
		{"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras writes"},
		{"\x93NUMPY", "an array of NumPy (.npy)"},
		{"GGUF", "a GGUF file"},
		{"PAR1", "a Parquet file"},
		{"\x89PNG\r\n", "a picture"},
		{"\xff\xd8\xff", "a picture"},
		{"%PDF-", "a PDF"},
		{"\x7fELF", "a program"},
		{"version https://git-lfs.github.com/", "a Git LFS pointer, which stands for a file that was not fetched (git lfs pull)"},
	} {
		if bytes.HasPrefix(head, []byte(k.magic)) {
			return k.kind
		}
	}
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return zipKind(head)
	case len(head) > 8 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5 && !allZero(head[3:8]):
		return "a pickle of Python, as torch.save of older PyTorch writes (.pt, .pth)"
	case len(head) > 8 && head[0] == 0x08 && head[1] >= 1 && head[1] < 0x20 && slices.Contains([]byte{0x12, 0x1a, 0x22, 0x3a, 0x42}, head[2]):
		return "an ONNX model, as fairlb export writes; there is no way back from it"
	case len(head) > 262 && string(head[257:262]) == "ustar":
		return "a tar archive"
	case len(data) > 8 && allZero(head):
		return "damaged: it begins with nothing but zeros"
	}
	return textKind(data, head)
}

// zipKind tells kinds of zip archives apart, by the names at its beginning.
func zipKind(head []byte) string {
	switch {
	case bytes.Contains(head, []byte("/data.pkl")):
		return "a file of PyTorch (torch.save: .pt, .pth)"
	case bytes.Contains(head, []byte(".npy")):
		return "arrays of NumPy (.npz)"
	}
	return "a zip archive"
}

// textKind says what kind of text a file holds, of which head is the beginning;
// nothing if it is no text.
func textKind(data, head []byte) string {
	if len(head) < len(data) { // a character may have been cut
		for k := 0; k < utf8.UTFMax && len(head) > 0 && !utf8.Valid(head); k++ {
			head = head[:len(head)-1]
		}
	}
	text := strings.TrimSpace(strings.TrimPrefix(string(head), "\ufeff"))
	control := func(r rune) bool { return r < ' ' && !strings.ContainsRune("\t\n\v\f\r", r) || r == 0x7f }
	if text == "" || !utf8.ValidString(text) || strings.ContainsFunc(text, control) {
		return ""
	}
	lower := strings.ToLower(text)
	switch {
	case strings.HasPrefix(lower, "<!doctype html"), strings.HasPrefix(lower, "<html"):
		return "an HTML page, such as a server sends in place of a file"
	case strings.HasPrefix(text, "<"):
		return "a text file in XML"
	case strings.HasPrefix(text, "{"), strings.HasPrefix(text, "["):
		return "a text file in JSON, such as a record or a report"
	}
	line, _, _ := strings.Cut(text, "\n")
	if runes := []rune(line); len(runes) > 40 {
		line = string(runes[:39]) + "…"
	}
	return fmt.Sprintf("a text file that begins with %q, such as a file of settings", strings.TrimSpace(line))
}

func allZero(b []byte) bool { return !slices.ContainsFunc(b, func(x byte) bool { return x != 0 }) }

// ownKeys are the keys of the metadata that only fairlb writes.
func ownKeys() []string { return []string{keyFingerprint, keyParameters, keyHash} }

// checkOwner reports a safetensors file that another program wrote, by its header:
// one without the metadata of a checkpoint, or with tensors that are not those
// that the metadata name. It says nothing about a header that cannot be read.
func checkOwner(header []byte) error {
	var entries map[string]json.RawMessage
	if json.Unmarshal(header, &entries) != nil {
		return nil
	}
	var fields map[string]string
	if raw, found := entries["__metadata__"]; found && json.Unmarshal(raw, &fields) != nil {
		return nil
	}
	delete(entries, "__metadata__")
	tensors := slices.Sorted(maps.Keys(entries))
	if !slices.ContainsFunc(ownKeys(), func(key string) bool { return fields[key] != "" }) {
		of := ""
		if format := fields[keyFormat]; format != "" {
			of = fmt.Sprintf(", of format %q", oneLine(format))
		}
		return fmt.Errorf("a safetensors file of another program%s, with %s: %s", of, some(tensors), expected)
	}
	var names []string
	if json.Unmarshal([]byte(fields[keyParameters]), &names) != nil {
		return nil
	}
	slices.Sort(names)
	more := slices.DeleteFunc(slices.Clone(tensors), func(name string) bool { _, found := slices.BinarySearch(names, name); return found })
	less := slices.DeleteFunc(names, func(name string) bool { _, found := slices.BinarySearch(tensors, name); return found })
	switch again := "written again by another program, or damaged"; {
	case len(more) > 0:
		return fmt.Errorf("%s: beside the checkpoint's tensors it has %s, which its metadata do not name", again, some(more))
	case len(less) > 0:
		return fmt.Errorf("%s: it lacks %s, which its metadata name", again, some(less))
	}
	return nil
}

// some names how many tensors there are, and the first.
func some(names []string) string {
	switch len(names) {
	case 0:
		return "no tensors"
	case 1:
		return fmt.Sprintf("the tensor %q", oneLine(names[0]))
	}
	return fmt.Sprintf("%d tensors, %q the first", len(names), oneLine(names[0]))
}

// oneLine is a name as a sentence can show it.
func oneLine(name string) string {
	runes := []rune(strings.ToValidUTF8(name, "?"))
	if len(runes) > 60 {
		runes = append(runes[:59], '…')
	}
	return string(runes)
}
