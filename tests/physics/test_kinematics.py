"""Two-body momenta and velocities.  Oracle: the same formulas in 60-digit arithmetic."""

import jax
import numpy as np
import pytest
from mpmath import mp, mpf

from jaxtri.physics.kinematics import pair_velocity, two_body_momentum

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
