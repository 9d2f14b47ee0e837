package onnx

import (
	"fmt"
	"math"

	"fairlb/agents"
	"fairlb/agents/methods"
	"fairlb/agents/normalise"
	"fairlb/agents/ppo"
	"fairlb/qmix"
	"fairlb/sac"
)

// writer adds the policies of a checkpoint to a graph.
type writer struct {
	graph
	settings   methods.Settings
	method     string
	lbs        int
	servers    int
	features   int
	low, high  float64
	parameters map[string]agents.Parameter
}

// The names of a model's inputs and outputs.
func observation(lb int) string { return fmt.Sprintf("obs_%d", lb) }
func weights(lb int) string     { return fmt.Sprintf("weights_%d", lb) }

// sees lists the LBs whose observations the weights of one depend on.
func (w *writer) sees(lb int) []int {
	if w.method != "centr-lb" {
		return []int{lb}
	}
	all := make([]int, w.lbs)
	for i := range all {
		all[i] = i
	}
	return all
}

// steer adds the policies of the given LBs. It fails for a method that it does
// not know.
func (w *writer) steer(lbs []int) error {
	if w.method == "centr-lb" {
		w.joint(lbs)
		return nil
	}
	for _, lb := range lbs {
		w.scope = fmt.Sprintf("lb%d", lb)
		prefix := w.scope + "."
		out := weights(lb)
		switch w.method {
		case "distr-lb", "rlb-sac":
			x := w.serverNet(prefix+"actor", w.normal(prefix, observation(lb), false))
			if w.settings.SAC.Head == sac.Discrete {
				w.best(x, w.settings.SAC.Levels, out)
			} else {
				w.mode(x, 0, w.settings.SAC.Box, out)
			}
		case "ippo", "mappo":
			x := w.serverNet(prefix+"actor", w.normal(prefix, observation(lb), false))
			if w.settings.PPO.Head == ppo.Discrete {
				w.best(x, w.settings.PPO.Levels, out)
			} else {
				w.mode(x, 0, w.settings.PPO.Box, out)
			}
		case "qmix-lb":
			x := w.serverNet(prefix+"utility", w.normal(prefix, observation(lb), false))
			if w.settings.QMIX.Utility == qmix.Quadratic {
				x = w.fromPeak(x, w.settings.QMIX.Levels)
			}
			w.best(x, w.settings.QMIX.Levels, out)
		case "es":
			w.linear(prefix, lb, out)
		case "delay":
			w.delay(prefix, lb, out)
		default:
			return fmt.Errorf("onnx: method %q: its policy cannot be exported", w.method)
		}
	}
	return nil
}

// joint adds Centr-LB's policy: a server's row has the features of the first
// LB, then those of the next; two outputs an LB.
func (w *writer) joint(lbs []int) {
	w.scope = "all"
	var seen []string
	for _, lb := range w.sees(0) {
		seen = append(seen, observation(lb))
	}
	x := seen[0]
	if len(seen) > 1 {
		x = w.op("Concat", seen, integer("axis", 2))
	}
	x = w.serverNet(w.prefixOf()+"actor", w.normal(w.prefixOf(), x, false))
	levels := w.settings.SAC.Levels
	for _, lb := range lbs {
		if w.settings.SAC.Head != sac.Discrete {
			w.mode(x, 2*lb, w.settings.SAC.Box, weights(lb))
			continue
		}
		own := make([]float32, w.lbs*len(levels)*len(levels)) // 1 where a column is the LB's level
		for k := range levels {
			own[(lb*len(levels)+k)*len(levels)+k] = 1
		}
		values := w.matMul(x, w.floats("own", []int{w.lbs * len(levels), len(levels)}, own))
		w.best(values, levels, weights(lb))
	}
}

// prefixOf is what the names of the parameters of Centr-LB begin with.
func (w *writer) prefixOf() string {
	if w.lbs == 1 {
		return "lb0."
	}
	return "all."
}

// data returns the values of a parameter, which methods.Policy has found to be
// there.
func (w *writer) data(name string) []float32 { return w.parameters[name].Data }

// normal adds the normalised observation, of their logarithms if log is set.
func (w *writer) normal(prefix, x string, log bool) string {
	if log {
		x = w.log1p(x)
	}
	mean, sd := w.data(prefix+"features.mean"), w.data(prefix+"features.sd")
	x = w.sub(x, w.floats("mean", []int{len(mean)}, mean))
	x = w.op("Div", []string{x, w.floats("sd", []int{len(sd)}, sd)})
	return w.clip(x, -normalise.FeatureClip, normalise.FeatureClip)
}

// serverNet adds an nn.ServerNet on x [B,N,F] -> [B,N,K].
func (w *writer) serverNet(name, x string) string {
	embedding := w.parameters[name+".embedding"]
	rows := embedding.Shape[1] // of the first layer's weights that are the embedding's
	for layer := 1; ; layer++ {
		hidden := fmt.Sprintf("%s.hidden%d", name, layer)
		own, ok := w.parameters[hidden+".weights"]
		if !ok {
			break
		}
		context, bias := w.parameters[hidden+".context"], w.parameters[hidden+".bias"]
		in, out := own.Shape[0], own.Shape[1]
		shape := []int{out}
		if rows > 0 {
			in -= rows
			shape = []int{w.servers, out}
			bias.Data = embedded(embedding.Data, own.Data[in*out:], context.Data[in*out:], bias.Data, rows)
			rows = 0
		}
		mean := w.matMul(w.meanOfServers(x), w.floats("context", []int{in, out}, context.Data[:in*out]))
		x = w.matMul(x, w.floats("weights", []int{in, out}, own.Data[:in*out]))
		x = w.op("Relu", []string{w.add(x, w.add(mean, w.floats("bias", shape, bias.Data)))})
	}
	out, bias := w.parameters[name+".out.weights"], w.parameters[name+".out.bias"]
	x = w.matMul(x, w.floats("weights", out.Shape, out.Data))
	return w.add(x, w.floats("bias", bias.Shape, bias.Data))
}

// embedded returns what a first layer adds to the sums of each server, whatever
// is observed: E W + mean_j(E) C + b [N,H], of the embeddings E [N,D], the
// weights W, C [D,H] that they meet, and the bias b [H].
func embedded(e, own, context, bias []float32, d int) []float32 {
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

// mode adds the weights of a squashed Gaussian of which a column of x is the
// mean.
func (w *writer) mode(x string, column int, box float64, out string) {
	u := w.mul(w.op("Tanh", []string{w.column(x, column)}), w.number("box", float32(box)))
	w.weigh(u, out)
}

// weigh adds the weights of log-weights u [B,N].
func (w *writer) weigh(u, out string) {
	low, high := w.number("low", inside(w.low)), w.number("high", inside(w.high))
	w.node("Clip", []string{w.op("Exp", []string{u}), low, high}, out)
}

// best adds the weights of the level of each server that has the largest value
// in x [B,N,K], the first of several.
func (w *writer) best(x string, levels []float64, out string) {
	table := make([]float32, len(levels))
	for k, u := range levels {
		table[k] = min(max(float32(math.Exp(u)), inside(w.low)), inside(w.high))
	}
	k := w.op("ArgMax", []string{x}, integer("axis", 2), integer("keepdims", 0))
	w.node("Gather", []string{w.floats("levels", []int{len(table)}, table), k}, out, integer("axis", 0))
}

// fromPeak adds minus the squared distance [B,N,K] of each level from the peak
// of quadratic utilities, of which x [B,N,4] has, per server, the value, the
// slope b, what softplus makes the curvature c of, and the logarithm of the
// share w: (b_j - m w_j) / c_j, m = sum_j (w_j b_j / c_j) / sum_j (w_j^2 / c_j),
// centred.
func (w *writer) fromPeak(x string, levels []float64) string {
	column := func(k int) string { // [B,N,1]
		pick := make([]float32, 4)
		pick[k] = 1
		return w.matMul(x, w.floats("pick", []int{4, 1}, pick))
	}
	div := func(a, b string) string { return w.op("Div", []string{a, b}) }
	b, c := column(1), w.add(w.op("Softplus", []string{column(2)}), w.number("least", qmix.LeastCurvature))
	share := w.op("Softmax", []string{column(3)}, integer("axis", 1))
	part := div(share, c)
	m := div(w.meanOfServers(w.mul(part, b)), w.meanOfServers(w.mul(part, share)))
	peak := w.centred(div(w.sub(b, w.mul(m, share)), c))
	row := make([]float32, len(levels))
	for k, u := range levels {
		row[k] = float32(u)
	}
	d := w.sub(peak, w.floats("levels", []int{len(row)}, row))
	return w.mul(w.mul(d, d), w.number("minus", -1))
}

// linear adds the policy of es: centred sums of offsets and of scaled
// coefficients times normalised features, within a box.
func (w *writer) linear(prefix string, lb int, out string) {
	theta := make([]float32, w.features)
	for k, v := range w.data(prefix + "coefficient") { // none if it uses no features
		theta[k] = float32(w.settings.ES.Scale * float64(v))
	}
	z := w.normal(prefix, observation(lb), true)
	u := w.column(w.matMul(z, w.floats("coefficient", []int{len(theta), 1}, theta)), 0)
	u = w.add(u, w.floats("offset", []int{w.servers}, w.data(prefix+"offset")))
	w.weigh(w.boxed(w.centred(u), w.settings.ES.Box), out)
}

// delay adds the policy of delay: kappa times the model's centred log-weights,
// and corrections, within a box.
func (w *writer) delay(prefix string, lb int, out string) {
	z := w.normal(prefix, observation(lb), true)
	if w.settings.Delay.Layers > 0 {
		z = w.serverNet(prefix+"net", z)
	} else { // the batch is known by the observation alone
		z = w.matMul(z, w.floats("zeros", []int{w.features, 1}, make([]float32, w.features)))
	}
	u := w.add(w.column(z, 0), w.floats("offset", []int{w.servers}, w.data(prefix+"offset")))
	u = w.mul(w.centred(u), w.floats("kappa", []int{1}, w.data(prefix+"kappa")))
	u = w.add(u, w.floats("correction", []int{w.servers}, w.data(prefix+"correction")))
	w.weigh(w.boxed(u, w.settings.Delay.Box), out)
}

// centred is u [B,N] less its mean over the servers.
func (w *writer) centred(u string) string { return w.sub(u, w.meanOfServers(u)) }

func (w *writer) boxed(u string, box float64) string {
	return w.clip(u, -float32(box), float32(box))
}
