"""What a scan adds to earlier limits: mass ranges where Z, B and K decays improve, and islands."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from jaxtri.boundary.intervals import BLOCK, between, covered, edges_at, joined, vertices_of
from jaxtri.boundary.record import Region
from jaxtri.figures.selection import regions_of
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
