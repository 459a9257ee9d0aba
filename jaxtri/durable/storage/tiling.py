"""How a scan is cut: tiles, which are lost or kept as a whole, and the chunks that they are stored in.  Pure.

A chunk is what HDF5 compresses as one; it is also computed at a time, so that it stays in the cache.  A
tile is a few seconds of work, a multiple of the chunk on every axis, and becomes one file.
"""

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jaxtri.errors import InputError

NamedArrays = dict[str, npt.NDArray[Any]]
Box = tuple[tuple[int, int], ...]  # first and last-but-one position on every axis of a scan

CHUNK_CELLS = 62_500  # a plane of float32 is 250 kB
CHUNK = (125, 500)  # at most, along the last two axes
TILE_BYTES = 1 << 30  # before compression: about 5 s of compressing and writing
TILE_CELLS = 100_000_000  # about 5 s of computing
TILE_COLUMNS = 8192  # columns whose rates are computed at a time
FEWEST_TILES = 64  # of a scan that is large enough
SMALLEST_CELLS = 250_000  # of a tile
SMALLEST_BYTES = 12_000_000  # or as many cells as make this
MOST_TILES = 10_000


@dataclass(frozen=True)
class ArrayPlan:
    """How one stored array lies: names first, then every axis, or every axis but the last."""

    labels: tuple[int, ...]  # how many names, on each dimension of names
    dtype: str
    has_cells: bool  # whether it has the last axis: then it is stored in chunks

    @property
    def bytes_per_cell(self) -> int:
        """Bytes of one cell, before compression; 0 for an array without cells."""
        return math.prod(self.labels) * np.dtype(self.dtype).itemsize * self.has_cells


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is computed and stored, in which pieces; it decides every byte of every tile."""

    sizes: Mapping[str, int]  # nodes by axis, in the order of the dimensions
    arrays: Mapping[str, ArrayPlan]
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
        return tuple(name for name, one in self.arrays.items() if one.has_cells)

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
        one = self.arrays[name]
        return (*one.labels, *(self.shape if one.has_cells else self.shape[:-1]))

    def array_chunk(self, name: str) -> tuple[int, ...] | None:
        """Shape of a chunk of a stored array, one label each; None for arrays without cells."""
        one = self.arrays[name]
        return (*(1 for _ in one.labels), *self.chunk) if one.has_cells else None

    def bytes_of(self, cells: int) -> int:
        """Size of so many cells of all stored arrays, before compression."""
        return cells * _bytes_per_cell(self.arrays)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Plan":
        """Back from its fields, as JSON gives them."""
        lists = {name: tuple(data[name]) for name in ("chunk", "tile")}
        arrays = {
            name: ArrayPlan(tuple(one["labels"]), one["dtype"], one["has_cells"])
            for name, one in data["arrays"].items()
        }
        return cls(**{**data, **lists, "arrays": arrays})


def make_plan(
    sizes: Mapping[str, int],
    arrays: Mapping[str, ArrayPlan],
    *,
    compression: str,
    key: str,
) -> Plan:
    """Cut a scan into tiles.

    Parameters
    ----------
    sizes
        Nodes by axis, two axes or more.
    arrays
        Arrays to store.
    compression, key
        See `Plan`.

    Returns
    -------
    Plan
        The same for the same arguments, whatever the machine.
    """
    chunk = _chunk(sizes)
    cells = math.prod(sizes.values())
    per_cell = _bytes_per_cell(arrays)
    least = max(SMALLEST_CELLS, SMALLEST_BYTES // max(per_cell, 1), cells // FEWEST_TILES)
    most = min(TILE_CELLS, TILE_BYTES // max(per_cell, 1), least)
    columns = TILE_COLUMNS
    tile = _tile(sizes, chunk, most, columns)
    while math.prod(_pieces(tuple(sizes.values()), tile)) > MOST_TILES:
        most, columns = 2 * most, 2 * columns
        tile = _tile(sizes, chunk, most, columns)
    return Plan(
        sizes=dict(sizes), arrays=dict(arrays), compression=compression, chunk=chunk, tile=tile, key=key
    )


def tiles_of(part: tuple[int, int] | None, plan: Plan) -> range:
    """Return the tiles of part i of n, or all."""
    first, step = (part[0] - 1, part[1]) if part else (0, 1)
    return range(first, plan.count, step)


def parse_part(text: str) -> tuple[int, int]:
    """Turn "i/n" into (i, n), 1 <= i <= n.

    Raises
    ------
    InputError
        If it is anything else.
    """
    part, _, whole = str(text).partition("/")
    if part.isdecimal() and whole.isdecimal() and 1 <= int(part) <= int(whole):
        return int(part), int(whole)
    raise InputError(f"part {text}: give i/n with 1 <= i <= n, for example 3/8")


def _bytes_per_cell(arrays: Mapping[str, ArrayPlan]) -> int:
    return sum(one.bytes_per_cell for one in arrays.values())


def _chunk(sizes: Mapping[str, int]) -> tuple[int, ...]:
    """Chunks of about `CHUNK_CELLS`: along the last axis first, then the one before it, and so on."""
    room = CHUNK_CELLS
    found: list[int] = []
    for place, size in enumerate(reversed(list(sizes.values()))):
        most = max(1, min(size, CHUNK[-1 - place] if place < len(CHUNK) else room, room))
        found.insert(0, -(-size // -(-size // most)))  # pieces of one size: little is padded
        room //= found[0]
    return tuple(found)


def _tile(sizes: Mapping[str, int], chunk: tuple[int, ...], most: int, columns: int) -> tuple[int, ...]:
    """Grow a chunk: along the last axis, then the outer ones, then the one before the last.

    What does not depend on the outer axes is then computed once along them.
    """
    shape, tile = tuple(sizes.values()), list(chunk)
    last = len(shape) - 1
    for axis in (last, *reversed(range(last - 1)), last - 1):
        cells, of_columns = most // math.prod(tile), columns // math.prod(tile[:-1])
        times = cells if axis == last else min(cells, of_columns)
        tile[axis] = min(shape[axis], chunk[axis] * max(1, times))
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
