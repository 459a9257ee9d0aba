"""Words and numbers of maps: levels of contours, names of axes, what is fixed."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator

from jaxtri.model.fermions import FERMIONS
from jaxtri.numerics.arrays import FloatArray
from jaxtri.scans.arrays import LABELS
from jaxtri.scans.record import Scan

FEWEST = 3  # contours of a map, where it has as many values
STEPS = ((1.0,), (1.0, 2.0, 5.0), tuple(map(float, range(1, 10))))  # in a decade, coarse ones first
RANGE = "g_X_range"  # lowest and highest excluded coupling, exact to rounding
GRID = "excluded"  # of every node: known of limits that are curves too


def contour_levels(values: FloatArray) -> FloatArray:
    """Round couplings between the ends of values: powers of ten, 1-2-5, 1 to 9, or even steps."""
    found = values[np.isfinite(values)]
    if not len(found) or found.max() <= found.min() * (1 + 1e-9):
        return np.empty(0)
    low, high = float(found.min()), float(found.max())
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    inside: Sequence[float] = ()
    for steps in STEPS:
        inside = [step * 10.0**n for n in decades for step in steps if low < step * 10.0**n < high]
        if len(inside) >= FEWEST:
            return np.array(inside)
    even = np.asarray(MaxNLocator(5).tick_values(low, high))
    return even[(low < even) & (even < high)]


def power_of_ten(value: float) -> str:
    """Set a number as mathematics, to three digits."""
    digits, _, power = f"{value:.2e}".partition("e")
    head = f"{float(digits):g}"
    return rf"$10^{{{int(power)}}}$" if head == "1" else rf"${head}\times 10^{{{int(power)}}}$"


def axis_label(scan: Scan, name: str) -> str:
    """Name of an axis, its unit, and what it sets where the name does not say it."""
    if name == "m_X":
        return r"$m_X$ [GeV]"
    parameters, values = scan.header.parameters.get(name, {}), scan[name]
    unit = scan.header.units.get(name, "1")
    shift = np.asarray(parameters.get(f"charges_{name}", ()))
    if len(shift) > 1:
        step = (shift[-1] - shift[0]) / (values[-1] - values[0])
        parts: dict[float, list[str]] = {}
        for fermion, charge in zip(FERMIONS, step.round(9).tolist(), strict=True):
            parts.setdefault(charge, []).append(fermion)
        said = "; ".join(f"{c:+.4g} of {', '.join(some)}" for c, some in parts.items() if c)
        return f"{name} (charges: {said})"
    sets = [one for one in parameters if one != name]
    return (f"{name} ({', '.join(sets)})" if sets else name) + ("" if unit == "1" else f" [{unit}]")


def sizes_of(scan: Scan) -> dict[str, int]:
    """Nodes by axis."""
    return {name: len(values) for name, values in scan.header.axes.items() if name not in LABELS}


def fixed_values(scan: Scan) -> str:
    """What the axes with one node are fixed at, in words; empty where there is none."""
    units = {"m_X": "GeV"} | dict(scan.header.units)
    return ", ".join(
        f"{name} = {scan[name][0]:.6g}" + ("" if units.get(name, "1") == "1" else f" {units[name]}")
        for name, count in sizes_of(scan).items()
        if count == 1
    )


def panel_title(scan: Scan, name: str) -> str:
    """Title of a panel: what it is called, searches, and what is fixed."""
    configuration = scan.header.configuration
    recasts = sum(one["channel"].startswith("previous") for one in scan.header.searches)
    said = [f"searches: {configuration['searches']['set']}" + (f" and {recasts} recast" if recasts else "")]
    step = "" if RANGE in scan.header.arrays else "to a step of g_X"
    return f"{name}\n" + ", ".join(filter(None, (*said, fixed_values(scan), step)))
