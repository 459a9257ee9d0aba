"""Relic density: lines of Omega h^2 and a plane, with their errors beside.

Run it as a script for a table; pytest runs each part once, and times it with --benchmark-enable.  The error
of a line is that against a solution with three times the steps and twice the nodes; that of a plane, which is
interpolated in ln g_X, against pairs computed one by one, where Omega h^2 is between 1e-3 and 1e3.
"""

import functools
import time

import jax
import numpy as np
import pytest

import jaxtri
from jaxtri.physics.relic import freeze_out, relic_lines
from timing import best_of, timed

MASSES = np.geomspace(1e-3, 0.1, 200)  # GeV
PLANE = np.geomspace(1e-3, 0.1, 300), np.geomspace(1e-9, 1.0, 300)
CHOSEN = 23  # every so many masses and couplings of the plane are compared
TEMPERATURES = ("common", "neutrino_bath")


@functools.cache
def records(temperature):
    chi = jaxtri.load_dark_matter({"m_chi": 0.005, "x_N": 5, "temperature": temperature})
    return jaxtri.load_standard_model(), jaxtri.load_model("b3_minus_l2"), chi


def line(temperature):
    return jaxtri.relic_couplings(*records(temperature), MASSES)


def plane(temperature):
    m_X, g_X = PLANE
    return jaxtri.omega_h2(*records(temperature), m_X[:, None], g_X)


def error_of_line(temperature, found):
    """Largest relative error of g_X at every 20th mass."""
    known = freeze_out.STEPS, relic_lines.ORDER
    freeze_out.STEPS, relic_lines.ORDER = (240, 480), 48
    jax.clear_caches()
    try:
        better = jaxtri.relic_couplings(*records(temperature), MASSES[::20])
    finally:
        freeze_out.STEPS, relic_lines.ORDER = known
        jax.clear_caches()
    return float(np.max(np.abs(np.asarray(found)[::20] / np.asarray(better) - 1)))


def error_of_plane(temperature, found):
    """Largest relative error of Omega h^2 at some points."""
    m_X, g_X = (one[::CHOSEN] for one in PLANE)
    pairs = [one.ravel() for one in np.meshgrid(m_X, g_X, indexing="ij")]
    known = np.asarray(jaxtri.omega_h2(*records(temperature), *pairs))
    counts = (known > 1e-3) & (known < 1e3)
    some = np.asarray(found)[::CHOSEN, ::CHOSEN].ravel()
    return float(np.max(np.abs(some / known - 1)[counts]))


@pytest.mark.parametrize("temperature", TEMPERATURES)
def bench_line(benchmark, temperature):
    found = timed(benchmark, lambda: line(temperature))
    benchmark.extra_info |= {
        "masses": len(MASSES),
        "max_rel_error": error_of_line(temperature, found),
        "device": jax.devices()[0].device_kind,
    }
    assert benchmark.extra_info["max_rel_error"] < 1e-4


@pytest.mark.parametrize("temperature", TEMPERATURES)
def bench_plane(benchmark, temperature):
    found = timed(benchmark, lambda: plane(temperature))
    benchmark.extra_info |= {
        "cells": found.size,
        "max_rel_error": error_of_plane(temperature, found),
        "device": jax.devices()[0].device_kind,
    }
    assert benchmark.extra_info["max_rel_error"] < 1e-2


def main():
    """Print the table of benchmarks/README.md."""
    device = jax.devices()[0].device_kind
    print(f"U(1)_{{B3-L2}}, m_chi = 5 MeV, x_N = 5, {device}\n")
    print("| | temperature | warm [s] | cold [s] | largest relative error |\n|---|---|---|---|---|")
    for temperature in TEMPERATURES:
        for name, made, error, what in (
            (f"line, {len(MASSES)} masses", line, error_of_line, "g_X"),
            (f"plane, {len(PLANE[0])} × {len(PLANE[1])}", plane, error_of_plane, "Ωh²"),
        ):
            start = time.perf_counter()
            jax.block_until_ready(made(temperature))
            cold = time.perf_counter() - start
            warm = best_of(lambda made=made, temperature=temperature: made(temperature), repeats=3)
            miss = error(temperature, made(temperature))
            print(f"| {name} | `{temperature}` | {warm:.2f} | {cold:.0f} | {miss:.0e} ({what}) |", flush=True)


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    main()
