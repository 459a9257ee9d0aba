"""Searches, and as a struct of arrays what each compares: BR(channel) * P(final state) with its limit."""

import math
from dataclasses import dataclass, field, replace
from pathlib import Path

import jax
import jax.numpy as jnp
from jax import Array

from jaxtri.errors import InputError, unknown_name
from jaxtri.limits.statistics import upper_limit
from jaxtri.numerics.jax_settings import require_x64
from jaxtri.physics.decays.in_flight import REST
from jaxtri.physics.production.channels import CHANNEL_NAMES
from jaxtri.tables.reader import locate, names, read
from jaxtri.tables.schema import Flight, SearchTable

SETS = {"printed": "central", "corrected": "gauss"}  # search set -> how it reads a measurement
NOT_DECIDING = {"bibtex", "printed", "note", "title", "reference", "locator"}
MOST = 255  # searches: /leading is one byte
RESERVED = ("unions", "regions")  # groups of a scan's file beside those of searches
SECONDS_PER_PS = 1e-12
WEIGHTS = {
    "invisible": (0.0, 0.0, 0.0, 1.0, 0.0),
    "e+ e-": (1.0, 0.0, 0.0, 0.0, 0.0),
    "mu+ mu-": (0.0, 1.0, 0.0, 0.0, 0.0),
    "tau+ tau-": (0.0, 0.0, 1.0, 0.0, 0.0),
    "l+ l-": (0.5, 0.5, 0.0, 0.0, 0.0),  # the mean of electrons and muons
    "hadrons": (0.0, 0.0, 0.0, 0.0, 1.0),
}  # of the final states of X in widths.FINAL_STATES


@dataclass(frozen=True)
class SearchLabel:
    """What a search is called and where it comes from; nothing is computed from it."""

    name: str
    title: str
    experiment: str
    channel: str
    final_state: str
    kind: str
    limit: float
    confidence: float | None  # None: a measured value used as it stands
    tau_window_s: tuple[float, ...]  # lifetimes that count; empty without a window
    reference: str
    locator: str
    note: str
    bibtex: str
    conditions: str  # everything that decides, as JSON: windows, vetoes, lengths, boosts, values


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class SearchSet:
    """Searches over one axis, (search,) unless said otherwise."""

    labels: tuple[SearchLabel, ...] = field(metadata={"static": True})
    set_name: str = field(metadata={"static": True})
    channel: Array  # position in channels.CHANNEL_NAMES
    weight: Array  # (search, final_state) of the final states searched for
    is_invisible: Array  # bool
    limit: Array  # upper limit on BR(channel) * P(final state)
    length_m: Array  # distance that decides; 0 where a proper time decides
    gamma_parent: Array  # Lorentz factor of the parent
    wall_time: Array  # proper time that decides [s], where length_m is 0
    tau_window: Array  # (search, 2) lifetimes that count [s]; (0, inf) without a window
    m_X_window: Array  # (search, 2) [GeV]
    veto: Array  # (search, veto, 2) masses without data [GeV]; (inf, inf) where there are fewer

    def unlabelled(self) -> "SearchSet":
        """The arrays alone: what is compiled for them serves every set of as many searches."""
        return replace(self, labels=(), set_name="")


def load_searches(
    set_name: str,
    *,
    measurement: str | None = None,
    only: list[str] | None = None,
    exclude: list[str] | None = None,
    files: list[Path] | None = None,
) -> SearchSet:
    """Return a set of searches.

    Parameters
    ----------
    set_name
        ``"printed"``: the numbers that arXiv:2401.02483 uses, measurements at their central value;
        ``"corrected"``: what the experiments published, measurements as central + 1.645 sigma.
    measurement
        ``"central"`` or ``"gauss"``, to read measurements differently from the set.
    only, exclude
        Names to keep, names to leave out.
    files
        Further searches: TOML files of the same form as the shipped ones.

    Raises
    ------
    InputError
        If a set or a name is unknown, or no search is left.
    """
    require_x64()
    if set_name not in SETS:
        raise unknown_name("searches", "search set", set_name, SETS)
    mode = measurement or SETS[set_name]
    if mode not in SETS.values():
        raise unknown_name("searches", "measurement", mode, SETS.values())
    tables = {name: _table(locate("searches", name)) for name in names("searches")}
    for path in files or []:
        _add_own(tables, path, set_name)
    _require_known(tables, [*(only or []), *(exclude or [])], set_name)
    kept = {
        name: table.in_set(set_name)
        for name, table in tables.items()
        if set_name in table.sets and (only is None or name in only) and name not in (exclude or [])
    }
    if len(kept) > MOST:
        raise InputError(f"searches: {len(kept)}; at most {MOST} in one scan")
    if not kept:
        raise InputError(f'searches: none of the set "{set_name}" is left; give at least one in only')
    order = sorted(kept, key=lambda name: ("ZBK".index(kept[name].channel[0]), name))
    return _search_set(set_name, mode, {name: kept[name] for name in order})


def _add_own(tables: dict[str, SearchTable], path: Path, set_name: str) -> None:
    """Add a user's search; its name must be new, and it must belong to the set."""
    if path.stem in RESERVED or not path.stem.strip("."):
        raise InputError(f'{path}: a search cannot be called "{path.stem}"; rename the file')
    if path.stem in tables:
        raise InputError(f"{path}: there is a search named {path.stem} already; rename the file")
    tables[path.stem] = _table(path)
    if set_name not in tables[path.stem].sets:
        raise InputError(f'{path}: sets = {tables[path.stem].sets}, but the scan uses "{set_name}"; add it')


def _require_known(tables: dict[str, SearchTable], chosen: list[str], set_name: str) -> None:
    """Raise where a name that the user chose is no search, or none of this set."""
    for name in chosen:
        if name not in tables:
            raise unknown_name("searches", "search", name, tables)
        if set_name not in tables[name].sets:
            raise InputError(f'searches: {name} is not in the set "{set_name}"; leave it out, or change set')


def _table(path: Path) -> SearchTable:
    """Read one search; its channel must be one of ours."""
    table = read(path, SearchTable)
    if table.channel not in CHANNEL_NAMES:
        raise unknown_name(f"{path.name}: channel", "channel", table.channel, CHANNEL_NAMES)
    return table


def _search_set(set_name: str, mode: str, tables: dict[str, SearchTable]) -> SearchSet:
    """Turn checked tables into arrays."""
    flights = [table.escape or table.prompt for table in tables.values()]
    vetoes = [_vetoes(table) for table in tables.values()]
    depth = max(1, *(len(veto) for veto in vetoes))
    padded = [[*veto, *[(math.inf, math.inf)] * (depth - len(veto))] for veto in vetoes]
    windows = [table.tau_ps or (0.0, math.inf) for table in tables.values()]
    return SearchSet(
        labels=tuple(_label(name, table, mode) for name, table in tables.items()),
        set_name=set_name,
        channel=jnp.array([CHANNEL_NAMES.index(table.channel) for table in tables.values()]),
        weight=jnp.array([WEIGHTS[table.final_state] for table in tables.values()]),
        is_invisible=jnp.array([table.final_state == "invisible" for table in tables.values()]),
        limit=jnp.array([upper_limit(table, mode) for table in tables.values()]),
        length_m=jnp.array([flight.length_m or 0.0 if flight else 0.0 for flight in flights]),
        gamma_parent=jnp.array([_gamma(flight) for flight in flights]),
        wall_time=jnp.array([_wall_time(flight) for flight in flights]),
        tau_window=jnp.array(windows) * SECONDS_PER_PS,
        m_X_window=jnp.array([table.m_X for table in tables.values()]),
        veto=jnp.array(padded),
    )


def _label(name: str, table: SearchTable, mode: str) -> SearchLabel:
    confidence = table.confidence if table.kind == "limit" else (0.95 if mode == "gauss" else None)
    return SearchLabel(
        name, table.title, table.experiment, table.channel, table.final_state, table.kind,
        upper_limit(table, mode), confidence, tuple(tau * SECONDS_PER_PS for tau in table.tau_ps or ()),
        table.reference, table.locator, table.note or "", table.bibtex,
        table.model_dump_json(exclude=NOT_DECIDING, exclude_none=True),
    )  # fmt: skip


def _vetoes(table: SearchTable) -> list[tuple[float, float]]:
    """Masses without data, ascending; vetoes that touch or overlap are one."""
    in_q2 = [(math.sqrt(low), math.sqrt(high)) for low, high in table.q2_vetoes or []]
    found: list[tuple[float, float]] = []
    for low, high in sorted([*in_q2, *((low, high) for low, high in table.m_X_vetoes or [])]):
        if found and low <= found[-1][1]:
            low, high = found[-1][0], max(found.pop()[1], high)
        found.append((low, high))
    return found


def _gamma(flight: Flight | None) -> float:
    """Lorentz factor of the parent, from gamma or from beta gamma."""
    if flight is None or (flight.gamma_parent is None and flight.beta_gamma_parent is None):
        return 1.0
    return flight.gamma_parent or math.hypot(1.0, flight.beta_gamma_parent or 0.0)


def _wall_time(flight: Flight | None) -> float:
    """Proper time that decides [s]; without a flight condition every decay counts."""
    if flight is None:
        return REST
    return (flight.tau_ps or 0.0) * SECONDS_PER_PS
