"""Previous limits of any model by computation: all searches at all masses, of one model and of a thousand.

Run it as a script for a table; pytest runs each part once, and times it with --benchmark-enable.
The error is that of ln(decays that a search sees) at the couplings found, against the published limit: the
number of decays is evaluated by NumPy for X and for the model that the limit is of.
"""

import argparse
import functools
import time
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

import jaxtri
from jaxtri.boundary.recast_edges import recast_boundaries
from jaxtri.boundary.trace import traced
from jaxtri.limits.dark_photon import nodes_of, published_limits
from jaxtri.limits.recast import recast, recast_kernel
from jaxtri.limits.recast_tables import recast_tables
from jaxtri.model.constants import HBAR
from jaxtri.scans.in_memory import plane_of
from timing import best_of, timed

SCAN = Path(__file__).parents[1] / "scans" / "complete.toml"
MODELS = 1000
BATCH = 500  # models at a time
CLEAR = 1e-3  # in ln g: edges closer to each other than this are a tip, at which any root is uncertain
ROUNDED = 1e-9  # of ln(decays), where a search sees one part in e^20 of them


@functools.cache
def prepared():
    sm, nodes = jaxtri.load_standard_model(), nodes_of()
    return sm, nodes, recast_tables(sm, nodes)


def charges(count):
    """Charges of models about B - L, each a little different."""
    start = jaxtri.load_model("b_minus_l").charge
    return start + 0.3 * jax.random.normal(jax.random.key(1), (count, len(start)))


@functools.cache
def of_many():
    """A compiled function of charges (model, fermion): all edges of every model."""
    sm, _, tables = prepared()
    model = jaxtri.load_model("b_minus_l").unnamed()

    def one(charge):
        return recast(tables, sm, replace(model, charge=charge))

    return jax.jit(lambda charge: jax.lax.map(one, charge, batch_size=BATCH))


def decays(coupling, rate, t_0, stretch):
    """Ln of decays between two proper times, up to production and branching ratio."""
    x = rate * coupling**2 * t_0
    return 2 * np.log(coupling) - x + np.log(-np.expm1(-(stretch - 1) * x))


def worst_error(found):
    """Largest error of ln(decays) at any edge of a beam dump, and of what has a closed form."""
    _, nodes, tables = prepared()
    i, a = np.asarray(tables.dumps), np.asarray(tables.dump_a)
    rate = nodes.m_X[i] * np.asarray(tables.reference_width)[i] / (12 * np.pi) / HBAR
    t_0 = np.exp(np.asarray(tables.dump_log_y)) / (rate * nodes.low[i] ** 2)
    expected = decays(nodes.low[i], rate, t_0, 1 + a) + np.asarray(tables.log_reference_branching)[i]
    signal = np.log(np.where(found.exists[i], found.production[i] * found.branching[i], 1.0))
    here = found.exists[i] & (found.log_high[i] - found.log_low[i] > CLEAR)
    worst = 0.0
    for edge in (found.log_low, found.log_high):
        g = np.exp(np.where(here, edge[i], 0.0))
        off = decays(g[here], (rate * found.width[i])[here], t_0[here], (1 + a)[here])
        worst = max(worst, float(np.max(np.abs(off + signal[here] - expected[here]))))
    return worst


def total(found):
    """Sum of ln g of every edge that exists."""
    low = jnp.where(found.exists, found.log_low, 0.0)
    high = jnp.where(found.exists & jnp.isfinite(found.log_high), found.log_high, 0.0)
    return jnp.sum(low) + jnp.sum(high)


def size():
    """Searches, nodes, and among them those of beam dumps."""
    _, nodes, tables = prepared()
    return len(published_limits()), len(nodes.m_X), len(tables.dumps)


def bench_one_model(benchmark):
    sm, _, tables = prepared()
    model = jaxtri.load_model("b_minus_l").unnamed()
    found = timed(benchmark, lambda: recast_kernel(tables, sm, model))
    searches, nodes, dumps = size()
    error = worst_error(jax.tree.map(np.asarray, found))
    benchmark.extra_info |= {
        "searches": searches, "nodes": nodes, "nodes_of_dumps": dumps, "max_error": error,
        "device": jax.devices()[0].device_kind,
    }  # fmt: skip
    assert error < ROUNDED


def bench_many_models(benchmark):
    run, some = of_many(), charges(MODELS)
    found = timed(benchmark, lambda: run(some))
    errors = [
        worst_error(jax.tree.map(lambda x, k=k: np.asarray(x[k]), found)) for k in range(0, MODELS, 100)
    ]
    benchmark.extra_info |= {
        "models": MODELS, "max_error": max(errors), "device": jax.devices()[0].device_kind
    }  # fmt: skip
    assert max(errors) < ROUNDED


def every_boundary():
    """Print how long the exact boundaries of scans/complete.toml take for another model of the same kind."""
    spec = jaxtri.load_spec(SCAN)
    jaxtri.boundaries(spec)  # compile outside the clock
    plane = plane_of(replace(spec, model=jaxtri.load_model("b3_minus_l2")))
    for what, run in (
        ("exact boundaries of all recast searches, another model", lambda: recast_boundaries(plane)[0]),
        (
            "all limits of 2026: exact boundaries of Z, B, K and recasts",
            lambda: traced(plane)["matched"].curves,
        ),
    ):
        off = max(float(one.residual.max()) for one in run())
        print(f"| {what} | {best_of(run, repeats=3):.1f} s | {off:.0e} |")


def main():
    """Print the table of benchmarks/README.md."""
    options = argparse.ArgumentParser(description="Time previous limits by computation.")
    options.add_argument("--models", type=int, default=MODELS, help="how many models at once")
    count = options.parse_args().models if __name__ == "__main__" else MODELS
    start = time.perf_counter()
    sm, _, tables = prepared()
    jax.block_until_ready(tables)
    table_seconds = time.perf_counter() - start
    model = jaxtri.load_model("b_minus_l").unnamed()
    start = time.perf_counter()
    found = jax.tree.map(np.asarray, recast_kernel(tables, sm, model))
    cold = time.perf_counter() - start
    one = best_of(lambda: recast_kernel(tables, sm, model), repeats=20)
    slope = jax.jit(jax.grad(lambda charge: total(recast(tables, sm, replace(model, charge=charge)))))
    jax.block_until_ready(slope(model.charge))
    gradient = best_of(lambda: slope(model.charge), repeats=20)
    run, some = of_many(), charges(count)
    many = jax.block_until_ready(run(some))
    several = best_of(lambda: run(some), repeats=2)
    steps = range(0, count, max(1, count // 20))
    error = max(worst_error(jax.tree.map(lambda x, k=k: np.asarray(x[k]), many)) for k in steps)
    searches, nodes, dumps = size()
    print(f"{searches} searches, {nodes} masses of limits, {dumps} of them of beam dumps, ", end="")
    print(f"{jax.devices()[0].device_kind}\n")
    print("| | time | error of ln(decays) |\n|---|---|---|")
    print(
        f"| one model, warm | {1e3 * one:.1f} ms (first {cold:.1f} s, its tables {table_seconds:.1f} s) "
        f"| {worst_error(found):.0e} |"
    )
    print(f"| its gradient by charges | {1e3 * gradient:.1f} ms | |")
    print(f"| {count} models | {several:.2f} s | {error:.0e} |")
    every_boundary()


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    main()
