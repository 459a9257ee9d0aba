"""A figure: panels side by side or in a grid, each with its legend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec

from jaxtri.figures.favoured import draw_favoured, legend_entries
from jaxtri.figures.layers import Layer, Styles, in_colour, layers_of, listed, styles_of
from jaxtri.figures.legend import (
    ASIDE,
    HARD,
    MARGIN,
    ROWS,
    draw_legend,
    entry,
    of_layer,
    wrapped,
    wrapped_title,
)
from jaxtri.figures.panels import DASHED, GREY, OUTLINE_WIDTH, OWN, draw_own, shades
from jaxtri.figures.plane import draw_plane, name_layers, require_plotted, require_same_axes, require_window
from jaxtri.figures.plane_words import title_of, title_of_several
from jaxtri.figures.selection import (
    called,
    kinds_of,
    names_of,
    panel_columns,
    panels_of,
    require_panels,
    same_favoured,
    same_grey,
    window_of,
)
from jaxtri.figures.sheet import LEGEND, NARROW, PANEL, STYLE, WIDTHS, as_mathematics
from jaxtri.figures.shown import View, grey_of, leading_searches, projections_of, shows, view_of
from jaxtri.scans.record import Scan
from jaxtri.scans.schema import FigureChoice
from jaxtri.tables.reader import read_columns

MOST_BESIDE = {"single": 1, "double": 3, "panels": 9}  # panels, in the width of a page
NOTHING = "nothing excluded"
ROW = 0.16  # inches, of a legend
SPARE = 1.5  # times the room of legends between two lines of panels: titles take theirs from it
ASIDE_SCANS = 0.6  # of the width of a legend: for what stands beside the names of scans
THICKER = 0.7  # points, for each scan drawn above another
THIN = 0.55  # of that where scans share a panel in a column of a page: jagged curves keep their dashes


def draw_scans(scans: Mapping[str, Scan], *, title: str, look: FigureChoice | None = None) -> Figure:
    """Draw what several scans exclude, side by side or together.

    Parameters
    ----------
    scans
        What each is called, and the scan: a panel each, or curves of their own in panels that they share.
    title
        Above all panels.
    look
        Palette, style, limits, size, labels, searches, own curves, which scans share a panel; by default as
        in a scan file.

    Raises
    ------
    InputError
        If a scan has neither curves nor ``log10_ratio`` and ``status``, more than five scans are to share a
        panel, or scans with linear and with logarithmic axes.
    """
    look = look or FigureChoice()
    for scan in scans.values():
        require_plotted(scan)
    kinds = kinds_of(scans)
    require_panels("figure", kinds, look.panels)
    panels = panels_of(kinds, look.panels)
    columns = min(panel_columns(kinds, look.panels), MOST_BESIDE[look.size])
    lines = [panels[i : i + columns] for i in range(0, len(panels), columns)]
    styles = styles_of(scans.values(), look.searches, look.palette) if look.searches else None
    titles = dict(zip(scans, names_of(scans, ", treatment: "), strict=True))
    with matplotlib.rc_context(STYLE | (NARROW if look.size != "panels" else {})):
        width, height = _size(look, columns)
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        grid = figure.add_gridspec(2 * len(lines) - 1, columns)  # every second line is room for legends
        drawn, rows = [], [1] * len(lines)
        for i, line in enumerate(lines):
            for j, names in enumerate(line):
                some = {name: scans[name] for name in names}
                own = {name: layers_of(scan, look.palette, styles) for name, scan in some.items()}
                panel = Panel(figure.add_subplot(grid[2 * i, j]), some, own, look, width / columns)
                rows[i] = max(rows[i], panel.draw(titles[names[0]], styles))
                drawn.append(panel)
        _arrange(figure, grid, height, [LEGEND * PANEL[1] + ROW * max(0, some - ROWS) for some in rows])
        large = 12 if look.size == "panels" else 8
        figure.suptitle(as_mathematics(wrapped(title, 72 * width - ASIDE, large)), fontsize=large)
        if look.labels:
            figure.draw_without_rendering()  # panels get their sizes
            for panel in drawn:
                panel.name_layers()
        return figure


def _arrange(figure: Figure, grid: GridSpec, height: float, room: Sequence[float]) -> None:
    """Heights of lines of panels, and room below each for its legends [inches]."""
    between = [SPARE * one for one in room[:-1]]
    grid.set_height_ratios([height, *(part for one in between for part in (one, height))])
    whole = len(room) * height + sum(between) + room[-1]
    figure.set_size_inches(figure.get_figwidth(), whole)
    below = room[-1] / whole
    figure.get_layout_engine().set(rect=(0, below, 1, 1 - below))  # type: ignore[union-attr,call-arg]


def _size(look: FigureChoice, panels: int) -> tuple[float, float]:
    """Width and height of a line of panels without its legends [inches]."""
    if look.size == "panels":
        return PANEL[0] * panels, PANEL[1] * (1 - LEGEND)
    width = WIDTHS[look.size]
    return width, min(0.95 * width / panels, 0.7 * width) * PANEL[1] / PANEL[0]


@dataclass(frozen=True)
class Panel:
    """One panel: regions of a scan in the colours of their groups, or outlines of several in their own."""

    axes: Axes
    scans: Mapping[str, Scan]
    layers: Mapping[str, Sequence[Layer]]
    look: FigureChoice
    width: float  # inches

    @property
    def shared(self) -> bool:
        """Whether several scans are in it."""
        return len(self.scans) > 1

    @property
    def view(self) -> View:
        """Lowest and highest m_X [GeV] and g_X that are shown."""
        window = window_of(self.scans)
        require_window("xlim", self.look.xlim, window[0])
        require_window("ylim", self.look.ylim, window[1])
        return view_of(
            next(iter(self.scans.values())), self.look.xlim or window[0], self.look.ylim or window[1]
        )

    def draw(self, name: str, styles: Styles | None) -> int:
        """Draw all but names on regions, with the name of a scan alone; return the rows of the legend."""
        view, colours = self.view, shades(len(self.scans))
        require_same_axes(self.scans)
        first = next(iter(self.scans.values()))
        limits = grey_of(first, view) if same_grey(self.scans) or not self.shared else []
        favoured = first.favoured if same_favoured(self.scans) else None
        filled = self.look.style == "regions" and not self.shared
        for i, (key, scan) in enumerate(self.scans.items()):
            layers = in_colour(self.layers[key], colours[i]) if self.shared else self.layers[key]
            draw_plane(
                self.axes, scan, layers, view, limits=limits if i == 0 else (), filled=filled,
                width=self._width(i),
            )  # fmt: skip
        draw_favoured(self.axes, favoured)
        title, names = title_of_several(self.scans) if self.shared else (title_of(first, name), [])
        self.axes.set_title(wrapped_title(title, self.width))
        handles = self._handles(view, styles, dict(zip(names, colours, strict=bool(names))), filled=filled)
        handles += [entry("previous limits", area=GREY)] * bool(limits)
        handles += self._later(view)
        room = (72 * self.width - MARGIN) * (ASIDE_SCANS if self.shared else 1.0)
        size = float(matplotlib.rcParams["legend.fontsize"])
        own = [(wrapped(label, room, size), line) for label, line in self._draw_own()]
        handles += [entry(label, OWN[self.shared][0], line) for label, line in own]
        handles += legend_entries(favoured) if favoured else []
        beside = self.shared and len(handles) > ROWS
        if beside:  # scans in a column of their own
            count, others = len(self.scans), len(handles) - len(self.scans)
            handles[count:count] = [entry("", "none")] * (others - count)
            handles += [entry("", "none")] * (count - others)
        return draw_legend(self.axes, handles, columns=1 + beside, long=not filled)

    def _width(self, number: int) -> float:
        """Width of the outlines of a scan: the first ones are wide, so that what coincides stays visible."""
        thin = THIN if self.shared and self.look.size != "panels" else 1.0
        return thin * (OUTLINE_WIDTH + THICKER * (len(self.scans) - 1 - number))

    def name_layers(self) -> None:
        """Write names on the regions of a panel of one scan."""
        [layers] = self.layers.values()
        name_layers(self.axes, layers)

    def _handles(
        self, view: View, styles: Styles | None, colours: Mapping[str, str], *, filled: bool
    ) -> list[Artist]:
        """What the legend says of scans and of their layers, in their order."""
        if not self.shared:
            [(key, scan)] = self.scans.items()
            room, chosen = 72 * self.width - MARGIN, styles is not None
            return [
                of_layer(one.style, self._said(scan, one, view, chosen=chosen), room, filled=filled)
                for one in listed(self.layers[key], styles)
                if one.searches
            ]
        seen: dict[str, Layer] = {}
        handles = []
        for i, ((name, colour), layers) in enumerate(zip(colours.items(), self.layers.values(), strict=True)):
            some = [one for one in layers if _shown(one, view)]
            seen |= {one.name: one for one in some}
            handles.append(entry(name if some else f"{name}: {NOTHING}", colour, width=self._width(i)))
        return handles + [entry(one.label, "0.35", one.style.line) for one in listed(seen.values(), styles)]

    def _said(self, scan: Scan, layer: Layer, view: View, *, chosen: bool) -> str:
        """A group and what leads in it, or a single search."""
        if not chosen:
            leading = [name.replace(" ", HARD) for name in leading_searches(scan, layer.letter, view=view)]
            return f"{layer.label}: {', '.join(leading) or NOTHING}"
        return layer.label if _shown(layer, view) else f"{layer.label}: {NOTHING}"

    def _later(self, view: View) -> list[Artist]:
        """What the legend says of projections: each in its colour, or all of several scans in one line."""
        found = {
            called(search): one.style.edge
            for layers in self.layers.values()
            for one in layers[::-1]
            for search in projections_of(one.scan, one.letter, view)
        }
        if self.shared:
            text = f"projection: {', '.join(found)}"
            return [entry(text, "0.35", DASHED)] if found else []
        return [entry(f"{name}, projection", colour, DASHED) for name, colour in found.items()]

    def _draw_own(self) -> list[tuple[str, str]]:
        """Draw the user's curves; return their labels and line styles."""
        for one in self.look.curves:
            columns = read_columns(Path(one.file))
            draw_own(self.axes, columns["m_X"], columns["g_X"], one.style, OWN[self.shared][0])
        return [(one.label, one.style) for one in self.look.curves]


def _shown(layer: Layer, view: View) -> bool:
    """Whether anything of a layer is seen."""
    return any(shows(layer.scan, one["name"], view) for one in layer.searches)
