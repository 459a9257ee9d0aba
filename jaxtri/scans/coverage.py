"""Whether what data favour is excluded: relic lines inside the muon's band, the band, the plot."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from jaxtri.boundary.intervals import edges_at, vertices_of
from jaxtri.boundary.record import Boundaries, Region
from jaxtri.errors import InputError
from jaxtri.limits.excluded_couplings import WIDEST
from jaxtri.limits.searches import load_searches
from jaxtri.model.dark_matter import DarkMatter
from jaxtri.numerics.arrays import BoolArray, FloatArray
from jaxtri.numerics.jax_settings import require_x64
from jaxtri.physics.muon_g2 import muon_g2_couplings
from jaxtri.physics.relic.relic_lines import relic_couplings
from jaxtri.scans.favoured_lines import line_masses
from jaxtri.scans.in_memory import boundaries
from jaxtri.scans.spec import Source, Spec, as_spec

PARENTS = "BK"  # whose decays count: what the paper's claim is about
EVEN = 121  # masses at which the band and the plot are looked at
INSIDE = 24  # further masses where a line enters or leaves the band
ROUNDING = 1e-12  # of masses at the ends of the axis
WIDTHS = (0.1, 1.0)  # GeV, up to which a plot may reach

Range = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class LineCoverage:
    """One relic line under one treatment and set of searches."""

    m_chi: float  # [GeV]
    x_N: float
    temperature: str
    favoured: tuple[Range, ...]  # m_X [GeV] where the line lies inside the band
    excluded: bool | None  # whether all of that is excluded; None: there is nothing of it
    strength: Range | None  # least and largest g_X over the lowest excluded one there
    allowed: tuple[Range, ...]  # m_X [GeV] where the line is not excluded


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """What one treatment and one set of searches say of a plane's favoured region; B and K decays alone."""

    treatment: str
    searches: str
    lines: tuple[LineCoverage, ...]
    band: tuple[Range, ...]  # m_X [GeV] where every coupling of the band is excluded, of `EVEN` masses
    floors: dict[str, float | None]  # lowest coupling above which all is excluded, by the m_X [GeV] reached
    covers: bool  # whether all of the axes of the scan is excluded


class _Line(NamedTuple):
    """A relic line at its masses, and whether it lies inside the band."""

    one: DarkMatter
    m_X: FloatArray
    g_X: FloatArray
    inside: BoolArray


def coverage(source: Source, *, sets: Sequence[str] = ()) -> list[Coverage]:
    """Return whether searches exclude what relic density and the muon's moment favour together.

    Parameters
    ----------
    source
        A scan file with ``dark_matter`` and ``muon_g2``, its content, or a loaded specification.
    sets
        Names of sets of searches; by default the one of the scan.

    Returns
    -------
    list
        `Coverage` for each set and treatment.

    Raises
    ------
    InputError
        If the scan is wrong, has no dark matter or no band, or a set is unknown.
    """
    require_x64()
    spec = as_spec(source)
    if not spec.dark_matter or spec.muon_g2 is None:
        raise InputError(f"{spec.name}: coverage needs [[dark_matter]] and [muon_g2] in the scan file")
    lines = [_line(spec, one) for one in spec.dark_matter]
    chosen = [load_searches(name) for name in sets] or [spec.searches]
    found = []
    for searches in chosen:
        one = replace(spec, searches=searches)
        traced = boundaries(replace(one, g_X=np.array(WIDEST)))
        found += [_coverage(one, traced[treatment.name], lines) for treatment in spec.treatments]
    return found


def _line(spec: Spec, one: DarkMatter) -> _Line:
    """A line, with further masses between those where it enters or leaves the band."""
    low, high = float(spec.m_X[0]), float(spec.m_X[-1])
    m_X = line_masses(low, high, float(one.m_chi))
    for _ in range(2):
        g_X = np.asarray(relic_couplings(spec.sm, spec.model, one, m_X))
        side = _side(spec, m_X, g_X)
        turns = np.flatnonzero(side[1:] != side[:-1])  # also where a step crosses all of the band
        more = [np.geomspace(m_X[i], m_X[i + 1], INSIDE) for i in turns]
        m_X = np.unique(np.concatenate([m_X, *more]))
    g_X = np.asarray(relic_couplings(spec.sm, spec.model, one, m_X))
    return _Line(one, m_X, g_X, _side(spec, m_X, g_X) == 0)


def _band(spec: Spec, m_X: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Edges of the band; without one, nothing lies between them."""
    choice = spec.muon_g2
    assert choice is not None
    low, high = muon_g2_couplings(spec.sm, spec.model, choice.shift, m_X, sigmas=choice.sigmas)
    lowest, highest = np.asarray(low), np.asarray(high)
    return np.where(lowest > 0, lowest, np.inf), highest


def _side(spec: Spec, m_X: FloatArray, g_X: FloatArray) -> npt.NDArray[np.int_]:
    """Where couplings lie: -1 below the band, 0 inside, 1 above."""
    low, high = _band(spec, m_X)
    return np.where(g_X < low, -1, np.where(g_X > high, 1, 0))


def _coverage(spec: Spec, traced: Boundaries, lines: Iterable[_Line]) -> Coverage:
    counted = {label.name for label in spec.searches.labels if label.channel[0] in PARENTS}
    regions = [one for one in traced.regions if one.search in counted]
    m_X = np.geomspace(float(spec.m_X[0]), float(spec.m_X[-1]), EVEN)
    unions = _unions(regions, m_X)
    low, high = _band(spec, m_X)
    whole = np.array(
        [
            bool(np.isfinite(g)) and any(a <= g and h <= b for a, b in one)  # there is a band
            for g, h, one in zip(low, high, unions, strict=True)
        ]
    )
    top, bottom = float(spec.g_X[-1]), float(spec.g_X[0])
    floor = np.array([next((a for a, b in one if a < top <= b), np.inf) for one in unions])
    ends = [end for end in WIDTHS if m_X[0] <= end <= m_X[-1] * (1 + ROUNDING)]
    reached = {f"{end:g}": float(floor[m_X <= end * (1 + ROUNDING)].max()) for end in ends}
    return Coverage(
        treatment=traced.treatment,
        searches=spec.searches.set_name,
        lines=tuple(_line_coverage(line, regions) for line in lines),
        band=_ranges(m_X, whole),
        floors={end: value if np.isfinite(value) else None for end, value in reached.items()},
        covers=bool(floor.max() <= bottom),
    )


def _line_coverage(line: _Line, regions: Sequence[Region]) -> LineCoverage:
    strength = np.zeros(len(line.m_X))
    for i, (g_X, union) in enumerate(zip(line.g_X, _unions(regions, line.m_X), strict=True)):
        strength[i] = next((g_X / low for low, high in union if low < g_X <= high), 0.0)
    at = strength[line.inside]
    return LineCoverage(
        m_chi=float(line.one.m_chi),
        x_N=float(line.one.x_N),
        temperature=line.one.temperature,
        favoured=_ranges(line.m_X, line.inside),
        excluded=bool(at.all()) if len(at) else None,
        strength=(float(at.min()), float(at.max())) if len(at) else None,
        allowed=_ranges(line.m_X, np.isfinite(line.g_X) & (strength == 0)),
    )


def _unions(regions: Sequence[Region], m_X: FloatArray) -> list[list[Range]]:
    """Couplings that regions exclude at each mass, merged, from below."""
    if not regions:
        return [[] for _ in m_X]
    every, ends = [], vertices_of(regions)[[0, -1]] * (1 + np.array([1, -1]) * ROUNDING)
    for lower, upper in zip(*edges_at(regions, np.clip(m_X, *ends)), strict=True):
        merged: list[Range] = []
        for low, high in sorted(zip(lower[lower < upper], upper[lower < upper], strict=True)):
            if merged and low <= merged[-1][1]:
                merged[-1] = merged[-1][0], max(high, merged[-1][1])
            else:
                merged.append((low, high))
        every.append([(float(np.exp(low)), float(np.exp(high))) for low, high in merged])
    return every


def _ranges(m_X: FloatArray, mask: BoolArray) -> tuple[Range, ...]:
    """First and last mass of every run of a mask."""
    steps = np.diff(np.concatenate([[0], mask.astype(int), [0]]))
    firsts, lasts = np.flatnonzero(steps > 0), np.flatnonzero(steps < 0) - 1
    return tuple((float(m_X[a]), float(m_X[b])) for a, b in zip(firsts, lasts, strict=True))


HEADER = (
    "searches", "treatment", "line", "inside the band at m_X [MeV]", "excluded", "g_X over lowest excluded",
    "line allowed at m_X [MeV]", "band excluded at m_X [GeV]", "all excluded to 0.1 GeV above",
    "to 1 GeV above",
)  # fmt: skip
VERDICTS = {True: "yes", False: "no", None: "no favoured region"}


def coverage_table(found: Sequence[Coverage]) -> str:
    """A table in Markdown: a row for each set, treatment and line."""
    rows = [HEADER, ("---",) * len(HEADER)]
    for one in found:
        floors = [_floor(one.floors, f"{end:g}") for end in WIDTHS]
        for line in one.lines:
            bath = line.temperature.replace("_", " ")
            name = f"m_χ = {1e3 * line.m_chi:g} MeV, x_N = {line.x_N:g}, {bath}"
            ratio = "–" if line.strength is None else "–".join(map(_short, line.strength))
            cells = (_spans(line.favoured, 1e3), VERDICTS[line.excluded], ratio, _spans(line.allowed, 1e3))
            rows.append((one.searches, one.treatment, name, *cells, _spans(one.band, 1.0), *floors))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _floor(floors: Mapping[str, float | None], end: str) -> str:
    """A floor in words; where the axis does not reach the mass it is a dash."""
    floor = floors.get(end, 0.0)
    return "nowhere" if floor is None else f"{floor:.1e}" if end in floors else "–"


def _short(value: float) -> str:
    return f"{value:.0f}" if value < 1000 else f"{value:.0e}".replace("e+0", "e")


def _spans(ranges: Sequence[Range], scale: float) -> str:
    """Ranges in words; none is a dash."""
    return ", ".join(f"{scale * a:.4g}–{scale * b:.4g}" for a, b in ranges) or "–"
