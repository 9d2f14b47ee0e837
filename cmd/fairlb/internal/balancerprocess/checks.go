package balancerprocess

import (
	"errors"
	"time"

	"fairlb/env/testbed/plane"
	"fairlb/env/testbed/plane/health"
)

// checksOf returns how the settings have servers checked.
func checksOf(c *plane.Config) (health.Config, []health.Server, error) {
	kind := map[string]health.Kind{"none": health.None, "tcp": health.TCP, "http": health.HTTP}[c.Health.Check]
	cfg := health.Config{
		Kind: kind, Path: c.Health.Path, Interval: seconds(c.Health.Interval), Timeout: seconds(c.Health.Timeout), Rise: c.Health.Rise, Fall: c.Health.Fall,
	}
	var servers []health.Server
	for _, s := range c.Servers {
		address, err := plane.ParseAddress(s.Address)
		if err != nil {
			return cfg, nil, err // the settings would not be valid
		}
		version := map[string]int{"v1": 1, "v2": 2}[s.ProxyProtocol]
		servers = append(servers, health.Server{Name: s.Name, Address: address, ProxyProtocol: version})
	}
	return cfg, servers, nil
}

// seconds is a number of seconds as a time.Duration.
func seconds(x float64) time.Duration { return time.Duration(x * float64(time.Second)) }

// firstChecks is how long the first checks of all servers may take, before the balancer
// is ready without them: they are spread over a second, and each has its timeout.
func firstChecks(c *plane.Config) time.Duration {
	return min(seconds(c.Health.Timeout)+2*time.Second, 30*time.Second)
}

// checked takes what a health check has found to the balancer.
func (p *process) checked(server string, up bool) {
	err := p.balancer.SetUp(server, up)
	if err != nil && !errors.Is(err, plane.ErrUnknownServer) && !errors.Is(err, plane.ErrEnded) { // it has just left, or all has
		p.log.WithError(err).WithField("server", server).Error("a health check's result has no effect")
	}
}

// setChecks has the servers of the settings checked, and tells the balancer again what is
// known of those that stay.
func (p *process) setChecks(c *plane.Config) error {
	cfg, servers, err := checksOf(c)
	if err != nil {
		return err
	}
	p.checker.Set(cfg, servers)
	for _, s := range p.checker.Status() {
		if s.Checks > 0 {
			p.checked(s.Name, s.Up)
		}
	}
	return nil
}
