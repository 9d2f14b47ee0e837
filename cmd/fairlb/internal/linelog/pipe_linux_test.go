package linelog

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNamedPipe: a reader that does not read costs lines and not time without end, and
// reads whole lines later.
func TestNamedPipe(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	_, err := Open(path)
	require.ErrorContains(t, err, "nobody reads this named pipe")
	reader, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	require.NoError(t, err)
	defer reader.Close()
	f, err := Open(path)
	require.NoError(t, err)
	log, _ := quiet()
	l := New("lines", log)
	l.Take(f)
	line := strings.Repeat("x", 999) + "\n"
	l.Write([]byte(strings.Repeat(line, 100))) // a pipe holds 64 KiB
	require.Positive(t, l.Lost())
	require.Less(t, l.Lost(), uint64(60))
	want := 100 - int(l.Lost())
	done := make(chan int)
	go func() {
		n := 0
		for s := bufio.NewScanner(reader); s.Scan(); n++ {
			if s.Text()+"\n" != line {
				break
			}
		}
		done <- n
	}()
	l.Close()
	require.Equal(t, want, <-done)
	require.Equal(t, 100-want, int(l.Lost()))
}
