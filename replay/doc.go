// Package replay keeps what agents have lived through, for off-policy learners.
//
// The unit of storage is a whole episode of all agents (Table 9: buffers of
// 3000, batches of whole episodes); learners sample transitions, uniformly or
// by the priorities that each agent gives them (Priorities), or sequences from
// it. A buffer and priorities over it are saved and restored to the bit. replay
// imports nothing of fairlb and knows nothing of networks.
package replay
