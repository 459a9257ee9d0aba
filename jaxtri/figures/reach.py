"""How far each search of a scan reaches in g_X, and the masses at which it leads."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from jaxtri.boundary.intervals import edges_at, vertices_of
from jaxtri.boundary.record import Region
from jaxtri.errors import InputError
from jaxtri.figures.comparison import BRIDGED
from jaxtri.numerics.arrays import FloatArray
from jaxtri.scans.record import Scan

STEPS = 4000  # masses beside the vertices at which the leader is looked up


@dataclass(frozen=True)
class Reach:
    """The lowest coupling that a search excludes, and the masses at which no other excludes a lower one."""

    search: str
    g_X: float | None  # None: nothing is excluded
    m_X: float | None  # mass [GeV] at which
    leads: tuple[tuple[float, float], ...]  # [GeV]; gaps below 5 % are bridged


def reaches(scan: Scan, *, by: Mapping[str, str] | None = None) -> list[Reach]:
    """Return what every search of a scan reaches, in the order of the scan.

    Parameters
    ----------
    scan
        A scan with exact curves.
    by
        Names under which searches count together, such as those of experiments; by default each alone.

    Raises
    ------
    InputError
        If the scan has no curves.
    """
    if scan.boundaries is None:
        raise InputError(f'"{scan.header.title}" holds no exact curves; scan it with curves = true')
    names = [one["name"] for one in scan.header.searches]
    called = {name: (by or {}).get(name, name) for name in names}
    regions = scan.boundaries.regions
    masses = np.union1d(vertices_of(regions), np.geomspace(scan["m_X"][0], scan["m_X"][-1], STEPS))
    members: dict[str, list[Region]] = {group: [] for group in called.values()}
    for one in regions:
        members[called[one.search]].append(one)
    lowest = {
        group: np.min(edges_at(some, masses)[0], axis=1, initial=np.inf) for group, some in members.items()
    }
    best = np.min([*lowest.values()], axis=0)
    return [_reach(group, masses, edge, best) for group, edge in lowest.items()]


def _reach(name: str, masses: FloatArray, edge: FloatArray, best: FloatArray) -> Reach:
    """One search: its lowest edge, ln g_X at every mass, beside the lowest of all."""
    if not np.isfinite(edge).any():
        return Reach(name, None, None, ())
    at = int(np.argmin(edge))
    leading = masses[np.isfinite(edge) & (edge == best)]
    parts = np.split(leading, 1 + np.flatnonzero(leading[1:] / leading[:-1] > BRIDGED))
    ranges = [(float(part[0]), float(part[-1])) for part in parts if len(part)]
    return Reach(name, float(np.exp(edge[at])), float(masses[at]), tuple(ranges))


def reach_table(scan: Scan) -> str:
    """Return a table of the searches of a scan: confidence, reference, lowest coupling, leading masses."""
    labels = {one["name"]: one for one in scan.header.searches}
    lines = ["| search | CL | reference | excludes g_X from | leads at m_X [GeV] |", "|---|---|---|---|---|"]
    for one in reaches(scan):
        label = labels[one.search]
        level = f"{100 * label['confidence']:g} %" if label["confidence"] else "central"
        lowest = "nothing" if one.g_X is None else f"{one.g_X:.2g}, at {one.m_X:.3g} GeV"
        cells = one.search, level, label["reference"], lowest, ranges_text(one.leads)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def ranges_text(ranges: tuple[tuple[float, float], ...]) -> str:
    """Ranges of masses as text."""
    ends = [(f"{low:.3g}", f"{high:.3g}") for low, high in ranges]
    return ", ".join(low if low == high else f"{low}–{high}" for low, high in ends) or "–"
