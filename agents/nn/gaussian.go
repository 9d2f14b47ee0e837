package nn

import "math"

// logScaleReach bounds the logarithm of a Gaussian head's sigma, smoothly, to
// within this of its initial value, so that neither it nor 1/sigma explodes.
const logScaleReach = 2

// SquashedGaussian is the head of a continuous policy (Haarnoja et al. 2018,
// appendix C): from h [R,2], the mean and the raw scale of z, and standard
// normal noise e [R,1] it draws
//
//	sigma = Sigma * exp(2 tanh(raw / 2))
//	z = mean + sigma e,  u = Box tanh(z)
//	log p(u) = -e^2/2 - log sigma - log(2 pi)/2 - log(Box (1 - tanh(z)^2))
//
// reparameterised: gradients flow through u and log p to h, none to e. The
// output [2R,1] holds u in its first R rows and log p in the others; Rows
// takes them apart. Each row is an action of its own.
type SquashedGaussian struct {
	Box   float32 // bound of |u|
	Sigma float32 // sigma at raw 0

	rows int
}

var _ Kernel = (*SquashedGaussian)(nil)

// Name implements Kernel.
func (k *SquashedGaussian) Name() string { return "squashed Gaussian" }

// Bind implements Kernel.
func (k *SquashedGaussian) Bind(in ...[]int) ([]int, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return nil, err
	}
	k.rows = in[0][0]
	if err := WantShape("mean and scale", in[0], k.rows, 2); err != nil {
		return nil, err
	}
	return []int{2 * k.rows, 1}, WantShape("noise", in[1], k.rows, 1)
}

// Forward implements Kernel.
func (k *SquashedGaussian) Forward(out []float32, in [][]float32) {
	h, noise := in[0], in[1]
	for r, e := range noise {
		mean, logSigma, _ := k.moments(h, r)
		z := mean + math.Exp(logSigma)*float64(e)
		out[r] = k.Box * float32(math.Tanh(z))
		out[k.rows+r] = float32(-float64(e)*float64(e)/2 - logSigma - math.Log(2*math.Pi)/2 -
			math.Log(float64(k.Box)) - logSlope(z))
	}
}

// moments returns the mean of z, log sigma and its derivative by the raw scale.
func (k *SquashedGaussian) moments(h []float32, r int) (mean, logSigma, slope float64) {
	logSigma, slope = logScale(h[2*r+1], k.Sigma)
	return float64(h[2*r]), logSigma, slope
}

// logScale returns log sigma and its derivative by the raw scale.
func logScale(raw, sigma float32) (logSigma, slope float64) {
	t := math.Tanh(float64(raw) / logScaleReach)
	return math.Log(float64(sigma)) + logScaleReach*t, 1 - t*t
}

// Backward implements Kernel.
func (k *SquashedGaussian) Backward(din [][]float32, dout, out []float32, in [][]float32) {
	if din[1] != nil {
		clear(din[1])
	}
	dh := din[0]
	if dh == nil {
		return
	}
	for r, e := range in[1] {
		_, logSigma, slope := k.moments(in[0], r)
		spread := math.Exp(logSigma) * float64(e) // dz / d log sigma
		t := float64(out[r] / k.Box)
		// du/dz = Box (1 - t^2); d log p / dz = 2 t
		dz := float64(dout[r])*float64(k.Box)*(1-t*t) + float64(dout[k.rows+r])*2*t
		dh[2*r] = float32(dz)
		dh[2*r+1] = float32((dz*spread - float64(dout[k.rows+r])) * slope)
	}
}

// GaussianMode is the mode of the squashed Gaussian's z, squashed:
// u = Box tanh(mean), from h [R,2] -> [R,1].
type GaussianMode struct {
	Box float32
}

var _ Kernel = (*GaussianMode)(nil)

// Name implements Kernel.
func (k *GaussianMode) Name() string { return "Gaussian mode" }

// Bind implements Kernel.
func (k *GaussianMode) Bind(in ...[]int) ([]int, error) {
	if err := wantInputs(in, 2); err != nil {
		return nil, err
	}
	return []int{in[0][0], 1}, WantShape("mean and scale", in[0], in[0][0], 2)
}

// Forward implements Kernel.
func (k *GaussianMode) Forward(out []float32, in [][]float32) {
	for r := range out {
		out[r] = k.Box * tanh(in[0][2*r])
	}
}

// Backward implements Kernel.
func (k *GaussianMode) Backward(din [][]float32, dout, out []float32, _ [][]float32) {
	dh := din[0]
	if dh == nil {
		return
	}
	for r, d := range dout {
		t := out[r] / k.Box
		dh[2*r] = d * k.Box * (1 - t*t)
		dh[2*r+1] = 0
	}
}

// squashReach bounds |u / Box| when the squashing is inverted: nearer to 1, the
// float32 u no longer tells what z was.
const squashReach = 1 - 1./(1<<20)

// SquashedLogProb is the log-density of actions that were taken, under the
// distribution of SquashedGaussian: from h [R,2] and u [R,1] -> log p(u) [R,1].
// Actions get no gradient. One at the bounds, where rounding has lost z, counts
// as if |u / Box| were 1 - 2^-20 (|z| = 7.3).
type SquashedLogProb struct {
	Box   float32 // bound of |u|
	Sigma float32 // sigma at raw 0

	z []float64 // [R]
}

var _ Kernel = (*SquashedLogProb)(nil)

// Name implements Kernel.
func (k *SquashedLogProb) Name() string { return "squashed log-probability" }

// Bind implements Kernel.
func (k *SquashedLogProb) Bind(in ...[]int) ([]int, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return nil, err
	}
	rows := in[0][0]
	if err := WantShape("mean and scale", in[0], rows, 2); err != nil {
		return nil, err
	}
	k.z = make([]float64, rows)
	return []int{rows, 1}, WantShape("actions", in[1], rows, 1)
}

// Forward implements Kernel.
func (k *SquashedLogProb) Forward(out []float32, in [][]float32) {
	for r, u := range in[1] {
		t := min(max(float64(u)/float64(k.Box), -squashReach), squashReach)
		z := math.Atanh(t)
		k.z[r] = z
		logSigma, _ := logScale(in[0][2*r+1], k.Sigma)
		e := (z - float64(in[0][2*r])) * math.Exp(-logSigma)
		out[r] = float32(-e*e/2 - logSigma - math.Log(2*math.Pi)/2 - math.Log(float64(k.Box)) - logSlope(z))
	}
}

// Backward implements Kernel: with e = (z - mean) / sigma, the slopes are
// e / sigma by the mean and e^2 - 1 by log sigma.
func (k *SquashedLogProb) Backward(din [][]float32, dout, _ []float32, in [][]float32) {
	clear(din[1])
	dh := din[0]
	if dh == nil {
		return
	}
	for r, d := range dout {
		logSigma, slope := logScale(in[0][2*r+1], k.Sigma)
		e := (k.z[r] - float64(in[0][2*r])) * math.Exp(-logSigma)
		dh[2*r] = float32(float64(d) * e * math.Exp(-logSigma))
		dh[2*r+1] = float32(float64(d) * (e*e - 1) * slope)
	}
}

// GaussianEntropy is the entropy of the z of SquashedGaussian, before it is
// squashed, log sigma + log(2 pi e)/2, in nats: from h [R,2] -> [R,1].
type GaussianEntropy struct {
	Sigma float32 // sigma at raw 0
}

var _ Kernel = (*GaussianEntropy)(nil)

// Name implements Kernel.
func (k *GaussianEntropy) Name() string { return "Gaussian entropy" }

// Bind implements Kernel.
func (k *GaussianEntropy) Bind(in ...[]int) ([]int, error) {
	if err := wantInputs(in, 2); err != nil {
		return nil, err
	}
	return []int{in[0][0], 1}, WantShape("mean and scale", in[0], in[0][0], 2)
}

// Forward implements Kernel.
func (k *GaussianEntropy) Forward(out []float32, in [][]float32) {
	for r := range out {
		logSigma, _ := logScale(in[0][2*r+1], k.Sigma)
		out[r] = float32(logSigma + math.Log(2*math.Pi*math.E)/2)
	}
}

// Backward implements Kernel.
func (k *GaussianEntropy) Backward(din [][]float32, dout, _ []float32, in [][]float32) {
	dh := din[0]
	if dh == nil {
		return
	}
	for r, d := range dout {
		_, slope := logScale(in[0][2*r+1], k.Sigma)
		dh[2*r] = 0
		dh[2*r+1] = float32(float64(d) * slope)
	}
}

// SquashedGaussianEntropy is the entropy, in nats, of Box tanh(z) with z normal
// of mean 0 and the given sigma:
//
//	log(2 pi e sigma^2)/2 + log Box + E log(1 - tanh(z)^2),
//
// the expectation by the trapezoid rule over 10 sigma on each side.
func SquashedGaussianEntropy(box, sigma float64) float64 {
	const n = 2000
	mean, mass := 0.0, 0.0
	for i := range n + 1 {
		e := 20*float64(i)/n - 10
		p := math.Exp(-e * e / 2)
		mass += p
		mean += p * logSlope(sigma*e)
	}
	return math.Log(2*math.Pi*math.E)/2 + math.Log(sigma) + math.Log(box) + mean/mass
}

// logSlope is log(1 - tanh(z)^2) = 2 (log 2 - |z| - log(1 + exp(-2|z|))),
// without the cancellation of the first form.
func logSlope(z float64) float64 {
	a := math.Abs(z)
	return 2 * (math.Ln2 - a - math.Log1p(math.Exp(-2*a)))
}
