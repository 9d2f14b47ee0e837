package plane

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"fairlb/env/dispatch"
	"fairlb/env/file"
	"fairlb/env/settings"
)

var _ settings.Ruled = (*Config)(nil)

// Bounds of a settings file, far above what one process would be given.
const (
	maxListeners     = 64
	maxServers       = 4096
	maxServersV1     = 63 // of the published plugin, whose server 0 is nobody
	maxLoops         = 256
	maxConnections   = 1 << 20
	maxBalancers     = 1000
	maxSeconds       = 1e6
	minCheckInterval = 0.01 // s
	maxPrefixes      = 1024
	maxSocketPath    = 107 // bytes of a Unix socket's path (sun_path)
)

// weightsRule is the Rule.Name of the rule whose weights an agent writes.
const weightsRule = "weights"

// unavailable says of a heuristic why no live balancer can decide by it; empty for one
// by which it can.
func unavailable(heuristic string) string {
	switch dispatch.WithoutConstants(heuristic) {
	case "oracle", "sed-true", "jsq", "sed-global":
		return "knows the state of all servers, which only a simulator does: it is for reference there"
	case "prequal":
		return "asks servers how busy they are, and a server of TCP connections has no answer to that"
	case "cswrr":
		return "lives on the servers' reports of their load, and a server of TCP connections makes none"
	case dispatch.ClassAwareName:
		return "lives on the classes of requests, and a balancer of TCP connections does not look into them"
	}
	return ""
}

// Heuristics lists the rules by which a live balancer can decide without an agent; carried and
// universal-carried only if servers tell of their requests (Config.Reports).
func Heuristics() []string {
	return slices.DeleteFunc(dispatch.Names(), func(name string) bool { return unavailable(name) != "" })
}

// heuristicRules states what the field of a heuristic's name must be; told says that
// servers tell how many requests they have. Behind a name may stand constants, of which
// dispatch knows the rules.
func heuristicRules(r *settings.Rules, field, name string, told bool, more ...string) {
	known := append(Heuristics(), more...)
	base := dispatch.WithoutConstants(name)
	switch why := unavailable(base); {
	case slices.Contains(more, name):
	case why != "":
		r.Report(field, name, base+" "+why)
	case dispatch.NeedsTold(base) && !told:
		r.Report(field, name, base+" lives on what servers tell of how many requests they have: set reports.listen, and have them send it there")
	case !slices.Contains(known, base):
		r.Report(field, name, fmt.Sprintf("must be one of %q", known)+settings.Suggestion(base, known))
	case name != base:
		if err := dispatch.Check(name); err != nil {
			r.Report(field, name, strings.TrimPrefix(err.Error(), "dispatch: "))
		}
	}
}

// Rules implements settings.Ruled.
func (c *Config) Rules(r *settings.Rules) {
	names := regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	r.Require(names.MatchString(c.Name), "name", c.Name, "must be 1 to 64 letters, digits, dots, dashes and underscores, and begin with a letter or digit")
	c.listenRules(r)
	c.serverRules(r)
	c.Rule.rules(r.Under("rule"), c.Reports.Listen != "")
	r.Require(c.Rule.Name != weightsRule || c.Shared.Layout != "none" || c.Admin.Socket != "", "rule.name", c.Rule.Name,
		"needs somebody who writes them: set shared.layout for an agent, or admin.socket")
	r.Check("loops", c.Loops, settings.Closed(0, maxLoops))
	c.Limits.rules(r.Under("limits"))
	c.Timeouts.rules(r.Under("timeouts"))
	r.Check("retry.attempts", c.Retry.Attempts, settings.Closed(1, 100))
	c.Health.rules(r.Under("health"))
	if dispatch.HasOverflow(c.Rule.Name) || dispatch.HasOverflow(c.Rule.Fallback) {
		r.Require(c.Retry.Attempts == 1, "retry.attempts", c.Retry.Attempts, "must be 1 with a rule that has an overflow: what one server refuses would fill the others")
		r.Require(c.Health.Passive == 0, "health.passive", c.Health.Passive, "must be 0 with a rule that has an overflow: a server that is full would be out")
	}
	c.reportRules(r)
	c.sharedRules(r)
	c.adminRules(r)
	r.Check("drain.announce", c.Drain.Announce, settings.Closed(0, maxSeconds))
	r.Check("drain.wait", c.Drain.Wait, settings.Closed(0, maxSeconds))
}

// reachRules states that an address at which the balancer listens can be read, and is
// of this machine alone unless the file says otherwise.
func (c *Config) reachRules(r *settings.Rules, field, text string) {
	address, err := ParseAddress(text)
	if err != nil {
		reportAddress(r, field, text)
		return
	}
	r.Require(c.Public || address.Addr().IsLoopback(), field, text, "other machines may reach it: use a loopback address, or set public: true")
}

// reportAddress reports a text that is no address, or that there is none.
func reportAddress(r *settings.Rules, field, text string) {
	if text == "" {
		r.Report(field, nil, "is missing: it "+addressRule)
		return
	}
	r.Report(field, text, addressRule)
}

// addressRule is ErrAddress as a sentence of a settings file.
const addressRule = "must be an IP address or localhost, a colon and a port, such as 127.0.0.1:8080 or [::1]:8080 (names are not looked up)"

// listenRules states the rules of the addresses that clients connect to.
func (c *Config) listenRules(r *settings.Rules) {
	r.Check("listen", c.Listen, settings.Elements(maxListeners).Saying(fmt.Sprintf("must be 1 to %d addresses", maxListeners)))
	seen := map[string]int{}
	settings.Each(r, "listen", c.Listen, func(r *settings.Rules, k int, l *Listen) {
		c.reachRules(r, "address", l.Address)
		requireNew(r, "address", l.Address, "listen", k, seen)
		r.Require(l.Namespace == "" || filepath.IsAbs(l.Namespace), "namespace", l.Namespace, "must be a path from the root, such as /run/netns/edge")
		r.Check("backlog", l.Backlog, settings.Closed(0, 1<<20))
	})
}

// requireNew reports an address that an element before has, too, unless it is one that
// stands for any free port.
func requireNew(r *settings.Rules, field, text, list string, k int, seen map[string]int) {
	address, err := ParseAddress(text)
	if err != nil || address.Port() == 0 {
		return
	}
	first, again := seen[address.String()]
	r.Require(!again, field, text, fmt.Sprintf("is that of %s[%d], too", list, first))
	if !again {
		seen[address.String()] = k
	}
}

// serverRules states the rules of the pool.
func (c *Config) serverRules(r *settings.Rules) {
	r.Check("servers", c.Servers, settings.Elements(maxServers).Saying(fmt.Sprintf("must be 1 to %d servers", maxServers)))
	names, addresses := map[string]int{}, map[string]int{}
	settings.Each(r, "servers", c.Servers, func(r *settings.Rules, k int, s *Server) {
		r.Require(len(s.Name) <= 128 && strings.IndexFunc(s.Name, func(c rune) bool { return c <= ' ' || c == 0x7f || c == '/' }) < 0,
			"name", s.Name, "must be at most 128 bytes without spaces, slashes and control characters")
		first, again := names[s.name()]
		r.Require(!again || s.name() == "", "name", s.name(), fmt.Sprintf("is that of servers[%d], too", first))
		if !again {
			names[s.name()] = k
		}
		address, err := ParseAddress(s.Address)
		switch {
		case err != nil:
			reportAddress(r, "address", s.Address)
		case address.Port() == 0 || address.Addr().IsUnspecified() || address.Addr().IsMulticast():
			r.Report("address", s.Address, "must be an address that can be connected to")
		}
		requireNew(r, "address", s.Address, "servers", k, addresses)
		r.Require(!c.listensAt(s.Address), "address", s.Address, "is one that the balancer itself listens at")
		r.Check("capacity", s.Capacity, settings.Closed(0, 1e12).Saying("must be positive and at most 1e12, or 0 for 1"))
		r.Check("max_connections", s.MaxConnections, settings.Closed(0, maxConnections))
		r.Check("proxy_protocol", s.ProxyProtocol, settings.OneOf("none", "v1", "v2").Accepting(func(text string) bool { return text == "" }))
	})
}

// listensAt says whether the balancer listens at an address.
func (c *Config) listensAt(text string) bool {
	address, err := ParseAddress(text)
	return err == nil && slices.ContainsFunc(c.Listen, func(l Listen) bool {
		own, err := ParseAddress(l.Address)
		return err == nil && own == address
	})
}

// rules states the rules of how a server is chosen; told says that servers tell how many
// requests they have.
func (u *Rule) rules(r *settings.Rules, told bool) {
	heuristicRules(r, "name", u.Name, told, weightsRule)
	if u.Policy != "" {
		switch policy, err := readPolicy(u.Policy); {
		case err != nil:
			r.Report("policy", u.Policy, err.Error())
		case dispatch.WithoutConstants(u.Name) != policy.Rule() && dispatch.WithoutConstants(u.Fallback) != policy.Rule():
			r.Report("policy", u.Policy, "goes with the rule "+policy.Rule())
		}
	}
	r.Check("ties", u.Ties, settings.OneOf("fair", "plugin", "ordered"))
	r.Check("of", u.Of, settings.Closed(1, maxBalancers))
	r.Check("index", u.Index, settings.Closed(0, maxBalancers-1))
	r.Require(u.Index < u.Of || u.Of < 1, "index", u.Index, "must be less than rule.of, the number of balancers")
	heuristicRules(r, "fallback", u.Fallback, told)
	r.Check("patience", u.Patience, settings.OpenClosed(0, maxSeconds))
}

// rules states the rules of what is taken at once.
func (l *Limits) rules(r *settings.Rules) {
	r.Check("connections", l.Connections, settings.Closed(1, maxConnections))
	r.Check("queue", l.Queue, settings.Closed(0, maxConnections))
	r.Check("queue_wait", l.QueueWait, settings.OpenClosed(0, maxSeconds))
	r.Check("buffer", l.Buffer, settings.Closed(4096, 1<<24))
	r.Check("splice", l.Splice, settings.Closed(0, 1<<40))
}

// rules states the rules of how long is waited.
func (t *Timeouts) rules(r *settings.Rules) {
	r.Check("connect", t.Connect, settings.OpenClosed(0, maxSeconds))
	r.Check("idle", t.Idle, settings.OpenClosed(0, maxSeconds))
	r.Check("half_close", t.HalfClose, settings.OpenClosed(0, maxSeconds))
	r.Check("handshake", t.Handshake, settings.OpenClosed(0, maxSeconds))
}

// rules states the rules of health checks.
func (h *Health) rules(r *settings.Rules) {
	r.Check("check", h.Check, settings.OneOf("none", "tcp", "http"))
	r.Require(h.Check != "http" || strings.HasPrefix(h.Path, "/") && len(h.Path) <= 1024 && strings.IndexFunc(h.Path, func(c rune) bool { return c <= ' ' || c >= 0x7f }) < 0,
		"path", h.Path, "must begin with a slash and hold neither spaces nor control characters, nor letters beyond ASCII")
	r.Check("interval", h.Interval, settings.Closed(minCheckInterval, maxSeconds))
	r.Check("timeout", h.Timeout, settings.OpenClosed(0, maxSeconds))
	r.Require(h.Timeout <= h.Interval || h.Interval < minCheckInterval, "timeout", h.Timeout, "must be at most health.interval")
	r.Check("rise", h.Rise, settings.Closed(1, 1000))
	r.Check("fall", h.Fall, settings.Closed(1, 1000))
	r.Check("passive", h.Passive, settings.Closed(0, 1e6))
	r.Check("penalty", h.Penalty, settings.OpenClosed(0, maxSeconds))
}

// reportRules states the rules of how servers tell of their requests.
func (c *Config) reportRules(r *settings.Rules) {
	reports := &c.Reports
	if reports.Listen != "" {
		c.reachRules(r, "reports.listen", reports.Listen)
	}
	if len(reports.From) > maxPrefixes {
		r.Report("reports.from", nil, fmt.Sprintf("must be at most %d addresses and prefixes", maxPrefixes))
	}
	if len(reports.From) > 0 && reports.Listen == "" {
		r.Report("reports.from", nil, "goes with reports.listen, which is not set")
	}
	for k, text := range reports.From {
		_, err := parsePrefix(text)
		r.Require(err == nil, fmt.Sprintf("reports.from[%d]", k), text, "must be an IP address or a prefix, such as 10.0.0.0/8 or fd00::/8")
	}
}

// parsePrefix reads a prefix, or an address as the prefix of itself.
func parsePrefix(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil && address.Zone() == "" {
		address = address.Unmap()
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err == nil && prefix.Addr().Is4In6() {
		err = ErrAddress
	}
	return prefix.Masked(), err
}

// sharedRules states the rules of shared memory.
func (c *Config) sharedRules(r *settings.Rules) {
	s := &c.Shared
	r.Check("shared.layout", s.Layout, settings.OneOf("none", "v2", "v1"))
	r.Require(s.Layout != "v1" || len(c.Servers) <= maxServersV1, "shared.layout", s.Layout, fmt.Sprintf("has room for %d servers, and there are %d", maxServersV1, len(c.Servers)))
	requirePath(r, "shared.path", s.Path, 4095)
	r.Check("shared.interval", s.Interval, settings.Closed(0.001, maxSeconds))
}

// adminRules states the rules of what is told to those outside.
func (c *Config) adminRules(r *settings.Rules) {
	requirePath(r, "admin.socket", c.Admin.Socket, maxSocketPath)
	if c.Admin.Metrics != "" {
		c.reachRules(r, "admin.metrics", c.Admin.Metrics)
		address, err := ParseAddress(c.Admin.Metrics)
		r.Require(err != nil || address.Port() == 0 || !c.listensAt(c.Admin.Metrics), "admin.metrics", c.Admin.Metrics, "is an address that clients connect to")
	}
	requirePath(r, "log.connections", c.Log.Connections, 4095)
}

// requirePath states that a path is none or can be one.
func requirePath(r *settings.Rules, field, path string, longest int) {
	r.Require(len(path) <= longest && !strings.HasSuffix(path, "/") && !strings.ContainsRune(path, 0), field, path,
		fmt.Sprintf("must be the path of a file, of at most %d bytes", longest))
}

// maxPolicyBytes is more than any file of coefficients has.
const maxPolicyBytes = 1 << 20

// readPolicy reads a file of coefficients of universal or universal-carried.
func readPolicy(path string) (*dispatch.Policy, error) {
	text, err := file.Read(path, maxPolicyBytes)
	if err != nil {
		return nil, err
	}
	return dispatch.ParsePolicy(path, string(text))
}
