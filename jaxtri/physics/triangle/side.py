"""One side of the triangle in its three-leg kinematics: angles and logarithms, no integral yet.

Names are those of `three_legs`; everything that may be small is computed as a small number.
"""

import math
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxtri.numerics import error_free
from jaxtri.numerics.split_complex import Split, arctangent, choose
from jaxtri.physics.kinematics import pair_gap

THIN = 1e-3  # Theta^2, and its ratio to |1 - 1/kappa|, below which the angle is integrated as a series


def largest_first(a: Array, b: Array, c: Array) -> tuple[Array, Array, Array]:
    """Sort three numbers by magnitude, descending."""

    def pair(x: Array, y: Array) -> tuple[Array, Array]:
        swap = jnp.abs(x) < jnp.abs(y)
        return jnp.where(swap, y, x), jnp.where(swap, x, y)

    a, b = pair(a, b)
    a, c = pair(a, c)
    b, c = pair(b, c)
    return a, b, c


class Determinants(NamedTuple):
    """What the three legs and the mass have in common."""

    kallen: Array  # lambda; never 0
    root: Array  # sqrt |lambda|
    delta: Array  # lambda m^2 + s_1 s_2 s_3; never 0
    m2: error_free.Double


def determinants(s: tuple[Array, Array, Array], m: Array) -> Determinants:
    """Determinants of three legs by descending magnitude, each without cancellation.

    Where lambda is 0 it is replaced by a number too small to matter: the integral is smooth there.  So is
    Delta, where the integral may be infinite: it becomes large instead.
    """
    difference = error_free.add(error_free.two_sum(s[0], -s[1]), (-s[2], jnp.zeros_like(m)))
    rest = error_free.two_product(-4 * s[1], s[2])
    lam = error_free.add(error_free.multiply(difference, difference), rest)
    floor = (float(np.finfo(m.dtype).eps) * s[0]) ** 2
    is_zero = jnp.abs(lam[0] + lam[1]) < floor
    lam = jnp.where(is_zero, floor, lam[0]), jnp.where(is_zero, 0.0, lam[1])
    m2 = error_free.two_product(m, m)
    product = error_free.multiply(error_free.two_product(s[0], s[1]), (s[2], jnp.zeros_like(m)))
    delta = error_free.add(error_free.multiply(lam, m2), product)
    total = delta[0] + delta[1]
    smallest = jnp.maximum(float(np.finfo(m.dtype).eps) ** 2 * jnp.abs(product[0]), np.finfo(m.dtype).tiny)
    kallen = lam[0] + lam[1]
    return Determinants(
        kallen, jnp.sqrt(jnp.abs(kallen)), jnp.where(jnp.abs(total) < smallest, smallest, total), m2
    )


class Side(NamedTuple):
    """One side of the triangle; names as in `three_legs`."""

    sign: Array  # of y
    kind: Array  # 0: kappa < 0, 1: 0 <= kappa <= 1, 2: kappa > 1
    upper: Array  # X, Lambda are those of E and z, not of -E and -z
    side: Array  # sign of the imaginary part of z E where it is real and above 1
    roots: tuple[Array, Array]  # sqrt |kappa|, sqrt |1 - kappa|
    X: Split
    Lambda: Split
    minus: Split  # ln(-z)
    Q: Split
    x: tuple[Split, Split, Split]  # z E, E / z, -E
    x_inverse: Split  # 1 / z E
    is_thin: Array
    thin: Split  # T where it is thin


def side_of(triangle: Determinants, s: Array, product: Array, y: Array, is_near: Array) -> Side:
    """Everything about one side but its dilogarithms.

    Parameters
    ----------
    triangle
        Of the three legs.
    s, product
        This leg, and the product of the other two.
    y
        Sum of the other two less this one.
    is_near
        Whether, for lambda < 0, E is taken as nearer to 1 than to -1.
    """
    lam, root, delta, m2 = triangle
    positive = lam > 0
    side = jnp.where((s > 0) == positive, 1.0, -1.0)  # of Im kappa, hence of Im z
    kappa = s * y * y / (4 * delta)
    rest = pair_gap(s, m2) / 4 * (lam / delta)  # 1 - kappa
    X, epsilon, inverse = _opening(jnp.abs(y), product, positive, root, is_near)
    upper = jnp.where(positive, product >= 0, is_near)
    kind = jnp.where(kappa < 0, 0, jnp.where(rest >= 0, 1, 2))
    roots = jnp.sqrt(jnp.abs(kappa)), jnp.sqrt(jnp.abs(rest))
    Lambda, minus, Q = _twist(kind, roots, side, upper)
    sigma = jnp.where(upper, 1.0, -1.0)
    zeta, zeta_inverse = _twist_factor(kind, roots, sigma)
    is_thin, thin = _thin_angle(kappa, rest, X, positive, side, upper)
    return Side(
        sign=jnp.where(y > 0, 1.0, -1.0),
        kind=kind,
        upper=upper,
        side=side * sigma,
        roots=roots,
        X=X,
        Lambda=Lambda,
        minus=minus,
        Q=Q,
        x=(epsilon * zeta, epsilon * zeta_inverse, epsilon * -sigma),
        x_inverse=inverse * zeta_inverse,
        is_thin=is_thin,
        thin=thin,
    )


def _opening(
    y: Array, product: Array, positive: Array, root: Array, is_near: Array
) -> tuple[Split, Split, Split]:
    """X = -ln(sigma E) with e^-X and e^X; sigma = 1 where ``is_near``, or lambda > 0 and E > 0."""
    width = (y + root) ** 2
    tiny = float(np.finfo(y.dtype).tiny) ** 0.6
    size = jnp.maximum(4 * jnp.abs(product), tiny * width)  # |y^2 - lambda|
    stretch = jnp.log1p(2 * jnp.minimum(root, y) * (y + root) / size)
    turn = arctangent(jnp.where(is_near, root, y), jnp.where(is_near, y, root))
    turn = jnp.where(is_near, 2 * turn, -2 * turn)
    norm = jnp.where(positive, 1.0, y * y + root * root) * jnp.where(is_near, 1.0, -1.0)
    phase = Split((y - root) * (y + root) / norm, -2 * y * root / norm)
    zero = jnp.zeros_like(y)
    return (
        Split(jnp.where(positive, stretch, 0.0), jnp.where(positive, 0.0, turn)),
        choose(positive, Split(size / width, zero), phase),
        choose(positive, Split(width / size, zero), phase.conjugate()),
    )


def _twist(kind: Array, roots: tuple[Array, Array], side: Array, upper: Array) -> tuple[Split, Split, Split]:
    """Lambda = ln(sigma z), ln(-z) and Q."""
    small, large = jnp.where(kind == 0, roots[0], roots[1]), jnp.where(kind == 0, roots[1], roots[0])
    stretch = 2 * jnp.log1p(small + small * small / (1 + large))  # ln |z| of kinds 0 and 2
    psi, omega = 2 * arctangent(roots[0], roots[1]), 2 * arctangent(roots[1], roots[0])
    turned = jnp.where((kind == 0) == upper, math.pi, 0.0)  # the logarithm of a negative number
    Lambda = Split(
        jnp.where(kind == 1, 0.0, stretch), jnp.where(kind == 1, jnp.where(upper, -omega, psi), turned)
    )
    phase = jnp.where(kind == 0, 0.0, jnp.where(kind == 1, psi, -math.pi * side))
    minus = Split(Lambda.re, phase)
    shift = jnp.where(upper, 1.0, 0.0)
    # Q = ln^2(-z), and pi^2 more where sigma = 1
    turn = jnp.where(
        kind == 1,
        jnp.where(upper, omega * (2 * math.pi - omega), -psi * psi),
        jnp.where(kind == 0, shift * math.pi**2, (shift - 1) * math.pi**2),
    )
    Q = Split(minus.re * minus.re + turn, 2 * minus.re * phase)
    return Lambda, minus, Q


def _twist_factor(kind: Array, roots: tuple[Array, Array], sigma: Array) -> tuple[Split, Split]:
    """Sigma z and its inverse."""
    modulus = (roots[0] + roots[1]) ** 2
    norm = jnp.where(kind == 1, roots[0] ** 2 + roots[1] ** 2, modulus)
    signed = jnp.where(kind == 0, -sigma, sigma)
    cosine = (roots[0] - roots[1]) * (roots[0] + roots[1]) * sigma / norm
    sine = jnp.where(kind == 1, -2 * roots[0] * roots[1] * sigma / norm, 0.0)
    return (
        Split(jnp.where(kind == 1, cosine, signed * modulus), sine),
        Split(jnp.where(kind == 1, cosine, signed / norm), -sine),
    )


def _thin_angle(
    kappa: Array, rest: Array, X: Split, positive: Array, side: Array, upper: Array
) -> tuple[Array, Split]:
    """T in powers of a small Theta, and whether that holds: otherwise kappa far from 1 would cancel."""
    square = jnp.where(positive, X.re * X.re, -X.im * X.im) / 4  # Theta^2
    ratio = kappa / jnp.where(rest == 0, 1.0, rest) * square
    thin = upper & (rest != 0) & (jnp.abs(ratio) < THIN) & (jnp.abs(square) < THIN)
    t, r = jnp.where(thin, square, 0.0), jnp.where(thin, ratio, 0.0)
    series = (  # of the mean over theta of ln[1 + c tanh^2(theta)], c = kappa / (1 - kappa)
        r / 3
        - (2 / 3 * t + r / 2) * r / 5
        + (17 / 45 * t * t + 2 / 3 * t * r + r * r / 3) * r / 7
        - (62 / 315 * t**3 + 3 / 5 * t * t * r + 2 / 3 * t * r * r + r**3 / 4) * r / 9
    )
    log = jnp.log(jnp.abs(jnp.where(thin, rest, 1.0)))
    mean = Split(log + series, jnp.where((rest < 0) & (kappa > 0), -math.pi * side, 0.0))
    return thin, X * 0.5 * mean
