package plane

import (
	"slices"

	"fairlb/env/settings"
)

// Default returns the settings that a file is laid over. Only Listen and Servers have
// no default.
func Default() Config {
	return Config{
		Name:     "lb",
		Rule:     Rule{Name: "self-tuning", Ties: "fair", Of: 1, Fallback: "self-tuning", Patience: 5},
		Limits:   Limits{Connections: 20000, Queue: 1024, QueueWait: 5, Buffer: 1 << 16, Splice: 1 << 16},
		Timeouts: Timeouts{Connect: 2, Idle: 300, HalfClose: 30, Handshake: 5},
		Retry:    Retry{Attempts: 3},
		Health:   Health{Check: "tcp", Path: "/", Interval: 2, Timeout: 1, Rise: 2, Fall: 3, Passive: 5, Penalty: 5},
		Shared:   Shared{Layout: "none", Interval: 0.1},
		Drain:    Drain{Announce: 5, Wait: 30},
	}
}

// defaultBacklog is what a Listen without one asks of the kernel.
const defaultBacklog = 4096

// Load reads the text of a settings file, fills what it leaves out, and reports every
// fault; name is the file's name for messages.
func Load(name string, text []byte) (*Config, error) {
	c := Default()
	if err := settings.Load(name, text, nil, &c); err != nil {
		return nil, err
	}
	complete := c.Complete()
	return &complete, nil
}

// ReadFile reads and loads a settings file.
func ReadFile(path string) (*Config, error) {
	text, err := settings.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Load(path, text)
}

// Complete returns the settings with what elements of lists leave out filled in: a
// listener's backlog, a server's name, capacity and protocol. It shares no memory
// with c.
func (c *Config) Complete() Config {
	out := *c
	out.Listen, out.Servers = slices.Clone(c.Listen), slices.Clone(c.Servers)
	for k := range out.Listen {
		if l := &out.Listen[k]; l.Backlog == 0 {
			l.Backlog = defaultBacklog
		}
	}
	for k := range out.Servers {
		s := &out.Servers[k]
		s.Name = s.name()
		if s.Capacity == 0 {
			s.Capacity = 1
		}
		if s.ProxyProtocol == "" {
			s.ProxyProtocol = "none"
		}
	}
	return out
}

// name is what a server is called.
func (s *Server) name() string {
	if s.Name == "" {
		return s.Address
	}
	return s.Name
}
