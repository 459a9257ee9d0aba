"""The picture of an audit: both anomalous vertices against energy as fermions decouple."""

from collections.abc import Mapping

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from jaxtri.figures.sheet import STYLE, as_mathematics
from jaxtri.numerics.arrays import FloatArray

SIZE = (5.6, 5.2)  # inches
LINES = {  # premise: colour, line style, words
    "paper": ("#d55e00", "-", "Standard Model masses decouple (the paper)"),
    "ward": ("#0072b2", "--", "Ward identities: anomalons alone decouple"),
}
SYMBOLS = {"e": "e", "mu": r"\mu", "tau": r"\tau"}
CROWDED = 0.16  # decades between names that would overlap
ROOM = 1.25  # above the highest curve


def draw_decoupling(
    energy: FloatArray,
    premises: Mapping[str, tuple[FloatArray, FloatArray]],
    thresholds: Mapping[str, float],
    *,
    title: str,
) -> Figure:
    """Draw both sums against energy, with a mark at 2 m of every fermion.

    Parameters
    ----------
    energy
        Energies [GeV], (E,).
    premises
        "paper" and "ward": moduli of the sums of the X gamma Z and of the XWW vertex, (E,) each.
    thresholds
        2 m [GeV] by name of the particle.
    title
        Above the panels.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=SIZE, layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(2, 1, sharex=True)
        names = (r"$|\mathcal{A}|$ of $Z \to X\gamma$", r"$|A|$ of $XWW$: $B$ and $K$ decays")
        for n, (axes, name) in enumerate(zip(panels, names, strict=True)):
            for premise, sums in premises.items():
                colour, line, words = LINES[premise]
                axes.plot(energy, sums[n], color=colour, linestyle=line, label=words)
            axes.set_xscale("log")
            axes.set_xlim(energy[0], energy[-1])
            highest = max(float(np.max(sums[n])) for sums in premises.values())
            axes.set_ylim(-0.04 * (highest or 1), ROOM * (highest or 1))
            axes.set_ylabel(name)
            _mark(axes, thresholds, named=n == 0)
        panels[1].set_xlabel("energy [GeV]")
        head, _, rest = title.partition(": ")
        for plain, formula in (("^2", "$^2$"), ("_X", "$_X$"), ("_Y", "$_Y$"), ("; ", "\n")):
            rest = rest.replace(plain, formula)
        figure.suptitle(f"{as_mathematics(head)}\n{rest}\nquarks as free particles", fontsize=8)
        figure.legend(*panels[1].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=7)
        return figure


def _mark(axes: Axes, thresholds: Mapping[str, float], *, named: bool) -> None:
    """A thin line at every threshold; names above the panel, on two floors where they are crowded."""
    low, high = axes.get_xlim()
    last, floor = -np.inf, 0
    for name, energy in sorted(thresholds.items(), key=lambda one: one[1]):
        if not low < energy < high:
            continue
        axes.axvline(energy, color="0.7", linewidth=0.6, zorder=0)
        if named:
            place = np.log10(energy)
            floor = 1 - floor if place - last < CROWDED else 0
            last = place
            text = "$2M$" if name == "anomalons" else f"$2m_{{{SYMBOLS.get(name, name)}}}$"
            axes.annotate(
                text,
                (energy, 1.02 + 0.08 * floor),
                xycoords=("data", "axes fraction"),
                ha="center",
                fontsize=7,
            )
