r"""Eqs. (1), (2) and (3) = (A7): the triangle integral and the decoupling factor of a massive fermion.

The factor 1 - 2 m^2 I00 multiplies both vertices, Eqs. (1) = (A8) and (2) = (A9).  Here are the two public
functions and what they accept; the quadrature is in `massless_leg` (q^2 = 0),
`three_legs` and `tensor`, its regimes and derivatives in `regimes`.
"""

import functools
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer
from jax.typing import ArrayLike

from jaxtri.errors import InputError, unknown_name
from jaxtri.numerics.jax_settings import require_x64
from jaxtri.numerics.mapping import given_as, require_shapes
from jaxtri.physics.triangle.massless_leg import decoupled_ratio, is_massive
from jaxtri.physics.triangle.regimes import any_legs

Precision = Literal["float64", "float32"]
DTYPES = {"float64": jnp.float64, "float32": jnp.float32}


def triangle_integral(
    p2: ArrayLike, q2: ArrayLike, k2: ArrayLike, m: ArrayLike, *, precision: Precision = "float64"
) -> Array:
    r"""Triangle integral, Eq. (3) = (A7).

    .. math:: I_{00} = \int_0^1 dx \int_0^{1-x} \frac{dz}{m^2 - z(1-z)p^2 - x(1-x)q^2 - 2xz\,p\cdot q - i0}

    Equal to minus the scalar three-point function, -C0(p^2, q^2, k^2; m, m, m), in the sign of Denner and of
    LoopTools; symmetric in its three legs.

    Parameters
    ----------
    p2, q2, k2
        Squared momenta of the three legs [GeV^2], k = p + q; real, of either sign, 0 included.
    m
        Mass in the loop [GeV], from 0 to 1e6.
    precision
        "float64", or "float32": three to six digits, for inputs between 1e-9 and 1e9.

    Returns
    -------
    Array
        Complex I00 [GeV^-2], of the broadcast shape.  Infinite for m = 0 with a massless leg: a collinear
        divergence.

    Raises
    ------
    InputError
        If a momentum is not finite, a mass is negative or not finite, or 64-bit floats are off.  Values
        that JAX is tracing cannot be looked at.

    Notes
    -----
    Valid for: any real p2, q2, k2; relative error below 1e-12, of the derivatives below 1e-9, both times
    the condition number where that exceeds 1 (next to thresholds and to the leading singularity
    m^2 lambda = -p2 q2 k2).  jit, vmap, forward and reverse derivatives of any order are finite everywhere;
    where a derivative is infinite, exactly at a threshold, it is a large number.
    A leg that is exactly 0 when the function is traced selects the much faster rule for one massless leg.
    Differs from print: the -i0 is written out; it makes I00 complex once a leg exceeds 4 m^2.

    Examples
    --------
    The top loop of H -> gamma gamma, f(tau) = arcsin^2(m_H / 2 m_t) = (m_H^2 / 2) I00(m_H^2, 0, 0, m_t):

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> from jaxtri import triangle_integral
    >>> complex(125.13**2 / 2 * triangle_integral(125.13**2, 0.0, 0.0, 172.6)).real.__round__(12)
    0.137591592797

    A light fermion, the bottom quark: the double logarithm -(1/4)[ln(m_H^2 / m_b^2) - i pi]^2:

    >>> import math
    >>> f = complex(125.13**2 / 2 * triangle_integral(125.13**2, 0.0, 0.0, 4.186))
    >>> logarithm = -0.25 * (2 * math.log(125.13 / 4.186) - 1j * math.pi) ** 2
    >>> f"{abs(f / logarithm - 1):.0e}"  # corrections of order m_b^2 / m_H^2
    '6e-04'

    A heavy one, I00 -> 1 / 2m^2, and -C0 of three equal massless legs, (4 / sqrt 3) Cl_2(pi/3):

    >>> f"{float(2 * 1e4**2 * triangle_integral(3.0, -1.0, 2.0, 1e4).real - 1):.4e}"  # 4 / 12e8
    '3.3333e-09'
    >>> f"{float(triangle_integral(-1.0, -1.0, -1.0, 0.0).real):.12f}"
    '2.343907238689'
    """
    return _integral(*_checked(p2, q2, k2, m, precision), others=_others(p2, q2, k2))


@functools.partial(jax.jit, static_argnames="others")
def _integral(p2: Array, q2: Array, k2: Array, m: Array, *, others: tuple[int, int] | None) -> Array:
    legs = p2, q2, k2
    if others is None:
        re, im, _ = any_legs(*legs, m)
    else:
        re, im, _ = decoupled_ratio(*(legs[n] for n in others), m)
        scale = 1 / (2 * jnp.where(is_massive(m), m, 1.0) ** 2)
        re, im = re * scale, im * scale
    smallest = jnp.minimum(jnp.minimum(jnp.abs(legs[0]), jnp.abs(legs[1])), jnp.abs(legs[2]))
    diverges = ~is_massive(m) & (smallest == 0)
    return jax.lax.complex(jnp.where(diverges, jnp.inf, re), jnp.where(diverges, 0.0, im))


def decoupling_factor(
    p2: ArrayLike, q2: ArrayLike, k2: ArrayLike, m: ArrayLike, *, precision: Precision = "float64"
) -> Array:
    r"""Decoupling factor of the divergence of X's current, the bracket of Eqs. (1) and (2).

    .. math:: J = 1 - 2 m^2 I_{00}(p^2, q^2, k^2; m)

    1 for a massless fermion, -(p^2 + q^2 + k^2) / 12 m^2 for a heavy one: it decouples.

    Parameters
    ----------
    p2, q2, k2
        Squared momenta of the three legs [GeV^2], of either sign, 0 included.
    m
        Mass in the loop [GeV], from 0 to 1e6.
    precision
        As in `triangle_integral`.

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
    Valid for: as `triangle_integral`; also where J is tiny.
    Differs from print: nothing but the -i0 of `triangle_integral`.

    Examples
    --------
    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> from jaxtri import decoupling_factor
    >>> f"{float(decoupling_factor(91.188**2, 1.0, 4.0, 1e6).real):.4e}"  # -(91.188^2 + 5) / 12e12
    '-6.9335e-10'
    """
    return _factor(*_checked(p2, q2, k2, m, precision), others=_others(p2, q2, k2))


@functools.partial(jax.jit, static_argnames="others")
def _factor(p2: Array, q2: Array, k2: Array, m: Array, *, others: tuple[int, int] | None) -> Array:
    legs = p2, q2, k2
    if others is None:
        _, im, factor = any_legs(*legs, m)
        im = 2 * m * m * im
    else:
        _, im, factor = decoupled_ratio(*(legs[n] for n in others), m)
    return jax.lax.complex(factor, -im)


def _others(*legs: ArrayLike) -> tuple[int, int] | None:
    """Positions of the other two legs where one is known to be 0."""
    for n, pair in ((1, (0, 2)), (0, (1, 2)), (2, (0, 1))):
        if not isinstance(legs[n], Tracer) and not np.any(legs[n]):
            return pair
    return None


def _checked(
    p2: ArrayLike, q2: ArrayLike, k2: ArrayLike, m: ArrayLike, precision: Precision
) -> tuple[Array, ...]:
    """Check what can be looked at, and broadcast (p2, q2, k2, m) to one shape."""
    if precision not in DTYPES:
        raise unknown_name("precision", "precision", precision, DTYPES)
    if precision == "float64":
        require_x64()
    for name, value in {"p2": p2, "q2": q2, "k2": k2, "m": m}.items():
        if isinstance(value, Tracer):
            continue
        with given_as(name, value):
            known = np.asarray(value, dtype=float)
        if not np.all(np.isfinite(known)):
            raise InputError(f"{name} = {value} is not finite; give a real number")
        if name == "m" and np.any(known < 0):
            raise InputError(f"m = {value} is negative; give a mass in GeV, 0 or more")
    require_shapes(p2=p2, q2=q2, k2=k2, m=m)
    values = (jnp.asarray(value, dtype=DTYPES[precision]) for value in (p2, q2, k2, m))
    return tuple(jnp.broadcast_arrays(*values))
