// Package estimate adds up what a piece of work will take, before anything of
// it is allocated or begun, and compares it with limits. Single fields have
// bounds of their own; this is about their products, which may be out of all
// proportion although each factor is allowed: 1000 load balancers times 10000
// servers, or windows of 100000 steps times batches of 1000.
//
// Each package that allocates or loops says what it needs (env/scenario of an
// episode, the packages of learners of their networks, replay of its
// episodes); cmd/fairlb/internal/bounds sums and compares. Figures are
// estimates, meant to be right within a factor of two, and are floats, which
// do not overflow.
package estimate
