"""Boundaries of recast searches: their edges at common masses, refined, and joined to curves and regions.

They do not depend on the treatment.  Every search has a closed form or roots at any mass, so that edges are
exact at every vertex; masses are those of all published limits, and further ones where an edge bends, where a
beam dump stops excluding (a tip) and where an edge leaves the window.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxtri.boundary.plane import Plane
from jaxtri.boundary.record import Curve, Region
from jaxtri.limits.dark_photon import has_data, published_limits
from jaxtri.limits.excluded_couplings import Ends, ends_within
from jaxtri.limits.recast import recast_kernel
from jaxtri.limits.recast_points import RecastAtMass, log_displaced_ratio, log_recast_ratio, recasts_at
from jaxtri.numerics.arrays import BoolArray, FloatArray, IntArray
from jaxtri.numerics.kernels import kernel
from jaxtri.physics.decays.widths import unit_decays

CHUNK = 256  # masses at a time, so that one compilation serves all
EVEN = 200  # masses of the first mesh besides those of published limits
BEND = 2e-3  # of ln g_X, by which an edge may miss the straight line half way between two masses
ROUNDS = 9  # of masses added half way; narrow resonances take most
NEAR = 1e-13  # of ln m_X, to which a mass is found at which an edge begins or ends
SECTIONS = 40  # at most, of the steps in which one is
STRAIGHT, THINNED = BEND / 8, 8  # a node this far from the line between its neighbours is none; rounds
TIP = 1e-6  # ln g_X: a region whose edges are this close closes there
SAME = 1e-13  # of m_X


@dataclass(frozen=True)
class RecastEdges:
    """Edges of every search at masses; intervals ascend."""

    m_X: FloatArray  # (mass,) [GeV], ascending
    low: FloatArray  # (mass, search, interval) ln g_X, within the window
    high: FloatArray
    exists: BoolArray  # (mass, search, interval)
    is_end: BoolArray  # (2, mass, search, interval): an edge is an end of the window, not one of the limit
    residual: FloatArray  # (2, mass, search, interval) |F|


def recast_boundaries(plane: Plane) -> tuple[tuple[Curve, ...], tuple[Region, ...]]:
    """Trace every boundary of the recast searches of a plane.

    Parameters
    ----------
    plane
        The plane; its `recasts` are traced.
    """
    if not plane.recasts:
        return (), ()
    edges = _closed(plane, _refined(plane))
    curves: list[Curve] = []
    regions: list[Region] = []
    for k, name in enumerate(plane.recasts):
        for every, interval in _pieces(edges, k):
            nodes = _needed(edges, every, k, interval)
            at = nodes, k, interval
            if len(nodes) < 2:
                continue
            regions.append(Region.between(name, edges.m_X[nodes], edges.low[at], edges.high[at]))
            curves += _curves(name, edges, nodes, k, interval)
    return tuple(curves), tuple(regions)


@kernel()
def _at(recasts: RecastAtMass, m_X: Array, width: Array, window: Ends) -> tuple[Array, ...]:
    """Edges within the window, whether they exist, whether they are ends, and |F| there, by mass."""

    def one(known: RecastAtMass, mass: Array, width: Array) -> tuple[Array, ...]:
        ends = ends_within(mass, width, window)
        count, depth = len(known.exists), known.displaced_exists.shape[-1]
        padding = (0, 0), (0, depth - 1)
        low, high, exists = (
            jnp.pad(x[:, None], padding).at[known.position].set(some)
            for x, some in (
                (known.log_low, known.displaced_low),
                (known.log_high, known.displaced_high),
                (known.exists, known.displaced_exists),
            )
        )
        kept = jnp.stack([jnp.maximum(low, ends.bottom), jnp.minimum(high, ends.top)])
        at_end = jnp.stack([low <= ends.bottom, high >= ends.top])
        F = jax.vmap(jax.vmap(log_recast_ratio, (None, 0)), (0, 1))(known.signal, kept)
        displaced = jax.vmap(jax.vmap(log_displaced_ratio, (None,) * 4 + (0,)), (0, 0, 0, 0, 1))(
            known.log_level, known.log_lifetime, known.log_tau, known.log_r, kept[:, known.position]
        )
        F = jnp.moveaxis(F.at[known.position].set(displaced), 0, 1)
        assert F.shape == (2, count, depth)
        return kept, exists & (kept[0] < kept[1]), at_end, jnp.abs(F)

    return jax.vmap(one)(recasts, m_X, width)


@kernel()
def _widths(plane_sm: object, model: object, m_X: Array) -> Array:
    """Width of X at g_X = 1 [GeV] at every mass."""
    return jax.vmap(lambda m: unit_decays(plane_sm, model, m)[1])(m_X)


def recast_edges_at(plane: Plane, m_X: FloatArray) -> RecastEdges:
    """Return the edges of every recast search at some masses, ascending."""
    parts = []
    for start in range(0, len(m_X), CHUNK):
        some = m_X[start : start + CHUNK]
        padded = np.append(some, np.full(CHUNK - len(some), some[-1]))
        known = recasts_at(
            plane.recasts, plane.sm, lambda tables: recast_kernel(tables, plane.sm, plane.model), padded
        )
        found = _at(known, jnp.asarray(padded), _widths(plane.sm, plane.model, padded), Ends(*plane.window))
        parts.append([np.asarray(x)[: len(some)] for x in found])
    kept, exists, at_end, residual = (np.concatenate(column) for column in zip(*parts, strict=True))
    kept, at_end, residual = (np.moveaxis(x, 1, 0) for x in (kept, at_end, residual))
    return RecastEdges(m_X, kept[0], kept[1], exists, at_end, residual)


def _first_masses(plane: Plane) -> FloatArray:
    """Masses of published limits, between the two ends of every hole, and even ones."""
    low, high = plane.m_X
    chosen = [one for one in published_limits() if one.search.search in plane.recasts]
    rows = [one.m_X for one in chosen]
    holes = np.array([edge for one in chosen for edge in one.holes]).reshape(-1, 2)
    middles = np.sqrt(holes[:, 0] * holes[:, 1])
    every = np.concatenate([*rows, holes.ravel(), middles, np.geomspace(low, high, EVEN)])
    masses = np.unique(np.clip(every, low, high))
    return masses[np.append(True, np.diff(masses) > SAME * masses[1:])]


def _refined(plane: Plane) -> RecastEdges:
    """Edges at masses that are added half way until all edges are straight in between."""
    edges = recast_edges_at(plane, _first_masses(plane))
    steps = np.ones(len(edges.m_X) - 1, dtype=bool)
    for _ in range(ROUNDS):
        index = np.flatnonzero(steps)
        if not len(index):
            break
        middle = recast_edges_at(plane, np.sqrt(edges.m_X[index] * edges.m_X[index + 1]))
        bent = np.zeros(len(index), dtype=bool)
        for values, at in ((edges.low, middle.low), (edges.high, middle.high)):
            there = edges.exists[index] & edges.exists[index + 1] & middle.exists
            off = np.abs(at - (values[index] + values[index + 1]) / 2)
            bent |= np.any(there & (off > BEND), axis=(1, 2))
        edges, fresh = _merged(edges, middle)
        steps = np.zeros(len(edges.m_X) - 1, dtype=bool)
        at_middle = np.flatnonzero(fresh)[bent]
        steps[at_middle], steps[at_middle - 1] = True, True
    return edges


def _merged(edges: RecastEdges, more: RecastEdges) -> tuple[RecastEdges, BoolArray]:
    """Join edges at different masses; say which of the masses come from the second."""
    m_X = np.concatenate([edges.m_X, more.m_X])
    order = np.argsort(m_X, kind="stable")
    first = {"m_X": 0, "low": 0, "high": 0, "exists": 0, "is_end": 1, "residual": 1}
    fields = {
        name: np.concatenate([getattr(edges, name), getattr(more, name)], axis=axis).take(order, axis=axis)
        for name, axis in first.items()
    }
    return RecastEdges(**fields), order >= len(edges.m_X)


def _closed(plane: Plane, edges: RecastEdges) -> RecastEdges:
    """Edges with the masses added at which an interval of a search begins or ends, from both sides."""
    changed = (edges.exists[1:] != edges.exists[:-1]).any(axis=2)
    step, search = np.nonzero(changed & ~_at_data(plane, edges))
    if not len(step):
        return edges
    low, high = np.log(edges.m_X[step]), np.log(edges.m_X[step + 1])
    left = edges.exists[step, search]
    cuts = np.arange(1, max(2, CHUNK // len(step))) / max(2, CHUNK // len(step))  # of every bracket at a time
    for _ in range(SECTIONS):
        inner = low[:, None] + (high - low)[:, None] * cuts
        masses, at = np.unique(np.exp(inner), return_inverse=True)
        found = recast_edges_at(plane, masses).exists[at.reshape(inner.shape), search[:, None]]
        changes = ~(found == left[:, None]).all(axis=2)
        first = np.where(changes.any(axis=1), np.argmax(changes, axis=1), len(cuts))
        stops = np.column_stack([low, inner, high])
        rows = np.arange(len(step))
        low, high = stops[rows, first], stops[rows, first + 1]
        if np.all(high - low < NEAR):
            break
    masses = np.unique(np.exp(np.concatenate([low, high])))
    new = masses[~np.isin(masses, edges.m_X)]
    return _merged(edges, recast_edges_at(plane, new))[0] if len(new) else edges


def _at_data(plane: Plane, edges: RecastEdges) -> BoolArray:
    """Whether a step leaves the masses of a search's data, (step, search): its edge is the node itself."""
    known = {one.search.search: one for one in published_limits()}
    inside = np.stack([has_data(known[name], edges.m_X) for name in plane.recasts], axis=1)
    return ~(inside[1:] & inside[:-1])


def _pieces(edges: RecastEdges, search: int) -> Iterator[tuple[slice, int]]:
    """Yield runs of masses at which an interval of a search exists, and which interval it is."""
    exists = edges.exists[:, search]
    count = exists.sum(axis=1)
    turns = np.flatnonzero(np.diff(count)) + 1
    for a, b in itertools.pairwise([0, *turns.tolist(), len(count)]):
        for k in np.flatnonzero(exists[a]).tolist():
            yield slice(a, b), k


def _needed(edges: RecastEdges, nodes: slice, search: int, interval: int) -> IntArray:
    """Nodes without those, of other searches, at which the edges of this one are straight."""
    x, kept = np.log(edges.m_X), np.arange(nodes.start, nodes.stop)
    values = np.stack([edges.low[:, search, interval], edges.high[:, search, interval]])
    for _ in range(THINNED):
        left, here, right = kept[:-2:2], kept[1:-1:2], kept[2::2]
        count = len(here)
        left, right = left[:count], right[:count]
        w = (x[here] - x[left]) / (x[right] - x[left])
        off = np.abs(values[:, here] - (1 - w) * values[:, left] - w * values[:, right]).max(axis=0)
        gone = here[off < STRAIGHT]
        if not len(gone):
            break
        kept = kept[~np.isin(kept, gone)]
    return kept


def _curves(name: str, edges: RecastEdges, nodes: IntArray, search: int, interval: int) -> Iterator[Curve]:
    """Yield the edges of a piece, along the lower and back along the upper one; no ends of the window."""
    at = nodes, search, interval
    m_X, low, high = edges.m_X[nodes], edges.low[at], edges.high[at]
    real = [~edges.is_end[(side, *at)] for side in (0, 1)]
    error = [edges.residual[(side, *at)] for side in (0, 1)]
    tips = [high[end] - low[end] < TIP for end in (0, -1)]
    around = [np.concatenate([a, b[::-1]]) for a, b in ((m_X, m_X), (low, high), real, error)]
    count = len(m_X)
    joint = np.ones(2 * count, dtype=bool)  # whether a vertex is joined to the one before
    joint[count], joint[0] = tips[1], tips[0]
    whole = bool(around[2].all() and joint.all())
    order = np.arange(2 * count)
    if not whole:  # begin where the curve is interrupted
        breaks = np.flatnonzero(~joint | ~around[2])
        order = np.roll(order, -int(breaks[0])) if len(breaks) else order
    run: list[int] = []
    for i in order.tolist():
        if run and not (joint[i] and around[2][i]):
            yield from _curve(name, around, run, closed=False)
            run = []
        if around[2][i]:
            run.append(i)
    yield from _curve(name, around, [*run, run[0]] if whole else run, closed=whole)


def _curve(name: str, around: list[FloatArray], run: list[int], *, closed: bool) -> Iterator[Curve]:
    """Yield a curve of two vertices or more; its slope is that of its own vertices."""
    if len(run) < 2:
        return
    m_X, u, _, error = (x[run] for x in around)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.gradient(u) / np.gradient(np.log(m_X))
    yield Curve(
        search=name, m_X=m_X, g_X=np.exp(u), slope=np.where(np.isnan(slope), np.inf, slope),
        residual=error, closed=closed,
    )  # fmt: skip
