"""Which searches and treatments of scans are drawn."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from jaxtri.boundary.intervals import walls_of
from jaxtri.boundary.record import Boundaries, Curve
from jaxtri.errors import unknown_name
from jaxtri.scans.arrays import ARRAYS, REDUCTIONS
from jaxtri.scans.record import Arrays, Scan

BESIDE = 4  # panels
Key = TypeVar("Key", bound=Hashable)
View = tuple[tuple[float, float], tuple[float, float]]  # lowest and highest m_X [GeV], and g_X
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
    return Scan(
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
        "each" alone; all models of a treatment ("treatments"), all treatments of a model ("models"); all
        "together".
    """
    if how == "each":
        return [[name] for name in kinds]
    found: dict[str, list[Key]] = {}
    for name, (model, treatment) in kinds.items():
        found.setdefault({"treatments": treatment, "models": model, "together": ""}[how], []).append(name)
    return list(found.values())


def columns_of(kinds: Mapping[Any, tuple[str, str]], how: str) -> int:
    """How many panels stand side by side: a row a model, where all have as many treatments; few at most."""
    panels = panels_of(kinds, how)
    models = {model for model, _ in kinds.values()}
    by_model = [sum(model == one for one, _ in kinds.values()) for model in models]
    grid = how == "each" and len(models) > 1 and len(set(by_model)) == 1
    return min(by_model[0] if grid else len(panels), BESIDE)


def names_of(scans: Mapping[str, Scan], between: str = ", ") -> list[str]:
    """Model and treatment of every scan, and what it is called besides where these do not tell them apart."""
    names = [between.join(pair) for pair in kinds_of(scans).values()]
    return [
        f"{name} ({called})" if names.count(name) > 1 else name
        for name, called in zip(names, scans, strict=True)
    ]


def same_grey(scans: Mapping[str, Scan]) -> bool:
    """Whether all scans have the same couplings that were excluded before: else none is shown for all."""
    tables = [one.header.configuration["model"]["previous_limits"] for one in scans.values()]
    return tables[0] is not None and tables.count(tables[0]) == len(tables)


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


def view_of(scan: Scan, xlim: Sequence[float] | None = None, ylim: Sequence[float] | None = None) -> View:
    """Return lowest and highest m_X [GeV] and g_X that are shown: by default those of the scan."""
    (low, high), (bottom, top) = (
        (float(one[0]), float(one[-1])) for one in (xlim or scan["m_X"], ylim or scan["g_X"])
    )
    return (low, high), (bottom, top)


def projections_of(scan: Scan, letter: str, view: View | None = None) -> list[Mapping[str, Any]]:
    """Projections among the decays of one parent that have a curve in what is shown."""
    (low, high), (bottom, top) = view or view_of(scan)
    drawn = {
        one.search
        for one in projected(scan, letter)
        if np.any((low <= one.m_X) & (one.m_X <= high) & (bottom <= one.g_X) & (one.g_X <= top))
    }
    return [one for one in scan.header.projections if one["name"] in drawn]


def called(search: Mapping[str, Any]) -> str:
    """Experiment and final state of a search."""
    return f"{search['experiment']} {search['final_state']}"


def projected(scan: Scan, letter: str) -> list[Curve]:
    """Curves of the projections among the decays of one parent."""
    if scan.boundaries is None:
        return []
    group = {one["name"] for one in scan.header.projections if one["channel"][0] == letter}
    return [one for one in scan.boundaries.projections if one.search in group]
