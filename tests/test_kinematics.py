"""Two-body momenta, and where X decays: ln P of invisible and prompt.

Oracle: the same formulas in 60-digit arithmetic, and a boost written out with four-vectors.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from mpmath import mp, mpf

from jaxtri.physics.decay_in_flight import REST, log_probability, proper_time
from jaxtri.physics.kinematics import pair_velocity, two_body_momentum
from jaxtri.standard_model import SPEED_OF_LIGHT

ROUNDING = 1e-13  # relative, against 60 digits; measured 1e-15
M_K, M_PI = 0.493677, 0.13957039
GAPS = 10.0 ** -np.arange(1, 16)


def exact_momentum(M, m_1, m_2):
    with mp.workdps(60):
        M, m_1, m_2 = (mpf(float(m)) for m in (M, m_1, m_2))
        kallen = (M**2 - (m_1 + m_2) ** 2) * (M**2 - (m_1 - m_2) ** 2)
        return float(mp.sqrt(max(kallen, mpf(0))) / (2 * M))


def test_two_body_momentum():
    m_X = np.array([0.0, 1e-6, 0.1, 0.2, 0.3, 0.35])
    expected = [exact_momentum(M_K, M_PI, m) for m in m_X]
    np.testing.assert_allclose(jax.vmap(lambda m: two_body_momentum(M_K, M_PI, m))(m_X), expected, ROUNDING)


def test_two_body_momentum_near_threshold():
    """Written with squares it loses digits; with the gap M - m_1 - m_2, formed first, it does not."""
    M = 1.0 + GAPS  # 0.75 and 0.25 are exact, so that the gap is
    expected = np.array([exact_momentum(m, 0.75, 0.25) for m in M])
    Q = jax.vmap(lambda m: two_body_momentum(m, 0.75, 0.25))(M)
    np.testing.assert_allclose(Q, expected, ROUNDING)
    naive = np.sqrt((M**2 + 0.75**2 - 0.25**2) ** 2 / (4 * M**2) - 0.75**2)
    assert np.max(np.abs(naive / expected - 1)) > 1e6 * ROUNDING
    velocity = jax.vmap(lambda m: pair_velocity(m, 0.5))(M)
    np.testing.assert_allclose(velocity, [2 * exact_momentum(m, 0.5, 0.5) / m for m in M], ROUNDING)


@pytest.mark.parametrize("m_X", [M_K - M_PI, np.nextafter(M_K - M_PI, 1), 0.36, 1.0, 10.0])
def test_closed_decay_has_no_momentum(m_X):
    assert jax.value_and_grad(lambda m: two_body_momentum(M_K, M_PI, m))(m_X) == (0, 0)
    assert pair_velocity(1.0, 0.5) == pair_velocity(1.0, 0.6) == 0


@pytest.mark.parametrize("gamma", [1.0, 5.0, 152.0])
def test_proper_time(gamma):
    """The mean over directions of the energy of X in the laboratory is gamma E*."""
    m_X, length = 0.2, 10.0
    Q = exact_momentum(M_K, M_PI, m_X)
    cosine, weight = np.polynomial.legendre.leggauss(4)
    energy = np.sum(weight / 2 * gamma * (np.hypot(Q, m_X) + np.sqrt(1 - gamma**-2) * Q * cosine))
    beta_gamma = np.sqrt((energy - m_X) * (energy + m_X)) / m_X
    expected = length / (beta_gamma * SPEED_OF_LIGHT)
    np.testing.assert_allclose(proper_time(length, gamma, M_K, M_PI, m_X), expected, 10 * ROUNDING)
    assert proper_time(length, 2 * gamma, M_K, M_PI, m_X) < 0.6 * expected


def test_x_at_rest_never_arrives():
    arrives = jax.value_and_grad(lambda m: proper_time(10.0, 1.0, M_K, M_PI, m))
    assert arrives(0.36) == (REST, 0.0)


X = np.array([1e-300, 1e-20, 1e-8, 1e-3, 0.5, 1.0, 30.0, 700.0, 1e3, 1e5])


def exact_log_probability(is_invisible, B, x):
    with mp.workdps(60):
        B, x = mpf(B), mpf(float(x))
        return float(mp.log(B + (1 - B) * mp.exp(-x)) if is_invisible else mp.log(-mp.expm1(-x)))


@pytest.mark.parametrize(
    ("is_invisible", "B"),
    [(False, 0.5), (True, 0.0), (True, 1e-12), (True, 0.385), (True, 1.0)],
)
def test_log_probability(is_invisible, B):
    value, slope = jax.vmap(jax.value_and_grad(lambda x: log_probability(is_invisible, B, x)))(X)
    expected = [exact_log_probability(is_invisible, B, x) for x in X]
    np.testing.assert_allclose(value, expected, ROUNDING, 3e-16)  # near P = 1, an ulp of P
    assert np.all(np.isfinite(slope))


def test_log_of_a_probability_underflows():
    with np.errstate(divide="ignore"):
        assert np.log(np.exp(-1e3)) == -np.inf
    assert log_probability(True, 0.0, 1e3) == -1e3
    assert log_probability(False, 0.0, 0.0) == -jnp.inf
