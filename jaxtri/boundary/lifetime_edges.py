"""Edges of searches whose limit depends on mass and lifetime, at the masses of their tables and more.

Masses at which a table bends cut the axis into segments.  Within one, every lifetime of the table is a line
across the plane, and between two lines an edge is one root.  Where an edge meets a line, another edge or an
end of the couplings, the critical mass is solved for and becomes a node, as it does for other searches.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from jaxtri.boundary.edge_table import SAME
from jaxtri.boundary.kernels import thresholds_of
from jaxtri.boundary.lifetime_cells import LifetimeTable, SearchRates
from jaxtri.boundary.lifetime_rates import RatesAtMasses, mass_rates, rates_of
from jaxtri.boundary.mass_mesh import BEND, LEAST, STEP
from jaxtri.boundary.plane import Plane
from jaxtri.numerics.arrays import BoolArray, FloatArray, IntArray
from jaxtri.numerics.roots import roots_of_all
from jaxtri.physics.production.channels import channel_masses

ROUNDS = 8  # of added nodes
ULPS = 4.0  # units in the last place of a mass: closer ones are the same


@dataclass(frozen=True)
class CellEdges:
    """Edges of one search under one treatment at its nodes; sources ascend in lifetime.

    Source 3g and 3g + 1 are the roots of F between lifetime g-1 and g of the table, 3g + 2 is lifetime g,
    where F jumps.
    """

    segment: IntArray  # (node,)
    cell: IntArray  # (node,) step in mass of the table
    rates: SearchRates
    exists: BoolArray  # (node, source)
    at_top: BoolArray  # (node,) whether the highest coupling is excluded
    value: FloatArray  # (node, source) ln g_X; NaN where there is no root
    slope: FloatArray  # (node, source) d ln g_X / d ln m_X
    residual: FloatArray  # (node, source) |F|

    @property
    def m_X(self) -> FloatArray:
        """Masses [GeV]."""
        return self.rates.m_X


@dataclass
class Case:
    """One search under one treatment, while its nodes are added."""

    search: int  # position in the plane
    treatment: int
    table: LifetimeTable
    edges: CellEdges
    events: list[tuple[float, int, int, float]] = field(default_factory=list)  # mass, segment, event, ln g_X
    unresolved: int = 0

    def critical(self) -> BoolArray:
        """Whether each node is a critical mass."""
        mass, segment = (np.array([event[i] for event in self.events]) for i in (0, 1))
        return np.isin(_places(self.edges.segment, self.edges.m_X), _places(segment, mass))


def _places(segment: IntArray, m_X: FloatArray) -> npt.NDArray[np.complex128]:
    """Nodes as one number each, of the order of segment and mass."""
    return segment + 1j * m_X


def edges_in_cells(table: LifetimeTable, rates: SearchRates, segment: IntArray, cell: IntArray) -> CellEdges:
    """Find every edge at every node."""
    parts, T = table.parts(rates, cell), len(table.v)
    flips = (parts.at_start > 0) != (parts.at_stop > 0)
    flips &= parts.stop > parts.start
    shape = len(rates.m_X), T + 1, 3
    exists, value = np.zeros(shape, dtype=bool), np.full(shape, np.nan)
    slope, residual = np.full(shape, np.nan), np.full(shape, np.nan)
    exists[:, :, :2] = flips.reshape(len(flips), T + 1, 2)
    inside = _inside(table, rates)
    jumps = (parts.at_stop[:, 1:-1:2] > 0) != (parts.at_start[:, 2::2] > 0)
    exists[:, :T, 2] = jumps & inside
    log_tau, log_tau_m = rates.log_tau_ps[:, :, None]
    value[:, :T, 2] = (log_tau - table.v) / 2
    slope[:, :T, 2], residual[:, :T, 2] = log_tau_m / 2, 0.0
    node, part = np.nonzero(flips)
    own, at = rates.take(node), cell[node]
    v = table.roots(own, at, part, (parts.start[node, part], parts.stop[node, part]))
    F, along_m, along_u = table.F(own, at, part // 2, v)
    where = node, part // 2, part % 2
    value[where], residual[where] = (own.log_tau_ps[0] - v) / 2, np.abs(F)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope[where] = -along_m / along_u
    first = np.argmax(parts.stop > parts.start, axis=1)
    at_top = parts.at_start[np.arange(len(first)), first] > 0
    flat = [one.reshape(len(first), -1) for one in (value, slope, residual)]
    return CellEdges(segment, cell, rates, exists.reshape(len(first), -1), at_top, *flat)


def _inside(table: LifetimeTable, rates: SearchRates) -> BoolArray:
    """Whether each lifetime of the table is between the ends of the couplings, (node, T)."""
    u = (rates.log_tau_ps[0][:, None] - table.v) / 2
    return (u > rates.ends[0][:, None]) & (u < rates.ends[1][:, None])


def cases_of(plane: Plane, positions: Sequence[int]) -> list[Case]:
    """Return some searches under every treatment, at their first nodes."""
    made = []
    for position in positions:
        table = LifetimeTable(plane.searches, position)
        nodes = _first_nodes(plane, position, table)
        if len(nodes[0]):
            made.append((position, table, *nodes))
    masses = np.unique(np.concatenate([np.zeros(0), *(m_X for _, _, m_X, _, _ in made)]))
    every, cases = mass_rates(plane, masses), []
    for position, table, m_X, segment, cell in made:
        here = _picked(every, np.searchsorted(masses, m_X))
        for t in range(len(plane.treatments)):
            rates = rates_of(plane, position, t, here)
            cases.append(Case(position, t, table, edges_in_cells(table, rates, segment, cell)))
    return cases


def _picked(some: RatesAtMasses, index: IntArray) -> RatesAtMasses:
    """Rates at some of the masses."""
    return RatesAtMasses(
        some.m_X[index], some.production[:, index], some.x_br[:, index], some.width[:, index]
    )


def _first_nodes(plane: Plane, position: int, table: LifetimeTable) -> tuple[FloatArray, IntArray, IntArray]:
    """Masses, segments and steps of the table of the first nodes."""
    searches, sm = plane.searches, plane.sm
    window, veto = np.asarray(searches.m_X_window[position]), np.asarray(searches.veto[position])
    M, m_D = (float(masses[searches.channel[position]]) for masses in channel_masses(sm))
    low = max(plane.m_X[0], window[0], table.masses[0])
    high = min(plane.m_X[1], window[1], table.masses[-1], M - m_D, 2 * float(sm.m_t))
    smooth = np.concatenate([table.masses, veto.ravel(), [low, high]])
    jumps = thresholds_of(plane)
    stops = np.unique(np.concatenate([smooth, jumps]))
    stops = stops[(low <= stops) & (stops <= high)]
    step = min(STEP, np.log(high / low) / LEAST) if high > low else STEP
    a, b = stops[:-1], stops[1:]
    middle, cell = ((a + b) / 2)[:, None], table.cells(a, b)
    vetoed = ((veto[:, 0] < middle) & (middle < veto[:, 1])).any(axis=1)
    segment = np.flatnonzero((b / a - 1 >= SAME) & (cell >= 0) & ~vetoed)
    a, b = a[segment], b[segment]
    first, last = (
        np.where((np.abs(jumps / end[:, None] - 1) < SAME).any(axis=1), np.nextafter(end, other), end)
        for end, other in ((a, b), (b, a))
    )
    count = np.maximum(2, np.ceil(np.log(b / a) / step).astype(int))
    own = np.repeat(np.arange(len(segment)), count + 1)
    place = np.arange(len(own)) - np.repeat(np.cumsum(count + 1) - count - 1, count + 1)
    m_X = a[own] * (b[own] / a[own]) ** (place / count[own])
    m_X = np.where(place == 0, first[own], np.where(place == count[own], last[own], m_X))
    return m_X, segment[own], cell[segment[own]]


@dataclass(frozen=True)
class Levels:
    """What changes its sign where the edges change, (node, event), and the lifetime v at which."""

    value: FloatArray
    defined: BoolArray
    v: FloatArray


def levels_at(table: LifetimeTable, rates: SearchRates, cell: IntArray) -> Levels:
    """F on either side of every lifetime, where it turns, at both ends; lifetimes less the ends."""
    parts, inside = table.parts(rates, cell), _inside(table, rates)
    exists = parts.stop > parts.start
    node, count = np.arange(len(cell)), exists.shape[1]
    first, last = np.argmax(exists, axis=1), count - 1 - np.argmax(exists[:, ::-1], axis=1)
    v = np.broadcast_to(table.v, inside.shape)
    ends = parts.start[:, :1], parts.stop[:, -1:]
    everywhere = np.ones((len(cell), 1), dtype=bool)
    finite = np.isfinite(v)
    value = [
        parts.at_stop[:, 1:-1:2], parts.at_start[:, 2::2], parts.at_start[:, 1::2],
        parts.at_start[node, first][:, None], parts.at_stop[node, last][:, None], v - ends[0], ends[1] - v,
    ]  # fmt: skip
    defined = [inside, inside, exists[:, ::2] & exists[:, 1::2], everywhere, everywhere, finite, finite]
    where = [v, v, parts.start[:, 1::2], *ends, v, v]
    return Levels(np.hstack(value), np.hstack(defined), np.hstack(where))


def refined(plane: Plane, cases: list[Case]) -> None:
    """Add nodes until every change of the edges has its critical mass, and curves are smooth."""
    for _ in range(ROUNDS):
        found = [_changes(case) for case in cases]
        solved = _solved(plane, cases, found)
        more = []
        for case, (step, event), (mass, log_g) in zip(cases, found, solved, strict=True):
            segment = case.edges.segment[step]
            mass = _onto(case.edges, mass, step)
            case.events += list(
                zip(mass.tolist(), segment.tolist(), event.tolist(), log_g.tolist(), strict=True)
            )
            extra = _coarse(case)
            m_X = case.edges.m_X
            inner = np.sqrt(m_X[extra] * m_X[extra + 1])
            more.append((np.append(mass, inner), np.append(segment, case.edges.segment[extra])))
        if not any(inserted(plane, cases, more)):
            break


def shared_jumps(plane: Plane, cases: Sequence[Case]) -> None:
    """Give searches that jump at the same lifetime the same nodes there: one edge is one polyline."""
    more: list[tuple[FloatArray, IntArray]] = []
    jumps = [np.flatnonzero(case.edges.exists[:, 2::3].any(axis=0)) for case in cases]
    for case, own in zip(cases, jumps, strict=True):
        masses = [np.zeros(0)]
        for other, some in zip(cases, jumps, strict=True):
            if other is not case and other.treatment == case.treatment:
                same = some[np.isin(other.table.v[some], case.table.v[own])]
                there = np.asarray(other.edges.exists[:, 3 * same + 2].any(axis=1))
                there[1:-1] |= there[2:] | there[:-2]  # where the edge becomes a root, too
                masses.append(other.edges.m_X[there])
        more.append(placed(np.unique(np.concatenate(masses)), case.edges.m_X, case.edges.segment))
    inserted(plane, cases, more)


def placed(masses: FloatArray, m_X: FloatArray, segment: IntArray) -> tuple[FloatArray, IntArray]:
    """Return the masses that are within a segment, and which."""
    right = np.clip(np.searchsorted(m_X, masses), 1, len(m_X) - 1)
    same = (segment[right] == segment[right - 1]) & (masses > m_X[right - 1]) & (masses < m_X[right])
    return masses[same], segment[right[same]]


def _onto(edges: CellEdges, mass: FloatArray, step: IntArray) -> FloatArray:
    """Masses, those within a rounding of a node on the node."""
    for end in (edges.m_X[step], edges.m_X[step + 1]):
        mass = np.where(np.abs(mass - end) <= ULPS * np.spacing(end), end, mass)
    return mass


def inserted(plane: Plane, cases: Sequence[Case], more: Sequence[tuple[FloatArray, IntArray]]) -> list[int]:
    """Add nodes, mass and segment, to every case; return how many were new."""
    fresh = []
    for case, (mass, segment) in zip(cases, more, strict=True):
        known = _places(case.edges.segment, case.edges.m_X)
        fresh.append(np.setdiff1d(_places(segment, mass), known))
    masses = np.unique(np.concatenate([np.zeros(0, dtype=complex), *fresh]).imag)
    if not len(masses):
        return [0] * len(cases)
    every = mass_rates(plane, masses)
    for case, some in zip(cases, fresh, strict=True):
        if not len(some):
            continue
        segment, m_X = some.real.astype(int), some.imag
        old = case.edges
        cell = old.cell[np.searchsorted(old.segment, segment)]
        rates = rates_of(plane, case.search, case.treatment, _picked(every, np.searchsorted(masses, m_X)))
        case.edges = _merged(old, edges_in_cells(case.table, rates, segment, cell))
    return [len(some) for some in fresh]


def _merged(old: CellEdges, new: CellEdges) -> CellEdges:
    """Put added nodes in their places."""
    order = np.lexsort((np.append(old.m_X, new.m_X), np.append(old.segment, new.segment)))

    def both(name: str) -> Any:
        return np.concatenate([getattr(old, name), getattr(new, name)])[order]

    parts = [
        np.concatenate([getattr(old.rates, name), getattr(new.rates, name)], axis=1)[:, order]
        for name in ("log_norm", "log_tau_ps", "neutrinos", "ends")
    ]
    names = ("exists", "at_top", "value", "slope", "residual")
    return CellEdges(
        both("segment"), both("cell"), SearchRates(both("m_X"), *parts), *(both(name) for name in names)
    )


def _changes(case: Case) -> tuple[IntArray, IntArray]:
    """Steps in which the edges change, and the events whose level does; not those that are known."""
    edges = case.edges
    differs = (edges.exists[1:] != edges.exists[:-1]).any(axis=1) | (edges.at_top[1:] != edges.at_top[:-1])
    step = np.flatnonzero(differs & (np.diff(edges.segment) == 0))
    if not len(step):
        return step, step
    left, right = (levels_at(case.table, edges.rates.take(n), edges.cell[n]) for n in (step, step + 1))
    flips = ((left.value > 0) != (right.value > 0)) & left.defined & right.defined
    T = len(case.table.v)
    same = (left.value[:, :T] == left.value[:, T : 2 * T]) & (right.value[:, :T] == right.value[:, T : 2 * T])
    flips[:, T : 2 * T] &= ~same
    row, event = np.nonzero(flips)
    known = {(mass, segment, event) for mass, segment, event, _ in case.events}
    ends = [
        zip(edges.m_X[n].tolist(), edges.segment[n].tolist(), event.tolist(), strict=True)
        for n in (step[row], step[row] + 1)
    ]
    new = np.array([a not in known and b not in known for a, b in zip(*ends, strict=True)], dtype=bool)
    return step[row][new], event[new]


def _solved(
    plane: Plane, cases: list[Case], found: Sequence[tuple[IntArray, IntArray]]
) -> list[tuple[FloatArray, FloatArray]]:
    """Mass at which the level of each event vanishes, and ln g_X there, a pair a case."""
    counts = [len(step) for step, _ in found]
    if not sum(counts):
        return [(np.zeros(0), np.zeros(0))] * len(cases)
    pieces = np.split(np.arange(sum(counts)), np.cumsum(counts)[:-1])

    def everything(m_X: FloatArray) -> tuple[FloatArray, FloatArray]:
        every = mass_rates(plane, m_X)
        value, log_g = np.zeros(len(m_X)), np.zeros(len(m_X))
        for case, (step, event), piece in zip(cases, found, pieces, strict=True):
            if len(piece):
                rates = rates_of(plane, case.search, case.treatment, _picked(every, piece))
                levels, own = levels_at(case.table, rates, case.edges.cell[step]), np.arange(len(piece))
                value[piece] = levels.value[own, event]
                log_g[piece] = (rates.log_tau_ps[0] - levels.v[own, event]) / 2
        return np.where(np.isnan(value), -np.inf, value), log_g

    low = np.concatenate([case.edges.m_X[step] for case, (step, _) in zip(cases, found, strict=True)])
    high = np.concatenate([case.edges.m_X[step + 1] for case, (step, _) in zip(cases, found, strict=True)])
    mass = roots_of_all(lambda m: everything(m)[0], low, high)
    log_g = everything(mass)[1]
    return [(mass[piece], log_g[piece]) for piece in pieces]


def _coarse(case: Case) -> IntArray:
    """Steps to be halved: from one critical mass to the next, or beside a node at which a curve bends."""
    edges, critical = case.edges, case.critical()
    inner = np.diff(edges.segment) == 0
    wide = inner & (edges.m_X[1:] / edges.m_X[:-1] > 1 + SAME)
    edge = ~np.concatenate([[False], inner, [False]])
    stop = critical | edge[1:] | edge[:-1]
    split = stop[1:] & stop[:-1]
    x, u = np.log(edges.m_X), np.where(edges.exists, edges.value, np.nan)
    before, after = np.diff(x)[:-1, None], np.diff(x)[1:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        area = np.abs((u[1:-1] - u[:-2]) * (before + after) - (u[2:] - u[:-2]) * before)
        far = area / np.hypot(before + after, u[2:] - u[:-2]) > 4 * BEND
    bends = far.any(axis=1) & inner[1:] & inner[:-1] & ~critical[1:-1]
    split[:-1] |= bends
    split[1:] |= bends
    return np.flatnonzero(split & wide)
