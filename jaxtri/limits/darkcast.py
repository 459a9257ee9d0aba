"""Limits of a user's DarkCast folder in place of the shipped ones: its numbers are read, its Python never.

Only ``.lmt`` (limits) and ``.prd`` (production fractions) are opened, in ``limits`` of the folder.  What a
search sees and how it makes X is taken from tables/dark_photon/searches.csv by `darkcast_id`, or from a file
``jaxtri.toml`` of the user's in the folder.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxtri.errors import InputError, StorageError, unknown_name
from jaxtri.limits.curve_files import LARGEST, NO_LIMIT, CurveColumns, curve_columns_of
from jaxtri.limits.dark_photon import Displaced, Published, Sources, shipped_sources
from jaxtri.limits.recast_tables import ASSUMED, final_ratios, reference_charges
from jaxtri.model.constants import HBAR
from jaxtri.model.gauge_model import GaugeModel, load_model
from jaxtri.model.standard_model import StandardModel
from jaxtri.numerics.arrays import BoolArray, FloatArray
from jaxtri.numerics.kernels import kernel
from jaxtri.physics.decays.hadrons import three_pion_spaces
from jaxtri.physics.production.currents import MECHANISMS
from jaxtri.tables.reader import check, parse, read_text
from jaxtri.tables.recast_schema import REFERENCE_MODELS, DarkCastSearch, DarkPhotonSearch

KEYS = "jaxtri.toml"  # of a user, beside the files: a table for every search that the shipped table lacks
PLACES = ("limits", "darkcast/limits")  # of the limits in a checkout, by version
STATUS = "user's DarkCast file"
SETS = {"LHCb_Aaij2017rft": "lhcb", "CMS_CMS2019kiy": "cms"}  # .prd files that have a shipped counterpart
RENAMED = {"rho0": "rho", "e_e": "ee"} | {f"{q}_{q}": q * 2 for q in "duscb"}  # of mechanisms
KNOTS = 400  # lifetimes of a grid, at most
SAME = 6  # decimals of ln tau up to which lifetimes are one


@dataclass(frozen=True)
class DarkCast:
    """What a folder holds."""

    sources: Sources
    refused: Mapping[str, str]  # files that were not read, and why


def darkcast_limits(folder: str | Path, sm: StandardModel) -> DarkCast:
    """Read a folder: its limits in place of the shipped ones, all others as shipped.

    Parameters
    ----------
    folder
        A checkout of DarkCast, or its folder ``limits``.
    sm
        Measured inputs, for the lifetimes of a grid in coupling.

    Raises
    ------
    StorageError
        If there is no such folder, or no ``.lmt`` file in it.
    InputError
        If a file is none: file, line, what was found, what is allowed.
    """
    place = _place(Path(folder))
    shipped = shipped_sources()
    named = {one.search.darkcast_id: one.search for one in shipped.limits if one.search.darkcast_id}
    own = _own_searches(place)
    fractions = {
        **shipped.fractions,
        **{SETS.get(p.stem, p.stem): _fractions(p) for p in _files(place, "prd")},
    }
    read: dict[str, tuple[DarkPhotonSearch, CurveColumns]] = {}
    refused = {}
    for path in _files(place, "lmt"):
        search = own.get(path.stem, named.get(path.stem))
        if search is None:
            refused[path.stem] = _what_is_missing()
            continue
        if search.production not in (*fractions, *MECHANISMS, "nu_e_scattering"):
            known = (*fractions, *MECHANISMS)
            raise unknown_name(f"{KEYS}: {path.stem}.production", "production", search.production, known)
        read[search.search] = _marked(search, path), _columns(path, 3 if search.kind == "displaced" else 2)
    for name in own.keys() - {path.stem for path in _files(place, "lmt")}:
        raise InputError(f"{KEYS}: {name}: there is no {name}.lmt in {place}")
    grids = {name: (one, rows) for name, (one, rows) in read.items() if one.kind == "displaced"}
    displaced = dict(shipped.displaced) if not grids else _on_one_grid(sm, grids, shipped.displaced)
    found = {name: _published(one, rows, displaced) for name, (one, rows) in read.items()}
    kept = [found.pop(one.search.search, one) for one in shipped.limits]
    return DarkCast(Sources((*kept, *found.values()), displaced, fractions), refused)


def _place(folder: Path) -> Path:
    """Where the limits of a checkout lie."""
    if not os.path.isdir(folder):
        raise StorageError(f"darkcast = {folder}: no such folder; give a checkout of DarkCast")
    for place in (*(folder / name for name in PLACES), folder):
        if place.is_dir() and _files(place, "lmt"):
            return place
    raise StorageError(f"darkcast = {folder}: holds no limits/*.lmt; give a checkout of DarkCast")


def _files(place: Path, ending: str) -> list[Path]:
    return sorted(place.glob(f"*.{ending}"))


def _own_searches(place: Path) -> dict[str, DarkPhotonSearch]:
    """Searches that the user describes, by the names of their files."""
    for path in (place / KEYS, place.parent / KEYS):
        if path.is_file():
            tables = parse(read_text(path), str(path))
            return {
                name: check(
                    {"search": name, "experiment": name} | (one if isinstance(one, dict) else {"": one}),
                    DarkCastSearch, f"{path}: {name}",
                )
                for name, one in tables.items()
            }  # fmt: skip
    return {}


def _what_is_missing() -> str:
    """Why a file is not read, and what to give."""
    needed = [
        key for key, one in DarkCastSearch.model_fields.items() if one.is_required() and key != "search"
    ]
    return (
        f"refused: no search of the shipped table has this darkcast_id; give {', '.join(needed)} (of a beam "
        f"dump L_shield_m and L_decay_m besides) in a table of this name in {KEYS}, in the folder"
    )


def _marked(search: DarkPhotonSearch, path: Path) -> DarkPhotonSearch:
    """A search whose numbers are the user's."""
    told = {"status": STATUS, "locator": f"{path.name} of DarkCast, after {search.locator}"}
    return search.model_copy(update=told | {"read_from": "a DarkCast folder of the user's"})


def _columns(path: Path, least: int) -> CurveColumns:
    """Numbers of a file without header: mass, and at least one, at most two columns more."""
    where = path.name
    columns = curve_columns_of(read_text(path, where, what="a limit", largest=LARGEST), where)
    width = columns.values.shape[1]
    if columns.names or not least <= width <= 3:
        allowed = "mass [GeV], coupling, r" if least == 3 else "mass [GeV], lower and, if there is one, upper"
        raise InputError(f"{where}: {width} columns; give {allowed}, below a header that begins with #")
    columns = _without_massless(columns)
    wrong = ~(columns.values[:, : 2 if least == 2 else 3] > 0)
    wrong[:, 1:] &= ~np.isnan(columns.values[:, 1 : wrong.shape[1]])
    for row, column in np.argwhere(wrong)[:1]:
        value = columns.values[row, column]
        raise InputError(
            f"{columns.place(row, column)} is {value:g}; give positive numbers, 1e5 for no limit"
        )
    for row, (before, after) in enumerate(pairwise(columns.values[:, 0]), start=1):
        if after < before:
            raise InputError(
                f"{columns.place(row)}: mass {after:g} GeV follows {before:g} GeV; masses ascend"
            )
    return columns


def _without_massless(columns: CurveColumns) -> CurveColumns:
    """Columns without a first row at mass 0, which has no logarithm, as one file has it."""
    if len(columns.rows) < 2 or columns.values[0, 0] != 0:
        return columns
    return replace(columns, values=columns.values[1:], rows=columns.rows[1:])


def _published(
    search: DarkPhotonSearch, columns: CurveColumns, displaced: Mapping[str, Displaced]
) -> Published:
    """A limit as the shipped tables have it."""
    if search.kind == "displaced":
        m_X = displaced[search.search].m_X
        open_ended = np.full(len(m_X), np.inf)
        return Published(search, m_X, np.zeros(len(m_X)), open_ended, np.full(len(m_X), np.nan), ())
    m_X, rows = _merged(columns)
    low, high = rows[:, 0], rows[:, 1] if rows.shape[1] > 1 else np.full(len(m_X), np.nan)
    limited = low < NO_LIMIT
    high = np.where(high < NO_LIMIT, high, np.inf)
    for row in np.flatnonzero(limited & (high < low))[:1]:
        raise InputError(f"{_at_mass(columns, m_X[row])}: upper {high[row]:g} is below lower {low[row]:g}")
    for row in np.flatnonzero(limited & np.isinf(high))[: search.kind == "dump"]:
        raise InputError(
            f"{_at_mass(columns, m_X[row])}: no upper edge; a beam dump needs both: mass [GeV], lower, upper"
        )
    if limited.sum() < 2:
        raise InputError(f"{columns.where}: give at least two masses with a limit below 1e5")
    spread = np.full(int(limited.sum()), np.nan)
    return Published(search, m_X[limited], low[limited], high[limited], spread, _holes(m_X, limited))


def _at_mass(columns: CurveColumns, m_X: float) -> str:
    """Where a mass stands first."""
    return columns.place(int(np.flatnonzero(columns.values[:, 0] == m_X)[0]))


def _merged(columns: CurveColumns) -> tuple[FloatArray, FloatArray]:
    """Masses once each, and what stands beside them; rows of the same printed mass are one, in the middle."""
    m_X, group = np.unique(columns.values[:, 0], return_inverse=True)
    rows = columns.values[:, 1:]
    if len(m_X) == len(rows):
        return m_X, rows
    logs = [np.bincount(group, np.log(column)) / np.bincount(group) for column in rows.T]
    return m_X, np.exp(np.stack(logs, axis=1))


def _holes(m_X: FloatArray, limited: BoolArray) -> tuple[tuple[float, float], ...]:
    """Masses without limit: from the first such row to the last; one alone reaches to its neighbours."""
    inner = np.flatnonzero(limited)
    found = []
    for first, last in pairwise(inner):
        if last - first == 2:
            found.append((float(m_X[first]), float(m_X[last])))
        elif last - first > 2:
            found.append((float(m_X[first + 1]), float(m_X[last - 1])))
    return tuple(found)


def _fractions(path: Path) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Masses and fractions by mechanism of a ``.prd`` file, whose first line names its columns."""
    where = path.name
    text = read_text(path, where, what="production fractions", largest=LARGEST)
    first = text.partition("\n")[0].strip()
    names = [RENAMED.get(name, name) for name in first.lstrip("#").split()]
    if not first.startswith("#") or names[:1] != ["mass"]:
        raise InputError(f"{where}: line 1 is {first[:60]!r}; give # mass and the names of the mechanisms")
    for name in names[1:]:
        if name not in MECHANISMS:
            raise unknown_name(f"{where}: line 1", "mechanism", name, (*MECHANISMS, *RENAMED))
    columns = curve_columns_of(text, where)
    if columns.names or columns.values.shape[1] != len(names):
        width = columns.values.shape[1]
        raise InputError(f"{columns.place(0)}: {width} columns; line 1 names {len(names)}")
    masses, shares = columns.values[:, 0], columns.values[:, 1:]
    for row, column in np.argwhere(~((shares >= 0) & (shares <= 1)))[:1]:
        raise InputError(
            f"{columns.place(row, column + 1)} is {shares[row, column]:g}; give fractions from 0 to 1"
        )
    for row in np.flatnonzero(~(np.diff(masses, prepend=0.0) > 0))[:1]:
        raise InputError(f"{columns.place(row)}: mass {masses[row]:g} GeV; give positive masses that ascend")
    return masses, dict(zip(names[1:], shares.T, strict=True))


def _on_one_grid(
    sm: StandardModel,
    grids: Mapping[str, tuple[DarkPhotonSearch, CurveColumns]],
    shipped: Mapping[str, Displaced],
) -> dict[str, Displaced]:
    """Grids of r, in coupling, against lifetime: all of them, and the shipped ones, at the same lifetimes."""
    rows = {name: _by_mass(sm, *grid) for name, grid in grids.items()}
    rows |= {
        name: [(m, np.log(one.tau_ps), r) for m, r in zip(one.m_X, one.log_r, strict=True)]
        for name, one in shipped.items()
        if name not in rows
    }
    every = np.concatenate([log_tau for grid in rows.values() for _, log_tau, _ in grid])
    knots = np.unique(every.round(SAME))
    if len(knots) > KNOTS:
        knots = np.linspace(every.min(), every.max(), KNOTS)
    return {
        name: Displaced(
            np.array([m for m, _, _ in grid]),
            np.exp(knots),
            np.array([_resampled(knots, *row[1:]) for row in grid]),
        )
        for name, grid in rows.items()
    }


def _resampled(knots: FloatArray, log_tau: FloatArray, log_r: FloatArray) -> FloatArray:
    """Ln r at other lifetimes, linear in ln tau; NaN outside of the row, and beside what is not known."""
    known = np.interp(knots, log_tau, np.where(np.isnan(log_r), np.nan, log_r), left=np.nan, right=np.nan)
    at = np.clip(np.searchsorted(log_tau, knots - 10.0**-SAME), 0, len(log_tau) - 1)
    same = np.abs(log_tau[at] - knots) < 10.0**-SAME
    return np.where(same, log_r[at], known)


def _by_mass(
    sm: StandardModel, search: DarkPhotonSearch, columns: CurveColumns
) -> list[tuple[float, FloatArray, FloatArray]]:
    """Of every mass ln tau [ps], ascending, and ln r: lifetimes of the reference model at each coupling."""
    m_X, first = np.unique(columns.values[:, 0], return_index=True)
    if len(m_X) < 2:
        raise InputError(f"{columns.where}: give at least two masses")
    couplings, r = columns.values[:, 1:].T
    falls = np.diff(couplings, prepend=0.0) <= 0
    falls[first] = False
    for row in np.flatnonzero(falls)[:1]:
        raise InputError(f"{columns.place(row, 1)}: couplings of one mass ascend, from line to line")
    log_g = np.split(np.log(couplings), first[1:])
    log_r = np.split(np.log(r), first[1:])
    return [
        (float(m), (unit - 2 * u)[::-1], one[::-1])
        for m, unit, u, one in zip(m_X, _log_unit_lifetimes(sm, search, m_X), log_g, log_r, strict=True)
    ]


def _log_unit_lifetimes(sm: StandardModel, search: DarkPhotonSearch, m_X: FloatArray) -> FloatArray:
    """Ln of the lifetime [ps] of the reference model at unit coupling, with the decays that are assumed."""
    charge = reference_charges(sm)[REFERENCE_MODELS.index(search.reference_model)]
    model = load_model("b_minus_l").unnamed()
    own = replace(model, charge=charge)
    width = np.asarray(_ratios(sm, own, jnp.asarray(m_X))) @ np.array(
        ASSUMED[search.decays_assumed], dtype=float
    )
    return np.asarray(np.log(HBAR * 1e12 * 12 * np.pi / (m_X * width)))


@kernel()
def _ratios(sm: StandardModel, model: GaugeModel, m_X: Array) -> Array:
    """R of what searches see, (mass, visible)."""
    return jax.vmap(lambda m: final_ratios(sm, model, m, three_pion_spaces(sm, m)))(m_X)
