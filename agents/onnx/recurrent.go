package onnx

import (
	"encoding/json"
	"fmt"

	"fairlb/agents"
)

// state is what a policy keeps from one step to the next: an input of
// the model and an output of the same shape, [batch, size].
type state struct {
	owner string // "0" for LB 0, or "all"
	size  int
}

// AllLBs is the owner of a state that the policies of all LBs share.
const AllLBs = "all"

// StateName is the name of the model's input that is the state of an owner, an
// LB's number or AllLBs, before a step.
func StateName(owner string) string { return "state_" + owner }

// NextStateName is the name of the model's output that is that state after the
// step.
func NextStateName(owner string) string { return "next_" + StateName(owner) }

// stateMetadata says in a model's metadata what a state is, as JSON.
type stateMetadata struct {
	Input   string `json:"input"`
	Output  string `json:"output"`
	Shape   []any  `json:"shape"`   // "batch", then the number of values
	Initial string `json:"initial"` // the state in which an episode begins
}

// statesProperty returns the value of the metadata's key "states".
func (g *Graph) statesProperty() (string, error) {
	list := make([]stateMetadata, 0, len(g.states))
	for _, s := range g.states {
		list = append(list, stateMetadata{StateName(s.owner), NextStateName(s.owner), []any{"batch", s.size}, "zeros"})
	}
	text, err := json.Marshal(list)
	return string(text), err
}

// addStates adds the states to the inputs and outputs of the model.
func (g *Graph) addStates() {
	for _, s := range g.states {
		whose := "LB " + s.owner
		if s.owner == AllLBs {
			whose = "all LBs"
		}
		g.body.bytes(graphInput, value(StateName(s.owner), fmt.Sprintf("the state of the policy of %s: zeros as an episode begins, then %s of the step before", whose, NextStateName(s.owner)), s.size))
		g.body.bytes(graphOutput, value(NextStateName(s.owner), fmt.Sprintf("the state of the policy of %s after the step", whose), s.size))
	}
}

// RecurrentNet adds one step of an nn.RecurrentNet, whose parameters' names begin
// with name, on the observation x [B,N,F] as one row of N*F values -> [B,N,K].
// The state that the network has before the step becomes an input of the model
// (StateName), that after it an output (NextStateName). Episodes begin in a state
// of zeros.
func (g *Graph) RecurrentNet(name, owner, x string) string {
	dense := func(layer, x string) string {
		weights, bias := g.Parameter(name+"."+layer+".weights"), g.Parameter(name+"."+layer+".bias")
		x = g.MatMul(x, g.Constant("weights", weights.Shape, weights.Data))
		return g.Add(x, g.Constant("bias", bias.Shape, bias.Data))
	}
	hidden := func(layer, x string) string { return g.Op("Relu", []string{dense(layer, x)}) }
	x = g.reshape(x, -1, g.Parameter(name + ".hidden1.weights").Shape[0])
	x = g.gru(name+".gru", owner, hidden("hidden2", hidden("hidden1", x)))
	for layer := 3; g.Parameter(fmt.Sprintf("%s.hidden%d.weights", name, layer)).Data != nil; layer++ {
		x = hidden(fmt.Sprintf("hidden%d", layer), x)
	}
	return g.reshape(dense("out", x), -1, g.Servers, g.Parameter(name + ".out.bias").Shape[0]/g.Servers)
}

// gru adds one step of an nn.GRU, by the equations there, on x [B,F]. It returns
// the state after the step [B,H], which is the model's output of that name.
func (g *Graph) gru(name, owner, x string) string {
	size := g.Parameter(name + ".state_bias").Shape[0] / 3
	g.states = append(g.states, state{owner, size})
	h := StateName(owner)
	affine := func(of, weights, bias string, gate int) string {
		w, b := gateColumns(g.Parameter(name+weights), gate), gateColumns(g.Parameter(name+bias), gate)
		return g.Add(g.MatMul(of, g.Constant("weights", w.Shape, w.Data)), g.Constant("bias", b.Shape, b.Data))
	}
	fromInput := func(gate int) string { return affine(x, ".weights", ".bias", gate) }
	fromState := func(gate int) string { return affine(h, ".state_weights", ".state_bias", gate) }
	r := g.Op("Sigmoid", []string{g.Add(fromInput(0), fromState(0))})
	z := g.Op("Sigmoid", []string{g.Add(fromInput(1), fromState(1))})
	n := g.Op("Tanh", []string{g.Add(fromInput(2), g.Mul(r, fromState(2)))})
	fresh := g.Mul(g.Sub(g.Scalar("one", 1), z), n)
	g.node("Add", []string{fresh, g.Mul(z, h)}, NextStateName(owner))
	return NextStateName(owner)
}

// gateColumns returns the part of a GRU's parameter [R,3H] or [3H] that belongs to
// one of its three gates.
func gateColumns(p agents.Parameter, gate int) agents.Parameter {
	last := len(p.Shape) - 1
	columns := p.Shape[last]
	size := columns / 3
	out := agents.Parameter{Shape: append(append([]int(nil), p.Shape[:last]...), size)}
	for row := 0; row < len(p.Data); row += columns {
		out.Data = append(out.Data, p.Data[row+gate*size:row+(gate+1)*size]...)
	}
	return out
}
