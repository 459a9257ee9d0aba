"""Masses at which the table of edges changes: critical masses of one case, crossings of two."""

from collections.abc import Callable

import numpy as np

from jaxtri.boundary.edge_table import Crossings, EdgeTable, SignChanges
from jaxtri.boundary.kernels import CHUNK, edges_of_pairs, masses_at
from jaxtri.boundary.plane import Plane
from jaxtri.numerics.arrays import FloatArray, IntArray
from jaxtri.numerics.roots import roots_of_all
from jaxtri.numerics.threads import over_chunks

NEAREST = -40.0  # ln of a part of a step: below rounding
ULPS = 2.0  # units in the last place of a mass: closer ones are the same


def critical_masses(plane: Plane, table: EdgeTable, changed: SignChanges) -> FloatArray:
    """Solve for the mass in each cell at which the level of an event vanishes."""

    def levels(m_X: FloatArray) -> FloatArray:
        return _of_edges(plane, m_X, changed.case[:, None], "levels", changed.event[:, None])[:, 0]

    return _solved(levels, table, changed.node)


def crossing_masses(plane: Plane, table: EdgeTable, pairs: Crossings) -> FloatArray:
    """Solve for the mass at which two edges cross."""

    def distance(m_X: FloatArray) -> FloatArray:
        one, other = _of_edges(plane, m_X, pairs.cases, "value", pairs.sources).T
        return np.asarray(one - other)

    return _solved(distance, table, pairs.node)


def _of_edges(plane: Plane, m_X: FloatArray, cases: IntArray, name: str, which: IntArray) -> FloatArray:
    """One number of the `ExcludedCouplings` of some cases at every mass, (m_X, case)."""
    made = np.empty(cases.shape)

    def fill(piece: slice) -> None:
        node = np.repeat(np.arange(len(m_X[piece])), cases.shape[1])
        found = edges_of_pairs(plane, masses_at(plane, m_X[piece]), node, cases[piece].ravel())[0]
        chosen = np.asarray(getattr(found, name))[np.arange(len(node)), which[piece].ravel()]
        made[piece] = chosen.reshape(made[piece].shape)

    over_chunks(fill, len(m_X), CHUNK)
    return made


def _solved(values: Callable[[FloatArray], FloatArray], table: EdgeTable, node: IntArray) -> FloatArray:
    """Roots between a node and the next one.

    Next to the end of a segment, rates may vanish: there ln r is a smooth function of the logarithm of the
    distance from it, and the root is sought in that.
    """
    if not len(node):
        return np.zeros(0)
    left, right = table.m_X[node], table.m_X[node + 1]
    edge = np.diff(table.segment, prepend=-1, append=-1) != 0
    starts, ends = edge[node], edge[node + 2]
    near, step = starts | ends, right - left

    def mass(x: FloatArray) -> FloatArray:
        return np.where(starts, left + step * np.exp(x), np.where(ends, right - step * np.exp(x), x))

    def resolution(a: FloatArray, b: FloatArray) -> FloatArray:
        ulps = ULPS * np.spacing(left)
        return np.where(near, ulps / (step * np.exp(np.maximum(a, b))), ulps)

    low, high = np.where(near, NEAREST, left), np.where(near, 0.0, right)
    return mass(roots_of_all(lambda x: values(mass(x)), low, high, resolution))
