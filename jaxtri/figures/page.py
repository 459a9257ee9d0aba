"""A page for a browser, one HTML file: curves with zoom and hover, rates anywhere, a legend."""

import html
import importlib.util
import itertools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jaxtri.boundary.intervals import union_of, walls_of
from jaxtri.boundary.record import Curve
from jaxtri.errors import InputError
from jaxtri.figures import readout
from jaxtri.figures.favoured import DEEP_ORANGE, ORANGE, STYLES
from jaxtri.figures.layers import Layer, Styles, inner_walls, layers_of, styles_of
from jaxtri.figures.panels import GREY, OWN, in_unicode, shades, simplified, spacing
from jaxtri.figures.plane import require_same_axes
from jaxtri.figures.selection import (
    kinds_of,
    names_of,
    panel_columns,
    panels_of,
    require_panels,
    same_favoured,
    same_grey,
    window_of,
)
from jaxtri.figures.shown import View
from jaxtri.limits.previous import previous_limits
from jaxtri.numerics.arrays import FloatArray
from jaxtri.scans.favoured import Favoured
from jaxtri.scans.record import Scan
from jaxtri.scans.schema import FigureChoice
from jaxtri.tables.reader import read_columns

HEIGHT, LEGEND_ROW, TEXT_HEIGHT = 480, 24, 220  # pixels: a panel, a row of its legend, the text below it
DASHES = {"-": "solid", "-.": "dashdot", ":": "dotted", "--": "dashed"}
BODY = (  # of Bokeh's template
    '{% block inner_body %}<h3 style="margin-left: 1em">{{ heading }}</h3>{{ super() }}{% endblock %}'
)
TOLD = {  # at the curve under the pointer
    "search": "@search",
    "m_X": "$snap_x{%.5g} GeV",
    "g_X": "$snap_y{%.5g}",
    "looks for": "@looks_for",
    "limit": "@limit",
    "reference": "@reference",
}


def require_library() -> None:
    """Raise where a page cannot be made, before any work.

    Raises
    ------
    InputError
        If Bokeh is not installed (extra ``html``).
    """
    if importlib.util.find_spec("bokeh") is None:
        raise InputError("a page (html) needs Bokeh: pip install 'jaxtri[html]'")


def page_of(scans: Mapping[str, Scan], *, title: str, look: FigureChoice | None = None) -> str:
    """Return a page that needs no network: the panels of `draw_scans`, zoomed together.

    Every vertex is one of an exact curve, m_X [GeV] and g_X in float64; those are left out that lie within
    `panels.SEEN` of a panel from the line through the others.

    Parameters
    ----------
    scans
        One panel each, or curves of their own in one panel, by name.
    title
        Above all panels.
    look
        Palette, limits, own curves, one panel or several; by default as in a scan file.

    Raises
    ------
    InputError
        If a scan has no exact curves, Bokeh is not installed, or more than `selection.MOST` scans are to be
        drawn together.
    """
    require_library()
    for scan in scans.values():
        if scan.boundaries is None:
            raise InputError(
                f"{scan.header.title}: holds no curves, of which a page is made; scan a plane with curves"
            )
    from bokeh.embed import file_html
    from bokeh.layouts import column, row
    from bokeh.resources import INLINE

    look = look or FigureChoice()
    panels: list[Any] = []
    told: list[Any] = []
    kinds = kinds_of(scans)
    require_panels("page", kinds, look.panels)
    styles = styles_of(scans.values(), look.searches, look.palette) if look.searches else None
    for names in panels_of(kinds, look.panels):
        some = {name: scans[name] for name in names}
        linked = {"x_range": panels[0].x_range, "y_range": panels[0].y_range} if panels else {}
        panels.append(_panel(some, look, styles, window_of(scans), linked))
        told.append(_readout(panels[-1], some))
    heading = {"heading": _with_subscripts(title)}
    wide: Any = {"sizing_mode": "stretch_width"}
    pairs = [column(*pair, **wide) for pair in zip(panels, told, strict=True)]
    count = panel_columns(kinds, look.panels)
    lines = [row(*pairs[i : i + count], **wide) for i in range(0, len(pairs), count)]
    whole = column(*lines, **wide) if len(lines) > 1 else lines[0]
    return str(file_html(whole, INLINE, _plain(title), template=BODY, template_variables=heading))


def _plain(text: str) -> str:
    """Text without the dollars of mathematics, for which Bokeh would load a library from the network."""
    return text.replace("$", "")


def _with_subscripts(title: str) -> str:
    """A title as HTML."""
    return re.sub(r"_\{([^{}]*)\}", r"<sub>\1</sub>", html.escape(_plain(title)))


def _panel(
    scans: Mapping[str, Scan],
    look: FigureChoice,
    styles: Styles | None,
    window: View,
    linked: Mapping[str, Any],
) -> Any:
    """One panel: grey, regions of a single scan, curves with what is said of them, legend."""
    from bokeh.models import HoverTool
    from bokeh.plotting import figure

    require_same_axes(scans)
    first = next(iter(scans.values()))
    ends = {"x_range": tuple(look.xlim or window[0]), "y_range": tuple(look.ylim or window[1])}
    plot = figure(
        title=_plain("; ".join(names_of(scans))), height=HEIGHT, sizing_mode="stretch_width",
        tools="pan,wheel_zoom,box_zoom,reset", active_scroll="wheel_zoom",
        x_axis_type=spacing(first["m_X"]), y_axis_type=spacing(first["g_X"]),
        x_axis_label="m_X [GeV]", y_axis_label="g_X", **(ends | dict(linked)),
    )  # fmt: skip
    plot.toolbar.logo = None
    if same_grey(scans):
        _draw_grey(plot, first, window[1][1])
    lines: list[Any] = []
    for name, scan, colour in zip(names_of(scans), scans.values(), shades(len(scans)), strict=True):
        of_scan = {} if len(scans) == 1 else {"colour": colour, "label": _plain(name)}
        for layer in layers_of(scan, look.palette, styles):
            lines += _draw_layer(plot, scan, layer, filled=look.style == "regions", **of_scan)
    for one in look.curves:
        columns = read_columns(Path(one.file))
        plot.line(
            columns["m_X"], columns["g_X"], line_color=OWN[len(scans) > 1][0], line_dash=one.style,
            legend_label=_plain(one.label),
        )  # fmt: skip
    formats: dict[str, Any] = {"$snap_x": "printf", "$snap_y": "printf"}
    told = HoverTool(renderers=lines, tooltips=list(TOLD.items()), formatters=formats, line_policy="interp")
    plot.add_tools(told)
    if (found := first.favoured) is not None and same_favoured(scans):
        _draw_favoured(plot, found)
    _place_legend(plot, columns=2 if len(scans) == 1 else 1)
    return plot


def _place_legend(plot: Any, *, columns: int) -> None:
    """Put the legend between panel and text: inside, it would hide the panel from the pointer."""
    if not plot.legend:  # nothing is drawn
        return
    [legend] = plot.legend
    legend.update(click_policy="hide", ncols=columns, spacing=0, margin=0, border_line_color=None)
    plot.add_layout(legend, "below")
    plot.height += LEGEND_ROW * -(-len(legend.items) // columns)


def _readout(plot: Any, scans: Mapping[str, Scan]) -> Any:
    """Text below a panel that follows the pointer: what the scans hold at the nearest node."""
    from bokeh.events import MouseMove
    from bokeh.models import CustomJS
    from bokeh.models.widgets import Div

    place = Div(
        text=readout.HINT, render_as_text=True, disable_math=True, sizing_mode="stretch_width",
        height=TEXT_HEIGHT, styles={"white-space": "pre-wrap", "overflow": "auto", "font-size": "12px"},
    )  # fmt: skip
    named = dict(zip(map(_plain, names_of(scans)), scans.values(), strict=True))
    known = readout.script_arguments(named) | {"place": place}
    plot.js_on_event(MouseMove, CustomJS(args=known, code=readout.script()))
    return place


def _draw_grey(plot: Any, scan: Scan, top: float) -> None:
    """Couplings that were excluded before."""
    for one in previous_limits(scan.header.configuration):
        upper = np.minimum(one.g_high, top)
        plot.varea(one.m_X, one.g_low, upper, fill_color=GREY, legend_label="previous limits")


def _draw_favoured(plot: Any, found: Favoured) -> None:
    """Relic lines, and the band or the limit of the muon's moment."""
    if (band := found.muon) is not None:
        name = f"(g-2)_mu of {band.data}, {band.sigmas:g} sigma"
        if band.prefers_X:
            plot.varea(
                band.m_X, band.lowest, band.highest, fill_color=ORANGE, fill_alpha=0.6, legend_label=name
            )
        else:
            plot.line(band.m_X, band.highest, line_color=DEEP_ORANGE, legend_label=f"{name}: allowed below")
    for line, style in zip(found.relic, itertools.cycle(STYLES)):
        plot.line(line.m_X, line.g_X, line_color="black", line_dash=DASHES[style], legend_label=line.label)


def _draw_layer(
    plot: Any, scan: Scan, layer: Layer, *, filled: bool, colour: str | None = None, label: str = ""
) -> list[Any]:
    """Draw a layer in its colour with what it excludes, or in that of a scan; return the curves."""
    assert layer.scan.boundaries is not None
    style, names = layer.style, {one.search for one in layer.regions}
    walls = [walls_of([one for one in layer.regions if one.search == name]) for name in sorted(names)]
    upright = inner_walls(np.concatenate([np.zeros((0, 3)), *walls]), scan)  # of every search
    name = in_unicode(layer.label)
    look: dict[str, Any] = {
        "line_color": colour or style.edge,
        "line_dash": _dashes(style.line) if colour else "solid",
        "legend_label": f"{label}: {name}" if label else name,
    }
    if filled and colour is None and layer.searches:
        rings = _joined([_few(ring[:, 0], ring[:, 1], scan) for ring in union_of(layer.regions)])
        plot.patches(
            [rings[:, 0]], [rings[:, 1]], fill_color=style.face, fill_alpha=0.6, line_color=None,
            legend_label=look["legend_label"],
        )  # fmt: skip
    plot.segment(upright[:, 0], upright[:, 1], upright[:, 0], upright[:, 2], **look)
    known = {one["name"]: one for one in (*scan.header.searches, *scan.header.projections)}
    curves = [one for one in layer.scan.boundaries.curves if known[one.search]["channel"][0] == layer.letter]
    drawn = [plot.multi_line("m_X", "g_X", source=_source(curves, known, scan), line_width=1.4, **look)]
    if layer.later:
        look |= {"line_dash": "dashed", "legend_label": f"{look['legend_label']}, projection"}
        drawn.append(
            plot.multi_line("m_X", "g_X", source=_source(layer.later, known, scan), line_width=1.4, **look)
        )
    return drawn


def _dashes(line: Any) -> Any:
    """Dashes of Matplotlib as a browser draws them [pixels]."""
    return DASHES[line] if isinstance(line, str) else [max(1, round(2 * part)) for part in line[1]]


def _source(curves: Sequence[Curve], known: Mapping[str, Mapping[str, Any]], scan: Scan) -> Any:
    """Vertices of curves, and what is said of each."""
    from bokeh.models import ColumnDataSource

    few = [_few(one.m_X, one.g_X, scan) for one in curves]
    about = [known[one.search] for one in curves]
    return ColumnDataSource(
        {
            "m_X": [points[:, 0] for points in few],
            "g_X": [points[:, 1] for points in few],
            "search": [one["name"] for one in about],
            "looks_for": [f"{one['channel']}, X to {one['final_state']}" for one in about],
            "limit": [f"{one['limit']:.3g}" for one in about],
            "reference": [f"{one['experiment']} {one['reference']}" for one in about],
        }
    )


def _few(m_X: FloatArray, g_X: FloatArray, scan: Scan) -> FloatArray:
    return simplified(np.stack([m_X, g_X], axis=1), (scan["m_X"], scan["g_X"]))


def _joined(rings: Sequence[FloatArray]) -> FloatArray:
    """Rings as one path, NaN between them: a browser fills what an odd number of them surrounds."""
    gap = np.full((1, 2), np.nan)
    return np.concatenate([np.zeros((0, 2)), *(part for ring in rings for part in (ring, gap))])
