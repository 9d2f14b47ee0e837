// Package remote lends a data plane over a network: what reads a load balancer's features
// and writes its weights need not be on its machine. Centralised training needs that, since
// it learns from what all load balancers see; Counts says how many bytes it moves
// (Figure 10 of the paper).
//
// Serve has a Plane and lends it to one client at a time; Plane is that client, and as
// good as the plane itself but for the time that packets take. They speak frames: a length,
// a kind, what it says, and a code (HMAC-SHA256) by which each side knows that the other
// has the key, and that nothing was changed, left out, sent twice or sent in another
// session. What is said can be read on the way: it is not encrypted.
package remote
