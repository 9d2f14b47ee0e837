package balancerprocess

import (
	"syscall"

	"github.com/sirupsen/logrus"

	"fairlb/env/testbed/plane"
)

// filesBeside is how many files a process has open beside its connections, at most: its
// listeners, pipes of splicing that wait, the admin interface and so on.
const filesBeside = 500

// filesNeeded is how many files the settings' connections take, two each and without
// those of splicing.
func filesNeeded(c *plane.Config) uint64 { return 2*uint64(c.Limits.Connections) + filesBeside }

// warnOfFiles warns if the system would not let the process have as many connections as
// its settings do.
func warnOfFiles(c *plane.Config, log logrus.FieldLogger) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return // then nothing is known
	}
	if needed := filesNeeded(c); limit.Cur < needed {
		log.Warnf("limits.connections is %d, which takes some %d files, and the process may open %d (ulimit -n; LimitNOFILE= of systemd)", c.Limits.Connections, needed, limit.Cur)
	}
}
