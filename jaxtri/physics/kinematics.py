"""Two-body decays: the momentum of the decay products, and the distance from a pair's threshold."""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxtri.numerics import error_free
from jaxtri.numerics.safe import sqrt_or_zero


def two_body_momentum(M: ArrayLike, m_1: ArrayLike, m_2: ArrayLike) -> Array:
    r"""Momentum Q of the products of M -> 1 2 in the rest frame of M, as in Eqs. (9)-(12).

    .. math:: Q = \frac{\sqrt{(M^2-(m_1+m_2)^2)(M^2-(m_1-m_2)^2)}}{2M}

    Parameters
    ----------
    M, m_1, m_2
        Masses [GeV], M positive.

    Returns
    -------
    Array
        Momentum [GeV]; exactly 0, with gradient 0, at and beyond threshold.

    Notes
    -----
    Valid for: any masses; factorised so that nothing cancels near threshold.
    Differs from print: nothing.
    """
    M, m_1, m_2 = jnp.asarray(M), jnp.asarray(m_1), jnp.asarray(m_2)
    gap = M - m_1 - m_2
    kallen = gap * (M + m_1 + m_2) * (M - m_1 + m_2) * (M + m_1 - m_2)
    return sqrt_or_zero(jnp.where(gap > 0, kallen, 0.0)) / (2 * M)


def pair_velocity(M: ArrayLike, m: ArrayLike) -> Array:
    """Velocity of each product of M -> m m, sqrt(1 - 4 m^2 / M^2); 0 at and beyond threshold."""
    M, m = jnp.asarray(M), jnp.asarray(m)
    return sqrt_or_zero(jnp.where(2 * m < M, (M - 2 * m) * (M + 2 * m), 0.0)) / M


def pair_gap(s: Array, m2: error_free.Double) -> Array:
    """Return 4 m^2 - s, by which a pair of mass m is too heavy; m^2 comes with what its rounding lost."""
    square, rest = m2
    return (4 * square - s) + 4 * rest
