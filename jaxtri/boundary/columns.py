"""What a search excludes at every mass, as intervals of ln g_X, straight from node to node."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jaxtri.numerics.arrays import BoolArray, FloatArray, IntArray

ONE = 1e-12  # of ln m_X: masses this close are one


@dataclass(frozen=True)
class Columns:
    """Intervals in every step from one node to the next; infinite where there is none."""

    x: FloatArray  # (node,) ln m_X, ascending; a threshold is two nodes
    lower: FloatArray  # (2, step, interval) at the left and at the right end of the step
    upper: FloatArray  # (2, step, interval)

    @classmethod
    def of(
        cls,
        m_X: FloatArray,
        strips: Sequence[slice],
        intervals: Sequence[Sequence[tuple[FloatArray, FloatArray]]],
    ) -> "Columns":
        """Return the columns of strips of nodes, each with the lower and upper edges of its intervals."""
        depth = max([1, *(len(some) for some in intervals)])
        steps = max(len(m_X) - 1, 0)
        lower, upper = np.full((2, steps, depth), np.inf), np.full((2, steps, depth), -np.inf)
        for nodes, some in zip(strips, intervals, strict=True):
            for k, (low, high) in enumerate(some):
                here = slice(nodes.start, nodes.stop - 1)
                lower[0, here, k], lower[1, here, k] = low[:-1], low[1:]
                upper[0, here, k], upper[1, here, k] = high[:-1], high[1:]
        x = np.log(m_X)
        for i in np.flatnonzero(np.diff(x) < ONE):  # the two nodes of a threshold are one place
            x[i + 1] = x[i]
        return cls(x, lower, upper)

    def at(self, x: FloatArray, side: IntArray) -> tuple[FloatArray, FloatArray]:
        """Lower and upper edges at some ln m_X, (place, interval).

        Where a place is a node, `side` says which step counts: -1 the one to its left, +1 to its right.
        """
        count = self.lower.shape[1]
        empty = np.full((len(x), self.lower.shape[2]), np.inf)
        if not count:
            return empty, -empty
        step = np.where(
            side > 0,
            np.searchsorted(self.x, x, side="right") - 1,
            np.searchsorted(self.x, x, side="left") - 1,
        )
        inside = (step >= 0) & (step < count)
        step = np.clip(step, 0, count - 1)
        width = self.x[step + 1] - self.x[step]
        w = ((x - self.x[step]) / np.where(width > 0, width, 1.0))[:, None]
        known = inside[:, None] & (self.lower[0, step] < np.inf)
        with np.errstate(invalid="ignore"):
            low = (1 - w) * self.lower[0, step] + w * self.lower[1, step]
            high = (1 - w) * self.upper[0, step] + w * self.upper[1, step]
        return np.where(known, low, np.inf), np.where(known, high, -np.inf)

    def contains(self, x: FloatArray, u: FloatArray, side: IntArray, near: float) -> BoolArray:
        """Whether places are within an interval, and not within `near` of its edges."""
        low, high = self.at(x, side)
        return np.asarray(((low + near < u[:, None]) & (u[:, None] < high - near)).any(axis=1))

    def has_edge(self, x: FloatArray, u: FloatArray, side: IntArray, near: float) -> BoolArray:
        """Whether places are on an edge of an interval, within `near`."""
        low, high = self.at(x, side)
        return np.asarray(
            (np.minimum(np.abs(low - u[:, None]), np.abs(high - u[:, None])) < near).any(axis=1)
        )
