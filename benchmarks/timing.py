"""The clock of the benchmarks."""

import time

import jax


def timed(benchmark, function):
    """What a function returns; where there is a clock the function is called before, and compiles."""
    if benchmark.enabled:
        jax.block_until_ready(function())
    return benchmark(lambda: jax.block_until_ready(function()))


def best_of(function, repeats=5):
    """Shortest of several times [s]; what is computed asynchronously is waited for."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        jax.block_until_ready(function())
        times.append(time.perf_counter() - start)
    return min(times)
