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

from jaxtri.boundary.kernels import decays_at, production_at
from jaxtri.durable.storage.tiling import CHUNK, Box, NamedArrays, Plan, extents, inside
from jaxtri.errors import InputError
from jaxtri.limits.excluded_couplings import Ends
from jaxtri.limits.searches import SearchSet, with_room
from jaxtri.limits.signal import MassPoint
from jaxtri.model.treatment import Treatment
from jaxtri.numerics.arrays import FloatArray
from jaxtri.numerics.interpolation import Tables
from jaxtri.numerics.jax_settings import prepare
from jaxtri.numerics.threads import padded
from jaxtri.physics.relic.relic_lines import omega_h2
from jaxtri.scans.arrays import ARRAYS, MASS_ARRAYS
from jaxtri.scans.grid import AxisNodes, MassRates, Rates, cast, cells, extent, rates_of_padded
from jaxtri.scans.provenance import header, plan_of, versions
from jaxtri.scans.record import Scan
from jaxtri.scans.spec import Spec

Buffers = dict[str, Array]
Decays = dict[bytes, tuple[FloatArray, FloatArray]]  # of pieces of masses, which all treatments share

MASSES = 250  # of a plane computed at a time, whatever the grid: one compilation serves all
WASTE = 2_000_000  # cells beside those of a grid that are computed rather than to compile for another size


class TileTask:
    """Computes tiles of one treatment of a scan, here or in a worker that it is sent to."""

    def __init__(self, spec: Spec, treatment: Treatment, shared: Decays | None = None) -> None:
        self.spec, self.treatment, self._versions = spec, treatment, versions()
        self._shared: Decays = {} if shared is None else shared
        self._spare: dict[Any, list[Buffers]] = {}

    def __call__(self, plan: Plan, tile: int) -> tuple[NamedArrays, Iterator[tuple[Box, NamedArrays]]]:
        """Compute a tile; tiles go round all local devices, and leave their buffers to others."""
        devices = jax.local_devices()
        device = devices[tile % len(devices)]
        spare = self._spare.setdefault(device, [])
        return compute_tile(
            self.spec, self.treatment, plan, tile, device=device, spare=spare, shared=self._shared
        )

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
        return self.__dict__ | {"spec": replace(self.spec, **plain), "_spare": {}, "_shared": {}}


def compute_tile(
    spec: Spec,
    treatment: Treatment,
    plan: Plan,
    tile: int,
    *,
    device: Any = None,
    spare: list[Buffers] | None = None,
    shared: Decays | None = None,
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
    shared
        Decays of X that tiles of the same scan have left, whatever their treatment, and that this one will
        leave.

    Returns
    -------
    tuple
        The arrays without cells, and chunk by chunk the cells, each with its place.  The arrays of a chunk
        are overwritten by the one after the next.
    """
    box = plan.box(tile)
    with jax.default_device(device):
        nodes, m_X = _nodes(spec, plan, box)
        searches = jax.device_put(spec.searches.padded)
        found = _rates(spec, treatment, searches, nodes, m_X, {} if shared is None else shared)
        window = Ends(*np.log(spec.g_X[[0, -1]]))
        fields = mass_arrays(found, window, len(spec.searches.labels), searches.curves, plan)
    own = inside(tuple((0, size) for size in extents(box[:-1])))
    trimmed = {name: values[own] for name, values in fields.items()}
    return trimmed, _blocks(spec, plan, box, (found, searches.curves), device, [] if spare is None else spare)


def _rates(
    spec: Spec,
    treatment: Treatment,
    searches: SearchSet,
    nodes: AxisNodes,
    m_X: npt.NDArray[np.float64],
    shared: Decays,
) -> MassRates:
    """`rates_at_masses` on the host; in a plane so many masses at a time."""
    sm, model = jax.device_put((spec.sm, spec.model.unnamed()))
    if nodes:
        parts = [rates_of_padded(sm, model, treatment, searches, jnp.asarray(m_X), nodes, spec.recasts)]
        return _joined(parts, len(m_X), axis=len(nodes))
    parts = []
    for piece in _pieces(m_X):
        key = piece.tobytes()
        if key not in shared:
            shared[key] = decays_at(sm, model, piece)
        known = Rates(production_at(sm, model, treatment, piece), shared[key])
        some = jnp.asarray(piece)
        parts.append(rates_of_padded(sm, model, treatment, searches, some, (), spec.recasts, known))
    return _joined(parts, len(m_X), axis=0)


def _pieces(values: Any) -> list[Any]:
    """An array along its first axis in pieces of `MASSES`, the last one padded."""
    return [padded(values[i : i + MASSES], MASSES) for i in range(0, len(values), MASSES)]


def _joined(parts: list[Any], count: int, *, axis: int) -> Any:
    """The arrays of pieces together along one axis, on the host, without the padding."""
    own = (*(slice(None),) * axis, slice(count))
    return jax.tree.map(lambda *some: np.concatenate(list(map(np.asarray, some)), axis=axis)[own], *parts)


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
    spec: Spec,
    plan: Plan,
    box: Box,
    computed: tuple[MassRates, Tables | None],
    device: Any,
    spare: list[Buffers],
) -> Iterator[tuple[Box, NamedArrays]]:
    """Cells of a tile, a chunk at a time.

    Two sets of buffers take turns: the reader still holds one while the other is computed, and what is
    held cannot be overwritten but would be allocated again.
    """
    masses, couplings = _block(plan)
    found, curves = computed
    with jax.default_device(device):
        turns = [spare.pop() if spare else cell_buffers(plan, masses, couplings) for _ in range(2)]
    every = cast(found.points, len(plan.tile) - 1, dtype=spec.precision), found.in_domain.reshape(-1)
    log_g = np.log(spec.g_X).astype(spec.precision)
    count, rows = len(spec.searches.labels), None
    some: tuple[Any, ...] = ()
    for where in plan.chunks(box) if turns[0] or "omega_h2" in plan.arrays else ():
        some_g = log_g[_repeated(where[-1], couplings)]
        with jax.default_device(device):
            if where[:-1] != rows:  # chunks that differ in g_X follow each other
                rows, index = where[:-1], padded(_mass_points_of(plan, box, where), masses)
                some = jax.device_put(jax.tree.map(lambda x, index=index: x[index], every))
            buffers = cells(*some, some_g, count, curves, turns.pop(0)) if turns[0] else turns.pop(0)
        turns.append(buffers)
        known = {name: np.asarray(array) for name, array in buffers.items()} | _densities(spec, plan, where)
        yield where, {name: _trimmed(array, plan, name, where) for name, array in known.items()}
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


def _block(plan: Plan) -> tuple[int, int]:
    """Mass points and couplings of the cells computed at a time: those of a chunk, or of the largest chunk.

    What is compiled for the largest serves grids of many sizes; what is computed beside a chunk is dropped.
    """
    own = math.prod(plan.chunk[:-1]), plan.chunk[-1]
    chunks = math.prod(-(-size // part) for size, part in zip(plan.shape, plan.chunk, strict=True))
    fits = own[0] <= CHUNK[0] and own[1] <= CHUNK[1]
    return CHUNK if fits and chunks * (math.prod(CHUNK) - math.prod(own)) <= WASTE else own


def _mass_points_of(plan: Plan, box: Box, where: Box) -> npt.NDArray[np.intp]:
    """Positions in a tile of the mass points of a chunk."""
    position: npt.NDArray[np.intp] = np.zeros(1, dtype=np.intp)
    axes = zip(where[:-1], box[:-1], plan.chunk[:-1], plan.tile[:-1], strict=True)
    for ends, (corner, _), size, whole in axes:
        position = (position[:, None] * whole + _repeated(ends, size) - corner).ravel()
    return position


def _trimmed(values: npt.NDArray[Any], plan: Plan, name: str, where: Box) -> npt.NDArray[Any]:
    """A block of an array with all its axes, without what was repeated, or made up, past the end."""
    labels = plan.arrays[name].labels
    chunk = values[..., : math.prod(plan.chunk[:-1]), : plan.chunk[-1]]
    own = inside(tuple((0, size) for size in extents(where)))
    return chunk[tuple(map(slice, labels))].reshape(*labels, *plan.chunk)[own]


def cell_buffers(plan: Plan, masses: int, couplings: int) -> dict[str, Array]:
    """Return arrays for `cells` to write into: those that a plan stores, with room for padded searches."""
    return {  # on the host first: `jnp.zeros` is compiled for every shape
        name: jax.device_put(np.zeros((*_room(name, one.labels), masses, couplings), one.dtype))
        for name, one in plan.arrays.items()
        if one.has_cells and name != "omega_h2"
    }


def _room(name: str, labels: tuple[int, ...]) -> tuple[int, ...]:
    """How many labels an array has where its searches are padded."""
    return tuple(with_room(n) for n in labels) if "search" in ARRAYS[name].dims else labels


def mass_arrays(found: MassRates, window: Ends, count: int, curves: Tables | None, plan: Plan) -> NamedArrays:
    """The stored arrays that do not depend on g_X: labels first, then the axes besides g_X."""
    known: dict[str, Callable[[], Any]] = {
        "x_br": lambda: np.moveaxis(np.asarray(found.points.x_br), -1, 0),
        "triangle_sum_re": lambda: np.asarray(found.triangle_sum).real,
        "triangle_sum_im": lambda: np.asarray(found.triangle_sum).imag,
        "valid": lambda: np.moveaxis(_valid(found.points, count), -1, 0).astype(np.uint8),
        "g_X_range": lambda: _boundary(found, count, curves, window),
    }
    return {
        name: known[name]()[tuple(map(slice, plan.arrays[name].labels))]
        for name in MASS_ARRAYS
        if name in plan.arrays
    }


def _valid(points: MassPoint, count: int) -> npt.NDArray[np.bool_]:
    """Whether each of so many searches, recast ones after the others, has data at each mass point."""
    some = [points.searches.is_valid[..., :count]] + (
        [] if points.recasts is None else [points.recasts.is_known]
    )
    return np.concatenate([np.asarray(one) for one in some], axis=-1)


def _boundary(found: MassRates, count: int, curves: Tables | None, window: Ends) -> npt.NDArray[np.float64]:
    """Extent of what so many searches exclude, (edge, ...)."""
    shape = found.in_domain.shape
    points = math.prod(shape)
    flat = jax.tree.map(lambda x: x.reshape(points, *x.shape[len(shape) :]), (found.points, found.in_domain))
    leaves, tree = jax.tree.flatten(flat)
    pieces = zip(*map(_pieces, leaves), strict=True)
    parts = [extent(*jax.tree.unflatten(tree, some), count, curves, window) for some in pieces]
    whole: npt.NDArray[np.float64] = _joined(parts, found.in_domain.size, axis=1)
    return whole.reshape(2, *shape)


def compute(spec: Spec, treatment: Treatment, shared: Decays | None = None) -> Scan:
    """Compute one treatment of a scan into memory; decays of X are shared as in `compute_tile`."""
    top = header(spec, treatment)
    plan = plan_of(top)
    arrays = {name: np.empty(plan.array_shape(name), one.dtype) for name, one in plan.arrays.items()}
    for tile in range(plan.count):
        fields, blocks = compute_tile(spec, treatment, plan, tile, shared=shared)
        box = plan.box(tile)
        for name, values in fields.items():
            arrays[name][inside(box[:-1])] = values
        for where, block in blocks:
            for name, values in block.items():
                arrays[name][inside(where)] = values
    return Scan(header=top, arrays=arrays)
