"""One panel: polylines and regions to matplotlib axes."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from jaxtri.errors import InputError
from jaxtri.numerics.arrays import FloatArray

Patches = list[tuple[FloatArray, FloatArray]]


@dataclass(frozen=True)
class Style:
    """How one group of searches is drawn."""

    face: str
    edge: str
    hatch: str | None = None
    line: Any = "-"  # where curves are drawn without regions: told apart in grey print too


PALETTES = MappingProxyType(
    {
        "paper": {
            "Z": Style("#f4a6a6", "#c01f1f"),
            "B": Style("#a9c4ee", "#1f4fa8", line="-."),
            "K": Style("#a8d8a8", "#1d7a2a", line=":"),
        },
        "blue": {  # one colour for all, as in Fig. 4
            "Z": Style("#e2ebfa", "#7f9fd0"),
            "B": Style("#a9c4ee", "#1f4fa8", line="-."),
            "K": Style("#c6d8f4", "#4a78c0", line=":"),
        },
        # Okabe and Ito's colours, told apart by every kind of colour vision; hatched besides
        "okabe-ito": {
            "Z": Style("#f0c9a8", "#d55e00", "////"),
            "B": Style("#a8cde3", "#0072b2", "....", "-."),
            "K": Style("#a3dccb", "#009e73", "\\\\\\\\", ":"),
        },
    }
)
SERIES = (  # of chosen searches; told apart by every kind of colour vision, and in grey print by their dashes
    Style("#a0c8e2", "#0072b2", "////", "-"),
    Style("#efc3a0", "#d55e00", "\\\\\\\\", "-."),
    Style("#abb0c8", "#1b2a6b", "....", ":"),
    Style("#a0dac9", "#009e73", "xxxx", (0, (6, 1.5, 1, 1.5, 1, 1.5))),
    Style("#c5a7a0", "#661100", "||||", (0, (1, 3))),
    Style("#c0e3f6", "#56b4e9", "----", (0, (9, 2, 3, 2))),
)
PREVIOUS = Style("#d9d9d9", "#737373")  # recast searches, whose curves are drawn with bands alone


def style_of(palette: str, letter: str) -> Style:
    """How a group of searches is drawn; recast ones are grey in every palette."""
    return PALETTES[palette].get(letter, PREVIOUS)


OUTLINE_WIDTH = 1.1  # points
DASHED = "--"  # of projections, and of nothing else that is computed
SHADES = ("#000000", "#4b2070", "#0072b2", "#3fa66b", "#f0c040")  # from dark to light, for grey print
OWN = {False: ("black", "Black"), True: ("#cc3311", "Red")}  # user's curves, by whether scans share the panel
GREY = "#c7c7c7"
NARROW = 2.0  # decades of mass, below which ticks are labelled between the powers of ten
DECADES = 99  # of an axis, at most
LEAST, FEW = 3.0, 5  # factor of masses below which ticks are those of a linear axis, and how many
FINEST = 5e-4  # of a panel: 0.04 mm where it is 8 cm wide
SEEN = 2e-5  # of a panel: a fiftieth of a pixel, and half a pixel where a browser magnifies 25 times
PAIRS = (  # final states and channels: as they are called, in mathematics, in Unicode
    ("e+ e-", "e^+e^-", "e⁺e⁻"),
    ("mu+ mu-", r"\mu^+\mu^-", "μ⁺μ⁻"),
    ("tau+ tau-", r"\tau^+\tau^-", "τ⁺τ⁻"),
    ("l+ l-", r"\ell^+\ell^-", "l⁺l⁻"),
    ("Z → gamma X", r"Z \to \gamma X", "Z → γX"),
    ("B+ → K+ X", r"B^+ \to K^+X", "B⁺ → K⁺X"),
    ("B0 → K0 X", r"B^0 \to K^0X", "B⁰ → K⁰X"),
    ("B0 → K*0 X", r"B^0 \to K^{*0}X", "B⁰ → K*⁰X"),
    ("B+ → K*+ X", r"B^+ \to K^{*+}X", "B⁺ → K*⁺X"),
    ("K+ → pi+ X", r"K^+ \to \pi^+X", "K⁺ → π⁺X"),
    ("KL → pi0 X", r"K_L \to \pi^0X", "K_L → π⁰X"),
    ("B → K X", r"B \to KX", "B → KX"),
    ("B → K* X", r"B \to K^*X", "B → K*X"),
)
OUTLINE = 0.2  # of zorder, above its region and below the next one
STACK = ("K", "B", "Z")  # drawn in this order: the smallest region on top
PARENTS = {"Z": "Z decays", "B": "B decays", "K": "K decays"}


def draw_previous(
    axes: Axes, limits: Iterable[tuple[FloatArray, FloatArray, FloatArray]], top: float
) -> None:
    """Shade couplings that were excluded before: (masses, lower edge, upper edge) a search."""
    areas = [
        np.stack([np.append(m_X, m_X[::-1]), np.append(low, np.minimum(high, top)[::-1])], axis=1)
        for m_X, low, high in limits
    ]
    if areas:
        axes.add_collection(PolyCollection(areas, color=GREY, linewidth=0.4, zorder=1), autolim=False)


def draw_regions(
    axes: Axes,
    regions: Patches,
    style: Style,
    zorder: float,
    *,
    filled: bool = True,
    width: float = OUTLINE_WIDTH,
) -> None:
    """Draw excluded regions with their holes, or their outlines alone."""
    for points, offsets in regions:
        codes = np.full(len(points), Path.LINETO, dtype=Path.code_type)
        codes[offsets[:-1]] = Path.MOVETO
        patch = _area(Path(points, codes), style, width, zorder)
        if not filled:
            patch.set(fill=False, hatch=None, linestyle=style.line, alpha=None)
        axes.add_patch(patch)


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


def simplified(points: FloatArray, window: tuple[FloatArray, FloatArray]) -> FloatArray:
    """Fewest points of a polyline, found by halving, such that all others lie within `SEEN` of the panel."""
    scaled = np.stack(
        [np.log(points[:, i]) / np.log(axis[-1] / axis[0]) for i, axis in enumerate(window)], axis=1
    )
    kept = np.zeros(len(points), dtype=bool)
    kept[[0, -1]] = True
    left = [(0, len(points) - 1)]
    while left:
        first, last = left.pop()
        between, along = scaled[first + 1 : last] - scaled[first], scaled[last] - scaled[first]
        if not len(between):
            continue
        share = np.clip(between @ along / max(along @ along, np.finfo(float).tiny), 0.0, 1.0)
        far = np.linalg.norm(between - share[:, None] * along, axis=1)
        if far.max() > SEEN:
            middle = first + 1 + int(np.argmax(far))
            kept[middle] = True
            left += [(first, middle), (middle, last)]
    return points[kept]


def draw_curves(
    axes: Axes,
    rings: Patches,
    lines: Sequence[FloatArray],
    style: Style,
    zorder: float,
    *,
    filled: bool = True,
    width: float = OUTLINE_WIDTH,
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
            lines, colors=style.edge, linewidths=width, linestyles=line, zorder=zorder + OUTLINE
        )
        axes.add_collection(outline, autolim=False)


def draw_own(axes: Axes, m_X: FloatArray, g_X: FloatArray, style: str, colour: str) -> None:
    """Draw a curve of the user's, above everything."""
    axes.plot(m_X, g_X, color=colour, linewidth=1.0, linestyle=style, zorder=9)


def finish_plane(axes: Axes, m_X: FloatArray, g_X: FloatArray, title: str = "") -> None:
    """Axes with units, as the nodes are spaced, with the limits of the scan, and a title."""
    axes.set(xscale=spacing(m_X), yscale=spacing(g_X), xlim=(m_X[0], m_X[-1]), ylim=(g_X[0], g_X[-1]))
    axes.set_title(title)
    axes.set_xlabel(r"$m_X$ [GeV]")
    axes.set_ylabel(r"$g_X$")
    axes.tick_params(which="both", direction="in", top=True, right=True)


class _Decades(LogLocator):
    """Minor ticks as usual or, where there would be none, at every decade."""

    def tick_values(self, vmin: float, vmax: float) -> Any:
        found = super().tick_values(vmin, vmax)
        return found if len(found) else LogLocator(numticks=DECADES).tick_values(vmin, vmax)


def readable_ticks(axes: Axes) -> None:
    """Masses as decimals where they span few decades: labels also between the powers of ten.

    Over less than a factor of `LEAST` ticks are where those of a linear axis would be.  Where not every
    decade has a label, each has a tick.
    """
    for axis, scale, (first, last) in (
        (axes.xaxis, axes.get_xscale(), axes.get_xlim()),
        (axes.yaxis, axes.get_yscale(), axes.get_ylim()),
    ):
        if scale == "log" and last / first > 10**NARROW:
            axis.set_minor_locator(_Decades(subs="auto"))
            axis.set_minor_formatter(NullFormatter())
    low, high = axes.get_xlim()
    if axes.get_xscale() != "log" or high / low > 10**NARROW:
        return
    if high / low < LEAST:
        axes.xaxis.set_major_locator(MaxNLocator(FEW, steps=[1, 2, 5, 10]))
        axes.xaxis.set_minor_locator(NullLocator())
    between = (2, 5) if high / low > 10 ** (NARROW / 2) * 1.01 else (2, 3, 5)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.xaxis.set_minor_formatter(
        FuncFormatter(
            lambda x, _: f"{x:g}" if round(x / 10 ** math.floor(math.log10(x)), 6) in between else ""
        )
    )


def spacing(nodes: FloatArray) -> Literal["log", "linear"]:
    """Scale of an axis: linear where its nodes are, logarithmic where not."""
    steps = np.diff(nodes)
    return "linear" if len(nodes) > 2 and np.allclose(steps, steps[0], rtol=1e-6, atol=0.0) else "log"


def shades(count: int) -> tuple[str, ...]:
    """Colours of so many scans in one panel, as far apart in lightness as can be.

    Raises
    ------
    InputError
        If there are more than can be told apart.
    """
    if count > len(SHADES):
        raise InputError(f"{count} scans in one panel: at most {len(SHADES)} can be told apart; choose some")
    return (SHADES if count > (len(SHADES) + 1) // 2 else SHADES[::2])[:count]


def typeset(text: str) -> str:
    """Set the particles of final states as mathematics."""
    for plain, symbols, _ in PAIRS:
        text = text.replace(f" {plain}", f" ${symbols}$")
    return text


def in_unicode(text: str) -> str:
    """Set the particles of final states without mathematics: for letters with a halo, and for pages."""
    for plain, _, letters in PAIRS:
        text = text.replace(f" {plain}", f" {letters}")
    return text
