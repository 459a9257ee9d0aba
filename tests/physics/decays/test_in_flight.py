"""Where X decays: ln P of escape and of prompt decay, and the boost of X.

Oracle: the definitions P = B + (1-B) exp(-x) and P = 1 - exp(-x), and relativistic kinematics, in
multiple precision; the mean over the decay angle by numerical integration.
"""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from scipy import integrate

from jaxtri.physics.decays.in_flight import REST, log_probability, proper_time

DIGITS = 60
LIGHT_SPEED = 299792458  # m/s
# Absolute below ln P = 1, relative above.  B e^x is held up to x = 638 (80 in float32) and x taken off
# again: that many roundings of the last digit, 638 * 1.1e-16 and 80 * 6e-8.
ABSOLUTE = {"float64": 1e-13, "float32": 1e-5}
PROMPT_RELATIVE = {"float64": 1e-14, "float32": 1e-6}  # ln P of a rare decay, nothing cancels
ROUNDING = 1e-14  # a dozen operations
SLOPE = 1e-6  # central difference with a step of 1e-5
MISS = 1e-3  # a method that must miss is off by more than this

XS = [0.0, *np.geomspace(1e-20, 1e6, 131), 1.0, 79.0, 80.0, 81.0, 637.0, 638.0, 639.0, 709.0, 710.0]
FRACTIONS = [0.0, 1e-12, 0.4, 1.0]
M_B, M_K, M_PI, M_KSTAR = 5.27941, 0.493677, 0.13957039, 0.89555


def exact_escape(B, x):
    with mpmath.workdps(DIGITS):
        B, x = mpmath.mpf(float(B)), mpmath.mpf(float(x))
        return mpmath.log(B + (1 - B) * mpmath.exp(-x))


def exact_prompt(x):
    with mpmath.workdps(DIGITS):
        return mpmath.log(-mpmath.expm1(-mpmath.mpf(float(x))))


def error(value, exact):
    """Absolute error, relative where |ln P| exceeds 1."""
    return float(abs(mpmath.mpf(float(value)) - exact) / max(1, abs(exact)))


@pytest.mark.parametrize("dtype", ABSOLUTE)
@pytest.mark.parametrize("B", FRACTIONS)
def test_escape(B, dtype):
    x, fraction = jnp.asarray(XS, dtype=dtype), jnp.asarray(B, dtype=dtype)
    values = log_probability(True, fraction, x)
    assert values.dtype == dtype
    exact = [exact_escape(fraction, one) for one in np.asarray(x)]
    errors = [error(value, one) for value, one in zip(np.asarray(values), exact, strict=True)]
    assert max(errors) < ABSOLUTE[dtype]


@pytest.mark.parametrize("dtype", ABSOLUTE)
def test_prompt(dtype):
    x = jnp.asarray(XS[1:], dtype=dtype)
    values = log_probability(False, jnp.asarray(0.4, dtype=dtype), x)
    values, exact = np.asarray(values), [exact_prompt(one) for one in np.asarray(x)]
    errors = [error(value, one) for value, one in zip(values, exact, strict=True)]
    assert max(errors) < ABSOLUTE[dtype]
    rare = [float(abs(float(v) / e - 1)) for v, e in zip(values, exact, strict=True) if e < -1]
    assert len(rare) > 50
    assert max(rare) < PROMPT_RELATIVE[dtype]


def test_limits_of_no_flight_and_of_endless_flight():
    assert log_probability(True, 0.3, 0.0) == 0
    assert log_probability(False, 0.3, 0.0) == -np.inf
    assert log_probability(False, 0.3, 1e6) == 0
    np.testing.assert_allclose(log_probability(True, 0.3, 1e6), np.log(0.3), ABSOLUTE["float64"])


@pytest.mark.parametrize("x", [746.0, 1e6])
def test_naive_escape_underflows(x):
    with np.errstate(divide="ignore"):
        assert np.log(0.0 + (1 - 0.0) * np.exp(-x)) == -np.inf
    assert log_probability(True, 0.0, x) == -x


def test_naive_prompt_loses_a_rare_decay():
    x = 1e-20
    with np.errstate(divide="ignore"):
        assert np.log(1 - np.exp(-x)) == -np.inf
    assert error(log_probability(False, 0.4, x), mpmath.log(x)) < ABSOLUTE["float64"]


def test_unclipped_growth_overflows():
    x = jnp.asarray(1e3)
    assert -x + jnp.log1p(0.4 * jnp.expm1(x)) == np.inf
    assert error(log_probability(True, 0.4, x), mpmath.log(0.4)) < ABSOLUTE["float64"]


@pytest.mark.parametrize("is_invisible", [True, False])
@pytest.mark.parametrize("B", FRACTIONS)
@pytest.mark.parametrize("dtype", ABSOLUTE)
def test_gradients_are_finite(is_invisible, B, dtype):
    slope = jax.jit(jax.vmap(jax.grad(log_probability, argnums=(1, 2)), in_axes=(None, None, 0)))
    by_fraction, by_x = slope(is_invisible, jnp.asarray(B, dtype=dtype), jnp.asarray(XS, dtype=dtype))
    assert np.all(np.isfinite(by_x))
    assert np.all(np.isfinite(by_fraction))


@pytest.mark.parametrize("x", [1e-3, 0.7, 30.0])
@pytest.mark.parametrize("B", [0.0, 0.4, 1.0])
def test_slopes(B, x):
    escape = -(1 - B) * np.exp(-x) / (B + (1 - B) * np.exp(-x))
    np.testing.assert_allclose(jax.grad(log_probability, 2)(True, B, x), escape, atol=ABSOLUTE["float64"])
    np.testing.assert_allclose(
        jax.grad(log_probability, 2)(False, B, x), 1 / np.expm1(x), rtol=ROUNDING, atol=ABSOLUTE["float64"]
    )
    h = 1e-5
    difference = (log_probability(True, 0.4 + h, x) - log_probability(True, 0.4 - h, x)) / (2 * h)
    np.testing.assert_allclose(jax.grad(log_probability, 1)(True, 0.4, x), difference, rtol=SLOPE)


def momentum(M, m, m_X):
    with mpmath.workdps(DIGITS):
        M, m, m_X = mpmath.mpf(M), mpmath.mpf(m), mpmath.mpf(m_X)
        return mpmath.sqrt((M**2 - (m + m_X) ** 2) * (M**2 - (m - m_X) ** 2)) / (2 * M)


@pytest.mark.parametrize(
    ("M", "m", "m_X"), [(M_B, M_K, 1.0), (M_K, M_PI, 1e-3), (M_K, M_PI, 0.2), (91.188, 0.0, 60.0)]
)
def test_parent_at_rest(M, m, m_X):
    beta_gamma = momentum(M, m, m_X) / mpmath.mpf(m_X)
    expected = float(mpmath.mpf("1.5") / (beta_gamma * LIGHT_SPEED))
    np.testing.assert_allclose(proper_time(1.5, 1.0, M, m, m_X), expected, rtol=ROUNDING)


@pytest.mark.parametrize("gamma_parent", [1.0 + 1e-6, 1.087, 141.0, 1e5])
@pytest.mark.parametrize(("M", "m", "m_X"), [(M_B, M_K, 1.0), (M_K, M_PI, 1e-3), (M_K, M_PI, 0.35)])
def test_moving_parent(gamma_parent, M, m, m_X):
    with mpmath.workdps(DIGITS):
        energy = mpmath.sqrt(momentum(M, m, m_X) ** 2 + mpmath.mpf(m_X) ** 2)
        gamma = mpmath.mpf(gamma_parent) * energy / mpmath.mpf(m_X)
        expected = float(2 / (mpmath.sqrt(gamma**2 - 1) * LIGHT_SPEED))
    value = proper_time(2.0, gamma_parent, M, m, m_X)
    np.testing.assert_allclose(value, expected, rtol=ROUNDING)
    if gamma_parent > 1.01:  # the parent's boost matters
        assert abs(proper_time(2.0, 1.0, M, m, m_X) / value - 1) > MISS


@pytest.mark.parametrize("gamma_parent", [1.087, 141.0])
def test_energy_is_the_mean_over_the_decay_angle(gamma_parent):
    m_X, Q = 0.2, float(momentum(M_K, M_PI, 0.2))
    energy, beta = np.hypot(Q, m_X), np.sqrt(1 - gamma_parent**-2)
    mean = integrate.quad(lambda cosine: gamma_parent * (energy + beta * Q * cosine) / 2, -1, 1)[0]
    beta_gamma = 3.0 / (float(proper_time(3.0, gamma_parent, M_K, M_PI, m_X)) * LIGHT_SPEED)
    np.testing.assert_allclose(np.hypot(1, beta_gamma), mean / m_X, rtol=ROUNDING)


@pytest.mark.parametrize("gap", [1e-3, 1e-6, 1e-9, 1e-12])
def test_near_threshold(gap):
    m, m_X = 0.7, 0.3  # M - m and M - m - m_X are exact: numbers within a factor of 2
    M = 1.0 + float(np.float64(gap))
    with mpmath.workdps(DIGITS):
        beta_gamma = momentum(M, m, m_X) / mpmath.mpf(m_X)
        expected = float(1 / (beta_gamma * LIGHT_SPEED))
    np.testing.assert_allclose(proper_time(1.0, 1.0, M, m, m_X), expected, rtol=ROUNDING)
    expanded = M**4 + m**4 + m_X**4 - 2 * (M**2 * m**2 + M**2 * m_X**2 + m**2 * m_X**2)
    if gap < 1e-9:  # the factors of the Källén function do not cancel, its expansion does
        assert abs(np.sqrt(abs(expanded)) / (2 * M * m_X) / float(beta_gamma) - 1) > 1e-6


@pytest.mark.parametrize("m_X", [0.5, 0.6])
def test_at_rest_and_beyond_threshold(m_X):
    assert proper_time(1.0, 1.0, 1.0, 0.5, m_X) == REST
    carried = float(1 / (np.sqrt(1.25**2 - 1) * LIGHT_SPEED))  # X moves as the parent does
    np.testing.assert_allclose(proper_time(1.0, 1.25, 1.0, 0.5, m_X), carried, rtol=ROUNDING)


@pytest.mark.parametrize("gamma_parent", [1.0, 1.087, 141.0])
@pytest.mark.parametrize("m_X", [1e-3, 0.2, M_K - M_PI - 1e-12, M_K - M_PI, 0.4])
def test_boost_gradients_are_finite(gamma_parent, m_X):
    slopes = jax.jit(jax.grad(proper_time, argnums=(0, 1, 2, 3, 4)))(1.5, gamma_parent, M_K, M_PI, m_X)
    assert np.all(np.isfinite(np.array(slopes)))


def test_boost_slope():
    h = 1e-5
    value = jax.grad(proper_time, argnums=4)(1.5, 1.087, M_B, M_KSTAR, 2.0)
    difference = (
        proper_time(1.5, 1.087, M_B, M_KSTAR, 2 + h) - proper_time(1.5, 1.087, M_B, M_KSTAR, 2 - h)
    ) / (2 * h)
    np.testing.assert_allclose(value, difference, rtol=SLOPE)
