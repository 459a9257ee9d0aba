"""Figure 3's boundaries: time and residual, with marching squares on the 1000 x 1000 grid beside them.

Run it as a script for a table; pytest runs each part once, and times it with --benchmark-enable.
The error of marching squares is its distance in ln g_X from the exact curve at the same mass; at walls
it is the width of a cell, and not counted.
"""

import functools
import time
from pathlib import Path

import contourpy
import jax
import numpy as np

import jaxtri
from jaxtri.scans.spec import load_spec
from jaxtri.scans.tiles import compute
from timing import best_of, timed

SPEC = Path(__file__).parent.parent / "scans" / "figure_3.toml"
STEEP = 5.0  # slopes beyond which a distance at one mass says nothing


@functools.cache
def spec():
    return load_spec(SPEC)


def size(found):
    """Curves, vertices, and the fewest vertices of a search that excludes something."""
    curves = [curve for one in found.values() for curve in one.curves]
    counts = [
        sum(len(curve.m_X) for curve in one.of(search))
        for one in found.values()
        for search in dict.fromkeys(curve.search for curve in one.curves)
    ]
    return len(curves), sum(counts), min(counts)


def worst_residual(found):
    return max(float(curve.residual.max()) for one in found.values() for curve in one.curves)


def marching_squares(scans):
    """Lines of ln r = 0 of every search of every scan, from arrays that are in memory."""
    return {
        name: {
            search: contourpy.contour_generator(
                np.log(one["m_X"]), np.log(one["g_X"]), np.maximum(one["log10_ratio"][i], -3.0).T
            ).lines(0.0)
            for i, search in enumerate(one["search"])
        }
        for name, one in scans.items()
    }


def errors(lines, found):
    """Distances in ln g_X of the vertices of marching squares from the nearest exact curve at their mass.

    Left out: searches with a window of lifetimes, whose curves turn back; steep parts; and what is
    within a cell of a cut, where marching squares has no edge to find.
    """
    cell = np.log(spec().m_X[1] / spec().m_X[0])
    distances = []
    for name, by_search in lines.items():
        for search, pieces in by_search.items():
            curves = found[name].of(search)
            if not pieces or not curves or not all(np.all(np.diff(one.m_X) > 0) for one in curves):
                continue
            points = np.concatenate(pieces)
            miss = np.full(len(points), np.inf)
            for one in curves:
                x, y = np.log(one.m_X), np.log(one.g_X)
                inside = (points[:, 0] > x[0] + cell) & (points[:, 0] < x[-1] - cell)
                steep = np.abs(np.interp(points[:, 0], x, np.clip(one.slope, -99, 99))) > STEEP
                here = np.abs(points[:, 1] - np.interp(points[:, 0], x, y))
                miss = np.where(inside & ~steep, np.minimum(miss, here), miss)
            distances.append(miss[np.isfinite(miss)])
    return np.concatenate(distances)


def bench_boundaries(benchmark):
    found = timed(benchmark, lambda: jaxtri.boundaries(spec()))
    curves, vertices, fewest = size(found)
    benchmark.extra_info |= {
        "curves": curves,
        "vertices": vertices,
        "fewest_vertices_of_a_search": fewest,
        "max_residual": worst_residual(found),
        "device": jax.devices()[0].device_kind,
    }
    assert worst_residual(found) < 1e-10
    assert fewest >= 500


def main():
    """Print the table of benchmarks/README.md."""
    start = time.perf_counter()
    found = jaxtri.boundaries(spec())
    cold = time.perf_counter() - start
    seconds = best_of(lambda: jaxtri.boundaries(spec()))
    scans = {one.name: compute(spec(), one) for one in spec().treatments}
    grid_seconds = best_of(lambda: [compute(spec(), one) for one in spec().treatments], repeats=2)
    lines = marching_squares(scans)
    squares = best_of(lambda: marching_squares(scans), repeats=1)
    miss = errors(lines, found)
    curves, vertices, fewest = size(found)
    device = jax.devices()[0].device_kind
    print(f"Boundaries of scans/figure_3.toml, 27 searches, 3 treatments, {device}\n")
    print("| | time [s] | error in ln g_X |\n|---|---|---|")
    print(
        f"| {curves} curves, {vertices} vertices (≥ {fewest} a search) | {seconds:.2f} warm, {cold:.1f} cold "
        f"| ≤ {worst_residual(found):.0e} (residual) |"
    )
    print(
        f"| marching squares, 1000 x 1000 | {squares:.2f}, and {grid_seconds:.1f} for the arrays "
        f"| median {np.median(miss):.0e}, 1 % beyond {np.quantile(miss, 0.99):.0e} |"
    )


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    main()
