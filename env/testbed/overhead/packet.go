package overhead

import (
	"context"
	"encoding/binary"
	"time"
)

// parseAnswer reads a packet of IP version 4 that is an answer to an echo request.
func parseAnswer(packet []byte) (identifier uint16, number int, ok bool) {
	if len(packet) < 20 || packet[0]>>4 != 4 {
		return 0, 0, false
	}
	header := int(packet[0]&15) * 4
	if header < 20 || len(packet) < header+8 || packet[header] != 0 || packet[header+1] != 0 {
		return 0, 0, false
	}
	said := packet[header:]
	return binary.BigEndian.Uint16(said[4:]), int(binary.BigEndian.Uint16(said[6:])), true
}

// checksum is that of the internet protocols, of an even number of bytes.
func checksum(packet []byte) uint16 {
	sum := uint32(0)
	for k := 0; k+1 < len(packet); k += 2 {
		sum += uint32(binary.BigEndian.Uint16(packet[k:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// sleep waits, or returns the reason for which ctx is done.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
