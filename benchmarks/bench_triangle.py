"""Eq. (3) by quadrature: error against nodes, and time a point.

Where the quadrature does work: the undeformed rule, which never converges below threshold, and the
direct rule for a heavy fermion.  Oracle: the 60-digit table tests/reference/triangle.json.  Run it as
a script to draw triangle_convergence.pdf and .png beside this file.
"""

import functools
import json
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxtri import figure
from jaxtri.physics.triangle import decoupling_factor
from jaxtri.physics.triangle_rules import contour_rule, heavy_rule, undeformed_rule

HERE = Path(__file__).parent
RECORDS = json.loads((HERE.parent / "tests" / "reference" / "triangle.json").read_text())["records"]
ORDERS = (1, 2, 3, 4, 6, 8, 10, 12, 16, 24, 32, 48, 64, 96, 128)


def records(regime, keep=lambda record: True):
    chosen = [one for one in RECORDS if one["regime"] == regime and keep(one)]
    return tuple(jnp.array([one[key] for one in chosen]) for key in ("p2", "k2", "m")), chosen


def undeformed_error(order, below):
    """Worst relative error of I00 on the real square: above all thresholds, or below one."""
    (p2, k2, m), chosen = records("decay", lambda one: (4 * one["m"] ** 2 < one["p2"]) == below)
    value = np.asarray(undeformed_rule(p2, k2, m, order=order))
    truth = np.array([complex(*one["I00"]) for one in chosen])
    return float(np.max(np.abs(value / truth - 1)))


def contour_error(order):
    """Worst relative error of 2 m^2 I00 on the deformed contour, every decay point below threshold."""
    (p2, k2, m), chosen = records("decay", lambda one: 4 * one["m"] ** 2 < one["p2"])
    re, im = contour_rule(p2, k2, m, order=order)
    truth = np.array([2 * one["m"] ** 2 * complex(*one["I00"]) for one in chosen])
    return float(np.max(np.abs((np.asarray(re) + 1j * np.asarray(im)) / truth - 1)))


def heavy_error(order):
    """Worst relative error of 1 - 2 m^2 I00 for heavy fermions."""
    (p2, k2, m), chosen = records("heavy", lambda one: one["p2"] < one["m"] ** 2)
    value = np.asarray(heavy_rule(p2 / (4 * m**2), k2 / (4 * m**2), order=order))
    return float(np.max(np.abs(value / np.array([one["J"][0] for one in chosen]) - 1)))


@pytest.mark.parametrize("order", [4, 6, 8, 10])
def bench_heavy_rule(benchmark, order):
    tau = jnp.geomspace(1e-6, 0.24, 10_000)
    run = jax.jit(functools.partial(heavy_rule, order=order)).lower(tau, tau / 2).compile()
    benchmark(lambda: jax.block_until_ready(run(tau, tau / 2)))
    benchmark.extra_info |= {
        "size": tau.size,
        "max_rel_error": heavy_error(order),
        "device": jax.devices()[0].device_kind,
    }


def bench_decoupling_factor(benchmark):
    m_X = jnp.geomspace(1e-3, 90.0, 1000)
    masses = jnp.array([5.11e-4, 0.10566, 1.777, 2.16e-3, 4.7e-3, 0.0929, 1.273, 4.186, 172.6])
    nested = jax.vmap(lambda x: jax.vmap(lambda m: decoupling_factor(91.1879**2, 0.0, x**2, m))(masses))
    run = jax.jit(nested).lower(m_X).compile()
    benchmark(lambda: jax.block_until_ready(run(m_X)))
    benchmark.extra_info |= {"size": 9000, "device": jax.devices()[0].device_kind}


def main():
    """Draw error against nodes, and print the time a point."""
    orders = np.array(ORDERS)
    curves = {
        "real square, below threshold: never converges": [undeformed_error(n, True) for n in ORDERS],
        "real square, top quark": [undeformed_error(n, False) for n in ORDERS],
        "deformed contour, below threshold: exact": [contour_error(n) for n in ORDERS[:12]],
        "heavy fermion, 1 − 2m²I₀₀ directly": [heavy_error(n) for n in ORDERS[:12]],
    }
    drawn = figure.draw_errors(
        {name: (orders[: len(error)], np.maximum(error, 1e-17)) for name, error in curves.items()},
        title="Triangle integral, Eq. (3), q² = 0: error against nodes",
    )
    for path in figure.save(drawn, HERE / "triangle_convergence"):
        print("wrote", path.name)
    m_X = jnp.geomspace(1e-3, 90.0, 1000)
    masses = jnp.array([5.11e-4, 0.10566, 1.777, 2.16e-3, 4.7e-3, 0.0929, 1.273, 4.186, 172.6])
    run = jax.jit(jax.vmap(lambda x: jax.vmap(lambda m: decoupling_factor(91.1879**2, 0.0, x**2, m))(masses)))
    jax.block_until_ready(run(m_X))
    start = time.perf_counter()
    for _ in range(20):
        jax.block_until_ready(run(m_X))
    seconds = (time.perf_counter() - start) / 20 / 9000
    print(f"decoupling factor, 1000 masses x 9 fermions: {1e9 * seconds:.0f} ns a point")


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    main()
