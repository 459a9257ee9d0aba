"""Maps: the lowest excluded coupling over two axes of a scan, of a charge against a charge or the mass."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.patheffects import Normal, Stroke

from jaxtri.errors import InputError
from jaxtri.figures.map_words import (
    GRID,
    RANGE,
    axis_label,
    contour_levels,
    fixed_values,
    panel_title,
    power_of_ten,
    sizes_of,
)
from jaxtri.figures.panels import readable_ticks, spacing
from jaxtri.figures.selection import kinds_of, names_of, panel_columns, panels_of
from jaxtri.figures.sheet import PANEL, STYLE, as_mathematics
from jaxtri.figures.spreads import draw_axis
from jaxtri.numerics.arrays import BoolArray, FloatArray
from jaxtri.scans.arrays import EXCLUDED, dims_of
from jaxtri.scans.record import Scan
from jaxtri.scans.schema import FigureChoice

OF_PLANES = ("html", "searches", "panels", "labels", "curves", "xlim", "ylim", "size")  # choices of a figure
ONE_FAMILY = "curves along a further axis are drawn of one scan at a time"
COLOURS = "cividis"  # even in lightness, and told apart by every kind of colour vision
NOTHING: dict[str, Any] = {
    "facecolor": "white",
    "edgecolor": "0.6",
    "hatch": "////",
}  # where nothing is excluded


def draw_further(scans: Mapping[str, Scan], *, title: str, look: FigureChoice | None = None) -> Figure:
    """Draw scans with further axes: a map each, or how curves move along the one axis besides m_X.

    Parameters
    ----------
    scans
        With the same axes, one panel each.
    title
        Above all panels.
    look
        ``style`` "curves" draws one curve a node of a single further axis; samples are always drawn as a
        spread.  By default a map.

    Raises
    ------
    InputError
        If more or fewer than two axes have several nodes, nodes are samples, or there is no ``g_X_range``; if
        something is chosen that only planes have, as panels that scans share.
    """
    first, look = next(iter(scans.values())), look or FigureChoice()
    _require_of_maps("plot", look)
    joint = samples_of(first.header.configuration["further_axes"])
    if is_family(sizes_of(first), joint, look.style):
        if len(scans) > 1:
            raise InputError(f"plot: {ONE_FAMILY}, or --at NAME=VALUE for each of them")
        return draw_axis(first, title=title)
    return draw_maps(scans, title=title)


def require_drawable(
    where: str,
    sizes: Mapping[str, int],
    joint: Sequence[str],
    arrays: Sequence[str],
    look: FigureChoice,
    *,
    count: int = 1,
) -> None:
    """Raise, before any work, where `draw_further` could not draw what a scan will store.

    Raises
    ------
    InputError
        As `draw_further` of so many scans.
    """
    family = is_family(sizes, joint, look.style)
    if not family:
        axes_of(where, sizes, joint)
    _require_of_maps(f"{where}: figure", look)
    if family and count > 1:
        raise InputError(f"{where}: {ONE_FAMILY}; choose one in [figure] treatments, or use jaxtri scan")
    if RANGE not in arrays and (family or GRID not in arrays):
        raise InputError(
            f'{where}: stores no {RANGE}, which is drawn over further axes; write arrays = "reductions"'
            + ("" if family else f', or ["{GRID}"], which maps of limits that are curves take')
        )


def _require_of_maps(where: str, look: FigureChoice) -> None:
    """Raise where something is chosen that only planes have."""
    plain = FigureChoice()
    for name in OF_PLANES:
        if getattr(look, name) != getattr(plain, name):
            raise InputError(
                f"{where}: {name} belongs to the (m_X, g_X) plane, and this scan has further axes; "
                "leave it out, and choose a plane with jaxtri plot --at"
            )


def is_family(sizes: Mapping[str, int], joint: Iterable[str], style: str) -> bool:
    """Whether a scan is drawn as curves in (m_X, g_X): samples or, if so wanted, the nodes of one axis."""
    further = [name for name in sizes if name not in ("m_X", "g_X")]
    return len(further) == 1 and sizes["m_X"] > 1 and (style == "curves" or further[0] in joint)


def axes_of(where: str, sizes: Mapping[str, int], joint: Iterable[str]) -> tuple[str, str]:
    """Return the two axes of a map, across and up: charges across and up, m_X across.

    Parameters
    ----------
    where
        What errors call the scan.
    sizes
        Nodes by axis, m_X and g_X last.
    joint
        Names of axes whose nodes are samples.

    Raises
    ------
    InputError
        If not exactly two axes besides g_X have several nodes, or one of these has samples.
    """
    free = [name for name, count in sizes.items() if count > 1 and name != "g_X"]
    if len(free) != 2:
        some = f"ax{'es' if len(free) > 1 else 'is'} {', '.join(free)} ha{'ve' if len(free) > 1 else 's'}"
        found = f"{some if free else 'no axis has'} several nodes"
        raise InputError(
            f"{where}: {found}, and a map has two; "
            + (
                "choose nodes with --at until two are left, or give m_X = {values = [...]} one value and the "
                "model the charges"
                if len(free) > 2
                else "give m_X, or another axis, several nodes; jaxtri scan stores the numbers of this one"
            )
        )
    for name in free:
        if name in joint:
            raise InputError(f"{where}: nodes of {name} are samples, without an order; choose one with --at")
    up, across = (free[0], free[1]) if "m_X" in free else (free[1], free[0])
    return across, up


def samples_of(further_axes: Mapping[str, Any]) -> list[str]:
    """Names of axes whose nodes are samples, of a configuration."""
    return [name for name, one in further_axes.items() if one["joint"]]


def lowest_excluded(scan: Scan, across: str, up: str) -> FloatArray:
    """Lowest excluded coupling, (up, across); NaN where nothing on the axis of g_X is excluded.

    From the flags of every node, where there is no `RANGE`: then it is a node of the axis.
    """
    dims = [dim for dim in dims_of(RANGE, scan.header.axes) if dim != "range_end"]
    if RANGE in scan.header.arrays:
        lowest = np.asarray(scan[RANGE][0])
    else:
        flags = scan[GRID] == EXCLUDED["excluded"]
        lowest = np.where(flags.any(axis=-1), scan["g_X"][flags.argmax(axis=-1)], np.nan)
    for i in reversed([i for i, dim in enumerate(dims) if dim not in (across, up)]):
        lowest, dims = lowest.take(0, axis=i), dims[:i] + dims[i + 1 :]
    return lowest if dims == [up, across] else lowest.T


def draw_maps(scans: Mapping[str, Scan], *, title: str) -> Figure:
    """Draw the lowest excluded coupling of scans over their two axes, side by side in the same colours.

    It is the upper end of the lowest allowed window: every smaller coupling on the axis of g_X is allowed.

    Parameters
    ----------
    scans
        One panel each, by name.
    title
        Above all panels.

    Raises
    ------
    InputError
        As `axes_of`; if a scan does not hold ``g_X_range``, or its axes are not those of the first.
    """
    panels = {name: (scan, *_of(scan)) for name, scan in scans.items()}
    titles = dict(zip(scans, names_of(scans, ", treatment: "), strict=True))
    if len({(across, up) for _, across, up, _ in panels.values()}) > 1:
        raise InputError("plot: these maps have different axes; draw one at a time")
    found = np.concatenate([lowest[np.isfinite(lowest)] for *_, lowest in panels.values()])
    low, high = (found.min(), found.max()) if len(found) else (1.0, 1.0)
    norm = LogNorm(low, high if high > low * (1 + 1e-9) else low * 1.1)
    with matplotlib.rc_context(STYLE):
        kinds = kinds_of(scans)
        order, columns = panels_of(kinds, "each"), panel_columns(kinds, "each")
        rows = -(-len(order) // columns)
        figure = Figure(figsize=(PANEL[0] * columns + 0.9, PANEL[0] * rows), layout="constrained")
        FigureCanvasAgg(figure)
        drawn = [figure.add_subplot(rows, columns, i) for i in range(1, len(order) + 1)]
        for axes, [name] in zip(drawn, order, strict=True):
            scan, across, up, lowest = panels[name]
            _draw_map(axes, scan[across], scan[up], lowest, norm)
            axes.set(
                xlabel=axis_label(scan, across),
                ylabel=axis_label(scan, up),
                title=panel_title(scan, titles[name]),
            )
        if len(found):
            at_bottom = any(_at_bottom(scan, lowest).any() for scan, *_, lowest in panels.values())
            figure.colorbar(
                ScalarMappable(norm, COLOURS), ax=drawn, label="lowest excluded $g_X$",
                extend="min" if at_bottom else "neither",
            )  # fmt: skip
        figure.suptitle(as_mathematics(title), fontsize=12)
        return figure


def _of(scan: Scan) -> tuple[str, str, FloatArray]:
    """Axes of the map of a scan, and its values."""
    where = scan.header.title
    across, up = axes_of(where, sizes_of(scan), samples_of(scan.header.configuration["further_axes"]))
    if not {RANGE, GRID} & set(scan.header.arrays):
        raise InputError(
            f"{where}: holds neither {RANGE} nor {GRID} of all searches, which a map shows; choose one plane "
            f'with --at, or scan again with "{RANGE}" among arrays'
        )
    return across, up, lowest_excluded(scan, across, up)


def _at_bottom(scan: Scan, lowest: FloatArray) -> BoolArray:
    """Where already the lowest coupling of the axis is excluded."""
    return np.isclose(lowest, scan["g_X"][0], rtol=1e-6, atol=0.0)


def _draw_map(axes: Axes, x: FloatArray, y: FloatArray, lowest: FloatArray, norm: LogNorm) -> None:
    """One panel: a cell a node, contours, and hatching where nothing is excluded."""
    axes.set(xscale=_scale(x), yscale=_scale(y))
    axes.pcolormesh(
        _cell_ends(x), _cell_ends(y), np.ma.masked_invalid(lowest), norm=norm, cmap=COLOURS, rasterized=True
    )
    axes.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]), facecolor="white")
    if not np.isfinite(lowest).all():
        axes.patch.set(**NOTHING)
        axes.legend(handles=[Patch(label="nothing excluded", **NOTHING)], loc="upper left", framealpha=1.0)
    levels = contour_levels(lowest)
    if len(levels):
        with np.errstate(invalid="ignore"):
            lines = axes.contour(x, y, np.ma.masked_invalid(np.log10(lowest)), np.log10(levels),
                                 colors="black", linewidths=0.7, linestyles="solid")  # fmt: skip
        shown = axes.clabel(lines, fmt={level: power_of_ten(10**level) for level in lines.levels}, fontsize=7)
        for text in shown:
            text.set_path_effects([Stroke(linewidth=2.0, foreground="white"), Normal()])
    axes.tick_params(which="both", direction="in", top=True, right=True)
    readable_ticks(axes)


def _scale(nodes: FloatArray) -> str:
    """Scale of an axis; one that reaches 0 or below is linear."""
    return spacing(nodes) if nodes[0] > 0 else "linear"


def _cell_ends(nodes: FloatArray) -> FloatArray:
    """Ends of the cell of every node: half way to its neighbours, as the axis is spaced."""
    log = _scale(nodes) == "log"
    scaled = np.log(nodes) if log else nodes
    ends = np.concatenate([scaled[:1], (scaled[1:] + scaled[:-1]) / 2, scaled[-1:]])
    return np.asarray(np.exp(ends) if log else ends)


def caption(scans: Mapping[str, Scan], look: FigureChoice | None = None) -> str:
    """Return a caption: what is drawn over what, what is fixed, by which searches, with references."""
    first = next(iter(scans.values()))
    title, g_X, held = first.header.title, first["g_X"], fixed_values(first)
    joint = samples_of(first.header.configuration["further_axes"])
    if is_family(sizes_of(first), joint, (look or FigureChoice()).style):
        what = f"lowest and highest excluded coupling g_X against m_X, along {first.further_axes[0]}"
        lines = [f"{title}: {what}."]
    else:
        across, up, lowest = _of(first)
        what = f"lowest excluded coupling g_X against {across} and {up}"
        lines = [f"{title}: {what}" + (f"; {held}." if held else ".")]
        lines.append(f"Smaller couplings, down to {g_X[0]:g}, are allowed.")
        if not np.isfinite(lowest).all():
            lines.append(f"Hatched: nothing is excluded up to {g_X[-1]:g}.")
    for name, scan in scans.items():
        model = scan.header.configuration["model"]["name"]
        searches = dict.fromkeys(f"{one['experiment']} [{one['reference']}]" for one in scan.header.searches)
        lines.append(f"Treatment {name}: charges of {model} where no axis sets them; {', '.join(searches)}.")
    return "\n".join(lines)
