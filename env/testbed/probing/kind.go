package probing

// Kind is a way of getting features.
type Kind int

// The ways.
const (
	SharedV2      Kind = iota // shared memory of layout v2, one frame at a time
	SharedV1                  // the same of layout v1
	SharedV2Flood             // layout v2, while the load balancer publishes as fast as it can
	UnixSocket                // a probe over a Unix socket that stays connected
	TCP                       // a probe over a TCP connection that stays
	GRPC                      // a call as gRPC frames it, over HTTP/2 without TLS, on a connection that stays
	HTTP                      // a GET of HTTP/1.1 on a connection that stays
	Lent                      // a reading of package remote: authenticated, and with the servers' counters
	TCPConnection             // a TCP connection for each probe
	kinds
)

// Kinds lists the ways, those by shared memory first.
func Kinds() []Kind {
	list := make([]Kind, kinds)
	for k := range list {
		list[k] = Kind(k)
	}
	return list
}

// kindTexts are the name of each way, as in files, and how people are told of it.
func kindTexts() [kinds][2]string {
	return [kinds][2]string{
		{"shm-v2", "shared memory, v2"},
		{"shm-v1", "shared memory, v1"},
		{"shm-v2-flood", "v2, writer at full rate"},
		{"unix", "Unix socket"},
		{"tcp", "TCP, kept"},
		{"grpc", "gRPC frames, HTTP/2"},
		{"http", "HTTP/1.1, kept"},
		{"lent", "fairlb lend"},
		{"tcp-connection", "TCP, a connection each"},
	}
}

// String is the name of a way, as in files.
func (k Kind) String() string { return kindTexts()[k][0] }

// Title says what the way is.
func (k Kind) Title() string { return kindTexts()[k][1] }

// Shared says whether the way is by shared memory.
func (k Kind) Shared() bool { return k <= SharedV2Flood }

// Flooded says whether the load balancer publishes as fast as it can meanwhile.
func (k Kind) Flooded() bool { return k == SharedV2Flood }
