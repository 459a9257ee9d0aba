"""Widths of B -> K X, B -> K* X and K -> pi X under a treatment: the anomaly, and emission by the quarks.

The forms of Eqs. (9)-(12) are in `meson_decays`; here each gets its coupling squared.
"""

from types import MappingProxyType

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxtri.model.gauge_model import GaugeModel
from jaxtri.model.standard_model import StandardModel
from jaxtri.model.treatment import Treatment
from jaxtri.numerics.safe import sqrt_or_zero
from jaxtri.physics.production.emission import long_distance_width, penguin_coupling
from jaxtri.physics.production.flavour import ckm_products, fcnc_coupling
from jaxtri.physics.production.meson_decays import B_TO_K, B_TO_KSTAR, K_TO_PI


def _derived(anomalous: Array, emitted: Array) -> Array:
    """|g|^2 with the sign that the anomaly of the current has: destructive for U(1)_B below m_b.

    With L = g_X X_mu J^mu the longitudinal X couples as -(g_X / m_X) phi times the divergence of J, which the
    left-handed doublets fix, and the W loop turns that into +3A; emission comes with the sign of J.
    """
    return _squared(anomalous + emitted)


def _incoherent(anomalous: Array, emitted: Array) -> Array:
    """|g|^2 without interference."""
    return _squared(emitted) + _squared(anomalous)


def _opposite(anomalous: Array, emitted: Array) -> Array:
    """|g|^2 with the sign opposite to the derived one: how much the interference matters."""
    return _squared(anomalous - emitted)


INTERFERENCE = MappingProxyType(  # of the anomalous coupling, b -> s, with that of emission
    {"derived": _derived, "none": _incoherent, "opposite": _opposite}
)


def _rates_add(anomalous: Array, emitted: Array) -> Array:
    """Sum of the widths: the relative sign is not known."""
    return anomalous + emitted


def _destructive(anomalous: Array, emitted: Array) -> Array:
    """Lower edge: the conservative limit."""
    return (sqrt_or_zero(anomalous) - sqrt_or_zero(emitted)) ** 2


def _constructive(anomalous: Array, emitted: Array) -> Array:
    """Upper edge."""
    return (sqrt_or_zero(anomalous) + sqrt_or_zero(emitted)) ** 2


LONG_DISTANCE = MappingProxyType(  # how the widths of K+ -> pi+ X by the anomaly and by emission join
    {"rates_add": _rates_add, "destructive": _destructive, "constructive": _constructive}
)


def b_to_k_width(
    sm: StandardModel, model: GaugeModel, treatment: Treatment, m_B: Array, m_K: Array, m_X: ArrayLike
) -> Array:
    """Width of B -> K X at g_X = 1 [GeV], Eq. (9) in the form that the treatment chooses."""
    coupling2 = _b_to_s(sm, model, treatment, m_X)
    return B_TO_K[treatment.b_to_k](sm, m_B, m_K, m_X, coupling2)


def b_to_kstar_width(
    sm: StandardModel, model: GaugeModel, treatment: Treatment, m_B: Array, m_V: Array, m_X: ArrayLike
) -> Array:
    """Width of B -> K* X at g_X = 1 [GeV], Eq. (10) in the form that the treatment chooses."""
    coupling2 = _b_to_s(sm, model, treatment, m_X)
    return B_TO_KSTAR[treatment.b_to_kstar](sm, m_B, m_V, m_X, coupling2)


def k_plus_to_pi_width(
    sm: StandardModel, model: GaugeModel, treatment: Treatment, m_K: Array, m_pi: Array, m_X: ArrayLike
) -> Array:
    """Width of K+ -> pi+ X at g_X = 1 [GeV], Eq. (11) in the form that the treatment chooses.

    Emission at long distances, if the treatment has it, is joined as `LONG_DISTANCE` says.
    """
    slopes = sm.form_factors.K_pi_lambda_plus_charged, sm.form_factors.K_pi_lambda_zero_charged
    coupling2 = _squared(fcnc_coupling(sm, model, treatment, "s", "d", 1.0))
    anomalous = K_TO_PI[treatment.k_to_pi](sm, m_K, m_pi, slopes, m_X, coupling2)
    if treatment.emission == "none":
        return anomalous
    emitted = long_distance_width(sm, model, m_K, m_pi, m_X)
    return LONG_DISTANCE[treatment.long_distance](anomalous, emitted)


def k_long_to_pi_width(
    sm: StandardModel, model: GaugeModel, treatment: Treatment, m_K: Array, m_pi: Array, m_X: ArrayLike
) -> Array:
    """Width of K_L -> pi0 X at g_X = 1 [GeV], Eq. (12) in the form that the treatment chooses.

    Only Im(g_sd)^2 enters.
    """
    slopes = sm.form_factors.K_pi_lambda_plus_neutral, sm.form_factors.K_pi_lambda_zero_neutral
    coupling = fcnc_coupling(sm, model, treatment, "s", "d", 1.0)
    return K_TO_PI[treatment.k_to_pi](sm, m_K, m_pi, slopes, m_X, jnp.imag(coupling) ** 2)


def _b_to_s(sm: StandardModel, model: GaugeModel, treatment: Treatment, m_X: ArrayLike) -> Array:
    r"""|g_bs|^2 of the anomaly and, if the treatment has it, of emission by the quarks.

    .. math:: g_{Xij} = 3A\frac{g_2^4}{(16\pi^2)^2}\sum_\alpha\lambda_\alpha f(x_\alpha) + g^{eff}_{ij}
    """
    anomalous = fcnc_coupling(sm, model, treatment, "b", "s", 1.0)
    if treatment.emission == "none":
        return _squared(anomalous)
    emitted = penguin_coupling(sm, model, ckm_products(sm, "b", "s"), m_X)
    return INTERFERENCE[treatment.interference](anomalous, emitted)


def _squared(coupling: Array) -> Array:
    return jnp.real(coupling) ** 2 + jnp.imag(coupling) ** 2
