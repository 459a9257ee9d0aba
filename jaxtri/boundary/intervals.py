"""Excluded intervals of ln g_X at given masses, read off regions: how much of a column is covered.

Between two vertices a region's edges are straight in ln m_X and ln g_X.
"""

from collections.abc import Sequence

import numpy as np

from jaxtri.boundary.record import Region
from jaxtri.numerics.arrays import FloatArray

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
    lower, upper = np.clip(edges[0], window[0], None), np.clip(edges[1], None, window[1])
    order = np.argsort(lower, axis=1)
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
