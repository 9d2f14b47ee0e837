//go:build !linux

package machine

import "errors"

// read fails: only Linux's /proc/stat is known.
func read() (usage, error) { return usage{}, errors.ErrUnsupported }
