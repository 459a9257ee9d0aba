"""Tables of y(x, u).  Oracles: SciPy's interpolator, mpmath for the saturating end, central differences."""

import dataclasses

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator

from jaxtri.numerics.interpolation import (
    CONSTANT,
    MASKED,
    SATURATING,
    coordinate,
    row_at,
    tables_of,
    value_at,
)

ROUNDING = 1e-12  # relative to |y| + 1: a dozen operations on numbers of order 10, differences of u above 0.1
STEP = 1e-6  # of central differences; their error is that of rounding, 1e-16 / 1e-6 * |y|
SLOPE = 1e-7
POINTS = 10_000


def made_up(seed, M, T):
    """One table without holes: uneven x and u, values like logarithms of limits."""
    random = np.random.default_rng(seed)
    x = np.cumsum(random.uniform(0.05, 0.3, M))
    u = np.cumsum(random.uniform(0.1, 1.5, T)) - 3
    return x, u, random.uniform(-25, -15, (M, T))


def known_of(y, holes=()):
    finite = np.isfinite(y)
    known = finite[:-1] & finite[1:]
    for step in holes:
        known[step] = False
    return known


def tables(*some, below=CONSTANT, above=CONSTANT, shift=0.0, holes=()):
    n = len(some)
    quadruples = [(x, u, y, known_of(y, holes)) for x, u, y in some]
    return tables_of(quadruples, below=[below] * n, above=[above] * n, shift=[shift] * n)


def at(table, x, u):
    return value_at(row_at(table, x), u)


over_points = jax.jit(jax.vmap(at, in_axes=(None, 0, 0)))


def one_of(stacked, i=0):
    return jax.tree.map(lambda leaf: leaf[i], stacked)


def test_bilinear_at_ten_thousand_points():
    x, u, y = made_up(1, 40, 12)
    random = np.random.default_rng(2)
    points = np.stack([random.uniform(x[0], x[-1], POINTS), random.uniform(u[0], u[-1], POINTS)], axis=1)
    value, known = over_points(one_of(tables((x, u, y))), *points.T)
    expected = RegularGridInterpolator((x, u), y)(points)
    assert np.all(known)
    assert np.max(np.abs(value - expected) / (1 + np.abs(expected))) < ROUNDING


def test_nearest_points_miss():  # so the test above is able to fail
    x, u, y = made_up(1, 40, 12)
    points = np.random.default_rng(2).uniform([x[0], u[0]], [x[-1], u[-1]], (100, 2))
    value, _ = over_points(one_of(tables((x, u, y))), *points.T)
    nearest = RegularGridInterpolator((x, u), y, method="nearest")(points)
    assert np.max(np.abs(value - nearest)) > 1


def test_exact_on_points_and_at_both_ends():
    x, u, y = made_up(3, 9, 5)
    grid = np.stack(np.meshgrid(x, u, indexing="ij"), axis=-1).reshape(-1, 2)
    value, known = over_points(one_of(tables((x, u, y))), *grid.T)
    assert np.all(known)
    np.testing.assert_array_equal(value, y.ravel())


def test_padding_changes_nothing():
    small, large = made_up(4, 4, 3), made_up(5, 30, 11)
    alone, both = tables(small), tables(large, small)
    random = np.random.default_rng(6)
    x = random.uniform(small[0][0] - 1, small[0][-1] + 20, 2000)
    u = random.uniform(small[1][0] - 1, small[1][-1] + 20, 2000)
    for mine, other in zip(over_points(one_of(alone), x, u), over_points(one_of(both, 1), x, u), strict=True):
        np.testing.assert_array_equal(mine, other)
    _, known = over_points(one_of(both, 1), x, u)
    np.testing.assert_array_equal(known, (small[0][0] <= x) & (x <= small[0][-1]))
    assert 0 < np.mean(known) < 1


def test_one_column_and_no_table():
    x, _, y = made_up(7, 6, 1)
    table = one_of(tables((x, np.zeros(1), y)))
    value, known = over_points(table, np.full(5, x[2]), np.array([-np.inf, -3.0, 0.0, 50.0, np.inf]))
    assert np.all(known)
    np.testing.assert_array_equal(value, y[2, 0])
    assert tables_of([], below=[], above=[], shift=[]).x.shape[0] == 0


def has_cell(x, u, y, holes, point):
    """Whether a cell with four numbers holds a point; on its edge, any of the neighbours."""
    for i in range(len(x) - 1):
        for k in range(len(u) - 1):
            inside = x[i] <= point[0] <= x[i + 1] and u[k] <= point[1] <= u[k + 1]
            if inside and i not in holes and np.isfinite(y[i : i + 2, k : k + 2]).all():
                return True
    return False


def test_masked_exactly_where_the_data_are():
    x, u, y = made_up(8, 12, 7)
    y[np.random.default_rng(9).uniform(size=y.shape) < 0.15] = np.nan
    holes = (4,)
    table = one_of(tables((x, u, y), below=MASKED, above=MASKED, holes=holes))
    random = np.random.default_rng(10)
    points = random.uniform([x[0] - 0.3, u[0] - 1], [x[-1] + 0.3, u[-1] + 1], (3000, 2))
    on_x = np.stack([random.choice(x, 300), random.uniform(u[0], u[-1], 300)], axis=1)
    on_u = np.stack([random.uniform(x[0], x[-1], 300), random.choice(u, 300)], axis=1)
    beside = np.stack([np.nextafter(on_x[:, 0], np.inf), on_x[:, 1]], axis=1)
    points = np.concatenate([points, on_x, on_u, beside])
    value, known = over_points(table, *points.T)
    should = [has_cell(x, u, y, holes, point) for point in points]
    np.testing.assert_array_equal(known, should)
    assert 0.2 < np.mean(should) < 0.8
    assert np.all(np.asarray(value)[~np.array(should)] == 0)


@pytest.mark.parametrize("end", ["below", "above"])
@pytest.mark.parametrize("kind", [MASKED, CONSTANT])
def test_constant_or_masked_beyond_its_ends(end, kind):
    x, u, y = made_up(11, 5, 4)
    table = one_of(tables((x, u, y), **{"below": MASKED, "above": MASKED, end: kind}))
    edge, sign, column = (u[0], -1, 0) if end == "below" else (u[-1], 1, -1)
    beyond = edge + sign * np.array([0.0, 1e-12, 0.3, 40.0, np.inf])
    value, known = over_points(table, np.full(5, x[2]), beyond)
    assert np.asarray(known).tolist() == [True] + [kind == CONSTANT] * 4
    np.testing.assert_array_equal(np.asarray(value)[np.asarray(known)], y[2, column])


def test_constant_only_where_the_end_itself_is_known():
    x, u, y = made_up(12, 5, 4)
    y[2, 0] = y[2, -1] = np.nan
    table = one_of(tables((x, u, y)))
    _, known = over_points(table, np.array([x[2], x[2], x[0], x[0]]), np.array([-9.0, 30.0, -9.0, 30.0]))
    assert np.asarray(known).tolist() == [False, False, True, True]


def saturating(beyond):
    with mpmath.workdps(40):
        x = mpmath.exp(-mpmath.mpf(beyond))
        return float(mpmath.log(-mpmath.expm1(-1)) - mpmath.log(-mpmath.expm1(-x)))


def test_saturating_end():
    x, u, y = made_up(13, 5, 4)
    table = one_of(tables((x, u, y), above=SATURATING))
    beyond = np.array([0.0, 1e-9, 0.1, 1.0, 10.0, 100.0, 500.0])
    value, known = over_points(table, np.full(7, x[1]), u[-1] + beyond)
    assert np.all(known)
    expected = [y[1, -1] + saturating(float(u[-1] + one - u[-1])) for one in beyond]
    np.testing.assert_allclose(value, expected, rtol=ROUNDING)
    assert np.max(np.abs(value - (y[1, -1] + beyond))) > 0.4  # it is not the straight line of small e^-u


def test_infinite_u_is_finite():
    x, u, y = made_up(13, 5, 4)
    table = one_of(tables((x, u, y), above=SATURATING))
    value, slope = jax.jit(jax.value_and_grad(lambda v: at(table, x[1], v)[0]))(jnp.inf)
    assert np.isfinite(value)
    assert slope == 0


@pytest.mark.parametrize("above", [MASKED, CONSTANT, SATURATING])
def test_derivatives_inside_cells_and_beyond_the_ends(above):
    x, u, y = made_up(14, 8, 6)
    table = one_of(tables((x, u, y), above=above))
    random = np.random.default_rng(15)
    points = random.uniform([x[0], u[0] - 2], [x[-1], u[-1] + 3], (300, 2))
    clear = np.min(np.abs(points[:, :1] - x), axis=1) > 10 * STEP
    clear &= np.min(np.abs(points[:, 1:] - u), axis=1) > 10 * STEP
    points = points[clear]

    def f(m, v):
        return at(table, m, v)[0]

    slopes = jax.jit(jax.vmap(jax.grad(f, argnums=(0, 1))))(*points.T)
    g = jax.jit(jax.vmap(f))
    by_x = (g(points[:, 0] + STEP, points[:, 1]) - g(points[:, 0] - STEP, points[:, 1])) / (2 * STEP)
    by_u = (g(points[:, 0], points[:, 1] + STEP) - g(points[:, 0], points[:, 1] - STEP)) / (2 * STEP)
    scale = 1 + np.abs(np.stack([by_x, by_u]))
    assert np.max(np.abs(np.stack(slopes) - np.stack([by_x, by_u])) / scale) < SLOPE
    assert np.max(np.abs(slopes[1])) > 0.1


def test_derivatives_are_finite_everywhere():
    x, u, y = made_up(16, 8, 6)
    y[2:4, 1:3] = np.nan
    stacked = tables((x, u, y), made_up(17, 20, 9), above=SATURATING)
    masses = np.concatenate([x, x + 1e-9, [-1.0, 0.0, 99.0, np.inf, 1e300]])
    places = np.concatenate([u, u - 1e-9, [-1e9, 1e9, -np.inf, np.inf]])

    def total(stacked, m, v):
        return jnp.sum(jax.vmap(lambda one: at(one, m, v)[0])(stacked))

    def floats(one):
        return {name: getattr(one, name) for name in ("x", "u", "y")}

    both = np.array(np.meshgrid(masses, places)).reshape(2, -1)
    gradient = jax.jit(jax.vmap(jax.grad(total, argnums=(1, 2)), in_axes=(None, 0, 0)))
    assert np.all(np.isfinite(gradient(stacked, *both)))

    def of_table(parts, m, v):
        return total(dataclasses.replace(stacked, **parts), m, v)

    of_numbers = jax.jit(jax.grad(of_table))
    for m, v in [(x[2], u[1]), (x[3] + 0.01, -np.inf), (99.0, np.inf), (x[0], u[-1] + 5)]:
        slopes = of_numbers(floats(stacked), m, v)
        assert all(np.all(np.isfinite(leaf)) for leaf in slopes.values())


def test_derivative_of_the_table_is_the_weight_of_a_corner():
    x, u, y = made_up(18, 4, 3)
    table = one_of(tables((x, u, y)))
    m, v = 0.25 * x[1] + 0.75 * x[2], 0.6 * u[0] + 0.4 * u[1]
    slopes = jax.jit(jax.grad(lambda values: at(dataclasses.replace(table, y=values), m, v)[0]))(table.y)
    expected = np.zeros_like(y)
    expected[1:3, 0:2] = np.outer([0.25, 0.75], [0.6, 0.4])
    np.testing.assert_allclose(slopes, expected, atol=1e-12)


def test_coordinate_with_and_without_shift():
    x, u, y = made_up(19, 4, 3)
    v = jnp.array([-np.inf, -5.0, 0.0, 4.6, 30.0])
    plain, shifted = (row_at(one_of(tables((x, u, y), shift=shift)), x[1]) for shift in (0.0, 100.0))
    np.testing.assert_array_equal(coordinate(plain, v), v)
    np.testing.assert_allclose(coordinate(shifted, v), np.log(np.exp(np.asarray(v)) + 100.0), rtol=1e-15)
    slopes = jax.vmap(jax.grad(lambda one: coordinate(shifted, one)))(v)
    np.testing.assert_allclose(slopes, np.exp(v) / (np.exp(v) + 100.0), rtol=1e-13)
    assert np.all(jax.vmap(jax.grad(lambda one: coordinate(plain, one)))(v) == 1)
