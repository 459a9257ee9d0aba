"""What a scan holds: its arrays, with dimensions, units and meaning, and the record that carries them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from jaxtri.durable.storage.tiling import ArrayPlan

STATUS = {"missing": 0, "ok": 1, "out_of_domain": 2, "non_finite": 3, "rate_above_1": 4}
STATED = (STATUS["ok"], STATUS["rate_above_1"])  # a rate above 1 exceeds its parent's measured total width
EXCLUDED = {"allowed": 0, "excluded": 1, "no_statement": 2}
NO_SEARCH = 255  # in /leading: no search has data here
RANGE_ENDS = ("lowest", "highest")  # excluded couplings at one mass
LABELS = (
    "search",
    "channel",
    "final_state",
    "range_end",
    "dark_matter",
)  # dimensions that are lists of names
PLANE = ("m_X", "g_X")


@dataclass(frozen=True)
class ArrayInfo:
    """Dimensions, unit and meaning of one stored array."""

    dims: tuple[str, ...]
    units: str
    long_name: str
    dtype: str | None = None  # None: the precision of the scan


ARRAYS = {
    "x_br": ArrayInfo(("final_state", "m_X"), "1", "branching ratio of X", "float64"),
    "triangle_sum_re": ArrayInfo(("m_X",), "1", "real part of the triangle sum of Z -> gamma X", "float64"),
    "triangle_sum_im": ArrayInfo(
        ("m_X",), "1", "imaginary part of the triangle sum of Z -> gamma X", "float64"
    ),
    "valid": ArrayInfo(("search", "m_X"), "1", "whether the search has data at this mass", "uint8"),
    "g_X_range": ArrayInfo(
        ("range_end", "m_X"),
        "1",
        "lowest and highest coupling on the axis of g_X that any search excludes; NaN where there is none",
        "float64",
    ),
    "log10_br": ArrayInfo(("channel", "m_X", "g_X"), "1", "log10 of the branching ratio of the channel"),
    "width": ArrayInfo(("m_X", "g_X"), "GeV", "total width of X"),
    "lifetime": ArrayInfo(("m_X", "g_X"), "s", "proper lifetime of X"),
    "log10_ratio": ArrayInfo(
        ("search", "m_X", "g_X"),
        "1",
        "log10 of predicted signal over limit (or of tau over an edge of a lifetime window); > 0: excluded",
    ),
    "omega_h2": ArrayInfo(("dark_matter", "m_X", "g_X"), "1", "relic density Omega h^2 of each dark matter"),
    "excluded": ArrayInfo(("m_X", "g_X"), "1", "whether any search excludes the point", "uint8"),
    "leading": ArrayInfo(("m_X", "g_X"), "1", "position of the search that excludes most", "uint8"),
    "status": ArrayInfo(("m_X", "g_X"), "1", "what is known at this point", "uint8"),
}
MASS_ARRAYS = tuple(name for name, info in ARRAYS.items() if "g_X" not in info.dims)
CELL_ARRAYS = tuple(name for name, info in ARRAYS.items() if "g_X" in info.dims)
ASKED_FOR = ("g_X_range", "omega_h2")  # a plane has exact curves besides
USUAL = tuple(name for name in ARRAYS if name not in ASKED_FOR)
OF_A_MODEL = tuple(name for name in ARRAYS if name != "omega_h2")  # of every one, with dark matter or without
REDUCTIONS = ("g_X_range", "excluded", "leading", "status")  # of all searches; no array of every search


def dims_of(name: str, axes: Iterable[str]) -> tuple[str, ...]:
    """Return the dimensions of a stored array: its label, the further axes of the scan, m_X, g_X."""
    further = tuple(axis for axis in axes if axis not in LABELS + PLANE)
    dims = ARRAYS[name].dims
    return (*(dim for dim in dims if dim in LABELS), *further, *(dim for dim in dims if dim in PLANE))


def array_plans(names: Iterable[str], sizes: Mapping[str, int], precision: str) -> dict[str, ArrayPlan]:
    """Return how stored arrays lie, from the sizes of all dimensions."""
    return {
        name: ArrayPlan(
            tuple(sizes[dim] for dim in ARRAYS[name].dims if dim in LABELS),
            dtype_of(name, precision).name,
            "g_X" in ARRAYS[name].dims,
        )
        for name in names
    }


def dtype_of(name: str, precision: str) -> np.dtype[Any]:
    """Return the type of a stored array in a scan of this precision."""
    return np.dtype(ARRAYS[name].dtype or precision)
