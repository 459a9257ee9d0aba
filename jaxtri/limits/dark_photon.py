"""Published limits on a dark photon and the like, as arrays: what a recast to other charges starts from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

import numpy as np

from jaxtri.errors import InputError
from jaxtri.limits.recast_roots import dump_lifetimes, dump_peak
from jaxtri.numerics.arrays import BoolArray, FloatArray, IntArray
from jaxtri.tables.reader import FOLDER, read_grid, read_rows
from jaxtri.tables.recast_schema import DarkPhotonLimit, DarkPhotonSearch, ProductionFractions

PLACE = FOLDER / "dark_photon"
STAND_IN = 2.0  # upper edge of a dump where it has no data, over the lower one
FRACTIONS = ("lhcb", "cms", "faser")  # productions that are sums over mechanisms


@dataclass(frozen=True)
class Published:
    """Limits of one search on the coupling of its reference model."""

    search: DarkPhotonSearch
    m_X: FloatArray  # (row,) [GeV], ascending; of a displaced search the rows of its grid
    low: FloatArray  # (row,); excluded is low < coupling < high
    high: FloatArray  # (row,); infinite: everything above low
    spread: FloatArray  # (row,) of ln(coupling); NaN where the rows follow every published point
    holes: tuple[tuple[float, float], ...]  # masses without data


@dataclass(frozen=True)
class Displaced:
    """A limit over the expectation of its reference model, in mass and lifetime; excluded below 1."""

    m_X: FloatArray  # (M,) [GeV]
    tau_ps: FloatArray  # (T,)
    log_r: FloatArray  # (M, T); NaN outside the published grid


@dataclass(frozen=True)
class Sources:
    """Limits, grids and production fractions: the shipped ones, or with a user's files in their place."""

    limits: tuple[Published, ...]
    displaced: Mapping[str, Displaced]  # by search; all at the same lifetimes
    fractions: Mapping[str, tuple[FloatArray, dict[str, FloatArray]]]  # `production_fractions`


@dataclass(frozen=True)
class Nodes:
    """Limits of many searches at many masses, one after the other."""

    position: IntArray  # (node,) of the search in `published_limits`, or of ``sources``
    m_X: FloatArray  # (node,) [GeV]
    low: FloatArray
    high: FloatArray
    spread: FloatArray
    segment: IntArray  # (node,) differs where a hole is between two nodes of a search
    sources: Sources | None = field(default=None, kw_only=True)  # none: the shipped tables

    @property
    def known(self) -> Sources:
        """What these limits are from."""
        return self.sources or shipped_sources()

    def part(self, index: IntArray) -> "Nodes":
        """Some of the nodes."""
        names = [name for name in self.__dataclass_fields__ if name != "sources"]
        return Nodes(*(getattr(self, name)[index] for name in names), sources=self.sources)


@cache
def published_limits() -> tuple[Published, ...]:
    """Every search of tables/dark_photon with its limits, in the order of searches.csv.

    Raises
    ------
    InputError
        If a table is wrong: file, line, what was found, what is allowed.
    """
    searches = read_rows(PLACE / "searches.csv", DarkPhotonSearch)
    rows: dict[str, list[DarkPhotonLimit]] = {one.search: [] for one in searches}
    for row in read_rows(PLACE / "limits.csv", DarkPhotonLimit):
        if row.search not in rows:
            raise InputError(f'tables/dark_photon/limits.csv: search "{row.search}" is not in searches.csv')
        rows[row.search].append(row)
    return tuple(_published(one, rows[one.search]) for one in searches)


def _published(search: DarkPhotonSearch, rows: list[DarkPhotonLimit]) -> Published:
    where = f"tables/dark_photon/limits.csv: {search.search}"
    if search.kind == "displaced":
        m_X = displaced_limit(search.search).m_X
        return Published(
            search, m_X, np.zeros(len(m_X)), np.full(len(m_X), np.inf), np.full(len(m_X), np.nan), ()
        )
    if any(before.m_X >= after.m_X for before, after in pairwise(rows)):
        raise InputError(f"{where}: the masses of a search must ascend")
    data, ends = ([row for row in rows if row.is_hole == hole] for hole in (False, True))
    if len(data) < 2:
        raise InputError(f"{where}: give at least two rows with a limit")
    if search.kind == "dump" and any(row.high is None for row in data):
        raise InputError(f"{where}: a row has no high; a beam dump needs both edges")
    if [row.flag for row in ends] != ["hole_from", "hole_to"] * (len(ends) // 2):
        raise InputError(f"{where}: every hole_from needs a hole_to after it")
    return Published(
        search,
        np.array([row.m_X for row in data]),
        np.array([row.low for row in data], dtype=float),
        np.array([np.inf if row.high is None else row.high for row in data]),
        np.array([np.nan if row.spread is None else row.spread for row in data]),
        tuple((a.m_X, b.m_X) for a, b in zip(ends[::2], ends[1::2], strict=True)),
    )


@cache
def displaced_limit(name: str) -> Displaced:
    """The grid of a displaced search, tables/dark_photon/<name>.csv."""
    m_X, tau_ps, r = read_grid(PLACE / f"{name}.csv")
    return Displaced(m_X, tau_ps, np.log(r))


@cache
def production_fractions() -> dict[str, tuple[FloatArray, dict[str, FloatArray]]]:
    """Masses (row,) [GeV] and fractions by mechanism, each (row,), of every set."""
    rows = read_rows(PLACE / "production.csv", ProductionFractions)
    mechanisms = [name for name in ProductionFractions.model_fields if name not in ("set", "m_X")]
    found = {}
    for name in FRACTIONS:
        own = [row for row in rows if row.set == name]
        shares = {mechanism: np.array([getattr(row, mechanism) for row in own]) for mechanism in mechanisms}
        found[name] = np.array([row.m_X for row in own]), shares
    return found


def shipped_sources() -> Sources:
    """Everything of tables/dark_photon."""
    limits = published_limits()
    names = [one.search.search for one in limits if one.search.kind == "displaced"]
    return Sources(limits, {name: displaced_limit(name) for name in names}, production_fractions())


def nodes_of(m_X: FloatArray | None = None, sources: Sources | None = None) -> Nodes:
    """Published limits at their own masses, or at given ones: ln(coupling) linear in ln m_X, no hole bridged.

    Parameters
    ----------
    m_X
        Masses [GeV], ascending; by default every search has those of its table.
    sources
        By default the shipped tables.
    """
    limits = published_limits() if sources is None else sources.limits
    parts = [_nodes(i, one, one.m_X if m_X is None else m_X) for i, one in enumerate(limits)]
    columns = zip(*((p.position, p.m_X, p.low, p.high, p.spread, p.segment) for p in parts), strict=True)
    return Nodes(*map(np.concatenate, columns), sources=sources)


def nodes_at(names: Sequence[str], m_X: FloatArray) -> tuple[Nodes, BoolArray]:
    """Some searches at all of some masses, one search after the other, and where there are data.

    Elsewhere a stand-in is given, so that shapes do not depend on the masses.

    Parameters
    ----------
    names
        Of the searches.
    m_X
        Masses [GeV], ascending.

    Returns
    -------
    tuple
        Nodes, (search times mass,), and whether the search has data there, (search, m_X).
    """
    every = {one.search.search: (i, one) for i, one in enumerate(published_limits())}
    shape = len(names), len(m_X)
    position, known = np.zeros(shape, dtype=int), np.zeros(shape, dtype=bool)
    low, high, spread = np.ones(shape), np.full(shape, np.inf), np.full(shape, np.nan)
    for k, name in enumerate(names):
        position[k], one = every[name]
        own = _nodes(int(position[k, 0]) if len(m_X) else 0, one, m_X)
        known[k] = has_data(one, m_X)
        low[k, known[k]], high[k, known[k]], spread[k, known[k]] = own.low, own.high, own.spread
        if one.search.kind == "dump":
            high[k, ~known[k]] = STAND_IN
    masses = np.tile(m_X, len(names))
    segment = np.zeros(known.size, dtype=int)
    flat = Nodes(position.ravel(), masses, low.ravel(), high.ravel(), spread.ravel(), segment)
    return flat, known


def _nodes(position: int, one: Published, m_X: FloatArray) -> Nodes:
    """One search at masses within its range and outside of its holes; constant from a row to a hole."""
    m = m_X[has_data(one, m_X)]
    segment, of_row = (_segments(one, masses) for masses in (m, one.m_X))
    low, high, spread = (np.empty(len(m)) for _ in range(3))
    for k in np.unique(segment):
        here, rows = segment == k, of_row == k
        x, knots = np.log(m[here]), np.log(one.m_X[rows])
        low[here], high[here] = (_interpolated(x, knots, edge[rows]) for edge in (one.low, one.high))
        spread[here] = np.interp(x, knots, one.spread[rows])
    on_row, of_table = np.isin(m, one.m_X), np.isin(one.m_X, m)
    low[on_row], high[on_row] = one.low[of_table], one.high[of_table]  # bit for bit
    return Nodes(np.full(len(m), position), m, low, high, spread, segment)


def has_data(one: Published, m_X: FloatArray) -> BoolArray:
    """Whether a search has a limit at each mass: within its range, and not inside a hole."""
    inside = (m_X >= one.m_X[0]) & (m_X <= one.m_X[-1])
    for start, stop in one.holes:
        inside &= (m_X <= start) | (m_X >= stop)
    return np.asarray(inside)


def _segments(one: Published, m_X: FloatArray) -> IntArray:
    """Number of holes below each mass."""
    return np.sum([m_X >= stop for _, stop in one.holes], axis=0, dtype=int) * np.ones(len(m_X), dtype=int)


def _interpolated(x: FloatArray, knots: FloatArray, edge: FloatArray) -> FloatArray:
    """An edge at every ln m_X, linear in its logarithm; infinite next to an open row."""
    bounded = np.isfinite(edge) & (edge > 0)
    if not bounded.any():
        return np.full(len(x), edge[0])
    value = np.exp(np.interp(x, knots, np.log(np.where(bounded, edge, 1.0))))
    return np.where(np.interp(x, knots, ~bounded) > 0, np.inf, value)


def dump_geometry(nodes: Nodes) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Lengths a = L_decay / L_shield, peaks s* and y = t_0 / tau on the lower edge, at nodes of dumps."""
    every = [one.search for one in nodes.known.limits]
    a = np.array([(one.L_decay_m or 0.0) / (one.L_shield_m or 1.0) for one in every])[nodes.position]
    return a, dump_peak(a), dump_lifetimes((nodes.high / nodes.low) ** 2, a)


def displaced_at(grid: Displaced, m_X: FloatArray) -> FloatArray:
    """Ln r of a displaced search at masses inside its grid, (mass, T): linear in the mass."""
    i = np.clip(np.searchsorted(grid.m_X, m_X, side="right") - 1, 0, len(grid.m_X) - 2)
    w = ((m_X - grid.m_X[i]) / (grid.m_X[i + 1] - grid.m_X[i]))[:, None]
    mixed = (1 - w) * grid.log_r[i] + w * grid.log_r[i + 1]
    return np.where(w == 0, grid.log_r[i], np.where(w == 1, grid.log_r[i + 1], mixed))
