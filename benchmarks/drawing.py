"""Pictures of the benchmarks: errors against nodes, seconds against cells."""

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from jaxtri.figures.sheet import STYLE
from jaxtri.numerics.arrays import FloatArray


def draw_errors(curves: Mapping[str, tuple[np.ndarray, np.ndarray]], *, title: str) -> Figure:
    """Draw error against nodes."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.6, 4.2), layout="constrained")
        FigureCanvasAgg(figure)
        draw_convergence(figure.subplots(), curves, title)
        return figure


def draw_times(times: Sequence[tuple[int, float]], *, title: str) -> Figure:
    """Draw seconds against cells, beside a start-up plus a time in proportion."""
    cells, seconds = np.array(times, dtype=float).T
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.6, 4.2), layout="constrained")
        FigureCanvasAgg(figure)
        draw_times_on(figure.subplots(), cells, seconds, title)
        return figure


def draw_convergence(axes: Axes, curves: Mapping[str, tuple[FloatArray, FloatArray]], title: str) -> None:
    """Relative error against nodes a side, one curve a rule."""
    styles = ("o-", "s--", "^-.", "v:", "d-", "x--")
    for (label, (nodes, error)), style in zip(curves.items(), styles, strict=False):
        axes.plot(nodes, error, style, label=label, markersize=4)
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="Gauss–Legendre nodes a side",
        ylabel="relative error of the integral",
    )
    axes.set_title(title, fontsize=10)
    axes.grid(True, which="major", alpha=0.3)
    axes.legend(fontsize=8)


def draw_times_on(axes: Axes, cells: FloatArray, seconds: FloatArray, title: str) -> None:
    """Seconds against cells, and a straight line (start-up, time in proportion) through first and last."""
    axes.plot(cells, seconds, "o-", color="#0072b2", label="measured, start and compilation included")
    slope = (seconds[-1] - seconds[0]) / (cells[-1] - cells[0])
    straight = seconds[0] + slope * (cells - cells[0])
    axes.plot(cells, straight, "--", color="#d55e00", label="start-up, and a time in proportion to the cells")
    axes.set(xscale="log", yscale="log", xlabel="cells", ylabel="time [s]", ylim=(1, 100))
    axes.set_title(title, fontsize=10)
    axes.grid(True, which="major", alpha=0.3)
    axes.legend(fontsize=8, loc="upper left")
