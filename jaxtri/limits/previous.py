"""Previous limits: couplings that earlier searches exclude, recast to a model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from jaxtri.numerics.arrays import BoolArray, FloatArray
from jaxtri.tables.reader import FOLDER, read_csv

WIDEST_GAP = 1.3  # ratio of neighbouring masses beyond which a tabulated limit is two pieces


@dataclass(frozen=True)
class PreviousLimit:
    """Couplings that one earlier search excludes: g_low < g_X < g_high at each mass."""

    search: str
    experiment: str
    m_X: FloatArray
    g_low: FloatArray
    g_high: FloatArray  # infinite: everything above g_low


def previous_limits(configuration: Mapping[str, Any]) -> list[PreviousLimit]:
    """Return the earlier limits that a model's table names, one entry a connected piece.

    Parameters
    ----------
    configuration
        Resolved configuration of a scan; a model without such a table has none.
    """
    name = configuration["model"]["previous_limits"]
    if name is None:
        return []
    path = FOLDER / name
    pieces: list[list[dict[str, str]]] = []
    for row in read_csv(path):
        last = pieces[-1][-1] if pieces else None
        new = last is None or last["search"] != row["search"]
        if new or last is None or not 1 <= float(row["m_X"]) / float(last["m_X"]) < WIDEST_GAP:
            pieces.append([])
        pieces[-1].append(row)
    return [_piece(rows) for rows in pieces]


def _piece(rows: list[dict[str, str]]) -> PreviousLimit:
    return PreviousLimit(
        rows[0]["search"],
        rows[0]["experiment"],
        np.array([float(row["m_X"]) for row in rows]),
        np.array([float(row["g_low"]) for row in rows]),
        np.array([float(row["g_high"] or "inf") for row in rows]),
    )


def previously_excluded(limits: list[PreviousLimit], m_X: FloatArray, g_X: FloatArray) -> BoolArray:
    """Whether each point of a grid is excluded by an earlier search; straight lines in logarithms."""
    covered = np.zeros((len(m_X), len(g_X)), dtype=bool)
    for limit in limits:
        low = np.exp(np.interp(np.log(m_X), np.log(limit.m_X), np.log(limit.g_low), np.inf, np.inf))
        high = _upper_edge(limit, m_X)
        covered |= (low[:, None] < g_X) & (g_X < high[:, None])
    return covered


def _upper_edge(limit: PreviousLimit, m_X: FloatArray) -> FloatArray:
    """Upper edge at every mass; open (infinite) wherever a neighbouring node is open."""
    closed = np.isfinite(limit.g_high)
    edge = np.interp(np.log(m_X), np.log(limit.m_X), np.log(np.where(closed, limit.g_high, 1.0)))
    is_open = np.interp(np.log(m_X), np.log(limit.m_X), ~closed) > 0
    return np.where(is_open, np.inf, np.exp(edge))
