"""Which searches and treatments of scans are drawn."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from jaxtri.boundary.intervals import walls_of
from jaxtri.boundary.record import Boundaries, Curve, Region
from jaxtri.errors import InputError, unknown_name
from jaxtri.scans.arrays import ARRAYS, REDUCTIONS
from jaxtri.scans.record import Arrays, Scan

BESIDE = 4  # panels
MOST = 5  # scans in one panel
Key = TypeVar("Key", bound=Hashable)
OF_ALL = tuple(name for name in REDUCTIONS if name != "status")  # of all searches: unknown for some of them


def chosen(scans: Mapping[str, Scan], searches: Sequence[str], treatments: Sequence[str]) -> dict[str, Scan]:
    """Return the scans of some treatments with some searches; an empty list chooses all.

    Raises
    ------
    InputError
        If a treatment, or a search, is in none of them.
    """
    known = [one.header.treatment for one in scans.values()]
    for name in treatments:
        if name not in known:
            raise unknown_name("plot", "treatment", name, dict.fromkeys(known))
    kept = {name: one for name, one in scans.items() if not treatments or one.header.treatment in treatments}
    names = dict.fromkeys(label for one in kept.values() for label in searches_of(one))
    for name in searches:
        if name not in names:
            raise unknown_name("plot", "search", name, names)
    return {name: with_searches(one, searches) if searches else one for name, one in kept.items()}


def searches_of(scan: Scan) -> list[str]:
    """Names of the searches of a scan, projections too."""
    return [one["name"] for one in (*scan.header.searches, *scan.header.projections)]


def with_searches(scan: Scan, names: Sequence[str]) -> Scan:
    """Return a scan as if only some of its searches were in it, each with curves of its own."""
    header = scan.header
    kept = [i for i, one in enumerate(header.searches) if one["name"] in names]
    labels = tuple(header.searches[i] for i in kept)
    names_kept = tuple(name for name in header.arrays if name not in OF_ALL)
    arrays = Arrays(names_kept, lambda name, at: _of_searches(scan, kept, name, at))
    axes = dict(header.axes) | {"search": tuple(one["name"] for one in labels)}
    return replace(
        scan,
        header=replace(
            header,
            searches=labels,
            projections=tuple(one for one in header.projections if one["name"] in names),
            axes=axes,
            arrays=names_kept,
        ),
        arrays=arrays,
        boundaries=None if scan.boundaries is None else _boundaries(scan, scan.boundaries, names),
    )


def _of_searches(scan: Scan, kept: list[int], name: str, at: Any) -> npt.NDArray[Any]:
    """Part of an array of a scan, of which only some searches are known."""
    if "search" not in ARRAYS[name].dims:
        return scan.part(name, at)
    first, *rest = at if isinstance(at, tuple) else (at,)
    if isinstance(first, int):
        return scan.part(name, (kept[first], *rest))
    none = scan.part(name, slice(0, 0))
    return np.concatenate([none, *(scan.part(name, slice(i, i + 1)) for i in kept)])[at]


def _boundaries(scan: Scan, found: Boundaries, names: Sequence[str]) -> Boundaries:
    """Boundaries of some searches, side by side: no outline of their union is known."""
    letters = {one["name"]: one["channel"][0] for one in scan.header.searches}
    curves = tuple(one for one in found.curves if one.search in names)
    groups = {group: tuple(one for one in curves if letters[one.search] in group) for group in found.groups}
    regions = tuple(one for one in found.regions if one.search in names)
    walls = {
        group: walls_of([one for one in regions if letters[one.search] in group]) for group in found.walls
    }
    later = tuple(one for one in found.projections if one.search in names)
    return replace(found, curves=curves, groups=groups, walls=walls, regions=regions, projections=later)


def kinds_of(scans: Mapping[str, Scan]) -> dict[str, tuple[str, str]]:
    """Model and treatment of every scan."""
    return {
        name: (one.header.configuration["model"]["name"], one.header.treatment) for name, one in scans.items()
    }


def panels_of(kinds: Mapping[Key, tuple[str, str]], how: str) -> list[list[Key]]:
    """Return which scans share a panel.

    Parameters
    ----------
    kinds
        Model and treatment of every scan.
    how
        "each" alone, model by model where they make a grid; all models of a treatment ("treatments"), all
        treatments of a model ("models"); all "together".
    """
    if how == "each":
        models = list(dict.fromkeys(model for model, _ in kinds.values()))
        ordered = sorted(kinds, key=lambda name: models.index(kinds[name][0])) if _grid(kinds) else kinds
        return [[name] for name in ordered]
    found: dict[str, list[Key]] = {}
    for name, (model, treatment) in kinds.items():
        found.setdefault({"treatments": treatment, "models": model, "together": ""}[how], []).append(name)
    return list(found.values())


def panel_columns(kinds: Mapping[Any, tuple[str, str]], how: str) -> int:
    """How many panels stand side by side: all treatments of a model, where they make a grid; else few."""
    return _grid(kinds) if how == "each" and _grid(kinds) else min(len(panels_of(kinds, how)), BESIDE)


def _grid(kinds: Mapping[Any, tuple[str, str]]) -> int:
    """How many treatments each of several models has; 0 where that differs, or is one."""
    count = Counter(model for model, _ in kinds.values())
    treatments = set(count.values())
    return treatments.pop() if len(count) > 1 and len(treatments) == 1 and treatments != {1} else 0


def require_panels(where: str, kinds: Mapping[Any, tuple[str, str]], how: str) -> None:
    """Raise, before any work, where more scans share a panel than can be told apart.

    Raises
    ------
    InputError
        With their number.
    """
    most = max(map(len, panels_of(kinds, how)), default=0)
    if most > MOST:
        raise InputError(
            f"{where}: {most} scans in one panel: at most {MOST} can be told apart; choose some of them"
        )


def names_of(scans: Mapping[str, Scan], between: str = ", ") -> list[str]:
    """Model and treatment of every scan, and what it is called besides where these do not tell them apart."""
    names = [between.join(pair) for pair in kinds_of(scans).values()]
    return [
        f"{name} ({key})" if names.count(name) > 1 else name for name, key in zip(names, scans, strict=True)
    ]


def same_grey(scans: Mapping[str, Scan]) -> bool:
    """Whether all scans have the same couplings that were excluded before: else none is shown for all."""
    models = [one.header.configuration["model"] for one in scans.values()]
    tables = [one["previous_limits"] for one in models]
    if tables[0] is None or tables.count(tables[0]) < len(tables):
        return False
    computed = [[piece.m_X.tobytes() for piece in one.get("computed_limits", ())] for one in models]
    return computed.count(computed[0]) == len(computed)  # at the masses of each scan


def same_favoured(scans: Mapping[str, Scan]) -> bool:
    """Whether relic lines and the band of the muon are the same for all scans: those of one model."""
    models = [one.header.configuration["model"]["name"] for one in scans.values()]
    there = [one.favoured is not None for one in scans.values()]
    return all(there) and models.count(models[0]) == len(models)


def window_of(scans: Mapping[str, Scan]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Ends of m_X [GeV] and g_X that hold the axes of all scans."""
    m_X, g_X = (
        (
            min(float(one[axis][0]) for one in scans.values()),
            max(float(one[axis][-1]) for one in scans.values()),
        )
        for axis in ("m_X", "g_X")
    )
    return m_X, g_X


def called(search: Mapping[str, Any]) -> str:
    """Experiment and final state of a search."""
    return f"{search['experiment']} {search['final_state']}"


def projected(scan: Scan, letter: str) -> list[Curve]:
    """Curves of the projections among the decays of one parent."""
    if scan.boundaries is None:
        return []
    group = {one["name"] for one in scan.header.projections if one["channel"][0] == letter}
    return [one for one in scan.boundaries.projections if one.search in group]


def regions_of(scan: Scan, letter: str) -> list[Region]:
    """What the searches of a group exclude, in a scan with curves."""
    assert scan.boundaries is not None
    group = {one["name"] for one in scan.header.searches if one["channel"][0] == letter}
    return [one for one in scan.boundaries.regions if one.search in group]
