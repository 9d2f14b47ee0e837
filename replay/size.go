package replay

// Bytes returns the size of an episode of that many steps.
func (s Shape) Bytes(steps float64) float64 {
	rows := float64(s.Agents) * float64(s.Servers)
	perStep := rows*(float64(s.Features)+float64(s.actions())+4) + // observations, log-weights, rewards, loads, flows and their delays
		float64(s.Agents)*(1+float64(s.StoredStateSize)) + 1 + float64(s.Servers) // and the team's
	return 4 * perStep * (steps + 1)
}

// BufferBytes returns the size of a buffer of so many episodes at most, once it
// holds as many as it may of all that come.
func (s Shape) BufferBytes(steps, capacity, episodes float64) float64 {
	return 8*2*min(capacity, episodes) + min(capacity, episodes)*s.Bytes(steps)
}
