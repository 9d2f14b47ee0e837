package replay

// JointEpisode returns an episode as a single agent sees it that steers all LBs. Its
// features of a server are those of the first LB, then those of the second and so
// on; it has an action for each LB on a server, and its loads are the means over the
// LBs. Its rewards are the team's, whole and by server (TeamReward,
// TeamServerReward), or the means over the LBs where the episode has no parts of the
// team's. ep is not changed.
func JointEpisode(ep *Episode) *Episode {
	lbs, servers, features := ep.Agents, ep.Servers, ep.Features
	shape := Shape{Agents: 1, Servers: servers, Features: lbs * features, Actions: lbs}
	out := NewEpisode(shape, ep.Steps)
	out.Steps, out.Terminated = ep.Steps, ep.Terminated
	for t := range ep.Steps + 1 {
		out.Obs = Interleave(out.Obs, ep.Obs[t*lbs*servers*features:], lbs, servers, features)
		out.Load = appendMeans(out.Load, ep.Load[t*lbs*servers:], lbs, servers)
	}
	for t := range ep.Steps {
		out.LogWeight = Interleave(out.LogWeight, ep.LogWeight[t*lbs*servers:], lbs, servers, 1)
		if len(ep.TeamServerReward) > 0 {
			out.ServerReward = append(out.ServerReward, ep.TeamServerReward[t*servers:(t+1)*servers]...)
			out.Reward = append(out.Reward, ep.Team(t))
			continue
		}
		out.ServerReward = appendMeans(out.ServerReward, ep.ServerReward[t*lbs*servers:], lbs, servers)
		out.Reward = appendMeans(out.Reward, ep.Reward[t*lbs:], lbs, 1)
	}
	return out
}

// Interleave appends src [LBs,servers,columns] to dst as [servers,LBs*columns].
func Interleave(dst, src []float32, lbs, servers, columns int) []float32 {
	for j := range servers {
		for i := range lbs {
			offset := (i*servers + j) * columns
			dst = append(dst, src[offset:offset+columns]...)
		}
	}
	return dst
}

// appendMeans appends the means over LBs of src [LBs,count] to dst.
func appendMeans(dst, src []float32, lbs, count int) []float32 {
	for j := range count {
		var sum float32
		for i := range lbs {
			sum += src[i*count+j]
		}
		dst = append(dst, sum/float32(lbs))
	}
	return dst
}
