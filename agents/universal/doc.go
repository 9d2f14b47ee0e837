// Package universal trains the coefficients of the dispatch rule universal (package
// env/dispatch): one short list of numbers that serves every pool of servers, whatever
// their number and that of the load balancers. It is an evolution strategy (agents/es)
// whose every pair of trials is played on another pool, so that nothing of one pool can
// be learned by heart. It begins at zero, where the rule is self-tuning SED. In the same way
// it learns what universal-carried has besides, beginning at the universal that ships, whose own
// coefficients stay as they are.
//
// The policy is a rule and not an Actor: it decides on each request, and training and
// evaluation give it to the dispatcher. Actor (actor.go) is the same rule for those who
// steer a load balancer by weights, once an interval and by counts: a live agent. Of
// universal-carried there is none.
package universal
