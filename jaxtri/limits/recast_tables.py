"""What a recast of published limits needs that does not depend on charges: computed once."""

from dataclasses import dataclass, field, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxtri.limits.dark_photon import (
    Nodes,
    displaced_at,
    displaced_limit,
    dump_geometry,
    production_fractions,
    published_limits,
)
from jaxtri.limits.recast_roots import prompt_time
from jaxtri.model.constants import HBAR
from jaxtri.model.fermions import ELECTRIC_CHARGE
from jaxtri.model.gauge_model import GaugeModel, load_model
from jaxtri.model.standard_model import StandardModel
from jaxtri.numerics.arrays import FloatArray, IntArray
from jaxtri.numerics.kernels import kernel
from jaxtri.numerics.safe import log_or_minus_inf
from jaxtri.physics.decays.hadrons import Spaces, meson_couplings, three_pion_spaces
from jaxtri.physics.decays.isovector import isovector_ratio
from jaxtri.physics.decays.widths import decay_ratios
from jaxtri.physics.production.currents import MECHANISMS, current_strengths, meson_form_factors
from jaxtri.tables.recast_schema import REFERENCE_MODELS

VISIBLE = ("ee", "mumu", "pipi", "invisible", "all")  # of `final_ratios`
ASSUMED = {
    "all": (0, 0, 0, 0, 1),
    "leptons": (1, 1, 0, 0, 0),
    "invisible": (0, 0, 0, 0, 1),
}  # parts of a width
NEVER = 1e3  # s; a prompt window as long as this is none
NEUTRINOS = {"solar": ("nu_e", "nu_mu", "nu_tau"), "nu_e": ("nu_e",), "nu_mu": ("nu_mu",)}


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class RecastTables:
    """Everything of a recast that does not depend on the charges of X; nodes are searches times masses."""

    masses: Array  # (mass,) [GeV], each once
    at: Array  # (node,) position in masses
    m_X: Array  # (node,) [GeV]
    log_low: Array  # (node,) of the published limit on the coupling of the reference model
    log_high: Array  # (node,); infinite: everything above
    spaces: Spaces  # (mass,) three-pion phase space
    form_factors: Array  # (mass, 3) of rho, omega, phi
    fractions: Array  # (node, mechanism), adding up to 1
    reference_strength: Array  # (node, mechanism)
    seen: Array  # (node, visible) 1 for every final state that the search sees
    log_reference_branching: Array  # (node,)
    reference_width: Array  # (node,) R of the reference model, as the publication assumed it
    windows: Array  # positions of nodes with a prompt window, and ln(t1 / hbar) there
    log_window: Array
    dumps: Array  # positions of nodes of beam dumps; geometry and ln s on the lower edge of the reference
    dump_a: Array
    dump_peak: Array
    dump_log_y: Array
    scatters: Array  # positions of neutrino-electron scattering, and the flavours of its beam
    beam: Array  # (scatter, 3)
    displaced: Array  # positions of rows of a displaced search, ln tau of the grid [s], ln r
    log_tau: Array
    log_r: Array
    most: int = field(
        metadata={"static": True}
    )  # intervals of a displaced search at one mass: every other knot


def final_ratios(sm: StandardModel, model: GaugeModel, m_X: Array, spaces: Spaces) -> Array:
    """R of what searches see, in the order of `VISIBLE`, (visible,): ee, mumu, pi+pi-, nothing, and all.

    pi+ pi- is the isovector current, which below 1 GeV it is alone.  An X that cannot decay is invisible.
    """
    R = decay_ratios(sm, model, m_X, spaces=spaces)
    total = jnp.sum(R)
    stable = total == 0
    pions = meson_couplings(model).rho ** 2 * isovector_ratio(sm, m_X)
    invisible = jnp.where(stable, 1.0, R[3])
    return jnp.stack([R[0], R[1], pions, invisible, jnp.where(stable, 1.0, total)])


def reference_charges(sm: StandardModel) -> Array:
    """Charges of the models of published limits, (reference, fermion); eQ of a dark photon first."""
    e = jnp.sqrt(4 * jnp.pi * sm.alpha_0)
    others = [load_model(name).charge for name in ("b_minus_l", "l_mu_minus_l_tau")]
    return jnp.stack([e * jnp.array(ELECTRIC_CHARGE), *others])


def recast_tables(sm: StandardModel, nodes: Nodes) -> RecastTables:
    """Return everything of a recast that does not depend on charges.

    Parameters
    ----------
    sm
        Measured inputs; the result is differentiable by them but for the proper times of prompt windows.
    nodes
        Published limits, of `nodes_of`.
    """
    every, at_search = [one.search for one in published_limits()], nodes.position
    kinds = np.array([one.kind for one in every], dtype="U16")[at_search]
    assumed = np.array([ASSUMED[one.decays_assumed] for one in every], float)[at_search]
    sees = np.array([[name in one.final_state.split("+") for name in VISIBLE] for one in every], float)
    references = np.array([REFERENCE_MODELS.index(one.reference_model) for one in every])
    certain = np.array([one.kind == "nu_e" or one.decays_assumed == "invisible" for one in every])
    seen = jnp.asarray(sees[at_search])
    masses, at = np.unique(nodes.m_X, return_inverse=True)
    of_references = _of_references(
        sm,
        jnp.asarray(masses),
        jnp.asarray(at),
        jnp.asarray(references[at_search]),
        jnp.asarray(assumed),
        seen,
        jnp.asarray(certain[at_search]),
    )
    t_1 = _prompt_times(sm, nodes)
    limited = np.array([one.window != "none" for one in every], dtype=bool)[at_search]
    windows, dumps = np.flatnonzero(limited), np.flatnonzero(kinds == "dump")
    scatters, displaced = np.flatnonzero(kinds == "nu_e"), np.flatnonzero(kinds == "displaced")
    a, peak, y = dump_geometry(_part(nodes, dumps))
    name = next((every[at_search[i]].search for i in displaced), None)
    log_r = displaced_at(name, nodes.m_X[displaced]) if name else np.zeros((0, 2))
    tau = displaced_limit(name).tau_ps * 1e-12 if name else np.array([1.0, 2.0])
    with np.errstate(divide="ignore"):
        log_low, log_high = np.log(nodes.low), np.log(nodes.high)
    host = {
        "masses": masses, "at": at, "m_X": nodes.m_X, "log_low": log_low, "log_high": log_high,
        "fractions": _fractions(nodes),
        "seen": seen, "windows": windows, "log_window": np.log(np.minimum(t_1[windows], NEVER) / HBAR),
        "dumps": dumps, "dump_a": a, "dump_peak": peak, "dump_log_y": np.log(y),
        "scatters": scatters, "beam": _beams(nodes, scatters),
        "displaced": displaced, "log_tau": np.log(tau), "log_r": log_r,
    }  # fmt: skip
    arrays: dict[str, Any] = {key: jnp.asarray(value) for key, value in host.items()}
    return RecastTables(**arrays, **of_references, most=(len(tau) + 1) // 2)


@kernel()
def _of_references(
    sm: StandardModel,
    masses: Array,
    at: Array,
    reference: Array,
    assumed: Array,
    seen: Array,
    certain: Array,
) -> dict[str, Any]:
    """Fields of `RecastTables` that depend on inputs: phase spaces, form factors, and the reference models.

    ``at``, ``reference``, ``assumed``, ``seen`` and ``certain`` are, of every node, its mass, its reference
    model, the parts of its width, what the search sees, and whether it sees everything.
    """
    template, charges = load_model("b_minus_l").unnamed(), reference_charges(sm)

    def at_mass(m: Array) -> tuple[Spaces, Array, Array, Array]:
        spaces = three_pion_spaces(sm, m)
        form_factors = meson_form_factors(sm, m, spaces)
        R = jax.vmap(lambda charge: final_ratios(sm, replace(template, charge=charge), m, spaces))(charges)
        return spaces, form_factors, R, jax.vmap(current_strengths, (0, None))(charges, form_factors)

    spaces, form_factors, ratios, strengths = jax.vmap(at_mass)(masses)
    R, strength = ratios[at, reference], strengths[at, reference]
    width = jnp.sum(assumed * R, axis=1)
    branching = jnp.where(certain, 1.0, jnp.sum(seen * R, axis=1) / width)
    return {
        "spaces": spaces, "form_factors": form_factors, "reference_strength": strength,
        "log_reference_branching": log_or_minus_inf(branching), "reference_width": width,
    }  # fmt: skip


def _part(nodes: Nodes, index: IntArray) -> Nodes:
    """Some of the nodes."""
    return Nodes(*(getattr(nodes, name)[index] for name in Nodes.__dataclass_fields__))


def _fractions(nodes: Nodes) -> FloatArray:
    """Fraction of each mechanism in the production of the reference, (node, mechanism), adding up to 1."""
    fractions = np.zeros((len(nodes.m_X), len(MECHANISMS)))
    for i, one in enumerate(published_limits()):
        here = nodes.position == i
        production = one.search.production
        if production in production_fractions():
            masses, shares = production_fractions()[production]
            for mechanism, share in shares.items():
                fractions[here, MECHANISMS.index(mechanism)] = np.interp(nodes.m_X[here], masses, share)
        elif production in MECHANISMS:
            fractions[here, MECHANISMS.index(production)] = 1.0
    return fractions / np.maximum(fractions.sum(axis=1, keepdims=True), np.finfo(float).tiny)


def _prompt_times(sm: StandardModel, nodes: Nodes) -> FloatArray:
    """Proper time [s] up to which every node counts decays as prompt; infinite where it is no matter."""
    times = np.full(len(nodes.m_X), np.inf)
    for i, one in enumerate(published_limits()):
        here, s = nodes.position == i, one.search
        times[here] = prompt_time(sm, s.window, nodes.m_X[here], s.length_m, s.energy_GeV)
    return times


def _beams(nodes: Nodes, index: IntArray) -> FloatArray:
    """Which flavours the neutrinos of some nodes have, (node, 3)."""
    flavours = [NEUTRINOS[published_limits()[i].search.neutrino or "solar"] for i in nodes.position[index]]
    return np.array([[name in own for name in NEUTRINOS["solar"]] for own in flavours], float).reshape(-1, 3)
