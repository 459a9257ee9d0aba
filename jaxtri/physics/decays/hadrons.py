r"""X -> hadrons: vector-meson dominance channel by channel, quarks with QCD corrections above 1.75 GeV.

The paper leaves these open.  Every width is g_X^2 m_X R / (12 pi).  A vector meson V couples to X
with r_V: r_rho = x_u - x_d, r_omega = 3(x_u + x_d), r_phi = -3 x_s, normalised so that r_V = 1 is the
photon; for B - L they are 0, 2, -1.  Theory band: 10 % in the lifetime at 1.0-1.75 GeV, 2 % elsewhere;
hadrons of isospin 1 (r_rho != 0) are measured, see `isovector`, to 3 % up to 1 GeV and 10 % above.
What limits the accuracy for other charges is where isospins meet in one final state: K K and the mixing
of rho, omega and phi there are a fit to e+e- data, in which r_rho = r_omega = r_phi.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxtri.model.constants import NB_PER_GEV2
from jaxtri.model.fermions import FERMIONS
from jaxtri.model.gauge_model import GaugeModel
from jaxtri.model.standard_model import StandardModel
from jaxtri.numerics.safe import sqrt_or_zero
from jaxtri.physics.decays.isovector import SCALE_CHANGES, isovector_ratio
from jaxtri.physics.decays.quarks import quark_ratio
from jaxtri.physics.decays.three_pions import p_wave_width, propagator, three_pion_phase_space
from jaxtri.physics.kinematics import pair_velocity

LUMPS = ("K K pi", "eta phi", "omega pi pi", "eta omega")
EXCLUSIVE = ("pi0 gamma", "eta gamma", "pi+ pi- pi0", "K+ K-", "K0 K0bar", *LUMPS, "isovector")
THREE_PION_INPUTS = (  # what `three_pion_spaces` depend on
    "m_pi_plus", "m_pi0", "m_rho", "Gamma_rho", "m_omega", "m_phi", "excited_omega_mass",
)  # fmt: skip
SWITCH_REACH = 25  # switch widths beyond which one side is exactly 0: e^-25 = 1e-11


Pair = tuple[Array, Array]  # real and imaginary part


class Spaces(NamedTuple):
    """Three-pion phase space W(m_X), relative to that at each resonance."""

    omega: Array
    phi: Array
    excited: Array  # (excited omega,)


class Couplings(NamedTuple):
    """Couplings of X to the rho, omega and phi, relative to the photon's."""

    rho: Array
    omega: Array
    phi: Array


def meson_couplings(model: GaugeModel) -> Couplings:
    """Couplings r_rho = x_u - x_d, r_omega = 3 (x_u + x_d), r_phi = -3 x_s."""
    x = dict(zip(FERMIONS, model.charge, strict=True))
    return Couplings(x["u"] - x["d"], 3 * (x["u"] + x["d"]), -3 * x["s"])


def hadronic_ratio(
    sm: StandardModel, model: GaugeModel, m_X: ArrayLike, *, spaces: Spaces | None = None
) -> Array:
    r"""Total hadronic R: exclusive final states below the switch, quarks above it.

    .. math:: R = (1-w) \sum_F R_F + w R_{q\bar q},\quad w = [1+e^{-(m_X-m_s)/\Delta}]^{-1}

    Parameters
    ----------
    sm, model
        Measured inputs and charges.
    m_X
        Mass of X [GeV], positive.
    spaces
        `three_pion_spaces`, where they are known.

    Returns
    -------
    Array
        R, so that the hadronic width is g_X^2 m_X R / (12 pi); exactly 0 below the lightest final state.

    Notes
    -----
    Valid for: 0 < m_X < 2 m_t.
    Differs from print: the paper says nothing on X -> hadrons.
    """
    m_X = jnp.asarray(m_X, dtype=float)
    h = sm.hadrons
    distance = (m_X - h.switch_mass) / h.switch_width
    weight = jnp.where(jnp.abs(distance) < SWITCH_REACH, jax.nn.sigmoid(distance), distance > 0)
    exclusive = sum(exclusive_ratios(sm, model, m_X, spaces=spaces).values(), jnp.zeros(()))
    return (1 - weight) * exclusive + weight * quark_ratio(sm, model, m_X)


def hadronic_thresholds(sm: StandardModel) -> Array:
    """Masses [GeV] at which the hadronic R is not smooth: openings, ends of the switch, steps of alpha_s.

    Bends of the measured isovector R, at which its slope changes by a little, are not among them.
    """
    h, pi = sm.hadrons, sm.m_pi_plus
    openings = [sm.m_pi0, h.m_eta, 2 * pi, 2 * pi + sm.m_pi0, 2 * sm.m_K_plus, 2 * sm.m_K0]
    reach = SWITCH_REACH * h.switch_width
    steps = [h.switch_mass - reach, h.switch_mass + reach, sm.m_c, sm.m_b, h.open_charm, h.open_beauty]
    return jnp.stack([*openings, *steps, *_lump_thresholds(sm), *h.lump_mass, SCALE_CHANGES])


def exclusive_ratios(
    sm: StandardModel, model: GaugeModel, m_X: ArrayLike, *, spaces: Spaces | None = None
) -> dict[str, Array]:
    """R of every exclusive hadronic final state, in the order of `EXCLUSIVE`.

    Parameters
    ----------
    sm, model
        Measured inputs and charges.
    m_X
        Mass of X [GeV]; held at the upper end of the switch, beyond which none of these is used.
    spaces
        `three_pion_spaces`, where they are known.

    Returns
    -------
    dict
        R by name; each exactly 0 below its threshold.
    """
    h = sm.hadrons
    r = meson_couplings(model)
    m_X = jnp.minimum(jnp.asarray(m_X), _switch_end(sm))
    spaces = three_pion_spaces(sm, m_X) if spaces is None else spaces
    shapes = omega_phi_propagators(sm, spaces, m_X)
    values = [
        _radiative(sm, r, m_X, sm.m_pi0, shapes, (h.B_rho_pi0gamma, h.B_omega_pi0gamma, h.B_phi_pi0gamma),
                   (h.phase_rho_pi0gamma, h.phase_phi_pi0gamma)),
        _radiative(sm, r, m_X, h.m_eta, shapes, (h.B_rho_etagamma, h.B_omega_etagamma, h.B_phi_etagamma),
                   (0.0, h.phase_phi_etagamma)),
        _three_pion(sm, r, spaces, shapes, m_X),
        _kaon_pair(sm, r, m_X, sm.m_K_plus, 1.0),
        _kaon_pair(sm, r, m_X, sm.m_K0, -1.0),
        *_lumps(sm, r, m_X),
        r.rho**2 * isovector_ratio(sm, m_X),
    ]  # fmt: skip
    return dict(zip(EXCLUSIVE, values, strict=True))


def _point_cross_section(sm: StandardModel, s: Array) -> Array:
    """sigma(e+e- -> mu+mu-) = 4 pi alpha^2 / 3s [GeV^-2], the unit of R."""
    return 4 * jnp.pi * sm.alpha_0**2 / (3 * s)


def _switch_end(sm: StandardModel) -> Array:
    """Mass [GeV] from which on X decays to quarks alone."""
    return sm.hadrons.switch_mass + SWITCH_REACH * sm.hadrons.switch_width


def three_pion_window(sm: StandardModel) -> tuple[Array, Array]:
    """Masses [GeV] between which `three_pion_spaces` are used and not 0."""
    return 2 * sm.m_pi_plus + sm.m_pi0, _switch_end(sm)


def three_pion_spaces(sm: StandardModel, m_X: Array) -> Spaces:
    """W(m_X) / W(M) for every meson that decays to three pions: the one costly part of a width."""
    h = sm.hadrons
    masses = jnp.concatenate([jnp.stack([h.m_omega, h.m_phi]), h.excited_omega_mass])
    ratios = three_pion_phase_space(sm, m_X) / jax.vmap(lambda M: three_pion_phase_space(sm, M))(masses)
    return Spaces(ratios[0], ratios[1], ratios[2:])


def omega_phi_propagators(sm: StandardModel, spaces: Spaces, m_X: Array) -> tuple[Pair, Pair]:
    """1 / D of the omega and of the phi with their running widths."""
    h, s = sm.hadrons, m_X**2
    photon = jnp.maximum((s - sm.m_pi0**2) / m_X, 0.0) / ((h.m_omega**2 - sm.m_pi0**2) / h.m_omega)
    omega = (
        h.B_omega_3pi * spaces.omega
        + h.B_omega_pi0gamma * photon**3
        + h.B_omega_pipi * p_wave_width(1.0, h.m_omega, sm.m_pi_plus, s)
    ) / (h.B_omega_3pi + h.B_omega_pi0gamma + h.B_omega_pipi)
    kaons = h.phi_charged_kaons * p_wave_width(1.0, h.m_phi, sm.m_K_plus, s)
    kaons += (1 - h.phi_charged_kaons) * p_wave_width(1.0, h.m_phi, sm.m_K0, s)
    phi = (h.B_phi_KK * kaons + h.B_phi_3pi * spaces.phi) / (h.B_phi_KK + h.B_phi_3pi)
    return (
        propagator(h.m_omega, s, m_X * h.Gamma_omega * omega),
        propagator(h.m_phi, s, m_X * h.Gamma_phi * phi),
    )


def _amplitude(
    sm: StandardModel,
    m_X: Array,
    M: Array,
    Gamma: Array,
    BB: Array,
    space: Array,
    shape: Pair,
    phase: ArrayLike,
) -> Array:
    """Complex amplitude of a meson in a final state: its square is R for a coupling r_V = 1.

    ``BB`` is B_ee B_F and ``space`` the phase space relative to that at the peak; elementwise.
    """
    peak = 12 * jnp.pi * BB / M**2 / _point_cross_section(sm, m_X**2)
    size = sqrt_or_zero(peak * (M / m_X) ** 3 * space) * M * Gamma
    angle = jnp.deg2rad(phase)
    return size * jax.lax.complex(*shape) * jax.lax.complex(jnp.cos(angle), jnp.sin(angle))


def _squared(amplitude: Array) -> Array:
    return jnp.real(amplitude) ** 2 + jnp.imag(amplitude) ** 2


def _radiative(
    sm: StandardModel,
    r: Couplings,
    m_X: Array,
    m_P: Array,
    shapes: tuple[Pair, Pair],
    B: tuple[Array, Array, Array],
    phases: tuple[ArrayLike, ArrayLike],
) -> Array:
    """R of X -> P gamma through rho, omega and phi; phase space q^3."""
    h, s = sm.hadrons, m_X**2
    M = jnp.stack([h.m_rho, h.m_omega, h.m_phi])
    Gamma = jnp.stack([h.Gamma_rho, h.Gamma_omega, h.Gamma_phi])
    BB = jnp.stack([h.Bee_rho, h.Bee_omega, h.Bee_phi]) * jnp.stack(B)
    rho = propagator(h.m_rho, s, m_X * p_wave_width(h.Gamma_rho, h.m_rho, sm.m_pi_plus, s))
    shape = tuple(jnp.stack(parts) for parts in zip(rho, *shapes, strict=True))
    space = (jnp.maximum((s - m_P**2) / m_X, 0.0) / ((M**2 - m_P**2) / M)) ** 3
    phase = jnp.stack([jnp.asarray(phases[0]), jnp.zeros(()), jnp.asarray(phases[1])])
    amplitudes = _amplitude(sm, m_X, M, Gamma, BB, space, (shape[0], shape[1]), phase)
    return _squared(jnp.sum(jnp.stack(r) * amplitudes))


def _three_pion(
    sm: StandardModel, r: Couplings, spaces: Spaces, shapes: tuple[Pair, Pair], m_X: Array
) -> Array:
    """R of X -> pi+ pi- pi0 through omega, phi and two excited omegas, whose widths run as W."""
    h, s = sm.hadrons, m_X**2
    M = jnp.concatenate([jnp.stack([h.m_omega, h.m_phi]), h.excited_omega_mass])
    Gamma = jnp.concatenate([jnp.stack([h.Gamma_omega, h.Gamma_phi]), h.excited_omega_width])
    ground = jnp.stack([h.Bee_omega * h.B_omega_3pi, h.Bee_phi * h.B_phi_3pi])
    BB = jnp.concatenate([ground, h.excited_omega_BB])
    space = jnp.concatenate([jnp.stack([spaces.omega, spaces.phi]), spaces.excited])
    excited = propagator(h.excited_omega_mass, s, m_X * h.excited_omega_width * spaces.excited)
    real, imaginary = (
        jnp.concatenate([jnp.stack([omega, phi]), more])
        for omega, phi, more in zip(*shapes, excited, strict=True)
    )
    phase = jnp.concatenate([jnp.stack([jnp.zeros(()), h.phase_phi_3pi]), h.excited_omega_phase])
    coupling = jnp.stack([r.omega, r.phi, *[r.omega] * len(h.excited_omega_mass)])
    return _squared(jnp.sum(coupling * _amplitude(sm, m_X, M, Gamma, BB, space, (real, imaginary), phase)))


def _form_factor(M: Array, running_width: Array, weight: Array, m_X: Array) -> Array:
    """Sum over resonances of weight times M^2 / D_V, each 1 at s = 0."""
    return jnp.sum(weight * M**2 * jax.lax.complex(*propagator(M, m_X**2, m_X * running_width)))


def _kaon_pair(sm: StandardModel, r: Couplings, m_X: Array, m_K: Array, isospin: float) -> Array:
    """R of X -> K K: beta^3 |F|^2 / 4, F = +-r_rho F_rho/2 + r_omega F_omega/6 + r_phi F_phi/3."""
    h, s = sm.hadrons, m_X**2
    rho_width = p_wave_width(h.kaon_rho_width, h.kaon_rho_mass, sm.m_pi_plus, s)
    phi_width = p_wave_width(h.kaon_phi_width, h.kaon_phi_mass, sm.m_K_plus, s)
    rho = _form_factor(h.kaon_rho_mass, rho_width, h.kaon_rho_weight, m_X)
    omega = _form_factor(h.kaon_omega_mass, h.kaon_omega_width, h.kaon_omega_weight, m_X)
    phi = _form_factor(h.kaon_phi_mass, phi_width, h.kaon_phi_weight, m_X)
    F = isospin * r.rho * rho / 2 + r.omega * omega / 6 + r.phi * phi / 3
    return pair_velocity(m_X, m_K) ** 3 * _squared(F) / 4


def _lump_thresholds(sm: StandardModel) -> Array:
    """Openings of `LUMPS` [GeV]."""
    h = sm.hadrons
    narrow = h.m_eta + h.m_phi, h.m_omega + 2 * sm.m_pi_plus, h.m_eta + h.m_omega
    return jnp.stack([sm.m_Kstar_plus + sm.m_K_plus, *narrow])


def _lumps(sm: StandardModel, r: Couplings, m_X: Array) -> list[Array]:
    """R of the final states with one broad resonance each, in the order of `LUMPS`."""
    h, s = sm.hadrons, m_X**2
    coupling = jnp.stack([r.phi, r.phi, r.omega, r.omega])
    opening = _opening(s, _lump_thresholds(sm), h.lump_mass)
    width = h.lump_mass * h.lump_width
    shape = width**2 / ((h.lump_mass**2 - s) ** 2 + width**2)
    peak = h.lump_peak_nb / NB_PER_GEV2 / _point_cross_section(sm, s)
    return list(coupling**2 * peak * shape * opening)


def _opening(s: Array, threshold: Array, M: Array) -> Array:
    """(s - th^2) / (M^2 - th^2) between threshold and resonance, 0 below and 1 above."""
    return jnp.clip((s - threshold**2) / (M**2 - threshold**2), 0.0, 1.0)
