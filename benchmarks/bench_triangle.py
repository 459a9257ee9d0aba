"""Eq. (3) by quadrature: time and error a point, the arithmetic floor, and rivals.

Oracles: tests/reference/triangle.json (q² = 0) and triangle_general.npz, both in multiple precision.  As a
script it pins itself to one core, measures jaxtri beside everything in `triangle_rivals` in one run, and
prints the tables of benchmarks/README.md:

    python benchmarks/bench_triangle.py [--pysecdec FOLDER]

Shared libraries of LoopTools, COLLIER, QCDLoop or OneLOop join when TRIANGLE_LOOPTOOLS, ... name them.
"""

import argparse
import functools
import os
import statistics
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import triangle_rivals
from jaxtri import decoupling_factor, triangle_integral
from jaxtri.physics.triangle import massless_leg
from timing import best_of
from triangle_convergence import GENERAL, RECORDS, contour_error, heavy_error, relative, three_leg_points

MASSES = (5.11e-4, 0.10566, 1.777, 2.16e-3, 4.7e-3, 0.0929, 1.273, 4.186, 172.6)  # GeV
M_Z = 91.1879  # GeV
REGIMES = ("decay", "random", "light", "spacelike")  # of the reference at q² = 0
BATCH = 16_384  # points a call of what takes arrays
BUDGET = 2.0  # s for a rival and a kind of points
FAILED = 1e-8  # a larger relative error is a failure


def massless_points():
    """Invariants (3, n), masses and exact I00 of the reference at q² = 0."""
    chosen = [one for one in RECORDS if one["I00"] and one["regime"] in REGIMES]
    p2, k2, m = (np.array([one[name] for one in chosen]) for name in ("p2", "k2", "m"))
    return np.stack([p2, np.zeros_like(p2), k2]), m, np.array([complex(*one["I00"]) for one in chosen])


KINDS = {  # name: source, and which of its points
    "q² = 0, heavy fermion": (massless_points, lambda s, m: np.abs(s).max(0) < m**2),
    "q² = 0, below threshold": (
        massless_points,
        lambda s, m: (s.max(0) > 4 * m**2) & (s.max(0) < 1e6 * m**2),
    ),
    "q² = 0, light fermion": (massless_points, lambda s, m: s.max(0) > 1e6 * m**2),
    "heavy fermion": (functools.partial(three_leg_points, "mild"), lambda s, m: np.abs(s).max(0) < m**2),
    "below threshold": (functools.partial(three_leg_points, "mild"), lambda s, m: s.max(0) > 4 * m**2),
    "spacelike": (functools.partial(three_leg_points, "mild"), lambda s, m: s.max(0) < 0),
    "light fermion": (functools.partial(three_leg_points, "tiny_mass"), lambda s, m: m > 0),
    "q² → 0, k² → p²": (functools.partial(three_leg_points, "soft"), lambda s, m: m > 0),
    "24 decades at random": (functools.partial(three_leg_points, "random"), lambda s, m: m > 0),
}


def points(kind):
    """Invariants, mass and exact I00 of up to 40 points of a kind."""
    source, keep = KINDS[kind]
    legs, m, exact = source()
    chosen = np.flatnonzero(keep(legs, m))
    chosen = chosen[:: max(1, len(chosen) // 40)][:40]
    return (*legs[:, chosen], m[chosen]), exact[chosen]


def seconds_a_call(run, *arguments):
    """Best of several, after a first call that compiles."""
    jax.block_until_ready(run(*arguments))
    return best_of(lambda: run(*arguments), repeats=15)


def of_jaxtri(kind):
    """Seconds a point and errors of the public function, in a batch."""
    arguments, exact = points(kind)
    many = [np.resize(v, BATCH) for v in arguments]
    if kind.startswith("q² = 0"):
        run = jax.jit(lambda p2, q2, k2, m: triangle_integral(p2, 0.0, k2, m))
    else:
        run = jax.jit(triangle_integral)
    return seconds_a_call(run, *many) / BATCH, relative(run(*arguments), exact), len(exact)


def of_rival(rival, kind):
    """Seconds a point, errors, and how many points its time allowed."""
    arguments, exact = points(kind)
    if rival.vectorised:
        size = BATCH if rival.name.startswith("NumPy") else len(exact)
        many = [np.resize(v, size) for v in arguments]
        rival.evaluate(*many)  # compiles
        start = time.perf_counter()
        values = rival.evaluate(*many)[: len(exact)]
        return (time.perf_counter() - start) / size, relative(values, exact), len(exact)
    times, values = [], []
    for point in zip(*(v.tolist() for v in arguments), strict=True):
        start = time.perf_counter()
        values.append(rival.evaluate(*point))
        times.append(time.perf_counter() - start)
        if sum(times) > BUDGET:
            break
    return statistics.median(times), relative(values, exact[: len(values)]), len(values)


def cell(seconds, errors, count):
    """Time, worst error of what did not fail, failures."""
    unit, scale = next(
        (u, s) for u, s in (("s", 1), ("ms", 1e3), ("µs", 1e6), ("ns", 1e9)) if seconds * s >= 1
    )
    good = errors[errors < FAILED]
    worst = f"{good.max():.0e}" if len(good) else "–"
    failed = count - len(good)
    return f"{seconds * scale:.3g} {unit}, {worst}" + (f", **{failed} of {count} fail**" if failed else "")


def side_by_side(folder=None):
    """The table of jaxtri and its rivals."""
    available = [one for one in triangle_rivals.rivals(folder) if one.available() is None]
    names = [f"{one.name} {one.version}" for one in available]
    lines = [f"| time, worst error | jaxtri | {' | '.join(names)} |", "|---|---|" + "---|" * len(names)]
    for kind in KINDS:
        row = [cell(*of_jaxtri(kind))]
        for rival in available:
            fits = rival.any_q2 or kind.startswith("q² = 0")
            row.append(cell(*of_rival(rival, kind)) if fits else "–")
        lines.append(f"| {kind} | {' | '.join(row)} |")
    return "\n".join(lines)


def peak_flops():
    """Operations a second that XLA reaches where nothing waits: independent chains of multiply-adds."""
    chains, steps, x = 10, 40, jnp.linspace(0.0, 1.0, 2048)

    def body(x):
        values = [x + n for n in range(chains)]
        for _ in range(steps):
            values = [v * x + 0.5 for v in values]
        return sum(values)

    return 2 * chains * steps * x.size / seconds_a_call(jax.jit(body), x)


def floor(run, size, flops):
    """Arithmetic floor of a compiled kernel in seconds a point: its operations over the measured peak."""
    cost = run.cost_analysis()
    return cost["flops"] / size / flops


def nested(order):
    """J of the decays of the Z at q² = 0 over masses of X and fermions; ``order`` names the outer axis."""
    m_X, masses = jnp.geomspace(1e-3, 90.0, 2000), jnp.array(MASSES)
    at = lambda m_X, m: decoupling_factor(M_Z**2, 0.0, m_X**2, m)  # noqa: E731
    if order == "fermion":
        return jax.vmap(lambda m: jax.vmap(lambda x: at(x, m))(m_X)), masses
    return jax.vmap(lambda x: jax.vmap(lambda m: at(x, m))(masses)), m_X


def speed():
    """The table of kernels: time a point, its floor and the fraction reached."""
    flops = peak_flops()
    size = 2000 * len(MASSES)
    m_X = jnp.geomspace(1e-3, 90.0, 2000)
    closed = lambda m: jax.vmap(  # noqa: E731
        lambda x: massless_leg.contour_rule(jnp.asarray(M_Z**2), x**2, m)
    )(m_X)
    everywhere = [jnp.asarray(GENERAL[n][GENERAL["regime"] == "random"]) for n in ("p2", "q2", "k2", "m")]
    kernels = {
        "1 − 2m²I₀₀, q² = 0, fermions × masses of X": (*nested("fermion"), size),
        "the same, masses of X × fermions": (*nested("X"), size),
        "yardstick: its closed form alone, 2m²I₀₀": (jax.vmap(closed), jnp.array(MASSES), size),
        "I₀₀, any three legs, 24 decades": (triangle_integral, everywhere, 10_000),
    }
    lines = ["| kernel, one core | time a point | floor | reached |", "|---|---|---|---|"]
    for name, (function, arguments, count) in kernels.items():
        arguments = arguments if isinstance(arguments, list) else [arguments]
        run = jax.jit(function).lower(*arguments).compile()
        seconds, least = seconds_a_call(run, *arguments) / count, floor(run, count, flops)
        lines.append(f"| {name} | {1e9 * seconds:.0f} ns | {1e9 * least:.1f} ns | {least / seconds:.0%} |")
    note = f"Peak {flops / 1e9:.0f} Gflop/s a core ({device()}); the floor counts flops alone."
    return "\n".join([*lines, "", note])


@pytest.mark.parametrize("order", [3, 4, 6])
def bench_heavy_rule(benchmark, order):
    tau = jnp.geomspace(1e-6, 0.09, 10_000)
    rule = functools.partial(massless_leg.heavy_rule, order=order)
    run = jax.jit(rule).lower(tau, tau / 2).compile()
    benchmark(lambda: jax.block_until_ready(run(tau, tau / 2)))
    benchmark.extra_info |= {"size": tau.size, "max_rel_error": heavy_error(order), "device": device()}


@pytest.mark.parametrize("order", ["fermion", "X"])
def bench_decoupling_factor(benchmark, order):
    function, axis = nested(order)
    run = jax.jit(function).lower(axis).compile()
    benchmark(lambda: jax.block_until_ready(run(axis)))
    worst = max(contour_error(1), heavy_error(massless_leg.HEAVY_ORDER))
    benchmark.extra_info |= {"size": 2000 * len(MASSES), "max_rel_error": worst, "device": device()}


def bench_three_legs(benchmark):
    here = GENERAL["regime"] == "random"
    arguments = [jnp.asarray(GENERAL[n][here]) for n in ("p2", "q2", "k2", "m")]
    run = jax.jit(triangle_integral).lower(*arguments).compile()
    value = benchmark(lambda: jax.block_until_ready(run(*arguments)))
    worst = float(np.max(relative(value, GENERAL["I00"][here])))
    benchmark.extra_info |= {"size": int(here.sum()), "max_rel_error": worst, "device": device()}


def bench_compilation(benchmark):
    """Trace and compile the value with three legs."""
    arguments = [jnp.ones(16)] * 4
    benchmark(lambda: jax.jit(lambda *v: triangle_integral(*v)).lower(*arguments).compile())
    benchmark.extra_info |= {"size": 16, "device": device()}


def device():
    return jax.devices()[0].device_kind


def main():
    """Measure on one core, print the tables."""
    parser = argparse.ArgumentParser(description="Triangle integral: time, error, rivals.")
    parser.add_argument("--pysecdec", metavar="FOLDER", help="build and measure pySecDec there")
    folder = parser.parse_args().pysecdec
    if hasattr(os, "sched_setaffinity"):  # before JAX starts its threads
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(speed())
    print()
    print(side_by_side(folder))


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    main()
