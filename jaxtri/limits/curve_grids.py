"""From columns to a grid of limits: what each column means, in which unit, and whether it can be so.

Masses stand in rows. Lifetimes stand at the heads of the columns (`tau_ps=0.1`, `0.1 ps`, `0.1`) or in a
column of their own; without any the limit depends on the mass alone.
"""

import re
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from jaxtri.errors import InputError
from jaxtri.limits.curve_files import NUMBER, CurveColumns
from jaxtri.numerics.arrays import FloatArray, IntArray

HEAVIEST = 91.2  # GeV; nothing heavier than the Z produces X here
SHORTEST_PS = 1e-6  # lifetimes that are all below this are in other units
PS_PER_CM = 1e12 / 29979245800.0  # of c tau
MASSES = {"gev": 1.0, "mev": 1e-3, "kev": 1e-6, "tev": 1e3}
LIFETIMES = {"s": 1e12, "ms": 1e9, "us": 1e6, "ns": 1e3, "ps": 1.0, "fs": 1e-3}
LENGTHS = {"um": 1e-4 * PS_PER_CM, "mm": 0.1 * PS_PER_CM, "cm": PS_PER_CM, "m": 100 * PS_PER_CM}
UNITS = {*MASSES, *LIFETIMES, *LENGTHS, "%", "percent"}
BRACKETS = re.compile(r"(.*?)\s*\[\s*([^\]]*?)\s*\]")
HEADS = (BRACKETS, re.compile(r"(.*?)\s*\(\s*([^)]*?)\s*\)"), re.compile(r"(.+)_([^_]+)"))  # name, unit
WIDE = re.compile(rf"(?:(?:c?tau|lifetime)?_?([a-z]*)\s*=\s*)?({NUMBER})\s*([a-z]*)", re.IGNORECASE)
POWER = re.compile(r"(?:x\s*)?10\s*(?:\^|\*\*)\s*\{?([+-]?\d+)\}?")
MASS_NAMES = re.compile(r"m|mass|m_?x|m_?a'?|m[\s_({].*|mass[\s_({].*", re.IGNORECASE)
TAU_NAMES = re.compile(r"(?:c\s*\\?\*?\s*)?\\?tau.*|lifetime.*|life time.*|proper.*", re.IGNORECASE)


class Grid(NamedTuple):
    """Limits at masses and lifetimes, as a file gives them."""

    m_X: FloatArray  # (M,) [GeV], ascending
    tau_ps: FloatArray  # (T,) [ps], ascending; empty where the limit depends on the mass alone
    limit: FloatArray  # (M, T) or (M, 1); NaN where there is none


class Column(NamedTuple):
    """One column: what it is called, and what its numbers are multiplied by."""

    position: int
    name: str
    unit: str


def grid_of(columns: CurveColumns, chosen: str | None = None) -> Grid:
    """Return the limits that columns hold.

    Parameters
    ----------
    columns
        The numbers of a file.
    chosen
        Name of the column that holds the limit, where several could.

    Raises
    ------
    InputError
        If what a column means is not clear, a unit is unknown, masses are not in order, or a number cannot
        be a mass, a lifetime or a limit: file, line, column, what was found, what is allowed.
    """
    wide = _wide_lifetimes(columns)
    if wide is not None:
        mass = _column(columns, 0)
        order = _ascending(columns, _masses(columns, mass), columns.values[:, 1:])
        by_tau = _lifetimes_in_order(columns.where, wide)
        limits = _limits(columns, np.arange(1, columns.values.shape[1]), 1.0)
        return Grid(_masses(columns, mass)[order], wide[by_tau], limits[np.ix_(order, by_tau)])
    mass, tau, limit = _roles(columns, chosen)
    limits = _limits(columns, np.array([limit.position]), _scale_of_limit(columns, limit))
    if tau is None:
        order = _ascending(columns, _masses(columns, mass), limits)
        return Grid(_masses(columns, mass)[order], np.empty(0), limits[order])
    return _pivot(columns, _masses(columns, mass), _lifetimes(columns, tau), limits[:, 0])


def _column(columns: CurveColumns, position: int) -> Column:
    """Name and unit of a column; ``m_MeV``, `m [MeV]` and `m (MeV)` say the same."""
    head = columns.names[position].replace("$", "").replace("\\times", "").strip() if columns.names else ""
    for pattern in HEADS:
        match = pattern.fullmatch(head)
        if match is None:
            continue
        unit = re.sub(r"\s*/\s*c\s*(?:\^|\*\*)?\s*\{?2\}?", "", match[2]).replace("μ", "u").replace("µ", "u")
        if pattern is BRACKETS or unit.lower() in UNITS:
            return Column(position, match[1], unit.strip())
    return Column(position, head, "")


def _wide_lifetimes(columns: CurveColumns) -> FloatArray | None:
    """Lifetimes [ps] at the heads of all columns but the first, or None where they do not stand there."""
    heads = [WIDE.fullmatch(name.strip()) for name in columns.names[1:]]
    if not heads or None in heads:
        return None
    found = []
    for position, match in enumerate(heads, 1):
        assert match is not None
        unit = (match[1] or match[3] or "ps").lower()
        if unit not in LIFETIMES | LENGTHS:
            raise InputError(
                f"{columns.where}: column {position + 1} is {columns.names[position]!r}; give lifetimes as "
                f"tau_ps=0.1, or in {', '.join([*LIFETIMES, *LENGTHS])}"
            )
        found.append(float(match[2]) * (LIFETIMES | LENGTHS)[unit])
        if found[-1] < 0:
            raise InputError(
                f"{columns.where}: column {position + 1} is for {found[-1]:g} ps; give 0 or more"
            )
    return np.array(found)


def _lifetimes_in_order(where: str, tau_ps: FloatArray) -> IntArray:
    """Order of the columns by lifetime: as they stand, or backwards."""
    steps = np.diff(tau_ps)
    if np.all(steps > 0):
        return np.arange(len(tau_ps))
    if np.all(steps < 0):
        return np.arange(len(tau_ps))[::-1]
    i = int(np.argmax(steps <= 0)) + 1
    raise InputError(
        f"{where}: column {i + 2} is for {tau_ps[i]:g} ps, after {tau_ps[i - 1]:g} ps; lifetimes ascend"
    )


def _roles(columns: CurveColumns, chosen: str | None) -> tuple[Column, Column | None, Column]:
    """Mass, lifetime (or none) and limit among the columns."""
    count = columns.values.shape[1]
    if not columns.names:
        if count != 2:
            raise InputError(
                f"{columns.where}: no header, and {count} columns, not 2; name them m_X [GeV], tau [ps], UL, "
                "or m_X [GeV] and one lifetime a column, tau_ps=0.1"
            )
        return Column(0, "m_X", "GeV"), None, Column(1, "limit", "")
    every = [_column(columns, i) for i in range(count)]
    bins = {f"{name} {end}".lower() for name in columns.names for end in ("low", "high")}
    every = [
        one for one in every if columns.names[one.position].lower() not in bins
    ]  # HEPData: ends of bins beside the middle
    mass = next((one for one in every if one.unit.lower() in MASSES), None)
    mass = mass or next((one for one in every if MASS_NAMES.fullmatch(one.name)), None)
    if mass is None:
        raise InputError(
            f"{columns.where}: no column is a mass among {_listed(columns)}; call one of them m_X [GeV]"
        )
    others = [one for one in every if one is not mass]
    tau = next((one for one in others if _is_lifetime(one)), None)
    limit = _the_limit(columns, [one for one in others if one is not tau], chosen)
    return mass, tau, limit


def _is_lifetime(column: Column) -> bool:
    return column.unit.lower() in LIFETIMES | LENGTHS or bool(TAU_NAMES.fullmatch(column.name))


def _the_limit(columns: CurveColumns, left: list[Column], chosen: str | None) -> Column:
    """The column of the limit: the one that was chosen, the only one, or the only observed one."""
    if chosen is not None:
        fits = [one for one in left if chosen in (one.name, columns.names[one.position])]
    else:
        observed = [one for one in left if "obs" in one.name.lower()]
        fits = left if len(left) == 1 else observed
    if len(fits) != 1:
        raise InputError(
            f"{columns.where}: which column holds the limit is not clear among {_listed(columns)}; "
            'say it with column = "..." in the table curve of the search'
        )
    return fits[0]


def _listed(columns: CurveColumns) -> str:
    return ", ".join(map(repr, columns.names))[:200]


def _masses(columns: CurveColumns, column: Column) -> FloatArray:
    """Masses in GeV."""
    unit = column.unit.lower() or "gev"
    if unit not in MASSES:
        raise InputError(
            f"{columns.where}: masses in {column.unit!r}; give them in GeV, or name the unit: m_X [MeV]"
        )
    values = columns.values[:, column.position]
    m_X = values / 1e3 if unit == "mev" else values * MASSES[unit]
    for row in np.flatnonzero(~((m_X >= 0) & (m_X <= HEAVIEST)))[:1]:
        raise InputError(
            f"{columns.place(row, column.position)}: m_X = {m_X[row]:g} GeV; give masses from 0 to "
            f"{HEAVIEST} GeV, and call the column m_X [MeV] if they are in MeV"
        )
    return m_X


def _lifetimes(columns: CurveColumns, column: Column) -> FloatArray:
    """Lifetimes of a column in ps."""
    unit = column.unit.lower() or "ps"
    if unit not in LIFETIMES | LENGTHS:
        raise InputError(
            f"{columns.where}: lifetimes in {column.unit!r}; give them in {', '.join([*LIFETIMES, *LENGTHS])}"
        )
    tau_ps = columns.values[:, column.position] * (LIFETIMES | LENGTHS)[unit]
    for row in np.flatnonzero(~(tau_ps >= 0))[:1]:
        raise InputError(
            f"{columns.place(row, column.position)}: lifetime {tau_ps[row]:g} ps; give 0 or more"
        )
    return tau_ps


def _scale_of_limit(columns: CurveColumns, column: Column) -> float:
    """What the numbers of a column of limits are multiplied by: 0.01 for %, 1e-9 for [1e-9]."""
    unit = column.unit.lower()
    if unit in ("", "1", "br"):
        return 1.0
    if unit in ("%", "percent"):
        return 0.01
    scale = _power_of(unit)
    if scale is None:
        raise InputError(
            f"{columns.where}: limits in {column.unit!r}; give branching ratios, or a unit: limit [1e-9]"
        )
    return scale


def _power_of(unit: str) -> float | None:
    """Number that a unit is: 1e-9, 10^-9, x 10^{-9}."""
    power = POWER.fullmatch(unit.strip())
    if power is not None:
        return float(f"1e{power[1]}")
    return float(unit) if re.fullmatch(NUMBER, unit) and float(unit) > 0 else None


def _limits(columns: CurveColumns, positions: IntArray, scale: float) -> FloatArray:
    """Limits on a branching ratio, (row, column)."""
    limits = columns.values[:, positions]
    limits = limits / 100 if scale == 0.01 else limits * scale
    for row, i in np.argwhere((limits <= 0) | (limits > 1))[:1]:
        raise InputError(
            f"{columns.place(row, positions[i])}: limit = {limits[row, i]:g} is not in (0, 1]; give a "
            "branching ratio, nothing where there is no limit, and a unit if there is one: limit [1e-9]"
        )
    return limits


def _ascending(columns: CurveColumns, m_X: FloatArray, limits: FloatArray) -> IntArray:
    """Order of the rows by mass: as they stand or backwards, without equal rows."""
    order = np.arange(len(m_X))
    if len(m_X) > 1 and m_X[-1] < m_X[0]:
        order = order[::-1]
    for before, row in pairwise(order.tolist()):
        if m_X[row] == m_X[before] and not np.array_equal(limits[row], limits[before], equal_nan=True):
            raise InputError(
                f"{columns.place(row)}: m_X = {m_X[row]:g} GeV has another limit in {columns.rows[before]}; "
                "give one"
            )
        if m_X[row] < m_X[before]:
            raise InputError(
                f"{columns.place(row)}: m_X = {m_X[row]:g} GeV is out of order beside {m_X[before]:g} GeV; "
                "sort the rows by mass, and split a closed curve"
            )
    keep = np.concatenate([[True], m_X[order][1:] > m_X[order][:-1]])
    return order[keep]


def _pivot(columns: CurveColumns, m_X: FloatArray, tau_ps: FloatArray, limits: FloatArray) -> Grid:
    """Grid of rows that hold mass, lifetime and limit, in any order; NaN where there is no row."""
    masses, i = np.unique(m_X, return_inverse=True)
    lifetimes, k = np.unique(tau_ps, return_inverse=True)
    grid, seen = np.full((len(masses), len(lifetimes)), np.nan), np.full((len(masses), len(lifetimes)), -1)
    for row, (a, b) in enumerate(zip(i, k, strict=True)):
        first = seen[a, b]
        if first >= 0 and not np.array_equal(limits[first], limits[row], equal_nan=True):
            raise InputError(
                f"{columns.place(row)}: m_X = {m_X[row]:g} GeV and {tau_ps[row]:g} ps have another limit in "
                f"{columns.rows[first]}; give one"
            )
        grid[a, b], seen[a, b] = limits[row], row
    return Grid(masses, lifetimes, grid)
