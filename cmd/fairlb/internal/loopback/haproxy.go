package loopback

import (
	"fmt"
	"net/netip"
)

// haproxy is HAProxy, of any version that is installed.
func haproxy() external {
	return external{
		name: "haproxy", title: "HAProxy",
		balance:  []choice{{"leastconn", "leastconn"}, {"random", "random(2)"}, {"roundrobin", "roundrobin"}},
		settings: haproxySettings,
		args:     func(file string) []string { return []string{"-db", "-f", file} },
	}
}

// haproxySettings is the settings file of HAProxy. Connections may be idle for so many ms.
// Checked, it watches connections, too, and marks a server down after ten in a row that
// fail, its own default; else it tries once, and takes no server out.
func haproxySettings(_, balance string, listen netip.AddrPort, servers []weighted, idle int, checked bool) string {
	tries := "retries 0"
	if checked {
		tries = "default-server check inter 2s rise 2 fall 3 observe layer4 error-limit 10 on-error mark-down"
	}
	return fmt.Sprintf(`global
  nbthread 1
  maxconn 8000
defaults
  mode tcp
  %s
  timeout connect %[2]dms
  timeout client %[2]dms
  timeout server %[2]dms
frontend clients
  bind %s backlog 4096
  default_backend servers
backend servers
  balance %s
`, tries, idle, listen, balance) + lines(servers, func(s weighted) string {
		return fmt.Sprintf("  server %s %s weight %d", s.name, s.address, s.weight)
	})
}
