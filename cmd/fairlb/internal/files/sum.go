package files

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
)

// ErrSum reports a file whose content is not that of its sum.
var ErrSum = errors.New("its sum is not that of its content: it was changed or damaged")

// The last field of an indented JSON object, which holds the sum of all before it.
const (
	sumBegin = ",\n  \"sum\": \""
	sumEnd   = "\"\n}\n"
	sumBytes = 8 // of the SHA-256: enough against damage, no proof against intent
)

// AddSum adds the last field, sum, to an object in indented JSON that ends with a
// newline: the beginning of the SHA-256 of what stands before it.
func AddSum(object []byte) []byte {
	body := bytes.TrimSuffix(object, []byte("\n}\n"))
	return append(bytes.Clone(body), sumBegin+sumOf(body)+sumEnd...)
}

// CheckSum returns ErrSum if what AddSum made is not as it was. An object without
// a sum, which older programs made, has no fault.
func CheckSum(object []byte) error {
	k := bytes.LastIndex(object, []byte(sumBegin))
	if k >= 0 && string(object[k:]) != sumBegin+sumOf(object[:k])+sumEnd {
		return ErrSum
	}
	return nil
}

// sumOf is the sum of a text.
func sumOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:sumBytes])
}
