package onnx

import (
	"fmt"
	"math"

	"fairlb/agents/normalise"
)

// Normalised is the observation x [B,N,F] as the policy's network sees it
// (normalise.Features, whose parameters begin with prefix).
func (g *Graph) Normalised(prefix, x string) string {
	mean, sd := g.Parameter(prefix+"features.mean").Data, g.Parameter(prefix+"features.sd").Data
	x = g.Sub(x, g.Constant("mean", []int{len(mean)}, mean))
	x = g.Div(x, g.Constant("sd", []int{len(sd)}, sd))
	return g.Clip(x, -normalise.FeatureClip, normalise.FeatureClip)
}

// LogNormalised is Normalised of the logarithm log(1 + x) of an observation
// (normalise.NewLogFeatures).
func (g *Graph) LogNormalised(prefix, x string) string { return g.Normalised(prefix, g.log1p(x)) }

// ServerNet adds an nn.ServerNet, whose parameters' names begin with name, on
// x [B,N,F] -> [B,N,K].
func (g *Graph) ServerNet(name, x string) string {
	embedding := g.Parameter(name + ".embedding")
	embedded := embedding.Shape[1] // rows of the first layer's weights that meet the embedding
	for layer := 1; ; layer++ {
		hidden := fmt.Sprintf("%s.hidden%d", name, layer)
		own := g.Parameter(hidden + ".weights")
		if own.Data == nil {
			break
		}
		context, bias := g.Parameter(hidden+".context"), g.Parameter(hidden+".bias")
		in, out := own.Shape[0], own.Shape[1]
		shape := []int{out}
		if embedded > 0 {
			in -= embedded
			shape = []int{g.Servers, out}
			bias.Data = embeddedBias(embedding.Data, own.Data[in*out:], context.Data[in*out:], bias.Data, embedded)
			embedded = 0
		}
		mean := g.MatMul(g.ServerMean(x), g.Constant("context", []int{in, out}, context.Data[:in*out]))
		x = g.MatMul(x, g.Constant("weights", []int{in, out}, own.Data[:in*out]))
		x = g.Op("Relu", []string{g.Add(x, g.Add(mean, g.Constant("bias", shape, bias.Data)))})
	}
	out, bias := g.Parameter(name+".out.weights"), g.Parameter(name+".out.bias")
	x = g.MatMul(x, g.Constant("weights", out.Shape, out.Data))
	return g.Add(x, g.Constant("bias", bias.Shape, bias.Data))
}

// embeddedBias returns the part of a first layer's sums that does not depend on
// the observation: E W + mean_j(E) C + b [N,H], of the servers' embeddings E
// [N,D], the weights W and C [D,H] that meet them, and the bias b [H].
func embeddedBias(e, own, context, bias []float32, d int) []float32 {
	servers, hidden := len(e)/d, len(bias)
	mean := make([]float64, d)
	for i, v := range e {
		mean[i%d] += float64(v) / float64(servers)
	}
	out := make([]float32, servers*hidden)
	for j := range servers {
		for h := range hidden {
			sum := float64(bias[h])
			for i := range d {
				sum += float64(e[j*d+i])*float64(own[i*hidden+h]) + mean[i]*float64(context[i*hidden+h])
			}
			out[j*hidden+h] = float32(sum)
		}
	}
	return out
}

// OutputMode makes the output of an LB: the weights of the mode of a squashed
// Gaussian, box * tanh of the mean, which is a column of x [B,N,K].
func (g *Graph) OutputMode(x string, column int, box float64, lb int) {
	g.OutputWeights(g.Mul(g.Op("Tanh", []string{g.Column(x, column)}), g.Scalar("box", float32(box))), lb)
}

// OutputBoxed makes the output of an LB: the weights of the log-weights u [B,N],
// which are first bounded to [-box, box].
func (g *Graph) OutputBoxed(u string, box float64, lb int) {
	g.OutputWeights(g.Clip(u, -float32(box), float32(box)), lb)
}

// OutputWeights makes the output of an LB: the weights of the log-weights u [B,N],
// within the environment's bounds.
func (g *Graph) OutputWeights(u string, lb int) {
	low, high := g.Scalar("low", within(g.low)), g.Scalar("high", within(g.high))
	g.node("Clip", []string{g.Op("Exp", []string{u}), low, high}, OutputName(lb))
}

// OutputBest makes the output of an LB: for each server the weight of the log-weight
// in levels whose value in x [B,N,K] is the largest, the first of several.
func (g *Graph) OutputBest(x string, levels []float64, lb int) {
	table := make([]float32, len(levels))
	for k, u := range levels {
		table[k] = min(max(float32(math.Exp(u)), within(g.low)), within(g.high))
	}
	g.node("Gather", g.largest(x, table), OutputName(lb), Integer("axis", 0))
}

// Best is, for each server, the log-weight in levels whose value in x [B,N,K] is the
// largest, the first of several -> [B,N].
func (g *Graph) Best(x string, levels []float64) string {
	table := make([]float32, len(levels))
	for k, u := range levels {
		table[k] = float32(u)
	}
	return g.Op("Gather", g.largest(x, table), Integer("axis", 0))
}

// largest returns what takes, for each server, that of the K numbers in table whose value
// in x [B,N,K] is the largest: the inputs of an operator Gather.
func (g *Graph) largest(x string, table []float32) []string {
	k := g.Op("ArgMax", []string{x}, Integer("axis", 2), Integer("keepdims", 0))
	return []string{g.Constant("levels", []int{len(table)}, table), k}
}

// within returns the float32 nearest to the bound v of weights that does not
// exceed it: every bound includes the weight 1, so rounding goes towards 1.
func within(v float64) float32 {
	f := float32(v)
	if v < 1 && float64(f) < v || v > 1 && float64(f) > v {
		return math.Nextafter32(f, 1)
	}
	return f
}
