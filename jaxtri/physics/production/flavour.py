r"""Eqs. (6), (7), (8): the flavour-changing coupling of X to down-type quarks.

L = g_{Xij} X_mu dbar_j gamma^mu P_L d_i, Eq. (8), matched to the W loop with the anomalous XWW vertex.
"""

from types import MappingProxyType

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxtri.model.anomalies import ZERO
from jaxtri.model.fermions import COLOURS, FERMIONS
from jaxtri.model.gauge_model import GaugeModel
from jaxtri.model.standard_model import StandardModel
from jaxtri.model.treatment import Treatment
from jaxtri.numerics.safe import zero_below

DOWN_TYPE = MappingProxyType({"d": 0, "s": 1, "b": 2})  # columns of the CKM matrix
NEAR_ONE = 0.05  # |x - 1| below which f(x) is a series
SERIES_TERMS = 12  # truncation 0.05^12 / 156 = 2e-18


def loop_function(x: ArrayLike) -> Array:
    r"""Loop function of the W with an up-type quark, Eq. (7).

    .. math:: f(x) = \frac{x\,[1 + x(\ln x - 1)]}{(1-x)^2}

    Parameters
    ----------
    x
        Squared ratio m^2 / m_W^2 (or the ratio itself, as printed), 0 or more.

    Returns
    -------
    Array
        f(x), dimensionless; f(0) = 0, f(1) = 1/2.

    Notes
    -----
    Valid for: all x >= 0; relative error below 1e-13, by its series about x = 1.
    Differs from print: nothing; see `LOOP_ARGUMENT` for the argument.
    """
    x = jnp.asarray(x)
    u = x - 1
    near = jnp.abs(u) < NEAR_ONE
    small = jnp.where(near, u, 0.0)
    series = jnp.zeros_like(small)
    for n in reversed(range(SERIES_TERMS)):
        series = 1 / ((n + 1) * (n + 2)) - small * series
    safe = jnp.where(near | (x <= 0), 2.0, x)
    closed = (1 + safe * (jnp.log(safe) - 1)) / (1 - safe) ** 2
    return jnp.where(near, x * series, jnp.where(x <= 0, 0.0, x * closed))


def _ratio(sm: StandardModel, m: Array) -> Array:
    """Argument of Eq. (7) as printed, x = m / m_W; charm then dominates K -> pi X."""
    return m / sm.m_W


def _squared(sm: StandardModel, m: Array) -> Array:
    """Argument of Eq. (7) in the loop calculation, x = m^2 / m_W^2.  Differs from print: squared."""
    return (m / sm.m_W) ** 2


LOOP_ARGUMENT = MappingProxyType({"ratio": _ratio, "squared": _squared})  # Eq. (7)


def ckm_matrix(sm: StandardModel) -> Array:
    r"""Return the CKM matrix from the Wolfenstein parameters, exactly, in the PDG phase convention.

    .. math:: s_{12} = \lambda,\quad s_{23} = A\lambda^2,\quad s_{13}e^{i\delta} =
              \frac{A\lambda^3(\bar\rho+i\bar\eta)\sqrt{1-A^2\lambda^4}}
              {\sqrt{1-\lambda^2}\,[1-A^2\lambda^4(\bar\rho+i\bar\eta)]}

    Parameters
    ----------
    sm
        Measured inputs.

    Returns
    -------
    Array
        Complex, (3, 3): rows u, c, t and columns d, s, b; unitary to rounding.

    Notes
    -----
    Valid for: any Wolfenstein parameters with all sines below 1.
    Differs from print: the paper does not say which elements it used.
    """
    s12, s23 = sm.ckm_lambda, sm.ckm_A * sm.ckm_lambda**2
    apex = sm.ckm_rhobar + 1j * sm.ckm_etabar
    s13 = sm.ckm_lambda * s23 * apex * jnp.sqrt(1 - s23**2) / (jnp.sqrt(1 - s12**2) * (1 - s23**2 * apex))
    c12, c23, c13 = jnp.sqrt(1 - s12**2), jnp.sqrt(1 - s23**2), jnp.sqrt(1 - jnp.abs(s13) ** 2)
    return jnp.array(
        [
            [c12 * c13, s12 * c13, jnp.conj(s13)],
            [-s12 * c23 - c12 * s23 * s13, c12 * c23 - s12 * s23 * s13, s23 * c13],
            [s12 * s23 - c12 * c23 * s13, -c12 * s23 - s12 * c23 * s13, c23 * c13],
        ]
    )


def ckm_products(sm: StandardModel, i: str, j: str) -> Array:
    """V_{alpha i} V*_{alpha j} for alpha = u, c, t, complex, (3,)."""
    V = ckm_matrix(sm)
    return V[:, DOWN_TYPE[i]] * jnp.conj(V[:, DOWN_TYPE[j]])


def _without_top(model: GaugeModel) -> Array:
    """A of Eq. (2) below the top: 1/4 sum of N_c X over left-handed fermions except the top.

    Differs from print: Eq. (6) holds no charges; this is its trace, colours counted.
    """
    return _quarter_sum(model, ("t",))


def _without_top_doublet(model: GaugeModel) -> Array:
    """A of Eq. (2) with the whole (t, b) doublet removed.

    Differs from print: as `_without_top`, for a trace that cannot be split.
    """
    return _quarter_sum(model, ("t", "b"))


def _quarter_sum(model: GaugeModel, decoupled: tuple[str, ...]) -> Array:
    """1/4 sum of N_c X over left-handed fermions; each member carries half of its doublet's trace."""
    kept = jnp.array([0.0 if f in decoupled else n for f, n in zip(FERMIONS, COLOURS, strict=True)])
    return jnp.sum(kept * model.charge) / 4


def _all_fermions(model: GaugeModel) -> Array:
    """A of Eq. (2) with every fermion: what anomalons cancel, exactly 0 where nothing is left to cancel.

    Differs from print: no Standard Model fermion decouples from the divergence of a vector-like current.
    """
    return zero_below(_quarter_sum(model, ()), ZERO)


DECOUPLING = MappingProxyType(  # Eq. (2)
    {"paper": _without_top, "paper_doublet": _without_top_doublet, "ward": _all_fermions}
)


def _g2(sm: StandardModel) -> Array:
    """Weak coupling, g_2^2 = 4 sqrt(2) G_F m_W^2."""
    return jnp.sqrt(4 * jnp.sqrt(2.0) * sm.G_F) * sm.m_W


def _prefactor_printed(sm: StandardModel, anomaly: Array) -> Array:
    """Prefactor of Eq. (6) as printed, g_2^4 / 32; 1039 times too large for A = 1/4."""
    return _g2(sm) ** 4 / 32


def _prefactor_figure(sm: StandardModel, anomaly: Array) -> Array:
    """Prefactor that reproduces Fig. 3, g_2^4 / (32 pi^2).  Differs from print: 1/pi^2."""
    return _g2(sm) ** 4 / (32 * jnp.pi**2)


def _prefactor_matched(sm: StandardModel, anomaly: Array) -> Array:
    """Prefactor of Eq. (6) from the loop, 3 A g_2^4 / (16 pi^2)^2 (arXiv:1705.06726).

    Differs from print: two loop factors, the colour-weighted anomaly A, and a 3.
    """
    return 3 * anomaly * _g2(sm) ** 4 / (16 * jnp.pi**2) ** 2


FCNC_PREFACTOR = MappingProxyType(  # Eq. (6)
    {"printed": _prefactor_printed, "figure": _prefactor_figure, "matched": _prefactor_matched}
)


def fcnc_coupling(
    sm: StandardModel, model: GaugeModel, treatment: Treatment, i: str, j: str, g_X: ArrayLike
) -> Array:
    r"""Coupling of X to the transition d_i -> d_j, Eqs. (6) and (8).

    .. math:: g_{Xij} = g_X\, C \sum_{\alpha=u,c,t} V_{\alpha i} V^*_{\alpha j} f(x_\alpha)

    Parameters
    ----------
    sm, model
        Measured inputs and charges.
    treatment
        Chooses C (`FCNC_PREFACTOR`), x (`LOOP_ARGUMENT`) and what has decoupled (`DECOUPLING`).
    i, j
        Quarks, "d", "s" or "b".
    g_X
        Gauge coupling.

    Returns
    -------
    Array
        Complex, dimensionless.

    Notes
    -----
    Valid for: momenta below m_W.
    Differs from print: by the treatment; the full CKM sum over u, c, t is always used.
    """
    masses = jnp.array([sm.m_u, sm.m_c, sm.m_t])
    loops = loop_function(LOOP_ARGUMENT[treatment.loop_argument](sm, masses))
    mixing = ckm_products(sm, i, j)
    anomaly = DECOUPLING[treatment.decoupling](model)
    prefactor = FCNC_PREFACTOR[treatment.fcnc_prefactor](sm, anomaly)
    return jnp.asarray(g_X) * prefactor * jnp.sum(mixing * loops)
