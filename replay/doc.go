// Package replay keeps the experience of agents for off-policy learners.
//
// The unit of storage is a whole episode of all agents (Yao & Ding, Table 9:
// buffers of 3000 episodes, batches of whole ones). The loop of training records
// episodes (Episode), learners keep them in a Buffer of bounded capacity and draw
// from it:
//
//   - a Batch of single transitions of one agent, uniformly (Buffer.Sample) or by
//     priorities of each agent's own (Priorities), as returns of one step or of
//     several (Batch.SumRewards);
//   - Sequences of one agent's consecutive steps with burn-in, for recurrent
//     networks;
//   - Windows of all agents' consecutive steps, for learners that train all agents
//     together.
//
// JointEpisode turns the episode of several agents into that of one which steers
// all. Buffers and priorities are saved and restored to the bit (save.go). What is
// stored is raw: learners normalise what they draw.
//
// A new field of an Episode is recorded where episodes are made (train), walked
// over in save.go, and copied where a kind of batch needs it. replay imports
// nothing of fairlb and knows nothing of networks.
package replay
