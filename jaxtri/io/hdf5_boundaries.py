"""Boundaries as contiguous ragged arrays (CF-1.11, section 9.3.3), in a group of an HDF5 file.

``<search>``: ``mass`` [GeV], ``coupling``, ``slope`` (d ln g_X / d ln m_X), ``residual`` (|ln r|) along
``vertex``, one curve after another; ``vertices`` along ``curve`` says how many each has, and ``closed``
(uint8) whether it is a ring.  ``unions/Z``, ``B``, ``K``, ``ZBK``: the outline of what any search of a group
excludes, in the same form, and ``walls`` (m_X, lower and upper g_X): its vertical edges.  ``regions``: what
each search excludes as rings, with the ``name`` of the search of each.  ``projections/<search>``, where there
are any: curves of searches to come, in no union and no region.  Every dimension has a scale, and no
array here is called like an axis of the scan: readers of netCDF would take the one for the other.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from jaxtri.boundary.record import GROUPS, Boundaries, Curve, Region
from jaxtri.io.hdf5_dataset import NotAScan, add_array, add_texts, describe, read_texts, text_of

UNIONS, REGIONS, PROJECTIONS = "unions", "regions", "projections"
WALL = ("m_X", "lower g_X", "upper g_X")


class _Stored(NamedTuple):
    """How an array of vertices is called in a file, and what it means."""

    name: str
    units: str
    meaning: str


VERTICES = {
    "m_X": _Stored("mass", "GeV", "mass of X"),
    "g_X": _Stored("coupling", "1", "gauge coupling of X on the boundary"),
    "slope": _Stored("slope", "1", "d ln g_X / d ln m_X along the boundary"),
    "residual": _Stored("residual", "1", "distance |F| from the boundary"),
}
RING = ("m_X", "g_X")


def write_boundaries(group: Any, boundaries: Boundaries) -> None:
    """Write boundaries into an empty group."""
    describe(group, treatment=boundaries.treatment, unresolved=boundaries.unresolved)
    for search in dict.fromkeys(one.search for one in boundaries.curves):
        _write_curves(group.create_group(search), boundaries.of(search))
    for name, curves in boundaries.groups.items():
        union = group.create_group(f"{UNIONS}/{name}")
        _write_curves(union, curves)
        walls = boundaries.walls[name]
        _add(union, "wall", np.arange(len(walls)))
        add_texts(union, "part", WALL)
        union["part"].make_scale("part")
        _add(union, "walls", walls, "wall", "part")
        describe(union["walls"], long_name="m_X [GeV], lower and upper g_X of vertical edges")
    for search in dict.fromkeys(one.search for one in boundaries.projections):
        later = [one for one in boundaries.projections if one.search == search]
        _write_curves(group.create_group(f"{PROJECTIONS}/{search}"), later)
    regions = group.create_group(REGIONS)
    _write_flat(regions, boundaries.regions, RING)
    add_texts(regions, "name", [one.search for one in boundaries.regions])
    regions["name"].dims[0].attach_scale(regions["curve"])


def _write_curves(group: Any, curves: Sequence[Curve]) -> None:
    _write_flat(group, curves, tuple(VERTICES))
    _add(group, "closed", np.array([one.closed for one in curves], dtype=np.uint8), "curve")


def _write_flat(group: Any, some: Sequence[Curve] | Sequence[Region], names: tuple[str, ...]) -> None:
    vertices = np.array([len(one.m_X) for one in some], dtype=np.int64)
    _add(group, "curve", np.arange(len(some)))
    _add(group, "vertex", np.arange(vertices.sum()))
    _add(group, "vertices", vertices, "curve")
    describe(group["vertices"], sample_dimension="vertex", long_name="number of vertices")
    for name in names:
        stored = VERTICES[name]
        values = np.concatenate([np.zeros(0), *(getattr(one, name) for one in some)])
        _add(group, stored.name, values, "vertex")
        describe(group[stored.name], units=stored.units, long_name=stored.meaning)


def _add(group: Any, name: str, values: npt.NDArray[Any], *dims: str) -> None:
    """Add an array along some dimensions, or a dimension."""
    add_array(group, name, values)
    if not dims:
        group[name].make_scale(name)
    for position, dim in enumerate(dims):
        group[name].dims[position].attach_scale(group[dim])


def read_boundaries(group: Any) -> Boundaries:
    """Read what `write_boundaries` wrote."""
    searches = [name for name in group if name not in (UNIONS, REGIONS, PROJECTIONS)]
    if set(group[UNIONS]) != set(GROUPS):
        raise NotAScan(f"{group.name}: outlines of {', '.join(group[UNIONS])}")
    regions = group[REGIONS]
    names = read_texts(regions["name"])
    rings = zip(names, _pieces(regions, RING), strict=True)
    return Boundaries(
        treatment=text_of(group, "treatment"),
        curves=tuple(one for name in searches for one in _read_curves(group[name], name)),
        groups={name: _read_curves(one, name) for name, one in group[UNIONS].items()},
        walls={name: _walls(one["walls"]) for name, one in group[UNIONS].items()},
        regions=tuple(Region(search=name, **arrays) for name, arrays in rings),
        projections=tuple(
            curve for name, one in group.get(PROJECTIONS, {}).items() for curve in _read_curves(one, name)
        ),
        unresolved=int(group.attrs["unresolved"]),
    )


def _walls(dataset: Any) -> npt.NDArray[Any]:
    walls = _numbers(dataset, "f", 2)
    if walls.shape[1] != len(WALL):
        raise NotAScan(f"{dataset.name}: {walls.shape[1]} columns, {len(WALL)} are expected")
    return walls


def _read_curves(group: Any, name: str) -> tuple[Curve, ...]:
    closed = _numbers(group["closed"], "u").tolist()
    pieces = zip(closed, _pieces(group, tuple(VERTICES)), strict=True)
    return tuple(Curve(search=name, closed=bool(ring), **arrays) for ring, arrays in pieces)


def _pieces(group: Any, names: tuple[str, ...]) -> list[dict[str, Any]]:
    vertices = _numbers(group["vertices"], "iu")
    ends = np.cumsum(vertices)[:-1]
    values = {name: _numbers(group[VERTICES[name].name], "f") for name in names}
    if np.any(vertices < 0) or any(len(one) != vertices.sum() for one in values.values()):
        raise NotAScan(f"{group.name}: vertices are not as many as counted")
    split = {name: np.split(one, ends) for name, one in values.items()}
    return [{name: split[name][i] for name in names} for i in range(len(vertices))]


def _numbers(dataset: Any, kinds: str, dimensions: int = 1) -> npt.NDArray[Any]:
    """An array of numbers of some kinds."""
    values = np.asarray(dataset[...])
    if values.ndim != dimensions or values.dtype.kind not in kinds:
        raise NotAScan(f"{dataset.name}: no numbers along {dimensions} dimensions")
    return values
