"""A figure: panels side by side, and the caption that says what they show."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from jaxtri.figures.comparison import cautions_of, leading_searches, verdict_of
from jaxtri.figures.favoured import legend_entries, sentences
from jaxtri.figures.legend import ROWS, draw_legend, draw_legend_of_scans, wrapped
from jaxtri.figures.panels import PARENTS, STACK, draw_own, readable_ticks, shades
from jaxtri.figures.plane import draw, require_plotted, require_window
from jaxtri.figures.selection import called, names_of, projections_of, same_grey, window_of
from jaxtri.figures.sheet import LEGEND, NARROW, PANEL, STYLE, WIDTHS, as_mathematics
from jaxtri.limits.previous import previous_limits
from jaxtri.limits.statistics import meaning
from jaxtri.scans.record import Scan
from jaxtri.scans.schema import FigureChoice
from jaxtri.tables.reader import read_columns

ROW = 0.16  # inches, of a legend
THICKER = 0.7  # points, for each scan drawn above another


def draw_scans(scans: Mapping[str, Scan], *, title: str, look: FigureChoice | None = None) -> Figure:
    """Draw what several scans exclude, side by side or together.

    Parameters
    ----------
    scans
        One panel each, or curves of their own in one panel, by name.
    title
        Above all panels.
    look
        Palette, style, limits, size, labels, own curves, one panel or several; by default as in a scan file.

    Raises
    ------
    InputError
        If a scan has neither curves nor ``log10_ratio`` and ``status``, or more than `panels.MOST` scans are
        to be drawn together.
    """
    look = look or FigureChoice()
    for scan in scans.values():
        require_plotted(scan)
    with matplotlib.rc_context(STYLE | (NARROW if look.size != "panels" else {})):
        count = 1 if look.together else len(scans)
        width, height = _size(look, count)
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(1, count, squeeze=False)[0]
        if look.together:
            rows = [_draw_together(panels[0], scans, look)]
        else:
            rows = [
                _draw_panel(axes, scan, name, look, width / count)
                for axes, (name, scan) in zip(panels, scans.items(), strict=True)
            ]
        room = LEGEND * PANEL[1] + ROW * max(0, max(rows) - ROWS)
        figure.set_size_inches(width, height + room)
        figure.suptitle(as_mathematics(title), fontsize=12 if look.size == "panels" else 8)
        below = room / (height + room)
        figure.get_layout_engine().set(rect=(0, below, 1, 1 - below))  # type: ignore[union-attr,call-arg]
        return figure


def _size(look: FigureChoice, panels: int) -> tuple[float, float]:
    """Width and height of a figure without its legend [inches]."""
    if look.size == "panels":
        return PANEL[0] * panels, PANEL[1] * (1 - LEGEND)
    width = WIDTHS[look.size]
    return width, min(0.95 * width / panels, 0.7 * width) * PANEL[1] / PANEL[0]


def _draw_panel(axes: Axes, scan: Scan, name: str, look: FigureChoice, width: float) -> int:
    """One panel, with a title that names model, treatment and searches; returns the rows of its legend."""
    configuration = scan.header.configuration
    title = (
        f"{configuration['model']['name']}, treatment: {name}\n"
        f"searches: {', '.join(filter(None, (configuration['searches']['set'], _levels(scan))))}"
        + "".join(f"\nmeasured: {one}" for one in _readings(scan, chosen=True))
        + _caution(scan)
    )
    if look.size != "panels":
        title = wrapped(title, width, float(matplotlib.rcParams["axes.titlesize"]))
    draw(scan, axes, palette=look.palette, title=title, style=look.style, labels=look.labels,
         xlim=look.xlim, ylim=look.ylim)  # fmt: skip
    own = _draw_own(axes, look)
    looked_at = {one["channel"][0] for one in scan.header.searches}
    leading = {letter: leading_searches(scan, letter) for letter in STACK if letter in looked_at}
    grey = bool(previous_limits(configuration))
    return draw_legend(
        axes, look.palette, leading, width, grey=grey, filled=look.style == "regions", own=own,
        later=[(letter, called(one)) for letter in "ZBK" for one in projections_of(scan, letter)],
        favoured=legend_entries(scan.favoured) if scan.favoured else (),
    )  # fmt: skip


def _draw_own(axes: Axes, look: FigureChoice) -> list[tuple[str, str]]:
    """Draw the user's curves; return their labels and line styles."""
    for one in look.curves:
        columns = read_columns(Path(one.file))
        draw_own(axes, columns["m_X"], columns["g_X"], one.style)
    return [(one.label, one.style) for one in look.curves]


def _draw_together(axes: Axes, scans: Mapping[str, Scan], look: FigureChoice) -> int:
    """Outlines of several scans in their colours, dashed by group; returns the rows of the legend."""
    colours = shades(len(scans))
    grey = same_grey(scans)
    for i, (scan, colour) in enumerate(zip(scans.values(), colours, strict=True)):
        draw(
            scan, axes, palette=look.palette, previous=grey and i == 0, style="curves", colour=colour,
            favoured=i == 0,
        )  # fmt: skip
        for lines in axes.collections:  # what coincides with a later scan stays visible below it
            if isinstance(lines, LineCollection):
                lines.set_linewidth(
                    float(np.max(lines.get_linewidth())) + (THICKER if i < len(scans) - 1 else 0.0)
                )
    window = window_of(scans)
    require_window("xlim", look.xlim, window[0])
    require_window("ylim", look.ylim, window[1])
    axes.set(xlim=look.xlim or window[0], ylim=look.ylim or window[1])
    readable_ticks(axes)
    sets = dict.fromkeys(one.header.configuration["searches"]["set"] for one in scans.values())
    axes.set_title(f"searches: {', '.join(sets)}")
    own = _draw_own(axes, look)
    later = any(projections_of(scan, letter) for scan in scans.values() for letter in "ZBK")
    groups = [letter for letter in "ZBK" if any(leading_searches(scan, letter) for scan in scans.values())]
    named = dict(zip(names_of(scans), colours, strict=True))
    first = next(iter(scans.values())).favoured
    return draw_legend_of_scans(
        axes, named, look.palette, groups, grey=grey, own=own, later=later,
        favoured=legend_entries(first) if first else (),
    )  # fmt: skip


def caption(scans: Mapping[str, Scan], *, together: bool = False) -> str:
    """Return a caption: what is shown, which searches exclude something, what is grey; with references.

    Parameters
    ----------
    scans
        As for `draw_scans`.
    together
        Whether all are in one panel.
    """
    first = next(iter(scans.values()))
    lines = [f"{first.header.title}: couplings g_X of X that searches exclude, against its mass m_X."]
    for name, scan in scans.items():
        model = scan.header.configuration["model"]["name"]
        lines.append(f"{'Curves' if together else 'Panel'} {name}: model {model}, {_levels(scan)}.")
        lines += [f"Measured branching fractions count as {one}." for one in _readings(scan)]
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
    later = [one for scan in scans.values() for letter in "ZBK" for one in projections_of(scan, letter)]
    if later:
        sources = dict.fromkeys(f"{called(one)} [{one['reference']}]" for one in later)
        lines.append(f"Dashed: projections, which exclude nothing yet: {', '.join(sources)}.")
    found = [scan.favoured for scan in scans.values() if scan.favoured]
    lines += dict.fromkeys(sentence for one in found for sentence in sentences(one))
    grey = [one for scan in scans.values() for one in previous_limits(scan.header.configuration)]
    if grey and (same_grey(scans) or not together):
        sources = dict.fromkeys(f"{one.experiment} [{one.reference}]" for one in grey)
        how = dict.fromkeys(_grey(scan) for scan in scans.values())
        lines.append(f"Grey: excluded before{', '.join(filter(None, how))}, by {', '.join(sources)}.")
    return "\n".join(lines)


def _grey(scan: Scan) -> str:
    """How earlier limits were recast, where that was computed."""
    said = str(scan.header.configuration["model"]["previous_limits"])
    if "computed_limits" not in scan.header.configuration["model"]:
        return ""
    what = "visible decays" if said.startswith("visible") else "all searches"
    return f" ({what}, recast to the charges of {scan.header.configuration['model']['name']})"


def _excludes(scan: Scan, search: str) -> bool:
    """Whether a search excludes something; of a scan without curves, whether it is in it."""
    return scan.boundaries is None or any(one.search == search for one in scan.boundaries.regions)


def _caution(scan: Scan) -> str:
    """Lines below the title: what the treatment means for the model, and what the formulas leave out."""
    found = [one.partition(":")[0].partition(" (")[0] for one in cautions_of(scan)]
    return f"\n{verdict_of(scan)}" + (f"\ncaution: {'; '.join(found)}" if found else "")


def _levels(scan: Scan) -> str:
    """Confidence levels that the limits of a scan mix."""
    levels = {one["confidence"] for one in scan.header.searches}
    parts = [f"{100 * level:.0f} %" for level in sorted(level for level in levels if level is not None)]
    text = " and ".join(parts) + " CL limits" if parts else ""
    converted = (one.get("published_confidence") for one in scan.header.searches)
    before = sorted({level for level in converted if level is not None})
    if before:
        found = " and ".join(f"{100 * level:.0f} %" for level in before)
        text += f" ({found} ones converted by a Gaussian factor)"
    return text + (" and central values" if None in levels else "")


def _readings(scan: Scan, *, chosen: bool = False) -> list[str]:
    """How measured branching fractions became limits, in words; or only where the scan file chose it."""
    known = {one.get("measurement", ""): one["confidence"] for one in scan.header.searches}
    own = scan.header.configuration["searches"].get("measurement")
    return [meaning(one, level) for one, level in known.items() if one and (not chosen or one == own)]
