r"""The dilogarithm by Gauss-Legendre quadrature, next to 1 without loss, and its short increments.

.. math:: h(y) = {\rm Li}_2(e^{-y}) - \frac{\pi^2}{6}

With u = -ln(1 - x), Li2(x) is the integral of u / (e^u - 1) from 0 to u; next to x = 1, with u = y,
h = y ln(1 - e^-y) minus it, and ln(1 - e^-y) = ln y plus the integral of 1 / (e^u - 1) - 1 / u.  Every
x in the unit disk has |u| <= pi/3 or |y| < pi/3, and the integrands' singularities are 2 pi i away: six
nodes reach rounding.  The sum over the nodes of each power of u does not depend on the point; it is made
once, on the host, and a polynomial of u^2 is left.
"""

import math
from functools import cache
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from jaxtri.numerics.quadrature import gauss_legendre
from jaxtri.numerics.split_complex import Split, choose, logarithm, polynomial

ORDER = 8  # nodes; 4 give 2e-10, 5 4e-13, 6 rounding
NEAR = math.pi / 3  # |y| below which x is expanded about 1; elsewhere |ln(1 - x)| <= pi/3
NEAR_MINUS_ONE = 0.5  # |y| below which Li2(-e^-y) is expanded about -1; singularities pi i away
SHORT = 0.02  # step over distance to the nearest singularity, below which an increment is a series
EVEN_BERNOULLI = (  # B_2, B_4, ..., B_20: (1/6)^20 is below rounding
    *(1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798),
    -174611 / 330,
)


class Rule(NamedTuple):
    """Gauss-Legendre sums of the powers of u, which turn the angular integrals into polynomials of u^2."""

    far: tuple[float, ...]  # of u / (e^u - 1)
    near: tuple[float, ...]  # of 1 / (e^u - 1) - 1 / u, less the former
    log: tuple[float, ...]  # of 1 / (e^u - 1) - 1 / u: ln(1 - e^-y) = ln y - y/2 + ...
    alternating: tuple[float, ...]  # of ln(1 + e^-u)


@cache
def dilogarithm_rule(order: int = ORDER) -> Rule:
    """Return the sums over the nodes of Gauss-Legendre; exact from `ORDER` on, fewer truncate."""
    nodes, weights = gauss_legendre(order)
    terms = len(EVEN_BERNOULLI)
    even = [float(weights @ nodes ** (2 * k)) for k in range(1, terms + 1)]
    odd = [float(weights @ nodes ** (2 * k - 1)) for k in range(1, terms + 1)]
    b = [EVEN_BERNOULLI[k - 1] / math.factorial(2 * k) for k in range(1, terms + 1)]
    return Rule(
        far=tuple(b[k] * even[k] for k in range(terms)),
        near=tuple(b[k] * (odd[k] - even[k]) for k in range(terms)),
        log=tuple(b[k] * odd[k] for k in range(terms)),
        alternating=tuple(b[k] * (4.0 ** (k + 1) - 1) / (2 * k + 2) * even[k] for k in range(terms)),
    )


def wrapped(y: Split) -> Split:
    """Bring the imaginary part to [-pi, pi], from at most one turn outside."""
    turn = 2 * math.pi
    im = jnp.where(y.im > math.pi, y.im - turn, jnp.where(y.im < -math.pi, y.im + turn, y.im))
    return Split(y.re, im)


def dilogarithm(rule: Rule, y: Split, x: Split, x_inverse: Split, above: Array, alternating: Array) -> Split:
    """h(y) = Li2(x) - pi^2/6, x = e^-y; ``above`` is the side of the cut where x is real and above 1.

    Where ``alternating``, x = -e^-y and Li2(x) + pi^2/12 is returned.
    """
    y = wrapped(y)
    outside = y.re < 0
    value = _inner(rule, choose(outside, -y, y), choose(outside, x_inverse, x), alternating)
    side = jnp.where(y.im == 0, above, jnp.where(y.im < 0, 1.0, -1.0))
    reflected = -value - y * y * 0.5 - y.times_i() * (math.pi * side)
    return choose(outside, reflected, value)


def _inner(rule: Rule, y: Split, x: Split, alternating: Array) -> Split:
    """`dilogarithm` for |x| <= 1: in powers of a small y, elsewhere in powers of u = -ln(1 - x)."""
    near = y.norm() < jnp.where(alternating, NEAR_MINUS_ONE**2, NEAR**2)
    by_log = near & ~alternating & (y.norm() > 0)
    away = Split(jnp.where(near, 1.0, 1 - x.re), jnp.where(near, 0.0, -x.im))
    log = logarithm(choose(by_log, y, away))
    u = choose(near, y, -log)
    series = polynomial(
        [
            jnp.where(near, jnp.where(alternating, c, b), a)
            for a, b, c in zip(rule.far, rule.near, rule.alternating, strict=True)
        ],
        u * u,
    )
    start = jnp.where(near, jnp.where(alternating, math.log(2), log.re - 1), 1.0)
    series = Split(series.re + start, series.im + jnp.where(by_log, log.im, 0.0)) - u * 0.25
    value = u * series
    origin = jnp.where(near, 0.0, jnp.where(alternating, math.pi**2 / 12, -(math.pi**2) / 6))
    return Split(value.re + origin, value.im)


def increment(rule: Rule, y: Split, step: Split, x: Split, plain: Split, above: Array) -> Split:
    """h(y + step/2) - h(y - step/2): Taylor about the middle if the step is short, else ``plain``.

    ``x`` is the mean of the two e^-y.
    """
    y = wrapped(y)
    short = step.norm() < SHORT**2 * jnp.minimum(y.norm(), 1.0)
    step = Split(jnp.where(short, step.re, 0.0), jnp.where(short, step.im, 0.0))
    square = step * step
    x = x - x * square * (1 / 8) + x * square * square * (5 / 384)  # e^-y, the mean over cosh(step/2)
    near = y.norm() < NEAR**2
    away = Split(jnp.where(short, 1 - x.re, 1.0), jnp.where(short, -x.im, 0.0))
    log = logarithm(choose(near & short, y, away))
    below = (away.im == 0) & (away.re < 0) & ~near  # on the cut
    series = polynomial(rule.log, y * y) - y * 0.5
    log = Split(
        log.re + jnp.where(near, series.re, 0.0),
        jnp.where(below, -math.pi * above, log.im + jnp.where(near, series.im, 0.0)),
    )
    b = x * away.inverse()  # 1 / (e^y - 1)
    bb = b + b * b
    outer = (bb * 6 + Split(jnp.ones_like(b.re), jnp.zeros_like(b.re))) * square * (1 / 80)
    correction = bb * square * Split(1 + outer.re, outer.im) * (1 / 24)
    return choose(short, step * (log - correction), plain)
