"""Excluded intervals of ln g_X at given masses, read off regions: how much of a column is covered.

Between two vertices a region's edges are straight in ln m_X and ln g_X.
"""

import itertools
from collections.abc import Sequence

import numpy as np

from jaxtri.boundary.edge_table import SAME
from jaxtri.boundary.record import Region
from jaxtri.numerics.arrays import BoolArray, FloatArray

WALL = 1e-6  # ln g_X: shorter steps of an edge at a threshold are none
STILL = 100  # edges that may step side by side without a wall
NONE = 1e3  # ln g_X of an edge of nothing
BLOCK = 256  # masses looked at together: few regions reach any of them

Edges = tuple[FloatArray, FloatArray]  # lower, upper ln g_X, (m_X, interval); (inf, -inf) is none


def edges_at(regions: Sequence[Region], m_X: FloatArray) -> Edges:
    """Return the edges of every region at every mass; masses [GeV] ascend."""
    lower = np.full((len(m_X), len(regions)), np.inf)
    upper = np.full((len(m_X), len(regions)), -np.inf)
    x = np.log(m_X)
    for i, region in enumerate(regions):
        masses, low, high = region.edges
        first, last = np.searchsorted(m_X, masses[0], "left"), np.searchsorted(m_X, masses[-1], "right")
        inside = slice(int(first), int(last))
        lower[inside, i] = np.interp(x[inside], np.log(masses), np.log(low))
        upper[inside, i] = np.interp(x[inside], np.log(masses), np.log(high))
    return lower, upper


def joined(*some: Edges) -> Edges:
    """Return the intervals of all."""
    return np.hstack([low for low, _ in some]), np.hstack([high for _, high in some])


def covered(edges: Edges, window: tuple[float, float]) -> FloatArray:
    """How much of a window of ln g_X the union of all intervals covers, (m_X,)."""
    lower, upper = np.maximum(edges[0], window[0]), np.minimum(edges[1], window[1])
    most = int((lower < upper).sum(axis=1).max(initial=0))  # at one mass: few of all pieces
    order = np.argsort(np.where(lower < upper, lower, np.inf), axis=1)[:, :most]
    low, high = np.take_along_axis(lower, order, 1), np.take_along_axis(upper, order, 1)
    reach = np.maximum.accumulate(high, axis=1)
    before = np.concatenate([np.full((len(low), 1), -np.inf), reach[:, :-1]], axis=1)
    return np.asarray(np.maximum(high - np.maximum(low, before), 0.0).sum(axis=1))


def vertices_of(regions: Sequence[Region]) -> FloatArray:
    """Return every mass [GeV] at which an edge of a region may bend, ascending."""
    return np.unique(np.concatenate([np.zeros(0), *(region.edges[0] for region in regions)]))


def between(regions: Sequence[Region], low: float, high: float) -> list[Region]:
    """Return the regions that reach into a range of masses."""
    return [one for one in regions if one.edges[0][0] <= high and one.edges[0][-1] >= low]


def union_of(regions: Sequence[Region]) -> list[FloatArray]:
    """Return the union of regions as rings (vertex, 2) of m_X [GeV] and g_X that do not overlap.

    Regions that overlap in the middle between two neighbouring vertices do so all the way.
    """
    masses = vertices_of(regions)
    if len(masses) < 2:
        return []
    known = np.array([[one.edges[0][0], one.edges[0][-1]] for one in regions])
    there = (known[:, 0] <= masses[:-1, None]) & (known[:, 1] >= masses[1:, None])
    lower, upper = edges_at(regions, masses)
    low, high = (
        np.where(there, np.stack([edge[:-1], edge[1:]]), none)
        for edge, none in ((lower, np.inf), (upper, -np.inf))
    )  # (end of the step, step, region)
    left, right = _united(low, high, there)
    rings = []
    count = np.isfinite(left[0]).sum(axis=1)
    joint = (left[1][:-1] == left[0][1:]).all(axis=1) & (right[1][:-1] == right[0][1:]).all(axis=1)
    stops = [0, *(1 + np.flatnonzero(~joint | (count[1:] != count[:-1]))), len(count)]
    for first, last in itertools.pairwise(stops):
        for k in range(count[first]):
            some = [np.append(side[0, first:last, k], side[1, last - 1, k]) for side in (left, right)]
            there_and_back = np.concatenate([masses[first : last + 1], masses[first : last + 1][::-1]])
            rings.append(np.stack([there_and_back, np.exp(np.append(some[0], some[1][::-1]))], axis=1))
    return rings


def _united(low: FloatArray, high: FloatArray, there: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Lower and upper edges (end, step, interval) of unions of what overlaps in the middle."""
    middle = np.where(there, low.sum(axis=0), np.inf), np.where(there, high.sum(axis=0), -np.inf)
    order = np.argsort(middle[0], axis=1)
    start, stop = (np.take_along_axis(one, order, 1) for one in middle)
    reach = np.maximum.accumulate(stop, axis=1)
    fresh = np.concatenate([np.ones((len(start), 1), dtype=bool), start[:, 1:] > reach[:, :-1]], axis=1)
    number = np.cumsum(fresh & np.isfinite(start), axis=1) - 1
    step, place = np.nonzero(np.isfinite(start))
    width = int(number.max(initial=0)) + 1
    left, right = np.full((2, len(start), width), np.inf), np.full((2, len(start), width), -np.inf)
    for end in (0, 1):
        where = step, number[step, place]
        np.minimum.at(left[end], where, low[end, step, order[step, place]])
        np.maximum.at(right[end], where, high[end, step, order[step, place]])
    return left, right


def walls_of(regions: Sequence[Region]) -> FloatArray:
    """Return the vertical edges of the union of regions, (wall, 3): mass [GeV], lower and upper coupling.

    Where data begin or end, where an edge jumps at a threshold, and where one moves within the rounding of a
    mass.
    """
    masses = vertices_of(regions)
    close = masses[1:] <= masses[:-1] * (1 + SAME)
    ends = np.unique([one.edges[0][at] for one in regions for at in (0, -1)])
    begun, ended = ends[~np.isin(ends, masses[1:][close])], ends[~np.isin(ends, masses[:-1][close])]
    left, right = (np.concatenate([some[close], begun, ended]) for some in (masses[:-1], masses[1:]))
    pairs = np.zeros(np.count_nonzero(close))
    below = np.concatenate([pairs, np.full(len(begun), -1), np.zeros(len(ended))])  # what goes on below alone
    above = np.concatenate([pairs, np.zeros(len(begun)), np.full(len(ended), 1)])
    low, high = zip(_at_nodes(regions, left, below), _at_nodes(regions, right, above), strict=True)
    moved = np.any([np.abs(one - other) > WALL / STILL for one, other in (low, high)], axis=(0, 2))
    found = []
    for i in np.flatnonzero(moved)[np.argsort(right[moved], kind="stable")]:
        there = [low[k][i] < high[k][i] for k in (0, 1)]
        sides = [
            list(zip(low[k][i][there[k]].tolist(), high[k][i][there[k]].tolist(), strict=True))
            for k in (0, 1)
        ]
        found += [(right[i], np.exp(a), np.exp(b)) for a, b in on_one_side(*sides) if b - a > WALL]
    return np.array(found).reshape(-1, 3)


def _at_nodes(regions: Sequence[Region], masses: FloatArray, side: FloatArray) -> Edges:
    """Edges of regions at masses: of all that are there, or of those that go on below (-1) or above (1)."""
    lower, upper = np.full((len(masses), len(regions)), NONE), np.full((len(masses), len(regions)), -NONE)
    for i, region in enumerate(regions):
        m_X, *edges = region.edges
        there = np.where(side < 0, m_X[0] < masses, m_X[0] <= masses)
        there &= np.where(side > 0, masses < m_X[-1], masses <= m_X[-1])
        for values, edge in zip((lower, upper), edges, strict=True):
            values[there, i] = np.interp(np.log(masses[there]), np.log(m_X), np.log(edge))
    return lower, upper


def on_one_side(
    left: list[tuple[float, float]], right: list[tuple[float, float]]
) -> list[tuple[float, float]]:
    """Intervals that only one of two unions contains."""
    stops = np.unique([edge for pair in (*left, *right) for edge in pair])
    found: list[tuple[float, float]] = []
    for a, b in itertools.pairwise(stops):
        inside = [any(low <= a and b <= high for low, high in side) for side in (left, right)]
        if inside[0] != inside[1]:
            found.append((float(a), float(b)))
    return found
