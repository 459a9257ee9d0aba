"""One plane, drawn into an `Axes`: what groups or single searches exclude."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from jaxtri.boundary.intervals import edges_at
from jaxtri.errors import InputError, shortened, unknown_name
from jaxtri.figures.comparison import regions_of
from jaxtri.figures.favoured import draw_favoured
from jaxtri.figures.marching_squares import filled as contours
from jaxtri.figures.panels import (
    DASHED,
    PALETTES,
    STACK,
    Style,
    draw_curves,
    draw_previous,
    draw_regions,
    finish_plane,
    place_labels,
    readable_ticks,
    thinned,
)
from jaxtri.figures.selection import projected, searches_of, with_searches
from jaxtri.limits.previous import previous_limits
from jaxtri.numerics.arrays import BoolArray, FloatArray
from jaxtri.scans.record import Scan

SAME = 1e-9  # of the ends of an axis, typed with fewer digits
POINTS = 150  # each way, at which room for labels is looked for
PLOTTED = ("log10_ratio", "status")  # of a plane


def draw(
    scan: Scan,
    axes: Axes,
    *,
    palette: str = "okabe-ito",
    previous: bool | Sequence[Any] = True,
    title: str | None = None,
    style: str = "regions",
    searches: Sequence[str] | None = None,
    labels: bool = False,
    xlim: Sequence[float] | None = None,
    ylim: Sequence[float] | None = None,
    colour: str | None = None,
    favoured: bool = True,
) -> None:
    """Draw what a scan excludes into a panel of one's own: regions or curves, axes with units, a title.

    Parameters
    ----------
    scan
        A scan in the (m_X, g_X) plane, in memory or from `open_scan`.
    axes
        A Matplotlib ``Axes``; its scales, limits, labels and title are set.
    palette
        "okabe-ito" (colour-blind safe, hatched), "paper" (Z red, B blue, K green) or "blue" (all of them).
    previous
        Shade the couplings that earlier searches exclude, where the model has a table of them; or what
        `previous_limits` returns, to shade these.
    title
        Of the panel; by default model and treatment.
    style
        "regions", or "curves": outlines alone, which differ in their dashes too.
    searches
        Names of searches to draw, each with its own curves; by default all, as the union of a group.
    labels
        Write "Z decays", "B decays" and "K decays" onto their regions.
    xlim, ylim
        Lowest and highest m_X [GeV] and g_X to show; by default those of the scan.
    colour
        One for all groups, of "curves": to draw several scans into one panel.
    favoured
        Draw relic lines and the band of the muon's moment, where the scan has them.

    Raises
    ------
    InputError
        If the palette, the style or a search is unknown, the scan has further axes, or has neither curves nor
        ``log10_ratio`` and ``status``; if limits do not ascend, or lie outside the scan.
    """
    _require_arguments(scan, searches, previous)
    require_plotted(scan)
    require_window("xlim", xlim, scan["m_X"])
    require_window("ylim", ylim, scan["g_X"])
    if palette not in PALETTES:
        raise unknown_name("draw", "palette", palette, PALETTES)
    if style not in ("regions", "curves"):
        raise unknown_name("draw", "style", style, ("regions", "curves"))
    for name in searches or ():
        if name not in searches_of(scan):
            raise unknown_name("draw", "search", name, searches_of(scan))
    scan = with_searches(scan, searches) if searches is not None else scan
    m_X, g_X = scan["m_X"], scan["g_X"]
    if previous is not False:
        limits = (
            previous_limits(scan.header.configuration)
            if previous is True
            else [piece for one in previous for piece in one.pieces]
        )
        draw_previous(axes, [(one.m_X, one.g_low, one.g_high) for one in limits], g_X[-1])
    for depth, letter in enumerate(STACK):
        one = PALETTES[palette][letter]
        one = replace(one, edge=colour or one.edge)
        _draw_group(axes, scan, letter, one, 2 + depth, filled=style == "regions")
        _draw_projections(axes, scan, letter, one.edge)
    draw_favoured(axes, scan.favoured if favoured else None)
    model = scan.header.configuration["model"]["name"]
    finish_plane(axes, m_X, g_X, f"{model}, {scan.header.treatment}" if title is None else title)
    axes.set(xlim=xlim or (m_X[0], m_X[-1]), ylim=ylim or (g_X[0], g_X[-1]))
    readable_ticks(axes)
    if labels and scan.boundaries is not None:
        place_labels(axes, _seen(scan, axes), palette)


def _require_arguments(scan: Any, searches: Any, previous: Any) -> None:
    """Raise where what is given is of another kind."""
    if not isinstance(scan, Scan):
        raise InputError(f"draw: {shortened(repr(scan))} is no scan; give what scan or open_scan returns")
    if isinstance(searches, str):
        raise InputError(f'draw: searches = "{shortened(searches)}": give a list of names')
    if isinstance(previous, str):
        raise InputError(
            f'draw: previous = "{shortened(previous)}": give True, False, or what previous_limits returns'
        )


def require_window(name: str, limits: Sequence[float] | None, nodes: Sequence[float] | FloatArray) -> None:
    """Raise unless limits ascend and lie within the axis: beyond it nothing is known.

    Raises
    ------
    InputError
        With the ends of the axis.
    """
    if limits is None:
        return
    try:
        low, high = (float(one) for one in limits)
    except (TypeError, ValueError):
        low, high = math.nan, math.nan
    first, last = float(nodes[0]), float(nodes[-1])
    if not (first * (1 - SAME) <= low < high <= last * (1 + SAME)):
        raise InputError(
            f"{name} = {shortened(str(limits))}: give two numbers that ascend, from {first:g} to {last:g}: "
            "beyond these the scan says nothing"
        )


def _seen(scan: Scan, axes: Axes) -> dict[str, BoolArray]:
    """Which group is on top at even points of a panel, (x, y) by group."""
    even = (np.arange(POINTS) + 0.5) / POINTS
    to_data = (axes.transScale + axes.transLimits).inverted()
    m_X, g_X = to_data.transform(np.stack([even, even], axis=1)).T
    hidden, found = np.zeros((POINTS, POINTS), dtype=bool), {}
    for letter in reversed(STACK):
        low, high = edges_at(regions_of(scan, letter), m_X)
        log_g = np.log(g_X)[:, None, None]
        mask = ((low < log_g) & (log_g < high)).any(axis=2).T
        found[letter] = mask & ~hidden
        hidden |= mask
    return found


def require_plotted(scan: Scan) -> None:
    """Raise where a plane cannot be drawn."""
    if scan.further_axes:
        names = ", ".join(f"{name} = ..." for name in scan.further_axes)
        raise InputError(f"{scan.header.title}: choose one plane first, with at({names})")
    missing = [name for name in PLOTTED if name not in scan.header.arrays]
    if missing and scan.boundaries is None:
        raise InputError(
            f"{scan.header.title}: holds no curves and no {' and no '.join(missing)}, from which a plane is "
            "drawn; scan again with curves, or with them among arrays"
        )


def _draw_group(axes: Axes, scan: Scan, letter: str, style: Style, zorder: float, *, filled: bool) -> None:
    """Draw what a group excludes: its exact boundaries; contours of the grid where a scan has none."""
    if scan.boundaries is None:
        draw_regions(axes, contours(scan["m_X"], scan["g_X"], scan.group(letter)), style, zorder=zorder)
        return
    window = scan["m_X"], scan["g_X"]
    lines = [thinned(np.stack([one.m_X, one.g_X], axis=1), window) for one in scan.boundaries.groups[letter]]
    lines += [
        np.array([[m_X, low], [m_X, high]])
        for m_X, low, high in scan.boundaries.walls[letter]
        if window[0][0] < m_X < window[0][-1]  # not along the edge of the window
    ]
    rings = [thinned(np.stack([one.m_X, one.g_X], axis=1), window) for one in regions_of(scan, letter)]
    points = [(one, np.array([0, len(one)])) for one in rings]
    draw_curves(axes, points, lines, style, zorder=zorder, filled=filled)


def _draw_projections(axes: Axes, scan: Scan, letter: str, colour: str) -> None:
    """Draw what searches to come would exclude: dashed, without a region."""
    window, curves = (scan["m_X"], scan["g_X"]), projected(scan, letter)
    lines = [thinned(np.stack([one.m_X, one.g_X], axis=1), window) for one in curves]
    if lines:
        dashed = LineCollection(lines, colors=colour, linewidths=1.1, linestyles=DASHED, zorder=7)
        axes.add_collection(dashed, autolim=False)
