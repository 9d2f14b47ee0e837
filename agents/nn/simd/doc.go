// Package simd is what the network core computes by the processor's vector
// instructions: the float32 matrix product and the functions that layers and
// optimisers apply to whole slices.
//
// On amd64 processors with AVX2 and FMA it runs assembly that agents/nn/asm
// generates. Elsewhere, and with FAIRLB_BLAS=gonum in the environment, it runs
// gonum's product and Go's mathematics: the same numbers but for rounding.
//
// Everything runs on the calling goroutine, allocates nothing once warm, and
// gives the same bits on any number of cores. A value of a product depends on
// its row of a, its column of b and k alone: however the rows or columns of
// one product are divided over workers, the bits are the same.
//
// There is no AVX-512 path.
//
// gemm.go has the product and packed.go matrices that serve many products; vector.go
// has the functions over slices. Assembly is changed in agents/nn/asm ("make asm"
// writes it), together with its portable twin here.
package simd
