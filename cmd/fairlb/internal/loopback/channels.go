//go:build linux

package loopback

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"fairlb/cmd/fairlb/internal/agentprocess"
	"fairlb/env/testbed"
	"fairlb/env/testbed/remote"
)

// lend has each load balancer lent by a process of its own (`fairlb lend`), and waits until
// all are.
func (p *processes) lend(running context.Context, ep *episode) error {
	random := make([]byte, 32)
	if _, err := rand.Read(random); err != nil {
		return err
	}
	if err := os.WriteFile(p.keyFile(), []byte(base64.StdEncoding.EncodeToString(random)), 0o600); err != nil {
		return err
	}
	for _, b := range p.list {
		c := &child{what: b.what + ", fairlb lend", program: p.env.cfg.Program,
			args: []string{"lend", "--plane", "shm:" + b.region, "--listen", "unix:" + b.lent(), "--key", p.keyFile()}}
		ep.group.Go(func() error { return c.run(running) })
	}
	for _, b := range p.list {
		for deadline := time.Now().Add(patience * time.Second); ; time.Sleep(2 * time.Millisecond) {
			_, err := os.Stat(b.lent())
			if err == nil {
				break
			}
			if running.Err() != nil {
				return context.Cause(running)
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("%s, fairlb lend: not ready after %d s: %w", b.what, patience, err)
			}
		}
	}
	return nil
}

// keyFile is the file of the channels' key.
func (p *processes) keyFile() string { return filepath.Join(p.env.folder, "key") }

// lent is the socket at which a load balancer is lent.
func (b *process) lent() string { return b.region + ".lent" }

// channel returns the plane of a load balancer that is lent.
func (p *processes) channel(ctx context.Context, b *process) (testbed.Plane, error) {
	key, err := agentprocess.ReadKey(p.keyFile())
	if err != nil {
		return nil, err
	}
	plane, err := remote.Dial(ctx, "unix", b.lent(), key, patience*time.Second)
	if err != nil {
		return nil, err
	}
	return plane, nil
}

// reportChannels says what the channels have moved.
func (p *processes) reportChannels() (notes []string) {
	if !p.env.cfg.Central {
		return nil
	}
	var all remote.Counts
	for _, region := range p.regions {
		c := region.(*remote.Plane).Counts()
		all.Sent, all.Received = all.Sent+c.Sent, all.Received+c.Received
	}
	perStep := float64(p.env.spec.Agents) * max(1, float64(p.env.taken))
	return []string{fmt.Sprintf("the channels moved %d bytes of observations and %d of weights and requests: %.0f and %.0f a load balancer and step of %g s",
		all.Received, all.Sent, float64(all.Received)/perStep, float64(all.Sent)/perStep, p.env.spec.StepInterval)}
}
