package proxyprotocol

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"strconv"
)

// ErrHeader reports bytes that are no PROXY protocol header, and can never become one.
var ErrHeader = errors.New("proxyprotocol: not a PROXY protocol header")

const (
	// MaxHeader is the most bytes that a header may have. Version 2 allows 65551; what
	// is beyond an address are values (TLVs) that a balancer has no use for, of which a
	// client's certificate is the longest in practice.
	MaxHeader = 4096
	// MaxWritten is the most bytes that Append writes.
	MaxWritten = maxLine

	maxLine     = 107 // of version 1, its CRLF included
	fixedLength = 16  // of version 2: signature, version and command, family, length
	lineStart   = "PROXY "
	signature   = "\r\n\r\n\x00\r\nQUIT\n"
)

// Version 2's bytes.
const (
	commandLocal = 0x20
	commandProxy = 0x21
	unspecified  = 0x00
	tcp4         = 0x11
	udp4         = 0x12
	tcp6         = 0x21
	udp6         = 0x22
	unixStream   = 0x31
	unixDatagram = 0x32
)

// Parse reads the header, of either version, that data begin with. It returns its
// length, which is 0 where the error is nil and more bytes are needed, and the addresses
// that it names: of the client, and of that to which the client had connected. Both are
// the zero AddrPort in a header that speaks for nobody who has one: LOCAL (the proxy's
// own connection, such as a health check), UNKNOWN, or a Unix socket. The error is
// ErrHeader, as soon as it is sure that no header can come of data.
func Parse(data []byte) (length int, client, local netip.AddrPort, err error) {
	switch {
	case startsLike(data, signature):
		return parseBinary(data)
	case startsLike(data, lineStart):
		return parseLine(data)
	}
	return 0, client, local, ErrHeader
}

// startsLike says whether data begin with start, or are the beginning of it.
func startsLike(data []byte, start string) bool {
	n := min(len(data), len(start))
	return string(data[:n]) == start[:n]
}

// parseLine reads a header of version 1: a line of text.
func parseLine(data []byte) (length int, client, local netip.AddrPort, err error) {
	window := data[:min(len(data), maxLine)]
	end := bytes.IndexByte(window, '\n')
	switch {
	case end < 0 && len(window) == maxLine:
		return 0, client, local, ErrHeader
	case end < 0:
		return 0, client, local, nil
	case data[end-1] != '\r': // there are the bytes of lineStart before it
		return 0, client, local, ErrHeader
	}
	rest, line := data[len(lineStart):end-1], end+1
	if string(rest) == "UNKNOWN" || bytes.HasPrefix(rest, []byte("UNKNOWN ")) {
		return line, client, local, nil
	}
	protocol, rest, ok := bytes.Cut(rest, []byte(" "))
	six := string(protocol) == "TCP6"
	if !ok || !six && string(protocol) != "TCP4" {
		return 0, client, local, ErrHeader
	}
	var fields [4][]byte
	for k := range fields {
		field, after, more := bytes.Cut(rest, []byte(" "))
		if more != (k < len(fields)-1) {
			return 0, client, local, ErrHeader
		}
		fields[k], rest = field, after
	}
	client, first := parseEnd(fields[0], fields[2], six)
	local, second := parseEnd(fields[1], fields[3], six)
	if !first || !second {
		return 0, netip.AddrPort{}, netip.AddrPort{}, ErrHeader
	}
	return line, client, local, nil
}

// parseEnd reads the address and the port of one end in a line.
func parseEnd(address, port []byte, six bool) (netip.AddrPort, bool) {
	a, err := netip.ParseAddr(string(address))
	if err != nil || a.Zone() != "" || a.Is4() == six {
		return netip.AddrPort{}, false
	}
	n, err := strconv.ParseUint(string(port), 10, 16)
	if err != nil || len(port) > 1 && port[0] == '0' {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(a.Unmap(), uint16(n)), true
}

// parseBinary reads a header of version 2.
func parseBinary(data []byte) (length int, client, local netip.AddrPort, err error) {
	command, family := byte(commandLocal), byte(unspecified)
	if len(data) > len(signature) {
		command = data[len(signature)]
	}
	if len(data) > len(signature)+1 {
		family = data[len(signature)+1]
	}
	least, known := addressLength(family)
	if command != commandLocal && command != commandProxy || !known {
		return 0, client, local, ErrHeader
	}
	if len(data) < fixedLength {
		return 0, client, local, nil
	}
	rest := int(binary.BigEndian.Uint16(data[fixedLength-2:]))
	length = fixedLength + rest
	switch {
	case length > MaxHeader, command == commandProxy && rest < least:
		return 0, client, local, ErrHeader
	case len(data) < length:
		return 0, client, local, nil
	case command == commandLocal:
		return length, client, local, nil
	}
	block := data[fixedLength:length]
	switch family {
	case tcp4, udp4:
		client = netip.AddrPortFrom(netip.AddrFrom4([4]byte(block)), binary.BigEndian.Uint16(block[8:]))
		local = netip.AddrPortFrom(netip.AddrFrom4([4]byte(block[4:])), binary.BigEndian.Uint16(block[10:]))
	case tcp6, udp6:
		client = netip.AddrPortFrom(netip.AddrFrom16([16]byte(block)).Unmap(), binary.BigEndian.Uint16(block[32:]))
		local = netip.AddrPortFrom(netip.AddrFrom16([16]byte(block[16:])).Unmap(), binary.BigEndian.Uint16(block[34:]))
	}
	return length, client, local, nil
}

// addressLength returns how long the addresses of a family are, and whether there is
// such a family.
func addressLength(family byte) (int, bool) {
	switch family {
	case unspecified:
		return 0, true
	case tcp4, udp4:
		return 12, true
	case tcp6, udp6:
		return 36, true
	case unixStream, unixDatagram:
		return 216, true
	}
	return 0, false
}
