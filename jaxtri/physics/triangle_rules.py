r"""Quadrature rules of the triangle integral, and its exact derivatives.

With a massless vector leg, q^2 = 0, the double integral of Eq. (3) over Feynman parameters becomes,
after x = (1-z)t and folding z about 1/2,

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
from jax import Array
from jax.typing import ArrayLike

from jaxtri.numerics.quadrature import gauss_legendre

HEAVY = 0.25  # |s| / 4m^2 below which 1 - 2m^2 I00 is integrated directly
HEAVY_ORDER = 10  # nodes a side of that rule: truncation below 1e-15 at |s| / 4m^2 = HEAVY
CONTOUR_ORDER = 1  # nodes a side on the deformed contour; the integrand is linear, so 1 is exact
NEAR = 0.2  # |phi_p - phi_k| below which d / sin d is a series
MASSLESS = 1e-140  # GeV; a lighter fermion is massless in float64: its m^2 underflows
# x / sin x in powers of x^2, to x^12: truncation 4e-17 at |x| = NEAR
X_OVER_SIN_X = (1.0, 1 / 6, 7 / 360, 31 / 15120, 127 / 604800, 73 / 3421440, 1414477 / 653837184000)
AT_THRESHOLD = 1e-30  # stands in for an exact zero of cos(phi): the derivative is large, not infinite

Pair = tuple[Array, Array]  # real and imaginary part; complex dtypes are slow on CPU


@jax.custom_jvp
def decoupled_ratio(p2: Array, k2: Array, m: Array) -> tuple[Array, Array, Array]:
    """Real and imaginary part of 2 m^2 I00 at q^2 = 0, and the real part of 1 - 2 m^2 I00."""
    massive = m > MASSLESS
    safe_m = jnp.where(massive, m, 1.0)
    tau_p, tau_k = _tau(p2, safe_m), _tau(k2, safe_m)
    heavy = jnp.maximum(jnp.abs(tau_p), jnp.abs(tau_k)) < HEAVY
    ratio_re, ratio_im = contour_rule(p2, k2, safe_m)
    direct = heavy_rule(jnp.where(heavy, tau_p, 0.0), jnp.where(heavy, tau_k, 0.0))
    factor_re = jnp.where(heavy, direct, 1 - ratio_re)
    ratio_re = jnp.where(heavy, 1 - direct, ratio_re)
    ratio_im = jnp.where(heavy, 0.0, ratio_im)
    return (
        jnp.where(massive, ratio_re, 0.0),
        jnp.where(massive, ratio_im, 0.0),
        jnp.where(massive, factor_re, 1.0),
    )


def contour_rule(p2: Array, k2: Array, m: Array, *, order: int = CONTOUR_ORDER) -> Pair:
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
    tuple
        Real and imaginary part of 2 m^2 I00.
    """
    (a_p, b_p), (a_k, b_k) = _angle(p2, m), _angle(k2, m)
    d = a_p - a_k, b_p - b_k
    nodes, weights = gauss_legendre(order)
    mean_a = sum(w * (a_k + d[0] * x) for x, w in zip(nodes, weights, strict=True))
    mean_b = sum(w * (b_k + d[1] * x) for x, w in zip(nodes, weights, strict=True))
    integral = 2 * mean_a, 2 * mean_b  # phi_p + phi_k
    near = d[0] ** 2 + d[1] ** 2 < NEAR**2
    difference = (p2 - k2) / (4 * m**2)
    far_re, far_im = _times(d, integral)
    far = jnp.where(near, 1.0, difference)
    d2 = _times(d, d)
    series = _horner((jnp.where(near, d2[0], 0.0), jnp.where(near, d2[1], 0.0)))
    close_re, close_im = _times(series, _over(integral, _sine_of_sum(p2, k2, m)))
    return jnp.where(near, close_re, far_re / far), jnp.where(near, close_im, far_im / far)


def heavy_rule(tau_p: Array, tau_k: Array, *, order: int = HEAVY_ORDER) -> Array:
    """1 - 2 m^2 I00 at q^2 = 0 for a heavy fermion, without the subtraction.

    The integral of -n / (1 - n) over (t, w) in [0, 1]^2, n = (1 - w^2) (tau_p + t (tau_k - tau_p)).

    Parameters
    ----------
    tau_p, tau_k
        p^2 / 4m^2 and k^2 / 4m^2, both below 1; meant for magnitudes below `HEAVY`.
    order
        Nodes a side: 6 give 2e-11, 8 give 6e-14, 10 give rounding at `HEAVY`.

    Returns
    -------
    Array
        The real decoupling factor.
    """
    nodes, weights = gauss_legendre(order)

    def add_row(total: Array, row: tuple[Array, Array]) -> tuple[Array, None]:
        t, weight_t = row
        s = tau_p + t * (tau_k - tau_p)
        for w, weight_w in zip(nodes.tolist(), weights.tolist(), strict=True):
            n = (1 - w * w) * s
            total = total - (weight_t * weight_w) * n / (1 - n)
        return total, None

    return jax.lax.scan(add_row, jnp.zeros_like(tau_p), (jnp.asarray(nodes), jnp.asarray(weights)))[0]


def undeformed_rule(p2: ArrayLike, k2: ArrayLike, m: ArrayLike, *, order: int) -> Array:
    """I00 at q^2 = 0 by the tensor Gauss-Legendre rule on the real square: wrong below threshold.

    Kept as the negative control: once p2 or k2 exceeds 4 m^2 the denominator vanishes inside the
    square and no number of nodes helps.

    Parameters
    ----------
    p2, k2
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
    p2, k2, m = (jnp.asarray(value, dtype=float) for value in (p2, k2, m))
    total = jnp.zeros(jnp.broadcast_shapes(p2.shape, k2.shape, m.shape))
    nodes, weights = (jnp.asarray(v) for v in gauss_legendre(order))

    def add_row(total: Array, row: tuple[Array, Array]) -> tuple[Array, None]:
        t, weight_t = row
        s = (p2 + t * (k2 - p2))[..., None]
        inner = jnp.sum(weights / (m[..., None] ** 2 - (1 - nodes**2) * s / 4), axis=-1)
        return total + weight_t * inner, None

    return jax.lax.scan(add_row, total, (nodes, weights))[0] / 2


def _gap(s: Array, m: Array) -> Array:
    """Return 4 m^2 - s without rounding m^2: exact products of a mass split in two halves."""
    high = jax.lax.reduce_precision(m, exponent_bits=11, mantissa_bits=25)
    low = m - high
    square = m * m
    rest = ((high * high - square) + 2 * high * low) + low * low
    return (4 * square - s) + 4 * rest


def _tau(s: Array, m: Array) -> Array:
    return s / (4 * m**2)


def _angle(s: Array, m: Array) -> Pair:
    """Angle phi of a leg, s = 4 m^2 sin^2(phi), on the side of the cut that -i0 selects."""
    tau, rest = _tau(s, m), _gap(s, m) / (4 * m**2)
    real = jnp.arctan2(jnp.sqrt(jnp.maximum(tau, 0.0)), jnp.sqrt(jnp.maximum(rest, 0.0)))
    imaginary = jnp.arcsinh(jnp.sqrt(jnp.maximum(jnp.maximum(-rest, -tau), 0.0)))
    return real, imaginary


def _sine_cosine(s: Array, m: Array) -> tuple[Pair, Pair]:
    """Sine and cosine of the angle of a leg; each is purely real or purely imaginary."""
    tau, rest = _tau(s, m), _gap(s, m) / (4 * m**2)
    sine = jnp.sqrt(jnp.maximum(tau, 0.0)), jnp.sqrt(jnp.maximum(-tau, 0.0))
    cosine = jnp.sqrt(jnp.maximum(rest, 0.0)), -jnp.sqrt(jnp.maximum(-rest, 0.0))
    return sine, cosine


def _sine_of_sum(p2: Array, k2: Array, m: Array) -> Pair:
    """sin(phi_p + phi_k): a sum of terms of one sign, so that nothing cancels."""
    (sin_p, cos_p), (sin_k, cos_k) = _sine_cosine(p2, m), _sine_cosine(k2, m)
    first, second = _times(sin_p, cos_k), _times(cos_p, sin_k)
    return first[0] + second[0], first[1] + second[1]


def _times(x: Pair, y: Pair) -> Pair:
    return x[0] * y[0] - x[1] * y[1], x[0] * y[1] + x[1] * y[0]


def _over(x: Pair, y: Pair) -> Pair:
    """Quotient of two pairs; scaled, so that a large divisor does not overflow; 0 for a zero divisor."""
    scale = jnp.maximum(jnp.abs(y[0]), jnp.abs(y[1]))
    scale = jnp.where(scale > 0, scale, AT_THRESHOLD)
    c, s = y[0] / scale, y[1] / scale
    norm = jnp.where(c * c + s * s > 0, c * c + s * s, 1.0)
    c = jnp.where(c * c + s * s > 0, c, 1.0)
    re, im = _times(x, (c, -s))
    return re / norm / scale, im / norm / scale


def _horner(x: Pair) -> Pair:
    """Series of sqrt(x) / sin(sqrt(x))."""
    result: Pair = (jnp.full_like(x[0], X_OVER_SIN_X[-1]), jnp.zeros_like(x[0]))
    for coefficient in X_OVER_SIN_X[-2::-1]:
        product = _times(result, x)
        result = product[0] + coefficient, product[1]
    return result


@decoupled_ratio.defjvp
def _decoupled_ratio_jvp(
    primals: tuple[Array, Array, Array], tangents: tuple[Array, Array, Array]
) -> tuple[tuple[Array, Array, Array], tuple[Array, Array, Array]]:
    """Exact derivatives: differentiating the branches would be NaN at k^2 = 0 and at threshold."""
    p2, k2, m = primals
    dp2, dk2, dm = tangents
    massive = m > MASSLESS
    safe_m = jnp.where(massive, m, 1.0)
    by_p, by_k = _slopes(p2, k2, safe_m)
    quarter = 1 / (4 * safe_m**2)
    dtau_p = jnp.where(massive, (dp2 - 2 * p2 * dm / safe_m) * quarter, 0.0)
    dtau_k = jnp.where(massive, (dk2 - 2 * k2 * dm / safe_m) * quarter, 0.0)
    d_re = by_p.real * dtau_p + by_k.real * dtau_k
    d_im = by_p.imag * dtau_p + by_k.imag * dtau_k
    return decoupled_ratio(p2, k2, m), (d_re, d_im, -d_re)


def _slopes(p2: Array, k2: Array, m: Array) -> Pair:
    """Complex derivatives of G = 2 m^2 I00 with respect to tau_p and tau_k (tau = s / 4m^2)."""
    tau_p, tau_k = _tau(p2, m), _tau(k2, m)
    heavy = jnp.maximum(jnp.abs(tau_p), jnp.abs(tau_k)) < HEAVY
    heavy_p, heavy_k = _heavy_slopes(jnp.where(heavy, tau_p, 0.0), jnp.where(heavy, tau_k, 0.0))
    phi_p, phi_k = jax.lax.complex(*_angle(p2, m)), jax.lax.complex(*_angle(k2, m))
    near = jnp.abs(phi_p - phi_k) < NEAR
    far_p, far_k = _far_slopes(p2, k2, m, near | heavy)
    near_p, near_k = _near_slopes(p2, k2, m, near & ~heavy)
    by_p = jnp.where(heavy, heavy_p + 0j, jnp.where(near, near_p, far_p))
    by_k = jnp.where(heavy, heavy_k + 0j, jnp.where(near, near_k, far_k))
    return by_p, by_k


def _heavy_slopes(tau_p: Array, tau_k: Array) -> Pair:
    """Slopes of G under the integral sign of `heavy_rule`."""
    nodes, weights = gauss_legendre(HEAVY_ORDER)

    def add_row(total: Pair, row: tuple[Array, Array]) -> tuple[Pair, None]:
        t, weight_t = row
        s = tau_p + t * (tau_k - tau_p)
        inner = jnp.zeros_like(tau_p)
        for w, weight_w in zip(nodes.tolist(), weights.tolist(), strict=True):
            inner = inner + weight_w * (1 - w * w) / (1 - (1 - w * w) * s) ** 2
        return (total[0] + weight_t * (1 - t) * inner, total[1] + weight_t * t * inner), None

    start = jnp.zeros_like(tau_p), jnp.zeros_like(tau_k)
    return jax.lax.scan(add_row, start, (jnp.asarray(nodes), jnp.asarray(weights)))[0]


def _far_slopes(p2: Array, k2: Array, m: Array, unused: Array) -> Pair:
    """Slopes where the legs are far apart: G is the difference quotient of phi^2."""
    ratio = jax.lax.complex(*contour_rule(p2, k2, m))
    difference = jnp.where(unused, 1.0, (p2 - k2) / (4 * m**2))
    slope_p, slope_k = _squared_angle_slope(p2, m), _squared_angle_slope(k2, m)
    return (slope_p - ratio) / difference, (ratio - slope_k) / difference


def _squared_angle_slope(s: Array, m: Array) -> Array:
    """Derivative of phi^2 with respect to tau, phi / (sin phi cos phi): 1 at s = 0."""
    sine, cosine = (jax.lax.complex(*pair) for pair in _sine_cosine(s, m))
    small = jnp.abs(sine) < 1e-4  # phi / sin phi = 1 + tau / 6 there, to 1e-17
    tau = _tau(s, m)
    ratio = jax.lax.complex(*_angle(s, m)) / jnp.where(small, 1.0, sine)
    return jnp.where(small, 1 + tau / 6, ratio) / jnp.where(cosine == 0, AT_THRESHOLD, cosine)


def _near_slopes(p2: Array, k2: Array, m: Array, used: Array) -> Pair:
    """Slopes where the legs are close: G = e(d) e(sigma), e(x) = x / sin x, without differences."""
    phi_p, phi_k = jax.lax.complex(*_angle(p2, m)), jax.lax.complex(*_angle(k2, m))
    (sin_p, cos_p), (sin_k, cos_k) = (
        [jax.lax.complex(*pair) for pair in _sine_cosine(s, m)] for s in (p2, k2)
    )
    d = jnp.where(used, phi_p - phi_k, 0.0)
    sigma = phi_p + phi_k
    sine = jnp.where(used, sin_p * cos_k + cos_p * sin_k, 1.0)
    sine = jnp.where(sine == 0, AT_THRESHOLD, sine)
    e_sigma = sigma / sine
    e_sigma_slope = (1 - e_sigma * (cos_p * cos_k - sin_p * sin_k)) / sine
    powers = [c * d ** (2 * i) for i, c in enumerate(X_OVER_SIN_X)]
    e_d = sum(powers[1:], powers[0])
    e_d_slope = sum(2 * i * c * d ** (2 * i - 1) for i, c in enumerate(X_OVER_SIN_X) if i > 0)
    double_p, double_k = 2 * sin_p * cos_p, 2 * sin_k * cos_k
    double_p = jnp.where(used & (double_p != 0), double_p, AT_THRESHOLD)
    double_k = jnp.where(used & (double_k != 0), double_k, AT_THRESHOLD)
    return (
        (e_d * e_sigma_slope + e_sigma * e_d_slope) / double_p,
        (e_d * e_sigma_slope - e_sigma * e_d_slope) / double_k,
    )
