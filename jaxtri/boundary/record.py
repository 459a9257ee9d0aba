"""Exclusion curves as they are handed on: curves, regions, outlines of unions."""

from dataclasses import dataclass

import numpy as np

from jaxtri.numerics.arrays import FloatArray

GROUPS = ("Z", "B", "K", "ZBK")  # of the parents of a search: single ones, and all


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One boundary of what a search excludes; a closed one repeats its first vertex at the end."""

    search: str
    m_X: FloatArray  # [GeV]
    g_X: FloatArray
    slope: FloatArray  # d ln g_X / d ln m_X; infinite at the tips of an island
    residual: FloatArray  # |F| at every vertex
    closed: bool


@dataclass(frozen=True, kw_only=True)
class Region:
    """An excluded piece of the plane, from mass to mass: a closed ring, counterclockwise."""

    search: str
    m_X: FloatArray  # [GeV]
    g_X: FloatArray

    @classmethod
    def between(cls, search: str, m_X: FloatArray, lower: FloatArray, upper: FloatArray) -> "Region":
        """Return the ring between two edges, ln g_X at ascending masses."""
        return cls(
            search=search,
            m_X=np.concatenate([m_X, m_X[::-1], m_X[:1]]),
            g_X=np.exp(np.concatenate([lower, upper[::-1], lower[:1]])),
        )

    @property
    def edges(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Masses, lower and upper coupling: the ring runs along the one and back along the other."""
        half = len(self.m_X) // 2
        return self.m_X[:half], self.g_X[:half], self.g_X[half : 2 * half][::-1]


@dataclass(frozen=True, kw_only=True)
class Boundaries:
    """Every boundary of one model under one treatment within the window of a scan."""

    treatment: str
    curves: tuple[Curve, ...]  # by search
    groups: dict[str, tuple[Curve, ...]]  # outlines of the union of "Z", "B", "K" and of all, "ZBK"
    walls: dict[
        str, FloatArray
    ]  # (wall, 3) of a group: m_X and two couplings between which data begin or end
    regions: tuple[Region, ...]  # by search: they overlap
    projections: tuple[Curve, ...] = ()  # of searches to come; no union or region holds them
    unresolved: int = 0  # masses at which two critical points could not be told apart; 0 as a rule

    def of(self, search: str) -> tuple[Curve, ...]:
        """Curves of one search."""
        return tuple(one for one in self.curves if one.search == search)
