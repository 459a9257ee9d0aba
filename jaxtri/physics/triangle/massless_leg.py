r"""Quadrature of the triangle integral with one massless leg, q^2 = 0: every Z -> X gamma.

The double integral of Eq. (3) over Feynman parameters becomes, after x = (1-z)t and folding z about 1/2,

.. math:: I_{00} = \frac12 \int_0^1 dt \int_0^1 dw \frac{1}{m^2 - i0 - (1-w^2)\, s(t)/4},
          \qquad s(t) = p^2 + t (k^2 - p^2),

whose denominator vanishes inside the square once p^2 or k^2 exceeds 4 m^2.  The variables
s = 4 m^2 sin^2(phi), w = tan(theta)/tan(phi) turn ds dw / denominator into 8 dphi dtheta: on this
contour the integrand is constant, a tensor Gauss-Legendre rule of any order is exact, and the side of
the cut, -i0, is fixed by Re phi >= 0, Im phi >= 0.  Where the fermion is heavy the difference
1 - 2 m^2 I00 would cancel; there it is integrated directly, on real nodes.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxtri.numerics import error_free
from jaxtri.numerics.quadrature import gauss_legendre, symmetric_gauss_legendre
from jaxtri.numerics.split_complex import Split, arctangent, choose, polynomial
from jaxtri.physics.kinematics import pair_gap

HEAVY = 0.1  # |s| / 4m^2 below which 1 - 2m^2 I00 is integrated directly
HEAVY_ORDER = 6  # nodes a side of that rule: truncation below 1e-15 at |s| / 4m^2 = HEAVY
CONTOUR_ORDER = 1  # nodes a side on the deformed contour; the integrand is linear, so 1 is exact
NEAR = 0.2  # |phi_p - phi_k| below which d / sin d is a series
SMALL = 0.1  # |s| / 4m^2 below which phi / (sin phi cos phi) is a series
MASSLESS = (
    0.45  # a fermion lighter than this power of the smallest float, 1e-138 GeV, is massless: m^2 underflows
)
# x / sin x in powers of x^2, to x^12: truncation 4e-17 at |x| = NEAR
X_OVER_SIN_X = (1.0, 1 / 6, 7 / 360, 31 / 15120, 127 / 604800, 73 / 3421440, 1414477 / 653837184000)
SQUARED_ANGLE_TERMS = 18  # of the series of phi / (sin phi cos phi) in powers of s / 4m^2: 1e-18 at SMALL
AT_THRESHOLD = 1e-30  # stands in for an exact zero of 1 - s / 4m^2: the derivative is large, not infinite


@jax.custom_jvp
def decoupled_ratio(p2: Array, k2: Array, m: Array) -> tuple[Array, Array, Array]:
    """Real and imaginary part of 2 m^2 I00 at q^2 = 0, and the real part of 1 - 2 m^2 I00.

    Massless fermions have 0, 0 and 1.  Differentiable to any order, finite everywhere.
    """
    massive, safe_m = _massive(m)
    tau_p, tau_k = _tau(p2, safe_m), _tau(k2, safe_m)
    heavy = _is_heavy(tau_p, tau_k)
    ratio = contour_rule(p2, k2, safe_m)
    direct = heavy_rule(jnp.where(heavy, tau_p, 0.0), jnp.where(heavy, tau_k, 0.0))
    keep = massive & ~heavy
    cut = keep & (threshold_gap(jnp.maximum(p2, k2), safe_m) < 0)
    return (
        jnp.where(keep, ratio.re, jnp.where(massive, 1 - direct, 0.0)),
        jnp.where(cut, ratio.im, 0.0),
        jnp.where(keep, 1 - ratio.re, jnp.where(massive, direct, 1.0)),
    )


def contour_rule(p2: Array, k2: Array, m: Array, *, order: int = CONTOUR_ORDER) -> Split:
    """2 m^2 I00 at q^2 = 0 by the tensor Gauss-Legendre rule on the deformed contour.

    With phi the angle of a leg, s = 4 m^2 sin^2(phi), the double sum over (x, y) in [0, 1]^2 is
    I00 = 4 / (p2 - k2) sum_ij w_i w_j (phi_p - phi_k) phi(x_i), phi(x) = phi_k + (phi_p - phi_k) x.
    The prefactor is p2 - k2 = 4 m^2 sin(phi_p + phi_k) sin(phi_p - phi_k), used where p2 is near k2.

    Parameters
    ----------
    p2, k2
        Squared momenta [GeV^2], any real values.
    m
        Mass in the loop [GeV], positive.
    order
        Nodes a side; the integrand is linear, so every order is exact.

    Returns
    -------
    Split
        Real and imaginary part of 2 m^2 I00.
    """
    phi_p, phi_k = _angle(p2, m), _angle(k2, m)
    d = phi_p - phi_k
    nodes, weights = gauss_legendre(order)
    mean, mass = float(weights @ nodes), float(weights.sum())
    integral = (phi_k * mass + d * mean) * 2.0  # phi_p + phi_k
    near = d.norm() < NEAR**2
    difference = jnp.where(near, 1.0, (p2 - k2) / (4 * m**2))
    far = d * integral * (1 / difference)
    zero = jnp.zeros_like(difference)
    d = choose(near, d, Split(zero, zero))
    series = polynomial(X_OVER_SIN_X[1:], d * d)
    sine = choose(near, _sine_of_sum(p2, k2, m), Split(zero + 1.0, zero))
    is_zero = (sine.re == 0) & (sine.im == 0)
    ratio = integral * Split(jnp.where(is_zero, 1.0, sine.re), sine.im).inverse()
    ratio = choose(is_zero, Split(zero + 1.0, zero), ratio)
    return choose(near, Split(1 + series.re, series.im) * ratio, far)


def heavy_rule(tau_p: Array, tau_k: Array, *, order: int = HEAVY_ORDER) -> Array:
    """1 - 2 m^2 I00 at q^2 = 0 for a heavy fermion, without the subtraction.

    The integral of -n / (1 - n) over (t, w) in [0, 1]^2, n = (1 - w^2) (tau_p + t (tau_k - tau_p)).  It is
    even in w: its nodes are the positive half of a rule on [-1, 1].

    Parameters
    ----------
    tau_p, tau_k
        p^2 / 4m^2 and k^2 / 4m^2, both below 1; meant for magnitudes below `HEAVY`.
    order
        Nodes a side: 3 give 1e-7, 4 give 1e-10, 6 give rounding at `HEAVY`.

    Returns
    -------
    Array
        The real decoupling factor.
    """
    nodes, weights = gauss_legendre(order)
    squares = (1 - symmetric_gauss_legendre(order)[0] ** 2).tolist()
    weights_w = symmetric_gauss_legendre(order)[1].tolist()

    def add_row(total: Array, row: tuple[Array, Array]) -> tuple[Array, None]:
        t, weight_t = row
        s = tau_p + t * (tau_k - tau_p)
        inner = jnp.zeros_like(s)
        for square, weight in zip(squares, weights_w, strict=True):
            n = square * s
            inner = inner + weight * n / (1 - n)
        return total - weight_t * inner, None

    rows = jnp.asarray(nodes, tau_p.dtype), jnp.asarray(weights, tau_p.dtype)
    return jax.lax.scan(add_row, jnp.zeros_like(tau_p), rows)[0]


def is_massive(m: Array) -> Array:
    """Whether the square of a mass, and that of its inverse, can be represented."""
    return m > float(np.finfo(m.dtype).tiny) ** MASSLESS


def _massive(m: Array) -> tuple[Array, Array]:
    massive = is_massive(m)
    return massive, jnp.where(massive, m, 1.0)


def _tau(s: Array, m: Array) -> Array:
    return s / (4 * m**2)


def _is_heavy(tau_p: Array, tau_k: Array) -> Array:
    return jnp.maximum(jnp.abs(tau_p), jnp.abs(tau_k)) < HEAVY


def threshold_gap(s: Array, m: Array) -> Array:
    """Return 4 m^2 - s without rounding m^2."""
    return pair_gap(s, error_free.two_product(m, m))


def _angle(s: Array, m: Array) -> Split:
    """Angle phi of a leg, s = 4 m^2 sin^2(phi), on the side of the cut that -i0 selects."""
    scale = 1 / (4 * m**2)
    tau, rest = s * scale, threshold_gap(s, m) * scale
    angle = arctangent(jnp.sqrt(jnp.maximum(tau, 0.0)), jnp.sqrt(jnp.maximum(rest, 0.0)))
    square = jnp.maximum(jnp.maximum(-rest, -tau), 0.0)
    x = jnp.sqrt(square)
    return Split(angle, jnp.log1p(x + square / (1 + jnp.sqrt(1 + square))))  # arsinh x


def _sine_cosine(s: Array, m: Array) -> tuple[Split, Split]:
    """Sine and cosine of the angle of a leg; each is purely real or purely imaginary."""
    scale = 1 / (4 * m**2)
    tau, rest = s * scale, threshold_gap(s, m) * scale
    sine = Split(jnp.sqrt(jnp.maximum(tau, 0.0)), jnp.sqrt(jnp.maximum(-tau, 0.0)))
    return sine, Split(jnp.sqrt(jnp.maximum(rest, 0.0)), -jnp.sqrt(jnp.maximum(-rest, 0.0)))


def _sine_of_sum(p2: Array, k2: Array, m: Array) -> Split:
    """sin(phi_p + phi_k): a sum of terms of one sign, so that nothing cancels."""
    (sin_p, cos_p), (sin_k, cos_k) = _sine_cosine(p2, m), _sine_cosine(k2, m)
    return sin_p * cos_k + cos_p * sin_k


@decoupled_ratio.defjvp
def _decoupled_ratio_jvp(
    primals: tuple[Array, Array, Array], tangents: tuple[Array, Array, Array]
) -> tuple[tuple[Array, Array, Array], tuple[Array, Array, Array]]:
    """Exact derivatives: differentiating the branches would be NaN at k^2 = 0 and at threshold."""
    p2, k2, m = primals
    massive, safe_m = _massive(m)
    value = decoupled_ratio(p2, k2, m)
    by_p, by_k = _slopes(p2, k2, safe_m, jax.lax.complex(value[0], value[1]))
    d_ratio = by_p * _tau_tangent(p2, safe_m, tangents[0], tangents[2])
    d_ratio += by_k * _tau_tangent(k2, safe_m, tangents[1], tangents[2])
    d_re, d_im = (jnp.where(massive, part, 0.0) for part in (d_ratio.real, d_ratio.imag))
    return value, (d_re, d_im, -d_re)


def _tau_tangent(s: Array, m: Array, ds: Array, dm: Array) -> Array:
    return (ds - 2 * s * dm / m) / (4 * m**2)


def _slopes(p2: Array, k2: Array, m: Array, ratio: Array) -> tuple[Array, Array]:
    """Complex derivatives of G = 2 m^2 I00 with respect to tau_p and tau_k (tau = s / 4m^2).

    Each branch is built of functions with derivatives of their own, so that it can be differentiated again.
    """
    tau_p, tau_k = _tau(p2, m), _tau(k2, m)
    heavy = _is_heavy(tau_p, tau_k)
    direct = jax.grad(lambda *tau: jnp.sum(-heavy_rule(*tau)), argnums=(0, 1))
    heavy_p, heavy_k = direct(jnp.where(heavy, tau_p, 0.0), jnp.where(heavy, tau_k, 0.0))
    near = ((_angle(p2, m) - _angle(k2, m)).norm() < NEAR**2) & ~heavy
    near_p, near_k = _near_slopes(p2, k2, m, near)
    difference = jnp.where(near | heavy, 1.0, tau_p - tau_k)  # far: G is a difference quotient of phi^2
    far_p = (squared_angle_slope(p2, m) - ratio) / difference
    far_k = (ratio - squared_angle_slope(k2, m)) / difference
    return (
        jnp.where(heavy, heavy_p + 0j, jnp.where(near, near_p, far_p)),
        jnp.where(heavy, heavy_k + 0j, jnp.where(near, near_k, far_k)),
    )


@jax.custom_jvp
def squared_angle_slope(s: Array, m: Array) -> Array:
    r"""Complex derivative of phi^2 with respect to tau = s / 4m^2; also m^2 times the bubble's integral.

    .. math:: h(\tau) = \frac{\phi}{\sin\phi\cos\phi} = \int_0^1 \frac{dw}{1 - (1-w^2)\tau - i0}
    """
    tau = _tau(s, m)
    small = jnp.abs(tau) < SMALL
    v = jnp.where(small, tau, 0.0)
    series = jnp.ones_like(v)
    for n in range(SQUARED_ANGLE_TERMS, 0, -1):
        series = 1 + series * v * (2 * n / (2 * n + 1))
    phi, sine, cosine = angle_parts(s, m)
    return jnp.where(small, series + 0j, phi / (jnp.where(small, 1.0, sine) * cosine))


@squared_angle_slope.defjvp
def _squared_angle_slope_jvp(
    primals: tuple[Array, Array], tangents: tuple[Array, Array]
) -> tuple[Array, Array]:
    """Tau (1 - tau) h' = 1/2 - (1/2 - tau) h; about 0 the derivative of the series."""
    s, m = primals
    tau, value = _tau(s, m), squared_angle_slope(s, m)
    small = jnp.abs(tau) < SMALL
    v = jnp.where(small, tau, 0.0)
    coefficient, coefficients = 1.0, []
    for n in range(1, SQUARED_ANGLE_TERMS + 1):
        coefficient *= 2 * n / (2 * n + 1)
        coefficients.append(n * coefficient)
    series = jnp.zeros_like(v)
    for c in coefficients[::-1]:
        series = series * v + c
    rest = _nonzero(threshold_gap(s, m) / (4 * m**2))
    slope = (0.5 - (0.5 - tau) * value) / jnp.where(small, 1.0, tau * rest)
    return value, jnp.where(small, series + 0j, slope) * _tau_tangent(s, m, *tangents)


def _nonzero(rest: Array) -> Array:
    return jnp.where(jnp.abs(rest) < AT_THRESHOLD, AT_THRESHOLD, rest)


@jax.custom_jvp
def angle_parts(s: Array, m: Array) -> tuple[Array, Array, Array]:
    """Angle of a leg with its sine and cosine, complex; never exactly at a threshold."""
    sine, cosine = (part.join() for part in _sine_cosine(s, m))
    return (
        _angle(s, m).join(),
        sine,
        jnp.where(jnp.abs(cosine) ** 2 < AT_THRESHOLD, AT_THRESHOLD**0.5, cosine),
    )


@angle_parts.defjvp
def _angle_parts_jvp(
    primals: tuple[Array, Array], tangents: tuple[Array, Array]
) -> tuple[tuple[Array, Array, Array], tuple[Array, Array, Array]]:
    value = angle_parts(*primals)
    _, sine, cosine = value
    sine = jnp.where(sine == 0, AT_THRESHOLD**0.5, sine)
    d_phi = _tau_tangent(*primals, *tangents) / (2 * sine * cosine)
    return value, (d_phi, cosine * d_phi, -sine * d_phi)


def _near_slopes(p2: Array, k2: Array, m: Array, used: Array) -> tuple[Array, Array]:
    """Slopes where the legs are close: G = e(d) e(sigma), e(x) = x / sin x, without differences."""
    p2, k2 = (jnp.where(used, s, 2 * m**2) for s in (p2, k2))
    (phi_p, sin_p, cos_p), (phi_k, sin_k, cos_k) = angle_parts(p2, m), angle_parts(k2, m)
    d, sigma = phi_p - phi_k, phi_p + phi_k
    sine = sin_p * cos_k + cos_p * sin_k
    e_sigma = sigma / sine
    e_sigma_slope = (1 - e_sigma * (cos_p * cos_k - sin_p * sin_k)) / sine
    e_d, e_d_slope = jnp.zeros_like(d), jnp.zeros_like(d)
    for n in range(len(X_OVER_SIN_X) - 1, 0, -1):
        e_d = (e_d + X_OVER_SIN_X[n]) * d * d
        e_d_slope = e_d_slope * d * d + 2 * n * X_OVER_SIN_X[n]
    e_d, e_d_slope = 1 + e_d, e_d_slope * d
    first, second = e_d * e_sigma_slope, e_sigma * e_d_slope
    return (first + second) / (2 * sin_p * cos_p), (first - second) / (2 * sin_k * cos_k)
