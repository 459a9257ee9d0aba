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

from jaxtri.boundary.intervals import edges_at
from jaxtri.boundary.record import Region
from jaxtri.durable.storage.atomic_files import write_whole
from jaxtri.errors import InputError, unknown_name
from jaxtri.figures.comparison import cautions_of, leading_searches, regions_of, verdict_of
from jaxtri.figures.marching_squares import filled as contours
from jaxtri.figures.panels import (
    MIDDLE,
    PALETTES,
    PARENTS,
    STACK,
    Style,
    draw_band,
    draw_curves,
    draw_family,
    draw_legend,
    draw_own,
    draw_previous,
    draw_regions,
    draw_spread,
    draw_widths,
    finish_plane,
    finish_widths,
    half_width,
    name_groups,
    place_labels,
    thinned,
)
from jaxtri.limits.previous import previous_limits
from jaxtri.numerics.arrays import BoolArray
from jaxtri.scans.record import Scan
from jaxtri.scans.schema import FigureChoice
from jaxtri.tables.reader import read_columns

PANEL = (4.6, 5.6)  # inches
LEGEND = 0.13  # share of the height below the panels
WIDTHS = {"single": 3.386, "double": 7.008}  # inches: one column of 86 mm, two of 178 mm together
POINTS = 150  # each way, at which room for labels is looked for
DPI = 200
FORMATS = ("pdf", "png")
PLOTTED = ("log10_ratio", "status")  # of a plane
STYLE: dict[Any, Any] = {
    "font.family": "serif",
    "mathtext.fontset": "cm",
    "font.size": 9,
    "hatch.linewidth": 0.4,
    "axes.titlesize": 9,
    "legend.fontsize": 7,
}
NARROW: dict[Any, Any] = {
    "font.size": 7,
    "axes.titlesize": 6.5,
    "legend.fontsize": 5.5,
    "lines.linewidth": 1.0,
}


def draw_scans(scans: Mapping[str, Scan], *, title: str, look: FigureChoice | None = None) -> Figure:
    """Draw what several scans exclude, side by side.

    Parameters
    ----------
    scans
        One panel each, by name.
    title
        Above all panels.
    look
        Palette, style, limits, size, labels and own curves; by default as in a scan file.

    Raises
    ------
    InputError
        If a scan has neither curves nor ``log10_ratio`` and ``status``.
    """
    look = look or FigureChoice()
    for scan in scans.values():
        _require_plotted(scan)
    with matplotlib.rc_context(STYLE | (NARROW if look.size != "panels" else {})):
        size = _size(look, len(scans))
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(1, len(scans), squeeze=False)[0]
        for axes, (name, scan) in zip(panels, scans.items(), strict=True):
            _draw_panel(axes, scan, name, look)
        figure.suptitle(typeset(title), fontsize=12 if look.size == "panels" else 8)
        below = LEGEND * PANEL[1] / size[1]
        figure.get_layout_engine().set(rect=(0, below, 1, 1 - below))  # type: ignore[union-attr,call-arg]
        return figure


def _size(look: FigureChoice, panels: int) -> tuple[float, float]:
    """Width and height of a figure [inches]."""
    if look.size == "panels":
        return PANEL[0] * panels, PANEL[1]
    width = WIDTHS[look.size]
    return width, min(0.95 * width / panels, 0.7 * width) * PANEL[1] / PANEL[0] + LEGEND * PANEL[1]


def _draw_panel(axes: Axes, scan: Scan, name: str, look: FigureChoice) -> None:
    """One panel of a figure, with a title that names model, treatment and searches, and a legend."""
    configuration = scan.header.configuration
    joint = ", " if look.size == "panels" else "\n"
    title = (
        f"{configuration['model']['name']}, treatment: {name}\n"
        f"searches: {configuration['searches']['set']}{joint}{_levels(scan)}" + _caution(scan)
    )
    draw(scan, axes, palette=look.palette, title=title, style=look.style, labels=look.labels,
         xlim=look.xlim, ylim=look.ylim)  # fmt: skip
    for one in look.curves:
        columns = read_columns(Path(one.file))
        draw_own(axes, columns["m_X"], columns["g_X"], one.style)
    leading = {letter: leading_searches(scan, letter) for letter in STACK}
    grey = bool(previous_limits(configuration))
    own = [(one.label, one.style) for one in look.curves]
    draw_legend(axes, look.palette, leading, grey=grey, filled=look.style == "regions", own=own)


def draw(
    scan: Scan,
    axes: Axes,
    *,
    palette: str = "okabe-ito",
    previous: bool = True,
    title: str | None = None,
    style: str = "regions",
    searches: Sequence[str] | None = None,
    labels: bool = False,
    xlim: Sequence[float] | None = None,
    ylim: Sequence[float] | None = None,
) -> None:
    """Draw what a scan excludes into a panel of one's own: regions or curves, axes with units, a title.

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
    style
        "regions", or "curves": outlines alone, which differ in their dashes too.
    searches
        Names of searches to draw, each with its own curves; by default all, as the union of a group.
    labels
        Write "Z decays", "B decays" and "K decays" onto their regions.
    xlim, ylim
        Lowest and highest m_X [GeV] and g_X to show; by default those of the scan.

    Raises
    ------
    InputError
        If the palette, the style or a search is unknown, the scan has further axes, or has neither curves nor
        ``log10_ratio`` and ``status``.
    """
    _require_plotted(scan)
    if palette not in PALETTES:
        raise unknown_name("draw", "palette", palette, PALETTES)
    if style not in ("regions", "curves"):
        raise unknown_name("draw", "style", style, ("regions", "curves"))
    for name in searches or ():
        if name not in scan.header.axes["search"]:
            raise unknown_name("draw", "search", name, scan.header.axes["search"])
    m_X, g_X = scan["m_X"], scan["g_X"]
    if previous:
        limits = previous_limits(scan.header.configuration)
        draw_previous(axes, [(one.m_X, one.g_low, one.g_high) for one in limits], g_X[-1])
    for depth, letter in enumerate(STACK):
        _draw_group(axes, scan, letter, PALETTES[palette][letter], 2 + depth, searches, style == "regions")
    model = scan.header.configuration["model"]["name"]
    finish_plane(axes, m_X, g_X, f"{model}, {scan.header.treatment}" if title is None else title)
    axes.set(xlim=xlim or (m_X[0], m_X[-1]), ylim=ylim or (g_X[0], g_X[-1]))
    if labels and scan.boundaries is not None:
        place_labels(axes, _seen(scan, axes, searches), palette)


def _seen(scan: Scan, axes: Axes, searches: Sequence[str] | None) -> dict[str, BoolArray]:
    """Which group is on top at even points of a panel, (x, y) by group."""
    even = (np.arange(POINTS) + 0.5) / POINTS
    to_data = (axes.transScale + axes.transLimits).inverted()
    m_X, g_X = to_data.transform(np.stack([even, even], axis=1)).T
    hidden, found = np.zeros((POINTS, POINTS), dtype=bool), {}
    for letter in reversed(STACK):
        low, high = edges_at(_regions(scan, letter, searches), m_X)
        log_g = np.log(g_X)[:, None, None]
        mask = ((low < log_g) & (log_g < high)).any(axis=2).T
        found[letter] = mask & ~hidden
        hidden |= mask
    return found


def _regions(scan: Scan, letter: str, searches: Sequence[str] | None) -> list[Region]:
    """Regions of a group, or of those of its searches that are chosen."""
    return [one for one in regions_of(scan, letter) if searches is None or one.search in searches]


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


def _draw_group(
    axes: Axes,
    scan: Scan,
    letter: str,
    style: Style,
    zorder: float,
    searches: Sequence[str] | None,
    filled: bool,
) -> None:
    """Draw what a group excludes: its exact boundaries; contours of the grid where a scan has none."""
    if scan.boundaries is None:
        draw_regions(axes, contours(scan["m_X"], scan["g_X"], scan.group(letter)), style, zorder=zorder)
        return
    window = scan["m_X"], scan["g_X"]
    regions = _regions(scan, letter, searches)
    outlines = scan.boundaries.groups[letter]
    if searches is not None:
        names = {one.search for one in regions}
        outlines = tuple(one for one in scan.boundaries.curves if one.search in names)
    lines = [thinned(np.stack([one.m_X, one.g_X], axis=1), window) for one in outlines]
    if searches is None:
        lines += [
            np.array([[m_X, low], [m_X, high]])
            for m_X, low, high in scan.boundaries.walls[letter]
            if window[0][0] < m_X < window[0][-1]  # not along the edge of the window
        ]
    rings = [thinned(np.stack([one.m_X, one.g_X], axis=1), window) for one in regions]
    points = [(one, np.array([0, len(one)])) for one in rings]
    draw_curves(axes, points, lines, style, zorder=zorder, filled=filled)


def caption(scans: Mapping[str, Scan]) -> str:
    """Return a caption: what is shown, which searches exclude something, what is grey; with references.

    Parameters
    ----------
    scans
        As for `draw_scans`.
    """
    first = next(iter(scans.values()))
    lines = [f"{first.header.title}: couplings g_X of X that searches exclude, against its mass m_X."]
    for name, scan in scans.items():
        lines.append(f"Panel {name}: model {scan.header.configuration['model']['name']}, {_levels(scan)}.")
        said = (verdict_of(scan), *cautions_of(scan))
        lines += [f"{sentence[:1].upper()}{sentence[1:]}." for sentence in said]
    for letter in reversed(STACK):
        used = {
            one["name"]: f"{one['experiment']} {one['final_state']} [{one['reference']}]"
            for scan in scans.values()
            for one in scan.header.searches
            if one["channel"][0] == letter and _excludes(scan, one["name"])
        }
        if used:
            lines.append(f"{PARENTS[letter]}: {', '.join(dict.fromkeys(used.values()))}.")
    grey = [one for scan in scans.values() for one in previous_limits(scan.header.configuration)]
    if grey:
        sources = dict.fromkeys(f"{one.experiment} [{one.reference}]" for one in grey)
        lines.append(f"Grey: excluded before, by {', '.join(sources)}.")
    return "\n".join(lines)


def _excludes(scan: Scan, search: str) -> bool:
    """Whether a search excludes something; of a scan without curves, whether it is in it."""
    return scan.boundaries is None or any(one.search == search for one in scan.boundaries.regions)


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
        figure.suptitle(typeset(title), fontsize=12)
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
        figure.suptitle(typeset(title), fontsize=12)
        return figure


def require_title(title: str) -> None:
    """Raise where a title cannot be typeset, before any work.

    Raises
    ------
    InputError
        If a formula in it is broken.
    """
    try:
        MathTextParser("agg").parse(typeset(title))
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
    """Lines below the title: what the treatment means for the model, and what the formulas leave out."""
    found = [one.partition(":")[0].partition(" (")[0] for one in cautions_of(scan)]
    return f"\n{verdict_of(scan)}" + (f"\ncaution: {'; '.join(found)}" if found else "")


def _levels(scan: Scan) -> str:
    """Confidence levels that the limits of a scan mix."""
    levels = {one["confidence"] for one in scan.header.searches}
    parts = [f"{100 * level:.0f} %" for level in sorted(level for level in levels if level is not None)]
    text = " and ".join(parts) + " CL limits" if parts else ""
    return text + (" and central values" if None in levels else "")


def typeset(title: str) -> str:
    """Set U(1)_{...} as mathematics."""
    head, brace, rest = title.partition("}")
    return f"${head}}}${rest}" if brace and "_{" in head and "$" not in title else title
