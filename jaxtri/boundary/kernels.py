"""Edges of many searches and treatments at many masses: the only room that maps `excluded_edges`.

Production and decays of X are compiled apart, with their derivative along m_X; what a search adds is cheap.
Chunks of masses run in threads: the compiler's own parallelism does little for kernels this small, and
threads compile different kernels at the same time.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxtri.boundary.edge_table import NONE, EdgeTable, MassNodes
from jaxtri.boundary.plane import Plane
from jaxtri.limits.excluded_couplings import (
    EVENTS,
    LONGEST,
    SHORTEST,
    SOURCES,
    Ends,
    ExcludedCouplings,
    ends_within,
    excluded_edges,
)
from jaxtri.limits.searches import SearchSet
from jaxtri.limits.signal import SearchAtMass, log_ratio, log_signal, mass_point
from jaxtri.model.gauge_model import GaugeModel
from jaxtri.model.standard_model import StandardModel
from jaxtri.model.treatment import Treatment
from jaxtri.numerics.arrays import FloatArray, IntArray
from jaxtri.numerics.jax_settings import require_x64
from jaxtri.numerics.kernels import Kernel, kernel
from jaxtri.numerics.threads import WORKERS, over_chunks, padded
from jaxtri.physics.decays.hadrons import Spaces, three_pion_spaces, three_pion_window
from jaxtri.physics.decays.in_flight import turning_points
from jaxtri.physics.decays.widths import FINAL_STATES, decay_thresholds, unit_decays
from jaxtri.physics.production.channels import production_thresholds, production_vector
from jaxtri.physics.production.z_decays import TRIANGLE_SUMS, triangle_of

CHUNK = 128  # masses computed at a time
FEW = 32  # masses whose three-pion phase space is computed, or differentiated, at a time
PAIRS = 2048  # of a mass and a case whose edges are computed at a time


class Mass(NamedTuple):
    """All that one mass has: searches of every case, their change along ln m_X, turning points, ends."""

    searches: SearchAtMass  # (case,), at `Plane.places`
    change: SearchAtMass  # (case,)
    turning: Array  # (2,)
    ends: Ends


@kernel()
def _three_pions(sm: StandardModel, m_X: Array) -> tuple[Spaces, Spaces]:
    """Phase space of three pions at every mass, and its change along ln m_X."""
    return jax.vmap(lambda m: jax.jvp(lambda m: three_pion_spaces(sm, m), (m,), (m,)))(m_X)


@kernel()
def _thresholds(sm: StandardModel, model: GaugeModel, treatments: tuple[Treatment, ...]) -> Array:
    """Masses at which a width or a rate is not smooth, not sorted."""
    return jnp.concatenate([decay_thresholds(sm, model), production_thresholds(sm, model, treatments)])


def thresholds_of(plane: Plane) -> FloatArray:
    """Masses of X [GeV] at which its width, or a rate of a treatment, is not smooth, on the host."""
    some = tuple(one for one in plane.treatments if one.emission == "one_loop")  # others have the same
    return np.asarray(_thresholds(plane.sm, plane.model, some[:1]))


@kernel()
def _decays(sm: StandardModel, model: GaugeModel, m_X: Array, spaces: tuple[Spaces, Spaces]) -> Any:
    """Branching ratios and width of X at every mass, and their change along ln m_X."""

    def one(m: Array, spaces: tuple[Spaces, Spaces]) -> Any:
        def decays(m: Array, known: Spaces) -> Any:
            return unit_decays(sm, model, m, spaces=known)

        return jax.jvp(decays, (m, spaces[0]), (m, spaces[1]))

    return jax.vmap(one)(m_X, spaces)


def _triangle_kernel(name: str) -> Kernel:
    """Return the kernel of one of `TRIANGLE_SUMS` at every mass, and its change along ln m_X."""

    def triangle(sm: StandardModel, model: GaugeModel, m_X: Array) -> tuple[Array, Array]:
        return jax.vmap(lambda m: jax.jvp(lambda m: TRIANGLE_SUMS[name](sm, model, m), (m,), (m,)))(m_X)

    triangle.__name__ = f"triangle_{name}"
    return Kernel(triangle)


TRIANGLES = MappingProxyType({name: _triangle_kernel(name) for name in TRIANGLE_SUMS})


@kernel()
def _production(
    sm: StandardModel, model: GaugeModel, treatment: Treatment, m_X: Array, triangle: tuple[Array, Array]
) -> Any:
    """Branching ratios of every channel at every mass, and their change along ln m_X."""

    def one(m: Array, triangle: tuple[Array, Array]) -> Any:
        def rates(m: Array, known: Array) -> Array:
            return production_vector(sm, model, treatment, m, triangle=known)

        return jax.jvp(rates, (m, triangle[0]), (m, triangle[1]))

    return jax.vmap(one)(m_X, triangle)


@kernel()
def _masses(
    sm: StandardModel, searches: SearchSet, window: Ends, m_X: Array, decays: Any, rates: Any
) -> Mass:
    """Join rates, one production a treatment, with every search, at every mass."""
    production = jax.tree.map(lambda *x: jnp.stack(x), *rates)

    def one(m_X: Array, decays: Any, production: Any) -> Mass:
        def at_mass(m_X: Array, decays: Any, production: Array) -> SearchAtMass:
            found = jax.vmap(lambda rates: mass_point(sm, searches, m_X, rates, decays).searches)(production)
            found = replace(
                found, row=None, is_timed=None, log_tau_ps=None
            )  # limits of the mass are in log_norm
            return jax.tree.map(lambda x: x.ravel(), found)

        known, change = jax.jvp(at_mass, (m_X, decays[0], production[0]), (m_X, decays[1], production[1]))
        x_br, width = decays[0]
        turning = turning_points(x_br[FINAL_STATES.index("nu nubar")])
        return Mass(known, change, turning, ends_within(m_X, width, window))

    return jax.vmap(one, in_axes=(0, 0, 1))(m_X, decays, production)


@kernel()
def _edges(masses: Mass, node: Array, case: Array) -> tuple[ExcludedCouplings, Array, Array]:
    """Edges of some cases at some masses, with slopes and residuals, (pair,)."""

    def one(node: Array, case: Array) -> tuple[ExcludedCouplings, Array, Array]:
        search, change = jax.tree.map(lambda x: x[node, case], (masses.searches, masses.change))
        turning, ends = jax.tree.map(lambda x: x[node], (masses.turning, masses.ends))
        found = excluded_edges(search, turning, ends)
        return found, *_slopes(search, change, found.value)

    return jax.vmap(one)(node, case)


def _slopes(search: SearchAtMass, change: SearchAtMass, value: Array) -> tuple[Array, Array]:
    """Slope d ln g_X / d ln m_X of every source, root or edge of the lifetime window, and |F| there."""
    floating = {"log_norm": change.log_norm, "flight": change.flight, "neutrinos": change.neutrinos}

    def signal(parts: dict[str, Array], u: Array) -> Array:
        return log_signal(_with(search, parts), u)

    def one(u: Array) -> Array:
        parts = {name: getattr(search, name) for name in floating}
        along = jax.jvp(lambda parts: signal(parts, u), (parts,), (floating,))[1]
        return -along / jax.jvp(lambda u: signal(parts, u), (u,), (jnp.ones_like(u),))[1]

    slopes = jax.vmap(one)(value)
    slopes = slopes.at[LONGEST].set(-change.log_below / 2).at[SHORTEST].set(change.log_above / 2)
    return slopes, jnp.abs(log_ratio(search, value))


def _with(search: SearchAtMass, parts: dict[str, Array]) -> SearchAtMass:
    """A search with some of its fields replaced."""
    changed: dict[str, Any] = dict(parts)
    return replace(search, **changed)


def masses_at(plane: Plane, m_X: FloatArray) -> Mass:
    """Everything that some masses, `CHUNK` at most, have; the last one is repeated up to that."""
    chunk = padded(m_X, CHUNK)
    decays, rates, _ = rates_at(plane, chunk)
    return _masses(plane.sm, plane.searches, plane.window, chunk, decays, rates)


def rates_at(plane: Plane, m_X: FloatArray) -> tuple[Any, tuple[Any, ...], tuple[Spaces, Spaces]]:
    """Decays, production under every treatment, three-pion phase space, each with its change along ln m_X.

    Always of `CHUNK` masses.
    """
    require_x64()  # of this thread
    sm, model = plane.sm, plane.model
    shared = {triangle_of(one): one for one in plane.treatments}
    triangles = {name: _triangle_at(sm, model, one, m_X) for name, one in shared.items()}
    rates = tuple(_production(sm, model, one, m_X, triangles[triangle_of(one)]) for one in plane.treatments)
    spaces = _spaces_at(sm, plane.three_pions, m_X)
    return _decays(sm, model, m_X, spaces), rates, spaces


def decays_at(sm: StandardModel, model: GaugeModel, m_X: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Branching ratios (m_X, final state) and width (m_X,) of X at any masses, on the host.

    By the kernels of boundaries, which a scan compiles in any case.
    """
    low, high = map(float, three_pion_window(sm))
    return _in_chunks(lambda some: _decays(sm, model, some, _spaces_at(sm, (low, high), some))[0], m_X)


def production_at(
    sm: StandardModel, model: GaugeModel, treatment: Treatment, m_X: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Branching ratios (m_X, channel) and triangle sum (m_X,) at any masses, on the host; as `decays_at`."""

    def at(m_X: FloatArray) -> tuple[Any, Any]:
        triangle = _triangle_at(sm, model, treatment, m_X)
        return _production(sm, model, treatment, m_X, triangle)[0], triangle[0]

    return _in_chunks(at, m_X)


def _triangle_at(sm: StandardModel, model: GaugeModel, treatment: Treatment, m_X: FloatArray) -> Any:
    return TRIANGLES[triangle_of(treatment)](sm, model, m_X)


def _in_chunks(function: Callable[[FloatArray], tuple[Any, Any]], m_X: FloatArray) -> tuple[Any, Any]:
    """Two arrays over any number of masses, `CHUNK` at a time."""
    parts = [function(padded(m_X[start : start + CHUNK], CHUNK)) for start in range(0, len(m_X), CHUNK)]
    first, second = (
        np.concatenate(list(map(np.asarray, some)))[: len(m_X)] for some in zip(*parts, strict=True)
    )
    return first, second


def _spaces_at(sm: StandardModel, window: tuple[float, float], m_X: FloatArray) -> tuple[Spaces, Spaces]:
    """`_three_pions` at masses, computed only where it is used: it is an integral over a Dalitz plot."""
    blank: Any = np.zeros(len(m_X)), np.zeros(len(m_X)), np.zeros((len(m_X), 2))
    made = jax.tree.map(np.copy, (Spaces(*blank), Spaces(*blank)))
    for some in three_pion_parts(window, m_X):
        found = _three_pions(sm, padded(m_X[some], FEW))
        for whole, part in zip(jax.tree.leaves(made), jax.tree.leaves(found), strict=True):
            whole[some] = np.asarray(part)[: len(some)]
    return made


def three_pion_parts(window: tuple[float, float], m_X: FloatArray) -> Iterator[IntArray]:
    """Positions of the masses at which three-pion phase space matters, `FEW` at a time."""
    used = np.flatnonzero((window[0] < m_X) & (m_X < window[1]))
    for start in range(0, len(used), FEW):
        yield used[start : start + FEW]


def edges_of_pairs(
    plane: Plane, masses: Mass, node: IntArray, case: IntArray
) -> tuple[ExcludedCouplings, FloatArray, FloatArray]:
    """Edges of some cases at some masses, with slopes and residuals, (pair,); on the host."""
    place = plane.places[case]
    parts = [
        _edges(masses, padded(node[i : i + PAIRS], PAIRS), padded(place[i : i + PAIRS], PAIRS))
        for i in range(0, len(node), PAIRS)
    ]
    return jax.tree.map(lambda *x: np.concatenate(x)[: len(node)], *parts)


def compiled(plane: Plane) -> None:
    """Compile every kernel, some at the same time; where they are compiled it costs one chunk."""
    sm, model = plane.sm, plane.model
    m_X = np.full(CHUNK, plane.three_pions[0])  # not inside: no spaces
    with ThreadPoolExecutor(WORKERS) as pool:
        decays = pool.submit(_decays, sm, model, m_X, _spaces_at(sm, plane.three_pions, m_X))
        shared = {triangle_of(one): one for one in plane.treatments}
        triangles = {name: pool.submit(_triangle_at, sm, model, one, m_X) for name, one in shared.items()}
        rates = [
            pool.submit(_production, sm, model, one, m_X, triangles[triangle_of(one)].result())
            for one in plane.treatments
        ]
        pool.submit(_three_pions, sm, m_X[:FEW])  # last: what follows does not need it
        known = decays.result(), tuple(one.result() for one in rates)
        masses = _masses(sm, plane.searches, plane.window, m_X, *known)
        pool.submit(edges_of_pairs, plane, masses, np.zeros(1, dtype=int), np.zeros(1, dtype=int))


def edge_table_at(plane: Plane, nodes: MassNodes) -> EdgeTable:
    """Compute the table at nodes; levels that vanish are marked later."""
    cases, count = len(plane.treatments) * len(plane.labels), len(nodes.m_X)
    made = _blank(nodes, cases)

    def fill(piece: slice) -> None:
        masses = masses_at(plane, nodes.m_X[piece])
        valid = np.asarray(masses.searches.is_valid)[:, plane.places]
        made.valid[piece] = valid[: len(nodes.m_X[piece])]
        node, case = np.nonzero(made.valid[piece])
        if not len(node):
            return
        found, slope, residual = edges_of_pairs(plane, masses, node, case)
        for name in ("value", "lower", "upper", "levels", "meeting"):
            getattr(made, name)[piece][node, case] = getattr(found, name)
        made.slope[piece][node, case], made.residual[piece][node, case] = slope, residual

    over_chunks(fill, count, CHUNK)
    return made


def _blank(nodes: MassNodes, cases: int) -> EdgeTable:
    """EdgeTable without any data."""
    shape = len(nodes.m_X), cases
    return EdgeTable(
        m_X=nodes.m_X,
        segment=nodes.segment,
        value=np.zeros((*shape, len(SOURCES))),
        slope=np.zeros((*shape, len(SOURCES))),
        residual=np.zeros((*shape, len(SOURCES))),
        lower=np.full((*shape, 2), NONE, dtype=np.int8),
        upper=np.full((*shape, 2), NONE, dtype=np.int8),
        levels=np.zeros((*shape, EVENTS)),
        meeting=np.zeros((*shape, EVENTS)),
        valid=np.zeros(shape, dtype=bool),
        critical=np.zeros((*shape, EVENTS), dtype=bool),
    )
