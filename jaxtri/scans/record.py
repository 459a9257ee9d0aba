"""What a scan is once it is computed: its header, its arrays, and its exclusion curves."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from jaxtri.boundary.record import Boundaries
from jaxtri.errors import InputError, unknown_name
from jaxtri.scans.arrays import LABELS, PLANE, STATUS, USUAL, dims_of


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
    arrays: Mapping[str, npt.NDArray[Any]]  # by the names of `ARRAYS`
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
