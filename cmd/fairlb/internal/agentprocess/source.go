package agentprocess

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sirupsen/logrus"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env/testbed"
	"fairlb/env/testbed/haproxy"
	"fairlb/env/testbed/plane"
	"fairlb/env/testbed/shm"
)

// ParseSource reads what --plane names: shm:PATH or v1:PATH, a region of shared memory;
// haproxy:SOCKET?backend=NAME&log=ADDRESS, with other fields of haproxy.Config;
// remote:ADDRESS?key=FILE, one that `fairlb lend` lends; or the settings file of
// `fairlb lb`, whose region it is.
func ParseSource(text string, log logrus.FieldLogger) (Source, error) {
	kind, rest, cut := strings.Cut(text, ":")
	switch {
	case cut && (kind == "shm" || kind == "v1") && rest != "":
		return region(text, rest), nil
	case cut && kind == "haproxy":
		return haproxySource(text, log)
	case cut && kind == "remote":
		return remoteSource(text, rest)
	case text == "" || cut && (kind == "shm" || kind == "v1"):
		return Source{}, invalid.Errorf("--plane %q: must be shm:PATH, v1:PATH, haproxy:SOCKET?backend=NAME&log=ADDRESS, remote:ADDRESS?key=FILE or a settings file of fairlb lb", text)
	}
	cfg, err := plane.ReadFile(text)
	if err != nil {
		return Source{}, fmt.Errorf("--plane: %w", err)
	}
	path := cfg.Shared.Path
	switch cfg.Shared.Layout {
	case "none":
		return Source{}, invalid.Errorf("--plane %s: shared.layout is none: it must be v2 or v1, and rule.name weights, for an agent to steer", text)
	case "v1":
		if path == "" {
			path = fmt.Sprintf("/dev/shm/shm_vip_%d", cfg.Rule.Index)
		}
	default:
		if path == "" {
			path = "/dev/shm/fairlb-" + cfg.Name
		}
	}
	return region(cfg.Name, path), nil
}

// region is the plane of a region of shared memory.
func region(name, path string) Source {
	return Source{Name: name, Open: func(context.Context) (testbed.Plane, error) {
		p, err := shm.Open(path)
		if errors.Is(err, shm.ErrUnsupported) {
			return nil, invalid.Errorf("--plane %s: %w", path, err)
		}
		if err != nil {
			return nil, err // and no Plane that is a nil pointer
		}
		return p, nil
	}}
}

// haproxySource is a backend of HAProxy.
func haproxySource(text string, log logrus.FieldLogger) (Source, error) {
	cfg, err := haproxy.ParseAddress(text)
	if err != nil {
		return Source{}, invalid.Errorf("--plane %w", err)
	}
	cfg.Logger = log
	return Source{Name: "haproxy/" + cfg.Backend, Open: func(ctx context.Context) (testbed.Plane, error) {
		p, err := haproxy.Open(ctx, cfg)
		if errors.Is(err, haproxy.ErrConfig) {
			return nil, invalid.Errorf("--plane %s: %w", text, err)
		}
		if err != nil {
			return nil, err
		}
		return p, nil
	}}, nil
}
