"""The picture of a validation: a search's limit against the mass of X at several lifetimes, holes shown."""

import math
from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, NullLocator

from jaxtri.figures.panels import SHADES, readable_ticks
from jaxtri.figures.sheet import STYLE
from jaxtri.limits.validation_record import Validation
from jaxtri.numerics.arrays import FloatArray

SIZE = (5.6, 4.2)  # inches
COLUMNS, PANEL = 6, (1.8, 1.65)  # of a contact sheet: panels in a row, and inches of one
DASHES = ("-", "--", "-.", (0, (5, 1, 1, 1, 1, 1)), ":")  # told apart in grey print too
POINTS = 40  # of a table at one lifetime that are marked
ROOM = 1.6  # beyond the lowest and highest limit
LEAST = 10.0  # of limits shown on either side of their middle
NARROW = 3.0  # of masses, below which ticks are evenly spaced
VERTICES = 400  # of a line: between places ln(limit) is linear in m_X, not in its logarithm
UNITS = (("s", 1e12), ("ms", 1e9), (r"\mu s", 1e6), ("ns", 1e3), ("ps", 1.0), ("fs", 1e-3))  # in ps
NO_DATA: dict[str, Any] = {"facecolor": "0.93", "edgecolor": "0.6", "hatch": "////", "linewidth": 0}
LOWEST = 1e-3  # GeV; where a panel begins if data begin at 0
SYMBOLS = {
    "mu": r"\mu", "tau": r"\tau", "pi": r"\pi", "gamma": r"\gamma", "l": r"\ell", "KL": "K_L", "->": r"\to",
    "hadrons": r"\mathrm{hadrons}",
}  # fmt: skip


def draw_validation(found: Validation) -> Figure:
    """Draw what a search publishes (points) and what is compared with (lines) at up to five lifetimes."""
    with matplotlib.rc_context(STYLE | {"lines.linewidth": 1.0}):
        figure = Figure(figsize=SIZE, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        lines = _draw(axes, found, marked=True)
        axes.set_xlabel(r"$m_X$ [GeV]")
        axes.set_ylabel(f"upper limit on {_quantity(found)}")
        level = "" if found.label.confidence is None else f", {100 * found.label.confidence:g} % CL"
        figure.suptitle(f"{_plain(found.label.title)}\n{found.label.reference}{level}", fontsize=9)
        handles = [*lines, *_legend_of(found)]
        figure.legend(handles=handles, loc="outside lower center", ncols=min(4, len(handles)), fontsize=7)
        return figure


def draw_sheet(every: Sequence[Validation], *, title: str) -> Figure:
    """Draw several searches as small panels, at up to five lifetimes each from dark to light."""
    with matplotlib.rc_context(STYLE | {"font.size": 6, "axes.titlesize": 5.5, "lines.linewidth": 0.8}):
        rows = math.ceil(len(every) / COLUMNS)
        figure = Figure(figsize=(COLUMNS * PANEL[0], rows * PANEL[1] + 0.5), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
        for axes, one in zip(panels, every, strict=False):
            _draw(axes, one, marked=False)
            axes.set_title(one.search)
            axes.tick_params(labelsize=5)
        for axes in panels[len(every) :]:
            axes.set_visible(False)
        figure.suptitle(title, fontsize=9)
        figure.supxlabel(r"$m_X$ [GeV]", fontsize=8)
        figure.supylabel("upper limit on BR(channel) × P(final state)", fontsize=8)
        return figure


def _draw(axes: Axes, found: Validation, *, marked: bool) -> list[Line2D]:
    """Limits against mass, with shade where there are no data; returns the lines."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    positive = found.m_X[found.m_X > 0]
    low = min(LOWEST, positive[0]) if found.m_X[0] == 0 and len(positive) < 3 else positive[0]
    margin = (found.m_X[-1] / low) ** 0.04
    ends = float(low / margin), float(found.m_X[-1] * margin)
    axes.set_xlim(*ends)
    axes.set_ylim(*_heights(found))
    lines = []
    for n, k in enumerate(shown(found)):
        label = (
            _lifetime(float(found.tau_ps[2 * k]))
            if len(found.tau_ps)
            else f"one {found.kind.replace('mass', 'curve')}"
        )
        colour = SHADES[n if len(found.tau_ps) else 2]
        m_X, limit = _line(found.m_X, found.limit[:, 2 * k])
        lines += axes.plot(np.maximum(m_X, ends[0]), limit, color=colour, linestyle=DASHES[n], label=label)
        if marked and found.kind != "number":
            at = slice(None, None, 2 * max(1, len(found.m_X[::2]) // POINTS))
            where = np.maximum(found.m_X[at], ends[0])  # data at m_X = 0 begin at the edge
            axes.plot(where, found.limit[at, 2 * k], "o", color=colour, markersize=2.2, zorder=3)
    for a, b in (*found.holes, *found.vetoes):
        axes.axvspan(max(a, ends[0]), min(b, ends[1]), zorder=0, **NO_DATA)
    readable_ticks(axes)
    if ends[1] / ends[0] < NARROW:
        axes.xaxis.set_major_locator(MaxNLocator(4, min_n_ticks=3))
        axes.xaxis.set_minor_locator(NullLocator())
    return lines


def _heights(found: Validation) -> tuple[float, float]:
    """Lowest and highest limit to show: two decades at least."""
    smallest, largest = float(np.nanmin(found.limit)), float(np.nanmax(found.limit))
    middle = math.sqrt(smallest * largest)
    return min(smallest / ROOM, middle / LEAST), max(largest * ROOM, middle * LEAST)


def _line(m_X: FloatArray, limit: FloatArray) -> tuple[FloatArray, FloatArray]:
    """A line through places, finer where there are few of them."""
    parts = max(1, VERTICES // len(m_X))
    fine = np.append((m_X[:-1, None] + np.diff(m_X)[:, None] * np.arange(parts) / parts).ravel(), m_X[-1])
    return fine, np.exp(np.interp(fine, m_X, np.log(limit)))


def shown(found: Validation) -> list[int]:
    """Positions of up to five lifetimes of a table, the first and the last with limits among them."""
    known = np.flatnonzero(np.isfinite(found.limit[:, ::2]).any(axis=0))
    places = np.linspace(0, len(known) - 1, min(len(SHADES), len(known)))
    return [int(known[round(place)]) for place in places.tolist()]


def _legend_of(found: Validation) -> list[Line2D | Patch]:
    """What points and shade mean."""
    handles: list[Line2D | Patch] = []
    if found.kind != "number":
        handles.append(
            Line2D([], [], color="0.3", marker="o", markersize=2.2, linestyle="", label="published")
        )
    if found.holes or found.vetoes:
        handles.append(Patch(label="no data", **NO_DATA))
    return handles


def _lifetime(tau_ps: float) -> str:
    """A lifetime with a unit that keeps it short."""
    if tau_ps <= 0:
        return r"$\tau_X = 0$"
    unit, size = next((one for one in UNITS if tau_ps >= 0.999 * one[1]), UNITS[-1])
    return rf"$\tau_X = {float(f'{tau_ps / size:.3g}'):g}\ \mathrm{{{unit}}}$"


def _quantity(found: Validation) -> str:
    """BR(channel) times the probability of the final state, typeset."""
    final = found.label.final_state
    seen = rf"$P({_typeset(final)})$" if final != "invisible" else r"$P$(not seen)"
    return rf"$\mathrm{{BR}}({_typeset(found.label.channel)})\times$ {seen}"


def _typeset(text: str) -> str:
    """A channel or final state in mathematics."""
    words = []
    for word in text.split():
        particle = word.rstrip("*+-0") if word != "->" else word
        charge = word[len(particle) :]
        words.append(SYMBOLS.get(particle, particle) + (f"^{{{charge}}}" if charge else ""))
    return " ".join(words)


def _plain(title: str) -> str:
    """A title as text: nothing in it is mathematics."""
    return title.replace("$", r"\$").replace("->", "→")
