"""Production channels: a name in a table becomes a branching ratio; all of them form one vector."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxtri.errors import unknown_name
from jaxtri.model.constants import HBAR
from jaxtri.model.gauge_model import GaugeModel
from jaxtri.model.standard_model import StandardModel
from jaxtri.model.treatment import Treatment, require_described
from jaxtri.numerics.jax_settings import require_x64
from jaxtri.physics.production import meson_decays
from jaxtri.physics.production.z_decays import charged_masses, z_to_gamma_width

Width = Callable[[StandardModel, GaugeModel, Treatment, ArrayLike, ArrayLike], Array]


@dataclass(frozen=True)
class Channel:
    """A two-body decay parent -> daughter X; the names are those of fields of StandardModel."""

    width: Width
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


CHANNELS = MappingProxyType(
    {
        "Z -> gamma X": Channel(z_to_gamma_width, "m_Z", None, None),
        "B+ -> K+ X": Channel(meson_decays.b_plus_to_k_width, "m_B_plus", "m_K_plus", "tau_B_plus"),
        "B0 -> K0 X": Channel(meson_decays.b_zero_to_k_width, "m_B0", "m_K0", "tau_B0"),
        "B0 -> K*0 X": Channel(meson_decays.b_zero_to_kstar_width, "m_B0", "m_Kstar0", "tau_B0"),
        "B+ -> K*+ X": Channel(meson_decays.b_plus_to_kstar_width, "m_B_plus", "m_Kstar_plus", "tau_B_plus"),
        "K+ -> pi+ X": Channel(meson_decays.k_plus_to_pi_width, "m_K_plus", "m_pi_plus", "tau_K_plus"),
        "KL -> pi0 X": Channel(meson_decays.k_long_to_pi_width, "m_K0", "m_pi0", "tau_KL"),
    }
)
AVERAGES = MappingProxyType(  # isospin-averaged: the mean of the charged and the neutral rate
    {"B -> K X": ("B+ -> K+ X", "B0 -> K0 X"), "B -> K* X": ("B+ -> K*+ X", "B0 -> K*0 X")}
)
CHANNEL_NAMES = (*CHANNELS, *AVERAGES)


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
        Gauge coupling.

    Returns
    -------
    Array
        Branching ratio, proportional to g_X^2; exactly 0 beyond threshold.  The formulas hold where
        it is well below 1 and are not cut there.

    Raises
    ------
    InputError
        If the channel is unknown, or the treatment holds no charges and does not describe the model.

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
    require_described(model, treatment)
    if channel in AVERAGES:
        rates = [branching_ratio(name, sm, model, treatment, m_X, g_X) for name in AVERAGES[channel]]
        return (rates[0] + rates[1]) / 2
    one = CHANNELS[channel]
    return one.width(sm, model, treatment, m_X, g_X) / one.parent_width(sm)


def production_vector(sm: StandardModel, model: GaugeModel, treatment: Treatment, m_X: ArrayLike) -> Array:
    """Branching ratios of every channel at g_X = 1, (channel,), in the order of `CHANNEL_NAMES`.

    They are proportional to g_X^2: a scan needs them once a mass.
    """
    rates = {
        name: channel.width(sm, model, treatment, m_X, 1.0) / channel.parent_width(sm)
        for name, channel in CHANNELS.items()
    }
    means = [(rates[first] + rates[second]) / 2 for first, second in AVERAGES.values()]
    return jnp.stack([*rates.values(), *means])


def channel_masses(sm: StandardModel) -> tuple[Array, Array]:
    """Masses of parent and daughter of every channel [GeV], each (channel,); charged ones for averages."""
    pairs = [CHANNELS[AVERAGES[name][0] if name in AVERAGES else name].masses(sm) for name in CHANNEL_NAMES]
    return jnp.stack([pair[0] for pair in pairs]), jnp.stack([pair[1] for pair in pairs])


def production_thresholds(sm: StandardModel) -> Array:
    """Masses of X [GeV] at which a rate ends, or the triangle has a threshold, 2 m_f; not sorted."""
    pairs = [channel.masses(sm) for channel in CHANNELS.values()]
    return jnp.concatenate([jnp.stack([M - m for M, m in pairs]), 2 * charged_masses(sm)])
