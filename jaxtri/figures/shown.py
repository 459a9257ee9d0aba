"""What of a scan is seen between the limits of a figure: searches, earlier limits, projections."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jaxtri.boundary.intervals import Edges, covered, edges_at, joined
from jaxtri.boundary.record import Region
from jaxtri.figures.selection import called, projected, regions_of
from jaxtri.limits.previous import PreviousLimit, previous_edges, previous_limits
from jaxtri.numerics.arrays import BoolArray, FloatArray
from jaxtri.scans.arrays import STATED
from jaxtri.scans.record import Scan

COLUMNS = 1000  # masses at which areas are compared
NEGLIGIBLE = 1e-3  # of an area: what adds less leads nowhere
OPEN = 1e3  # ln g_X of an edge that is infinite
View = tuple[tuple[float, float], tuple[float, float]]  # lowest and highest m_X [GeV], and g_X


def view_of(scan: Scan, xlim: Sequence[float] | None = None, ylim: Sequence[float] | None = None) -> View:
    """Return lowest and highest m_X [GeV] and g_X that are shown: by default those of the scan."""
    (low, high), (bottom, top) = (
        (float(nodes[0] if given is None else given[0]), float(nodes[-1] if given is None else given[-1]))
        for given, nodes in ((xlim, scan["m_X"]), (ylim, scan["g_X"]))
    )
    return (low, high), (bottom, top)


def shows(scan: Scan, search: str, view: View) -> bool:
    """Whether a search excludes something of what is shown."""
    if scan.boundaries is not None:
        some = (map(np.log, one.edges) for one in scan.boundaries.regions if one.search == search)
        return any(_overlaps(x, lower, upper, view) for x, lower, upper in some)
    names = list(scan.header.axes["search"])
    if search not in names:
        return False
    excludes = (scan["log10_ratio"][names.index(search)] > 0) & np.isin(scan["status"], STATED)
    return bool(np.any(excludes & _cells(scan, view)))


def grey_of(scan: Scan, view: View) -> list[PreviousLimit]:
    """Earlier limits that exclude something of what is shown."""
    found = []
    for one in previous_limits(scan.header.configuration):
        lower, upper = previous_edges([one], one.m_X)
        if _overlaps(np.log(one.m_X), lower[:, 0], upper[:, 0], view):
            found.append(one)
    return found


def projections_of(scan: Scan, letter: str, view: View | None = None) -> list[Mapping[str, Any]]:
    """Projections among the decays of one parent whose curves pass through what is shown."""
    view = view or view_of(scan)
    drawn = {one.search for one in projected(scan, letter) if _passes(one.m_X, one.g_X, view)}
    return [one for one in scan.header.projections if one["name"] in drawn]


def _cells(scan: Scan, view: View) -> BoolArray:
    """Which cells of a grid are shown, (m_X, g_X)."""
    inside = [
        (low <= nodes) & (nodes <= high)
        for (low, high), nodes in zip(view, (scan["m_X"], scan["g_X"]), strict=True)
    ]
    return inside[0][:, None] & inside[1]


def _overlaps(x: FloatArray, lower: FloatArray, upper: FloatArray, view: View) -> bool:
    """Whether what lies between two edges, straight in logarithms from vertex to vertex, is seen."""
    (left, right), (bottom, top) = (np.log(one) for one in view)
    lower, upper = (np.clip(edge, -OPEN, OPEN) for edge in (lower, upper))
    if len(x) == 1:  # known at one mass
        return bool(left <= x[0] <= right and lower[0] < top and upper[0] > bottom)
    stops = [x, np.array([left, right])]
    for edge, level in ((lower, top), (upper, bottom)):
        before, after = edge[:-1] - level, edge[1:] - level
        at = np.flatnonzero((before > 0) != (after > 0))
        stops.append(x[at] + (x[at + 1] - x[at]) * before[at] / (before[at] - after[at]))
    every = np.unique(np.concatenate(stops))
    every = every[(every >= max(left, x[0])) & (every <= min(right, x[-1]))]
    middle = (every[1:] + every[:-1]) / 2
    low, high = np.interp(middle, x, lower), np.interp(middle, x, upper)
    return bool(np.any((low < high) & (low < top) & (high > bottom)))


def _passes(m_X: FloatArray, g_X: FloatArray, view: View) -> bool:
    """Whether any step of a curve, straight in logarithms, touches what is shown."""
    enter, leave = np.zeros(len(m_X) - 1), np.ones(len(m_X) - 1)
    for values, ends in ((np.log(m_X), view[0]), (np.log(g_X), view[1])):
        low, high = np.log(ends[0]) - values[:-1], np.log(ends[1]) - values[:-1]
        step = np.diff(values)
        with np.errstate(divide="ignore", invalid="ignore"):
            at = np.sort([low / step, high / step], axis=0)
        still = step == 0
        inside = (low <= 0) & (high >= 0)
        enter = np.maximum(enter, np.where(still, np.where(inside, 0.0, 2.0), at[0]))
        leave = np.minimum(leave, np.where(still, 1.0, at[1]))
    return bool(np.any(enter <= leave))


def leading_searches(scan: Scan, letter: str, most: int = 4, view: View | None = None) -> list[str]:
    """Searches of a group that together exclude most of what it does: experiment and final state.

    The one with the largest area in (ln m_X, ln g_X) of what is shown first, then the one that adds most to
    it, and so on; of a scan without curves, by the number of cells in which a search excludes most.
    """
    areas: dict[str, float] = {}
    view = view or view_of(scan)
    added = (
        _areas_in_grid(scan, letter, view)
        if scan.boundaries is None
        else _areas_added(scan, letter, most, view)
    )
    labels = {one["name"]: called(one) for one in scan.header.searches}
    for name, area in added.items():
        areas[labels[name]] = areas.get(labels[name], 0.0) + area
    return sorted((name for name, area in areas.items() if area), key=lambda name: -areas[name])[:most]


def _areas_in_grid(scan: Scan, letter: str, view: View) -> dict[str, float]:
    """Cells of what is shown in which each search of a group excludes most."""
    ratios, best, shown = scan["log10_ratio"], scan.group(letter), _cells(scan, view)
    return {
        one["name"]: float(np.count_nonzero(shown & (best > 0) & (ratios[i] == best)))
        for i, one in enumerate(scan.header.searches)
        if one["channel"][0] == letter
    }


def _areas_added(scan: Scan, letter: str, most: int, view: View) -> dict[str, float]:
    """Area that each of the leading searches of a group adds, of what is shown, to those before it."""
    masses, window = np.geomspace(*view[0], COLUMNS), (math.log(view[1][0]), math.log(view[1][1]))
    every = regions_of(scan, letter)
    left = {name: edges_at([one for one in every if one.search == name], masses) for name in _names(every)}
    chosen: list[Edges] = []
    areas: dict[str, float] = {}
    total, gains, fresh = 0.0, dict.fromkeys(left, math.inf), set[str]()
    while gains and len(areas) < most:
        best = max(gains, key=gains.__getitem__)
        if best not in fresh:  # what a search adds only shrinks: a gain of before is never too small
            gains[best] = float(covered(joined(*chosen, left[best]), window).sum()) - total
            fresh.add(best)
            continue
        if gains[best] <= total * NEGLIGIBLE:
            break
        areas[best] = gains.pop(best)
        total += areas[best]
        chosen.append(left[best])
        fresh.clear()
    return areas


def _names(regions: Sequence[Region]) -> list[str]:
    return list(dict.fromkeys(one.search for one in regions))
