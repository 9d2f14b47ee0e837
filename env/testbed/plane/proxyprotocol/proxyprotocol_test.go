package proxyprotocol

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/pires/go-proxyproto"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	_ "fairlb/env/propertytest"
)

func address(t *rapid.T, label string) netip.AddrPort {
	port := rapid.Uint16().Draw(t, label+" port")
	if rapid.Bool().Draw(t, label+" is IPv6") {
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, label))), port)
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, label))), port)
}

// unmapped is an address as Parse returns it.
func unmapped(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

// TestRoundTrip: what is written is read again, by this package and by another, whatever
// follows it; and any part of it is known to need more.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		client, local := address(t, "client"), address(t, "local")
		version := rapid.IntRange(1, 2).Draw(t, "version")
		header := Append(nil, version, client, local)
		require.LessOrEqual(t, len(header), MaxWritten)
		for n := range header {
			length, _, _, err := Parse(header[:n])
			require.NoError(t, err, "%q", header[:n])
			require.Zero(t, length)
		}
		length, c, l, err := Parse(append(bytes.Clone(header), "GET / HTTP/1.1\r\n"...))
		require.NoError(t, err)
		require.Equal(t, len(header), length)
		require.Equal(t, unmapped(client), c)
		require.Equal(t, unmapped(local), l)

		theirs, err := proxyproto.Read(bufio.NewReader(bytes.NewReader(header)))
		require.NoError(t, err, "%q", header)
		require.Equal(t, version, int(theirs.Version))
		require.Equal(t, unmapped(client), theirAddress(theirs.SourceAddr))
		require.Equal(t, unmapped(local), theirAddress(theirs.DestinationAddr))

		written, err := proxyproto.HeaderProxyFromAddrs(byte(version), net.TCPAddrFromAddrPort(client), net.TCPAddrFromAddrPort(local)).Format()
		require.NoError(t, err)
		require.Equal(t, string(written), string(header))
	})
}

func theirAddress(a net.Addr) netip.AddrPort {
	switch a := a.(type) {
	case *net.TCPAddr:
		return unmapped(a.AddrPort())
	case *net.UDPAddr:
		return unmapped(a.AddrPort())
	}
	return netip.AddrPort{}
}

// binaryHeader returns a header of version 2.
func binaryHeader(command, family byte, length int, block string) string {
	return signature + string([]byte{command, family, byte(length >> 8), byte(length)}) + block
}

// TestParse: headers of the specification, and what is none.
func TestParse(t *testing.T) {
	t.Parallel()
	const four = "\x01\x02\x03\x04\x05\x06\x07\x08\x00\x50\x01\xbb"
	six := strings.Repeat("\x20", 16) + strings.Repeat("\x30", 16) + "\x00\x50\x01\xbb"
	worst := "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"
	require.Len(t, worst, maxLine)
	for _, test := range []struct {
		name, text, client, local string
		length                    int // of the header, -1 for an error, 0 for more
	}{
		{"v1", "PROXY TCP4 1.2.3.4 5.6.7.8 80 443\r\nx", "1.2.3.4:80", "5.6.7.8:443", 35},
		{"v1 of IPv6", "PROXY TCP6 2001:db8::1 ::1 1 65535\r\n", "[2001:db8::1]:1", "[::1]:65535", 36},
		{"v1 unknown", "PROXY UNKNOWN\r\n", "", "", 15},
		{"v1 unknown, the longest", worst, "", "", 107},
		{"v1, a byte longer", strings.Replace(worst, "65535\r", "655350\r", 1), "", "", -1},
		{"v1 without an end", worst[:106], "", "", 0},
		{"v1 without an end in 107 bytes", worst[:105] + "xx", "", "", -1},
		{"v1, bare newline", "PROXY TCP4 1.2.3.4 5.6.7.8 80 443\n", "", "", -1},
		{"v1, empty", "PROXY \r\n", "", "", -1},
		{"v1, UDP", "PROXY UDP4 1.2.3.4 5.6.7.8 80 443\r\n", "", "", -1},
		{"v1, lower case", "proxy TCP4 1.2.3.4 5.6.7.8 80 443\r\n", "", "", -1},
		{"v1, two spaces", "PROXY TCP4  1.2.3.4 5.6.7.8 80 443\r\n", "", "", -1},
		{"v1, one more", "PROXY TCP4 1.2.3.4 5.6.7.8 80 443 9\r\n", "", "", -1},
		{"v1, one less", "PROXY TCP4 1.2.3.4 5.6.7.8 80\r\n", "", "", -1},
		{"v1, leading zero", "PROXY TCP4 1.2.3.4 5.6.7.8 080 443\r\n", "", "", -1},
		{"v1, port too high", "PROXY TCP4 1.2.3.4 5.6.7.8 65536 443\r\n", "", "", -1},
		{"v1, IPv6 as TCP4", "PROXY TCP4 ::1 5.6.7.8 80 443\r\n", "", "", -1},
		{"v1, IPv4 as TCP6", "PROXY TCP6 1.2.3.4 ::1 80 443\r\n", "", "", -1},
		{"v1, zone", "PROXY TCP6 fe80::1%eth0 ::1 80 443\r\n", "", "", -1},
		{"v1, unknown protocol", "PROXY UNKNOWNX\r\n", "", "", -1},
		{"nothing yet", "", "", "", 0},
		{"the beginning of v1", "PRO", "", "", 0},
		{"the beginning of v2", "\r\n\r\n\x00", "", "", 0},
		{"HTTP", "GET / HTTP/1.1\r\n", "", "", -1},
		{"HTTP with a P", "PUT", "", "", -1},
		{"v2", binaryHeader(commandProxy, tcp4, 12, four) + "GET", "1.2.3.4:80", "5.6.7.8:443", 28},
		{"v2 of IPv6", binaryHeader(commandProxy, tcp6, 36, six), "[2020:2020:2020:2020:2020:2020:2020:2020]:80", "[3030:3030:3030:3030:3030:3030:3030:3030]:443", 52},
		{"v2 with values", binaryHeader(commandProxy, tcp4, 20, four+"\x04\x00\x05aaaaa"), "1.2.3.4:80", "5.6.7.8:443", 36},
		{"v2, values to come", binaryHeader(commandProxy, tcp4, 20, four+"\x04\x00\x05aaa"), "", "", 0},
		{"v2 local", binaryHeader(commandLocal, unspecified, 0, ""), "", "", 16},
		{"v2 local with an address", binaryHeader(commandLocal, tcp4, 12, four), "", "", 28},
		{"v2 local, short", binaryHeader(commandLocal, tcp4, 3, "abc"), "", "", 19},
		{"v2 of nobody", binaryHeader(commandProxy, unspecified, 0, ""), "", "", 16},
		{"v2 of a Unix socket", binaryHeader(commandProxy, unixStream, 216, strings.Repeat("a", 216)), "", "", 232},
		{"v2, short", binaryHeader(commandProxy, tcp4, 11, four[:11]), "", "", -1},
		{"v2, too long", binaryHeader(commandProxy, tcp4, MaxHeader-15, ""), "", "", -1},
		{"v2, the longest", binaryHeader(commandProxy, tcp4, MaxHeader-16, ""), "", "", 0},
		{"v2, version 3", binaryHeader(0x31, tcp4, 12, four), "", "", -1},
		{"v2, command 2", binaryHeader(0x22, tcp4, 12, four), "", "", -1},
		{"v2, unknown family", binaryHeader(commandProxy, 0x13, 12, four), "", "", -1},
		{"v2, unknown family, local", binaryHeader(commandLocal, 0x41, 0, ""), "", "", -1},
	} {
		length, client, local, err := Parse([]byte(test.text))
		if test.length < 0 {
			require.ErrorIs(t, err, ErrHeader, test.name)
			require.Equal(t, []any{0, netip.AddrPort{}, netip.AddrPort{}}, []any{length, client, local}, test.name)
			continue
		}
		require.NoError(t, err, test.name)
		require.Equal(t, test.length, length, test.name)
		if test.client == "" {
			require.False(t, client.IsValid() || local.IsValid(), test.name)
			continue
		}
		require.Equal(t, test.client, client.String(), test.name)
		require.Equal(t, test.local, local.String(), test.name)
	}
}

// TestAppendUnknown: of what is not known, nothing is told.
func TestAppendUnknown(t *testing.T) {
	t.Parallel()
	known := netip.MustParseAddrPort("1.2.3.4:80")
	for _, ends := range [][2]netip.AddrPort{{}, {known}, {{}, known}} {
		require.Equal(t, "PROXY UNKNOWN\r\n", string(Append(nil, 1, ends[0], ends[1])))
		require.Equal(t, binaryHeader(commandLocal, unspecified, 0, ""), string(Append(nil, 2, ends[0], ends[1])))
	}
	require.Empty(t, Append(nil, 0, known, known))
	zone := netip.MustParseAddrPort("[fe80::1%eth0]:1")
	require.Equal(t, "PROXY TCP6 fe80::1 fe80::1 1 1\r\n", string(Append(nil, 1, zone, zone)))
}

// TestAllocations: writing allocates nothing, nor does reading version 2.
func TestAllocations(t *testing.T) {
	client, local := netip.MustParseAddrPort("[2001:db8::1]:80"), netip.MustParseAddrPort("10.0.0.1:443")
	dst := make([]byte, 0, MaxWritten)
	for version := 1; version <= 2; version++ {
		require.Zero(t, testing.AllocsPerRun(100, func() { dst = Append(dst[:0], version, client, local) }))
	}
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if length, _, _, err := Parse(dst); length != len(dst) || err != nil {
			t.Error("the header is not read")
		}
	}))
}

// FuzzParse: whatever comes, Parse says the same of a header with something behind it,
// asks for no more once it has a header, does not change its mind about an error, and
// agrees with another implementation where that takes the header.
func FuzzParse(f *testing.F) {
	f.Add([]byte("PROXY TCP4 1.2.3.4 5.6.7.8 80 443\r\n"))
	f.Add([]byte("PROXY UNKNOWN\r\n"))
	f.Add(Append(nil, 2, netip.MustParseAddrPort("[::1]:80"), netip.MustParseAddrPort("[::2]:80")))
	f.Add([]byte(binaryHeader(commandLocal, tcp4, 3, "abc")))
	f.Fuzz(func(t *testing.T, data []byte) {
		length, client, local, err := Parse(data)
		require.True(t, err == nil || length == 0)
		require.LessOrEqual(t, length, min(len(data), MaxHeader))
		longer := append(bytes.Clone(data), 'x')
		length2, client2, local2, err2 := Parse(longer)
		switch {
		case err != nil:
			require.Error(t, err2)
		case length > 0:
			require.NoError(t, err2)
			require.Equal(t, []any{length, client, local}, []any{length2, client2, local2})
		default:
			require.Less(t, len(data), MaxHeader, "no end of it")
			require.True(t, length2 == 0 || length2 == len(longer))
		}
		theirs, theirErr := proxyproto.Read(bufio.NewReaderSize(bytes.NewReader(data), 2*MaxHeader))
		if theirErr != nil {
			return
		}
		if theirs.Version == 2 && int(binary.BigEndian.Uint16(data[14:])) > MaxHeader-fixedLength {
			require.ErrorIs(t, err, ErrHeader)
			return
		}
		require.NoError(t, err, "%q", data)
		require.Positive(t, length)
		if !theirs.Command.IsLocal() {
			require.Equal(t, theirAddress(theirs.SourceAddr), client)
			require.Equal(t, theirAddress(theirs.DestinationAddr), local)
		}
	})
}
