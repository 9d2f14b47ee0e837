package overhead

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRefuse(t *testing.T) {
	t.Parallel()
	good := Config{Rate: 1e8, Queue: minQueue, Period: time.Second, Rounds: 1, Echoes: 1, Interval: time.Millisecond, Loads: []Load{{}}}
	require.NoError(t, good.Check())
	err := (&Config{Loads: []Load{{Agents: -1}}}).Check()
	require.ErrorIs(t, err, ErrConfig)
	for _, want := range []string{"a rate of 0 bit/s", "a queue of 0 bytes", "a period of 0s", "0 rounds", "0 echo requests", "an interval of 0s", "0 bytes to each of -1 agents"} {
		require.ErrorContains(t, err, want)
	}
	good.Loads = nil
	require.ErrorContains(t, good.Check(), "0 loads")
	_, err = Measure(t.Context(), good)
	require.ErrorIs(t, err, ErrConfig)
}

func TestBits(t *testing.T) {
	t.Parallel()
	require.Equal(t, 8*3*1000/0.25, Load{Agents: 3, Bytes: 1000}.Bits(250*time.Millisecond))
}

// TestPackets: the checksum of a packet that has its checksum is 0, and what is no answer to
// an echo request is none.
func TestPackets(t *testing.T) {
	t.Parallel()
	packet := []byte{8, 0, 0, 0, 0x12, 0x34, 0, 7, 0xff, 0xff, 0xff, 0xff}
	sum := checksum(packet)
	packet[2], packet[3] = byte(sum>>8), byte(sum)
	require.Zero(t, checksum(packet))
	answer := append([]byte{0x45, 19: 0}, packet...)
	_, _, ok := parseAnswer(answer)
	require.False(t, ok, "a request")
	answer[20] = 0
	identifier, number, ok := parseAnswer(answer)
	require.True(t, ok)
	require.Equal(t, uint16(0x1234), identifier)
	require.Equal(t, 7, number)
	for _, bad := range [][]byte{nil, answer[:27], append([]byte{0x65}, answer[1:]...), append([]byte{0x44}, answer[1:]...), append([]byte{0x4f}, answer[1:]...)} {
		_, _, ok := parseAnswer(bad)
		require.False(t, ok, "%x", bad)
	}
}
