r"""Thermal average of the annihilation cross section, with the resonance mapped away.

.. math:: \langle\sigma v\rangle = \int_{4m^2}^\infty \frac{\sigma\,(s-4m^2)\sqrt s\,K_1(\sqrt s/T)\,ds}
          {8 m^4 T K_2^2(m/T)}

In units of m = m_chi the variable is the momentum q of the heavier pair, s = 4 (h^2 + q^2), where the phase
space of either pair is smooth.  In q = R + D sinh(u) the propagator is 1 / cosh(u): three Gauss-Legendre
panels in u, two of which meet on the resonance, serve every width, and s - m_X^2 is never formed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jaxtri.model.dark_matter import DarkMatter
from jaxtri.model.fermions import ELECTRIC_CHARGE, FERMIONS
from jaxtri.model.gauge_model import GaugeModel
from jaxtri.model.mixing import mixed
from jaxtri.model.standard_model import StandardModel
from jaxtri.numerics.arrays import FloatArray, IntArray
from jaxtri.numerics.bessel import scaled_bessel_k
from jaxtri.numerics.quadrature import gauss_legendre, node_sum
from jaxtri.physics.decays.hadrons import hadronic_ratio
from jaxtri.physics.decays.widths import FINAL_STATES, lepton_masses, neutrino_ratio, pair_ratio
from jaxtri.physics.relic.annihilation import (
    CHANNELS,
    LEPTONS,
    majorana_ratio,
    pole,
    unit_width,
    x_pair_kernel,
)

ORDER = 48  # nodes a panel: 1e-10 at worst, 1e-13 as a rule
REACH = 48.0  # energy over T above threshold beyond which nothing is counted: e^-48
ROUNDED_GAP = 1e-4  # |m_chi^2 - m_X^2| over m_chi T; X X is mapped as if there were that much at least
FAR_REACH, CUT = 95.0, 0.9  # where the resonance lies at the reach: narrow, it outweighs e^-48
APPROACH = 4.0  # the first panel ends where 1/4 of the momentum of the resonance is left
FARTHEST = 2.0  # masses m_f / m_chi from which on chi chibar -> f fbar is never hot enough: e^-20 at x = 10
HOTTEST = 6.0  # highest sqrt(s) / m_chi that counts: e^-40 at x = 10
PAIRS = dict(zip(LEPTONS, FINAL_STATES, strict=False))
HADRONS_TOP = 2.0  # GeV; hadrons come from a table up to here
HADRONS_STEP = 1e-3  # GeV

Ratio = Callable[[Array], Array]


STATIC = {"static": True}


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Scope:
    """What is decided before anything is compiled: the final states of a virtual X that count."""

    light: tuple[str, ...] = field(default=LEPTONS, metadata=STATIC)  # leptons that may be lighter than chi
    heavy: tuple[str, ...] = field(default=LEPTONS[:2], metadata=STATIC)  # and those that may be heavier
    hadrons: bool = field(default=True, metadata=STATIC)


def scope_of(sm: StandardModel, model: GaugeModel, dark_matter: DarkMatter) -> Scope:
    """Return what a model needs; more where charges or masses are not known yet (traced)."""

    def known(value: Array) -> bool:
        return not isinstance(value, jax.core.Tracer)

    charges = np.ones(len(FERMIONS))
    if known(model.charge) and known(model.kinetic_mixing):
        mixing = float(model.kinetic_mixing) * np.asarray(ELECTRIC_CHARGE)
        charges = np.abs(model.charge) + np.abs(mixing)
    charged = dict(zip(FERMIONS, (charges != 0).tolist(), strict=True))
    leptons = [one for one in LEPTONS if charged[one]]
    quarks = charged["u"] or charged["d"] or charged["s"]
    masses = lepton_masses(sm)
    if not all(map(known, (dark_matter.m_chi, sm.m_pi0, *masses.values()))):
        return Scope(tuple(leptons), tuple(one for one in leptons if one != "tau"), quarks)
    m = float(dark_matter.m_chi)
    return Scope(
        tuple(one for one in leptons if float(masses[one]) <= m),
        tuple(one for one in leptons if m < float(masses[one]) < FARTHEST * m),
        quarks and HOTTEST * m > float(sm.m_pi0),
    )


def hadron_table(sm: StandardModel, model: GaugeModel, scope: Scope) -> Array | None:
    """Hadronic R at multiples of `HADRONS_STEP`, for `interpolated`; None where there are no hadrons."""
    if not scope.hadrons:
        return None
    E = HADRONS_STEP * jnp.arange(1, round(HADRONS_TOP / HADRONS_STEP) + 1)
    values = jax.lax.map(lambda one: hadronic_ratio(sm, model, one), E, batch_size=256)
    return jnp.concatenate([jnp.zeros(1), values])


def interpolated(table: Array, E: Array) -> Array:
    """Hadronic R, linear between the points of its table, constant above: 1 % on the omega, else 1e-4."""
    place = jnp.clip(E / HADRONS_STEP, 0.0, len(table) - 1.000001)
    i = place.astype(int)
    return table[i] + (place - i) * (table[i + 1] - table[i])


def _reach(h: ArrayLike, x: Array, energy: float = REACH) -> Array:
    """Momentum at an energy over T above threshold."""
    E = energy / (2 * x)
    return jnp.sqrt(E * (2 * jnp.asarray(h) + E))


@cache
def _panels(order: int) -> tuple[FloatArray, IntArray, FloatArray]:
    """Nodes on [0, 1], the panel each belongs to, and weights.

    The first panel ends before the resonance: what is off resonance there outweighs the
    resonance where that is too high for the temperature.  The others meet on it.
    """
    nodes, weights = gauss_legendre(order)
    return np.tile(nodes, 3), np.repeat(np.arange(3), order), np.tile(weights, 3)


class Thermal(NamedTuple):
    """A temperature, and what every average at it has in common."""

    x: Array  # m_chi / T, at least 1
    norm: Array  # x^(3/2) / sqrt(pi) k_2(x)^2


def thermal_at(x: ArrayLike) -> Thermal:
    """Return a temperature by m_chi / T."""
    x = jnp.asarray(x, dtype=float)
    return Thermal(x, x**1.5 / jnp.sqrt(jnp.pi) / scaled_bessel_k(2, x) ** 2)


def _boltzmann(x: Array, e: Array, above: Array) -> Array:
    """X K_1(2 x e) / K_2(x)^2 without `Thermal.norm`; above = e - 1 without cancellation."""
    return scaled_bessel_k(1, 2 * x * e) / jnp.sqrt(e) * jnp.exp(-2 * x * above)


def resonant_average(
    ratio: Ratio, r: Array, h: ArrayLike | None, width: Array, thermal: Thermal, order: int = ORDER
) -> Array:
    r"""Average of chi chibar -> X -> F, without x_N^2 g_X^4 / (12 pi m_chi^2).

    .. math:: \int \frac{2 p q\, s(s+2) R(\sqrt s)\, x K_1(x\sqrt s)}{K_2^2(x)}
              \frac{du}{16 D \cosh u\,[(q+R)^2+D^2]},\qquad q = R + D\sinh u

    Parameters
    ----------
    ratio
        R of the final state at sqrt(s) / m_chi.
    r, width
        Mass and width of X over m_chi.
    h
        Mass of one of the heavier products over m_chi, above 1; None where chi is the heavier.
    thermal
        The temperature.
    order
        Nodes a panel, of which there are three.

    Notes
    -----
    Valid for: x >= 1; 1e-10 with 48 nodes, 2e-7 with 32, 1e-5 with 24, at worst.
    Differs from print: not in the paper.
    """
    heavier = jnp.asarray(1.0 if h is None else h)
    at, beyond = pole(r, heavier, width), heavier**2 - 1
    R, D = at
    near, far = (_reach(heavier, thermal.x, energy) for energy in (REACH, FAR_REACH))
    top = jnp.where((CUT * near < R) & (far > R), far, near)
    low, high = jnp.arcsinh(-R / D), jnp.arcsinh((top - R) / D)
    inside = high > 0
    first = jnp.where(inside, jnp.arcsinh(-R / (APPROACH * D)), (low + high) / 2)
    second = jnp.where(inside, 0.0, high)
    nodes, panel, weights = _panels(order)

    def at_node(node: Array, panel: Array) -> Array:
        start = jnp.where(panel == 0, low, jnp.where(panel == 1, first, second))
        length = jnp.where(panel == 0, first, jnp.where(panel == 1, second, high)) - start
        grown = jnp.exp(start + length * node)
        q = R + D * (grown - 1 / grown) / 2
        e = jnp.sqrt(heavier**2 + q**2)
        p = q if h is None else jnp.sqrt(q**2 + beyond)
        s = 4 * e**2
        pair = p * q * s * (s + 2) * ratio(2 * e) * _boltzmann(thermal.x, e, (beyond + q**2) / (e + 1))
        return length * pair / ((grown + 1 / grown) * ((q + R) ** 2 + D**2))

    return thermal.norm / (4 * D) * node_sum(at_node, (nodes, panel), weights)


def x_pair_average(r: Array, thermal: Thermal, order: int = ORDER) -> Array:
    r"""Average of chi chibar -> X X, without (x_N g_X)^4 / (64 pi m_chi^2).

    .. math:: \int \frac{4 p\, p_X I(s)\, x K_1(x\sqrt s)}{\sqrt s K_2^2(x)}\, q\, dq,\qquad
              q = \sqrt{|1-r^2|}\,\sinh u

    Parameters
    ----------
    r
        m_X / m_chi, positive.
    thermal
        The temperature.
    order
        Nodes.

    Notes
    -----
    Valid for: x >= 1; r below, at and above 1.
    Differs from print: not in the paper.
    """
    h, gap = jnp.maximum(r, 1.0), jnp.abs((1 - r) * (1 + r))
    scale = jnp.sqrt(gap + ROUNDED_GAP / thermal.x)
    length = jnp.arcsinh(_reach(h, thermal.x) / scale)
    beyond = jnp.maximum((r - 1) * (r + 1), 0.0)

    def at_node(node: Array) -> Array:
        grown = jnp.exp(length * node)
        q = scale * (grown - 1 / grown) / 2
        e, other = jnp.sqrt(h**2 + q**2), jnp.sqrt(q**2 + gap)
        p, p_X = jnp.where(r < 1, q, other), jnp.where(r < 1, other, q)
        bracket = x_pair_kernel(p, p_X, r**2) * _boltzmann(thermal.x, e, (beyond + q**2) / (e + 1))
        return (grown + 1 / grown) * p * p_X * q / e * bracket

    return thermal.norm * length * scale * node_sum(at_node, *gauss_legendre(order))


class Final(NamedTuple):
    """A group of final states that share one integral."""

    name: str
    ratio: Ratio  # R at sqrt(s) / m_chi
    h: Array | None  # mass over m_chi where it is above chi's


def finals(
    sm: StandardModel, model: GaugeModel, dark_matter: DarkMatter, scope: Scope, hadrons: Array | None
) -> list[Final]:
    """Final states of a virtual X, one by one."""
    m, masses = dark_matter.m_chi, lepton_masses(sm)
    x = dict(zip(FERMIONS, model.charge, strict=True))

    def lepton(one: str, counts: Array) -> Ratio:
        return lambda E: jnp.where(counts, pair_ratio(x[one], masses[one], m * E), 0.0)

    found = [Final("nu nubar", lambda E: neutrino_ratio(model, m * E), None)]
    for one in scope.light:
        found.append(Final(PAIRS[one], lepton(one, masses[one] <= m), None))
    if hadrons is not None:
        found.append(Final("hadrons", lambda E: interpolated(hadrons, m * E), None))
    if dark_matter.has_nu_R:
        found.append(Final("nu_R nu_R", lambda E: majorana_ratio(dark_matter, m * E), None))
    for one in scope.heavy:
        heavier = masses[one] > m
        h = jnp.where(heavier, masses[one] / m, FARTHEST)
        found.append(Final(PAIRS[one], lepton(one, heavier), h))
    return found


def grouped(found: list[Final]) -> list[Final]:
    """The same with one integral for all states that are lighter than chi."""
    light = [one for one in found if one.h is None]

    def total(E: Array) -> Array:
        return sum((one.ratio(E) for one in light[1:]), light[0].ratio(E))

    return [Final("light", total, None), *(one for one in found if one.h is not None)]


def thermal_averages(
    sm: StandardModel,
    model: GaugeModel,
    dark_matter: DarkMatter,
    m_X: ArrayLike,
    g_X: ArrayLike,
    x: ArrayLike,
    *,
    width: ArrayLike | None = None,
    scope: Scope | None = None,
    order: int = ORDER,
) -> Mapping[str, Array]:
    """Return the thermal average of sigma v of every final state at one point.

    Parameters
    ----------
    sm, model, dark_matter
        Measured inputs, charges, to which kinetic mixing adds, and chi.
    m_X, g_X
        Mass of X [GeV] and coupling, one number each.
    x
        m_chi / T, at least 1.
    width
        `unit_width` at this mass, where it is known [GeV].
    scope
        From `scope_of`; everything, where it is left out.
    order
        Nodes a panel, of which there are three.

    Returns
    -------
    Mapping
        <sigma v> [GeV^-2] by name, in the order of `annihilation.CHANNELS`.

    Notes
    -----
    Valid for: x >= 1, Gamma_X << m_X; leptons up to 2 m_chi, hadrons of energies up to 2 GeV.
    Differs from print: not in the paper.
    """
    scope, model = scope or Scope(), mixed(sm, model)
    m, m_X, g_X = dark_matter.m_chi, *(jnp.asarray(one, dtype=float) for one in (m_X, g_X))
    thermal = thermal_at(x)
    unit = unit_width(sm, model, dark_matter, m_X) if width is None else jnp.asarray(width)
    r, wide = m_X / m, g_X**2 * unit / m
    values = {name: jnp.zeros(()) for name in CHANNELS}
    norm = dark_matter.x_N**2 * g_X**4 / (12 * jnp.pi * m**2)
    for one in finals(sm, model, dark_matter, scope, hadron_table(sm, model, scope)):
        values[one.name] += norm * resonant_average(one.ratio, r, one.h, wide, thermal, order)
    values["X X"] = (dark_matter.x_N * g_X) ** 4 / (64 * jnp.pi * m**2) * x_pair_average(r, thermal, order)
    return values
