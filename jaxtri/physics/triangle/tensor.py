"""Tensor Gauss-Legendre rules of the triangle integral on the real square of Feynman parameters.

With x = (1-z)t the denominator of Eq. (3) is m^2 - n, n = z (1-z) [(1-t) p2 + t k2] + (1-z)^2 t (1-t) q2,
and the measure (1-z) dt dz over [0, 1]^2.
"""

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxtri.numerics.quadrature import gauss_legendre

HEAVY_ORDER = 12  # nodes a side: truncation below 1e-15 up to |s| = m^2


def heavy_rule(p2: Array, q2: Array, k2: Array, m2: Array, *, order: int = HEAVY_ORDER) -> Array:
    """1 - 2 m^2 I00 for a heavy fermion, without the subtraction: the integral of -2 (1-z) n / (m^2 - n).

    Parameters
    ----------
    p2, q2, k2
        Squared momenta [GeV^2]; meant for magnitudes up to m^2.
    m2
        Squared mass in the loop [GeV^2].
    order
        Nodes a side: 4 give 1e-5, 8 give 1e-10, 12 give rounding where the largest |s| is m^2.

    Returns
    -------
    Array
        The real decoupling factor.
    """
    nodes, weights = gauss_legendre(order)
    p, q, k = p2 / m2, q2 / m2, k2 / m2

    def add_row(total: Array, row: tuple[Array, Array]) -> tuple[Array, None]:
        t, weight_t = row
        s, u = p + t * (k - p), t * (1 - t) * q
        inner = jnp.zeros_like(s)
        for z, weight in zip(nodes.tolist(), weights.tolist(), strict=True):
            n = z * (1 - z) * s + (1 - z) ** 2 * u
            inner = inner + (2 * weight * (1 - z)) * n / (1 - n)
        return total - weight_t * inner, None

    rows = jnp.asarray(nodes, p.dtype), jnp.asarray(weights, p.dtype)
    return jax.lax.scan(add_row, jnp.zeros_like(p), rows)[0]


def undeformed_rule(p2: ArrayLike, q2: ArrayLike, k2: ArrayLike, m: ArrayLike, *, order: int) -> Array:
    """I00 as it stands, on real nodes: wrong below threshold.

    Kept as the negative control: once a leg exceeds 4 m^2 the denominator vanishes inside the square and
    no number of nodes helps.

    Parameters
    ----------
    p2, q2, k2
        Squared momenta [GeV^2].
    m
        Mass in the loop [GeV], positive.
    order
        Nodes a side.

    Returns
    -------
    Array
        Real sum over the nodes [GeV^-2].
    """
    p2, q2, k2, m = jnp.broadcast_arrays(
        *(jnp.asarray(value, dtype=float)[..., None] for value in (p2, q2, k2, m))
    )
    z, weights = (jnp.asarray(v) for v in gauss_legendre(order))

    def add_row(total: Array, row: tuple[Array, Array]) -> tuple[Array, None]:
        t, weight_t = row
        n = z * (1 - z) * (p2 + t * (k2 - p2)) + (1 - z) ** 2 * t * (1 - t) * q2
        return total + weight_t * jnp.sum(weights * (1 - z) / (m**2 - n), axis=-1), None

    return jax.lax.scan(add_row, jnp.zeros(p2.shape[:-1]), (z, weights))[0]
