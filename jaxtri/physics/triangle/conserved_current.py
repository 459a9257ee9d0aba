r"""The triangle with an axial leg, one of a conserved current and a photon: Z -> X gamma without enhancement.

Where the current of X is conserved its divergence vanishes, and the amplitude is that of the transverse X,

.. math:: J(a, v; m) = \int_0^1 dx \int_0^{1-x} dz\,
          \frac{x(1-x-z)}{m^2 - x(1-x)\,v - xz\,(a - v) - i0}
          = \frac12\int_0^1 dt\,(1-t)\,B_0'\bigl(v + t(a-v)\bigr),

with a and v the squared momenta of the axial and of the conserved leg and B_0 the scalar bubble of two
masses m.  Both integrals over t are known,

.. math:: J = \frac{1}{2(a-v)}\Bigl\{1 - 2m^2 I_{00}(a, 0, v; m) + \frac{a}{a-v}\,[B_0(a) - B_0(v)]\Bigr\},

but this cancels for a heavy fermion, where the integrand is real and is integrated as it stands, and for
a near v, where it is integrated in the angle phi, s = 4 m^2 sin^2(phi), of `massless_leg`.
"""

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxtri.numerics.jax_settings import require_x64
from jaxtri.numerics.quadrature import gauss_legendre, symmetric_gauss_legendre
from jaxtri.physics.triangle.massless_leg import (
    angle_parts,
    decoupled_ratio,
    squared_angle_slope,
    threshold_gap,
)

HEAVY = 0.1  # |s| / 4m^2 below which the integrand is smooth on real nodes
HEAVY_ORDER = 7  # nodes a side: truncation below 1e-15 there
NEAR = 0.5  # |phi_a - phi_v| below which the closed form would cancel
NEAR_ORDER = 8  # nodes in the angle: truncation below 1e-15 up to NEAR
LIGHTEST = 1e-10  # m over the square root of the smaller leg; lighter fermions are as massless ones to 1e-18
SINE_TERMS = 8  # of sin(y) / y and cos(y) in powers of y^2: 1e-17 at |y| = NEAR


def conserved_current_integral(a: ArrayLike, v: ArrayLike, m: ArrayLike) -> Array:
    """J(a, v; m) of the module's docstring.

    Parameters
    ----------
    a
        Squared momentum of the axial leg [GeV^2], 0 or more.
    v
        Squared momentum of the leg whose current is conserved [GeV^2], 0 or more; a massless fermion needs
        it above 0.
    m
        Mass in the loop [GeV], from 0 to infinity.

    Returns
    -------
    Array
        Complex J [GeV^-2], of the broadcast shape; 1 / 24m^2 for a heavy fermion.

    Raises
    ------
    InputError
        If 64-bit floats are off.

    Notes
    -----
    Valid for: all such legs, also equal ones and at thresholds; relative error below 1e-12.  Derivatives are
    finite everywhere; where one is infinite, at a threshold, it is a large number.
    Differs from print: the paper has the longitudinal part only.
    """
    require_x64()
    return _integral(*jnp.broadcast_arrays(*(jnp.asarray(x, dtype=float) for x in (a, v, m))))


@jax.jit
def _integral(a: Array, v: Array, m: Array) -> Array:
    m = jnp.maximum(m, LIGHTEST * jnp.sqrt(jnp.where(v > 0, v, 1.0)))
    finite = jnp.isfinite(m)
    m = jnp.where(finite, m, 1.0)
    heavy = finite & (jnp.maximum(a, v) < 4 * HEAVY * m**2)
    direct = _heavy(jnp.where(heavy, a, 0.0), jnp.where(heavy, v, 0.0), jnp.where(heavy, m, 1.0))
    aside = heavy | ~finite
    a, v, m = jnp.where(aside, 3.0, a), jnp.where(aside, 1.0, v), jnp.where(aside, 1.0, m)
    near = _distance(a, v, m) < NEAR
    far = _far(jnp.where(near, 3.0, a), jnp.where(near, 0.0, v), jnp.where(near, 1.0, m))
    close = _near(jnp.where(near, a, 3.0), jnp.where(near, v, 3.0), jnp.where(near, m, 1.0))
    light = jnp.where(near, close, far)
    return jnp.where(heavy, direct + 0j, jnp.where(finite, light, 0.0))


def _heavy(a: Array, v: Array, m: Array) -> Array:
    """On real nodes: (1 / 8m^2) times the integral over (t, w) of (1-t) n / (1 - n tau(t)), n = 1 - w^2."""
    inverse = 1 / m**2
    tau_a, tau_v = a * inverse / 4, v * inverse / 4
    nodes, weights = gauss_legendre(HEAVY_ORDER)
    half, weights_w = symmetric_gauss_legendre(HEAVY_ORDER)
    total = jnp.zeros_like(tau_a)
    for n, weight in zip((1 - half**2).tolist(), weights_w.tolist(), strict=True):
        for t, weight_t in zip(nodes.tolist(), weights.tolist(), strict=True):
            total = total + weight * weight_t * (1 - t) * n / (1 - n * (tau_v + t * (tau_a - tau_v)))
    return total * inverse / 8


def bubble(s: Array, m: Array) -> Array:
    """B_0(s) - B_0(0) of two masses m > 0, complex: 2 - 2 phi cot(phi) = 2 - 2 (1 - tau) phi / (sin cos)."""
    return 2 - 2 * threshold_gap(s, m) / (4 * m**2) * squared_angle_slope(s, m)


def _far(a: Array, v: Array, m: Array) -> Array:
    """The closed form."""
    _, im, factor = decoupled_ratio(a, v, m)
    difference = a - v
    bubbles = a / difference * (bubble(a, m) - bubble(v, m))
    return (jax.lax.complex(factor, -im) + bubbles) / (2 * difference)


def _distance(a: Array, v: Array, m: Array) -> Array:
    """|phi_a - phi_v|; not differentiated."""
    first, second = (angle_parts(jax.lax.stop_gradient(s), jax.lax.stop_gradient(m))[0] for s in (a, v))
    return jnp.abs(first - second)


def _near(a: Array, v: Array, m: Array) -> Array:
    r"""In the angle, on the straight line from phi_v to phi_a = phi_v + d, with sigma = phi_a + phi_v.

    .. math:: J = \frac{d/\sin d}{4m^2\sin\sigma} \int_0^1 dx\,
              \frac{\sin[(1-x)d]\,\sin(\sigma + xd)}{\sin d\,\sin\sigma}\,
              \frac{\phi - \sin\phi\cos\phi}{\sin^2\phi},\qquad \phi = \phi_v + xd
    """
    (phi_a, sin_a, cos_a), (phi_v, sin_v, cos_v) = angle_parts(a, m), angle_parts(v, m)
    d = phi_a - phi_v
    sine = sin_a * cos_v + cos_a * sin_v  # of sigma: terms of one sign
    cosine = cos_a * cos_v - sin_a * sin_v
    nodes, weights = gauss_legendre(NEAR_ORDER)
    over_d = 1 / _sine_over(d)
    total = jnp.zeros_like(d)
    for x, weight in zip(nodes.tolist(), weights.tolist(), strict=True):
        s_x, c_x = x * d * _sine_over(x * d), _cosine(x * d)
        sin_phi, cos_phi = sin_v * c_x + cos_v * s_x, cos_v * c_x - sin_v * s_x
        left = (1 - x) * _sine_over((1 - x) * d) * over_d * (c_x + cosine / sine * s_x)
        total = total + weight * left * (phi_v + x * d - sin_phi * cos_phi) / sin_phi**2
    return total * over_d / (4 * m**2 * sine)


def _sine_over(y: Array) -> Array:
    """Sin(y) / y in powers of y^2."""
    square, series = y * y, jnp.ones_like(y)
    for n in range(SINE_TERMS, 0, -1):
        series = 1 - series * square / (2 * n * (2 * n + 1))
    return series


def _cosine(y: Array) -> Array:
    """Cos(y) in powers of y^2."""
    square, series = y * y, jnp.ones_like(y)
    for n in range(SINE_TERMS, 0, -1):
        series = 1 - series * square / (2 * n * (2 * n - 1))
    return series
