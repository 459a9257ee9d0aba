"""What the effective length of flight is worth: boundaries at its shortest and at its longest value.

A search for an X that escapes excludes less if X must fly farther, one for a prompt X more if it may: one of
the two sets of couplings lies inside the other.  Between them the verdict depends on the length.
"""

from dataclasses import dataclass

import numpy as np

from jaxtri.boundary.intervals import covered, edges_at, union_of, vertices_of
from jaxtri.boundary.plane import Plane
from jaxtri.boundary.record import Curve, Region
from jaxtri.boundary.trace import traced
from jaxtri.numerics.arrays import FloatArray

ENDS = ("shortest", "longest")
DECADE = 10.0  # mass ranges in which the largest width is named


@dataclass(frozen=True, kw_only=True)
class LengthBand:
    """One search between its shortest and its longest flight."""

    search: str
    spread: tuple[float, float]  # shortest and longest over the length, or time, that is used
    curves: tuple[tuple[Curve, ...], tuple[Curve, ...]]  # its boundary at each end
    regions: tuple[tuple[Region, ...], tuple[Region, ...]]  # what it excludes there
    window: tuple[float, float]  # lowest and highest ln g_X that were looked at

    @property
    def larger(self) -> int:
        """End at which more is excluded: 0 for the shortest, 1 for the longest."""
        return int(np.argmax([self._covered(end, self.m_X).sum() for end in (0, 1)]))

    @property
    def m_X(self) -> FloatArray:
        """Masses [GeV] at which an edge at either end may bend, ascending."""
        return vertices_of([*self.regions[0], *self.regions[1]])

    def width(self, m_X: FloatArray) -> FloatArray:
        """How much of ln g_X depends on the length at masses [GeV]; of one edge, how far it moves."""
        return np.abs(self._covered(1, m_X) - self._covered(0, m_X))

    def largest(self) -> list[tuple[float, float, float]]:
        """Lowest and highest mass [GeV] of every decade of mass, and the largest width of ln g_X in it."""
        m_X = self.m_X
        decade, width = np.floor(np.log10(m_X) / np.log10(DECADE)), self.width(m_X)
        inside = [decade == one for one in np.unique(decade)]
        return [(float(m_X[i].min()), float(m_X[i].max()), float(width[i].max())) for i in inside]

    def rings(self, end: int) -> list[FloatArray]:
        """What is excluded at one end as rings (vertex, 2) of m_X [GeV] and g_X that do not overlap."""
        return union_of(self.regions[end])

    def _covered(self, end: int, m_X: FloatArray) -> FloatArray:
        return covered(edges_at(self.regions[end], m_X), self.window)


def length_bands_of(plane: Plane) -> dict[str, tuple[LengthBand, ...]]:
    """Trace every search whose flight has a range at both ends of it, by treatment.

    Parameters
    ----------
    plane
        The plane; of searches without a range, and of limits that depend on the lifetime, there is no band.
    """
    if not plane.spread:
        return {one.name: () for one in plane.treatments}
    found = [traced(plane.at_end(end)) for end in (0, 1)]
    window = (float(np.asarray(plane.window.bottom)), float(np.asarray(plane.window.top)))
    return {
        one.name: tuple(
            LengthBand(
                search=label.name,
                spread=(label.flight_spread[0], label.flight_spread[1]),
                curves=(found[0][one.name].of(label.name), found[1][one.name].of(label.name)),
                regions=tuple(  # type: ignore[arg-type]
                    tuple(r for r in end[one.name].regions if r.search == label.name) for end in found
                ),
                window=window,
            )
            for label in (plane.labels[i] for i in plane.spread)
        )
        for one in plane.treatments
    }
