"""What a scan holds: its arrays, with dimensions, units and meaning, and the record that carries them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jaxtri.curves import Boundaries

BLOCK = 125  # masses computed at a time, and masses in a chunk of the file
STATUS = {"missing": 0, "ok": 1, "out_of_domain": 2, "non_finite": 3}
EXCLUDED = {"allowed": 0, "excluded": 1, "no_statement": 2}
NO_SEARCH = 255  # in /leading: no search has data here

Fields = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class FieldInfo:
    """Dimensions, unit and meaning of one stored array."""

    dims: tuple[str, ...]
    units: str
    long_name: str
    dtype: str | None = None  # None: the precision of the scan


FIELDS = {
    "x_br": FieldInfo(("final_state", "m_X"), "1", "branching ratio of X", "float64"),
    "triangle_sum_re": FieldInfo(("m_X",), "1", "real part of the triangle sum of Z -> gamma X", "float64"),
    "triangle_sum_im": FieldInfo(
        ("m_X",), "1", "imaginary part of the triangle sum of Z -> gamma X", "float64"
    ),
    "valid": FieldInfo(("search", "m_X"), "1", "whether the search has data at this mass", "uint8"),
    "log10_br": FieldInfo(("channel", "m_X", "g_X"), "1", "log10 of the branching ratio of the channel"),
    "width": FieldInfo(("m_X", "g_X"), "GeV", "total width of X"),
    "lifetime": FieldInfo(("m_X", "g_X"), "s", "proper lifetime of X"),
    "log10_ratio": FieldInfo(
        ("search", "m_X", "g_X"),
        "1",
        "log10 of predicted signal over limit (or of tau over an edge of a lifetime window); > 0: excluded",
    ),
    "excluded": FieldInfo(("m_X", "g_X"), "1", "whether any search excludes the point", "uint8"),
    "leading": FieldInfo(("m_X", "g_X"), "1", "position of the search that excludes most", "uint8"),
    "status": FieldInfo(("m_X", "g_X"), "1", "what is known at this point", "uint8"),
}
MASS_FIELDS = tuple(name for name, info in FIELDS.items() if "g_X" not in info.dims)
CELL_FIELDS = tuple(name for name, info in FIELDS.items() if "g_X" in info.dims)
LABELLED = tuple(name for name in CELL_FIELDS if len(FIELDS[name].dims) == 3)


@dataclass(frozen=True, kw_only=True)
class Header:
    """Everything a scan file says besides its arrays."""

    title: str
    treatment: str  # its name
    scan_file: str  # verbatim
    configuration: Mapping[str, Any]  # resolved: model, treatment, searches, axes, inputs
    fingerprint: str  # SHA-256 of the configuration and the axes
    searches: tuple[Mapping[str, Any], ...]  # name, title, channel, limit, reference, bibtex, ... of each
    inputs: Mapping[str, Any]  # value, error, unit and reference of every Standard Model input
    versions: Mapping[str, str]
    axes: Mapping[str, Any]  # m_X and g_X as arrays, labels of search, channel and final_state


@dataclass(frozen=True, kw_only=True)
class Scan:
    """One model under one treatment against one set of searches, on a grid."""

    header: Header
    arrays: Mapping[str, npt.NDArray[Any]]  # by the names of `FIELDS`
    boundaries: Boundaries | None = None  # of every search; a grid alone has none

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        """Return an array or an axis by name."""
        return self.header.axes[name] if name in self.header.axes else self.arrays[name]

    def group(self, letter: str) -> npt.NDArray[np.floating[Any]]:
        """log10_ratio of the best search among the decays of one parent, "Z", "B" or "K".

        Minus infinity where no statement is made (`status` is not ok).
        """
        chosen = [i for i, one in enumerate(self.header.searches) if one["channel"][0] == letter]
        if not chosen:
            return np.full((len(self["m_X"]), len(self["g_X"])), -np.inf)
        best = np.array(self["log10_ratio"][chosen[0]])
        for i in chosen[1:]:
            np.maximum(best, self["log10_ratio"][i], out=best)
        return np.where(np.asarray(self["status"]) == STATUS["ok"], best, -np.inf)
