package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
)

// sumDigits is the number of hexadecimal digits of a line's sum.
const sumDigits = 16

// sumOf is the sum of a line, a JSON object without one, behind a line of the
// sum before; that of the first line is behind an empty one. A line that was
// changed, taken out, put in or moved has not the sum that it says.
func sumOf(before string, line []byte) string {
	hash := sha256.New()
	hash.Write([]byte(before))
	hash.Write(line)
	return hex.EncodeToString(hash.Sum(nil))[:sumDigits]
}

// withSum adds to a line, a JSON object that is not empty, its sum as the last
// field.
func withSum(line []byte, sum string) []byte {
	out := append([]byte(nil), line[:len(line)-1]...)
	return append(out, `,"sum":"`+sum+`"}`...)
}

var errSum = errors.New("was changed, or a line before it: its sum is not that of the lines up to it")

// checkSum returns the sum of a line behind one of the sum before, or an error if
// the line says another.
func checkSum(before string, line []byte) (string, error) {
	index := bytes.LastIndex(line, []byte(`,"sum":"`))
	if index < 0 {
		return "", errSum
	}
	sum := sumOf(before, append(append([]byte(nil), line[:index]...), '}'))
	if !bytes.Equal(line, withSum(append(append([]byte(nil), line[:index]...), '}'), sum)) {
		return "", errSum
	}
	return sum, nil
}
