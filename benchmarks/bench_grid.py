"""Figure 3's grid: cell arrays a second, compilation, and the error of float32 cells.

Run it as a script for a table; pytest runs each part once, and times it with --benchmark-enable.
Yardsticks of the same run: NumPy computing the same ratios, and filling arrays of the same size.
"""

import dataclasses
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxtri.limits.signal import log_ratio
from jaxtri.scans.grid import rates_at_masses
from jaxtri.scans.provenance import header, plan_of
from jaxtri.scans.spec import load_spec
from jaxtri.scans.tiles import compute_tile
from timing import best_of, timed

SPEC = Path(__file__).parent.parent / "scans" / "figure_3.toml"
CURVES = SPEC.with_name("figure_3_2026.toml")
FLOAT32_DEX = 1e-5  # float32 keeps 7 digits of a logarithm that reaches 60


def spec_with(precision):
    return dataclasses.replace(load_spec(SPEC), precision=precision)


def whole_scan(spec, treatment):
    """One warm scan in one thread: rates of the columns, then all chunks, handed over and dropped."""
    plan = plan_of(header(spec, treatment))
    count = 0
    for tile in range(plan.count):
        _, blocks = compute_tile(spec, treatment, plan, tile)
        count += sum(field.size for _, block in blocks for field in block.values())
    return count


def axis_of(spec, treatment, step=1):
    """What every column, or every so many, has."""
    return rates_at_masses(spec.sm, spec.model, treatment, spec.searches, spec.m_X[::step])


def worst_error(spec, treatment):
    """Largest error [dex] of stored log10 ratios near a boundary, against float64 point by point."""
    exact = jax.jit(
        lambda rows, u: jax.vmap(lambda row: jax.vmap(lambda v: log_ratio(row, v), out_axes=1)(u))(rows)
    )
    rows = axis_of(spec, treatment).points.searches
    plan, worst = plan_of(header(spec, treatment)), 0.0
    for tile in range(plan.count):
        for (masses, couplings), block in compute_tile(spec, treatment, plan, tile)[1]:
            some = jax.tree.map(lambda x, masses=masses: x[slice(*masses)], rows)
            truth = np.asarray(exact(some, jnp.log(spec.g_X[slice(*couplings)]))).transpose(1, 0, 2) / np.log(
                10
            )
            near = np.abs(truth) < 3
            worst = max(worst, float(np.max(np.abs(block["log10_ratio"][near] - truth[near]), initial=0.0)))
    return worst


def numpy_ratios(axis, g_X):
    """The stored ratios in NumPy, whole arrays at once: what one would write without JAX."""
    rows = jax.tree.map(np.asarray, axis.points.searches)
    g2 = g_X**2
    flight, norm, neutrinos = (v[:, :, None] for v in (rows.flight, rows.log_norm, rows.neutrinos))
    with np.errstate(all="ignore"):
        x = flight * g2
        seen = np.where(
            rows.is_invisible[:, :, None], neutrinos + (1 - neutrinos) * np.exp(-x), -np.expm1(-x)
        )
        ratio = norm + np.log(g2) + np.log(seen)
        inside = np.minimum(rows.log_above[:, :, None] - np.log(g2), rows.log_below[:, :, None] + np.log(g2))
        return np.where(rows.is_valid[:, :, None], np.minimum(ratio, inside), -np.inf) / np.log(10)


@pytest.mark.parametrize("precision", ["float32", "float64"])
def bench_scan(benchmark, precision):
    spec = spec_with(precision)
    treatment = spec.treatments[-1]
    cell_arrays = timed(benchmark, lambda: whole_scan(spec, treatment))
    error = worst_error(spec, treatment)
    benchmark.extra_info |= {
        "cell_arrays": cell_arrays,
        "max_error_dex": error,
        "device": jax.devices()[0].device_kind,
    }
    assert error < (FLOAT32_DEX if precision == "float32" else 1e-12)


def bench_compile(benchmark):
    spec = spec_with("float32")

    def cold():
        jax.clear_caches()
        return whole_scan(spec, spec.treatments[-1])

    benchmark.pedantic(cold, rounds=1)


def bench_numpy_yardstick(benchmark):
    spec = spec_with("float64")
    axis = axis_of(spec, spec.treatments[-1], 10)
    benchmark(lambda: numpy_ratios(axis, spec.g_X))


def ratio_of_curves():
    """Cell arrays a second with the limit curves of 2026, and over those with as many flat limits."""
    spec = dataclasses.replace(load_spec(CURVES), precision="float32")
    flat = dataclasses.replace(spec, searches=dataclasses.replace(spec.searches, curves=None, is_timed=None))
    treatment = spec.treatments[-1]
    count = whole_scan(spec, treatment)
    whole_scan(flat, treatment)
    seconds, plain = (best_of(lambda one=one: whole_scan(one, treatment)) for one in (spec, flat))
    return count / seconds, plain / seconds


def main():
    """Print the table of benchmarks/README.md."""
    device = f"{jax.devices()[0].device_kind}, {len(jax.devices())} device"
    print(f"Grid of scans/figure_3.toml, 1000 x 1000, 27 searches, {device}\n")
    print("| cells | cell arrays/s | over NumPy | over filling memory | worst error near a boundary [dex] |")
    print("|---|---|---|---|---|")
    for precision in ("float32", "float64"):
        spec = spec_with(precision)
        treatment = spec.treatments[-1]
        count = whole_scan(spec, treatment)
        seconds = best_of(lambda spec=spec, treatment=treatment: whole_scan(spec, treatment))
        axis = axis_of(spec, treatment, 10)
        per_array = best_of(lambda axis=axis, spec=spec: numpy_ratios(axis, spec.g_X)) / 27e5
        buffer = np.empty(count, dtype=precision)
        fill = best_of(lambda buffer=buffer: buffer.fill(1.0))
        error = worst_error(spec, treatment)
        print(
            f"| {precision} | {count / seconds / 1e6:.0f} M | {per_array * count / seconds:.0f}x "
            f"| {fill / seconds:.2f} | {error:.1e} |"
        )
    speed, ratio = ratio_of_curves()
    print(
        f"\nscans/figure_3_2026.toml, limit curves, float32: {speed / 1e6:.0f} M, {ratio:.2f} of flat limits"
    )
    spec = spec_with("float32")
    jax.clear_caches()
    for treatment in spec.treatments:
        start = time.perf_counter()
        whole_scan(spec, treatment)
        print(f"\ntrace, compile and run, {treatment.name}: {time.perf_counter() - start:.2f} s", end="")
    print()


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    main()
