"""Couplings at which a recast signal equals a limit: prompt windows, beam dumps, level sets.

Oracles: brentq of scipy on the signals themselves, as functions of the lifetime; rows made up by hand.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq

from jaxtri.limits.recast_roots import (
    dump_edges,
    dump_lifetimes,
    dump_peak,
    dump_signal,
    level_intervals,
    prompt_coupling,
    prompt_time,
)

SOLVED = 1e-12  # in ln s: both methods find a root to rounding
NEAR_TIP = 1e-7  # in ln s: next to the tip a root is as uncertain as the square root of rounding
edges_of = jax.jit(dump_edges)
slopes_of = jax.jit(jax.jacrev(lambda goal, a, peak: jnp.stack(dump_edges(goal, a, peak)[:2])))
prompt = jax.jit(jax.value_and_grad(prompt_coupling))
intervals_of = jax.jit(level_intervals, static_argnums=3)
GEOMETRIES = (0.0032, 0.02, 0.36, 1.1, 2.2, 6.7, 290.0)  # L_decay / L_shield of the shipped searches


def signal(s, a):
    """Decays between the ends of a decay volume, up to a factor: production times e^-s - e^-(1+a)s."""
    return s * np.exp(-s) * -np.expm1(-a * s)


@pytest.mark.parametrize("a", GEOMETRIES)
@pytest.mark.parametrize("depth", [1e-12, 1e-6, 0.01, 0.5, 3.0, 30.0])
def test_both_edges_of_a_dump(a, depth):
    """Depth: by how much ln of the goal is below the tip."""
    peak = dump_peak(np.array([a]))[0]
    top = brentq(lambda s: 1 - s + a * s / np.expm1(a * s), 1.0, 2.0, xtol=1e-15)
    np.testing.assert_allclose(peak, top, SOLVED)
    goal = np.log(signal(top, a)) - depth
    low, high, exists = edges_of(goal, a, peak)
    assert exists
    for found, ends in ((low, (1e-20, top)), (high, (top, 200.0))):
        expected = np.log(brentq(lambda s: np.log(signal(s, a)) - goal, *ends, xtol=1e-300, rtol=1e-14))
        assert abs(found - expected) < (SOLVED if depth > 1e-4 else NEAR_TIP / np.sqrt(depth) * 1e-3)
    assert low < np.log(top) < high


@pytest.mark.parametrize("a", GEOMETRIES)
def test_nothing_beyond_the_tip(a):
    peak = dump_peak(np.array([a]))[0]
    for above in (1e-12, 1e-3, 10.0):
        goal = np.log(signal(peak, a)) + above
        low, high, exists = edges_of(goal, a, peak)
        assert not exists
        assert low == high == 0
        assert np.all(slopes_of(goal, a, peak) == 0)


def test_edges_move_as_the_implicit_function():
    a = 2.2
    peak = dump_peak(np.array([a]))[0]
    tip = np.log(signal(peak, a))
    for depth in (1e-6, 0.1, 20.0):
        for side in (0, 1):
            u, slope = (f(tip - depth, a, peak)[side] for f in (edges_of, slopes_of))
            np.testing.assert_allclose(slope, 1 / dump_signal(u, a)[1], 1e-6)
            step = 1e-3 * depth
            far, near = (edges_of(tip - depth + move, a, peak)[side] for move in (step, -step))
            np.testing.assert_allclose(slope, (far - near) / (2 * step), 1e-5)
            assert np.isfinite(slope)
    assert np.all(slopes_of(tip, a, peak) == 0)  # at the tip itself: masked, not infinite


@pytest.mark.parametrize("a", GEOMETRIES)
def test_lifetime_on_the_lower_edge_gives_equal_signals(a):
    ratio = np.array([1.0001, 1.5, 10.0, 1e3, 1e8])
    y = dump_lifetimes(ratio, np.full(5, a))
    np.testing.assert_allclose(np.log(signal(y, a)), np.log(signal(ratio * y, a)), rtol=0, atol=1e-7)
    np.testing.assert_allclose(dump_lifetimes(np.array([1.0]), np.array([a])), dump_peak(np.array([a])))
    assert np.any(np.abs(np.log(signal(1.01 * y, a) / signal(1.01 * ratio * y, a))) > 1e-3)  # not any y does


@pytest.mark.parametrize("goal", [-300.0, -40.0, -3.0, -0.1, 0.0, 0.3, 2.0, 40.0, 300.0])
def test_prompt_window(goal):
    def logs(u):
        z = np.exp(min(u, 600.0))
        return u + np.log(-np.expm1(-z)) - goal

    expected = brentq(logs, min(goal, goal / 2) - 1, max(goal, goal / 2) + 2, xtol=1e-13)
    u, slope = prompt(goal)
    np.testing.assert_allclose(u, expected, SOLVED, atol=SOLVED)
    z = np.exp(min(expected, 600.0))
    np.testing.assert_allclose(slope, 1 / (1 + z / np.expm1(min(z, 700.0))), 1e-9)
    if -3 <= goal <= 1:
        assert abs(expected - goal) > 0.1  # a search that counts every decay would have u = goal


LOG_TAU = np.arange(7.0)


@pytest.mark.parametrize(
    ("row", "level", "expected"),
    [
        ([3, 1, -1, -1, 1, 3, 4], 0.0, [(1.5, 3.5)]),
        ([3, 1, -1, 1, -1, 1, 3], 0.0, [(1.5, 2.5), (3.5, 4.5)]),
        ([3, 1, -1, -1, 1, 3, 4], -2.0, []),
        ([-1, 1, 1, 1, 1, 1, -1], 0.0, [(0.0, 0.5), (5.5, 6.0)]),
        ([np.nan, np.nan, -1, 1, 1, np.nan, np.nan], 0.0, [(2.0, 2.5)]),
        ([np.nan, 1, -1, np.nan, np.nan, np.nan, np.nan], 0.0, [(1.5, 2.0)]),
        ([1, 1, 1, 1, 1, 1, 1], 1.0, []),
    ],
)
def test_level_intervals(row, level, expected):
    row = np.array(row, dtype=float)
    low, high, exists = intervals_of(LOG_TAU, row, level, 3)
    found = [(a, b) for a, b, here in zip(low, high, exists, strict=True) if here]
    np.testing.assert_allclose(np.reshape(found, (-1, 2)), np.reshape(expected, (-1, 2)))
    assert np.all(
        np.isfinite(jax.jacrev(lambda c: level_intervals(LOG_TAU, row, c, 3)[0])(jnp.asarray(level)))
    )


def test_intervals_follow_their_level():
    """The slope d ln tau / d level on a straight piece is one over its slope."""
    row = np.array([3, 1, -1, -1, 1, 3, 4], dtype=float)
    slopes = [jax.jacrev(lambda c, k=k: level_intervals(LOG_TAU, row, c, 1)[k][0])(0.2) for k in (0, 1)]
    np.testing.assert_allclose(slopes, [-0.5, 0.5])


def test_prompt_times(sm):
    """By hand: t = L / (beta gamma c), and the steps of CMS and LHCb."""
    c, m_phi, m_eta = 299792458.0, 1.019461, 0.547862
    m = np.array([0.1, 0.4])
    for window, m_other in (("kloe_photon", 0.0), ("kloe_eta", m_eta)):
        E = (m_phi**2 + m**2 - m_other**2) / (2 * m_phi)
        expected = 0.08 / (np.sqrt(E**2 - m**2) / m * c)
        np.testing.assert_allclose(prompt_time(sm, window, m, 0.08, None), expected, 1e-12)
    expected = 1.0 * m / (np.sqrt(50.0**2 - m**2) * c)
    np.testing.assert_allclose(prompt_time(sm, "fixed_energy", m, 1.0, 50.0), expected, 1e-12)
    np.testing.assert_allclose(prompt_time(sm, "cms", np.array([50.0, 150.0]), None, None), [5e-12, 1.02e-11])
    assert np.isinf(prompt_time(sm, "cms", np.array([20.0]), None, None)).all()
    assert np.isinf(prompt_time(sm, "none", m, None, None)).all()
    above = 2 * 0.1056583755 + 0.04
    np.testing.assert_allclose(prompt_time(sm, "lhcb", np.array([above]), None, None), 1.1e-12, 1e-9)
