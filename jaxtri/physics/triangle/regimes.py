r"""The triangle integral for any real legs and any mass: which rule where, and its derivatives.

Derivatives need no new integral.  With mu = m^2, y_1 = s_2 + s_3 - s_1 and cyclic, the Kallen function
lambda, Delta = lambda mu + s_1 s_2 s_3, h_i the integral of 1 / (mu - (1-w^2) s_i / 4) over w in [0, 1],
and W = sum_i s_i y_i h_i,

.. math::
   \frac{\partial I_{00}}{\partial\mu} = \frac{W}{2\Delta},\qquad
   \frac{\partial I_{00}}{\partial s_1} = \frac{1}{2\lambda}\Bigl[2 y_1 I_{00} - (y_1 - 2 s_1) h_1
   - 2 s_2 h_2 - 2 s_3 h_3 + \frac{s_2 s_3 - 2 y_1 \mu}{\Delta}\,W\Bigr]

(Gauss's theorem about the circumcentre; d(sqrt(lambda) I00) is a sum of angles times logarithms).  With
b_i = (4 mu - s_i) h_i, finite at threshold, the second is

.. math::
   \frac{\partial I_{00}}{\partial s_1} = \frac{1}{2\lambda}\Bigl[2 y_1 I_{00}
   - \frac{s_2 s_3}{\Delta}(2 s_1 b_1 - y_3 b_2 - y_2 b_3)\Bigr] - \frac{y_1 \mu h_1}{2\Delta}

and this form is used, but for the smallest leg where the other two nearly agree.  Next to lambda = 0, and to
Delta = 0 where W vanishes with it, I00 is smooth and the formulas cancel: there they are interpolated.
"""

import functools

import jax
import jax.numpy as jnp
from jax import Array

from jaxtri.numerics.quadrature import gauss_legendre
from jaxtri.physics.triangle.massless_leg import (
    decoupled_ratio,
    is_massive,
    squared_angle_slope,
    threshold_gap,
)
from jaxtri.physics.triangle.side import determinants, largest_first
from jaxtri.physics.triangle.tensor import heavy_rule
from jaxtri.physics.triangle.three_legs import contour_rule

HEAVY = 1.0  # largest |s| / m^2 up to which 1 - 2m^2 I00 is integrated directly
LIGHTEST = 1e-30  # m over the largest leg's square root, below which derivatives are those at this mass
CLOSE = 0.1  # |s_1 - s_2| / s_1 below which two legs may cancel in W
SMOOTH = 100.0  # |W| over its terms, in units of Delta / s_1 s_2 s_3, below which Delta = 0 is no singularity
ROUNDING = 1e-14  # of |W| over its terms
SLOPE_ORDER = 6  # nodes of the mean slope of h between two close legs
COLLINEAR = 1e-5  # |lambda| / s^2 below which derivatives are interpolated from points around
STEP = 0.02  # distance of these points, relative to the largest leg or, if nearer, to its threshold
# Weights of the value at 0 of the polynomial through 1, 2, 3, 4 steps to either side: error 576 STEP^8
INTERPOLATION = {1: 4 / 5, 2: -2 / 5, 3: 4 / 35, 4: -1 / 70}

Legs = tuple[Array, Array, Array]


@jax.custom_jvp
def any_legs(p2: Array, q2: Array, k2: Array, m: Array) -> tuple[Array, Array, Array]:
    """Real and imaginary part of I00 [GeV^-2], and the real part of 1 - 2 m^2 I00.

    A massless fermion with a massless leg, where I00 is infinite, has 0, 0 and 1.  Differentiable to any
    order, finite everywhere.
    """
    a, b, c = largest_first(p2, q2, k2)
    square = m * m
    massive, is_heavy, massless_leg = is_massive(m), _is_heavy(a, m), c == 0
    safe = jnp.where(massive, m, 1.0)
    light = [jnp.where(is_heavy, s, 0.0) for s in (p2, q2, k2)]
    direct = heavy_rule(light[0], light[1], light[2], safe * safe)
    ratio = decoupled_ratio(a, b, m)
    general = ~(is_heavy | massless_leg)
    legs = [jnp.where(general, s, other) for s, other in ((a, 3.0), (b, 2.0), (c, 1.0))]
    three = contour_rule(legs[0], legs[1], legs[2], jnp.where(general, m, 1.0))
    scale = jnp.where(massive, 0.5 / (safe * safe), 0.0)
    re = jnp.where(massless_leg, ratio[0] * scale, jnp.where(is_heavy, (1 - direct) * scale, three.re))
    im = jnp.where(massless_leg, ratio[1] * scale, jnp.where(is_heavy, 0.0, three.im))
    factor = jnp.where(massless_leg, ratio[2], jnp.where(is_heavy, direct, 1 - 2 * square * three.re))
    return re, im, factor


def _is_heavy(largest: Array, m: Array) -> Array:
    return is_massive(m) & (jnp.abs(largest) <= HEAVY * m * m)


@any_legs.defjvp
def _any_legs_jvp(
    primals: tuple[Array, Array, Array, Array], tangents: tuple[Array, Array, Array, Array]
) -> tuple[tuple[Array, Array, Array], tuple[Array, Array, Array]]:
    """Exact derivatives; of a heavy fermion those of the direct rule."""
    *s, m = primals
    *ds, dm = tangents
    value = any_legs(*s, m)
    a, _, c = largest_first(*s)
    massive, is_heavy = is_massive(m), _is_heavy(a, m)
    square, d_square = m * m, 2 * m * dm
    safe = jnp.where(massive, square, 1.0)
    integral = jax.lax.complex(value[0], value[1])
    light = [jnp.where(is_heavy, x, 0.0) for x in s]
    _, d_direct = jax.jvp(heavy_rule, (*light, safe), (*ds, d_square))
    d_heavy = -(d_direct + (1 - value[2]) / safe * d_square) / (2 * safe)
    finite = massive | (c != 0)
    general = finite & ~is_heavy
    legs = [jnp.where(general, x, y) for x, y in zip(s, (3.0, 2.0, 1.0), strict=True)]
    lightest = jax.lax.stop_gradient(LIGHTEST * jnp.sqrt(jnp.abs(a)))
    safe_m = jnp.where(general, jnp.maximum(m, lightest), 1.0)
    *by_leg, by_square = _slopes(*legs, safe_m)
    d_general = sum((by * d for by, d in zip(by_leg, ds, strict=True)), by_square * d_square)
    d_integral = jnp.where(finite, jnp.where(is_heavy, d_heavy + 0j, d_general), 0.0)
    d_general_factor = -2 * (d_square * integral + square * d_integral).real
    d_factor = jnp.where(finite, jnp.where(is_heavy, d_direct, d_general_factor), 0.0)
    return value, (d_integral.real, d_integral.imag, d_factor)


@jax.jit  # an eager call would compile its loops each time
@functools.partial(jnp.vectorize, signature="(),(),(),()->(),(),(),()")
def _slopes(p2: Array, q2: Array, k2: Array, m: Array) -> tuple[Array, Array, Array, Array]:
    """Complex derivatives of I00 with respect to the legs and to m^2, at one point."""
    s = jnp.stack([p2, q2, k2])
    order = jnp.argsort(-jnp.abs(s))
    a, b, c = s[order]
    triangle = determinants((a, b, c), m)
    h = [squared_angle_slope(x, m) / (m * m) for x in (a, b, c)]
    terms = [x * (a + b + c - 2 * x) * h_x for x, h_x in zip((a, b, c), h, strict=True)]
    small = jnp.abs(triangle.delta / jnp.where(c == 0, 1.0, a * b * c))
    is_smooth = jnp.abs(sum(terms)) < sum(map(jnp.abs, terms)) * jnp.maximum(SMOOTH * small, ROUNDING)
    landau = (c != 0) & (small < COLLINEAR) & is_smooth
    near = (jnp.abs(triangle.kallen) < COLLINEAR * a * a) | landau
    step = STEP * jnp.minimum(jnp.abs(threshold_gap(a, m) / a), 1.0)
    shifts = jnp.array([0.0, *(sign * n for n in INTERPOLATION for sign in (1.0, -1.0))])
    weights = jnp.array([0.0, *(w for w in INTERPOLATION.values() for _ in range(2))])
    alone = jnp.zeros_like(weights).at[0].set(1.0)

    def around(shift: Array) -> tuple[Array, Array]:
        return _direct_slopes((a * (1 + shift * jax.lax.stop_gradient(step)), b, c), m)

    values = jax.vmap(around)(jnp.where(near, shifts, 0.0))
    by_leg, by_square = (jnp.tensordot(jnp.where(near, weights, alone) + 0j, v, 1) for v in values)
    by_leg = jnp.zeros_like(by_leg).at[order].set(by_leg)
    return by_leg[0], by_leg[1], by_leg[2], by_square


def _direct_slopes(s: Legs, m: Array) -> tuple[Array, Array]:
    """Return the formulas of the module's docstring, for legs by descending magnitude."""
    re, im, _ = any_legs(*s, m)
    integral = jax.lax.complex(re, im)
    lam, _, delta, _ = determinants(largest_first(*s), m)
    mu, total = m * m, s[0] + s[1] + s[2]
    h = [squared_angle_slope(x, m) / mu for x in s]
    b = [threshold_gap(x, m) * h_x for x, h_x in zip(s, h, strict=True)]
    y = [total - 2 * x for x in s]
    by_square = _sum_of_bubbles(s, m, h, lam) / (2 * delta)
    by_leg = []
    for n in range(3):
        j, k = (n + 1) % 3, (n + 2) % 3
        edges = s[j] * s[k] / delta * (2 * s[n] * b[n] - y[k] * b[j] - y[j] * b[k])
        by_leg.append((2 * y[n] * integral - edges) / (2 * lam) - y[n] * mu * h[n] / (2 * delta))
    close = _are_close(s, m)
    bubbles = (y[2] - 2 * s[2]) * h[2] + 2 * s[0] * h[0] + 2 * s[1] * h[1]
    square = 2 * (s[0] * s[1] - 2 * y[2] * mu) * by_square
    by_leg[2] = jnp.where(close, (2 * y[2] * integral - bubbles + square) / (2 * lam), by_leg[2])
    return jnp.stack(by_leg), by_square


def _are_close(s: Legs, m: Array) -> Array:
    """Whether the larger two legs nearly agree, with no threshold near."""
    a, b, _ = s
    gap = jnp.minimum(jnp.abs(threshold_gap(a, m)), jnp.abs(threshold_gap(b, m)))
    return (a * b > 0) & (jnp.abs(a - b) < CLOSE * jnp.minimum(jnp.abs(a), gap))


def _sum_of_bubbles(s: Legs, m: Array, h: list[Array], lam: Array) -> Array:
    """W; where two large legs nearly agree what cancels is a divided difference of their h."""
    a, b, c = s
    y = a + b - c
    plain = a * (b + c - a) * h[0] + b * (a + c - b) * h[1] + c * y * h[2]
    nodes, weights = gauss_legendre(SLOPE_ORDER)

    def slope(t: Array) -> Array:
        x, one = b + t * (a - b), jnp.ones_like(a)
        return jax.jvp(lambda v: squared_angle_slope(v, m), (x,), (one,))[1] / (m * m)

    difference = jnp.tensordot(weights + 0j, jax.vmap(slope)(jnp.asarray(nodes)), 1)
    mean = (h[0] + h[1]) / 2
    paired = -lam * (mean + y * difference / 2) + c * y * (h[2] - mean - (2 * (a + b) - c) / 2 * difference)
    return jnp.where(_are_close(s, m), paired, plain)
