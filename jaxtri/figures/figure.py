"""A figure: panels side by side, saved as PDF and PNG."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.mathtext import MathTextParser

from jaxtri.durable.storage.atomic_files import write_whole
from jaxtri.errors import InputError, unknown_name
from jaxtri.figures.comparison import cautions_of, leading_searches
from jaxtri.figures.marching_squares import filled
from jaxtri.figures.panels import (
    MIDDLE,
    PALETTES,
    STACK,
    Style,
    draw_band,
    draw_curves,
    draw_family,
    draw_legend,
    draw_previous,
    draw_regions,
    draw_spread,
    draw_widths,
    finish_plane,
    finish_widths,
    half_width,
    name_groups,
    thinned,
)
from jaxtri.limits.previous import previous_limits
from jaxtri.scans.record import Scan

PANEL = (4.6, 5.6)  # inches
LEGEND = 0.13  # share of the height below the panels
DPI = 200
FORMATS = ("pdf", "png")
PLOTTED = ("log10_ratio", "status")  # of a plane
STYLE: dict[Any, Any] = {
    "font.family": "serif",
    "mathtext.fontset": "cm",
    "font.size": 9,
    "hatch.linewidth": 0.4,
}


def draw_scans(scans: Mapping[str, Scan], *, title: str, palette: str = "paper") -> Figure:
    """Draw the excluded regions of several scans side by side.

    Parameters
    ----------
    scans
        One panel each, by name.
    title
        Above all panels.
    palette
        "paper" (Z red, B blue, K green) or "okabe-ito" (colour-blind safe, hatched).

    Raises
    ------
    InputError
        If a scan does not hold ``log10_ratio`` and ``status``.
    """
    for scan in scans.values():
        _require_plotted(scan)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(PANEL[0] * len(scans), PANEL[1]), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(1, len(scans), squeeze=False)[0]
        for axes, (name, scan) in zip(panels, scans.items(), strict=True):
            search_set = scan.header.configuration["searches"]["set"]
            title_of = f"treatment: {name}\nsearches: {search_set}, {_levels(scan)}" + _caution(scan)
            draw(scan, axes, palette=palette, title=title_of)
            leading = {letter: leading_searches(scan, letter) for letter in STACK}
            grey = bool(previous_limits(scan.header.configuration))
            draw_legend(axes, palette, leading, grey=grey)
        figure.suptitle(_typeset(title), fontsize=12)
        figure.get_layout_engine().set(rect=(0, LEGEND, 1, 1 - LEGEND))  # type: ignore[union-attr,call-arg]
        return figure


def draw(
    scan: Scan, axes: Axes, *, palette: str = "okabe-ito", previous: bool = True, title: str | None = None
) -> None:
    """Draw what a scan excludes into a panel of one's own: regions, axes with units, a title.

    Parameters
    ----------
    scan
        A scan in the (m_X, g_X) plane, in memory or from `open_scan`.
    axes
        A Matplotlib ``Axes``; its scales, limits, labels and title are set.
    palette
        "okabe-ito" (colour-blind safe, hatched) or "paper" (Z red, B blue, K green).
    previous
        Shade the couplings that earlier searches exclude, where the model has a table of them.
    title
        Of the panel; by default model and treatment.

    Raises
    ------
    InputError
        If the palette is unknown, the scan has further axes, or does not hold ``log10_ratio`` and ``status``.
    """
    _require_plotted(scan)
    if palette not in PALETTES:
        raise unknown_name("draw", "palette", palette, PALETTES)
    m_X, g_X = scan["m_X"], scan["g_X"]
    if previous:
        limits = previous_limits(scan.header.configuration)
        draw_previous(axes, [(one.m_X, one.g_low, one.g_high) for one in limits], g_X[-1])
    for depth, letter in enumerate(STACK):
        _draw_group(axes, scan, letter, PALETTES[palette][letter], zorder=2 + depth)
    model = scan.header.configuration["model"]["name"]
    finish_plane(axes, m_X, g_X, f"{model}, {scan.header.treatment}" if title is None else title)


def _require_plotted(scan: Scan) -> None:
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


def _draw_group(axes: Axes, scan: Scan, letter: str, style: Style, zorder: float) -> None:
    """Draw what a group excludes: its exact boundaries; contours of the grid where a scan has none."""
    if scan.boundaries is None:
        draw_regions(axes, filled(scan["m_X"], scan["g_X"], scan.group(letter)), style, zorder=zorder)
        return
    group = {one["name"] for one in scan.header.searches if one["channel"][0] == letter}
    rings = [one for one in scan.boundaries.regions if one.search in group]
    window = scan["m_X"], scan["g_X"]
    curves = [thinned(np.stack([one.m_X, one.g_X], axis=1), window) for one in scan.boundaries.groups[letter]]
    walls = [np.array([[m_X, low], [m_X, high]]) for m_X, low, high in scan.boundaries.walls[letter]]
    outlines = [thinned(np.stack([one.m_X, one.g_X], axis=1), window) for one in rings]
    points = [(one, np.array([0, len(one)])) for one in outlines]
    draw_curves(axes, points, [*curves, *walls], style, zorder=zorder)


def draw_axis(scan: Scan, *, title: str) -> Figure:
    """Draw how the lowest and highest excluded coupling move along the one further axis of a scan.

    One curve a node in the colour of its value, or, where nodes are samples, how they spread.

    Raises
    ------
    InputError
        If there are more axes, or the scan does not hold ``boundary``.
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
        figure.suptitle(_typeset(title), fontsize=12)
        return figure


BandLine = tuple[str, np.ndarray, np.ndarray, np.ndarray]  # group, m_X [GeV], g_X, 1 sigma of ln g_X


def draw_bands(
    panels: Mapping[str, list[BandLine]],
    window: tuple[np.ndarray, np.ndarray],
    *,
    title: str,
    palette: str = "okabe-ito",
) -> Figure:
    """Draw boundaries with their 1 and 2 sigma bands, and below them how wide these are.

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
        figure = Figure(figsize=(PANEL[0] * len(panels), 1.25 * PANEL[1]), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(2, len(panels), squeeze=False, sharex="col", height_ratios=(3, 1.2))
        for (plane, widths), (name, lines) in zip(axes.T, panels.items(), strict=True):
            for letter, m_X, g_X, sigma in lines:
                draw_band(plane, m_X, g_X, sigma, PALETTES[palette][letter])
                draw_widths(widths, m_X, sigma, PALETTES[palette][letter].edge)
            finish_plane(plane, *window, f"treatment: {name}\nbands: 1σ and 2σ of the inputs")
            plane.set_xlabel("")
            finish_widths(widths, window[0])
        name_groups(axes[0, 0], palette)
        figure.suptitle(_typeset(title), fontsize=12)
        return figure


def require_title(title: str) -> None:
    """Raise where a title cannot be typeset, before any work.

    Raises
    ------
    InputError
        If a formula in it is broken.
    """
    try:
        MathTextParser("agg").parse(_typeset(title))
    except ValueError as error:
        raise InputError(
            f"title {title!r}: not valid mathematics ({str(error).strip().splitlines()[-1]}); write \\$ for $"
        ) from None


def save(
    figure: Figure, stem: Path, *, fingerprint: str = "", only: Sequence[Path] | None = None
) -> list[Path]:
    """Save a figure as PDF and PNG, or one of them; the fingerprint of its data goes into the metadata.

    Both are drawn in any case: what is drawn first moves the layout of what follows.

    Raises
    ------
    StorageError
        If a file cannot be written.
    """
    paths = [stem.with_name(f"{stem.name}.{suffix}") for suffix in FORMATS]
    with matplotlib.rc_context(STYLE):
        for path in paths:
            key = "Keywords" if path.suffix == ".pdf" else "Description"
            picture = io.BytesIO()
            try:
                figure.savefig(
                    picture,
                    format=path.suffix[1:],
                    dpi=DPI,
                    metadata={key: f"jaxtri config_sha256 {fingerprint}"},
                )
            except ValueError as error:
                reason = str(error).strip().splitlines()[-1]
                raise InputError(
                    f"{path}: a title is not valid mathematics ({reason}); write \\$ for $"
                ) from error
            if only is None or path in only:
                write_whole(path, picture.getvalue())
    return paths


def _caution(scan: Scan) -> str:
    """A line below the title where the formulas leave something out for the model."""
    found = [one.partition(":")[0].partition(" (")[0] for one in cautions_of(scan)]
    return f"\ncaution: {'; '.join(found)}" if found else ""


def _levels(scan: Scan) -> str:
    """Confidence levels that the limits of a scan mix."""
    levels = {one["confidence"] for one in scan.header.searches}
    parts = [f"{100 * level:.0f} %" for level in sorted(level for level in levels if level is not None)]
    text = " and ".join(parts) + " CL limits" if parts else ""
    return text + (" and central values" if None in levels else "")


def _typeset(title: str) -> str:
    """Set U(1)_{...} as mathematics."""
    head, brace, rest = title.partition("}")
    return f"${head}}}${rest}" if brace and "_{" in head and "$" not in title else title
