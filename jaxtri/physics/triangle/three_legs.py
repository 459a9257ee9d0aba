r"""Quadrature of the triangle integral with three massive legs, any real p^2, q^2, k^2 = s_1, s_2, s_3.

About the circumcentre of the Feynman triangle the denominator is A plus a quadratic form, and the radial
half of the double integral of Eq. (3) is a logarithm.  What is left is one angle per side,

.. math:: I_{00} = \frac{2}{\sqrt\lambda} \sum_i T_i,\qquad
          T_i = \int_0^{\Theta_i} d\theta\, \ln(1 - \kappa_i\,{\rm sech}^2\theta),\qquad
          \tanh\Theta_i = \frac{\sqrt\lambda}{y_i}

with y_1 = s_2 + s_3 - s_1 and cyclic, lambda = s_1^2 + s_2^2 + s_3^2 - 2 (s_1 s_2 + s_1 s_3 + s_2 s_3),
kappa_i = s_i y_i^2 / 4 Delta and Delta = lambda m^2 + s_1 s_2 s_3 = lambda A.  For lambda < 0 the angles
are imaginary.  On the real axis T_i has logarithmic poles; along u = -ln(1 - z e^{-2 theta}) each of its
three pieces is the integral of u / (e^u - 1) from 0 to a point with |u| <= pi/3, or of its partner next
to 1, whose singularities 2 pi i are far away: six Gauss-Legendre nodes reach rounding.  The sum over
the nodes of each power of u does not depend on the point; it is made once, on the host.

With E = e^{-2 Theta} and 4 kappa = (1 + z)^2 / z the pieces are values of one function at z E, E / z, -E,

.. math:: h(y) = {\rm Li}_2(e^{-y}) - \pi^2/6,\qquad T = \tfrac12 [h(X-\Lambda) + h(X+\Lambda)] - c(X) + Q/4

in logarithms chosen so that everything that may be small is small as a number: X = -ln E, Lambda = ln z,
c(X) = Li_2(-E) + pi^2/12, Q = pi^2 + ln^2(-z); or, where E is nearer to -1, X = -ln(-E), Lambda = ln(-z),
c = h, Q = Lambda^2.  So nothing is lost for lambda -> 0.  Where two legs nearly agree and their angles
cancel (q^2 -> 0 with k^2 -> p^2) their difference is an increment of h over a short step, not a subtraction.
"""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from jaxtri.numerics import dilogarithm
from jaxtri.numerics.dilogarithm import Rule, dilogarithm_rule
from jaxtri.numerics.split_complex import Split, choose
from jaxtri.physics.kinematics import pair_gap
from jaxtri.physics.triangle.side import Determinants, Side, determinants, largest_first, side_of

ANGLE_ORDER = dilogarithm.ORDER  # nodes of the angle
CLOSE = 0.1  # |s_1 - s_2| / s_1 below which two angles may cancel

Triple = tuple[Array, Array, Array]


@functools.partial(jax.jit, static_argnames="order")  # an eager call would compile its loops every time
def contour_rule(s_1: Array, s_2: Array, s_3: Array, m: Array, *, order: int = ANGLE_ORDER) -> Split:
    """I00 by Gauss-Legendre on the contour, any real invariants; accurate unless m^2 >> every |s|.

    Parameters
    ----------
    s_1, s_2, s_3
        Squared momenta [GeV^2], of either sign; 0 allowed, but then the other two must differ.
    m
        Mass in the loop [GeV]; 0 allowed if no leg is 0.
    order
        Nodes of the angle, up to `ANGLE_ORDER`; fewer truncate.

    Returns
    -------
    Split
        Real and imaginary part of I00 [GeV^-2].
    """
    rule = dilogarithm_rule(order)
    a, b, c = largest_first(s_1, s_2, s_3)
    triangle = determinants((a, b, c), m)
    y = ((b - a) + c, (a - b) + c, (a - c) + b)
    first, last = (triangle.root <= jnp.abs(y[n]) for n in (0, 2))  # one choice for two that may cancel
    columns = [jnp.stack(v) for v in ((a, b, c), (b * c, a * c, a * b), y, (first, first, last))]
    sides = _loop(lambda s, product, y, near: side_of(triangle, s, product, y, near), columns)
    h = _pieces(rule, sides)
    change = (a - b) * (triangle.kallen / (4 * triangle.delta))  # kappa_1 - kappa_2
    total = _sum_of_angles(rule, change, jnp.abs(a - b) < CLOSE * jnp.abs(a), sides, h)
    value = choose(triangle.kallen > 0, total, -total.times_i()) * (2 / triangle.root)
    return Split(value.re, jnp.where(_is_real(triangle, (a, b, c), y), 0.0, value.im))


def _is_real(triangle: Determinants, s: Triple, y: Triple) -> Array:
    """Whether the denominator has one sign: no leg above its threshold, nor beyond the leading singularity.

    The latter lies inside the Feynman triangle if its angles are acute, all y > 0, and lambda < 0 < Delta.
    A massless fermion with three timelike legs has one sign, too.
    """
    largest = jnp.maximum(jnp.maximum(s[0], s[1]), s[2])
    below = pair_gap(largest, triangle.m2) >= 0
    acute = jnp.minimum(jnp.minimum(y[0], y[1]), y[2]) > 0
    timelike = jnp.minimum(jnp.minimum(s[0], s[1]), s[2]) > 0
    regular = below & ~(acute & (triangle.kallen < 0) & (triangle.delta > 0))
    return regular | ((triangle.m2[0] == 0) & timelike)


def _loop(function: Callable[..., Any], columns: Sequence[Any]) -> Any:
    """Map a function over a leading axis, one after the other.

    What a loop returns is stored once, where XLA on CPU would compute it again for every use.
    """
    return jax.lax.scan(lambda _, row: (None, function(*row)), None, tuple(columns))[1]


def _stacked(parts: Sequence[Any]) -> Any:
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *parts)


def _pieces(rule: Rule, sides: Side) -> Split:
    """Dilogarithms h(X - Lambda), h(X + Lambda) and c(X) of every side, (piece, side)."""
    y = (sides.X - sides.Lambda, sides.X + sides.Lambda, sides.X)
    never = jnp.zeros_like(sides.upper)
    columns = (
        _stacked(y),
        _stacked(sides.x),
        _stacked((sides.x_inverse, *sides.x[1:])),
        jnp.stack([sides.side] * 3),
        jnp.stack([never, never, sides.upper]),
    )
    flat = jax.tree.map(lambda v: v.reshape(9, *v.shape[2:]), columns)
    h = _loop(functools.partial(dilogarithm.dilogarithm, rule), flat)
    return jax.tree.map(lambda v: v.reshape(3, 3, *v.shape[1:]), h)


def _sum_of_angles(rule: Rule, change: Array, is_close: Array, sides: Side, h: Split) -> Split:
    """Sum of the signed angles; those of the first two sides by increments where they nearly cancel."""
    one, two, three = _unstacked(h)
    T = choose(sides.is_thin, sides.thin, (one + two) * 0.5 - three + sides.Q * 0.25) * sides.sign
    a, b, c = _unstacked(sides)
    cancels = is_close & (a.sign * b.sign < 0) & (a.kind == b.kind) & (a.upper == b.upper)
    cross = a.roots[0] * b.roots[1] + a.roots[1] * b.roots[0]
    change = jnp.where(cancels, change, 0.0) / jnp.where(cancels, cross, 1.0)
    cancels &= jnp.abs(change) < CLOSE
    change = jnp.where(cancels, change, 0.0)
    step_Lambda = _twice_arcsine(change, a.kind)
    step_X = c.X * (b.sign * c.sign)
    X, Lambda = (a.X + b.X) * 0.5, (a.Lambda + b.Lambda) * 0.5
    last = Split(X.re, X.im + jnp.where(a.upper, math.pi, 0.0))
    columns = (
        _stacked((X - Lambda, X + Lambda, last)),
        _stacked((step_X - step_Lambda, step_X + step_Lambda, step_X)),
        _stacked([(x_a + x_b) * 0.5 for x_a, x_b in zip(a.x, b.x, strict=True)]),
        Split(h.re[:, 0] - h.re[:, 1], h.im[:, 0] - h.im[:, 1]),
    )
    steps = _loop(lambda y, step, x, plain: dilogarithm.increment(rule, y, step, x, plain, a.side), columns)
    one, two, three = _unstacked(steps)
    pair = (one + two) * 0.5 - three + step_Lambda * (a.minus + b.minus) * 0.25
    first, second, third = _unstacked(T)
    return choose(cancels, pair * a.sign, first + second) + third


def _unstacked(tree: Any) -> list[Any]:
    return [jax.tree.map(lambda v, n=n: v[n], tree) for n in range(3)]


def _twice_arcsine(x: Array, kind: Array) -> Split:
    """Change of Lambda, real and imaginary part, when kappa changes: 2 arsinh or 2 arcsin of a small x."""
    v = jnp.where(kind == 1, x * x, -x * x)
    series = jnp.zeros_like(x)
    for n in range(7, 0, -1):
        series = (series + 1.0) * v * ((2 * n - 1) ** 2 / (2 * n * (2 * n + 1)))
    step = 2 * x * (1 + series)
    zero = jnp.zeros_like(x)
    real = jnp.where(kind == 0, -step, step)
    return Split(jnp.where(kind == 1, zero, real), jnp.where(kind == 1, step, zero))
