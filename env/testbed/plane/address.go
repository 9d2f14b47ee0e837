package plane

import (
	"errors"
	"net/netip"
	"strings"
)

// ErrAddress reports a text that is no address. Names of machines are not looked up,
// because an answer may take long and may change.
var ErrAddress = errors.New("plane: not an IP address or localhost, a colon and a port, such as 127.0.0.1:8080 or [::1]:8080")

// ParseAddress reads an address of a settings file: an IP address without a zone, or
// localhost, which is 127.0.0.1, then a colon and a port from 0 to 65535.
func ParseAddress(text string) (netip.AddrPort, error) {
	if port, ok := strings.CutPrefix(text, "localhost:"); ok {
		text = "127.0.0.1:" + port
	}
	address, err := netip.ParseAddrPort(text)
	if err != nil || address.Addr().Zone() != "" {
		return netip.AddrPort{}, ErrAddress
	}
	return netip.AddrPortFrom(address.Addr().Unmap(), address.Port()), nil
}
