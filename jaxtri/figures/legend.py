"""The legend of a panel: groups with what leads in them, or scans; below the axis of masses."""

import textwrap
from collections.abc import Collection, Mapping, Sequence
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

from jaxtri.figures.panels import DASHED, GREY, PARENTS, Style, style_of, typeset

BESIDE, BELOW = -3.6, -4.0  # corner of a legend from that of its panel, in font sizes
LETTER, MARGIN = 0.55, 36  # width of a letter in font sizes; points of a panel that are no room for text
LONG = 3  # of a line whose dashes are to be told, in font sizes
HARD = "\N{NO-BREAK SPACE}"
ASIDE = 4.5  # font sizes of a panel beside its axes, in the middle of which a title stands
ROWS = 4  # of a legend, for which there is room


def draw_legend(
    axes: Axes,
    layers: Sequence[tuple[Style, str]],
    width: float,
    *,
    grey: bool,
    filled: bool = True,
    own: Sequence[tuple[str, str]] = (),
    later: Sequence[tuple[Style, str]] = (),
    favoured: Sequence[Artist] = (),
) -> int:
    """Each layer with what leads in it, projections, own curves, lines, in a panel of some width [inches].

    Returns
    -------
    int
        Number of rows.
    """
    handles: list[Artist] = []
    for style, text in layers:
        plain = wrapped(text, width, float(matplotlib.rcParams["legend.fontsize"]))
        label = typeset(plain.replace(HARD, " "))
        handles.append(
            Patch(facecolor=style.face, edgecolor=style.edge, hatch=style.hatch, label=label)
            if filled
            else Line2D([], [], color=style.edge, ls=style.line, label=label)
        )
    if grey:
        handles.append(Patch(facecolor=GREY, edgecolor=GREY, label="previous limits"))
    handles += [
        Line2D([], [], color=style.edge, ls=DASHED, label=f"{typeset(name)}, projection")
        for style, name in later
    ]
    handles += [Line2D([], [], color="black", ls=style, label=label) for label, style in own]
    return _legend_below(axes, [*handles, *favoured], handlelength=2 if filled else LONG)


def draw_legend_of_scans(
    axes: Axes,
    scans: Mapping[str, str],
    layers: Sequence[tuple[Style, str]],
    *,
    grey: bool,
    own: Sequence[tuple[str, str]] = (),
    later: bool = False,
    favoured: Sequence[Artist] = (),
) -> int:
    """The colour of each scan, then the dashes of each layer; returns the number of rows."""
    handles: list[Artist] = [Line2D([], [], color=colour, label=name) for name, colour in scans.items()]
    handles += [Line2D([], [], color="0.35", ls=style.line, label=typeset(label)) for style, label in layers]
    if later:
        handles.append(Line2D([], [], color="0.35", ls=DASHED, label="projection"))
    if grey:
        handles.append(Patch(facecolor=GREY, edgecolor=GREY, label="previous limits"))
    handles += [Line2D([], [], color="black", ls=style, label=label) for label, style in own]
    handles += favoured
    return _legend_below(axes, handles, columns=1 + (len(handles) > ROWS), handlelength=LONG)


def name_groups(axes: Axes, palette: str, there: Collection[str] = ()) -> None:
    """Legend inside the panel: the colour of each group, and of recast searches where they are there."""
    handles = [Patch(color=style_of(palette, letter).edge, label=PARENTS[letter]) for letter in "ZBK"]
    if "p" in there:
        handles.append(Patch(color=style_of(palette, "p").edge, label="recast searches"))
    axes.legend(handles=handles, loc="lower right", fontsize=7, frameon=False)


def wrapped(text: str, width: float, font: float) -> str:
    """Text in lines that fit a panel of some width [inches] in a font of some size [points]."""
    letters = int((72 * width - MARGIN) / (LETTER * font))
    return "\n".join(textwrap.fill(line, letters, break_long_words=False) for line in text.splitlines())


def wrapped_title(text: str, width: float) -> str:
    """Title in lines that fit above a panel of some width [inches], by the widths of its words."""
    font = FontProperties(size=matplotlib.rcParams["axes.titlesize"])
    room = 72 * width - ASIDE * float(matplotlib.rcParams["font.size"])
    lines = []
    for line in text.splitlines():
        shown = ""
        for word in line.split(" "):
            longer = f"{shown} {word}" if shown else word
            if shown and text_to_path.get_text_width_height_descent(longer, font, ismath=False)[0] > room:
                lines.append(shown)
                longer = word
            shown = longer
        lines.append(shown)
    return "\n".join(lines)


def _legend_below(axes: Axes, handles: Sequence[Artist], columns: int = 1, **options: Any) -> int:
    """Legend below the axis of masses and its label, left of the other axis; its rows."""
    em = matplotlib.rcParams["font.size"] / 72  # inches
    assert isinstance(axes.figure, Figure)
    corner = axes.transAxes + ScaledTranslation(BESIDE * em, BELOW * em, axes.figure.dpi_scale_trans)
    text = axes.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0, 0), bbox_transform=corner, frameon=False,
        borderpad=0, ncols=columns, **options,
    )  # fmt: skip
    text.set_in_layout(False)  # long names must not squeeze the panel
    return -(-sum(1 + one.get_text().count("\n") for one in text.get_texts()) // columns)
