"""How uncertain boundaries of recast searches are: the errors of the inputs, and their correlations.

Every input is moved by its error, up and down, and all edges are computed again; half the difference is the
move of ln g_X.  An input moves both sides of the ratios of a recast, and much of it cancels.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxtri.boundary.plane import Plane
from jaxtri.boundary.recast_edges import CHUNK, RecastEdges, recast_edges_at
from jaxtri.boundary.record import Curve
from jaxtri.model.correlations import input_errors
from jaxtri.model.standard_model import input_values, replaced
from jaxtri.numerics.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class RecastMoves:
    """Moves of every edge at some masses, by input."""

    at: RecastEdges
    low: Mapping[str, FloatArray]  # (mass, search, interval, ...) of ln g_X
    high: Mapping[str, FloatArray]

    def of(self, plane: Plane, curve: Curve, vertices: IntArray) -> dict[str, FloatArray]:
        """Moves of some vertices of a curve by 1 sigma of every input, (vertex, ...)."""
        k, x = plane.recasts.index(curve.search), np.log(self.at.m_X)
        m_X, u = np.log(curve.m_X[vertices]), np.log(curve.g_X[vertices])
        known = self.at.exists[:, k, 0]
        if known.sum() < 2:
            return {name: np.zeros((len(vertices), *one.shape[3:])) for name, one in self.low.items()}
        near = [
            np.abs(np.interp(m_X, x[known], edge[known, k, 0]) - u) for edge in (self.at.low, self.at.high)
        ]
        is_low = near[0] <= near[1]
        nearest = np.flatnonzero(known)[np.abs(x[known] - m_X[:, None]).argmin(axis=1)]
        return {
            name: np.where(
                is_low.reshape(-1, *(1,) * (low.ndim - 3)), low[nearest, k, 0], self.high[name][nearest, k, 0]
            )
            for name, low in self.low.items()
        }


def recast_moves(plane: Plane, curves: Iterable[Curve]) -> RecastMoves:
    """Move every input by its error and compute all edges again, at masses of the curves' vertices."""
    vertices = [one.m_X for one in curves if one.search in plane.recasts]
    masses = np.unique(np.concatenate(vertices)) if vertices else np.array(plane.m_X)
    masses = masses[np.unique(np.linspace(0, len(masses) - 1, CHUNK).astype(int))]
    at, values = recast_edges_at(plane, masses), input_values(plane.sm)
    low, high = {}, {}
    for name, error in input_errors(plane.sm).items():
        moved = [_moved(plane, at, name, values[name], one) for one in _single(error)]
        low[name], high[name] = (
            np.stack([one[side] for one in moved], axis=-1).reshape(*at.low.shape, *np.shape(error))
            for side in (0, 1)
        )
    return RecastMoves(at, low, high)


def _single(error: Any) -> Iterator[FloatArray]:
    """Errors of one number at a time, in the shape of all."""
    every = np.asarray(error, dtype=float)
    for index in np.ndindex(every.shape):
        one = np.zeros(every.shape)
        one[index] = every[index]
        yield one


def _moved(
    plane: Plane, at: RecastEdges, name: str, value: Any, error: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Half the difference of both edges where an input is larger and smaller by its error."""
    nothing = np.zeros(at.low.shape)
    if not error.any():
        return nothing, nothing
    up = _edges(plane, at, name, np.asarray(value) + error)
    if np.array_equal(up.low, at.low) and np.array_equal(up.high, at.high):
        return nothing, nothing
    down = _edges(plane, at, name, np.asarray(value) - error)
    exists = at.exists & up.exists & down.exists
    low, high = ((a - b) / 2 for a, b in ((up.low, down.low), (up.high, down.high)))
    return np.where(exists, low, 0.0), np.where(exists, high, 0.0)


def _edges(plane: Plane, at: RecastEdges, name: str, value: FloatArray) -> RecastEdges:
    return recast_edges_at(replace(plane, sm=replaced(plane.sm, {name: jnp.asarray(value)})), at.m_X)
