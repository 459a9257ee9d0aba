"""Tiles of a scan: rates of all columns at once, then cells, a chunk at a time into the same buffers."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax import Array

from jaxtri.durable.storage.tiling import Box, Fields, Plan, extents, inside
from jaxtri.limits.excluded_couplings import Ends
from jaxtri.model.treatment import Treatment
from jaxtri.scans.arrays import CELL_FIELDS, COLUMN_FIELDS, dtype_of
from jaxtri.scans.grid import Columns, Nodes, cast, cells, columns, extent, take
from jaxtri.scans.provenance import header, plan_of
from jaxtri.scans.record import Scan
from jaxtri.scans.spec import Spec

Buffers = dict[str, Array]


def compute_tile(
    spec: Spec,
    treatment: Treatment,
    plan: Plan,
    tile: int,
    *,
    device: Any = None,
    spare: list[Buffers] | None = None,
) -> tuple[Fields, Iterator[tuple[Box, Fields]]]:
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
        found = columns(spec.sm, spec.model, treatment, spec.searches, m_X, nodes=nodes)
        window = Ends(*np.log(spec.g_X[[0, -1]]))
        fields = column_fields(found, window, plan.arrays)
    own = inside(tuple((0, size) for size in extents(box[:-1])))
    trimmed = {name: values[own] for name, values in fields.items()}
    return trimmed, _blocks(spec, plan, box, found, device, [] if spare is None else spare)


def _nodes(spec: Spec, plan: Plan, box: Box) -> tuple[Nodes, npt.NDArray[np.float64]]:
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
    spec: Spec, plan: Plan, box: Box, found: Columns, device: Any, spare: list[Buffers]
) -> Iterator[tuple[Box, Fields]]:
    """Cells of a tile, a chunk at a time.

    Two sets of buffers take turns: the reader still holds one while the other is computed, and what is
    held cannot be overwritten but would be allocated anew.
    """
    with jax.default_device(device):
        rows = cast(found.rows, len(plan.tile) - 1, dtype=plan.precision)
        in_domain = found.in_domain.reshape(-1)
        columns = math.prod(plan.chunk[:-1])
        turns = [spare.pop() if spare else cell_buffers(plan, columns, plan.chunk[-1]) for _ in range(2)]
    log_g = np.log(spec.g_X).astype(plan.precision)
    for where in plan.chunks(box) if turns[0] else ():
        some_g = log_g[_repeated(where[-1], plan.chunk[-1])]
        with jax.default_device(device):
            some = take(rows, in_domain, _columns_of(plan, box, where))
            buffers = cells(*some, some_g, turns.pop(0))
        turns.append(buffers)
        yield where, {name: _trimmed(np.asarray(array), plan, where) for name, array in buffers.items()}
    spare += turns


def _columns_of(plan: Plan, box: Box, where: Box) -> npt.NDArray[np.intp]:
    """Positions in a tile of the columns of a chunk."""
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


def cell_buffers(plan: Plan, columns: int, couplings: int) -> dict[str, Array]:
    """Return arrays for `cells` to write into: those that a plan stores."""
    return {
        name: jnp.zeros((*plan.label_shape(name), columns, couplings), dtype_of(name, plan.precision))
        for name in plan.arrays
        if name in CELL_FIELDS
    }


def column_fields(found: Columns, window: Ends, arrays: tuple[str, ...]) -> Fields:
    """The stored arrays that do not depend on g_X: labels first, then the axes besides g_X."""
    known: dict[str, Callable[[], Any]] = {
        "x_br": lambda: np.moveaxis(np.asarray(found.rows.x_br), -1, 0),
        "triangle_sum_re": lambda: np.asarray(found.triangle_sum).real,
        "triangle_sum_im": lambda: np.asarray(found.triangle_sum).imag,
        "valid": lambda: np.moveaxis(np.asarray(found.rows.searches.is_valid), -1, 0).astype(np.uint8),
        "boundary": lambda: _boundary(found, window),
    }
    return {name: known[name]() for name in COLUMN_FIELDS if name in arrays}


def _boundary(found: Columns, window: Ends) -> npt.NDArray[np.float64]:
    """Extent of what is excluded, (edge, ...)."""
    shape = found.in_domain.shape
    flat = jax.tree.map(lambda x: x.reshape(-1, *x.shape[len(shape) :]), (found.rows, found.in_domain))
    return np.asarray(extent(*flat, window)).reshape(2, *shape)


def compute(spec: Spec, treatment: Treatment) -> Scan:
    """Compute one treatment of a scan into memory."""
    top = header(spec, treatment)
    plan = plan_of(top)
    arrays = {name: np.empty(plan.array_shape(name), dtype_of(name, plan.precision)) for name in plan.arrays}
    for tile in range(plan.count):
        fields, blocks = compute_tile(spec, treatment, plan, tile)
        box = plan.box(tile)
        for name, values in fields.items():
            arrays[name][inside(box[:-1])] = values
        for where, block in blocks:
            for name, values in block.items():
                arrays[name][inside(where)] = values
    return Scan(header=top, arrays=arrays)
