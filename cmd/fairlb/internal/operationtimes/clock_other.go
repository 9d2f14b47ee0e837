//go:build !linux

package operationtimes

import (
	"runtime"
	"time"
)

func threadTime() (time.Duration, error) { return 0, ErrUnsupported }

func machine() string { return runtime.GOOS + "/" + runtime.GOARCH }
