package balancerprocess

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"fairlb/env/settings"
	"fairlb/env/testbed/plane"
)

// reload reads the settings again, and takes them over in full or, after any fault, not
// at all. The log of connections is opened anew either way, as whoever rotates it
// expects.
func (p *process) reload() {
	if p.started {
		p.service.reloading()
		defer p.service.ready()
	}
	p.reopenLog()
	err := p.takeOver()
	if err == nil {
		p.reloads.done.Inc()
		p.log.WithField("servers", len(p.settings.Servers)).WithField("listen", p.listening()).Info("the settings were read again and hold from now on")
		return
	}
	p.reloads.failed.Inc()
	faults := []error{err}
	var listed settings.Errors
	if errors.As(err, &listed) {
		faults = faults[:0]
		for _, fault := range listed {
			faults = append(faults, fault)
		}
	}
	for _, fault := range faults {
		p.log.WithError(fault).Error("the settings are at fault")
	}
	p.log.WithField("file", p.cfg.File).Error("the settings were read again, and nothing has changed")
}

// takeOver takes over the settings of the file.
func (p *process) takeOver() error {
	next, err := plane.ReadFile(p.cfg.File)
	if err != nil {
		return err
	}
	if err := p.fixed(next); err != nil {
		return err
	}
	var out io.WriteCloser
	another := next.Log.Connections != p.settings.Log.Connections
	if another {
		if out, err = openLog(next.Log.Connections, p.cfg.Stdout); err != nil {
			return err
		}
	}
	if err := p.balancer.Reload(*next); err != nil {
		if out != nil {
			out.Close() // nothing was written
		}
		return err
	}
	if another {
		p.records.lines.Take(out)
	}
	p.settings = next
	return p.setChecks(next)
}

// fixed says which settings of the process would change that stay as long as it lives.
func (p *process) fixed(next *plane.Config) error {
	var fields []string
	for _, f := range []struct {
		field  string
		differ bool
	}{{"admin.socket", next.Admin.Socket != p.settings.Admin.Socket}, {"admin.metrics", next.Admin.Metrics != p.settings.Admin.Metrics}} {
		if f.differ {
			fields = append(fields, f.field)
		}
	}
	if len(fields) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s", plane.ErrFixed, strings.Join(fields, ", "))
}

// reopenLog opens the log of connections anew.
func (p *process) reopenLog() {
	path := p.settings.Log.Connections
	if path == "" || path == "-" {
		return
	}
	out, err := openLog(path, p.cfg.Stdout)
	if err != nil {
		p.log.WithError(err).Error("the log of connections cannot be opened anew, and goes on where it was")
		return
	}
	p.records.lines.Take(out)
}
