package record

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"sync"
)

// Build names the executable that runs by the first twelve hexadecimal digits of its
// SHA-256. Two programs of one Version may differ, if files were changed or the version
// was not stamped; two of one Build are the same. It is computed once.
func Build() string { return build() }

var build = sync.OnceValue(func() string {
	// The file of the path may have been replaced since the program started;
	// this, where there is one, is what runs.
	if hash, err := hashOf("/proc/self/exe"); err == nil {
		return hash
	}
	path, err := os.Executable()
	if err == nil {
		var hash string
		if hash, err = hashOf(path); err == nil {
			return hash
		}
	}
	return "unreadable-" + rand.Text()[:12] // like no other
})

func hashOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", hash.Sum(nil))[:12], nil
}
