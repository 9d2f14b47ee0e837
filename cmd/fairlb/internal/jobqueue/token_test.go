package jobqueue

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/train/queue"
)

// TestOwnToken: this process's own queue has a token, the same again, that its
// owner alone can read; one that is no secret is refused.
func TestOwnToken(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "queue")
	token, err := ownToken(dir)
	require.NoError(t, err)
	require.Len(t, token, 26)
	again, err := ownToken(dir)
	require.NoError(t, err)
	require.Equal(t, token, again)
	path := filepath.Join(dir, tokenName)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Zero(t, info.Mode().Perm()&0o077, "its owner's alone")

	require.NoError(t, os.Chmod(path, 0o640))
	_, err = ownToken(dir)
	require.ErrorContains(t, err, "others may read it")
	require.True(t, invalid.Is(err))
	require.NoError(t, os.Chmod(path, 0o600))
	require.NoError(t, os.WriteFile(path, []byte("\n"), 0o600))
	_, err = ownToken(dir)
	require.ErrorContains(t, err, "the token has 0 bytes")
	require.ErrorContains(t, err, "remove the file, and another is made")
	require.True(t, invalid.Is(err))
}

// TestToken: a token comes from a file or the environment, and is none that is
// empty, or endless.
func TestToken(t *testing.T) {
	t.Setenv(TokenVariable, "from-the-environment")
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	fifo := filepath.Join(dir, "fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	token, err := Token("")
	require.NoError(t, err)
	require.Equal(t, "from-the-environment", token)
	token, err = Token(write("good", "from-a-file\n"))
	require.NoError(t, err)
	require.Equal(t, "from-a-file", token)
	for path, want := range map[string]string{
		write("empty", ""):                        "the token has 0 bytes",
		write("blank", " \n"):                     "the token has 0 bytes",
		write("words", "secret words"):            "printable ASCII characters without spaces",
		write("long", strings.Repeat("x", 1<<20)): "too large",
		fifo:                       "not a regular file but a fifo",
		"/dev/zero":                "not a regular file but a device",
		filepath.Join(dir, "none"): "no such file",
	} {
		_, err := Token(path)
		require.ErrorContains(t, err, want, path)
		require.ErrorContains(t, err, path)
		require.NotContains(t, err.Error(), "secret")
		require.True(t, invalid.Is(err))
	}
	t.Setenv(TokenVariable, "")
	_, err = Token("")
	require.ErrorContains(t, err, TokenVariable+" in the environment")
	require.NoError(t, os.Unsetenv(TokenVariable))
	token, err = Token("")
	require.NoError(t, err)
	require.Empty(t, token, "for a server that wants none")
}

// TestInvitation: what says how to join a queue does not tell its token, and the
// queue wants it on loopback, too.
func TestInvitation(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var said bytes.Buffer
	log := logrus.New()
	log.SetOutput(&said)
	c, err := Connect(t.Context(), Config{Host: "127.0.0.1", Replicas: 1, Dir: dir}, Terminal{Out: &said, Log: log})
	require.NoError(t, err)
	defer c.Close()
	path := filepath.Join(dir, "queue", tokenName)
	token, err := readToken(path)
	require.NoError(t, err)
	require.Contains(t, said.String(), "fairlb worker --queue nats://127.0.0.1:")
	require.Contains(t, said.String(), " --token-file "+path)
	require.NotContains(t, said.String(), token)
	port, err := os.ReadFile(filepath.Join(dir, "queue", portName))
	require.NoError(t, err)
	url := "nats://127.0.0.1:" + strings.TrimSpace(string(port))
	_, err = queue.Open(t.Context(), queue.Config{URL: url})
	require.ErrorContains(t, err, "Authorization Violation")
	q, err := queue.Open(t.Context(), queue.Config{URL: url, Token: token})
	require.NoError(t, err)
	q.Close()

	far := invitation("nats://0.0.0.0:4222", "runs/x/queue", "0.0.0.0")
	require.NotContains(t, far, "0.0.0.0")
	require.Contains(t, far, "/runs/x/queue/token (on another machine, with a copy of that file)")
}
