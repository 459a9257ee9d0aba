"""ln r of searches with limit curves.  Oracle: SciPy's interpolator on the file, read by the csv module."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator

from jaxtri import load_searches, load_standard_model
from jaxtri.limits.signal import log_ratio, mass_point
from jaxtri.tables.schema import CHANNEL_NAMES
from published_curves import HOLES, SHIPPED, table

POINTS = 10_000
ROUNDING = 1e-12  # of ln r, absolute: logarithms up to 60, and weights from differences of masses near 4 GeV
MISS = 1e-4
SLOPE = 1e-9  # of a difference over 0.2 of a cell, in which ln r is linear: rounding alone
STEP = 0.1  # of a cell, on either side
HBAR = 6.582119569e-25  # GeV s
RATE, VISIBLE = 1e-3, (0.5, 0.5, 0.0, 0.0, 0.0)  # made up; an X without neutrinos


@functools.cache
def searches():
    return load_searches("2026", only=SHIPPED)


@jax.jit
def at_points(one, sm, m_X, log_tau_ps, log_g):
    """Ln r of one search, and its slopes in m_X and ln g_X at a fixed lifetime at g_X = 1."""

    def ratio(m, log_tau, u):
        width = HBAR / (jnp.exp(log_tau) * 1e-12)
        found = mass_point(sm, one, m, jnp.full(len(CHANNEL_NAMES), RATE), (jnp.array(VISIBLE), width))
        return log_ratio(jax.tree.map(lambda leaf: leaf[0], found.searches), u)

    first = log_tau_ps + 2 * log_g  # at g_X = 1
    return jax.vmap(jax.value_and_grad(ratio, (0, 2)))(m_X, first, log_g)


def computed(name, m_X, log_tau_ps, log_g):
    position = [label.name for label in searches().labels].index(name)
    one = jax.tree.map(lambda leaf: leaf[position : position + 1], searches().unlabelled())
    value, slopes = at_points(one, load_standard_model(), m_X, log_tau_ps, log_g)
    return np.asarray(value), *map(np.asarray, slopes)


def signal(name):
    """Ln of production and decay at g_X = 1: electrons and muons have half each, and neither is seen here."""
    return np.log(RATE) + (0.0 if "invisible" in name else np.log(0.5))


def random_points(name, m, u, shift):
    """Masses, lifetimes and couplings anywhere in a table."""
    random = np.random.default_rng(7)
    points = random.uniform([m[0], u[0]], [m[-1], u[-1]], (POINTS, 2))
    log_tau = np.log(np.exp(points[:, 1]) - shift) if shift else points[:, 1]
    return points, log_tau, random.uniform(np.log(1e-8), np.log(1e-1), POINTS)


def expected(name, points, log_g):
    m, u, y, _ = table(name)
    limit = RegularGridInterpolator((m, u), y)(points)
    for low, high in HOLES.get(name, []):
        limit[(points[:, 0] > low) & (points[:, 0] < high)] = np.nan
    return signal(name) + 2 * log_g - limit


@pytest.mark.parametrize("name", SHIPPED)
def test_ratios_are_bilinear_and_masked_exactly_where_the_data_are(name):
    m, u, _, shift = table(name)
    points, log_tau, log_g = random_points(name, m, u, shift)
    value, *slopes = computed(name, points[:, 0], log_tau, log_g)
    oracle = expected(name, points, log_g)
    known = np.isfinite(oracle)
    np.testing.assert_array_equal(np.isfinite(value), known)
    assert np.all(value[~known] == -np.inf)
    assert np.mean(known) > 0.4
    assert np.max(np.abs(value - oracle)[known]) < ROUNDING
    moved = expected(name, np.stack([points[:, 0], np.roll(points[:, 1], 1)], axis=1), log_g)
    assert np.nanmax(np.abs(value - moved)[known]) > MISS  # another lifetime misses
    assert all(np.all(np.isfinite(slope)) for slope in slopes)


@pytest.mark.parametrize("name", SHIPPED)
def test_slopes_are_differences_inside_cells(name):
    m, u, y, shift = table(name)
    random = np.random.default_rng(8)
    whole = np.isfinite(y[1:, 1:] + y[1:, :-1] + y[:-1, 1:] + y[:-1, :-1])
    for low, high in HOLES.get(name, []):
        whole[(m[:-1] < high) & (m[1:] > low)] = False
    cells = np.argwhere(whole)
    i, k = cells[random.integers(len(cells), size=300)].T
    inside = random.uniform(0.2, 0.8, (2, 300))
    d_m, d_u = np.diff(m)[i], np.diff(u)[k]
    at = m[i] + inside[0] * d_m, u[k] + inside[1] * d_u
    log_g = np.full(300, np.log(1e-4))

    def tau(u):
        return np.log(np.exp(u) - shift) if shift else u

    _, in_m, in_g = computed(name, at[0], tau(at[1]), log_g)
    sides = [computed(name, at[0] + sign * STEP * d_m, tau(at[1]), log_g)[0] for sign in (1, -1)]
    np.testing.assert_allclose(in_m * d_m, (sides[0] - sides[1]) / (2 * STEP), atol=SLOPE)
    # at a fixed lifetime at g_X = 1, ln tau = const - 2 ln g_X
    first = tau(at[1]) + 2 * log_g
    step = 1e-3 * d_u
    up, down = (
        computed(name, at[0], first - 2 * (log_g + sign * step), log_g + sign * step)[0] for sign in (1, -1)
    )
    rtol = (
        1e-6 if shift else 1e-8
    )  # with a shift ln r is curved in ln tau: third derivative of the difference
    np.testing.assert_allclose(in_g, (up - down) / (2 * step), rtol=rtol, atol=1e-8)
    assert np.max(np.abs(in_m * d_m)) > MISS
    assert np.max(np.abs(in_g - 2)) > MISS
