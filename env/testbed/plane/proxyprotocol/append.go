package proxyprotocol

import (
	"encoding/binary"
	"net/netip"
	"strconv"
)

// Append appends to dst the header of a version, 1 or 2, that tells a server who the
// client is and to which address the client had connected. Where one of them is not
// known (the zero AddrPort), it tells that nothing is: UNKNOWN in version 1, LOCAL in
// version 2. An IPv4 address beside an IPv6 one is written as an IPv6 one. It allocates
// nothing where dst has room for MaxWritten bytes more. Another version appends nothing.
func Append(dst []byte, version int, client, local netip.AddrPort) []byte {
	from, to := client.Addr().Unmap().WithZone(""), local.Addr().Unmap().WithZone("")
	known := client.IsValid() && local.IsValid()
	four := from.Is4() && to.Is4()
	switch version {
	case 1:
		return appendLine(dst, known, four, netip.AddrPortFrom(from, client.Port()), netip.AddrPortFrom(to, local.Port()))
	case 2:
		return appendBinary(dst, known, four, netip.AddrPortFrom(from, client.Port()), netip.AddrPortFrom(to, local.Port()))
	}
	return dst
}

func appendLine(dst []byte, known, four bool, client, local netip.AddrPort) []byte {
	if !known {
		return append(dst, "PROXY UNKNOWN\r\n"...)
	}
	from, to := client.Addr(), local.Addr()
	if four {
		dst = append(dst, "PROXY TCP4 "...)
	} else {
		dst = append(dst, "PROXY TCP6 "...)
		from, to = netip.AddrFrom16(from.As16()), netip.AddrFrom16(to.As16())
	}
	dst = append(from.AppendTo(dst), ' ')
	dst = append(to.AppendTo(dst), ' ')
	dst = append(strconv.AppendUint(dst, uint64(client.Port()), 10), ' ')
	dst = strconv.AppendUint(dst, uint64(local.Port()), 10)
	return append(dst, "\r\n"...)
}

func appendBinary(dst []byte, known, four bool, client, local netip.AddrPort) []byte {
	dst = append(dst, signature...)
	switch {
	case !known:
		return append(dst, commandLocal, unspecified, 0, 0)
	case four:
		from, to := client.Addr().As4(), local.Addr().As4()
		dst = append(dst, commandProxy, tcp4, 0, 12)
		dst = append(append(dst, from[:]...), to[:]...)
	default:
		from, to := client.Addr().As16(), local.Addr().As16()
		dst = append(dst, commandProxy, tcp6, 0, 36)
		dst = append(append(dst, from[:]...), to[:]...)
	}
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(dst, client.Port()), local.Port())
}
