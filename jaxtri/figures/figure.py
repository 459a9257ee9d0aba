"""A figure: panels side by side or in a grid, each with its legend."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from jaxtri.figures.comparison import grey_of, leading_searches, shows
from jaxtri.figures.favoured import legend_entries
from jaxtri.figures.layers import Layer, Styles, layers_of, listed, styles_of
from jaxtri.figures.legend import HARD, ROWS, draw_legend, draw_legend_of_scans, wrapped_title
from jaxtri.figures.panels import draw_own, shades
from jaxtri.figures.plane import draw_plane, require_plotted, require_window
from jaxtri.figures.plane_words import title_of, title_of_several
from jaxtri.figures.selection import (
    View,
    called,
    columns_of,
    kinds_of,
    names_of,
    panels_of,
    projections_of,
    same_grey,
    view_of,
    window_of,
)
from jaxtri.figures.sheet import LEGEND, NARROW, PANEL, STYLE, WIDTHS, as_mathematics
from jaxtri.scans.record import Scan
from jaxtri.scans.schema import FigureChoice
from jaxtri.tables.reader import read_columns

NOTHING = "nothing excluded"
ROW = 0.16  # inches, of a legend
SPARE = 1.5  # times the room of legends between two lines of panels: titles take theirs from it
THICKER = 0.7  # points, for each scan drawn above another


def draw_scans(scans: Mapping[str, Scan], *, title: str, look: FigureChoice | None = None) -> Figure:
    """Draw what several scans exclude, side by side or together.

    Parameters
    ----------
    scans
        What each is called, and the scan: a panel each, or curves of their own in panels that they share.
    title
        Above all panels.
    look
        Palette, style, limits, size, labels, searches, own curves, which scans share a panel; by default as
        in a scan file.

    Raises
    ------
    InputError
        If a scan has neither curves nor ``log10_ratio`` and ``status``, or more than `panels.MOST` scans are
        to share a panel.
    """
    look = look or FigureChoice()
    for scan in scans.values():
        require_plotted(scan)
    kinds = kinds_of(scans)
    panels, columns = panels_of(kinds, look.panels), columns_of(kinds, look.panels)
    lines = [panels[i : i + columns] for i in range(0, len(panels), columns)]
    styles = styles_of(scans.values(), look.searches, look.palette) if look.searches else None
    titles = dict(zip(scans, names_of(scans, ", treatment: "), strict=True))
    with matplotlib.rc_context(STYLE | (NARROW if look.size != "panels" else {})):
        width, height = _size(look, columns)
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        grid = figure.add_gridspec(2 * len(lines) - 1, columns)  # every second line is room for legends
        room = []
        for i, line in enumerate(lines):
            rows = [1]
            for j, names in enumerate(line):
                axes, some = figure.add_subplot(grid[2 * i, j]), {name: scans[name] for name in names}
                rows.append(
                    _draw_together(axes, some, look, styles, width / columns)
                    if len(some) > 1
                    else _draw_panel(axes, some[names[0]], titles[names[0]], look, styles, width / columns)
                )
            room.append(LEGEND * PANEL[1] + ROW * max(0, max(rows) - ROWS))
        between = [SPARE * one for one in room[:-1]]
        grid.set_height_ratios([height, *(part for one in between for part in (one, height))])
        whole = len(lines) * height + sum(between) + room[-1]
        figure.set_size_inches(width, whole)
        figure.suptitle(as_mathematics(title), fontsize=12 if look.size == "panels" else 8)
        below = room[-1] / whole
        figure.get_layout_engine().set(rect=(0, below, 1, 1 - below))  # type: ignore[union-attr,call-arg]
        return figure


def _size(look: FigureChoice, panels: int) -> tuple[float, float]:
    """Width and height of a figure without its legend [inches]."""
    if look.size == "panels":
        return PANEL[0] * panels, PANEL[1] * (1 - LEGEND)
    width = WIDTHS[look.size]
    return width, min(0.95 * width / panels, 0.7 * width) * PANEL[1] / PANEL[0]


def _draw_panel(
    axes: Axes, scan: Scan, name: str, look: FigureChoice, styles: Styles | None, width: float
) -> int:
    """One panel, with a title that names model, treatment and searches; returns the rows of its legend."""
    title = title_of(scan, name)
    title = wrapped_title(title, width)
    require_window("xlim", look.xlim, scan["m_X"])
    require_window("ylim", look.ylim, scan["g_X"])
    layers, filled = layers_of(scan, look.palette, styles), look.style == "regions"
    draw_plane(
        scan, axes, layers, title=title, filled=filled, labels=look.labels, xlim=look.xlim, ylim=look.ylim
    )
    view = view_of(scan, look.xlim, look.ylim)
    return draw_legend(
        axes,
        [
            (one.style, _entry(scan, one, view, named=styles is None))
            for one in listed(layers, styles)
            if _looked_at(one)
        ],
        width,
        grey=bool(grey_of(scan, view)),
        filled=filled,
        own=_draw_own(axes, look),
        later=[
            (one.style, called(search))
            for one in listed(layers, styles)
            for search in projections_of(one.scan, one.letter, view)
        ],
        favoured=legend_entries(scan.favoured) if scan.favoured else (),
    )


def _looked_at(layer: Layer) -> bool:
    """Whether a layer has searches besides projections."""
    return any(one["channel"][0] == layer.letter for one in layer.scan.header.searches)


def _entry(scan: Scan, layer: Layer, view: View, *, named: bool) -> str:
    """What a legend says of a layer: a group and what leads in it, or a single search."""
    if named:
        leading = [name.replace(" ", HARD) for name in leading_searches(scan, layer.letter, view=view)]
        return f"{layer.label}: {', '.join(leading) or NOTHING}"
    return layer.label if _shows_any(layer, view) else f"{layer.label}: {NOTHING}"


def _shows_any(layer: Layer, view: View) -> bool:
    """Whether any of a layer is seen."""
    every = layer.scan.header.searches
    return any(shows(layer.scan, one["name"], view) for one in every if one["channel"][0] == layer.letter)


def _draw_own(axes: Axes, look: FigureChoice) -> list[tuple[str, str]]:
    """Draw the user's curves; return their labels and line styles."""
    for one in look.curves:
        columns = read_columns(Path(one.file))
        draw_own(axes, columns["m_X"], columns["g_X"], one.style)
    return [(one.label, one.style) for one in look.curves]


def _draw_together(
    axes: Axes, scans: Mapping[str, Scan], look: FigureChoice, styles: Styles | None, width: float
) -> int:
    """Outlines of several scans in their colours, dashed by layer; returns the rows of the legend."""
    colours = shades(len(scans))
    window = window_of(scans)
    require_window("xlim", look.xlim, window[0])
    require_window("ylim", look.ylim, window[1])
    xlim, ylim = look.xlim or window[0], look.ylim or window[1]
    grey, dashed = same_grey(scans), dict[str, Layer]()
    first = next(iter(scans.values()))
    later, view = False, view_of(first, xlim, ylim)
    for i, (scan, colour) in enumerate(zip(scans.values(), colours, strict=True)):
        layers = layers_of(scan, look.palette, styles)
        draw_plane(
            scan, axes, layers, previous=grey and i == 0, filled=False, colour=colour, favoured=i == 0,
            xlim=xlim, ylim=ylim,
        )  # fmt: skip
        for lines in axes.collections:  # what coincides with a later scan stays visible below it
            if isinstance(lines, LineCollection):
                lines.set_linewidth(
                    float(np.max(lines.get_linewidth())) + (THICKER if i < len(scans) - 1 else 0.0)
                )
        for one in layers:
            later = later or bool(projections_of(one.scan, one.letter, view))
            if _shows_any(one, view):
                dashed.setdefault(one.name, one)
    title, names = title_of_several(scans)
    axes.set_title(wrapped_title(title, width))
    return draw_legend_of_scans(
        axes, dict(zip(names, colours, strict=True)),
        [(one.style, one.label) for one in listed(dashed.values(), styles)],
        grey=grey and bool(grey_of(first, view)), own=_draw_own(axes, look), later=later,
        favoured=legend_entries(first.favoured) if first.favoured else (),
    )  # fmt: skip
