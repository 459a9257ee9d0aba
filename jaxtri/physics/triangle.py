r"""Eqs. (1), (2) and (3) = (A7): the triangle integral and the decoupling factor of a massive fermion.

The factor 1 - 2 m^2 I00 multiplies both vertices, Eqs. (1) = (A8) and (2) = (A9).  The quadrature
is in `triangle_rules`; here are the two public functions and what they accept.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer
from jax.typing import ArrayLike

from jaxtri.errors import InputError
from jaxtri.numerics.precision import require_x64
from jaxtri.physics.triangle_rules import MASSLESS, decoupled_ratio


def triangle_integral(p2: ArrayLike, q2: ArrayLike, k2: ArrayLike, m: ArrayLike) -> Array:
    r"""Triangle integral, Eq. (3) = (A7).

    .. math:: I_{00} = \int_0^1 dx \int_0^{1-x} \frac{dz}{m^2 - z(1-z)p^2 - x(1-x)q^2 - 2xz\,p\cdot q - i0}

    Equal to minus the scalar three-point function, -C0(p^2, q^2, k^2; m, m, m).

    Parameters
    ----------
    p2, q2, k2
        Squared momenta of the three legs [GeV^2], of either sign; q2 must be 0.
    m
        Mass in the loop [GeV], from 0 to 1e6.

    Returns
    -------
    Array
        Complex I00 [GeV^-2], of the broadcast shape.  Infinite for m = 0 (and m < 1e-140 GeV): with a
        massless leg the integral has a collinear divergence there.

    Raises
    ------
    InputError
        If q2 is not 0, a mass is negative or not finite, or 64-bit floats are off.  Values that JAX is
        tracing cannot be looked at: there, q2 != 0 gives NaN.

    Notes
    -----
    Valid for: any real p2, k2; relative error below 1e-13.
    Differs from print: the -i0 is written out; it makes I00 complex once p2 or k2 exceeds 4 m^2.

    Examples
    --------
    The top loop of H -> gamma gamma, f(tau) = arcsin^2(m_H / 2 m_t) = (m_H^2 / 2) I00(m_H^2, 0, 0, m_t):

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> from jaxtri import triangle_integral
    >>> complex(125.13**2 / 2 * triangle_integral(125.13**2, 0.0, 0.0, 172.6)).real.__round__(12)
    0.137591592797
    """
    p2, q2, k2, m = _checked(p2, q2, k2, m)
    ratio_re, ratio_im, _ = decoupled_ratio(p2, k2, m)
    massive = m > MASSLESS
    scale = 1 / (2 * jnp.where(massive, m, 1.0) ** 2)
    value = jax.lax.complex(
        jnp.where(massive, ratio_re * scale, jnp.inf), jnp.where(massive, ratio_im * scale, 0.0)
    )
    return jnp.where(q2 == 0, value, jnp.nan)


def decoupling_factor(p2: ArrayLike, q2: ArrayLike, k2: ArrayLike, m: ArrayLike) -> Array:
    r"""Decoupling factor of the divergence of X's current, the bracket of Eqs. (1) and (2).

    .. math:: J = 1 - 2 m^2 I_{00}(p^2, q^2, k^2; m)

    1 for a massless fermion, -(p^2 + k^2) / 12 m^2 for a heavy one: it decouples.

    Parameters
    ----------
    p2, q2, k2
        Squared momenta of the three legs [GeV^2], of either sign; q2 must be 0.
    m
        Mass in the loop [GeV], from 0 to 1e6.

    Returns
    -------
    Array
        Complex J, dimensionless, of the broadcast shape; exactly 1 for m = 0.

    Raises
    ------
    InputError
        As `triangle_integral`.

    Notes
    -----
    Valid for: any real p2, k2; relative error below 1e-13, also where J is tiny.
    Differs from print: nothing but the -i0 of `triangle_integral`.
    """
    p2, q2, k2, m = _checked(p2, q2, k2, m)
    _, ratio_im, factor_re = decoupled_ratio(p2, k2, m)
    return jnp.where(q2 == 0, jax.lax.complex(factor_re, -ratio_im), jnp.nan)


def _checked(*arguments: ArrayLike) -> list[Array]:
    """Check what can be looked at, and broadcast (p2, q2, k2, m) to one shape."""
    require_x64()
    for name, value in zip(("p2", "q2", "k2", "m"), arguments, strict=True):
        if isinstance(value, Tracer):
            continue
        known = np.asarray(value, dtype=float)
        if not np.all(np.isfinite(known)):
            raise InputError(f"{name} = {value} is not finite; give a real number")
        if name == "m" and np.any(known < 0):
            raise InputError(f"m = {value} is negative; give a mass in GeV, 0 or more")
        if name == "q2" and np.any(known != 0):
            raise InputError(
                f"q2 = {value}: only q2 = 0, one massless vector leg, is available; give q2 = 0.0"
            )
    return jnp.broadcast_arrays(*(jnp.asarray(value, dtype=float) for value in arguments))
