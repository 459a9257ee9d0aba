r"""Emission of X by a conserved quark current: all that is left where no anomaly enhances the rate.

Short distances, b -> s: the colourless penguin with the gluon's loop functions, charges universal,

.. math:: g^{eff}_{ij} = \frac{\sqrt2 G_F X_q m_X^2}{8\pi^2}\, g_X \sum_{\alpha=u,c,t}
          V_{\alpha i}V^*_{\alpha j}\, E_\alpha,

long distances, K+ -> pi+: the amplitude that is measured in K+ -> pi+ l+ l-.  Both vanish as m_X^2.
"""

from fractions import Fraction

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxtri.model.fermions import FERMIONS
from jaxtri.model.gauge_model import GaugeModel
from jaxtri.model.standard_model import StandardModel
from jaxtri.numerics.quadrature import symmetric_gauss_legendre
from jaxtri.physics.kinematics import two_body_momentum
from jaxtri.physics.triangle.conserved_current import bubble

NEAR_ONE = 0.3  # |x - 1| below which E_0(x) is a series
SERIES_TERMS = 36  # truncation 0.3^36 = 1e-19
HEAVY, HEAVY_ORDER = 0.1, 7  # |q^2| / 4m^2 below which E(q^2) is integrated on real nodes, truncation 1e-16


def heavy_quark_penguin(x: ArrayLike) -> Array:
    r"""Loop function of the penguin with a heavy quark, x = m^2 / m_W^2.

    .. math:: E_0(x) = -\frac23\ln x + \frac{x(18-11x-x^2)}{12(1-x)^3}
              + \frac{x^2(15-16x+4x^2)}{6(1-x)^4}\ln x

    Parameters
    ----------
    x
        Squared ratio of masses, above 0.

    Returns
    -------
    Array
        E_0(x), dimensionless; 43/72 at x = 1.

    Notes
    -----
    Valid for: all x > 0; relative error below 1e-12, by its series about x = 1.  Inami and Lim,
    Prog. Theor. Phys. 65 (1981) 297; a constant, which GIM removes, is left out.
    """
    x = jnp.asarray(x)
    u = x - 1
    near = jnp.abs(u) < NEAR_ONE
    small = jnp.where(near, u, 0.0)
    series = jnp.zeros_like(small)
    for coefficient in _SERIES[::-1]:
        series = series * small + coefficient
    safe = jnp.where(near, 2.0, x)
    rest = 1 - safe
    closed = (
        -2 / 3 * jnp.log(safe)
        + safe * (18 - 11 * safe - safe**2) / (12 * rest**3)
        + safe**2 * (15 - 16 * safe + 4 * safe**2) / (6 * rest**4) * jnp.log(safe)
    )
    return jnp.where(near, series, closed)


def _series() -> tuple[float, ...]:
    """E_0 in powers of u = x - 1: the poles at u = 0 cancel exactly in rational numbers."""
    count = SERIES_TERMS + 4
    logarithm = [Fraction(0)] + [Fraction((-1) ** (n + 1), n) for n in range(1, count)]

    def times(polynomial: list[int], powers: list[Fraction]) -> list[Fraction]:
        return [
            sum((c * powers[n - k] for k, c in enumerate(polynomial) if n >= k), Fraction(0))
            for n in range(count)
        ]

    # x (18 - 11x - x^2) = 6 - 7u - 14u^2 - u^3, x^2 (15 - 16x + 4x^2) = 3 - 2u - 9u^2 + 4u^4 (+ 0 u^3)
    rational = [Fraction(-c, 12) for c in (0, 6, -7, -14, -1)] + [Fraction(0)] * (count - 5)
    mixed = times([3, -2, -9, 0, 4], logarithm)
    total = [r + m / 6 for r, m in zip(rational, mixed, strict=True)]
    assert not any(total[:4])
    return tuple(float(total[n + 4] - Fraction(2, 3) * logarithm[n]) for n in range(SERIES_TERMS))


_SERIES = _series()


def light_quark_penguin(sm: StandardModel, q2: ArrayLike, m: ArrayLike) -> Array:
    r"""Loop function of the penguin with a light quark.

    .. math:: E(q^2) = -4\int_0^1 dy\, y(1-y) \ln\frac{m^2 - y(1-y)q^2 - i0}{m_W^2}

    Parameters
    ----------
    sm
        Measured inputs.
    q2
        Squared momentum of X [GeV^2], 0 or more.
    m
        Mass of the quark [GeV], above 0.

    Returns
    -------
    Array
        Complex, dimensionless.

    Notes
    -----
    Valid for: q^2 and m^2 well below m_W^2.  From the bubble I = B_0(q^2) - B_0(0), with tau = q^2 / 4m^2:
    the integral of 6 y (1-y) ln(1 - 4y(1-y) tau) is 1/3 - (1 + 1 / 2 tau) I.
    """
    q2, m = jnp.broadcast_arrays(jnp.asarray(q2, dtype=float), jnp.asarray(m, dtype=float))
    tau = q2 / (4 * m**2)
    heavy = jnp.abs(tau) < HEAVY
    safe = jnp.where(heavy, 2.0, tau)
    light = 1 / 3 - (1 + 1 / (2 * safe)) * bubble(jnp.where(heavy, 8.0, q2), jnp.where(heavy, 1.0, m))
    nodes, weights = symmetric_gauss_legendre(HEAVY_ORDER)
    direct = jnp.zeros_like(tau)
    for n, weight in zip((1 - nodes**2).tolist(), weights.tolist(), strict=True):
        direct = direct + 1.5 * weight * n * jnp.log1p(-n * jnp.where(heavy, tau, 0.0))
    return -4 / 6 * (2 * jnp.log(m / sm.m_W) + jnp.where(heavy, direct + 0j, light))


def quark_charge(model: GaugeModel) -> Array:
    """X charge of the quarks, which must be universal: that of u."""
    return model.charge[FERMIONS.index("u")]


def penguin_coupling(sm: StandardModel, model: GaugeModel, mixing: Array, m_X: ArrayLike) -> Array:
    """g_eff of the module's docstring at g_X = 1, from the products V V* of CKM elements of u, c, t."""
    q2 = jnp.asarray(m_X) ** 2
    loops = jnp.stack(
        [
            light_quark_penguin(sm, q2, sm.form_factors.m_u_constituent),
            light_quark_penguin(sm, q2, sm.m_c),
            heavy_quark_penguin((sm.m_t / sm.m_W) ** 2) + 0j,
        ]
    )
    return jnp.sqrt(2.0) * sm.G_F * quark_charge(model) * q2 / (8 * jnp.pi**2) * jnp.sum(mixing * loops)


def long_distance_width(
    sm: StandardModel, model: GaugeModel, m_K: Array, m_pi: Array, m_X: ArrayLike
) -> Array:
    r"""Width of K+ -> pi+ X at long distances, at g_X = 1 [GeV].

    .. math:: \Gamma = \frac{(3X_q\kappa)^2 W^2 m_X^2 Q^3}{512\pi^5 m_K^4},\qquad
              W = G_F m_K^2\Bigl(a_+ + b_+\frac{m_X^2}{m_K^2}\Bigr)

    Notes
    -----
    Valid for: an estimate; kappa, of order 1, is not known (`K_pi_kappa` among the inputs).
    """
    form_factors = sm.form_factors
    q2 = jnp.asarray(m_X) ** 2
    W = sm.G_F * (form_factors.K_pi_a_plus * m_K**2 + form_factors.K_pi_b_plus * q2)
    scale = 3 * quark_charge(model) * form_factors.K_pi_kappa
    Q = two_body_momentum(m_K, m_pi, m_X)
    return (scale * W) ** 2 * q2 * Q**3 / (512 * jnp.pi**5 * m_K**4)
