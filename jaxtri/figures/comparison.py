"""What a scan adds to earlier limits: mass ranges where Z, B and K decays improve, and islands."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from jaxtri.limits.previous import previous_limits, previously_excluded
from jaxtri.numerics.arrays import BoolArray
from jaxtri.scans.arrays import STATUS
from jaxtri.scans.record import Scan

GROUPS = ("Z", "B", "K")
BRIDGED = 1.05  # ratio of masses below which two ranges are reported as one


@dataclass(frozen=True)
class BoundingBox:
    """A rectangle around something excluded."""

    m_X: tuple[float, float]  # [GeV]
    g_X: tuple[float, float]


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
        For "Z", "B" and "K" the ranges, exact to the spacing of the mass axis; gaps below 5 % are bridged.
    """
    m_X, g_X = scan["m_X"], scan["g_X"]
    before = previously_excluded(previous_limits(scan.header.configuration), m_X, g_X)
    steps = np.gradient(np.log10(g_X))
    found: dict[str, list[Improvement]] = {}
    for letter in GROUPS:
        gain = ((scan.group(letter) > 0) & ~before) @ steps
        found[letter] = []
        for first, last in _runs(gain > 0):
            low, high, dex = float(m_X[first]), float(m_X[last]), float(gain[first : last + 1].max())
            if found[letter] and low / found[letter][-1].m_X[1] < BRIDGED:
                left = found[letter].pop()
                low, dex = left.m_X[0], max(dex, left.dex)
            found[letter].append(Improvement((low, high), dex))
    return found


def bounding_box(scan: Scan, search: str) -> BoundingBox | None:
    """Rectangle around what one search excludes; None if it excludes nothing, or is not in the scan."""
    if search not in scan.header.axes["search"]:
        return None
    position = scan.header.axes["search"].index(search)
    mask = (np.asarray(scan["log10_ratio"][position]) > 0) & (scan["status"] == STATUS["ok"])
    if not mask.any():
        return None
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return BoundingBox(
        (float(scan["m_X"][rows[0]]), float(scan["m_X"][rows[-1]])),
        (float(scan["g_X"][columns[0]]), float(scan["g_X"][columns[-1]])),
    )


def leading_searches(scan: Scan, letter: str, most: int = 4) -> list[str]:
    """Searches of a group by the area in which they exclude most: experiment and final state."""
    ratios, best = scan["log10_ratio"], scan.group(letter)
    excluded = best > 0
    areas: dict[str, int] = {}
    for i, one in enumerate(scan.header.searches):
        if one["channel"][0] == letter:
            name = f"{one['experiment']} {one['final_state']}"
            areas[name] = areas.get(name, 0) + int(np.count_nonzero(excluded & (ratios[i] == best)))
    return sorted((name for name, area in areas.items() if area), key=lambda name: -areas[name])[:most]


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
        and a row for each search that counts a window of lifetimes, with the box around its island.
    """
    names = list(scans)
    known = all(one.header.configuration["model"]["previous_limits"] for one in scans.values())
    what = "new exclusion" if known else "exclusion (no earlier limits known)"
    lines = [f"| {what}, m_X in GeV | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    gains = {name: improvements(scan) for name, scan in scans.items()}
    for letter in GROUPS:
        cells = [_ranges(gains[name][letter]) for name in names]
        lines.append(f"| {letter} decays | " + " | ".join(cells) + " |")
    for search in dict.fromkeys(name for scan in scans.values() for name in _displaced(scan)):
        cells = [_box(bounding_box(scan, search)) for scan in scans.values()]
        lines.append(f"| island: {search} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


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
