package queue

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/sirupsen/logrus"
	"golang.org/x/sys/unix"
)

// ServerConfig is an embedded NATS server with JetStream, every write of which
// is synced to disk.
type ServerConfig struct {
	// Dir is the folder that takes its files; it is made if need be. One
	// server at a time may have it open.
	Dir string
	// Host is the address that it listens at; empty: 127.0.0.1.
	Host string
	// Port is the TCP port; 0: any that is free.
	Port int
	// Token is what clients must give, and the cluster's other servers: at least
	// 16 printable ASCII characters, no spaces.
	Token string
	// Log takes the server's warnings and errors; nil: they are dropped.
	Log logrus.FieldLogger

	// Name is the server's own among those of the cluster, Cluster the name
	// that all of them share; both empty: a server on its own. Routes are
	// the URLs (nats://HOST:PORT) of the servers' cluster ports, ClusterPort
	// this one's, at Host.
	Name, Cluster string
	ClusterPort   int
	Routes        []string
}

// Server is an embedded server.
type Server struct {
	nats *server.Server
	lock *os.File
}

// routeUser is the name by which servers of a cluster know each other.
const routeUser = "fairlb"

// startWait is how long a server may take until it accepts connections.
const startWait = 20 * time.Second

// Serve starts a server. Errors that the caller must mend wrap ErrConfig or
// ErrInUse.
func Serve(cfg ServerConfig) (*Server, error) {
	if cfg.Dir == "" {
		return nil, fmt.Errorf("%w: the server needs a folder", ErrConfig)
	}
	if cfg.Port < 0 || cfg.Port > 65535 {
		return nil, fmt.Errorf("%w: port %d: must be in [0, 65535]", ErrConfig, cfg.Port)
	}
	if err := CheckToken(cfg.Token, minToken); err != nil {
		return nil, err
	}
	lock, err := lockDir(cfg.Dir)
	if err != nil {
		return nil, err
	}
	if err := checkFiles(cfg.Dir); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	log := &serverLog{log: cfg.Log}
	ns, err := start(cfg, log)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return &Server{ns, lock}, nil
}

func start(cfg ServerConfig, log *serverLog) (*server.Server, error) {
	options := &server.Options{
		ServerName: cfg.Name,
		Host:       cmp.Or(cfg.Host, "127.0.0.1"), Port: cfg.Port,
		JetStream: true, StoreDir: cfg.Dir, SyncAlways: true,
		Authorization: cfg.Token,
		NoSigs:        true,
	}
	if cfg.Port == 0 {
		options.Port = server.RANDOM_PORT
	}
	if cfg.Cluster != "" {
		options.Cluster = server.ClusterOpts{
			Name: cfg.Cluster, Host: options.Host, Port: cfg.ClusterPort, Username: routeUser, Password: cfg.Token,
		}
		for _, text := range cfg.Routes {
			route, err := url.Parse(text)
			if err != nil {
				return nil, fmt.Errorf("%w: route %q: %w", ErrConfig, text, err)
			}
			route.User = url.UserPassword(routeUser, cfg.Token)
			options.Routes = append(options.Routes, route)
		}
	}
	ns, err := server.NewServer(options)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	ns.SetLoggerV2(log, false, false, false)
	ns.Start()
	if !ns.ReadyForConnections(startWait) {
		ns.Shutdown()
		ns.WaitForShutdown()
		return nil, fmt.Errorf("queue: the server did not start: %s", cmp.Or(log.first(), "no reason given"))
	}
	return ns, nil
}

// URL is where clients find the server. They need its token, too.
func (s *Server) URL() string { return s.nats.ClientURL() }

// Close ends the server; what it was given stays on disk.
func (s *Server) Close() error {
	s.nats.Shutdown()
	s.nats.WaitForShutdown()
	return s.lock.Close()
}

// lockDir makes a folder its process's own until the file is closed.
func lockDir(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w: %s", ErrInUse, dir)
		}
		return nil, fmt.Errorf("queue: %s: %w", f.Name(), err)
	}
	return f, nil
}

// checkFiles reports what is no regular file in the server's folder, such as a fifo,
// whose opening the server would wait for without end.
func checkFiles(dir string) error {
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != dir && !entry.IsDir() && !entry.Type().IsRegular():
			return fmt.Errorf("%w: %s: is neither a regular file nor a folder; remove it", ErrConfig, path)
		}
		return nil
	})
	if err != nil && !errors.Is(err, ErrConfig) {
		return fmt.Errorf("queue: %w", err)
	}
	return err
}

// serverLog hands the server's troubles on, and remembers the first.
type serverLog struct {
	log logrus.FieldLogger

	mu      sync.Mutex
	trouble string
}

var _ server.Logger = (*serverLog)(nil)

func (l *serverLog) first() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.trouble
}

func (l *serverLog) remember(format string, v []any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.trouble == "" {
		l.trouble = fmt.Sprintf(format, v...)
	}
}

// Noticef implements server.Logger.
func (l *serverLog) Noticef(string, ...any) {}

// Debugf implements server.Logger.
func (l *serverLog) Debugf(string, ...any) {}

// Tracef implements server.Logger.
func (l *serverLog) Tracef(string, ...any) {}

// Warnf implements server.Logger.
func (l *serverLog) Warnf(format string, v ...any) {
	if l.log != nil {
		l.log.Debugf("nats: "+format, v...)
	}
}

// Errorf implements server.Logger.
func (l *serverLog) Errorf(format string, v ...any) {
	l.remember(format, v)
	if l.log != nil {
		l.log.Warnf("nats: "+format, v...)
	}
}

// Fatalf implements server.Logger. The server is not ready afterwards.
func (l *serverLog) Fatalf(format string, v ...any) {
	l.remember(format, v)
}
