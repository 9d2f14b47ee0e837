package jobqueue

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env/file"
	"fairlb/train/queue"
)

// TokenVariable is the environment variable that may have the token of a queue.
const TokenVariable = "FAIRLB_QUEUE_TOKEN"

// tokenName is the file, in the folder of this process's own queue, that keeps
// the queue's token.
const tokenName = "token"

// maxTokenFile is the size of a token's file at most, in bytes.
const maxTokenFile = 4096

// Token is the token of a queue that another process serves: that of a file, if
// one is named, or of TokenVariable. It is empty if neither is there, for a server
// that wants none. A file or a variable that is there and empty is an error: a
// token was meant.
func Token(path string) (string, error) {
	if path != "" {
		return readToken(path)
	}
	token, set := os.LookupEnv(TokenVariable)
	if !set {
		return "", nil
	}
	if err := queue.CheckToken(token, 1); err != nil {
		return "", invalid.Errorf("%s in the environment: %w", TokenVariable, err)
	}
	return token, nil
}

// readToken reads the file of a token, which may end with a newline.
func readToken(path string) (string, error) {
	data, err := file.Read(path, maxTokenFile)
	if err != nil {
		return "", invalid.Errorf("the token: %w", err)
	}
	token := strings.TrimSpace(string(data))
	if err := queue.CheckToken(token, 1); err != nil {
		return "", invalid.Errorf("%s: %w", path, err)
	}
	return token, nil
}

// ownToken returns the token of this process's own queue, which is kept in its
// folder, after making one if there is none. Nobody else may read the file.
func ownToken(dir string) (string, error) {
	path := filepath.Join(dir, tokenName)
	info, err := os.Lstat(path)
	switch {
	case err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0:
		return "", invalid.Errorf("%s: others may read it (%v): remove it, and another is made", path, info.Mode().Perm())
	case err == nil:
		token, err := readToken(path)
		if err != nil {
			return "", fmt.Errorf("%w; remove the file, and another is made", err)
		}
		return token, nil
	case !errors.Is(err, fs.ErrNotExist):
		return "", err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	token := rand.Text()
	return token, file.Replace(path, 0o600, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, token)
		return err
	})
}
