"""Masses at which the edges of columns change: critical masses of one line, crossings of two."""

from collections.abc import Callable

import numpy as np

from jaxtri.boundary.edge_table import Cells, Columns, Pairs
from jaxtri.boundary.kernels import CHUNK, edges_at, masses_at
from jaxtri.boundary.plane import Plane
from jaxtri.numerics.arrays import FloatArray, IntArray
from jaxtri.numerics.roots import roots_of_all
from jaxtri.numerics.threads import over_chunks

NEAREST = -40.0  # ln of a part of a step: below rounding
ULPS = 2.0  # units in the last place of a mass: closer ones are the same


def critical_masses(plane: Plane, columns: Columns, cells: Cells) -> FloatArray:
    """Solve for the mass in each cell at which the level of an event vanishes."""

    def levels(m_X: FloatArray) -> FloatArray:
        return _of_edges(plane, m_X, cells.line[:, None], "levels", cells.event[:, None])[:, 0]

    return _solved(levels, columns, cells.node)


def crossing_masses(plane: Plane, columns: Columns, pairs: Pairs) -> FloatArray:
    """Solve for the mass at which two edges cross."""

    def distance(m_X: FloatArray) -> FloatArray:
        one, other = _of_edges(plane, m_X, pairs.lines, "value", pairs.sources).T
        return np.asarray(one - other)

    return _solved(distance, columns, pairs.node)


def _of_edges(plane: Plane, m_X: FloatArray, lines: IntArray, name: str, which: IntArray) -> FloatArray:
    """One number of the `Edges` of some lines at every mass, (m_X, line)."""
    made = np.empty(lines.shape)

    def fill(piece: slice) -> None:
        node = np.repeat(np.arange(len(m_X[piece])), lines.shape[1])
        found = edges_at(masses_at(plane, m_X[piece]), node, lines[piece].ravel())[0]
        chosen = np.asarray(getattr(found, name))[np.arange(len(node)), which[piece].ravel()]
        made[piece] = chosen.reshape(made[piece].shape)

    over_chunks(fill, len(m_X), CHUNK)
    return made


def _solved(values: Callable[[FloatArray], FloatArray], columns: Columns, node: IntArray) -> FloatArray:
    """Roots between a node and the next one.

    Next to the end of a segment, rates may vanish: there ln r is a smooth function of the logarithm of the
    distance from it, and the root is sought in that.
    """
    if not len(node):
        return np.zeros(0)
    left, right = columns.m_X[node], columns.m_X[node + 1]
    edge = np.diff(columns.segment, prepend=-1, append=-1) != 0
    starts, ends = edge[node], edge[node + 2]
    near, step = starts | ends, right - left

    def mass(x: FloatArray) -> FloatArray:
        return np.where(starts, left + step * np.exp(x), np.where(ends, right - step * np.exp(x), x))

    def resolution(a: FloatArray, b: FloatArray) -> FloatArray:
        ulps = ULPS * np.spacing(left)
        return np.where(near, ulps / (step * np.exp(np.maximum(a, b))), ulps)

    low, high = np.where(near, NEAREST, left), np.where(near, 0.0, right)
    return mass(roots_of_all(lambda x: values(mass(x)), low, high, resolution))
