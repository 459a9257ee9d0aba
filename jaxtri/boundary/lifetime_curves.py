"""Edges of a limit on mass and lifetime, joined across masses: its curves and regions."""

import functools
import itertools
from collections.abc import Iterator

import numpy as np

from jaxtri.boundary.columns import Columns
from jaxtri.boundary.edge_table import SAME
from jaxtri.boundary.lifetime_edges import Case, CellEdges
from jaxtri.boundary.polylines import JOINED, ROUNDED, EdgePiece, chains, vertices
from jaxtri.boundary.record import Region
from jaxtri.numerics.arrays import FloatArray, IntArray

SNAP = 1e-6  # ln g_X: at a critical mass the edges that meet are this close
END = -1  # in place of a source: an end of the couplings

Strip = tuple[slice, tuple[tuple[int, int], ...]]  # nodes, and sources of lower and upper edges, downwards


def strips(case: Case) -> list[Strip]:
    """Return the runs of nodes between which the same edges exist; complete their values in place."""
    edges, critical = case.edges, case.critical()
    inner = np.diff(edges.segment) == 0
    edge = ~np.concatenate([[False], inner, [False]])
    nodes = np.flatnonzero(critical | edge[1:] | edge[:-1])
    wide = np.diff(nodes) > 1
    ends = np.stack([nodes[:-1][wide], nodes[1:][wide]], axis=1)
    changes = np.cumsum(np.append(0, (edges.exists[1:] != edges.exists[:-1]).any(axis=1)))
    case.unresolved += int(np.sum(changes[ends[:, 1] - 1] - changes[ends[:, 0] + 1]))
    middle = (ends.sum(axis=1) + 1) // 2
    between = edges.exists[middle]
    strip, source = np.nonzero(between)
    sources = np.split(source, np.searchsorted(strip, np.arange(1, len(ends))))[: len(ends)]
    found = [
        (slice(a, b + 1), _pairs(tuple(some.tolist()), at_top))
        for (a, b), some, at_top in zip(ends.tolist(), sources, edges.at_top[middle].tolist(), strict=True)
    ]
    lacks = between[:, None, :] & (critical[ends][:, :, None] | ~edges.exists[ends])
    for i, side, lacking in np.argwhere(lacks).tolist():
        node = int(ends[i, side])
        _complete(case, node, node + 1 - 2 * side, lacking, bool(critical[node]))
    return found


@functools.cache
def _pairs(sources: tuple[int, ...], at_top: bool) -> tuple[tuple[int, int], ...]:
    """Lower and upper sources of every interval; sources ascend in lifetime, so that couplings descend."""
    stops = (END, *sources) if at_top else sources
    stops = stops if len(stops) % 2 == 0 else (*stops, END)
    return tuple((stops[i + 1], stops[i]) for i in range(0, len(stops), 2))


def _complete(case: Case, node: int, beside: int, source: int, is_critical: bool) -> None:
    """Give an edge its end: at a critical mass the coupling at which edges meet."""
    edges = case.edges
    u = edges.value[node, source]
    if is_critical:
        mass, segment = edges.m_X[node], edges.segment[node]
        met = np.array([at for m, s, _, at in case.events if m == mass and s == segment])
        near = float(met[np.argmin(np.abs(met - (edges.value[beside, source] if np.isnan(u) else u)))])
        if np.isnan(u) or abs(near - u) < SNAP:
            edges.value[node, source], edges.residual[node, source] = near, 0.0
    elif np.isnan(u):
        edges.value[node, source] = edges.value[beside, source]
        edges.residual[node, source] = np.inf


def runs(edges: CellEdges) -> Iterator[slice]:
    """Yield the runs of nodes in which segments follow one another without a gap in mass."""
    m_X = edges.m_X
    new = np.flatnonzero(np.diff(edges.segment) != 0) + 1
    gaps = [n for n in new.tolist() if m_X[n] / m_X[n - 1] - 1 > SAME]
    for a, b in itertools.pairwise([0, *gaps, len(m_X)]):
        yield slice(a, b)


def paths(case: Case, some: list[Strip]) -> list[tuple[IntArray, IntArray, bool]]:
    """Return nodes and sources of the vertices of every curve, and whether it closes."""
    edges, found = case.edges, []
    for run in runs(edges):
        pieces = []
        for nodes, pairs in some:
            if nodes.start >= run.start and nodes.stop <= run.stop:
                for source in (source for pair in pairs for source in pair if source != END):
                    u = edges.value[nodes, source]
                    pieces.append(EdgePiece(0, nodes, source, (float(u[0]), float(u[-1]))))
        found += [vertices(chain) for chain in chains(pieces, edges.segment)]
    return [(*_once(edges, nodes, sources), closed) for nodes, sources, closed in found]


def _once(edges: CellEdges, nodes: IntArray, sources: IntArray) -> tuple[IntArray, IntArray]:
    """Vertices of a path, those that repeat the one before left out."""
    m_X, u = edges.m_X[nodes], edges.value[nodes, sources]
    same = (np.diff(m_X) == 0) & (np.abs(np.diff(u)) < ROUNDED)
    kept = np.append(True, ~same)
    return nodes[kept], sources[kept]


def edge_values(edges: CellEdges, nodes: slice, pair: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
    """Lower and upper edge of an interval at some nodes, as ln g_X."""
    ends = edges.rates.ends[:, nodes]
    low, high = (ends[i] if source == END else edges.value[nodes, source] for i, source in enumerate(pair))
    return low, high


def regions(name: str, case: Case, some: list[Strip]) -> list[Region]:
    """Return what is excluded, joined from strip to strip while both edges go on."""
    edges = case.edges
    found: list[list[tuple[FloatArray, ...]]] = []
    open_: list[list[tuple[FloatArray, ...]]] = []  # pieces of masses, lower and upper edges
    for nodes, pairs in some:
        m_X, fresh = edges.m_X[nodes], []
        for pair in pairs:
            piece = m_X, *edge_values(edges, nodes, pair)
            before = next((one for one in open_ if _goes_on(one[-1], piece)), None)
            fresh.append([*(before or []), piece])
            open_ = [one for one in open_ if one is not before]
        found += open_
        open_ = fresh
    return [_ring(name, *map(np.concatenate, zip(*one, strict=True))) for one in [*found, *open_]]


def _goes_on(before: tuple[FloatArray, ...], piece: tuple[FloatArray, ...]) -> bool:
    """Whether one piece of a region begins where another ends."""
    if piece[0][0] / before[0][-1] - 1 > SAME:
        return False
    return all(abs(a[-1] - b[0]) < JOINED for a, b in zip(before[1:], piece[1:], strict=True))


def _ring(name: str, m_X: FloatArray, low: FloatArray, high: FloatArray) -> Region:
    """The region of pieces that share their joints."""
    once = np.append(True, np.diff(m_X) > 0)
    return Region.between(name, m_X[once], low[once], high[once])


def columns(case: Case, some: list[Strip]) -> Columns:
    """Return what is excluded at every mass."""
    edges = case.edges
    intervals = [[(*edge_values(edges, nodes, pair),) for pair in pairs] for nodes, pairs in some]
    return Columns.of(edges.m_X, [nodes for nodes, _ in some], intervals)
