"""How a scan is cut: tiles, which are lost or kept as a whole, and the chunks that they are stored in.  Pure.

A chunk is what HDF5 compresses as one; it is also computed at a time, so that it stays in the cache.  A
tile is a few seconds of work, a multiple of the chunk on every axis, and becomes one shard.
"""

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from jaxtri.errors import InputError
from jaxtri.scans.arrays import CELL_FIELDS, LABELS, dims_of, dtype_of

Fields = dict[str, npt.NDArray[Any]]
Box = tuple[tuple[int, int], ...]  # first and last-but-one position on every axis of a scan


CHUNK_CELLS = 62_500  # 125 masses x 500 couplings: a plane of float32 is 250 kB
CHUNK = {"g_X": 500, "m_X": 125}
TILE_BYTES = 1 << 30  # before compression: about 5 s of compressing and writing
TILE_CELLS = 100_000_000  # about 5 s of computing
TILE_COLUMNS = 8192  # columns whose rates are computed at a time
FEWEST_TILES = 64  # of a scan that is large enough
SMALLEST_CELLS = 250_000  # of a tile
SMALLEST_BYTES = 12_000_000  # or as many cells as make this
MOST_TILES = 10_000


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is computed and stored, in which pieces; it decides every byte of every shard."""

    sizes: Mapping[str, int]  # axes in the order of the dimensions: further ones, m_X, g_X
    labels: Mapping[str, int]  # number of names on each of `fields.LABELS`
    arrays: tuple[str, ...]
    precision: str
    compression: str  # "gzip" or "none"
    chunk: tuple[int, ...]
    tile: tuple[int, ...]
    key: str  # hash of the configuration, the axes and the versions

    @property
    def shape(self) -> tuple[int, ...]:
        """Nodes on every axis."""
        return tuple(self.sizes.values())

    @property
    def cells(self) -> int:
        """Points of the scan."""
        return math.prod(self.shape)

    @property
    def count(self) -> int:
        """Number of tiles."""
        return math.prod(_pieces(self.shape, self.tile))

    @property
    def cell_arrays(self) -> tuple[str, ...]:
        """Stored arrays that are made of chunks."""
        return tuple(name for name in self.arrays if name in CELL_FIELDS)

    def box(self, tile: int) -> Box:
        """Where a tile lies."""
        return _box(self.shape, self.tile, tile)

    def cells_in(self, tile: int) -> int:
        """Points of a tile."""
        return math.prod(extents(self.box(tile)))

    def cells_of(self, tiles: Iterable[int]) -> int:
        """Points of some tiles."""
        return sum(map(self.cells_in, tiles))

    def chunks(self, box: Box) -> Iterator[Box]:
        """Chunks of a box that starts at a chunk."""
        starts = [range(first, last, size) for (first, last), size in zip(box, self.chunk, strict=True)]
        for corner in itertools.product(*starts):
            yield tuple(
                (start, min(start + size, last))
                for start, size, (_, last) in zip(corner, self.chunk, box, strict=True)
            )

    def array_shape(self, name: str) -> tuple[int, ...]:
        """Shape of a whole stored array."""
        return tuple((dict(self.labels) | dict(self.sizes))[dim] for dim in dims_of(name, self.sizes))

    def array_chunk(self, name: str) -> tuple[int, ...] | None:
        """Shape of a chunk of a stored array, one label each; None for arrays without cells."""
        return (*(1 for _ in self.label_shape(name)), *self.chunk) if name in CELL_FIELDS else None

    def label_shape(self, name: str) -> tuple[int, ...]:
        """Number of labels of an array, () or one number."""
        return tuple(self.labels[dim] for dim in dims_of(name, self.sizes) if dim in LABELS)

    def bytes_of(self, cells: int) -> int:
        """Size of so many cells of all stored arrays, before compression."""
        return cells * _bytes_per_cell(self.arrays, self.labels, self.precision)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Plan":
        """Back from its fields, as JSON gives them."""
        lists = {name: tuple(data[name]) for name in ("arrays", "chunk", "tile")}
        return cls(**{**data, **lists})


def make_plan(
    sizes: Mapping[str, int],
    labels: Mapping[str, int],
    arrays: tuple[str, ...],
    *,
    precision: str,
    compression: str,
    key: str,
) -> Plan:
    """Cut a scan into tiles.

    Parameters
    ----------
    sizes
        Nodes by axis: further axes, m_X, g_X.
    labels
        Names by dimension of labels.
    arrays
        Arrays to store.
    precision, compression, key
        See `Plan`.

    Returns
    -------
    Plan
        The same for the same arguments, whatever the machine.
    """
    chunk = _chunk(sizes)
    cells = math.prod(sizes.values())
    per_cell = _bytes_per_cell(arrays, labels, precision)
    least = max(SMALLEST_CELLS, SMALLEST_BYTES // max(per_cell, 1), cells // FEWEST_TILES)
    most = min(TILE_CELLS, TILE_BYTES // max(per_cell, 1), least)
    columns = TILE_COLUMNS
    tile = _tile(sizes, chunk, most, columns)
    while math.prod(_pieces(tuple(sizes.values()), tile)) > MOST_TILES:
        most, columns = 2 * most, 2 * columns
        tile = _tile(sizes, chunk, most, columns)
    return Plan(
        sizes=dict(sizes), labels=dict(labels), arrays=arrays, precision=precision, compression=compression,
        chunk=chunk, tile=tile, key=key,
    )  # fmt: skip


def shard_of(text: str) -> tuple[int, int]:
    """Turn "i/n" into (i, n), 1 <= i <= n.

    Raises
    ------
    InputError
        If it is anything else.
    """
    part, _, whole = text.partition("/")
    if part.isdecimal() and whole.isdecimal() and 1 <= int(part) <= int(whole):
        return int(part), int(whole)
    raise InputError(f"--shard {text}: give i/n with 1 <= i <= n, for example 3/8")


def _bytes_per_cell(arrays: tuple[str, ...], labels: Mapping[str, int], precision: str) -> int:
    cell_arrays = [name for name in arrays if name in CELL_FIELDS]
    return sum(
        math.prod([labels[dim] for dim in dims_of(name, ()) if dim in LABELS])
        * dtype_of(name, precision).itemsize
        for name in cell_arrays
    )


def _chunk(sizes: Mapping[str, int]) -> tuple[int, ...]:
    """Chunks of about `CHUNK_CELLS`: along g_X, then m_X, then the further axes from the last one."""
    room = CHUNK_CELLS
    found: dict[str, int] = {}
    for name in reversed(list(sizes)):
        most = max(1, min(sizes[name], CHUNK.get(name, room), room))
        found[name] = -(-sizes[name] // -(-sizes[name] // most))  # pieces of one size: little is padded
        room //= found[name]
    return tuple(found[name] for name in sizes)


def _tile(sizes: Mapping[str, int], chunk: tuple[int, ...], most: int, columns: int) -> tuple[int, ...]:
    """Grow a chunk: along g_X, then the further axes, so that what they share is computed once, then m_X."""
    names = list(sizes)
    tile = list(chunk)
    for name in ("g_X", *reversed(names[:-2]), "m_X"):
        axis = names.index(name)
        cells, of_columns = most // math.prod(tile), columns // math.prod(tile[:-1])
        times = cells if name == "g_X" else min(cells, of_columns)
        tile[axis] = min(sizes[name], chunk[axis] * max(1, times))
    return tuple(tile)


def _pieces(shape: tuple[int, ...], size: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(-(-whole // part) for whole, part in zip(shape, size, strict=True))


def _box(shape: tuple[int, ...], size: tuple[int, ...], index: int) -> Box:
    corner = []
    for pieces in reversed(_pieces(shape, size)):
        index, position = divmod(index, pieces)
        corner.append(position)
    return tuple(
        (position * part, min((position + 1) * part, whole))
        for position, part, whole in zip(reversed(corner), size, shape, strict=True)
    )


def inside(box: Box) -> tuple[Any, ...]:
    """Index of a box in an array: every label, then the axes."""
    return (..., *(slice(first, last) for first, last in box))


def extents(box: Box) -> tuple[int, ...]:
    """Nodes of a box on every axis."""
    return tuple(last - first for first, last in box)
