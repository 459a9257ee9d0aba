"""One plane, drawn into an `Axes`: what groups or single searches exclude."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import is_color_like

from jaxtri.boundary.intervals import edges_at
from jaxtri.errors import InputError, shortened, unknown_name
from jaxtri.figures.favoured import draw_favoured
from jaxtri.figures.labels import place_labels
from jaxtri.figures.layers import Layer, in_colour, layers_of, styles_of
from jaxtri.figures.marching_squares import filled as contours
from jaxtri.figures.panels import (
    DASHED,
    OUTLINE_WIDTH,
    PALETTES,
    STACK,
    draw_curves,
    draw_previous,
    draw_regions,
    finish_plane,
    readable_ticks,
    spacing,
    thinned,
)
from jaxtri.figures.selection import searches_of
from jaxtri.figures.sheet import require_text
from jaxtri.figures.shown import View, view_of
from jaxtri.limits.previous import PreviousLimit, previous_limits
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
        Names of searches to draw, each for itself; by default, and if empty, all, as the union of a group.
        In the colours of their parents where each has another one, else in colours of their own (up to six).
    labels
        Write "Z decays", "B decays" and "K decays", or what a chosen search is called, onto their regions,
        or beside those that are too narrow for it.
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
        ``log10_ratio`` and ``status``; if limits do not ascend, or lie outside the scan; if the title is no
        valid mathematics.
    """
    _require_arguments(scan, axes, searches, previous, colour)
    searches = list(searches or ())
    require_plotted(scan)
    require_window("xlim", xlim, scan["m_X"])
    require_window("ylim", ylim, scan["g_X"])
    if not isinstance(palette, str) or palette not in PALETTES:
        raise unknown_name("draw", "palette", palette, PALETTES)
    if style not in ("regions", "curves"):
        raise unknown_name("draw", "style", style, ("regions", "curves"))
    for name in searches:
        if name not in searches_of(scan):
            raise unknown_name("draw", "search", name, searches_of(scan))
    if title is not None:
        require_text("draw: title", str(title))
    layers = layers_of(scan, palette, styles_of([scan], searches, palette) if searches else None)
    if previous is True:
        limits = previous_limits(scan.header.configuration)
    else:
        limits = [piece for one in previous or () for piece in one.pieces]
    layers = layers if colour is None else in_colour(layers, colour)
    view = view_of(scan, xlim, ylim)
    draw_plane(axes, scan, layers, view, limits=limits, filled=style == "regions")
    draw_favoured(axes, scan.favoured if favoured else None)
    model = scan.header.configuration["model"]["name"]
    axes.set_title(f"{model}, {scan.header.treatment}" if title is None else title)
    if labels:
        name_layers(axes, layers)


def draw_plane(
    axes: Axes,
    scan: Scan,
    layers: Sequence[Layer],
    view: View,
    *,
    limits: Iterable[PreviousLimit] = (),
    filled: bool = True,
    width: float = OUTLINE_WIDTH,
) -> None:
    """Draw the layers of a scan over earlier limits, with the axes; what is given has been checked.

    Parameters
    ----------
    axes
        Where to draw.
    scan
        Whose layers they are.
    layers
        What is drawn alike, from below.
    view
        Lowest and highest m_X [GeV] and g_X to show.
    limits
        To be shaded.
    filled
        Whether layers are regions with their outlines, or outlines alone; what is to come is dashed.
    width
        Of outlines [points].
    """
    draw_previous(axes, [(one.m_X, one.g_low, one.g_high) for one in limits], view[1][1])
    window = scan["m_X"], scan["g_X"]
    for depth, layer in enumerate(layers):
        zorder = 2 + len(STACK) * depth / len(layers)
        _draw_layer(axes, layer, window, zorder, filled=filled, width=width)
    finish_plane(axes, *window)
    axes.set(xlim=view[0], ylim=view[1])
    readable_ticks(axes)


def _require_arguments(scan: Any, axes: Any, searches: Any, previous: Any, colour: Any) -> None:
    """Raise where what is given is of another kind."""
    if not isinstance(axes, Axes):
        raise InputError(f"draw: {shortened(repr(axes))} is no Axes of Matplotlib")
    if colour is not None and not is_color_like(colour):
        raise InputError(f"draw: colour = {shortened(repr(colour))}: give a colour of Matplotlib")
    if not isinstance(scan, Scan):
        raise InputError(f"draw: {shortened(repr(scan))} is no scan; give what scan or open_scan returns")
    if searches is not None and (isinstance(searches, str) or not isinstance(searches, Iterable)):
        raise InputError(f"draw: searches = {shortened(repr(searches))}: give a list of names")
    listed = isinstance(previous, Iterable) and not isinstance(previous, str)
    if not isinstance(previous, bool) and not (listed and all(hasattr(one, "pieces") for one in previous)):
        raise InputError(
            f"draw: previous = {shortened(repr(previous))}: give True, False, or what previous_limits returns"
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


def name_layers(axes: Axes, layers: Sequence[Layer]) -> None:
    """Write the name of each layer on what one sees of it; the panel must have its size by now."""
    place_labels(axes, _seen(axes, layers), [(one.label, one.style.edge) for one in layers])


def _seen(axes: Axes, layers: Sequence[Layer]) -> list[BoolArray]:
    """Where each layer is on top, at even points (x, y) of a panel."""
    even = (np.arange(POINTS) + 0.5) / POINTS
    to_data = (axes.transScale + axes.transLimits).inverted()
    m_X, g_X = to_data.transform(np.stack([even, even], axis=1)).T
    hidden = np.zeros((POINTS, POINTS), dtype=bool)
    found: list[BoolArray] = []
    for layer in reversed(layers):
        mask = _excluded(layer, m_X, g_X)
        found.append(mask & ~hidden)
        hidden |= mask
    return found[::-1]


def _excluded(layer: Layer, m_X: FloatArray, g_X: FloatArray) -> BoolArray:
    """Whether a layer excludes points, (m_X, g_X); of a grid by the nearest nodes."""
    if layer.scan.boundaries is None:
        nearest = [
            np.abs(np.log(points)[:, None] - np.log(nodes)).argmin(axis=1)
            for points, nodes in ((m_X, layer.scan["m_X"]), (g_X, layer.scan["g_X"]))
        ]
        return np.asarray(layer.scan.group(layer.letter)[np.ix_(*nearest)] > 0)
    low, high = edges_at(layer.regions, m_X)
    log_g = np.log(g_X)[:, None, None]
    return np.asarray(((low < log_g) & (log_g < high)).any(axis=2).T)


def require_same_axes(scans: Mapping[str, Scan]) -> None:
    """Raise where scans cannot share a panel."""
    for axis in ("m_X", "g_X"):
        scales = {name: spacing(one[axis]) for name, one in scans.items()}
        if len(set(scales.values())) > 1:
            said = ", ".join(f"{name} {scale}" for name, scale in scales.items())
            raise InputError(f"figure: axes of {axis} in one panel: {said}; draw them in panels of their own")


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


def _draw_layer(
    axes: Axes,
    layer: Layer,
    window: tuple[FloatArray, FloatArray],
    zorder: float,
    *,
    filled: bool,
    width: float,
) -> None:
    """Draw a layer by its exact boundaries; by contours of the grid where its scan has none."""
    if layer.scan.boundaries is None:
        rings = contours(*window, layer.scan.group(layer.letter))
        draw_regions(axes, rings, layer.style, zorder, filled=filled, width=width)
        return
    lines = [
        *(_on_page(one.m_X, one.g_X, window) for one in layer.curves),
        *(np.array([[m_X, low], [m_X, high]]) for m_X, low, high in layer.walls),
    ]
    points = [_on_page(one.m_X, one.g_X, window) for one in layer.regions]
    rings = [(one, np.array([0, len(one)])) for one in points]
    draw_curves(axes, rings, lines, layer.style, zorder=zorder, filled=filled, width=width)
    later = [_on_page(one.m_X, one.g_X, window) for one in layer.later]
    if later:
        dashed = LineCollection(later, colors=layer.style.edge, linewidths=width, linestyles=DASHED, zorder=7)
        axes.add_collection(dashed, autolim=False)


def _on_page(m_X: FloatArray, g_X: FloatArray, window: tuple[FloatArray, FloatArray]) -> FloatArray:
    return thinned(np.stack([m_X, g_X], axis=1), window)
