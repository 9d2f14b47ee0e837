package loopback

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// nginx is nginx with its stream module, which balances connections. Debian has the module
// in a package of its own, libnginx-mod-stream.
func nginx() external {
	return external{
		name: "nginx", title: "nginx",
		balance:   []choice{{"leastconn", "least_conn;"}, {"random", "random two least_conn;"}, {"roundrobin", ""}},
		installed: func(program string) error { _, err := streamModule(program); return err },
		settings:  nginxSettings,
		args: func(file string) []string {
			return []string{"-p", filepath.Dir(file), "-e", "stderr", "-c", file}
		},
	}
}

var errNoStream = errors.New("nginx: built without its stream module")

// streamModule returns the file of the stream module; none if the program has it built in.
func streamModule(program string) (string, error) {
	said, err := exec.Command(program, "-V").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("nginx -V: %w: %s", err, said)
	}
	path := ""
	fields := strings.Fields(string(said))
	for _, f := range fields {
		if folder, is := strings.CutPrefix(f, "--modules-path="); is {
			path = filepath.Join(folder, "ngx_stream_module.so")
		}
	}
	for _, f := range fields {
		switch f {
		case "--with-stream":
			return "", nil
		case "--with-stream=dynamic":
			if _, err := os.Stat(path); err != nil {
				return "", fmt.Errorf("nginx: its stream module is not installed (libnginx-mod-stream): %w", err)
			}
			return path, nil
		}
	}
	return "", errNoStream
}

// nginxSettings is the settings file of nginx, one process. Checked, it has its defaults: a
// server to which it could not connect is out for 10 s, and the connection goes to another;
// else it tries once, and takes no server out. Connections may be idle for so many ms.
func nginxSettings(program, balance string, listen netip.AddrPort, servers []weighted, idle int, checked bool) string {
	next, fails := "off", " max_fails=0"
	if checked {
		next, fails = "on", ""
	}
	load := ""
	if module, err := streamModule(program); err == nil && module != "" {
		load = fmt.Sprintf("load_module %q;\n", module)
	}
	return load + fmt.Sprintf(`daemon off;
master_process off;
pid nginx-%d.pid;
error_log stderr error;
events { worker_connections 16384; }
stream {
  server {
    listen %s backlog=4096;
    proxy_pass servers;
    proxy_connect_timeout %[3]dms;
    proxy_timeout %[3]dms;
    proxy_next_upstream %[5]s;
  }
  upstream servers {
    %[4]s
`, listen.Port(), listen, idle, balance, next) + lines(servers, func(s weighted) string {
		return fmt.Sprintf("    server %s weight=%d%s;", s.address, s.weight, fails)
	}) + "  }\n}\n"
}
