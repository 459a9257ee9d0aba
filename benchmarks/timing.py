"""The clock of the benchmarks, where they run as scripts."""

import time

import jax


def best_of(function, repeats=5):
    """Shortest of several times [s]; what is computed asynchronously is waited for."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        jax.block_until_ready(function())
        times.append(time.perf_counter() - start)
    return min(times)
