"""Boundaries as flat arrays with offsets, in a group of an HDF5 file that `store` has open.

``<search>``: ``m_X`` [GeV], ``g_X``, ``slope`` (d ln g_X / d ln m_X), ``residual`` (|ln r|) of every
vertex; the i-th curve runs from ``offsets[i]`` to ``offsets[i+1]``; ``closed`` (uint8) says whether it is a
ring.  ``unions/Z``, ``B``, ``K``, ``ZBK``: the outline of what any search of a group excludes, in the same
form, and ``walls`` (m_X, lower and upper g_X): its vertical edges.  ``regions``: what each search excludes as
rings ``m_X``, ``g_X``, ``offsets``, with the name of the ``search`` of each.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from jaxtri.curves import Boundaries, Curve, Region

UNIONS, REGIONS = "unions", "regions"
UNITS = {"m_X": "GeV", "g_X": "1", "slope": "1", "residual": "1"}
MEANING = {
    "m_X": "mass of X",
    "g_X": "gauge coupling of X on the boundary",
    "slope": "d ln g_X / d ln m_X along the boundary",
    "residual": "distance |F| from the boundary",
}


def write_boundaries(group: Any, boundaries: Boundaries) -> None:
    """Write boundaries into an empty group."""
    group.attrs.update({"treatment": boundaries.treatment, "unresolved": boundaries.unresolved})
    for search in dict.fromkeys(one.search for one in boundaries.curves):
        _write_curves(group.create_group(search), boundaries.of(search))
    for name, curves in boundaries.groups.items():
        union = group.create_group(f"{UNIONS}/{name}")
        _write_curves(union, curves)
        union["walls"] = boundaries.walls[name]
        union["walls"].attrs["long_name"] = "m_X [GeV], lower and upper g_X of vertical edges"
    regions = group.create_group(REGIONS)
    _write_flat(regions, boundaries.regions, ("m_X", "g_X"))
    names = np.array([one.search for one in boundaries.regions], dtype=object)
    regions.create_dataset("search", data=names.astype("S"))


def _write_curves(group: Any, curves: Sequence[Curve]) -> None:
    _write_flat(group, curves, tuple(UNITS))
    group["closed"] = np.array([one.closed for one in curves], dtype=np.uint8)


def _write_flat(group: Any, some: Sequence[Curve] | Sequence[Region], names: tuple[str, ...]) -> None:
    for name in names:
        group[name] = np.concatenate([np.zeros(0), *(getattr(one, name) for one in some)])
        group[name].attrs.update({"units": UNITS[name], "long_name": MEANING[name]})
    group["offsets"] = np.cumsum([0, *(len(one.m_X) for one in some)], dtype=np.int64)


def read_boundaries(group: Any) -> Boundaries:
    """Read what `write_boundaries` wrote."""
    searches = [name for name in group if name not in (UNIONS, REGIONS)]
    regions = group[REGIONS]
    names = [name.decode() for name in regions["search"][...].tolist()]
    rings = zip(names, _pieces(regions, ("m_X", "g_X")), strict=True)
    return Boundaries(
        treatment=str(group.attrs["treatment"]),
        curves=tuple(one for name in searches for one in _read_curves(group[name], name)),
        groups={name: _read_curves(one, name) for name, one in group[UNIONS].items()},
        walls={name: one["walls"][...] for name, one in group[UNIONS].items()},
        regions=tuple(Region(search=name, **arrays) for name, arrays in rings),
        unresolved=int(group.attrs["unresolved"]),
    )


def _read_curves(group: Any, name: str) -> tuple[Curve, ...]:
    closed = group["closed"][...].tolist()
    pieces = zip(closed, _pieces(group, tuple(UNITS)), strict=True)
    return tuple(Curve(search=name, closed=bool(ring), **arrays) for ring, arrays in pieces)


def _pieces(group: Any, names: tuple[str, ...]) -> list[dict[str, Any]]:
    offsets = group["offsets"][...]
    split = {name: np.split(group[name][...], offsets[1:-1]) for name in names}
    return [{name: split[name][i] for name in names} for i in range(len(offsets) - 1)]
