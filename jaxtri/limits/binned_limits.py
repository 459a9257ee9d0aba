"""Partial branching fractions in bins of q2 as a limit that steps with the mass of X: m_X^2 = q2."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from jaxtri.errors import InputError
from jaxtri.limits.limit_curves import LimitCurve
from jaxtri.limits.statistics import BINNED, Measured, limit_of
from jaxtri.numerics.arrays import BoolArray
from jaxtri.tables.curve_schema import BinRow
from jaxtri.tables.reader import read_rows, short_name

SAME = 1e-9  # GeV^2: widths closer than this are equal


@dataclass(frozen=True)
class SteppedLimit(LimitCurve):
    """A limit that is constant between two masses, jumps at an edge, and is not known in a gap.

    Two masses a piece: its lower edge, and its upper edge, or the float below where the next piece begins.
    """

    @property
    def is_hole(self) -> BoolArray:
        """Every second step: a gap, or a jump from one float to the next."""
        return np.arange(len(self.m_X) - 1) % 2 == 1


def read_binned_limit(path: Path, reading: str, confidence: float | None = None) -> SteppedLimit:
    """Return the limits on BR(channel) * P(final state) that a file of bins implies.

    Parameters
    ----------
    path
        CSV file with the columns of `BinRow`.
    reading
        How each bin is read: ``"binned_"`` and one of `statistics.ONE_VALUE`.
    confidence
        Confidence level; 0.95 if None.

    Returns
    -------
    SteppedLimit
        At m_X the limit of the bin that contains m_X^2; of several the narrowest one that has a limit.

    Raises
    ------
    InputError
        If a row is wrong, two bins of one width overlap where none is narrower, or no bin has a limit.
    """
    one = reading.removeprefix(BINNED)
    rows = read_rows(path, BinRow)
    limits = [
        limit_of(Measured(row.value, row.error_up, row.sm_value, row.sm_error), one, confidence or 0.95)
        for row in rows
    ]
    known = [(row, limit) for row, limit in zip(rows, limits, strict=True) if limit is not None]
    if not known:
        without = "sm_value and sm_error" if one == "sm_subtracted" else "value above 0"
        raise InputError(
            f'{short_name(path)}: no bin has a {without}, which measurement = "{reading}" needs; choose '
            "another measurement, or leave the search out"
        )
    return _stepped(short_name(path), _pieces(short_name(path), known), confidence or 0.95)


def _pieces(where: str, known: Sequence[tuple[BinRow, float]]) -> list[tuple[float, float, float]]:
    """Disjoint pieces of q2, ascending, each with the limit of the narrowest bin that contains it."""
    edges = sorted({edge for row, _ in known for edge in (row.q2_min, row.q2_max)})
    found: list[tuple[float, float, float]] = []
    for low, high in pairwise(edges):
        inside = [(row.q2_max - row.q2_min, row, limit) for row, limit in known if _contains(row, low, high)]
        if not inside:
            continue
        least = min(width for width, _, _ in inside)
        narrowest = [(row, limit) for width, row, limit in inside if width < least + SAME]
        if len(narrowest) > 1:
            said = " and ".join(f"{row.q2_min:g}-{row.q2_max:g}" for row, _ in narrowest)
            raise InputError(
                f"{where}: bins {said} GeV^2 overlap and are as wide as each other; leave all but one out"
            )
        limit = narrowest[0][1]
        if found and found[-1][1] == low and found[-1][2] == limit:
            low = found.pop()[0]
        found.append((low, high, limit))
    return found


def _contains(row: BinRow, low: float, high: float) -> bool:
    return row.q2_min <= low and high <= row.q2_max


def _stepped(where: str, pieces: Sequence[tuple[float, float, float]], confidence: float) -> SteppedLimit:
    """Pieces of q2 as masses."""
    starts = [low for low, _, _ in pieces]
    masses, limits = [], []
    for low, high, limit in pieces:
        upper = math.sqrt(high)
        masses += [math.sqrt(low), math.nextafter(upper, 0.0) if high in starts else upper]
        limits += [limit, limit]
    return SteppedLimit(
        source=where, m_X=np.array(masses), tau_ps=np.empty(0), limit=np.array(limits)[:, None],
        below="constant", above="constant", tau="knot", offset_ps=0.0, factor=1.0, holes=(),
        reference=None, locator=None, confidence=confidence, spin=None,
    )  # fmt: skip
