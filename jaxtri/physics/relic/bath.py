r"""The bath around chi: scale factor and expansion rate at a temperature.

.. math:: H^2 = \frac{8\pi}{3 M_{Pl}^2}\rho,\qquad s_{\gamma e}\,a^3 = \frac{2\pi^2}{45}\,\tfrac{11}{2}
    \ \ {\rm once\ neutrinos\ are\ alone}

Photons, electrons with their exact mass, three neutrinos; two named choices of what else is counted, because
the literature differs: `TEMPERATURES`.  Neither holds muons or pions, which join above 15 MeV.
"""

from collections.abc import Callable
from types import MappingProxyType
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jaxtri.model.cosmology import cosmology
from jaxtri.model.fermions import FERMIONS
from jaxtri.model.gauge_model import GaugeModel
from jaxtri.model.mixing import mixed
from jaxtri.model.standard_model import StandardModel
from jaxtri.numerics.quadrature import gauss_legendre, node_sum
from jaxtri.numerics.roots import implicit_root

ORDER = 48  # nodes in momentum: truncation 1e-12
REACH = 45.0  # kinetic energy over T beyond which nothing is counted: e^-45
NEWTON_STEPS = 5  # from the middle of the range of T a; the last changes nothing at 1e-14
HOT = 5.5  # entropic degrees of freedom of photons and massless electrons
NEUTRINOS = 5.25  # of three chiral neutrinos, 7/8 * 6


class Gas(NamedTuple):
    """Entropy and energy over those of one massless boson, 2 pi^2 T^3 / 45 and pi^2 T^4 / 30."""

    entropy: Array
    energy: Array


class Epoch(NamedTuple):
    """The universe when chi has a temperature."""

    log_a: Array  # ln of the scale factor [1/GeV]
    H: Array  # expansion rate [GeV]


def gas(y: ArrayLike, degrees: int, statistics: int) -> Gas:
    r"""Entropy and energy of an ideal gas without chemical potential.

    .. math:: \rho = \frac{g}{2\pi^2}\int \frac{p^2 E\,dp}{e^{E/T} \pm 1},\qquad
              s = \frac{g}{2\pi^2 T}\int \frac{p^2 (E + p^2/3E)\,dp}{e^{E/T} \pm 1}

    Parameters
    ----------
    y
        Mass over temperature, not negative.
    degrees
        Spin states of particles and antiparticles.
    statistics
        1 for fermions, -1 for bosons.

    Notes
    -----
    Valid for: any y; truncation 1e-10 at y < 30, and what is beyond is below e^-30.
    Differs from print: not in the paper.
    """
    y = jnp.asarray(y)
    highest = jnp.sqrt(REACH * (REACH + 2 * y))
    nodes, weights = gauss_legendre(ORDER)

    def at_node(t: Array) -> Gas:
        p = highest * t**2
        E = jnp.sqrt(p**2 + y**2)
        small = jnp.exp(-E)
        f = 2 * t * p**2 * small / (1 + statistics * small)
        return Gas(f * (E + p**2 / (3 * E)), f * E)

    norm = degrees * highest / (2 * jnp.pi**2)
    found = node_sum(at_node, nodes, weights)
    return Gas(found.entropy * norm * 45 / (2 * jnp.pi**2), found.energy * norm * 30 / jnp.pi**2)


def _photons_electrons(sm: StandardModel, T: Array) -> Gas:
    """Photons and electrons with their mass."""
    electrons = gas(sm.m_e / T, 4, 1)
    return Gas(2 + electrons.entropy, 2 + electrons.energy)


def _expansion(energy: Array) -> Array:
    """Expansion rate of an energy density in units of pi^2 / 30 GeV^4."""
    return jnp.sqrt(8 * jnp.pi / 3 * jnp.pi**2 / 30 * energy) / cosmology().planck_mass


def common_bath(sm: StandardModel, m_chi: Array, m_X: Array, T: Array) -> Epoch:
    """Chi at the temperature of photons; photons, electrons and decoupled neutrinos alone make up the bath.

    The textbook equation: chi, X and right-handed neutrinos are counted neither in entropy nor in H.

    Parameters
    ----------
    sm
        Measured inputs: the electron's mass.
    m_chi, m_X
        Masses [GeV]; not used.
    T
        Temperature of photons and of chi [GeV].

    Notes
    -----
    Valid for: T below 15 MeV.
    Differs from print: not in the paper.
    """
    hot = _photons_electrons(sm, T)
    a = (HOT / hot.entropy) ** (1 / 3) / T
    return Epoch(jnp.log(a), _expansion(hot.energy * T**4 + NEUTRINOS / a**4))


def neutrino_bath(sm: StandardModel, m_chi: Array, m_X: Array, T: Array) -> Epoch:
    """Chi and X at the temperature of neutrinos, which they heat; everything is counted in H.

    Above the decoupling of neutrinos one bath of photons, electrons, neutrinos, chi and X; below it the
    entropy of photons and electrons, and that of neutrinos, chi and X, are conserved separately.

    Parameters
    ----------
    sm
        Measured inputs: the electron's mass.
    m_chi, m_X
        Masses [GeV].
    T
        Temperature of neutrinos, chi and X [GeV].

    Notes
    -----
    Valid for: T below 15 MeV; neutrinos decouple at once, at tables/cosmology.toml: neutrino_decoupling.
    Differs from print: not in the paper.
    """
    T_D = jnp.asarray(cosmology().neutrino_decoupling)
    is_one = T > T_D

    def dark(T: Array) -> Gas:
        chi, X = gas(m_chi / T, 4, 1), gas(m_X / T, 3, -1)
        return Gas(NEUTRINOS + chi.entropy + X.entropy, NEUTRINOS + chi.energy + X.energy)

    hot_D, dark_D, hot, cold = _photons_electrons(sm, T_D), dark(T_D), _photons_electrons(sm, T), dark(T)
    a_D = (HOT / hot_D.entropy) ** (1 / 3) / T_D
    together = (hot_D.entropy + dark_D.entropy) / (hot.entropy + cold.entropy)
    a = a_D * T_D / T * jnp.where(is_one, together, dark_D.entropy / cold.entropy) ** (1 / 3)
    T_hot = jnp.where(is_one, T, _photon_temperature(sm, a))
    return Epoch(jnp.log(a), _expansion(cold.energy * T**4 + _photons_electrons(sm, T_hot).energy * T_hot**4))


def n_eff(sm: StandardModel, m_chi: ArrayLike, m_X: ArrayLike = jnp.inf) -> Array:
    r"""Effective number of neutrinos after chi and X have given their entropy to neutrinos.

    .. math:: N_{eff} = 3\left[1 + \frac{s_\chi + s_X}{s_\nu}\right]^{4/3}
              \left[\frac{11/2}{h_{\gamma e}}\right]^{4/3}\ \text{at}\ T_D

    Parameters
    ----------
    sm
        Measured inputs: the electron's mass.
    m_chi
        Mass of the Dirac fermion chi [GeV].
    m_X
        Mass of X [GeV]; broadcast with m_chi.  Infinite: chi alone.

    Returns
    -------
    Array
        Dimensionless; 3.02 without chi and X, since neutrinos decouple before all electrons are gone.

    Notes
    -----
    Valid for: the assumption of `neutrino_bath`: below the decoupling of neutrinos, which is instantaneous,
    chi and X are in equilibrium with neutrinos and with nothing else.  Couplings on a relic line do bring X
    into equilibrium: at 2 MeV it decays much faster than the universe expands.
    Differs from print: not in the paper.
    """
    T_D = cosmology().neutrino_decoupling
    chi, X = gas(_finite(m_chi) / T_D, 4, 1).entropy, gas(_finite(m_X) / T_D, 3, -1).entropy
    hot = _photons_electrons(sm, jnp.asarray(T_D)).entropy
    return 3 * ((1 + (chi + X) / NEUTRINOS) * HOT / hot) ** (4 / 3)


def heats_neutrinos(sm: StandardModel, model: GaugeModel) -> bool:
    """Whether X couples to neutrinos and not to electrons, so that chi and X heat neutrinos alone.

    Parameters
    ----------
    sm, model
        Measured inputs and charges; kinetic mixing counts.
    """
    charge = dict(zip(FERMIONS, np.asarray(mixed(sm, model).charge).tolist(), strict=True))
    return charge["e"] == 0 and any(charge[name] != 0 for name in ("nu_e", "nu_mu", "nu_tau"))


def _finite(mass: ArrayLike) -> Array:
    """A mass that is too heavy to count, in place of an infinite one [GeV]."""
    return jnp.minimum(jnp.asarray(mass, dtype=float), 1e3 * cosmology().neutrino_decoupling)


def _photon_temperature(sm: StandardModel, a: Array) -> Array:
    """Temperature at which photons and electrons have their conserved entropy [GeV]."""

    def excess(log_Ta: Array) -> Array:
        return jnp.log(_photons_electrons(sm, jnp.exp(log_Ta) / a).entropy / HOT) + 3 * log_Ta

    def newton(_: int, log_Ta: Array) -> Array:
        value, slope = jax.jvp(excess, (log_Ta,), (jnp.ones_like(log_Ta),))
        return log_Ta - value / slope

    start = jnp.full_like(jax.lax.stop_gradient(a), jnp.log(HOT / 2) / 6)
    root = jax.lax.fori_loop(0, NEWTON_STEPS, newton, start)
    return jnp.exp(implicit_root(excess, root)) / a


Bath = Callable[[StandardModel, Array, Array, Array], Epoch]
TEMPERATURES: MappingProxyType[str, Bath] = MappingProxyType(
    {"common": common_bath, "neutrino_bath": neutrino_bath}
)
