"""What a scan adds to earlier limits: mass ranges where Z, B and K decays improve, and islands."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from jaxtri.boundary.intervals import BLOCK, Edges, between, covered, edges_at, joined, vertices_of
from jaxtri.boundary.record import Region
from jaxtri.figures.selection import View, view_of
from jaxtri.limits.previous import PreviousLimit, previous_edges, previous_limits, previously_excluded
from jaxtri.model.anomalies import cautions, verdict
from jaxtri.numerics.arrays import BoolArray, FloatArray
from jaxtri.scans.arrays import STATED
from jaxtri.scans.record import Scan

GROUPS = ("Z", "B", "K")
BRIDGED = 1.05  # ratio of masses below which two ranges are reported as one
LN10 = math.log(10.0)
ROUNDED = 1e-11  # ln g_X: a difference of lengths up to 50, rounded
WIDE = 0.01  # ln m_X: between vertices this far apart there may be a gap
PARTS, ROUNDS = 64, 8  # of a step of ln m_X, cut again and again: to rounding
COLUMNS = 1000  # masses at which areas are compared
NEGLIGIBLE = 1e-3  # of an area: what adds less leads nowhere


@dataclass(frozen=True)
class BoundingBox:
    """A rectangle around something excluded."""

    m_X: tuple[float, float]  # [GeV]
    g_X: tuple[float, float]


UNKNOWN = "no earlier limits known"


@dataclass(frozen=True)
class Improvement:
    """A range of masses with newly excluded couplings, and how many decades of them at most."""

    m_X: tuple[float, float]  # [GeV]
    dex: float


def improvements(scan: Scan) -> dict[str, list[Improvement]]:
    """Mass ranges in which each group excludes couplings that nothing excluded before.

    Returns
    -------
    dict
        For "Z", "B" and "K" the ranges; gaps below 5 % are bridged.  Exact where the scan has curves, to the
        spacing of the mass axis where it has none.
    """
    limits = previous_limits(scan.header.configuration)
    found = _of_grid(scan, limits) if scan.boundaries is None else _of_curves(scan, limits)
    return {letter: _bridged(ranges) for letter, ranges in found.items()}


def _of_grid(scan: Scan, limits: list[PreviousLimit]) -> dict[str, list[Improvement]]:
    """Ranges of masses by the cells of a grid."""
    m_X, g_X = scan["m_X"], scan["g_X"]
    before = previously_excluded(limits, m_X, g_X)
    steps = np.gradient(np.log10(g_X))
    gains = {letter: ((scan.group(letter) > 0) & ~before) @ steps for letter in GROUPS}
    return {
        letter: [
            Improvement((float(m_X[first]), float(m_X[last])), float(gain[first : last + 1].max()))
            for first, last in _runs(gain > 0)
        ]
        for letter, gain in gains.items()
    }


def _of_curves(scan: Scan, limits: list[PreviousLimit]) -> dict[str, list[Improvement]]:
    """Ranges of masses by the regions between exact curves; their ends are bisected."""
    window = _window(scan)
    known = np.concatenate([np.zeros(0), *(one.m_X for one in limits)])
    found: dict[str, list[Improvement]] = {}
    for letter in GROUPS:
        regions = regions_of(scan, letter)
        masses = vertices_of(regions)
        masses = _filled(np.union1d(masses, known[_within(known, masses)]))
        gain = _gain(regions, limits, masses, window)
        found[letter] = [
            Improvement(
                (
                    _end(regions, limits, masses[max(first - 1, 0)], masses[first], window),
                    _end(regions, limits, masses[min(last + 1, len(masses) - 1)], masses[last], window),
                ),
                float(gain[first : last + 1].max() / LN10),
            )
            for first, last in _runs(gain > ROUNDED)
        ]
    return found


def _window(scan: Scan) -> tuple[float, float]:
    """Lowest and highest ln g_X of a scan."""
    return float(np.log(scan["g_X"][0])), float(np.log(scan["g_X"][-1]))


def regions_of(scan: Scan, letter: str) -> list[Region]:
    """What the searches of a group exclude, in a scan with curves."""
    assert scan.boundaries is not None
    group = {one["name"] for one in scan.header.searches if one["channel"][0] == letter}
    return [one for one in scan.boundaries.regions if one.search in group]


def _within(values: FloatArray, masses: FloatArray) -> BoolArray:
    return (values > masses[0]) & (values < masses[-1]) if len(masses) else np.zeros(len(values), dtype=bool)


def _filled(masses: FloatArray) -> FloatArray:
    """Masses with one more in every wide gap: a veto has no vertex inside."""
    wide = np.flatnonzero(np.diff(np.log(masses)) > WIDE)
    return np.union1d(masses, np.sqrt(masses[wide] * masses[wide + 1]))


def _gain(
    regions: list[Region], limits: list[PreviousLimit], masses: FloatArray, window: tuple[float, float]
) -> FloatArray:
    """Ln g_X that regions exclude and earlier searches do not, at every mass; masses ascend."""
    gain = np.zeros(len(masses))
    for start in range(0, len(masses), BLOCK):
        some = masses[start : start + BLOCK]
        near = [one for one in limits if one.m_X[0] <= some[-1] and one.m_X[-1] >= some[0]]
        new, before = edges_at(between(regions, some[0], some[-1]), some), previous_edges(near, some)
        gain[start : start + BLOCK] = covered(joined(new, before), window) - covered(before, window)
    return gain


def _end(
    regions: list[Region],
    limits: list[PreviousLimit],
    outside: float,
    inside: float,
    window: tuple[float, float],
) -> float:
    """Mass at which a gain ends, between a mass without and a mass with it."""
    ends = min(outside, inside), max(outside, inside)
    near = between(regions, *ends)
    for _ in range(ROUNDS if outside != inside else 0):
        masses = np.geomspace(outside, inside, PARTS + 1)
        ascending = masses if outside < inside else masses[::-1]
        gains = _gain(near, limits, ascending, window) > ROUNDED
        there = int(np.argmax(gains if outside < inside else gains[::-1]))  # the first mass with a gain
        outside, inside = float(masses[max(there - 1, 0)]), float(masses[there])
    return inside


def _bridged(ranges: list[Improvement]) -> list[Improvement]:
    """Ranges without the small gaps between them."""
    found: list[Improvement] = []
    for one in ranges:
        if found and one.m_X[0] / found[-1].m_X[1] < BRIDGED:
            left = found.pop()
            found.append(Improvement((left.m_X[0], one.m_X[1]), max(left.dex, one.dex)))
        else:
            found.append(one)
    return found


def bounding_box(scan: Scan, search: str) -> BoundingBox | None:
    """Rectangle around what one search excludes; None if it excludes nothing, or is not in the scan."""
    if search not in scan.header.axes["search"]:
        return None
    if scan.boundaries is not None:
        rings = [one for one in scan.boundaries.regions if one.search == search]
        nothing = np.zeros(0)
        m_X, g_X = [one.m_X for one in rings], [one.g_X for one in rings]
        return _box_around(np.concatenate([nothing, *m_X]), np.concatenate([nothing, *g_X]))
    position = scan.header.axes["search"].index(search)
    mask = (np.asarray(scan["log10_ratio"][position]) > 0) & np.isin(scan["status"], STATED)
    return _box_around(scan["m_X"][mask.any(axis=1)], scan["g_X"][mask.any(axis=0)])


def _box_around(m_X: FloatArray, g_X: FloatArray) -> BoundingBox | None:
    if not len(m_X):
        return None
    return BoundingBox((float(m_X.min()), float(m_X.max())), (float(g_X.min()), float(g_X.max())))


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
    labels = {one["name"]: f"{one['experiment']} {one['final_state']}" for one in scan.header.searches}
    for name, area in added.items():
        areas[labels[name]] = areas.get(labels[name], 0.0) + area
    return sorted((name for name, area in areas.items() if area), key=lambda name: -areas[name])[:most]


def shows(scan: Scan, search: str, view: View) -> bool:
    """Whether a search excludes something of what is shown; of a scan without curves, whether it is in it."""
    if scan.boundaries is None:
        return search in scan.header.axes["search"]
    return any(one.search == search and _reaches(one, *view) for one in scan.boundaries.regions)


def _reaches(region: Region, xlim: tuple[float, float], ylim: tuple[float, float]) -> bool:
    """Whether any of a region lies within limits of m_X and g_X."""
    masses = region.edges[0]
    low, high = max(xlim[0], masses[0]), min(xlim[1], masses[-1])
    if low >= high:
        return False
    lower, upper = edges_at([region], np.array([low, *masses[(low < masses) & (masses < high)], high]))
    return bool(np.any((lower < np.log(ylim[1])) & (upper > np.log(ylim[0])) & (lower < upper)))


def grey_of(scan: Scan, view: View) -> list[PreviousLimit]:
    """Earlier limits that exclude something of what is shown."""
    (low, high), (bottom, top) = view
    found = []
    for one in previous_limits(scan.header.configuration):
        first, last = max(low, one.m_X[0]), min(high, one.m_X[-1])
        if first < last:
            inner = one.m_X[(first < one.m_X) & (one.m_X < last)]
            lower, upper = previous_edges([one], np.array([first, *inner, last]))
            if np.any((lower < np.log(top)) & (upper > np.log(bottom))):
                found.append(one)
    return found


def _areas_in_grid(scan: Scan, letter: str, view: View) -> dict[str, float]:
    """Cells of what is shown in which each search of a group excludes most."""
    ratios, best = scan["log10_ratio"], scan.group(letter)
    shown = np.ones(best.shape, dtype=bool)
    for axis, (low, high), nodes in zip((0, 1), view, (scan["m_X"], scan["g_X"]), strict=True):
        shown &= np.expand_dims((low <= nodes) & (nodes <= high), 1 - axis)
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


def _names(regions: list[Region]) -> list[str]:
    return list(dict.fromkeys(one.search for one in regions))


def compare(scans: Mapping[str, Scan]) -> str:
    """Return a table of the masses at which scans exclude couplings that nothing excluded before.

    Parameters
    ----------
    scans
        Scans of the (m_X, g_X) plane by the names that head the columns.

    Returns
    -------
    str
        Markdown: a row for Z, B and K decays, with mass ranges [GeV] and the largest gain in decades of g_X,
        and a row for each search that counts a window of lifetimes, with the box around its island.  Below
        the table, what the formulas leave out for a model.
    """
    names = list(scans)
    known = [bool(one.header.configuration["model"]["previous_limits"]) for one in scans.values()]
    what = "new exclusion" if any(known) else f"exclusion ({UNKNOWN})"
    heads = [
        name if there or not any(known) else f"{name} ({UNKNOWN}: all exclusion)"
        for name, there in zip(names, known, strict=True)
    ]
    lines = [f"| {what}, m_X in GeV | " + " | ".join(heads) + " |", "|---|" + "---|" * len(names)]
    gains = {name: improvements(scan) for name, scan in scans.items()}
    for letter in GROUPS:
        cells = [_ranges(gains[name][letter]) for name in names]
        lines.append(f"| {letter} decays | " + " | ".join(cells) + " |")
    for search in dict.fromkeys(name for scan in scans.values() for name in _displaced(scan)):
        cells = [_box(bounding_box(scan, search)) for scan in scans.values()]
        lines.append(f"| island: {search} | " + " | ".join(cells) + " |")
    said = dict.fromkeys(
        f"{one.header.configuration['model']['name']}: {caution}"
        for one in scans.values()
        for caution in cautions_of(one)
    )
    return "\n".join([*lines, *([""] if said else []), *said])


def verdict_of(scan: Scan) -> str:
    """What the treatment of a scan means for its model, in one line."""
    model, treatment = (scan.header.configuration[name] for name in ("model", "treatment"))
    return verdict(model["anomalies"], treatment["decoupling"])


def cautions_of(scan: Scan) -> list[str]:
    """What the formulas leave out for the model of a scan, and which channels have no rate."""
    model, treatment = (scan.header.configuration[name] for name in ("model", "treatment"))
    by_reason = by_text(treatment.get("refused", {}))
    refused = [f"no rate of {', '.join(some)}: {reason}" for reason, some in by_reason.items()]
    kaon = "K+ -> pi+ X" not in treatment.get("refused", {}) and model["charges"]["u"] != 0
    if treatment["emission"] == "one_loop" and kaon:
        kappa = scan.header.configuration["inputs"]["K_pi_kappa"]
        refused.append(f"kappa = {kappa:g} in K+ -> pi+ X (long distances: of order 1, not known)")
    return [*cautions(model["charges"]), *refused]


def by_text(texts: Mapping[str, str]) -> dict[str, list[str]]:
    """Names by what is said of them."""
    found: dict[str, list[str]] = {}
    for name, text in texts.items():
        found.setdefault(text, []).append(name)
    return found


def _displaced(scan: Scan) -> list[str]:
    """Searches that count a window of lifetimes: what they exclude is an island."""
    return [one["name"] for one in scan.header.searches if one["tau_window_s"]]


def _ranges(ranges: list[Improvement]) -> str:
    return ", ".join(f"{one.m_X[0]:.3g}–{one.m_X[1]:.3g} ({one.dex:.2g} dex)" for one in ranges) or "none"


def _box(region: BoundingBox | None) -> str:
    if region is None:
        return "none"
    return f"m_X {region.m_X[0]:.3g}–{region.m_X[1]:.3g}, g_X {region.g_X[0]:.2g}–{region.g_X[1]:.2g}"


def _runs(flags: BoolArray) -> list[tuple[int, int]]:
    """First and last position of every run of true flags."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]
