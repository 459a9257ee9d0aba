"""Shards: what is kept of a tile as soon as it is computed.

Chunks of cells go into a heap: the finished file in the making (`output.Output`), or a file of the tile.
Once they are on disk a record says so (`records`), and where they are.
"""

import io
import math
import os
from collections.abc import Callable, Collection, Iterator, Set
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from jaxtri.durable.storage.atomic_files import new_data, storing, write_at
from jaxtri.durable.storage.chunk_bytes import Data, checksum, packed
from jaxtri.durable.storage.lock import LOCK, is_of_the_dead
from jaxtri.durable.storage.lock import WHOLE as OWNER
from jaxtri.durable.storage.tile_records import (
    Offset,
    Pieces,
    Row,
    Shard,
    checked,
    heap_of,
    listed,
    shard_path,
    tile_of,
    tiles_there,
    write_record,
)
from jaxtri.durable.storage.tiling import Box, NamedArrays, Plan, extents

Blocks = Iterator[tuple[Box, NamedArrays]]
OUTPUT = "output"  # what the name of an output in the making begins with


class Heap(Protocol):
    """A file that takes chunks, from several threads."""

    @property
    def path(self) -> Path:
        """Where it is."""

    def put(self, name: str, offset: Offset, data: Data) -> int:
        """Add a chunk of an array; return where in the file it lies."""

    def put_columns(self, box: Box, columns: NamedArrays) -> None:
        """Add the arrays without cells of a tile, if they have a place here."""

    def sync(self) -> None:
        """Wait until everything is on disk."""


def write_shard(
    folder: Path,
    plan: Plan,
    tile: int,
    columns: NamedArrays,
    blocks: Blocks,
    *,
    into: Heap | None = None,
    device: str = "",
    report: Callable[[int, int], Any] = lambda cells, size: None,
) -> None:
    """Compute and write one tile; afterwards it is there as a whole, or not at all.

    Parameters
    ----------
    folder
        Folder of the shards.
    plan, tile
        The plan, and which of its tiles this is.
    columns
        Arrays without the coupling axis.
    blocks
        Chunk by chunk the cells, each with its place in the scan.
    into
        Where the chunks go: a file in ``folder``, by default one of the tile's own.
    device
        What computed it.
    report
        Called with the cells and bytes of every block.

    Raises
    ------
    StorageError
        If the disk is full or the folder cannot be written.
    """
    with storing(shard_path(folder, tile)), nullcontext(into) if into else _own_heap(folder, tile) as heap:
        _write(folder, plan, tile, columns, _packed(plan, blocks, report), heap, device)


def copy_shard(shard: Shard, folder: Path, plan: Plan, into: Heap) -> None:
    """Write a shard that is there once more, elsewhere, as old as it is.

    A file of its own in the same folder then goes: the new record names another.

    Raises
    ------
    DamagedShard
        If its chunks are not what was written.
    StorageError
        If the disk is full or the folder cannot be written.
    """
    with storing(shard_path(folder, shard.tile)):
        seen = os.stat(shard.path)
        _write(folder, plan, shard.tile, shard.columns, checked(shard, plan), into, shard.device)
        os.utime(shard_path(folder, shard.tile), ns=(seen.st_atime_ns, seen.st_mtime_ns))
        before = folder / shard.heap
        if shard.path.parent == folder and tile_of(before) == shard.tile:
            before.unlink(missing_ok=True)


def _write(
    folder: Path, plan: Plan, tile: int, columns: NamedArrays, pieces: Pieces, heap: Heap, device: str
) -> None:
    """Chunks first, and to disk; then the record."""
    heap.put_columns(plan.box(tile), columns)
    found: dict[str, dict[Offset, Row]] = {name: {} for name in plan.cell_arrays}
    for name, offset, data in pieces:
        found[name][offset] = heap.put(name, offset, data), len(data), checksum(data, plan.compression)
    heap.sync()
    write_record(folder, plan, tile, columns, found, heap=heap.path.name, device=device)


def _packed(plan: Plan, blocks: Blocks, report: Callable[[int, int], Any]) -> Pieces:
    """Chunks of blocks as they are stored."""
    for where, block in blocks:
        corner = tuple(first for first, _ in where)
        for name in plan.cell_arrays:
            labels = plan.arrays[name].labels
            shape = (*(1 for _ in labels), *plan.chunk)
            for label in np.ndindex(*labels):
                part = block[name][label][(np.newaxis,) * len(label)]
                yield name, (*label, *corner), packed(part, shape, plan.compression)
        report(math.prod(extents(where)), sum(block[name].nbytes for name in plan.cell_arrays))


class _OwnHeap:
    """Chunks one after another."""

    def __init__(self, raw: io.FileIO) -> None:
        self._raw, self._end = raw, 0
        self.path = Path(raw.name)

    def put(self, name: str, offset: Offset, data: Data) -> int:
        address = self._end
        write_at(self._raw, address, data)
        self._end += len(data)
        return address

    def put_columns(self, box: Box, columns: NamedArrays) -> None:
        """The record has them."""

    def sync(self) -> None:
        os.fsync(self._raw.fileno())


@contextmanager
def _own_heap(folder: Path, tile: int) -> Iterator[Heap]:
    """A new file for the chunks of one tile; if that fails it goes."""
    with new_data(folder, f"tile-{tile:05d}") as raw:
        heap = _OwnHeap(raw)
        try:
            yield heap
        except BaseException:
            heap.path.unlink(missing_ok=True)
            raise


def bytes_apart(folder: Path, tiles: Set[int]) -> int:
    """Bytes in files of finished tiles' own; each goes once its chunks are in the output in the making."""
    total, finished = 0, tiles & tiles_there(folder)
    for path in listed(folder, "tile-", ".data"):
        with suppress(FileNotFoundError):  # it has just gone
            total += path.stat().st_size if tile_of(path) in finished else 0
    return total


def clear(folder: Path) -> None:
    """Empty a folder of shards: records first, so that none is without its chunks; not the owners' files."""
    for path in (*listed(folder, "tile-", ".npz"), *listed(folder, "", "")):
        if not path.name.startswith((OWNER, LOCK)):
            with suppress(OSError):  # what stays is seen by the next run
                path.unlink(missing_ok=True)


def drop_unnamed(folder: Path, tiles: Collection[int]) -> None:
    """Remove files of some tiles' own that no record names, unless their process lives, or may."""
    for path in listed(folder, "tile-", ".data"):
        if (
            tile_of(path) in tiles
            and is_of_the_dead(path)
            and path.name != heap_of(shard_path(folder, tile_of(path)))
        ):
            path.unlink(missing_ok=True)


def drop_outputs(folder: Path, *, keep: Path | None = None) -> None:
    """Remove the outputs in the making that no record names; only for who owns the whole folder.

    If a record cannot be read none is removed: it may be the one that this record names.
    """
    outputs = [path for path in listed(folder, f"{OUTPUT}.", ".data") if path != keep]
    named = set(map(heap_of, listed(folder, "tile-", ".npz"))) if outputs else set()
    for path in outputs:
        if path.name not in named:
            path.unlink(missing_ok=True)
