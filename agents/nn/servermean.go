package nn

import "fairlb/agents/nn/simd"

// serverMeans sets dst [B,F] to the means of x [B*N,F] over the N servers of each state.
func serverMeans(dst, x []float32, servers, cols int) {
	scale := 1 / float32(servers)
	for s := 0; s*cols < len(dst); s++ {
		d := dst[s*cols : (s+1)*cols]
		simd.SumRows(d, x[s*servers*cols:(s+1)*servers*cols])
		for i := range d {
			d[i] *= scale
		}
	}
}

// serverMeansGradient goes back through serverMeans: it sets each server's row of dst
// [B*N,F] to its part of the gradient dmean [B,F] by the means.
func serverMeansGradient(dst, dmean []float32, servers, cols int) {
	scale := 1 / float32(servers)
	for s := 0; s*cols < len(dmean); s++ {
		for r := s * servers; r < (s+1)*servers; r++ {
			d := dst[r*cols : (r+1)*cols]
			for i, v := range dmean[s*cols : (s+1)*cols] {
				d[i] = v * scale
			}
		}
	}
}
