"""Numerical methods that know no physics.  Oracles: mpmath at 40 digits, fractions, NumPy's complex128."""

from fractions import Fraction

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from jaxtri.numerics import dilogarithm, error_free
from jaxtri.numerics.quadrature import gauss_legendre, symmetric_gauss_legendre
from jaxtri.numerics.split_complex import Split, arctangent, argument, choose, logarithm, polynomial

ROUNDING = 4e-16  # a few operations
DILOGARITHM = 2e-15  # relative to the larger of the value and, where 0 is crossed, 1
INCREMENT = 1e-13  # relative, however short the step
RNG = np.random.default_rng(7)
COMPLEX = RNG.normal(size=200) + 1j * RNG.normal(size=200)
OTHER = RNG.normal(size=200) + 1j * RNG.normal(size=200)


def split(z):
    z = np.asarray(z, dtype=complex)
    return Split(jnp.asarray(z.real), jnp.asarray(z.imag))


@pytest.mark.parametrize("compiled", [lambda f: f, jax.jit])
def test_split_arithmetic_is_that_of_complex_numbers(compiled):
    z, w = split(COMPLEX), split(OTHER)
    ways = {
        "sum": (lambda z, w: z + w, COMPLEX + OTHER),
        "difference": (lambda z, w: z - w, COMPLEX - OTHER),
        "product": (lambda z, w: z * w, COMPLEX * OTHER),
        "scaled": (lambda z, w: z * 2.5, COMPLEX * 2.5),
        "negative": (lambda z, w: -z, -COMPLEX),
        "inverse": (lambda z, w: z.inverse(), 1 / COMPLEX),
        "times i": (lambda z, w: z.times_i(), 1j * COMPLEX),
        "conjugate": (lambda z, w: z.conjugate(), np.conj(COMPLEX)),
        "logarithm": (lambda z, w: logarithm(z), np.log(COMPLEX)),
        "choice": (lambda z, w: choose(z.re > 0, z, w), np.where(COMPLEX.real > 0, COMPLEX, OTHER)),
        "polynomial": (
            lambda z, w: polynomial((2.0, -3.0, 0.5), z),
            2 * COMPLEX - 3 * COMPLEX**2 + COMPLEX**3 / 2,
        ),
    }
    for name, (function, expected) in ways.items():
        value = np.asarray(compiled(function)(z, w).join())
        assert np.max(np.abs(value - expected) / (1 + np.abs(expected))) < 5 * ROUNDING, name


def test_inverse_of_a_huge_number_does_not_overflow():
    assert split(1e200 + 1e200j).inverse().join() == pytest.approx(0.5e-200 - 0.5e-200j)


def test_arctangent():
    y = np.array([0.0, 0.0, 1e-300, 1.0, 1.0, 3.0, 1e200, *RNG.uniform(0, 2, 500)])
    x = np.array([0.0, 1.0, 1.0, 0.0, 1.0, 1e-9, 1e-200, *RNG.uniform(0, 2, 500)])
    np.testing.assert_allclose(arctangent(jnp.asarray(y), jnp.asarray(x)), np.arctan2(y, x), ROUNDING)


def test_argument_of_every_quadrant():
    z = np.array([1, 1j, -1, -1j, 1 + 1j, -1 + 1j, -1 - 1j, 1 - 1j, complex(-2, -0.0)])
    expected = np.where(z == -2, np.pi, np.angle(z))  # either zero: the upper side
    np.testing.assert_allclose(argument(split(z)), expected, ROUNDING)


@pytest.mark.parametrize("compiled", [lambda f: f, jax.jit])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sums_and_products_keep_what_is_rounded(compiled, dtype):
    a, b = RNG.normal(size=300).astype(dtype), (RNG.normal(size=300) * 1e-3).astype(dtype)
    for function, sign in ((error_free.two_sum, "+"), (error_free.two_product, "*")):
        leading, rest = (np.asarray(v) for v in compiled(function)(jnp.asarray(a), jnp.asarray(b)))
        assert leading.dtype == dtype
        for x, y, high, low in zip(*(v.tolist() for v in (a, b, leading, rest)), strict=True):
            true = Fraction(x) + Fraction(y) if sign == "+" else Fraction(x) * Fraction(y)
            assert Fraction(high) + Fraction(low) == true
        assert np.any(rest != 0)


def test_doubled_numbers():
    x, y = (
        error_free.two_product(jnp.array(1 + 2.0**-40), jnp.array(1 - 2.0**-40)),
        (jnp.array(-1.0), jnp.array(0.0)),
    )
    assert sum(error_free.add(x, y)) == -(2.0**-80)  # what a difference of two rounded numbers would lose
    assert (1 + 2.0**-40) * (1 - 2.0**-40) - 1 == 0
    product = error_free.multiply(x, x)
    assert sum(error_free.add(product, y)) == pytest.approx(-(2.0**-79))


@pytest.mark.parametrize("order", [1, 3, 6])
def test_symmetric_rule_is_exact_for_even_polynomials(order):
    nodes, weights = symmetric_gauss_legendre(order)
    for n in range(2 * order):
        assert weights @ nodes ** (2 * n) == pytest.approx(1 / (2 * n + 1), rel=1e-14)
    assert abs(weights @ nodes ** (4 * order) * (4 * order + 1) - 1) > 1e-8
    assert not nodes.flags.writeable
    assert gauss_legendre(order)[0].shape == nodes.shape


def exact_h(y, side=1):
    """Li2(e^-y) - pi^2/6 at 40 digits, on a side of the cut."""
    with mpmath.workdps(40):
        y = mpmath.mpc(y) - (mpmath.mpc(0, side) * mpmath.mpf(10) ** -38 if y.imag == 0 and y.real < 0 else 0)
        return mpmath.polylog(2, mpmath.exp(-y)) - mpmath.pi**2 / 6


def h(y, side=1.0, order=dilogarithm.ORDER, *, alternating=False):
    y = np.atleast_1d(np.asarray(y, dtype=complex))
    x = -np.exp(-y) if alternating else np.exp(-y)
    one = jnp.full(y.shape, side)
    rule = dilogarithm.dilogarithm_rule(order)
    value = dilogarithm.dilogarithm(
        rule, split(y), split(x), split(1 / x), one, jnp.full(y.shape, alternating)
    )
    return np.asarray(value.join())


PLACES = np.concatenate([
    [1e-12, 1e-6j, 0.3 + 0.2j, -0.3 + 0.4j, 1.0, 3.0, 30.0, 2 + 3j, -2 + 3j, -5 - 1j, 3.1j, -3.1j],
    [1.05j, 1.04j],  # on either side of the switch
    RNG.uniform(-4, 4, 200) + 1j * RNG.uniform(-np.pi, np.pi, 200),
])  # fmt: skip


def test_dilogarithm():
    expected = np.array([complex(exact_h(complex(y))) for y in PLACES])
    assert np.max(np.abs(h(PLACES) - expected) / np.maximum(1, np.abs(expected))) < DILOGARITHM
    small = np.abs(PLACES) < 1e-5  # relative next to x = 1
    assert np.max(np.abs(h(PLACES[small]) / expected[small] - 1)) < 1e-14


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_dilogarithm_on_the_cut(side):
    for y in (-0.2, -1.0, -7.0):
        expected = complex(exact_h(complex(y), side))
        assert abs(h(y, side)[0] - expected) < DILOGARITHM * abs(expected)
        assert abs(h(y, -side)[0] - expected) > 0.1


def test_dilogarithm_next_to_minus_one():
    for y in (1e-9, 0.1, 0.49, 0.51, 2.0, 0.3j, 1.5j):
        with mpmath.workdps(40):
            expected = complex(mpmath.polylog(2, -mpmath.exp(-mpmath.mpc(y))) + mpmath.pi**2 / 12)
        assert abs(h(y, alternating=True)[0] / expected - 1) < 1e-14 / min(1, abs(y) + 0.3)


def test_dilogarithm_needs_its_nodes():
    expected = np.array([complex(exact_h(complex(y))) for y in PLACES])
    worst = [np.max(np.abs(h(PLACES, order=n) - expected)) for n in (1, 2, 3, 4, 6)]
    assert worst[0] > 1e-3
    assert worst[2] > 1e-8
    assert worst[4] < 10 * DILOGARITHM
    assert sorted(worst, reverse=True) == worst


@pytest.mark.parametrize("step", [1e-14, 1e-9 + 1e-9j, 1e-5, 1e-3j])
@pytest.mark.parametrize("y", [0.4, 0.2 + 0.1j, 2.0, 1 + 3j, -1 + 2j, -3 - 1j])
def test_increment(step, y):
    """The difference of two nearby values, to full relative precision; their subtraction has none."""
    with mpmath.workdps(60):
        a, b = (mpmath.polylog(2, mpmath.exp(-(mpmath.mpc(y) + s * mpmath.mpc(step) / 2))) for s in (1, -1))
        expected = complex(a - b)
    ends = [np.exp(-(complex(y) + s * step / 2)) for s in (1, -1)]
    plain = h(complex(y) + step / 2)[0] - h(complex(y) - step / 2)[0]
    value = dilogarithm.increment(
        dilogarithm.dilogarithm_rule(),
        split(y),
        split(step),
        split(sum(ends) / 2),
        split(plain),
        jnp.array(1.0),
    )
    assert abs(complex(value.join()) / expected - 1) < INCREMENT
    if abs(step) < 1e-8:
        assert abs(plain / expected - 1) > INCREMENT
