//go:build !amd64

package simd

const hasAVX2 = false

func tile(_, _, _, _ int, _ *float32, _, _ int, _ *float32, _ int, _ *float32, _ int, _, _ float32, _ *int32) {
	panic("simd: no kernels for this processor")
}
