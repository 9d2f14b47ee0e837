package agentprocess

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env/testbed"
	"fairlb/env/testbed/remote"
)

// answerTimeout is how long a lent plane has to answer.
const answerTimeout = 2 * time.Second

// maxKey is the size of a key's file, at most.
const maxKey = 1 << 12

// ReadKey reads the key by which a lent plane and its client know each other. Its file must
// be its owner's alone.
func ReadKey(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, invalid.Errorf("key: %w", err)
	case !info.Mode().IsRegular() || info.Size() > maxKey:
		return nil, invalid.Errorf("key %s: must be a file of at most %d bytes", path, maxKey)
	case info.Mode().Perm()&0o077 != 0:
		return nil, invalid.Errorf("key %s: its mode is %#o, and nobody but its owner may read it: chmod 600", path, info.Mode().Perm())
	}
	key, err := os.ReadFile(path)
	if err != nil {
		return nil, invalid.Errorf("key: %w", err)
	}
	if key = bytes.TrimSpace(key); len(key) < remote.MinKey {
		return nil, invalid.Errorf("key %s: %d bytes: must be at least %d, such as those of head -c 32 /dev/urandom | base64", path, len(key), remote.MinKey)
	}
	return key, nil
}

// network splits an address: unix:PATH, or HOST:PORT.
func network(address string) (network, rest string, err error) {
	if path, is := strings.CutPrefix(address, "unix:"); is && path != "" {
		return "unix", path, nil
	}
	if host, port, err := net.SplitHostPort(address); err != nil || host == "" || port == "" {
		return "", "", invalid.Errorf("address %q: must be HOST:PORT or unix:PATH", address)
	}
	return "tcp", address, nil
}

// remoteSource is a plane that another machine lends.
func remoteSource(text, rest string) (Source, error) {
	address, file, cut := strings.Cut(rest, "?key=")
	if !cut || file == "" {
		return Source{}, invalid.Errorf("--plane %q: must be remote:ADDRESS?key=FILE", text)
	}
	kind, at, err := network(address)
	if err != nil {
		return Source{}, invalid.Errorf("--plane %q: %w", text, err)
	}
	key, err := ReadKey(file)
	if err != nil {
		return Source{}, fmt.Errorf("--plane %q: %w", text, err)
	}
	return Source{Name: "remote/" + address, Open: func(ctx context.Context) (testbed.Plane, error) {
		p, err := remote.Dial(ctx, kind, at, key, answerTimeout)
		if err != nil {
			return nil, err
		}
		return p, nil
	}}, nil
}

// LendConfig says what is lent, and to whom.
type LendConfig struct {
	Plane  Source
	Listen string // HOST:PORT or unix:PATH
	Key    []byte
	Public bool // addresses that other machines reach are listened at, too
	Logger logrus.FieldLogger
}

// lendPatience is how long a plane that is lent may take to be there.
const lendPatience = 10 * time.Second

// Lend lends a plane until ctx is done.
func Lend(ctx context.Context, cfg LendConfig) error {
	kind, at, err := network(cfg.Listen)
	if err != nil {
		return invalid.Errorf("--listen: %w", err)
	}
	if kind == "tcp" && !cfg.Public {
		host, _, _ := net.SplitHostPort(at) // network has split it before
		if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
			return invalid.Errorf("--listen %s: other machines reach it: say --public if they may, since all is said in the clear, though nobody can change it", cfg.Listen)
		}
	}
	plane, err := awaitPlane(ctx, cfg.Plane)
	if err != nil {
		return fmt.Errorf("--plane: %w", err)
	}
	l, err := new(net.ListenConfig).Listen(ctx, kind, at)
	if err != nil {
		return errors.Join(invalid.Errorf("--listen %s: %w", cfg.Listen, err), plane.Close())
	}
	if kind == "unix" {
		if err := os.Chmod(at, 0o600); err != nil {
			return errors.Join(err, l.Close(), plane.Close())
		}
	}
	cfg.Logger.WithField("address", l.Addr().String()).Info("the plane is lent")
	return errors.Join(remote.Serve(ctx, l, plane, cfg.Key, cfg.Logger), plane.Close())
}

// awaitPlane opens a plane that may not be there yet.
func awaitPlane(ctx context.Context, source Source) (testbed.Plane, error) {
	for deadline := time.Now().Add(lendPatience); ; {
		plane, err := source.Open(ctx)
		var own *invalid.Error
		switch {
		case err == nil:
			return plane, nil
		case errors.As(err, &own) || time.Now().After(deadline):
			return nil, err
		}
		if err := (testbed.SystemClock{}).WaitUntil(ctx, time.Now().Add(firstPause)); err != nil {
			return nil, err
		}
	}
}
