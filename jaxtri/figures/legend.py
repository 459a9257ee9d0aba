"""The legend of a panel: groups with what leads in them, or scans; below the axis of masses."""

from collections.abc import Collection, Sequence
from typing import Any

import matplotlib
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.textpath import text_to_path
from matplotlib.transforms import ScaledTranslation

from jaxtri.figures.panels import PARENTS, Style, style_of, typeset

BESIDE, BELOW = -3.6, -4.0  # corner of a legend from that of its panel, in font sizes
MARGIN, ASIDE = 46, 40  # points of a panel that are no room: for a legend, for a title above the axes
LONG = 3  # of a line whose dashes are to be told, in font sizes
HARD = "\N{NO-BREAK SPACE}"
ROWS = 4  # of a legend, for which there is room


def entry(
    text: str, line: str = "", dashes: Any = "-", *, area: str = "", width: float | None = None
) -> Artist:
    """Entry of a legend: a line in a colour with dashes, of a width [points], or an area in a colour."""
    if area:
        return Patch(facecolor=area, edgecolor=area, label=text)
    thick = matplotlib.rcParams["lines.linewidth"] if width is None else width
    return Line2D([], [], color=line, ls=dashes, lw=thick, label=typeset(text))


def of_layer(style: Style, text: str, room: float, *, filled: bool) -> Artist:
    """Entry of a layer, in lines that fit so many points."""
    label = typeset(wrapped(text, room, float(matplotlib.rcParams["legend.fontsize"])).replace(HARD, " "))
    if filled:
        return Patch(facecolor=style.face, edgecolor=style.edge, hatch=style.hatch, label=label)
    return Line2D([], [], color=style.edge, ls=style.line, label=label)


def name_groups(axes: Axes, palette: str, there: Collection[str] = ()) -> None:
    """Legend inside the panel: the colour of each group, and of recast searches where they are there."""
    handles = [Patch(color=style_of(palette, letter).edge, label=PARENTS[letter]) for letter in "ZBK"]
    if "p" in there:
        handles.append(Patch(color=style_of(palette, "p").edge, label="recast searches"))
    axes.legend(handles=handles, loc="lower right", fontsize=7, frameon=False)


def wrapped_title(text: str, width: float) -> str:
    """Title in lines that fit above a panel of some width [inches]."""
    return wrapped(text, 72 * width - ASIDE, float(matplotlib.rcParams["axes.titlesize"]))


def wrapped(text: str, room: float, size: float) -> str:
    """Text in lines of so many points at most, by the widths of its words in a font of a size."""
    font = FontProperties(family=matplotlib.rcParams["font.family"], size=size)
    lines = []
    for line in text.splitlines():
        shown = ""
        for word in line.split(" "):
            longer = f"{shown} {word}" if shown else word
            width = text_to_path.get_text_width_height_descent(longer, font, ismath=False)[0]
            if shown and width > room:
                lines.append(shown)
                longer = word
            shown = longer
        lines.append(shown)
    return "\n".join(lines)


def draw_legend(axes: Axes, handles: Sequence[Artist], *, columns: int = 1, long: bool = False) -> int:
    """Legend below the axis of masses and its label, left of the other axis; returns its rows.

    Where dashes are to be told apart, lines are long.
    """
    em = matplotlib.rcParams["font.size"] / 72  # inches
    assert isinstance(axes.figure, Figure)
    corner = axes.transAxes + ScaledTranslation(BESIDE * em, BELOW * em, axes.figure.dpi_scale_trans)
    text = axes.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0, 0), bbox_transform=corner, frameon=False,
        borderpad=0, ncols=columns, handlelength=LONG if long else None,
    )  # fmt: skip
    text.set_in_layout(False)  # long names must not squeeze the panel
    return -(-sum(1 + one.get_text().count("\n") for one in text.get_texts()) // columns)
