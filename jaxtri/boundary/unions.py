"""Boundaries of single searches, and of unions, where what is inside another region is left out."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from jaxtri.boundary.edge_table import END, NONE, SAME, Crossings, EdgeTable
from jaxtri.boundary.intervals import WALL, on_one_side
from jaxtri.boundary.plane import Plane
from jaxtri.boundary.polylines import chains, pieces, slabs, vertices
from jaxtri.boundary.record import GROUPS, Boundaries, Curve, Region
from jaxtri.limits.search_tables import SearchLabel
from jaxtri.numerics.arrays import BoolArray, FloatArray, IntArray

TOUCHING = 1e-9  # ln g_X: edges this close coincide
ULPS, CLOSEST = 8, 1e-7  # roundings of a mass, and how far they may move a steep edge that is looked at
EXACT = 1e-10  # |F|; within a rounding of m_X from a wall a curve may end before it leaves the window
STILL = 100  # edges that may step side by side without a wall


def members(labels: Sequence[SearchLabel], group: str) -> IntArray:
    """Positions of the searches for decays of the parents in a group."""
    return np.array([i for i, label in enumerate(labels) if label.channel[0] in group], dtype=int)


class Intervals(NamedTuple):
    """Both intervals of every case at every node, as ln g_X; infinite where there is none."""

    lower: FloatArray  # (node, case, 2)
    upper: FloatArray  # (node, case, 2)
    near: FloatArray  # (node,) how close two edges are that coincide


def _intervals(table: EdgeTable) -> Intervals:
    """Read both intervals of every case off the table."""
    starts = np.diff(table.segment, prepend=-1) != 0
    inner = ~starts & ~np.append(starts[1:], True)  # at a cut, data on one side only
    known = np.logical_or.reduceat(table.valid & inner[:, None], np.flatnonzero(starts))[table.segment]
    found = []
    for sources in (table.lower, table.upper):
        edge = np.full(sources.shape, np.inf)
        where = np.nonzero((sources != NONE) & known[:, :, None])
        edge[where] = table.value[(*where[:2], sources[where])]
        found.append(edge)
    return Intervals(found[0], found[1], _touching(table))


def _touching(table: EdgeTable) -> FloatArray:
    """How close two edges are that coincide, in ln g_X, (node,): where one is steep, masses are rounded."""
    steep = np.where(np.isfinite(table.slope), np.abs(table.slope), 0.0).max(axis=(1, 2), initial=0.0)
    return np.asarray(np.minimum(TOUCHING + ULPS * np.finfo(float).eps * steep, CLOSEST))


def _union(lower: FloatArray, upper: FloatArray, near: FloatArray) -> tuple[BoolArray, BoolArray]:
    """Whether each lower and each upper edge is one of the union, (node, interval)."""
    begin, end = np.zeros(lower.shape, dtype=bool), np.zeros(lower.shape, dtype=bool)
    some = np.isfinite(lower).any(axis=0)
    if some.any():
        begin[:, some], end[:, some] = _sorted_union(lower[:, some], upper[:, some], near[:, None])
    return begin, end


def _sorted_union(lower: FloatArray, upper: FloatArray, near: FloatArray) -> tuple[BoolArray, BoolArray]:
    """`_union` of intervals of which each exists at some node: sorted, then swept upwards."""
    order = np.argsort(lower, axis=1, kind="stable")
    low, high = np.take_along_axis(lower, order, 1), np.take_along_axis(upper, order, 1)
    exists = np.isfinite(low)
    reach = np.maximum.accumulate(np.where(exists, high, -np.inf), axis=1)
    before = np.concatenate([np.full((len(low), 1), -np.inf), reach[:, :-1]], axis=1)
    starts = (low > before - near) | ~exists
    count = low.shape[1]
    following = np.where(starts, np.arange(count), count)
    following = np.minimum.accumulate(following[:, ::-1], axis=1)[:, ::-1]
    last = np.concatenate([following[:, 1:], np.full((len(low), 1), count)], axis=1) - 1
    ends = high >= np.take_along_axis(reach, last, 1) - near
    first = np.maximum.accumulate(np.where(starts, np.arange(count), 0), axis=1)
    begins = low <= np.take_along_axis(low, first, 1) + near  # where two cross, either is an edge
    begin, end = np.zeros_like(starts), np.zeros_like(starts)
    np.put_along_axis(begin, order, begins & exists, 1)
    np.put_along_axis(end, order, ends & exists, 1)
    return begin, end


def _of_cases(intervals: Intervals, cases: IntArray) -> tuple[FloatArray, FloatArray]:
    """Lower and upper edges of some cases, (node, interval)."""
    count = len(intervals.near)
    return intervals.lower[:, cases].reshape(count, -1), intervals.upper[:, cases].reshape(count, -1)


def visible(table: EdgeTable, intervals: Intervals, cases: IntArray) -> BoolArray:
    """Whether each source of each case is an edge of the union of the cases, (node, case, source)."""
    begin, end = _union(*_of_cases(intervals, cases), intervals.near)
    shown = np.zeros((len(table.m_X), len(cases), table.value.shape[2]), dtype=bool)
    for flags, sources in ((begin, table.lower[:, cases]), (end, table.upper[:, cases])):
        node, case, k = np.nonzero(flags.reshape(sources.shape))
        shown[node, case, sources[node, case, k]] = True
    return shown


def crossings(table: EdgeTable, treatments: int, labels: Sequence[SearchLabel]) -> Crossings:
    """Return the steps in which an edge of a union passes from one case to another."""
    found: list[tuple[int, int, int, int, int]] = []
    intervals = _intervals(table)
    for group in GROUPS:
        for t in range(treatments):
            cases = members(labels, group) + t * len(labels)
            found += _crossings(table, intervals, cases)
    unique = np.array(sorted(set(found)), dtype=int).reshape(-1, 5)
    return Crossings(unique[:, 0], unique[:, [1, 3]], unique[:, [2, 4]])


def _crossings(
    table: EdgeTable, intervals: Intervals, cases: IntArray
) -> Iterable[tuple[int, int, int, int, int]]:
    """Steps in which an edge of one case appears from or disappears into another case of a group."""
    shown = visible(table, intervals, cases)
    shown[:, :, list(END)] = False
    same = (np.diff(table.segment) == 0)[:, None, None]
    node, case, source = np.nonzero((shown[1:] != shown[:-1]) & same)
    drawn = _drawn(table, cases)
    mine, near = table.value[:, cases], intervals.near
    for n, k, s in zip(node, case, source, strict=True):
        if not (drawn[n, k, s] and drawn[n + 1, k, s]):
            continue
        gap = mine[[n, n + 1], k, s][:, None, None] - mine[n : n + 2]
        apart = (np.abs(gap) > near[n : n + 2, None, None]).all(axis=0)
        flips = ((gap[0] > 0) != (gap[1] > 0)) & drawn[n] & drawn[n + 1] & apart
        flips[k] = False
        for j, other in zip(*np.nonzero(flips), strict=True):
            first, second = sorted(((int(cases[k]), int(s)), (int(cases[j]), int(other))))
            yield int(n), *first, *second


def _drawn(table: EdgeTable, cases: IntArray) -> BoolArray:
    """Whether each source of each case is an edge, (node, case, source); not those of the window."""
    drawn = np.zeros((len(table.m_X), len(cases), table.value.shape[2]), dtype=bool)
    for sources in (table.lower[:, cases], table.upper[:, cases]):
        node, case, k = np.nonzero(~np.isin(sources, (NONE, *END)))
        drawn[node, case, sources[node, case, k]] = True
    return drawn


def boundaries_of(plane: Plane, table: EdgeTable) -> dict[str, Boundaries]:
    """Join the table of edges into the boundaries of every treatment."""
    found, intervals = {}, _intervals(table)
    for t, treatment in enumerate(plane.treatments):
        first = t * len(plane.labels)
        found[treatment.name] = _one_treatment(plane, treatment.name, first, table, intervals)
    return found


def _one_treatment(plane: Plane, name: str, first: int, table: EdgeTable, intervals: Intervals) -> Boundaries:
    labels = plane.labels
    curves, regions = [], []
    found, unresolved = slabs(table, first + np.arange(len(labels)))
    paths: dict[int, list[tuple[IntArray, IntArray, bool]]] = {}
    for case, (label, some) in enumerate(zip(labels, found, strict=True), start=first):
        joined = chains(pieces(table, case, some), table.segment)
        paths[case] = [vertices(chain) for chain in joined]
        curves += [_curve(label.name, table, case, *path) for path in paths[case]]
        regions += [
            region(label.name, table, case, slab.nodes, pair) for slab in some for pair in slab.intervals
        ]
    groups, walls = {}, {}
    for group in GROUPS:
        cases = members(labels, group) + first
        shown = visible(table, intervals, cases)
        groups[group] = tuple(
            _curve(group, table, int(case), *run)
            for k, case in enumerate(cases)
            for path in paths[int(case)]
            for run in _runs(shown[:, k], *path)
        )
        walls[group] = _walls(table, intervals, cases)
    return Boundaries(
        treatment=name,
        curves=tuple(curves),
        groups=groups,
        walls=walls,
        regions=tuple(regions),
        unresolved=unresolved,
    )


def _curve(
    name: str,
    table: EdgeTable,
    case: int,
    nodes: IntArray,
    sources: IntArray,
    closed: bool,
) -> Curve:
    exact = table.residual[nodes, case, sources] < EXACT
    kept = slice(int(np.argmax(exact)), len(nodes) - int(np.argmax(exact[::-1])))
    nodes, sources, closed = nodes[kept], sources[kept], closed and bool(exact[0])
    return Curve(
        search=name,
        m_X=table.m_X[nodes],
        g_X=np.exp(table.value[nodes, case, sources]),
        slope=table.slope[nodes, case, sources],
        residual=table.residual[nodes, case, sources],
        closed=closed,
    )


def region(name: str, table: EdgeTable, case: int, nodes: slice, pair: tuple[int, int]) -> Region:
    """Return what a search excludes between two of its edges, at some nodes."""
    lower, upper = (table.value[nodes, case, source] for source in pair)
    return Region.between(name, table.m_X[nodes], lower, upper)


def _runs(
    shown: BoolArray, nodes: IntArray, sources: IntArray, closed: bool
) -> list[tuple[IntArray, IntArray, bool]]:
    """Visible runs of a path; a critical mass belongs to both sides."""
    flags = shown[nodes, sources]
    flags[1:-1] |= flags[:-2] & flags[2:]
    if flags.all():
        return [(nodes, sources, closed)]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return [
        (nodes[a:b], sources[a:b], False) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > 1
    ]


def _walls(table: EdgeTable, intervals: Intervals, cases: IntArray) -> FloatArray:
    """Vertical edges of a union, (wall, 3): mass, lower and upper coupling.

    At cuts and thresholds, and where a union changes within the rounding of a mass.
    """
    lower, upper = _of_cases(intervals, cases)
    found = []
    joints = np.flatnonzero((np.diff(table.segment) != 0) | (table.m_X[1:] <= table.m_X[:-1] * (1 + SAME)))
    joints = joints[~(_alike(lower, joints) & _alike(upper, joints))]
    for left, right in [(-1, 0), *((int(i), int(i) + 1) for i in joints)]:
        sides = [
            [] if node < 0 else [(a, b) for a, b in zip(lower[node], upper[node], strict=True) if a < b]
            for node in (left, right)
        ]
        mass = table.m_X[max(left, right)]
        found += [(mass, np.exp(a), np.exp(b)) for a, b in on_one_side(*sides) if b - a > WALL]
    return np.array(found).reshape(-1, 3)


def _alike(edges: FloatArray, joints: IntArray) -> BoolArray:
    """Whether no edge moves, appears or ends at each joint: there is no wall."""
    same = np.isclose(edges[joints], edges[joints + 1], rtol=0, atol=WALL / STILL)
    return np.asarray(same.all(axis=1))
