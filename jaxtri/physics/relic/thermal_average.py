r"""Thermal average of the annihilation cross section, with the resonance mapped away.

.. math:: \langle\sigma v\rangle = \int_{4m^2}^\infty \frac{\sigma\,(s-4m^2)\sqrt s\,K_1(\sqrt s/T)\,ds}
          {8 m^4 T K_2^2(m/T)}

In units of m = m_chi the variable is the momentum q of the heavier pair, s = 4 (h^2 + q^2), where the phase
space of either pair is smooth.  In q = R + D sinh(u) the propagator is 1 / cosh(u): two Gauss-Legendre panels
in u, which meet on the resonance, serve every width, and s - m_X^2 is never formed.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jaxtri.model.dark_matter import DarkMatter
from jaxtri.model.fermions import FERMIONS
from jaxtri.model.gauge_model import GaugeModel
from jaxtri.model.standard_model import StandardModel
from jaxtri.numerics.bessel import scaled_bessel_k
from jaxtri.numerics.quadrature import gauss_legendre
from jaxtri.physics.decays.hadrons import hadronic_ratio
from jaxtri.physics.decays.widths import FINAL_STATES
from jaxtri.physics.relic.annihilation import (
    CHANNELS,
    LEPTONS,
    Pole,
    charged_lepton_ratio,
    lepton_masses,
    light_ratios,
    majorana_ratio,
    pole,
    unit_width,
    x_pair_kernel,
)

ORDER = 48  # nodes on each side of the resonance: 1e-11
REACH = 48.0  # energy over T above threshold beyond which nothing is counted: e^-48
ROUNDED_GAP = (
    1e-8  # |m_chi^2 - m_X^2| over m_chi T that the map of X X no longer resolves: 1e-12 of the average
)
FARTHEST = 2.0  # masses m_f / m_chi from which on chi chibar -> f fbar is never hot enough: e^-20 at x = 10
HADRONS_TOP = 2.0  # GeV; hadrons come from a table up to here
HADRONS_STEP = 1e-3  # GeV

Ratio = Callable[[Array], Array]


class Scope(NamedTuple):
    """What is decided before anything is compiled."""

    beyond: tuple[str, ...] = LEPTONS[:2]  # leptons that may be heavier than chi
    hadrons: bool = True  # whether hadrons are a final state


def hadron_table(sm: StandardModel, model: GaugeModel, scope: Scope) -> Array | None:
    """Hadronic R at multiples of `HADRONS_STEP`, for `interpolated`; None where there are no hadrons."""
    if not scope.hadrons:
        return None
    import jax

    E = HADRONS_STEP * jnp.arange(1, round(HADRONS_TOP / HADRONS_STEP) + 1)
    values = jax.lax.map(lambda one: hadronic_ratio(sm, model, one), E, batch_size=256)
    return jnp.concatenate([jnp.zeros(1), values])


def interpolated(table: Array, E: Array) -> Array:
    """Hadronic R, linear between the points of its table, constant above: 1 % on the omega, 1e-4 elsewhere."""
    place = jnp.clip(E / HADRONS_STEP, 0.0, len(table) - 1.000001)
    i = place.astype(int)
    return table[i] + (place - i) * (table[i + 1] - table[i])


def _reach(h: ArrayLike, x: Array) -> Array:
    """Momentum beyond which nothing is counted."""
    E = REACH / (2 * x)
    return jnp.sqrt(E * (2 * jnp.asarray(h) + E))


def _boltzmann(x: Array, e: Array, above: Array) -> Array:
    """x K_1(z) / K_2(x)^2, z = 2 x e; above = e - 1 without cancellation."""
    z = 2 * x * e
    return (
        2 * x**2 / jnp.pi * jnp.sqrt(jnp.pi / (2 * z)) * scaled_bessel_k(1, z) * jnp.exp(-2 * x * above)
    ) / scaled_bessel_k(2, x) ** 2


def _panels(at: Pole, top: Array, order: int) -> tuple[Array, Array]:
    """Momenta, and weights of the propagator, from 0 to the top."""
    nodes, weights = (jnp.asarray(one) for one in gauss_legendre(order))
    low, high = jnp.arcsinh(-at.R / at.D), jnp.arcsinh((top - at.R) / at.D)
    middle = jnp.where(high > 0, 0.0, (low + high) / 2)
    starts, lengths = jnp.stack([low, middle]), jnp.stack([middle - low, high - middle])
    u = (starts[:, None] + lengths[:, None] * nodes).ravel()
    grown = jnp.exp(u)
    q = at.R + at.D * (grown - 1 / grown) / 2
    cosh = (grown + 1 / grown) / 2
    weight = (lengths[:, None] * weights).ravel() / (16 * at.D * cosh * ((q + at.R) ** 2 + at.D**2))
    return q, weight


def resonant_average(
    ratio: Ratio, r: Array, h: ArrayLike | None, width: Array, x: Array, order: int = ORDER
) -> Array:
    r"""Average of chi chibar -> X -> F, without x_N^2 g_X^4 / (12 pi m_chi^2).

    Parameters
    ----------
    ratio
        R of the final state at sqrt(s) / m_chi, of an array.
    r, width
        Mass and width of X over m_chi.
    h
        Mass of one of the heavier products over m_chi, above 1; None where chi is the heavier.
    x
        m_chi / T, at least 1.
    order
        Nodes on each side of the resonance.

    Notes
    -----
    Valid for: x >= 1; 1e-11 with 48 nodes.
    Differs from print: not in the paper.
    """
    heavier = jnp.asarray(1.0 if h is None else h)
    at, beyond = pole(r, heavier, width), heavier**2 - 1
    q, weight = _panels(at, _reach(heavier, x), order)
    e = jnp.sqrt(heavier**2 + q**2)
    p = q if h is None else jnp.sqrt(q**2 + beyond)
    s = 4 * e**2
    return jnp.sum(
        weight * 2 * p * q * s * (s + 2) * ratio(2 * e) * _boltzmann(x, e, (beyond + q**2) / (e + 1))
    )


def x_pair_average(r: Array, x: Array, order: int = ORDER) -> Array:
    r"""Average of chi chibar -> X X, without (x_N g_X)^4 / (64 pi m_chi^2).

    Parameters
    ----------
    r
        m_X / m_chi, positive.
    x
        m_chi / T, at least 1.
    order
        Nodes.

    Notes
    -----
    Valid for: x >= 1; r below, at and above 1.
    Differs from print: not in the paper.
    """
    nodes, weights = (jnp.asarray(one) for one in gauss_legendre(order))
    h = jnp.maximum(r, 1.0)
    gap = jnp.abs((1 - r) * (1 + r))
    scale = jnp.sqrt(gap + ROUNDED_GAP / x)
    length = jnp.arcsinh(_reach(h, x) / scale)
    q = scale * jnp.sinh(length * nodes)
    e, other = jnp.sqrt(h**2 + q**2), jnp.sqrt(q**2 + gap)
    p, p_X = jnp.where(r < 1, q, other), jnp.where(r < 1, other, q)
    beyond = jnp.maximum((r - 1) * (r + 1), 0.0)
    weight = length * weights * scale * jnp.cosh(length * nodes)
    phase_space = 4 * p * p_X * q / (2 * e) * x_pair_kernel(p, p_X, r**2)
    return jnp.sum(weight * phase_space * _boltzmann(x, e, (beyond + q**2) / (e + 1)))


class Final(NamedTuple):
    """A group of final states that share one integral."""

    names: tuple[str, ...]
    ratio: Ratio  # R at sqrt(s) / m_chi
    h: Array | None  # mass over m_chi where it is above chi's


def finals(
    sm: StandardModel, model: GaugeModel, dark_matter: DarkMatter, scope: Scope, hadrons: Array | None
) -> list[Final]:
    """Final states of a virtual X, those lighter than chi first, one by one."""
    m, masses = dark_matter.m_chi, lepton_masses(sm)

    def state(i: int, shown: ArrayLike) -> Ratio:
        return lambda E: jnp.where(shown, light_ratios(sm, model, m * E)[i], 0.0)

    x = dict(zip(FERMIONS, model.charge, strict=True))
    found = [Final((FINAL_STATES[i],), state(i, masses[one] <= m), None) for i, one in enumerate(LEPTONS)]
    found.append(Final(("nu nubar",), state(len(LEPTONS), True), None))
    if hadrons is not None:
        found.append(Final(("hadrons",), lambda E: interpolated(hadrons, m * E), None))
    if dark_matter.has_nu_R:
        found.append(Final(("nu_R nu_R",), lambda E: majorana_ratio(dark_matter, m * E), None))
    for i, one in enumerate(LEPTONS):
        if one in scope.beyond:
            shown, h = masses[one] > m, jnp.maximum(masses[one] / m, 1.0)
            found.append(
                Final(
                    (FINAL_STATES[i],),
                    lambda E, one=one, shown=shown: jnp.where(  # type: ignore[misc]
                        shown, charged_lepton_ratio(x[one], masses[one], m * E), 0.0
                    ),
                    jnp.where(shown, h, 2.0),
                )
            )
    return found


def grouped(found: list[Final]) -> list[Final]:
    """The same with one integral for all states that are lighter than chi."""
    light = [one for one in found if one.h is None]
    names = tuple(name for one in light for name in one.names)

    def total(E: Array) -> Array:
        return sum((one.ratio(E) for one in light[1:]), light[0].ratio(E))

    return [Final(names, total, None), *(one for one in found if one.h is not None)]


def thermal_averages(
    sm: StandardModel,
    model: GaugeModel,
    dark_matter: DarkMatter,
    m_X: ArrayLike,
    g_X: ArrayLike,
    x: ArrayLike,
    *,
    scope: Scope | None = None,
    order: int = ORDER,
) -> Mapping[str, Array]:
    """Return the thermal average of sigma v of every final state at one point.

    Parameters
    ----------
    sm, model, dark_matter
        Measured inputs, charges, and chi.
    m_X, g_X
        Mass of X [GeV] and coupling, one number each.
    x
        m_chi / T, at least 1.
    scope
        From `scope_of`; everything, where it is left out.
    order
        Nodes on each side of the resonance.

    Returns
    -------
    Mapping
        <sigma v> [GeV^-2] by name, in the order of `annihilation.CHANNELS`.

    Notes
    -----
    Valid for: x >= 1, Gamma_X << m_X; leptons up to 2 m_chi, hadrons of energies up to 2 GeV.
    Differs from print: not in the paper.
    """
    scope = scope or Scope()
    m, m_X, g_X, x = dark_matter.m_chi, *(jnp.asarray(one, dtype=float) for one in (m_X, g_X, x))
    r, width = m_X / m, g_X**2 * unit_width(sm, model, dark_matter, m_X) / m
    values = dict.fromkeys(CHANNELS, jnp.zeros(()))
    norm = dark_matter.x_N**2 * g_X**4 / (12 * jnp.pi * m**2)
    for one in finals(sm, model, dark_matter, scope, hadron_table(sm, model, scope)):
        values[one.names[0]] += norm * resonant_average(one.ratio, r, one.h, width, x, order)
    values["X X"] = (dark_matter.x_N * g_X) ** 4 / (64 * jnp.pi * m**2) * x_pair_average(r, x, order)
    return values


def scope_of(sm: StandardModel, model: GaugeModel, dark_matter: DarkMatter) -> Scope:
    """Return what a model needs; everything where charges or masses are not known yet (traced)."""
    import jax

    if any(isinstance(one, jax.core.Tracer) for one in (model.charge, dark_matter.m_chi, sm.m_e, sm.m_mu)):
        return Scope()
    charge = dict(zip(FERMIONS, np.asarray(model.charge).tolist(), strict=True))
    m, masses = float(dark_matter.m_chi), {"e": float(sm.m_e), "mu": float(sm.m_mu)}
    beyond = tuple(one for one, mass in masses.items() if charge[one] and m < mass < FARTHEST * m)
    quarks = any(charge[one] for one in "uds")
    return Scope(beyond, quarks and 6 * m > float(sm.m_pi0))
