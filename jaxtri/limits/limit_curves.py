r"""Limits that depend on the mass of X, or on its mass and lifetime: one checked record.

Between its points a limit is

.. math:: \ln \mathrm{UL}(m, u)\ \text{bilinear},\qquad u = \ln(\tau + \tau_0),

with tau_0 = 0 except where a table has a column for tau = 0. A cell counts only if its four corners have
limits; a hole that is declared, or a step in mass far wider than its neighbours, is never bridged.
"""

import hashlib
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from jaxtri.errors import InputError
from jaxtri.limits.curve_files import read_curve_columns
from jaxtri.limits.curve_grids import SHORTEST_PS, Grid, grid_of
from jaxtri.numerics.arrays import BoolArray, FloatArray
from jaxtri.tables.curve_schema import CurveFile, CurveKeys
from jaxtri.tables.reader import short_name

WIDEST = 4.0  # a step in mass this many times wider than the median of its neighbours is a hole
NEIGHBOURS = 5  # steps on either side that are its neighbours
FEWEST = 3  # neighbours below which no step is called wide


@dataclass(frozen=True)
class LimitCurve:
    """Upper limit on BR(channel) * P(final state) at masses and lifetimes of X."""

    source: str  # the file or table, as errors name it
    m_X: FloatArray  # (M,) [GeV], strictly increasing
    tau_ps: FloatArray  # (T,) [ps], strictly increasing; empty where the limit depends on the mass alone
    limit: FloatArray  # (M, T) or (M, 1) as published; NaN where there is none
    below: Literal["constant", "masked"]  # at lifetimes below the first
    above: Literal["constant", "masked", "decay_scaling"]  # above the last
    tau: Literal["knot", "lower_edge"]  # what the file's lifetimes were; `tau_ps` are knots
    offset_ps: float  # tau_0
    factor: float  # part of the signal that the published number is a limit on
    holes: tuple[tuple[float, float], ...]  # masses without data [GeV], as declared
    reference: str | None
    locator: str | None
    confidence: float | None
    spin: int | None  # of X, as the search assumed it

    @property
    def log_limit(self) -> FloatArray:
        """Ln of the limit on the whole signal, (M, T) or (M, 1): the published number over `factor`."""
        return np.log(self.limit / self.factor)

    @property
    def knots(self) -> FloatArray:
        """Lifetimes as u = ln(tau + tau_0), tau in ps; a single 0 where only the mass matters."""
        return np.log(self.tau_ps + self.offset_ps) if len(self.tau_ps) else np.zeros(1)

    @property
    def known(self) -> BoolArray:
        """Whether a lifetime has limits at both ends of a step in mass that is no hole, (M-1, T)."""
        finite = np.isfinite(self.limit)
        return finite[:-1] & finite[1:] & ~self.is_hole[:, None]

    @property
    def is_hole(self) -> BoolArray:
        """Whether a step in mass is a hole, (M-1,): declared, or far wider than its neighbours."""
        low, high = self.m_X[:-1], self.m_X[1:]
        declared = [(a < high) & (low < b) for a, b in self.holes]
        return np.any([wide_steps(self.m_X), *declared], axis=0)

    @property
    def smallest(self) -> float:
        """The strongest limit at any mass and lifetime."""
        return float(np.nanmin(self.limit)) / self.factor

    @property
    def digest(self) -> str:
        """SHA-256 of everything that decides; equal for curves that exclude the same."""
        said = f"{self.below} {self.above} {self.offset_ps!r} {self.factor!r} {self.holes!r}"
        arrays = b"".join(np.ascontiguousarray(x).tobytes() for x in (self.m_X, self.tau_ps, self.limit))
        return hashlib.sha256(said.encode() + arrays).hexdigest()


def wide_steps(m_X: FloatArray) -> BoolArray:
    """Whether each step between neighbouring masses is wider than 4 medians of the steps beside it."""
    steps = np.diff(m_X)
    padded = np.pad(steps, NEIGHBOURS, constant_values=np.nan)
    beside = np.delete(sliding_window_view(padded, 2 * NEIGHBOURS + 1), NEIGHBOURS, axis=1)
    count = np.sum(np.isfinite(beside), axis=1)
    beside[count < FEWEST] = np.inf
    return steps > WIDEST * np.nanmedian(beside, axis=1)


def read_limit_curve(path: Path, choice: CurveFile | None = None) -> LimitCurve:
    """Return the limit curve in a file: jaxtri's CSV, other CSV, HEPData's YAML or CSV, DarkCast's .lmt.

    Parameters
    ----------
    path
        The file.
    choice
        Keys that replace those at the head of the file.

    Raises
    ------
    InputError
        If the file is no limit curve: in one sentence file, line, column, what was found, what is allowed.
    StorageError
        If it cannot be read.
    """
    where = short_name(path)
    columns = read_curve_columns(path, where)
    given = {} if choice is None else choice.model_dump(exclude_unset=True, exclude={"file"})
    keys = CurveKeys.model_validate(columns.keys | given)
    return _curve(where, grid_of(columns, keys.column), keys)


def curve_of_points(points: list[list[float]], where: str) -> LimitCurve:
    """Return the limit curve of points [m_X, limit] or [m_X, tau_ps, limit], masked outside of them."""
    values = np.array(points)
    if values.shape[1] == 2:
        for before, after in pairwise(values):
            if after[0] <= before[0]:
                raise InputError(f"{where}: limit: m_X = {after[0]:g} follows {before[0]:g}; masses ascend")
        grid = Grid(values[:, 0], np.empty(0), values[:, 1:])
    else:
        m_X, i = np.unique(values[:, 0], return_inverse=True)
        tau_ps, k = np.unique(values[:, 1], return_inverse=True)
        if len(np.unique(np.stack([i, k]), axis=1).T) < len(values):
            raise InputError(f"{where}: limit: a mass and lifetime stand twice in the points; give each once")
        grid = Grid(m_X, tau_ps, np.full((len(m_X), len(tau_ps)), np.nan))
        grid.limit[i, k] = values[:, 2]
    return _curve(where, grid, CurveKeys())


def _curve(where: str, grid: Grid, keys: CurveKeys) -> LimitCurve:
    """Turn a grid into the record: cut, lifetimes as knots, checked."""
    grid = _trimmed(grid, keys.last_mass)
    _check_lifetimes(where, grid, keys)
    curve = LimitCurve(
        source=where,
        m_X=grid.m_X,
        tau_ps=_middles(grid.tau_ps) if keys.tau == "lower_edge" else grid.tau_ps,
        limit=grid.limit,
        below=keys.below if len(grid.tau_ps) else "constant",
        above=keys.above if len(grid.tau_ps) else "constant",
        tau=keys.tau,
        offset_ps=keys.offset_ps,
        factor=keys.factor,
        holes=tuple((low, high) for low, high in keys.holes),
        reference=keys.reference,
        locator=keys.locator,
        confidence=keys.confidence,
        spin=keys.spin,
    )
    if len(curve.m_X) < 2 or not curve.known.any():
        raise InputError(f"{where}: no two neighbouring masses have limits; there is nothing to interpolate")
    return curve


def _trimmed(grid: Grid, last_mass: float | None) -> Grid:
    """Cut masses above the last one, then masses and lifetimes without any limit at either end."""
    rows = np.arange(len(grid.m_X)) if last_mass is None else np.flatnonzero(grid.m_X <= last_mass)
    finite = np.isfinite(grid.limit[rows])
    if not finite.any():
        return Grid(np.empty(0), grid.tau_ps, grid.limit[:0])
    masses, taus = np.flatnonzero(finite.any(axis=1)), np.flatnonzero(finite.any(axis=0))
    rows, kept = rows[masses[0] : masses[-1] + 1], slice(taus[0], taus[-1] + 1)
    tau_ps = grid.tau_ps[kept] if len(grid.tau_ps) else grid.tau_ps
    return Grid(grid.m_X[rows], tau_ps, grid.limit[rows, kept])


def _check_lifetimes(where: str, grid: Grid, keys: CurveKeys) -> None:
    """Refuse lifetimes that are not in ps, and a zero that has no logarithm."""
    tau_ps, shifted = grid.tau_ps, keys.offset_ps > 0
    if not len(tau_ps):
        return
    if tau_ps[-1] < SHORTEST_PS:
        raise InputError(
            f"{where}: lifetimes up to {tau_ps[-1]:g} ps; if they are in s or ns, say so: tau_s=1e-10"
        )
    if tau_ps[0] == 0 and not shifted:
        raise InputError(
            f"{where}: a lifetime is 0 ps; say offset_ps, such that ln(tau + offset) joins it to the next"
        )
    if shifted and keys.above == "decay_scaling":
        raise InputError(f'{where}: above = "decay_scaling" does not go with offset_ps; choose one of them')
    if keys.tau == "lower_edge" and (len(tau_ps) < 2 or tau_ps[0] <= 0):
        raise InputError(f'{where}: tau = "lower_edge" needs at least two lifetimes above 0')


def _middles(edges: FloatArray) -> FloatArray:
    """Geometric middles of bins from their lower edges; the last bin is as wide as the one before."""
    upper = np.append(edges[1:], edges[-1] ** 2 / edges[-2])
    return np.sqrt(edges * upper)
