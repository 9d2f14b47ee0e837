package haproxy

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"fairlb/env/settings"
)

// Scheme begins the addresses that ParseAddress reads.
const Scheme = "haproxy:"

// ParseAddress returns the settings that an address on a command line means:
//
//	haproxy:SOCKET?backend=NAME&log=udp:127.0.0.1:5514
//
// Behind the question mark stand fields of Config, each once, in place of the defaults.
// A value is taken as it is written; it cannot contain "&". Its error names every
// fault.
func ParseAddress(address string) (Config, error) {
	rest, ok := strings.CutPrefix(address, Scheme)
	if !ok {
		return Config{}, fmt.Errorf("%w %q: must begin with %s", ErrAddress, address, Scheme)
	}
	socket, query, _ := strings.Cut(rest, "?")
	overrides := []string{"socket=" + socket}
	given := map[string]bool{"socket": true}
	for field := range strings.SplitSeq(query, "&") {
		if field == "" {
			continue
		}
		name, _, ok := strings.Cut(field, "=")
		switch {
		case !ok:
			return Config{}, fmt.Errorf("%w %q: %q must have the form field=value", ErrAddress, address, field)
		case given[name]:
			return Config{}, fmt.Errorf("%w %q: %s is given twice", ErrAddress, address, name)
		}
		given[name] = true
		overrides = append(overrides, field)
	}
	cfg := DefaultConfig()
	if err := settings.Load(Scheme, nil, overrides, &cfg); err != nil {
		return Config{}, fmt.Errorf("%w %q:\n%w", ErrAddress, address, err)
	}
	return cfg, nil
}

// Load returns the settings of a file, with overrides (path=value) laid over it. Its
// error is a settings.Errors, which names every fault with its line.
func Load(path string, overrides ...string) (Config, error) {
	data, err := settings.ReadFile(path)
	if err != nil {
		return Config{}, err
	}
	cfg := DefaultConfig()
	err = settings.Load(path, data, overrides, &cfg)
	return cfg, err
}

// parseMode returns the permissions that octal digits mean.
func parseMode(text string) (fs.FileMode, error) {
	mode, err := strconv.ParseUint(text, 8, 32)
	if err == nil && mode > 0o777 {
		err = strconv.ErrRange
	}
	return fs.FileMode(mode), err
}
