"""What a page says anywhere in a panel: what the scan file holds at the node nearest to the pointer.

What depends on m_X alone is stored once a mass, at g_X = 1: width and branching ratios of channels grow as
g_X^2, the lifetime falls as g_X^2.  A cell has only its leading search, the ratio of that, and a status.
"""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from jaxtri.scans.arrays import NO_SEARCH, PLANE, STATED, STATUS
from jaxtri.scans.record import Scan

MOST = 150  # nodes of an axis that are told
CLOSE = 1e-4  # dex: two stored float32 that are the same number
HINT = "Point anywhere in a panel: lifetime, branching ratios and the leading search there stand here."
SAID = {  # by the arrays that it needs, where the file holds them
    "status": ("status",),
    "signal/limit": ("log10_ratio",),
    "lifetime": ("lifetime",),
    "width": ("width",),
    "triangle sum": ("triangle_sum_re", "triangle_sum_im"),
    "decays of X": ("x_br",),
    "branching ratios of channels": ("log10_br",),
}
Positions = npt.NDArray[np.intp]


def script_arguments(scans: Mapping[str, Scan]) -> dict[str, Any]:
    """Return what the script of a page needs to speak of some scans of a panel, by what each is called."""
    return {
        "scans": [record_of(scan, name) for name, scan in scans.items()],
        "statuses": list(STATUS),  # in the order of their numbers
        "stated": list(STATED),
    }


def script() -> str:
    """The script that answers a move of the pointer; its event is ``cb_obj``, its text goes to ``place``."""
    return files("jaxtri.figures").joinpath("readout.js").read_text(encoding="utf-8")


def record_of(scan: Scan, name: str) -> dict[str, Any]:
    """Return what a page holds of one scan, at some of its own nodes: at most `MOST` of each axis.

    Arrays are flat, m_X outside and g_X inside; those of which the file holds nothing are left out.
    """
    masses, couplings = (positions(len(scan[axis])) for axis in PLANE)
    held, header = scan.header.arrays, scan.header
    absent = [word for word, needed in SAID.items() if not set(needed) <= set(held)]
    if not {"leading", "log10_ratio"} & set(held):
        absent.insert(0, "leading search")
    arrays = _at_masses(scan, masses) | _at_cells(scan, masses, couplings)
    return {
        "name": name,
        "m_X": scan["m_X"][masses],
        "g_X": scan["g_X"][couplings],
        "searches": [one["name"] for one in header.searches],
        "channels": list(header.axes["channel"]),
        "final_states": list(header.axes["final_state"]),
        "refused": list(header.configuration["treatment"].get("refused", ())),
        "absent": absent,
        **{key: np.ascontiguousarray(values).ravel() for key, values in arrays.items()},
    }


def positions(count: int) -> Positions:
    """Positions of the nodes that are told: evenly spread, first and last among them."""
    return np.unique(np.rint(np.linspace(0, count - 1, min(count, MOST))).astype(np.intp))


def _at_masses(scan: Scan, masses: Positions) -> dict[str, npt.NDArray[Any]]:
    """What depends on m_X alone, at g_X = 1."""
    held, top = scan.header.arrays, float(scan["g_X"][-1])
    found: dict[str, npt.NDArray[Any]] = {}
    for name, power in (("width", -2), ("lifetime", 2)):
        if name in held:
            found[name] = scan.sel(name, g_X=top)[masses].astype(np.float64) * top**power
    if "log10_br" in held:
        log10_br = scan.sel("log10_br", g_X=top)[:, masses].astype(np.float64)
        found["log10_br"] = (log10_br - 2 * np.log10(top)).astype(np.float32)
    for name in ("x_br", "triangle_sum_re", "triangle_sum_im"):
        if name in held:
            found[name] = scan[name][..., masses].astype(np.float32)
    return found


def _at_cells(scan: Scan, masses: Positions, couplings: Positions) -> dict[str, npt.NDArray[Any]]:
    """Status, leading search and its ratio, (m_X, g_X)."""
    held, cells = scan.header.arrays, np.ix_(masses, couplings)
    found: dict[str, npt.NDArray[Any]] = {}
    if "status" in held:
        found["status"] = scan["status"][cells]
    if "log10_ratio" not in held:
        return found | ({"leading": scan["leading"][cells]} if "leading" in held else {})
    best = np.full((len(masses), len(couplings)), -np.inf, np.float32)
    leading = np.full(best.shape, NO_SEARCH, np.uint8)
    for i, one in enumerate(scan.header.searches):
        ratio = scan.sel("log10_ratio", search=one["name"])[cells]
        leading[ratio > best] = i
        best = np.fmax(best, ratio.astype(np.float32))
    by_lifetime = _by_lifetime(scan, cells, best, leading)
    return found | {"leading": leading, "log10_ratio": best, "by_lifetime": by_lifetime}


def _by_lifetime(
    scan: Scan, cells: Any, best: npt.NDArray[np.float32], leading: npt.NDArray[np.uint8]
) -> npt.NDArray[np.uint8]:
    """Where the ratio is, or may be, that of the lifetime to an edge of a search's window (`log_ratio`)."""
    found = np.zeros(best.shape, np.uint8)
    tau = np.log10(scan["lifetime"][cells]) if "lifetime" in scan.header.arrays else None
    for i, one in enumerate(scan.header.searches):
        if one["tau_window_s"]:
            low, high = np.log10(one["tau_window_s"])
            near = np.True_ if tau is None else np.abs(np.minimum(tau - low, high - tau) - best) < CLOSE
            found |= ((leading == i) & near).astype(np.uint8)
    return found
