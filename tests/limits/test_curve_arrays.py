"""Limit curves as arrays.  Oracle: SciPy's interpolator on the file, read by the csv module."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator

from jaxtri.limits.curve_arrays import curve_arrays
from jaxtri.limits.limit_curves import read_limit_curve
from jaxtri.numerics.interpolation import coordinate, row_at, value_at
from jaxtri.tables.reader import FOLDER
from published_curves import HOLES, SHIPPED, table

POINTS = 10_000
ROUNDING = 1e-12  # of ln(limit), about 20: some operations, and weights from differences of masses near 4 GeV


@functools.cache
def all_together():
    """Every shipped curve and a number, as one struct of arrays."""
    return curve_arrays([*(read_limit_curve(FOLDER / "curves" / f"{name}.csv") for name in SHIPPED), 3e-9])


@jax.jit
def at_points(arrays, m_X, log_tau):
    def one(m, v):
        row = row_at(arrays, m)
        return value_at(row, coordinate(row, v))

    return jax.vmap(one)(m_X, log_tau)


def found(position, m_X, log_tau):
    one = jax.tree.map(lambda leaf: leaf[position], all_together())
    return map(np.asarray, at_points(one, m_X, log_tau))


@pytest.mark.parametrize("name", SHIPPED)
def test_bilinear_and_masked_exactly_where_the_data_are(name):
    m, u, y, shift = table(name)
    random = np.random.default_rng(1)
    points = random.uniform([m[0], u[0]], [m[-1], u[-1]], (POINTS, 2))
    log_tau = np.log(np.maximum(np.exp(points[:, 1]) - shift, 0)) if shift else points[:, 1]
    value, known = found(SHIPPED.index(name), points[:, 0], log_tau)
    expected = RegularGridInterpolator((m, u), y)(points)
    for low, high in HOLES.get(name, []):
        expected[(points[:, 0] > low) & (points[:, 0] < high)] = np.nan
    np.testing.assert_array_equal(known, np.isfinite(expected))
    assert np.mean(known) > 0.4
    assert np.max(np.abs(value - expected)[known] / np.abs(expected[known])) < ROUNDING


def test_linear_in_the_limit_misses():  # so the test above is able to fail
    name = "lhcb_2017_bplus_kplus_mumu"
    m, u, y, _ = table(name)
    points = np.random.default_rng(1).uniform([1.0, u[2]], [2.9, u[-1]], (100, 2))
    value, _ = found(SHIPPED.index(name), *points.T)
    straight = RegularGridInterpolator((m, np.exp(u)), np.exp(y))
    linear = np.log(straight(np.stack([points[:, 0], np.exp(points[:, 1])], axis=1)))
    assert np.max(np.abs(value - linear)) > 1e-3


def test_beyond_the_ends():
    m = jnp.full(4, 0.2)
    outside = jnp.log(jnp.array([1e-3, 1.0, 1e6, 1e30]))
    for name, flags in {
        "na62_2025_kpi_invisible": [False, False, True, True],
        "microboone_2021_kpi_ee": [False, False, True, False],
    }.items():
        _, known = found(SHIPPED.index(name), m, outside)
        assert known.tolist() == flags
    lhcb = SHIPPED.index("lhcb_2015_b0_kstar0_mumu")
    value, known = found(lhcb, jnp.full(3, 1.754), jnp.log(jnp.array([1e-3, 1000.0, 1e5])))
    assert known.all()
    scaled = 3.5e-8 * (1 - np.exp(-1)) / (1 - np.exp(-1000.0 / 1e5))
    np.testing.assert_allclose(np.exp(value), [2.511e-9, 3.5e-8, scaled], rtol=1e-12)


def test_the_prompt_column_of_na62():
    position = SHIPPED.index("na62_2025_kpi_mumu")
    value, known = found(position, jnp.full(3, 0.218377), jnp.array([-jnp.inf, -30.0, np.log(100.0)]))
    assert known.all()
    np.testing.assert_allclose(np.exp(value), [4.040e-11, 4.040e-11, 5.246e-11], rtol=1e-12)


def test_a_number_holds_everywhere():
    value, known = found(
        len(SHIPPED), jnp.array([0.0, 1e-6, 50.0, 91.0]), jnp.array([-jnp.inf, 0.0, 9.0, jnp.inf])
    )
    assert known.all()
    np.testing.assert_allclose(value, np.log(3e-9))


def test_derivatives_are_finite_at_every_edge():
    def total(m, v):
        def one(arrays):
            row = row_at(arrays, m)
            return value_at(row, coordinate(row, v))[0]

        return jnp.sum(jax.vmap(one)(all_together()))

    masses = [
        0.0,
        0.0001,
        0.109737,
        0.12,
        0.151111,
        0.154444,
        0.214,
        0.380267,
        0.4,
        2.912,
        3.0,
        4.3704,
        4.7736,
        90.0,
    ]
    places = [-np.inf, -40.0, np.log(0.1), np.log(100.0), np.log(1000.0), 12.0, 60.0, np.inf]
    pairs = np.array(np.meshgrid(masses, places)).reshape(2, -1)
    slopes = jax.jit(jax.vmap(jax.grad(total, argnums=(0, 1))))(*pairs)
    assert np.all(np.isfinite(slopes))
    assert np.max(np.abs(slopes)) > 1
