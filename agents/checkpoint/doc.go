// Package checkpoint keeps trained policies in files: the parameters in the
// safetensors format, which Python's safetensors reads too, and beside them,
// in the file's metadata, what they are and which environments they fit.
//
// A file is written whole or not at all, carries a hash of its content, and
// is checked in full before any of it is used.
package checkpoint
