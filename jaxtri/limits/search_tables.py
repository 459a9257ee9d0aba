"""Searches as tables and labels: which belong to a set, what each is called, where its limit comes from.

Nothing here computes, so that listing the searches need not wait for JAX; nor for NumPy, where none has a
curve.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jaxtri.errors import InputError, gather, unknown_name
from jaxtri.limits.statistics import BINNED, READINGS, conversion_of, limit_of, measured_of, upper_limit
from jaxtri.tables.curve_schema import CurveFile
from jaxtri.tables.reader import locate, names, read, short_name
from jaxtri.tables.schema import CHANNEL_NAMES, SearchTable

if TYPE_CHECKING:
    from jaxtri.limits.limit_curves import LimitCurve  # curves alone need NumPy

SETS = {  # set -> how it reads a measurement
    "printed": "central",
    "corrected": "gauss",
    "2026": "gauss",
    "binned": "binned_gauss",
}
NOT_DECIDING: dict[str, Any] = {
    "bibtex": True, "printed": True, "note": True, "title": True, "reference": True, "locator": True,
    # these decide by the limit that is made of them
    "bins": True, "sm_value": True, "sm_error": True, "sm_reference": True,
    "escape": {"length_range_m", "tau_range_ps"}, "prompt": {"length_range_m", "tau_range_ps"},
}  # fmt: skip
MOST = 255  # searches: /leading is one byte
RESERVED = ("unions", "regions", "projections")  # groups of a scan's file beside those of searches
SECONDS_PER_PS = 1e-12
FARTHEST = 10.0  # a curve that ends this many times above or below its search's last mass is in other units


@dataclass(frozen=True)
class SearchLabel:
    """What a search is called and where it comes from; nothing is computed from it."""

    name: str
    title: str
    experiment: str
    channel: str
    final_state: str
    kind: str
    limit: float  # of a curve the smallest, at its best mass and lifetime
    confidence: float | None  # None: a measured value used as it stands
    tau_window_s: tuple[float, ...]  # lifetimes that count; empty without a window
    reference: str
    locator: str
    note: str
    bibtex: str
    conditions: str  # everything that decides, as JSON: windows, vetoes, lengths, boosts, values
    measurement: str = ""  # how a measured branching fraction became the limit; empty for a published limit
    published_confidence: float | None = None  # where the limit was converted to another level
    flight_spread: tuple[float, ...] = ()  # shortest and longest flight over the one used; empty: no range


def chosen_tables(
    set_name: str,
    *,
    measurement: str | None = None,
    only: list[str] | None = None,
    exclude: list[str] | None = None,
    files: list[Path] | None = None,
) -> tuple[str, dict[str, SearchTable], dict[str, SearchTable]]:
    """Return how measurements are read, and the tables of a set in the order of decays of Z, B and K.

    First those with data, then projections, which exclude nothing: here, and nowhere else, they part.  The
    arguments, and what is raised, are those of `searches.load_searches`.
    """
    if set_name not in SETS:
        raise unknown_name("searches", "search set", set_name, SETS)
    mode = measurement or SETS[set_name]
    if mode not in READINGS:
        raise unknown_name("searches", "measurement", mode, READINGS)
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
    gather(
        *(lambda name=name, table=table: _require_readable(name, table, mode) for name, table in kept.items())
    )
    order = sorted(kept, key=lambda name: ("ZBK".index(kept[name].channel[0]), name))
    with_data = {name: kept[name] for name in order if kept[name].kind != "projection"}
    if not with_data:
        what = "but projections " if kept else ""
        raise InputError(f'searches: none of the set "{set_name}" {what}is left; give at least one in only')
    return mode, with_data, {name: kept[name] for name in order if name not in with_data}


def _require_readable(name: str, table: SearchTable, mode: str) -> None:
    """Raise where a measurement does not hold what the way it is to be read needs."""
    if table.kind != "measurement":
        return
    measured, one = measured_of(table), mode.removeprefix(BINNED)
    if mode.startswith(BINNED):
        lacks = "" if table.bins else "no bins of q2"
    elif measured is None:
        lacks = "bins of q2 alone, no value of all of them"
    elif one == "sm_subtracted" and measured.sm_value is None:
        lacks = "no sm_value, sm_error and sm_reference"
    elif limit_of(measured, one) is None:
        lacks = f"value = {measured.value:g}, which is no limit"
    else:
        lacks = ""
    if lacks:
        raise InputError(
            f'searches: {name} holds {lacks}; measurement = "{mode}" cannot read it: leave it out, or choose '
            f"another of {', '.join(READINGS)}"
        )


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


def curves_of(
    tables: dict[str, SearchTable],
    files: list[Path] | None = None,
    mode: str = "",
    confidence: float | None = None,
) -> "dict[str, LimitCurve]":
    """Return the limit curve of every search that has one.

    Parameters
    ----------
    tables
        Searches by name, as `chosen_tables` returns them.
    files
        The user's own among them: a curve lies beside the file that names it.
    mode, confidence
        How measurements are read: bin by bin they have a curve, too.

    Raises
    ------
    InputError
        If a curve cannot be read, or does not go with its search.
    """
    own = {path.stem: path for path in files or []}
    paths = {name: own.get(name) or locate("searches", name) for name in tables}
    steps = {
        name: lambda name=name, table=table: _curve(table, paths[name])
        for name, table in tables.items()
        if table.kind != "measurement" and not isinstance(table.limit, float)
    } | {
        name: lambda name=name, table=table: _stepped(paths[name].parent / table.bins, mode, confidence)
        for name, table in tables.items()
        if table.kind == "measurement" and mode.startswith(BINNED) and table.bins
    }
    return dict(zip(steps, gather(*steps.values()), strict=True))


def _stepped(path: Path, mode: str, confidence: float | None) -> "LimitCurve":
    """Curve of a file of bins."""
    from jaxtri.limits.binned_limits import read_binned_limit

    return read_binned_limit(path, mode, confidence)


def _curve(table: SearchTable, path: Path) -> "LimitCurve":
    """Limit curve of one search, which must cover its masses and say the same of lifetimes and confidence."""
    from jaxtri.limits.limit_curves import curve_of_points, read_limit_curve

    where = short_name(path)
    if isinstance(table.limit, list):
        curve = curve_of_points(table.limit, where)
    else:
        assert table.curve is not None
        choice = table.curve if isinstance(table.curve, CurveFile) else CurveFile(file=table.curve)
        curve = read_limit_curve(path.parent / choice.file, choice)
    low, high = curve.m_X[0], curve.m_X[-1]
    overlap = low < table.m_X[1] and table.m_X[0] < high
    if not overlap or not table.m_X[1] / FARTHEST < high < table.m_X[1] * FARTHEST:
        raise InputError(
            f"{where}: m_X = {table.m_X}, but its curve has masses {low:g} to {high:g} GeV; if those are in "
            "MeV, call the column m_X [MeV]; else give the masses of the curve"
        )
    if curve.confidence is not None and curve.confidence != table.confidence:
        raise InputError(
            f"{where}: confidence = {table.confidence:g}, but {curve.source} says {curve.confidence:g}"
        )
    try:
        table.check_flight(len(curve.tau_ps) > 0)
    except ValueError as error:
        raise InputError(f"{where}: {error}") from None
    return curve


def label_of(
    name: str,
    table: SearchTable,
    mode: str,
    curve: "LimitCurve | None" = None,
    confidence: float | None = None,
) -> SearchLabel:
    """Label of a search whose measurement, if it is one, is read in some way, at some confidence level."""
    measured, flight = table.kind == "measurement", table.escape or table.prompt
    scale = conversion_of(table, confidence)
    if measured:
        level = None if mode.removeprefix(BINNED) == "central" else confidence or 0.95
    else:
        level = table.confidence if confidence is None else confidence
    return SearchLabel(
        name, table.title, table.experiment, table.channel, table.final_state, table.kind,
        curve.smallest * scale if curve else upper_limit(table, mode, confidence), level,
        tuple(tau * SECONDS_PER_PS for tau in table.tau_ps or ()),
        table.reference, table.locator, table.note or "", table.bibtex, _conditions(table, curve),
        measurement=mode if measured else "", published_confidence=table.confidence if scale != 1 else None,
        flight_spread=flight.spread if flight else (),
    )  # fmt: skip


def _conditions(table: SearchTable, curve: "LimitCurve | None") -> str:
    """Everything that decides, as JSON; of a curve its checksum stands for its numbers."""
    named = [name for name in table.sets if name in ("printed", "corrected")]  # as fingerprints always had it
    plain = table.model_copy(update={"sets": named})
    if curve is None:
        return plain.model_dump_json(exclude=NOT_DECIDING, exclude_none=True)
    deciding = plain.model_dump(
        mode="json", exclude=NOT_DECIDING | {"limit": True, "curve": True}, exclude_none=True
    )
    return json.dumps(deciding | {"curve_sha256": curve.digest})
