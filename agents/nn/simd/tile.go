package simd

// tile runs the kernel of so many rows and vectors a tile over a column of
// tiles. Strides are in bytes; a nil mask means whole vectors.
func tile(rows, vectors, tiles, k int, a *float32, aRow, aCol int, b *float32, bRow int, c *float32, cRow int, alpha, beta float32, mask *int32) {
	if mask == nil {
		switch 16*rows + vectors {
		case 16*6 + 2:
			tiles6x2(tiles, k, a, aRow, aCol, b, bRow, c, cRow, alpha, beta)
		case 16*5 + 2:
			tiles5x2(tiles, k, a, aRow, aCol, b, bRow, c, cRow, alpha, beta)
		case 16*4 + 2:
			tiles4x2(tiles, k, a, aRow, aCol, b, bRow, c, cRow, alpha, beta)
		case 16*3 + 2:
			tiles3x2(tiles, k, a, aRow, aCol, b, bRow, c, cRow, alpha, beta)
		case 16*2 + 2:
			tiles2x2(tiles, k, a, aRow, aCol, b, bRow, c, cRow, alpha, beta)
		case 16*1 + 2:
			tiles1x2(tiles, k, a, aRow, aCol, b, bRow, c, cRow, alpha, beta)
		case 16*3 + 4:
			tiles3x4(tiles, k, a, aRow, aCol, b, bRow, c, cRow, alpha, beta)
		case 16*2 + 4:
			tiles2x4(tiles, k, a, aRow, aCol, b, bRow, c, cRow, alpha, beta)
		case 16*1 + 8:
			tiles1x8(tiles, k, a, aRow, aCol, b, bRow, c, cRow, alpha, beta)
		default:
			panic("simd: no kernel of this shape")
		}
		return
	}
	switch 16*rows + vectors {
	case 16*6 + 1:
		tiles6x1masked(tiles, k, a, aRow, aCol, b, bRow, c, cRow, alpha, beta, mask)
	case 16*5 + 1:
		tiles5x1masked(tiles, k, a, aRow, aCol, b, bRow, c, cRow, alpha, beta, mask)
	case 16*4 + 1:
		tiles4x1masked(tiles, k, a, aRow, aCol, b, bRow, c, cRow, alpha, beta, mask)
	case 16*3 + 1:
		tiles3x1masked(tiles, k, a, aRow, aCol, b, bRow, c, cRow, alpha, beta, mask)
	case 16*2 + 1:
		tiles2x1masked(tiles, k, a, aRow, aCol, b, bRow, c, cRow, alpha, beta, mask)
	case 16*1 + 1:
		tiles1x1masked(tiles, k, a, aRow, aCol, b, bRow, c, cRow, alpha, beta, mask)
	case 16*6 + 2:
		tiles6x2masked(tiles, k, a, aRow, aCol, b, bRow, c, cRow, alpha, beta, mask)
	case 16*5 + 2:
		tiles5x2masked(tiles, k, a, aRow, aCol, b, bRow, c, cRow, alpha, beta, mask)
	case 16*4 + 2:
		tiles4x2masked(tiles, k, a, aRow, aCol, b, bRow, c, cRow, alpha, beta, mask)
	case 16*3 + 2:
		tiles3x2masked(tiles, k, a, aRow, aCol, b, bRow, c, cRow, alpha, beta, mask)
	case 16*2 + 2:
		tiles2x2masked(tiles, k, a, aRow, aCol, b, bRow, c, cRow, alpha, beta, mask)
	case 16*1 + 2:
		tiles1x2masked(tiles, k, a, aRow, aCol, b, bRow, c, cRow, alpha, beta, mask)
	default:
		panic("simd: no kernel of this shape")
	}
}
