"""What a scan holds: its arrays, with dimensions, units and meaning, and the record that carries them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from jaxtri.boundary.polylines import Boundaries
from jaxtri.errors import InputError, unknown_name

STATUS = {"missing": 0, "ok": 1, "out_of_domain": 2, "non_finite": 3}
EXCLUDED = {"allowed": 0, "excluded": 1, "no_statement": 2}
NO_SEARCH = 255  # in /leading: no search has data here
EDGES = ("lowest", "highest")  # excluded couplings of a column
LABELS = ("search", "channel", "final_state", "edge")  # dimensions that are lists of names
PLANE = ("m_X", "g_X")

Fields = dict[str, npt.NDArray[Any]]
Box = tuple[tuple[int, int], ...]  # first and last-but-one position on every axis of a scan


def inside(box: Box) -> tuple[Any, ...]:
    """Index of a box in an array: every label, then the axes."""
    return (..., *(slice(first, last) for first, last in box))


def extents(box: Box) -> tuple[int, ...]:
    """Nodes of a box on every axis."""
    return tuple(last - first for first, last in box)


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
    "boundary": FieldInfo(
        ("edge", "m_X"),
        "1",
        "lowest and highest coupling on the axis of g_X that any search excludes; NaN where there is none",
        "float64",
    ),
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
COLUMN_FIELDS = tuple(name for name, info in FIELDS.items() if "g_X" not in info.dims)
CELL_FIELDS = tuple(name for name, info in FIELDS.items() if "g_X" in info.dims)
USUAL = tuple(name for name in FIELDS if name != "boundary")  # a plane has exact curves besides
REDUCTIONS = ("boundary", "excluded", "leading", "status")  # of all searches; no array of every search


def dims_of(name: str, axes: Iterable[str]) -> tuple[str, ...]:
    """Return the dimensions of a stored array: its label, the further axes of the scan, m_X, g_X."""
    further = tuple(axis for axis in axes if axis not in LABELS + PLANE)
    dims = FIELDS[name].dims
    return (*(dim for dim in dims if dim in LABELS), *further, *(dim for dim in dims if dim in PLANE))


def dtype_of(name: str, precision: str) -> np.dtype[Any]:
    """Return the type of a stored array in a scan of this precision."""
    return np.dtype(FIELDS[name].dtype or precision)


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
    axes: Mapping[str, Any]  # further axes, m_X and g_X as arrays in the order of the dimensions; labels
    arrays: tuple[str, ...] = USUAL  # those that are stored
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # what each further axis sets
    units: Mapping[str, str] = field(default_factory=dict)  # of the further axes


class Arrays(Mapping[str, npt.NDArray[Any]]):
    """Arrays by name, each read on first use, and only as much of it as is wanted."""

    def __init__(self, names: tuple[str, ...], read: Callable[[str, Any], npt.NDArray[Any]]) -> None:
        self._names, self._read = names, read
        self._known: dict[str, npt.NDArray[Any]] = {}

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        """Whole array; a KeyError if there is none."""
        if name not in self._names:
            raise KeyError(name)
        if name not in self._known:
            self._known[name] = self._read(name, ...)
        return self._known[name]

    def part(self, name: str, index: Any) -> npt.NDArray[Any]:
        """Part of an array; the rest is not read."""
        return self._known[name][index] if name in self._known else self._read(name, index)

    def __iter__(self) -> Iterator[str]:
        """Names of the arrays."""
        return iter(self._names)

    def __len__(self) -> int:
        """Number of arrays."""
        return len(self._names)


@dataclass(frozen=True, kw_only=True)
class Scan:
    """One model under one treatment against one set of searches, on a grid."""

    header: Header
    arrays: Mapping[str, npt.NDArray[Any]]  # by the names of `FIELDS`
    boundaries: Boundaries | None = None  # of every search; a grid alone has none

    def __repr__(self) -> str:
        """Say in a line what it is: title, treatment, axes with their sizes, arrays."""
        grid = " x ".join(f"{name}: {len(self.header.axes[name])}" for name in (*self.further_axes, *PLANE))
        arrays = ", ".join(self.header.arrays) or "boundaries only"
        return f'<Scan "{self.header.title}", treatment {self.header.treatment}, {grid}; {arrays}>'

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        """Return an array or an axis by name.

        Raises
        ------
        InputError
            If the scan holds no such array.
        """
        if name in self.header.axes:
            return self.header.axes[name]
        if name not in self.header.arrays:
            known = (*self.header.arrays, *self.header.axes)
            raise unknown_name(f'scan "{self.header.title}"', "stored array", name, known)
        return self.arrays[name]

    @property
    def further_axes(self) -> tuple[str, ...]:
        """Names of the axes besides m_X and g_X."""
        return tuple(name for name in self.header.axes if name not in LABELS + PLANE)

    def at(self, **where: float) -> "Scan":
        """Return the plane of (m_X, g_X), or fewer further axes, at the nodes nearest to given values.

        Of a file only this plane is read, and of it the arrays that are asked for.

        Parameters
        ----------
        where
            Value by name of a further axis.

        Raises
        ------
        InputError
            If there is no such axis, or a value lies outside it.
        """
        position = {}
        for name, value in where.items():
            if name not in self.further_axes:
                setting = [axis for axis in self.further_axes if name in self.header.parameters.get(axis, ())]
                if setting:
                    raise InputError(f"at: {name} is set by the axis {setting[0]}; give a value of that")
                raise unknown_name("at", "further axis", name, self.further_axes)
            nodes = np.asarray(self.header.axes[name])
            if not nodes.min() <= value <= nodes.max():
                raise InputError(
                    f"at: {name} = {value}: give a value from {nodes.min():g} to {nodes.max():g}"
                )
            position[name] = int(np.argmin(np.abs(nodes - value)))
        kept = {name: values for name, values in self.header.axes.items() if name not in where}
        index = {
            name: tuple(position.get(dim, slice(None)) for dim in dims_of(name, self.header.axes))
            for name in self.header.arrays
        }
        arrays = Arrays(self.header.arrays, lambda name, at: self._part(name, index[name])[at])
        shown = ", ".join(f"{name} = {self.header.axes[name][i]:.6g}" for name, i in position.items())
        title = f"{self.header.title}, {shown}" if shown else self.header.title
        return Scan(header=replace(self.header, axes=kept, title=title), arrays=arrays)

    def _part(self, name: str, index: Any) -> npt.NDArray[Any]:
        """Part of an array; of a file no more is read."""
        arrays = self.arrays
        return np.asarray(arrays.part(name, index) if isinstance(arrays, Arrays) else arrays[name][index])

    def group(self, letter: str) -> npt.NDArray[np.floating[Any]]:
        """log10_ratio of the best search among the decays of one parent, "Z", "B" or "K".

        Minus infinity where no statement is made (`status` is not ok).
        """
        if self.further_axes:
            raise InputError(f"choose one plane first, with at({', '.join(self.further_axes)} = ...)")
        chosen = [i for i, one in enumerate(self.header.searches) if one["channel"][0] == letter]
        if not chosen:
            return np.full((len(self["m_X"]), len(self["g_X"])), -np.inf)
        best = np.array(self["log10_ratio"][chosen[0]])
        for i in chosen[1:]:
            np.maximum(best, self["log10_ratio"][i], out=best)
        return np.where(np.asarray(self["status"]) == STATUS["ok"], best, -np.inf)
