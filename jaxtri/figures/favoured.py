"""What data favour, drawn over exclusions: relic lines, and the band or the limit of the muon's moment."""

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from jaxtri.numerics.arrays import BoolArray
from jaxtri.scans.favoured import ASSUMED, Favoured, MuonBand, RelicLine

ORANGE, DEEP_ORANGE = "#ffb347", "#c65d00"
STYLES = ("-", "--", "-.")  # of relic lines, in their order; dotted is the doubtful piece of any
DOUBTFUL = ":"
ABOVE = 8  # zorder: over all exclusions


def draw_favoured(axes: Axes, found: Favoured | None) -> None:
    """Draw relic lines and the muon's band, if any, into a panel; where the data prefer no X, the limit."""
    if found is None:
        return
    if found.muon is not None:
        _draw_band(axes, found.muon)
    for i, line in enumerate(found.relic):
        _draw_line(axes, line, STYLES[i % len(STYLES)])


def _draw_band(axes: Axes, band: MuonBand) -> None:
    if band.prefers_X:
        axes.fill_between(
            band.m_X, band.lowest, band.highest, facecolor=ORANGE, edgecolor=DEEP_ORANGE, linewidth=0.6,
            zorder=ABOVE - 0.5,
        )  # fmt: skip
    else:
        axes.plot(band.m_X, band.highest, color=DEEP_ORANGE, linewidth=1.3, zorder=ABOVE - 0.5)


def _draw_line(axes: Axes, line: RelicLine, style: str) -> None:
    """One line; dotted where kinetic equilibrium is assumed, up to the neighbouring vertices."""
    doubtful = line.equilibrium_assumed
    for shown, dashes in ((~doubtful, style), (_widened(doubtful), DOUBTFUL)):
        g_X = np.where(shown, line.g_X, np.nan)
        axes.plot(line.m_X, g_X, color="black", linewidth=1.2, linestyle=dashes, zorder=ABOVE)


def _widened(mask: BoolArray) -> BoolArray:
    """A mask with the neighbours of what it holds, so that pieces of a line meet."""
    wide = mask.copy()
    wide[1:] |= mask[:-1]
    wide[:-1] |= mask[1:]
    return wide


def legend_entries(found: Favoured) -> list[Artist]:
    """Handles for a legend: the band or the limit, then each line, then the doubtful piece."""
    handles: list[Artist] = []
    if found.muon is not None:
        handles.append(_band_entry(found.muon))
    for i, line in enumerate(found.relic):
        text = (
            rf"$\Omega h^2 = 0.12$: $m_\chi$ = {1e3 * line.m_chi:g} MeV, $x_N$ = {line.x_N:g}, "
            f"{line.temperature.replace('_', ' ')}"
        )
        handles.append(Line2D([], [], color="black", ls=STYLES[i % len(STYLES)], label=text))
    if any(line.equilibrium_assumed.any() for line in found.relic):
        handles.append(Line2D([], [], color="black", ls=DOUBTFUL, label=f"dotted: {ASSUMED}"))
    return handles


def _band_entry(band: MuonBand) -> Artist:
    name = rf"$(g-2)_\mu$ of {band.data}, {band.sigmas:g}$\sigma$"
    if band.prefers_X:
        return Patch(facecolor=ORANGE, edgecolor=DEEP_ORANGE, label=f"{name}: favoured")
    return Line2D([], [], color=DEEP_ORANGE, label=f"{name}: no X preferred, allowed below")


def sentences(found: Favoured) -> list[str]:
    """What a caption says of lines and band, with references."""
    said = []
    if found.muon is not None:
        band = found.muon
        measured = f"({band.value * 1e11:g} +- {band.error * 1e11:g})e-11"
        source = f"{band.title} [{band.reference}]: measured less predicted a_mu = {measured}"
        said.append(
            f"Orange band: couplings that the muon's g-2 favours within {band.sigmas:g} sigma; {source}."
            if band.prefers_X
            else "Orange line: limit of the muon's g-2, which prefers no X: couplings above shift it by "
            f"more than {band.sigmas:g} sigma; {source}."
        )
    for line, style in zip(found.relic, ("solid", "dashed", "dash-dotted") * len(found.relic), strict=False):
        said.append(f"Black, {style}: Omega h^2 = 0.12 for {line.label} temperature.")
    if any(line.equilibrium_assumed.any() for line in found.relic):
        said.append(
            f"Dotted: {ASSUMED}, which fails for 2 < m_X/m_chi < 2.8: there the true coupling is larger, "
            "up to ten times."
        )
    if found.relic:
        said.append(
            "X -> chi chibar counts for the relic density, not for the exclusions: it makes X invisible, "
            "which changes nothing below 2 m_mu and weakens searches for muons above."
        )
    return said
