"""Edges of every search at every mass, as one table; nothing here is joined yet."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jaxtri.numerics.arrays import BoolArray, FloatArray, IntArray

SourceArray = npt.NDArray[np.int8]
END = {0, 6}  # sources bottom and top: not edges of the exclusion, but of what is looked at
NONE = -1


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Edges of many searches (lines) at many masses (nodes), ascending; a threshold is two nodes."""

    m_X: FloatArray  # (node,) [GeV]
    segment: IntArray  # (node,) between two cuts or thresholds all is smooth
    value: FloatArray  # (node, line, source) ln g_X
    slope: FloatArray  # (node, line, source) d ln g_X / d ln m_X
    residual: FloatArray  # (node, line, source) |F|
    lower: SourceArray  # (node, line, 2) source of the lower edge of each interval, or NONE
    upper: SourceArray  # (node, line, 2)
    levels: FloatArray  # (node, line, event)
    meeting: FloatArray  # (node, line, event) ln g_X at which edges meet where that level is 0
    valid: BoolArray  # (node, line) whether the search has data
    critical: BoolArray  # (node, line, event) whether this mass is where the level is 0

    def pattern(self) -> npt.NDArray[np.int32]:
        """Return the four sources of all edges as one number, (node, line)."""
        return np.concatenate([self.lower, self.upper], axis=2).view(np.int32)[:, :, 0]


@dataclass(frozen=True)
class Nodes:
    """Masses at which to compute columns."""

    m_X: FloatArray  # [GeV]
    segment: IntArray


@dataclass(frozen=True)
class Cells:
    """Steps in which the level of one event of one line changes its sign."""

    node: IntArray  # to its left
    line: IntArray
    event: IntArray


@dataclass(frozen=True)
class Pairs:
    """Steps in which an edge of one line crosses an edge of another."""

    node: IntArray  # to its left
    lines: IntArray  # (pair, 2)
    sources: IntArray  # (pair, 2)
