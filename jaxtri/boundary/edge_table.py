"""Edges of every search at every mass, as one table; nothing here is joined yet."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jaxtri.numerics.arrays import BoolArray, FloatArray, IntArray

SourceArray = npt.NDArray[np.int8]
END = {0, 6}  # sources bottom and top: not edges of the exclusion, but of what is looked at
NONE = -1
SAME = 1e-11  # relative: masses closer than this are one


@dataclass(frozen=True, kw_only=True)
class EdgeTable:
    """Edges of many searches (cases) at many masses (nodes), ascending; a threshold is two nodes."""

    m_X: FloatArray  # (node,) [GeV]
    segment: IntArray  # (node,) between two cuts or thresholds all is smooth
    value: FloatArray  # (node, case, source) ln g_X
    slope: FloatArray  # (node, case, source) d ln g_X / d ln m_X
    residual: FloatArray  # (node, case, source) |F|
    lower: SourceArray  # (node, case, 2) source of the lower edge of each interval, or NONE
    upper: SourceArray  # (node, case, 2)
    levels: FloatArray  # (node, case, event)
    meeting: FloatArray  # (node, case, event) ln g_X at which edges meet where that level is 0
    valid: BoolArray  # (node, case) whether the search has data
    critical: BoolArray  # (node, case, event) whether this mass is where the level is 0

    def pattern(self) -> npt.NDArray[np.int32]:
        """Return the four sources of all edges as one number, (node, case)."""
        return np.concatenate([self.lower, self.upper], axis=2).view(np.int32)[:, :, 0]


@dataclass(frozen=True)
class MassNodes:
    """Masses at which to compute edges."""

    m_X: FloatArray  # [GeV]
    segment: IntArray


@dataclass(frozen=True)
class SignChanges:
    """Steps in which the level of one event of one case changes its sign."""

    node: IntArray  # to its left
    case: IntArray
    event: IntArray


@dataclass(frozen=True)
class Crossings:
    """Steps in which an edge of one case crosses an edge of another."""

    node: IntArray  # to its left
    cases: IntArray  # (pair, 2)
    sources: IntArray  # (pair, 2)
