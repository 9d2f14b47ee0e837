package jobqueue

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/checkpoint"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/job"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/env/file"
	"fairlb/train/queue"
)

// TestPayloadsFault: only what the payload is at fault for is never tried again;
// what is missing, full or in the way on the worker's machine is.
func TestPayloadsFault(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want bool
	}{
		{invalid.Errorf("a job of kind %q", "dance"), true},
		{fmt.Errorf("policy.safetensors: %w", checkpoint.ErrCorrupt), true},
		{fmt.Errorf("wrapped: %w", checkpoint.ErrMismatch), true},
		{errors.New("the server went away"), false},
		{fmt.Errorf("%s: there is no such checkpoint: %w", "policy.safetensors", fs.ErrNotExist), false},
		{&fs.PathError{Op: "mkdir", Path: "/tmp/x", Err: syscall.ENOENT}, false},
		{&fs.PathError{Op: "mkdir", Path: "/tmp/x", Err: syscall.ENOTDIR}, false},
		{&fs.PathError{Op: "write", Path: "/tmp/x", Err: syscall.ENOSPC}, false},
		{&fs.PathError{Op: "open", Path: "/tmp/x", Err: fmt.Errorf("%w but a fifo", file.ErrNotRegular)}, false},
		{&os.LinkError{Op: "rename", Old: "/tmp/x", New: "/tmp/y", Err: syscall.ENOTDIR}, false},
		{os.NewSyscallError("statfs", syscall.EISDIR), false},
		{invalid.Errorf("--out: %w", &fs.PathError{Op: "mkdir", Path: "/tmp/x", Err: syscall.ENOTDIR}), false},
	} {
		require.Equal(t, test.want, payloadsFault(test.err), "%v", test.err)
	}
}

// TestNoTemporaryFolder: without a folder for temporary files a job fails, but is
// tried again; with one it is at fault for its payload, and is not.
func TestNoTemporaryFolder(t *testing.T) {
	permanent := func(err error) bool {
		return fmt.Sprintf("%T", err) == fmt.Sprintf("%T", queue.Permanent(errors.New("marked")))
	}
	h := handler{log: progress.Silent()}
	folder := filepath.Join(t.TempDir(), "gone")
	t.Setenv("TMPDIR", folder)
	text, err := json.Marshal(trainPayload{})
	require.NoError(t, err)
	j := queue.Job{Key: "k", Kind: job.TrainKind, Title: "T", Payload: text}
	_, missing := h.handle(t.Context(), j, nil)
	require.ErrorIs(t, missing, fs.ErrNotExist)
	require.False(t, permanent(missing))
	require.NoError(t, os.Mkdir(folder, 0o700))
	_, bad := h.handle(t.Context(), j, nil)
	require.Error(t, bad)
	require.True(t, permanent(bad))
}
