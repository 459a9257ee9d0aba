"""What a scan is once it is computed: its header, its arrays, and its exclusion curves."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from jaxtri.boundary.record import Boundaries
from jaxtri.errors import InputError, shortened, unknown_name
from jaxtri.scans.arrays import ARRAYS, LABELS, PLANE, STATED, USUAL, dims_of
from jaxtri.scans.favoured import Favoured


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
    projections: tuple[Mapping[str, Any], ...] = ()  # like searches; they have curves and nothing else


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
    favoured: Favoured | None = None  # relic lines and the band of the muon, where a scan has them

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
            Value by name of a further axis; of ``m_X`` [GeV], to leave that mass alone on its axis.

        Raises
        ------
        InputError
            If there is no such axis, or a value lies outside it.
        """
        if not where:
            return self
        position: dict[str, int | slice] = {}
        for name, value in where.items():
            if name == "m_X" and self.further_axes:
                at = self._position("at", name, value)
                position[name] = slice(at, at + 1)
                continue
            if name not in self.further_axes:
                setting = [axis for axis in self.further_axes if name in self.header.parameters.get(axis, ())]
                if setting:
                    raise InputError(f"at: {name} is set by the axis {setting[0]}; give a value of that")
                raise unknown_name("at", "further axis", name, self.further_axes)
            position[name] = self._position("at", name, value)
        kept = {
            name: values[position["m_X"]] if name == "m_X" and name in where else values
            for name, values in self.header.axes.items()
            if name not in where or name == "m_X"
        }
        index = {
            name: tuple(position.get(dim, slice(None)) for dim in dims_of(name, self.header.axes))
            for name in self.header.arrays
        }
        arrays = Arrays(self.header.arrays, lambda name, at: self.part(name, index[name])[at])
        shown = ", ".join(
            f"{name} = {self.header.axes[name][i]:.6g}" for name, i in position.items() if name != "m_X"
        )
        header = replace(self.header, axes=kept, title=", ".join(filter(None, (self.header.title, shown))))
        return Scan(header=header, arrays=arrays, boundaries=self.boundaries)  # a plane alone has any

    def part(self, name: str, index: Any) -> npt.NDArray[Any]:
        """Return part of an array by an index; of a file no more is read.

        Raises
        ------
        InputError
            If the array has no such part.
        """
        arrays = self.arrays
        shape = tuple(len(self.header.axes[dim]) for dim in dims_of(name, self.header.axes))
        try:
            _ = np.broadcast_to(np.zeros((), dtype=np.int8), shape)[index]
        except (IndexError, TypeError, ValueError) as error:
            raise InputError(f"part: {name} has the shape {shape}: {error}") from None
        return np.asarray(arrays.part(name, index) if isinstance(arrays, Arrays) else arrays[name][index])

    def sel(self, name: str, **where: float | str) -> npt.NDArray[Any]:
        """Return part of an array: at the nearest nodes of axes, for labels by name.

        Of a file only this part is read.

        Parameters
        ----------
        name
            Of the array.
        where
            Value by axis (the nearest node is taken), or name by ``search``, ``channel``, ``final_state``,
            ``range_end`` or ``dark_matter``; what is left out is kept whole.

        Raises
        ------
        InputError
            If there is no such array, dimension of it or label, or a value lies outside its axis.
        """
        if name not in self.header.arrays:
            raise unknown_name(f'scan "{self.header.title}"', "stored array", name, self.header.arrays)
        dims = dims_of(name, self.header.axes)
        for dim in where:
            if dim not in dims:
                raise unknown_name(f"sel: {name}", "dimension", dim, dims)
        found = {dim: self._position("sel", dim, value) for dim, value in where.items()}
        return self.part(name, tuple(found.get(dim, slice(None)) for dim in dims))

    def _position(self, where: str, dim: str, value: float | str) -> int:
        """Position of a label, or of the node nearest to a value."""
        if dim in LABELS:
            if value not in self.header.axes[dim]:
                raise unknown_name(where, dim.replace("_", " "), str(value), self.header.axes[dim])
            return int(self.header.axes[dim].index(value))
        nodes = np.asarray(self.header.axes[dim])
        if not isinstance(value, Real) or not nodes.min() <= value <= nodes.max():
            shown, low, high = shortened(str(value)), nodes.min(), nodes.max()
            raise InputError(f"{where}: {dim} = {shown}: give a value from {low:g} to {high:g}")
        distance = np.abs(np.log(nodes / value)) if dim in PLANE else np.abs(nodes - value)
        return int(np.argmin(distance))

    def to_xarray(self) -> Any:
        """Return all arrays as an ``xarray.Dataset`` with named dimensions, coordinates, units and meanings.

        Raises
        ------
        InputError
            If xarray is not installed (extra ``xarray``).
        """
        try:
            import xarray
        except ImportError as error:
            raise InputError("to_xarray needs xarray: pip install 'jaxtri[xarray]'") from error
        header = self.header
        arrays = {
            name: (
                dims_of(name, header.axes),
                self[name],
                {"units": ARRAYS[name].units, "long_name": ARRAYS[name].long_name},
            )
            for name in header.arrays
        }
        coordinates = {name: list(axis) if name in LABELS else axis for name, axis in header.axes.items()}
        said = {"title": header.title, "treatment": header.treatment, "config_sha256": header.fingerprint}
        return xarray.Dataset(arrays, coordinates, said)

    def group(self, letter: str) -> npt.NDArray[np.floating[Any]]:
        """log10_ratio of the best search among the decays of one parent, "Z", "B" or "K".

        Minus infinity where no statement is made (`status` is out_of_domain or non_finite).
        """
        if self.further_axes:
            raise InputError(f"choose one plane first, with at({', '.join(self.further_axes)} = ...)")
        chosen = [i for i, one in enumerate(self.header.searches) if one["channel"][0] == letter]
        if not chosen:
            return np.full((len(self["m_X"]), len(self["g_X"])), -np.inf)
        best = np.array(self["log10_ratio"][chosen[0]])
        for i in chosen[1:]:
            np.maximum(best, self["log10_ratio"][i], out=best)
        return np.where(np.isin(self["status"], STATED), best, -np.inf)
