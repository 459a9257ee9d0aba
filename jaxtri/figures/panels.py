"""One panel: polylines and regions to matplotlib axes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path
from matplotlib.patheffects import Normal, Stroke

from jaxtri.numerics.arrays import BoolArray, FloatArray

Patches = list[tuple[FloatArray, FloatArray]]


@dataclass(frozen=True)
class Style:
    """How one group of searches is drawn."""

    face: str
    edge: str
    hatch: str | None = None
    line: str = "-"  # where curves are drawn without regions: told apart in grey print too


PALETTES = MappingProxyType(
    {
        "paper": {
            "Z": Style("#f4a6a6", "#c01f1f"),
            "B": Style("#a9c4ee", "#1f4fa8", line="--"),
            "K": Style("#a8d8a8", "#1d7a2a", line="-."),
        },
        # Okabe and Ito's colours, told apart by every kind of colour vision; hatched besides
        "okabe-ito": {
            "Z": Style("#f0c9a8", "#d55e00", "////"),
            "B": Style("#a8cde3", "#0072b2", "....", "--"),
            "K": Style("#a3dccb", "#009e73", "\\\\\\\\", "-."),
        },
    }
)
GREY = "0.78"
LEAST_ROOM = 0.04  # of a panel, around the middle of a name
FINEST = 5e-4  # of a panel: 0.04 mm where it is 8 cm wide
STACK = ("K", "B", "Z")  # drawn in this order: the smallest region on top
SPREADS = (  # quantiles that a shade lies between: light, then dark
    (0.025, 0.975, "95 % of the nodes", "#a8cde3"),
    (0.16, 0.84, "68 % of the nodes", "#4f9bc8"),
)
QUANTILES = (0.5, *(quantile for spread in SPREADS for quantile in spread[:2]))
MIDDLE = "#00304d"
PARENTS = {"Z": "Z decays", "B": "B decays", "K": "K decays"}


def draw_previous(
    axes: Axes, limits: Iterable[tuple[FloatArray, FloatArray, FloatArray]], top: float
) -> None:
    """Shade couplings that were excluded before: (masses, lower edge, upper edge) a search."""
    for m_X, low, high in limits:
        axes.fill_between(m_X, low, np.minimum(high, top), color=GREY, linewidth=0.4, zorder=1)


def draw_regions(axes: Axes, regions: Patches, style: Style, zorder: float) -> None:
    """Draw excluded regions with their holes."""
    for points, offsets in regions:
        codes = np.full(len(points), Path.LINETO, dtype=Path.code_type)
        codes[offsets[:-1]] = Path.MOVETO
        axes.add_patch(_area(Path(points, codes), style, 1.1, zorder))


def _area(outline: Path, style: Style, edge: float, zorder: float) -> PathPatch:
    """Return the patch of an excluded region, with an edge of some width."""
    return PathPatch(
        outline,
        facecolor=style.face,
        edgecolor=style.edge,
        hatch=style.hatch,
        linewidth=edge,
        alpha=0.72,
        zorder=zorder,
    )


def thinned(points: FloatArray, window: tuple[FloatArray, FloatArray]) -> FloatArray:
    """Points of a polyline that a page can tell apart: further than `FINEST` of the panel along the line."""
    x, y = (np.log(points[:, i]) / np.log(axis[-1] / axis[0]) for i, axis in enumerate(window))
    along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    kept = np.diff(np.floor(along / FINEST), prepend=-1.0, append=-1.0) != 0
    return points[kept[:-1] | kept[1:]]


def draw_curves(
    axes: Axes,
    rings: Patches,
    lines: Sequence[FloatArray],
    style: Style,
    zorder: float,
    *,
    filled: bool = True,
) -> None:
    """Draw excluded regions, rings of one orientation that may overlap, and the outline of their union."""
    if rings and filled:
        points = np.concatenate([ring for ring, _ in rings])
        codes = np.full(len(points), Path.LINETO, dtype=Path.code_type)
        codes[np.cumsum([0, *(len(ring) for ring, _ in rings[:-1])])] = Path.MOVETO
        # not add_patch: it would walk along every curve for limits that are fixed
        axes.add_artist(_area(Path(points, codes), style, 0.0, zorder))
    if rings:
        line = "-" if filled else style.line
        outline = LineCollection(
            lines, colors=style.edge, linewidths=1.1, linestyles=line, zorder=zorder + 0.5
        )
        axes.add_collection(outline, autolim=False)


def draw_own(axes: Axes, m_X: FloatArray, g_X: FloatArray, style: str) -> None:
    """Draw a curve of the user's, above everything."""
    axes.plot(m_X, g_X, color="black", linewidth=1.0, linestyle=style, zorder=9)


def place_labels(axes: Axes, masks: Mapping[str, BoolArray], palette: str) -> None:
    """Write the name of each group where its visible region is widest, away from the names already there.

    Parameters
    ----------
    axes
        Where to write.
    masks
        Of each group, whether it is what one sees at points (x, y) that are even in the panel.
    palette
        For the colour of the letters.
    """
    from scipy.ndimage import distance_transform_edt  # takes a quarter of a second

    for letter, mask in masks.items():
        room = distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
        x, y = np.unravel_index(int(np.argmax(room)), mask.shape)
        if room[x, y] < LEAST_ROOM * len(mask):
            continue
        place = (x + 0.5) / mask.shape[0], (y + 0.5) / mask.shape[1]
        colour = PALETTES[palette][letter].edge
        text = axes.text(
            *place, PARENTS[letter], transform=axes.transAxes, ha="center", va="center", color=colour,
            zorder=10,
        )  # fmt: skip
        text.set_path_effects([Stroke(linewidth=2.5, foreground="white"), Normal()])


def draw_band(axes: Axes, m_X: FloatArray, g_X: FloatArray, sigma: FloatArray, style: Style) -> None:
    """Draw a curve with its 1 and 2 sigma in ln g_X; a curve that turns back is drawn run by run."""
    axes.plot(m_X, g_X, color=style.edge, linewidth=0.6)
    turns = 1 + np.flatnonzero(np.diff(np.sign(np.diff(m_X))) != 0)
    for start, stop in zip([0, *turns], [*turns + 1, len(m_X)], strict=True):
        run = slice(start, stop)
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
    """Log axes with units."""
    axes.set(xscale="log", yscale="log", xlim=(m_X[0], m_X[-1]), ylim=(1e-2, 30))
    axes.set_xlabel(r"$m_X$ [GeV]")
    axes.set_ylabel(r"$1\sigma$ of $g_X$ [%]")
    axes.grid(which="major", alpha=0.3)


def finish_plane(axes: Axes, m_X: FloatArray, g_X: FloatArray, title: str) -> None:
    """Axes with units, as the nodes are spaced, with the limits of the scan, and a title."""
    axes.set(xscale=spacing(m_X), yscale=spacing(g_X), xlim=(m_X[0], m_X[-1]), ylim=(g_X[0], g_X[-1]))
    axes.set_xlabel(r"$m_X$ [GeV]")
    axes.set_ylabel(r"$g_X$")
    axes.set_title(title)
    axes.tick_params(which="both", direction="in", top=True, right=True)


def spacing(nodes: FloatArray) -> str:
    """Scale of an axis: linear where its nodes are, logarithmic where not."""
    steps = np.diff(nodes)
    return "linear" if len(nodes) > 2 and np.allclose(steps, steps[0], rtol=1e-6) else "log"


def draw_legend(
    axes: Axes,
    palette: str,
    leading: Mapping[str, list[str]],
    grey: bool,
    filled: bool = True,
    own: Sequence[tuple[str, str]] = (),
) -> None:
    """Legend below the panel: each group with the searches that lead in it, and the user's own curves."""
    styles = PALETTES[palette]
    handles: list[Artist] = []
    for letter in ("Z", "B", "K"):
        one = styles[letter]
        label = f"{PARENTS[letter]}: " + (", ".join(map(_typeset, leading[letter])) or "nothing excluded")
        handles.append(
            Patch(facecolor=one.face, edgecolor=one.edge, hatch=one.hatch, label=label)
            if filled
            else Line2D([], [], color=one.edge, ls=one.line, label=label)
        )
    if grey:
        handles.append(Patch(facecolor=GREY, edgecolor=GREY, label="previous limits"))
    handles += [Line2D([], [], color="black", ls=style, label=label) for label, style in own]
    text = axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(-0.14, -0.12), frameon=False)
    text.set_in_layout(False)  # long names must not squeeze the panel


def name_groups(axes: Axes, palette: str) -> None:
    """Legend inside the panel: the colour of each group."""
    styles = PALETTES[palette]
    handles = [Patch(color=styles[letter].edge, label=PARENTS[letter]) for letter in ("Z", "B", "K")]
    axes.legend(handles=handles, loc="lower right", fontsize=7, frameon=False)


def _typeset(name: str) -> str:
    """Set the particles of a final state as mathematics."""
    for plain, symbol in (
        ("e+ e-", "$e^+e^-$"), ("mu+ mu-", r"$\mu^+\mu^-$"), ("tau+ tau-", r"$\tau^+\tau^-$"),
        ("l+ l-", r"$\ell^+\ell^-$"),
    ):  # fmt: skip
        if name.endswith(" " + plain):
            return name.removesuffix(plain) + symbol
    return name
