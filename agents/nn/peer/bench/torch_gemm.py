"""Rates of PyTorch's float32 matrix product, one JSON line: shape -> GFLOP/s.

Arguments: shapes "MxNxK", with a T behind if the left matrix is stored
transposed, as it is for the gradient of weights.
"""
import json
import statistics
import sys
import time

import torch

torch.set_num_threads(1)


def rate(shape):
    m, n, k = map(int, shape.rstrip("T").split("x"))
    a = torch.randn(k, m).t() if shape.endswith("T") else torch.randn(m, k)
    b, c = torch.randn(k, n), torch.empty(m, n)
    for _ in range(20):
        torch.mm(a, b, out=c)
    rates = []
    for _ in range(9):
        start = time.perf_counter()
        for _ in range(60):
            torch.mm(a, b, out=c)
        rates.append(60 * 2e-9 * m * n * k / (time.perf_counter() - start))
    return statistics.median(rates)


print(json.dumps({shape: rate(shape) for shape in sys.argv[1:]}))
