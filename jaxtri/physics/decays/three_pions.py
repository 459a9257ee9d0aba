r"""Propagators of vector mesons and the phase space of X -> rho pi -> pi+ pi- pi0."""

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxtri.model.standard_model import StandardModel
from jaxtri.numerics.quadrature import gauss_legendre
from jaxtri.numerics.safe import sqrt_or_zero
from jaxtri.physics.kinematics import two_body_momentum

DALITZ_ORDER = (96, 20)  # nodes in m^2(pi+ pi-) and m^2(pi pi0): truncation 4e-13 at the phi, 1e-9 at 1.8 GeV
ROUNDED = 1e-12  # gap over threshold below which W, of fourth order in the gap, is 0 in float64


def propagator(M: ArrayLike, s: Array, m_gamma: ArrayLike) -> tuple[Array, Array]:
    """Real and imaginary part of 1 / D_V, D_V = M^2 - s - i m_gamma, m_gamma = sqrt(s) Gamma_V(s)."""
    real = jnp.asarray(M) ** 2 - s
    norm = real**2 + jnp.asarray(m_gamma) ** 2
    return real / norm, jnp.asarray(m_gamma) / norm


def p_wave_width(Gamma: ArrayLike, M: ArrayLike, m: Array, s: Array) -> Array:
    """Running width of V -> P P: Gamma (M^2 / s) (q / q_M)^3, 0 below threshold."""
    Gamma, M = jnp.asarray(Gamma), jnp.asarray(M)
    q = sqrt_or_zero(s / 4 - m**2)
    return Gamma * M**2 / s * (q / sqrt_or_zero(M**2 / 4 - m**2)) ** 3


def three_pion_phase_space(sm: StandardModel, M: ArrayLike) -> Array:
    r"""Dalitz integral W of X -> pi+ pi- pi0 through rho pi.

    .. math:: W = s^{-1/2} \int dm^2_{+-}\, dm^2_{-0}\, |\vec p_+ \times \vec p_-|^2
              \Bigl|\sum_{\rm pairs} D_\rho^{-1}\Bigr|^2

    In the variables a = m^2_{+-} and y, the distance of m^2_{-0} from the middle of its range
    [-Y, Y], the weight is (q P)^2 (1 - y^2/Y^2): q and P are the momenta of the pi+ in the dipion
    frame and of the pi0 in the rest frame.  a = a_0 + (a_1 - a_0) sin^2 removes the square roots at
    both ends; the nodes of both variables crowd about the rho.

    Parameters
    ----------
    sm
        Measured inputs.
    M
        Invariant mass of the three pions [GeV].

    Returns
    -------
    Array
        W [GeV^4 up to a constant]; only ratios are used; exactly 0 below threshold.

    Notes
    -----
    Valid for: M up to 2.5 GeV; tensor Gauss-Legendre rule, truncated at 4e-13 (phi) to 1e-9 (1.8 GeV).
    Differs from print: not in the paper.
    """
    m, m_0, h = sm.m_pi_plus, sm.m_pi0, sm.hadrons
    is_open = jnp.asarray(M) > (2 * m + m_0) * (1 + ROUNDED)
    M = jnp.where(is_open, M, 1.0)
    low, high = 4 * m**2, (M - m_0) ** 2
    centre, distance = _angle_of_pole(h.m_rho, h.Gamma_rho, low, high)
    start, end = _ends(0.0, jnp.pi / 2, centre, distance)
    angle, weight = _crowded(start, end, centre, distance, *gauss_legendre(DALITZ_ORDER[0]))
    a = low + (high - low) * jnp.sin(angle) ** 2
    weight *= (high - low) * jnp.sin(2 * angle)
    q = jnp.sqrt(high - low) * jnp.sin(angle) / 2
    P = two_body_momentum(M, jnp.sqrt(a), m_0)
    swing = 2 * q * P * M / jnp.sqrt(a)
    middle = (M**2 + 2 * m**2 + m_0**2 - a) / 2
    neutral = propagator(h.m_rho, a, jnp.sqrt(a) * p_wave_width(h.Gamma_rho, h.m_rho, m, a))
    pole, width = jnp.abs(h.m_rho**2 - middle), h.m_rho * h.Gamma_rho
    ends = _ends(0.0, swing, pole, width)
    width_of_y = jnp.where(swing > 0, swing, 1.0)  # rounds to 0 next to threshold
    rule = [jnp.asarray(v) for v in gauss_legendre(DALITZ_ORDER[1])]

    def add_node(total: Array, node: list[Array]) -> tuple[Array, None]:
        y, y_weight = _crowded(*ends, pole, width, *node)
        plus, minus = _charged_rho(sm, middle + y), _charged_rho(sm, middle - y)
        real, imaginary = neutral[0] + plus[0] + minus[0], neutral[1] + plus[1] + minus[1]
        return total + y_weight * (1 - (y / width_of_y) ** 2) * (real**2 + imaginary**2), None

    inner, _ = jax.lax.scan(add_node, jnp.zeros_like(a), rule)
    W = jnp.sum(weight * (2 * q * P) ** 2 / M * inner)
    return jnp.where(is_open, W, 0.0)


def _angle_of_pole(M: Array, Gamma: Array, low: Array, high: Array) -> tuple[Array, Array]:
    """Real and imaginary part of the angle with low + (high - low) sin^2(angle) = M^2 + i M Gamma."""
    u, v = 1 - 2 * (M**2 - low) / (high - low), 2 * M * Gamma / (high - low)
    right, left = jnp.hypot(u + 1, v), jnp.hypot(u - 1, v)
    return jnp.arccos((right - left) / 2) / 2, jnp.arccosh((right + left) / 2) / 2


def _ends(low: ArrayLike, high: ArrayLike, centre: Array, width: Array) -> tuple[Array, Array]:
    """Interval of u that x = centre + width sinh(u) maps to [low, high]."""
    return jnp.arcsinh((low - centre) / width), jnp.arcsinh((high - centre) / width)


def _crowded(
    start: Array, end: Array, centre: Array, width: Array, nodes: ArrayLike, weights: ArrayLike
) -> tuple[Array, Array]:
    """Nodes and weights on [0, 1] moved to x = centre + width sinh(u), u from start to end.

    They crowd about a pole at centre +- i width, which stays at distance pi/2 in u.
    """
    weights = jnp.asarray(weights)
    e = jnp.exp(start + (end - start) * nodes)  # one exponential in place of sinh and cosh
    return centre + width * (e - 1 / e) / 2, weights * (end - start) * width * (e + 1 / e) / 2


def _charged_rho(sm: StandardModel, s: Array) -> tuple[Array, Array]:
    """Propagator of the charged rho in pi+- pi0, with the width of that pair."""
    h, total, difference = sm.hadrons, sm.m_pi_plus + sm.m_pi0, sm.m_pi_plus - sm.m_pi0
    kallen = jnp.maximum((s - total**2) * (s - difference**2), 0.0)
    at_peak = (h.m_rho**2 - total**2) * (h.m_rho**2 - difference**2)
    scale = h.Gamma_rho * h.m_rho**5 / (at_peak * jnp.sqrt(at_peak))
    return propagator(h.m_rho, s, scale * kallen * sqrt_or_zero(kallen) / s**2)
