//go:build linux

package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"fairlb/env/testbed/bench/process"
)

// balancer is one of those that are compared.
type balancer struct {
	name    string
	command string
	version string // as the command says
	args    []string
	config  *template.Template // of its settings file
	suffix  string             // of that file's name
	works   []string           // which it does; none: all

	address netip.AddrPort
	process *process.Process
}

// endpoints are what settings files are made of.
type endpoints struct {
	Listen  netip.AddrPort
	Servers []netip.AddrPort
	Splice  bool
}

// limits, timeouts and rules below are alike as far as the balancers have them. All keep
// their defaults otherwise: no log of connections, no statistics that are asked for.

var haproxyConfig = template.Must(template.New("haproxy").Parse(`global
  nbthread 1
  maxconn 5000
defaults
  mode tcp
  timeout connect 5s
  timeout client 30s
  timeout server 30s
{{- if .Splice}}
  option splice-auto
{{- end}}
frontend clients
  bind {{.Listen}}
  default_backend servers
backend servers
  balance leastconn
{{- range $k, $s := .Servers}}
  server s{{$k}} {{$s}}
{{- end}}
`))

var envoyConfig = template.Must(template.New("envoy").Parse(`static_resources:
  listeners:
  - name: clients
    address: {socket_address: {address: {{.Listen.Addr}}, port_value: {{.Listen.Port}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.tcp_proxy
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
          stat_prefix: bench
          cluster: servers
          idle_timeout: 30s
  clusters:
  - name: servers
    type: STATIC
    lb_policy: LEAST_REQUEST
    connect_timeout: 5s
    circuit_breakers: {thresholds: [{max_connections: 5000, max_pending_requests: 5000, max_requests: 5000}]}
    load_assignment:
      cluster_name: servers
      endpoints:
      - lb_endpoints:
{{- range .Servers}}
        - endpoint: {address: {socket_address: {address: {{.Addr}}, port_value: {{.Port}}}}}
{{- end}}
`))

var fairlbConfig = template.Must(template.New("fairlb").Parse(`name: bench
listen:
- address: {{.Listen}}
servers:
{{- range $k, $s := .Servers}}
- {name: s{{$k}}, address: "{{$s}}"}
{{- end}}
rule: {name: lsq}
loops: 1
limits: {connections: 5000}
timeouts: {connect: 5, idle: 30}
`))

// start writes a balancer's settings and starts it, and waits until it accepts.
func (b *balancer) start(ctx context.Context, s settings, servers []netip.AddrPort) error {
	var err error
	if b.address, err = freeAddress(); err != nil {
		return err
	}
	var text strings.Builder
	if err := b.config.Execute(&text, endpoints{b.address, servers, b.name == "haproxy-splice"}); err != nil {
		return fmt.Errorf("bench: %s: %w", b.name, err)
	}
	file := filepath.Join(s.out, b.name+b.suffix)
	if err := os.WriteFile(file, []byte(text.String()), 0o644); err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	if b.process, err = process.Start(s.cores[0], filepath.Join(s.out, b.name+".log"), b.command, append(b.args, file)...); err != nil {
		return err
	}
	return b.ready(ctx)
}

// ready waits until a balancer accepts connections.
func (b *balancer) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", b.address.String())
		if err == nil {
			return connection.Close()
		}
		if err := b.process.Check(); err != nil {
			return fmt.Errorf("bench: %s: %w", b.name, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("bench: %s does not accept connections: %w", b.name, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// freeAddress returns a loopback address that nobody listens on.
func freeAddress() (netip.AddrPort, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("bench: %w", err)
	}
	return l.Addr().(*net.TCPAddr).AddrPort(), l.Close()
}
