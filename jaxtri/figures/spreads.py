"""How curves spread: along a further axis, over samples, and within the errors of the inputs."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from jaxtri.errors import InputError
from jaxtri.figures.legend import name_groups
from jaxtri.figures.panels import Style, finish_plane, spacing, style_of
from jaxtri.figures.sheet import PANEL, STYLE, as_mathematics
from jaxtri.numerics.arrays import FloatArray
from jaxtri.scans.record import Scan

SPREADS = (  # quantiles that a shade lies between: light, then dark
    (0.025, 0.975, "95 % of the nodes", "#a8cde3"),
    (0.16, 0.84, "68 % of the nodes", "#4f9bc8"),
)
QUANTILES = (0.5, *(quantile for spread in SPREADS for quantile in spread[:2]))
MIDDLE = "#00304d"
MOST = 0.99  # of the vertices of a curve, whose bands the widened row has room for


def draw_axis(scan: Scan, *, title: str) -> Figure:
    """Draw how the lowest and highest excluded coupling move along the one further axis of a scan.

    One curve a node in the colour of its value, or, where nodes are samples, how they spread.

    Raises
    ------
    InputError
        If there are more axes, or the scan does not hold ``g_X_range``.
    """
    if len(scan.further_axes) != 1:
        names = ", ".join(scan.further_axes)
        raise InputError(
            f"{scan.header.title}: axes {names}; choose nodes with --at until one is left, or none"
        )
    (name,) = scan.further_axes
    if "g_X_range" not in scan.header.arrays:
        raise InputError(
            f"{scan.header.title}: holds no boundary to draw along {name}; choose one plane with --at, "
            'or scan again with "g_X_range" among arrays'
        )
    window = float(scan["g_X"][0]), float(scan["g_X"][-1])
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(1.3 * PANEL[0], PANEL[1]), layout="constrained")
        FigureCanvasAgg(figure)
        joint = scan.header.configuration["further_axes"][name]["joint"]
        if joint:
            axes, widths = figure.subplots(2, sharex=True, height_ratios=(3, 1.2))
            spread = draw_spread(axes, scan["m_X"], scan["g_X_range"], window)
            draw_widths(widths, scan["m_X"], half_width(spread), MIDDLE)
            finish_widths(widths, scan["m_X"])
            widths.set(ylim=(1e-2, 100), ylabel="half of 68 % range\nof " r"$g_X$ [%]")
            along = f", {len(scan[name])} nodes of {name}"
        else:
            axes = figure.subplots()
            family = draw_family(axes, scan["m_X"], scan["g_X_range"], scan[name], window)
            unit = scan.header.units.get(name, "1")
            figure.colorbar(family, ax=axes, label=name if unit == "1" else f"{name} [{unit}]")
            along = ""
        chosen = scan.header.configuration["searches"]["set"]
        finish_plane(
            axes,
            scan["m_X"],
            scan["g_X"],
            f"treatment: {scan.header.treatment}, searches: {chosen}\n"
            f"lowest and highest excluded coupling{along}",
        )
        if joint:
            axes.set_xlabel("")
        figure.suptitle(as_mathematics(title), fontsize=12)
        return figure


LINE = 0.6  # points: width of a curve with a band
HEIGHT = 72 * 0.6 * PANEL[1]  # points, about, of the plane above the bands
BandLine = tuple[str, np.ndarray, np.ndarray, np.ndarray]  # group, m_X [GeV], g_X, 1 sigma of ln g_X


def draw_bands(
    panels: Mapping[str, list[BandLine]],
    window: tuple[np.ndarray, np.ndarray],
    *,
    title: str,
    palette: str = "okabe-ito",
) -> Figure:
    """Draw boundaries with their 1 and 2 sigma bands, and below them how wide these are.

    Where a band is thinner than `LINE` somewhere, a further row shows all of them widened:
    log10 of g_X over its central value.

    Parameters
    ----------
    panels
        Curves by treatment: group, masses, couplings and 1 sigma of ln g_X, NaN on a wall.
    window
        Axes of the scan, m_X [GeV] and g_X.
    title
        Above all panels.
    palette
        As in `draw_scans`.
    """
    with matplotlib.rc_context(STYLE):
        decades = float(np.log10(window[1][-1] / window[1][0]))
        heights = (3, 1, 1.2) if any(is_thin(lines, decades) for lines in panels.values()) else (3, 1.2)
        size = PANEL[0] * len(panels), 1.25 * PANEL[1] * sum(heights) / 4.2
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(len(heights), len(panels), squeeze=False, sharex="col", height_ratios=heights)
        for column, (name, lines) in zip(axes.T, panels.items(), strict=True):
            plane, widths = column[0], column[-1]
            for letter, m_X, g_X, sigma in lines:
                draw_band(plane, m_X, g_X, sigma, style_of(palette, letter))
                draw_widths(widths, m_X, sigma, style_of(palette, letter).edge)
            finish_plane(plane, *window, f"treatment: {name}\nbands: 1σ and 2σ of the inputs")
            plane.set_xlabel("")
            finish_widths(widths, window[0])
            if len(column) == 3:
                draw_widened(column[1], lines, palette)
        name_groups(axes[0, 0], palette, {letter for lines in panels.values() for letter, *_ in lines})
        figure.suptitle(as_mathematics(title), fontsize=12)
        return figure


class Moved(NamedTuple):
    """What one search excludes with its shortest and with its longest flight."""

    group: str
    curves: Sequence[tuple[FloatArray, FloatArray]]  # m_X [GeV] and g_X, of both ends
    more: Sequence[FloatArray]  # rings (vertex, 2) at the end that excludes more, counterclockwise
    less: Sequence[FloatArray]  # and at the other
    m_X: FloatArray  # [GeV]
    width: FloatArray  # how much of ln g_X lies between


def draw_lengths(
    panels: Mapping[str, Sequence[Moved]],
    window: tuple[np.ndarray, np.ndarray],
    *,
    title: str,
    palette: str = "okabe-ito",
) -> Figure:
    """Draw where the verdict of a search depends on a length of flight, and below it how wide that is.

    Parameters
    ----------
    panels
        Searches by treatment.
    window
        Axes of the scan, m_X [GeV] and g_X.
    title
        Above all panels.
    palette
        As in `draw_scans`.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(PANEL[0] * len(panels), 1.25 * PANEL[1]), layout="constrained")
        FigureCanvasAgg(figure)
        rows = figure.subplots(2, len(panels), squeeze=False, sharex="col", height_ratios=(3, 1.2))
        for (plane, widths), (name, some) in zip(rows.T, panels.items(), strict=True):
            for one in some:
                _draw_moved(plane, one, style_of(palette, one.group))
                seen = np.where(one.width > 0, one.width, np.nan)
                draw_widths(widths, one.m_X, seen, style_of(palette, one.group).edge)
            finish_plane(plane, *window, f"treatment: {name}\nfrom the shortest to the longest flight")
            plane.set_xlabel("")
            finish_widths(widths, window[0])
            widths.set_ylabel("whole range\nof $g_X$ [%]")
        name_groups(rows[0, 0], palette)
        figure.suptitle(as_mathematics(title), fontsize=12)
        return figure


def _draw_moved(axes: Axes, one: Moved, style: Style) -> None:
    """Draw the boundary at both ends, and fill what lies between."""
    rings = [*one.more, *(ring[::-1] for ring in one.less)]  # clockwise: a hole
    if rings:
        path = Path.make_compound_path(*(Path(ring, closed=True) for ring in rings))
        axes.add_patch(PathPatch(path, facecolor=style.edge, alpha=0.4, linewidth=0))
    for m_X, g_X in one.curves:
        axes.plot(m_X, g_X, color=style.edge, linewidth=LINE)


def is_thin(lines: Sequence[BandLine], decades: float) -> bool:
    """Whether a band, from -2 to 2 sigma, is thinner than its line where the plane shows so many decades."""
    least = LINE * decades / HEIGHT * math.log(10.0) / 4  # 1 sigma of ln g_X
    return any(bool(np.any(sigma < least)) for *_, sigma in lines)


def draw_widened(axes: Axes, lines: Sequence[BandLine], palette: str) -> None:
    """Draw the bands of all curves around 0, log10 of g_X over its central value: 2 sigma filled, 1 as lines.

    Narrow ones stand in front; fills are opaque, since dozens of curves lie upon one another.
    """
    largest = [float(np.nanquantile(sigma, MOST)) for *_, sigma in lines if np.isfinite(sigma).any()]
    for letter, m_X, _, sigma in sorted(lines, key=lambda line: -float(np.nanmedian([*line[3], 0.0]))):
        style = style_of(palette, letter)
        for run in runs_of(m_X):
            dex = sigma[run] / math.log(10.0)
            area = axes.fill_between(m_X[run], -2 * dex, 2 * dex, color=style.face, linewidth=0)
            area.set_rasterized(True)
            axes.plot(m_X[run], np.stack([-dex, dex], axis=1), color=style.edge, linewidth=LINE, zorder=3)
    end = 2.2 * max(largest, default=1.0) / math.log(10.0)
    axes.set(ylim=(-end, end), ylabel=r"$\log_{10}\,g_X/g_\mathrm{central}$")
    axes.grid(which="major", alpha=0.3)


def runs_of(m_X: FloatArray) -> list[slice]:
    """Runs of a curve in which its mass only rises or only falls."""
    turns = 1 + np.flatnonzero(np.diff(np.sign(np.diff(m_X))) != 0)
    return [slice(a, b) for a, b in zip([0, *turns], [*turns + 1, len(m_X)], strict=True)]


def draw_band(axes: Axes, m_X: FloatArray, g_X: FloatArray, sigma: FloatArray, style: Style) -> None:
    """Draw a curve with its 1 and 2 sigma in ln g_X; a curve that turns back is drawn run by run."""
    axes.plot(m_X, g_X, color=style.edge, linewidth=LINE)
    for run in runs_of(m_X):
        for width, alpha in ((2, 0.25), (1, 0.45)):
            spread = np.exp(width * sigma[run])
            area = axes.fill_between(
                m_X[run], g_X[run] / spread, g_X[run] * spread, color=style.edge, alpha=alpha, linewidth=0
            )
            area.set_rasterized(True)  # thousands of vertices each


def draw_family(
    axes: Axes, m_X: FloatArray, edges: FloatArray, values: FloatArray, window: tuple[float, float]
) -> LineCollection:
    """Draw lowest and highest excluded coupling, (edge, node, m_X), in the colours of the nodes' values.

    What ends at the window has no edge there.
    """
    lines, colours = [], []
    for edge, end in zip(edges, window, strict=True):
        inside = np.where(np.isclose(edge, end, rtol=1e-6), np.nan, edge)
        lines += [np.stack([m_X, one], axis=1) for one in inside]
        colours.append(values)
    family = LineCollection(lines, array=np.concatenate(colours), cmap="cividis", linewidths=0.9)
    axes.add_collection(family, autolim=False)
    return family


def draw_spread(
    axes: Axes, m_X: FloatArray, edges: FloatArray, window: tuple[float, float]
) -> dict[float, FloatArray]:
    """Draw how lowest and highest excluded coupling, (edge, node, m_X), spread over nodes that are samples.

    A node that excludes nothing at a mass has its lowest edge above all others, and no highest one.  What
    ends at the window has no edge there.

    Returns
    -------
    dict
        The lowest coupling by `QUANTILES`, infinite where so many nodes exclude nothing.
    """
    lowest, highest = _quantiles(np.where(np.isnan(edges[0]), np.inf, edges[0])), _quantiles(edges[1])
    for at, end in zip((lowest, highest), window, strict=True):
        for low, high, label, shade in SPREADS:
            between = np.clip([at[low], at[high]], *window)
            axes.fill_between(m_X, *between, color=shade, linewidth=0, label=label)
        inside = np.isfinite(at[0.5]) & ~np.isclose(at[0.5], end, rtol=1e-6)
        axes.plot(m_X, np.where(inside, at[0.5], np.nan), color=MIDDLE, linewidth=0.9, label="median")
        if at is lowest:
            axes.legend(fontsize=8, loc="upper left")  # once: the other edge is drawn alike
    return lowest


def half_width(spread: Mapping[float, FloatArray]) -> FloatArray:
    """Half of the range of ln g_X that 68 % of the nodes lie in; NaN where it has no end."""
    ends = np.stack([spread[quantile] for quantile in SPREADS[-1][:2]])
    low, high = np.log(np.where(np.isfinite(ends), ends, np.nan))
    return np.asarray(high - low) / 2


def _quantiles(edge: FloatArray) -> dict[float, FloatArray]:
    """Quantiles over the nodes of (node, m_X) that are there; NaN where none is."""
    found = {q: np.full(edge.shape[1], np.nan) for q in QUANTILES}
    some = ~np.isnan(edge).all(axis=0)
    for q in QUANTILES if some.any() else ():
        found[q][some] = np.nanquantile(edge[:, some], q, axis=0, method="inverted_cdf")
    return found


def draw_widths(axes: Axes, m_X: FloatArray, sigma: FloatArray, colour: str) -> None:
    """Draw 1 sigma of ln g_X in percent against the mass."""
    axes.plot(m_X, 100 * sigma, color=colour, linewidth=0.8)


def finish_widths(axes: Axes, m_X: FloatArray) -> None:
    """Axes with units: of widths log, of masses as they are spaced."""
    axes.set(xscale=spacing(m_X), yscale="log", xlim=(m_X[0], m_X[-1]), ylim=(1e-2, 30))
    axes.set_xlabel(r"$m_X$ [GeV]")
    axes.set_ylabel(r"$1\sigma$ of $g_X$ [%]")
    axes.grid(which="major", alpha=0.3)
