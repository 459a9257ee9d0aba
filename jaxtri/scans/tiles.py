"""Tiles of a scan: rates at all masses at once, then cells, a chunk at a time into the same buffers."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax import Array

from jaxtri.durable.storage.tiling import Box, NamedArrays, Plan, extents, inside
from jaxtri.errors import InputError
from jaxtri.limits.excluded_couplings import Ends
from jaxtri.limits.signal import MassPoint
from jaxtri.model.treatment import Treatment
from jaxtri.numerics.jax_settings import prepare
from jaxtri.physics.relic.relic_lines import omega_h2
from jaxtri.scans.arrays import MASS_ARRAYS
from jaxtri.scans.grid import AxisNodes, MassRates, cast, cells, extent, rates_at_masses, take
from jaxtri.scans.provenance import header, plan_of, versions
from jaxtri.scans.record import Scan
from jaxtri.scans.spec import Spec

Buffers = dict[str, Array]


class TileTask:
    """Computes tiles of one treatment of a scan, here or in a worker that it is sent to."""

    def __init__(self, spec: Spec, treatment: Treatment) -> None:
        self.spec, self.treatment, self._versions = spec, treatment, versions()
        self._spare: dict[Any, list[Buffers]] = {}

    def __call__(self, plan: Plan, tile: int) -> tuple[NamedArrays, Iterator[tuple[Box, NamedArrays]]]:
        """Compute a tile; tiles go round all local devices, and leave their buffers to others."""
        devices = jax.local_devices()
        device = devices[tile % len(devices)]
        spare = self._spare.setdefault(device, [])
        return compute_tile(self.spec, self.treatment, plan, tile, device=device, spare=spare)

    def start_worker(self) -> str:
        """Prepare the process that computes, and name its device.

        Raises
        ------
        InputError
            If it has other versions than the process that began the scan.
        """
        prepare()
        if versions() != self._versions:
            raise InputError(
                f"a worker has {versions()}, the scan began with {self._versions}; use one environment"
            )
        return str(jax.devices()[0].device_kind)

    def __getstate__(self) -> dict[str, Any]:
        """State to send, with NumPy arrays: a worker reads it before 64-bit floats are on."""
        plain = {
            name: jax.tree.map(np.asarray, getattr(self.spec, name))
            for name in ("sm", "model", "searches", "projections", "dark_matter")
        }
        return self.__dict__ | {"spec": replace(self.spec, **plain), "_spare": {}}


def compute_tile(
    spec: Spec,
    treatment: Treatment,
    plan: Plan,
    tile: int,
    *,
    device: Any = None,
    spare: list[Buffers] | None = None,
) -> tuple[NamedArrays, Iterator[tuple[Box, NamedArrays]]]:
    """Compute one tile of a scan.

    Parameters
    ----------
    spec, treatment
        The scan, and one of its treatments.
    plan, tile
        How it is cut, and which tile is wanted.
    device
        Where to compute; the first device by default.
    spare
        Buffers that earlier tiles of the same plan and device have left, and that this one will leave.

    Returns
    -------
    tuple
        The arrays without cells, and chunk by chunk the cells, each with its place.  The arrays of a chunk
        are overwritten by the one after the next.
    """
    box = plan.box(tile)
    with jax.default_device(device):
        nodes, m_X = _nodes(spec, plan, box)
        found = rates_at_masses(
            spec.sm, spec.model, treatment, spec.searches, m_X, nodes=nodes, recasts=spec.recasts
        )
        window = Ends(*np.log(spec.g_X[[0, -1]]))
        fields = mass_arrays(found, window, tuple(plan.arrays))
    own = inside(tuple((0, size) for size in extents(box[:-1])))
    trimmed = {name: values[own] for name, values in fields.items()}
    return trimmed, _blocks(spec, plan, box, found, device, [] if spare is None else spare)


def _nodes(spec: Spec, plan: Plan, box: Box) -> tuple[AxisNodes, npt.NDArray[np.float64]]:
    """What a tile has on each axis besides g_X."""
    index = [_repeated(ends, size) for ends, size in zip(box[:-1], plan.tile[:-1], strict=True)]
    nodes = tuple(
        {name: jnp.asarray(values[where]) for name, values in axis.parameters.items()}
        for axis, where in zip(spec.axes, index, strict=False)
    )
    return nodes, spec.m_X[index[-1]]


def _repeated(ends: tuple[int, int], size: int) -> npt.NDArray[np.intp]:
    """Positions from the first end on, the last one repeated up to a size: one compilation serves all."""
    first, last = ends
    return np.minimum(np.arange(first, first + size), last - 1)


def _blocks(
    spec: Spec, plan: Plan, box: Box, found: MassRates, device: Any, spare: list[Buffers]
) -> Iterator[tuple[Box, NamedArrays]]:
    """Cells of a tile, a chunk at a time.

    Two sets of buffers take turns: the reader still holds one while the other is computed, and what is
    held cannot be overwritten but would be allocated again.
    """
    with jax.default_device(device):
        points = cast(found.points, len(plan.tile) - 1, dtype=spec.precision)
        in_domain = found.in_domain.reshape(-1)
        masses = math.prod(plan.chunk[:-1])
        turns = [spare.pop() if spare else cell_buffers(plan, masses, plan.chunk[-1]) for _ in range(2)]
    log_g = np.log(spec.g_X).astype(spec.precision)
    for where in plan.chunks(box) if turns[0] or "omega_h2" in plan.arrays else ():
        some_g = log_g[_repeated(where[-1], plan.chunk[-1])]
        with jax.default_device(device):
            some = take(points, in_domain, _mass_points_of(plan, box, where))
            buffers = cells(*some, some_g, turns.pop(0)) if turns[0] else turns.pop(0)
        turns.append(buffers)
        known = {name: np.asarray(array) for name, array in buffers.items()} | _densities(spec, plan, where)
        yield where, {name: _trimmed(array, plan, where) for name, array in known.items()}
    spare += turns


def _densities(spec: Spec, plan: Plan, where: Box) -> NamedArrays:
    """Relic densities of a chunk, (dark_matter, m_X, g_X), where they are stored; the scan is a plane."""
    if "omega_h2" not in plan.arrays:
        return {}
    m_X, g_X = (
        axis[_repeated(ends, size)]
        for axis, ends, size in zip((spec.m_X, spec.g_X), where, plan.chunk, strict=True)
    )
    found = [omega_h2(spec.sm, spec.model, one, m_X[:, None], g_X) for one in spec.dark_matter]
    return {"omega_h2": np.stack(found).astype(spec.precision)}


def _mass_points_of(plan: Plan, box: Box, where: Box) -> npt.NDArray[np.intp]:
    """Positions in a tile of the mass points of a chunk."""
    position: npt.NDArray[np.intp] = np.zeros(1, dtype=np.intp)
    axes = zip(where[:-1], box[:-1], plan.chunk[:-1], plan.tile[:-1], strict=True)
    for ends, (corner, _), size, whole in axes:
        position = (position[:, None] * whole + _repeated(ends, size) - corner).ravel()
    return position


def _trimmed(values: npt.NDArray[Any], plan: Plan, where: Box) -> npt.NDArray[Any]:
    """A block with all its axes, without what was repeated past the end."""
    labels = values.shape[:-2]
    own = inside(tuple((0, size) for size in extents(where)))
    return values.reshape(*labels, *plan.chunk)[own]


def cell_buffers(plan: Plan, masses: int, couplings: int) -> dict[str, Array]:
    """Return arrays for `cells` to write into: those that a plan stores."""
    return {
        name: jnp.zeros((*one.labels, masses, couplings), one.dtype)
        for name, one in plan.arrays.items()
        if one.has_cells and name != "omega_h2"
    }


def mass_arrays(found: MassRates, window: Ends, arrays: tuple[str, ...]) -> NamedArrays:
    """The stored arrays that do not depend on g_X: labels first, then the axes besides g_X."""
    known: dict[str, Callable[[], Any]] = {
        "x_br": lambda: np.moveaxis(np.asarray(found.points.x_br), -1, 0),
        "triangle_sum_re": lambda: np.asarray(found.triangle_sum).real,
        "triangle_sum_im": lambda: np.asarray(found.triangle_sum).imag,
        "valid": lambda: np.moveaxis(_valid(found.points), -1, 0).astype(np.uint8),
        "g_X_range": lambda: _boundary(found, window),
    }
    return {name: known[name]() for name in MASS_ARRAYS if name in arrays}


def _valid(points: MassPoint) -> npt.NDArray[np.bool_]:
    """Whether each search, recast ones after the others, has data at each mass point."""
    some = [points.searches.is_valid] + ([] if points.recasts is None else [points.recasts.is_known])
    return np.concatenate([np.asarray(one) for one in some], axis=-1)


def _boundary(found: MassRates, window: Ends) -> npt.NDArray[np.float64]:
    """Extent of what is excluded, (edge, ...)."""
    shape = found.in_domain.shape
    count = math.prod(shape)
    flat = jax.tree.map(lambda x: x.reshape(count, *x.shape[len(shape) :]), (found.points, found.in_domain))
    return np.asarray(extent(*flat, window)).reshape(2, *shape)


def compute(spec: Spec, treatment: Treatment) -> Scan:
    """Compute one treatment of a scan into memory."""
    top = header(spec, treatment)
    plan = plan_of(top)
    arrays = {name: np.empty(plan.array_shape(name), one.dtype) for name, one in plan.arrays.items()}
    for tile in range(plan.count):
        fields, blocks = compute_tile(spec, treatment, plan, tile)
        box = plan.box(tile)
        for name, values in fields.items():
            arrays[name][inside(box[:-1])] = values
        for where, block in blocks:
            for name, values in block.items():
                arrays[name][inside(where)] = values
    return Scan(header=top, arrays=arrays)
