"""Production channels: a name in a table becomes a branching ratio; all of them form one vector."""

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import MappingProxyType

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxtri.errors import unknown_name
from jaxtri.model.constants import HBAR
from jaxtri.model.gauge_model import GaugeModel
from jaxtri.model.standard_model import StandardModel
from jaxtri.model.treatment import Treatment, require_described
from jaxtri.numerics.jax_settings import require_x64
from jaxtri.numerics.mapping import mass_and_coupling, over
from jaxtri.physics.production.meson_widths import (
    b_to_k_width,
    b_to_kstar_width,
    k_long_to_pi_width,
    k_plus_to_pi_width,
)
from jaxtri.physics.production.z_decays import charged_masses, z_to_gamma_width
from jaxtri.tables.schema import CHANNEL_NAMES

Width = Callable[[StandardModel, GaugeModel, Treatment, Array, Array, ArrayLike], Array]
Z_CHANNEL = "Z -> gamma X"


@dataclass(frozen=True)
class Channel:
    """A two-body decay parent -> daughter X; the names are those of fields of StandardModel."""

    width: Width  # at g_X = 1 [GeV], of the masses of parent, daughter and X
    parent: str  # mass of the parent
    daughter: str | None  # mass of the other product; None for a photon
    lifetime: str | None  # lifetime of the parent; None for the Z, whose width is an input

    def masses(self, sm: StandardModel) -> tuple[Array, Array]:
        """Masses of parent and daughter [GeV]."""
        daughter = jnp.zeros(()) if self.daughter is None else getattr(sm, self.daughter)
        return getattr(sm, self.parent), daughter

    def parent_width(self, sm: StandardModel) -> Array:
        """Total width of the parent [GeV]."""
        return sm.Gamma_Z if self.lifetime is None else HBAR / getattr(sm, self.lifetime)

    def rate(self, sm: StandardModel, model: GaugeModel, treatment: Treatment, m_X: ArrayLike) -> Array:
        """Branching ratio at g_X = 1."""
        return self.width(sm, model, treatment, *self.masses(sm), m_X) / self.parent_width(sm)


def _z_width(
    sm: StandardModel, model: GaugeModel, treatment: Treatment, m_Z: Array, photon: Array, m_X: ArrayLike
) -> Array:
    return z_to_gamma_width(sm, model, treatment, m_X, 1.0)


CHANNELS = MappingProxyType(
    {
        Z_CHANNEL: Channel(_z_width, "m_Z", None, None),
        "B+ -> K+ X": Channel(b_to_k_width, "m_B_plus", "m_K_plus", "tau_B_plus"),
        "B0 -> K0 X": Channel(b_to_k_width, "m_B0", "m_K0", "tau_B0"),
        "B0 -> K*0 X": Channel(b_to_kstar_width, "m_B0", "m_Kstar0", "tau_B0"),
        "B+ -> K*+ X": Channel(b_to_kstar_width, "m_B_plus", "m_Kstar_plus", "tau_B_plus"),
        "K+ -> pi+ X": Channel(k_plus_to_pi_width, "m_K_plus", "m_pi_plus", "tau_K_plus"),
        "KL -> pi0 X": Channel(k_long_to_pi_width, "m_K0", "m_pi0", "tau_KL"),
    }
)
REFUSED = -1.0  # in place of a rate that a treatment refuses
AVERAGES = MappingProxyType(  # isospin-averaged: the mean of the charged and the neutral rate
    {"B -> K X": ("B+ -> K+ X", "B0 -> K0 X"), "B -> K* X": ("B+ -> K*+ X", "B0 -> K*0 X")}
)
assert (*CHANNELS, *AVERAGES) == CHANNEL_NAMES


def branching_ratio(
    channel: str, sm: StandardModel, model: GaugeModel, treatment: Treatment, m_X: ArrayLike, g_X: ArrayLike
) -> Array:
    """Branching ratio of a decay that produces X.

    Parameters
    ----------
    channel
        "Z -> gamma X", "B+ -> K+ X", "B0 -> K0 X", "B0 -> K*0 X", "B+ -> K*+ X", "K+ -> pi+ X",
        "KL -> pi0 X", or an isospin average "B -> K X", "B -> K* X".
    sm, model, treatment
        Measured inputs, charges, and the choice of formulas.
    m_X
        Mass of X [GeV], positive.
    g_X
        Gauge coupling; masses and couplings are broadcast.

    Returns
    -------
    Array
        Branching ratio, of the broadcast shape, proportional to g_X^2; exactly 0 beyond threshold.  The
        formulas hold where it is well below 1 and are not cut there.

    Raises
    ------
    InputError
        If the channel is unknown, a mass is not positive or a coupling negative (NaN inside ``jit``), their
        shapes cannot be broadcast, or the treatment holds no charges and does not describe the model.

    Examples
    --------
    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> from jaxtri import branching_ratio, load_model, load_standard_model, load_treatment
    >>> sm, model = load_standard_model(), load_model("b_minus_l")
    >>> b = branching_ratio("Z -> gamma X", sm, model, load_treatment("matched"), 0.001, 1e-6)
    >>> f"{float(b):.1e}"  # f_X = 1 TeV
    '4.0e-09'
    """
    require_x64()
    if channel not in CHANNEL_NAMES:
        raise unknown_name("channel", "channel", channel, CHANNEL_NAMES)
    require_described(model, treatment, channel)
    return _branching_ratio(channel, sm, model.unnamed(), treatment, *mass_and_coupling(m_X, g_X))


@functools.partial(jax.jit, static_argnames="channel")
def _branching_ratio(
    channel: str, sm: StandardModel, model: GaugeModel, treatment: Treatment, m_X: ArrayLike, g_X: ArrayLike
) -> Array:
    def unit(m_X: Array) -> Array:
        rates = [CHANNELS[name].rate(sm, model, treatment, m_X) for name in AVERAGES.get(channel, (channel,))]
        return jnp.mean(jnp.stack(rates))

    return over(unit, m_X) * jnp.asarray(g_X) ** 2


def production_vector(
    sm: StandardModel,
    model: GaugeModel,
    treatment: Treatment,
    m_X: ArrayLike,
    *,
    triangle: Array | None = None,
) -> Array:
    """Branching ratios of every channel at g_X = 1, (channel,), in the order of `CHANNEL_NAMES`.

    They are proportional to g_X^2: a scan needs them once a mass.  `REFUSED` stands for what the treatment
    refuses for the model.  A `triangle_sum` that is known is not computed again.
    """
    refused = jnp.full(jnp.shape(m_X), REFUSED)

    def rate(name: str) -> Array:
        if name in treatment.refused:
            return refused
        if name == Z_CHANNEL:
            return z_to_gamma_width(sm, model, treatment, m_X, 1.0, triangle=triangle) / sm.Gamma_Z
        return CHANNELS[name].rate(sm, model, treatment, m_X)

    rates = {name: rate(name) for name in CHANNELS}
    means = [
        refused if name in treatment.refused else (rates[first] + rates[second]) / 2
        for name, (first, second) in AVERAGES.items()
    ]
    return jnp.stack([*rates.values(), *means])


def channel_masses(sm: StandardModel) -> tuple[Array, Array]:
    """Masses of parent and daughter of every channel [GeV], each (channel,); charged ones for averages."""
    pairs = [CHANNELS[AVERAGES[name][0] if name in AVERAGES else name].masses(sm) for name in CHANNEL_NAMES]
    return jnp.stack([pair[0] for pair in pairs]), jnp.stack([pair[1] for pair in pairs])


def production_thresholds(sm: StandardModel, model: GaugeModel, treatments: Iterable[Treatment]) -> Array:
    """Masses of X [GeV] at which a rate ends, or a loop has a threshold, 2 m; not sorted."""
    pairs = [channel.masses(sm) for channel in CHANNELS.values()]
    loops = charged_masses(sm)
    if any(one.emission == "one_loop" for one in treatments):
        loops = jnp.concatenate([loops, jnp.stack([sm.form_factors.m_u_constituent, model.m_anomalon])])
    return jnp.concatenate([jnp.stack([M - m for M, m in pairs]), 2 * loops])
