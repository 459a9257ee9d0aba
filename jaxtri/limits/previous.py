"""Previous limits: couplings that earlier searches exclude, recast to a model."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from jaxtri.numerics.arrays import BoolArray, FloatArray
from jaxtri.tables.previous_table import Piece, read_previous_limits
from jaxtri.tables.reader import FOLDER


@dataclass(frozen=True)
class PreviousLimit:
    """Couplings that one earlier search excludes: g_low < g_X < g_high at each mass."""

    search: str
    experiment: str
    reference: str
    m_X: FloatArray
    g_low: FloatArray
    g_high: FloatArray  # infinite: everything above g_low


def previous_limits(configuration: Mapping[str, Any]) -> list[PreviousLimit]:
    """Return the earlier limits that a model's table names, or that were computed, one entry a piece.

    Parameters
    ----------
    configuration
        Resolved configuration of a scan; a model without such a table has none, unless they are computed.
    """
    if "computed_limits" in configuration["model"]:  # of `scans.grey`
        return list(configuration["model"]["computed_limits"])
    name = configuration["model"]["previous_limits"]
    if name is None:
        return []
    path = FOLDER / name
    return [_piece(rows) for rows in _pieces(path, path.stat().st_mtime_ns if path.exists() else 0)]


@lru_cache(maxsize=8)
def _pieces(path: Path, changed: int) -> list[Piece]:
    """Pieces of a table that was changed at some time; every panel and comparison needs them."""
    return read_previous_limits(path)


def _piece(rows: Piece) -> PreviousLimit:
    return PreviousLimit(
        rows[0].search,
        rows[0].experiment,
        rows[0].reference,
        np.array([row.m_X for row in rows]),
        np.array([row.g_low for row in rows]),
        np.array([np.inf if row.g_high is None else row.g_high for row in rows]),
    )


def previously_excluded(limits: list[PreviousLimit], m_X: FloatArray, g_X: FloatArray) -> BoolArray:
    """Whether each point of a grid is excluded by an earlier search; straight lines in logarithms."""
    log_g = np.log(g_X)
    lower, upper = previous_edges(limits, m_X)
    covered = np.zeros((len(m_X), len(g_X)), dtype=bool)
    for low, high in zip(lower.T, upper.T, strict=True):
        covered |= (low[:, None] < log_g) & (log_g < high[:, None])
    return covered


def previous_edges(limits: list[PreviousLimit], m_X: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Lower and upper ln g_X of every piece at every mass, (m_X, piece); (inf, -inf) where it has none."""
    x = np.log(m_X)
    lower, upper = np.full((len(m_X), len(limits)), np.inf), np.full((len(m_X), len(limits)), -np.inf)
    for i, limit in enumerate(limits):
        inside = (limit.m_X[0] <= m_X) & (m_X <= limit.m_X[-1])
        if inside.any():
            nodes = np.log(limit.m_X)
            lower[inside, i] = np.interp(x[inside], nodes, np.log(limit.g_low))
            upper[inside, i] = _upper_edge(limit, nodes, x[inside])
    return lower, upper


def _upper_edge(limit: PreviousLimit, nodes: FloatArray, x: FloatArray) -> FloatArray:
    """Upper edge as ln g_X at every ln m_X; open (infinite) wherever a neighbouring node is open."""
    closed = np.isfinite(limit.g_high)
    if not closed.any():
        return np.full(len(x), np.inf)
    edge = np.interp(x, nodes, np.log(np.where(closed, limit.g_high, 1.0)))
    return edge if closed.all() else np.where(np.interp(x, nodes, ~closed) > 0, np.inf, edge)
