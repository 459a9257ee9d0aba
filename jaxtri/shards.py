"""Shards: what is kept of a tile as soon as it is computed, checked chunk by chunk before it is used.

Chunks of cells go into a heap: the finished file in the making (`output.Output`), or a file of the tile.
Once they are on disk a record, ``tile-NNNNN.npz``, says where each lies and what its checksum is; it also
holds the arrays without cells, and names plan (``key``) and tile, so that shards may travel between file
systems.  A tile whose record and chunks pass their checks is done; nothing else tells progress.
"""

import io
import json
import math
import os
import shutil
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from jaxtri.chunks import Data, packed
from jaxtri.errors import InputError, StorageError
from jaxtri.fields import CELL_FIELDS, Box, Fields, extents
from jaxtri.files import new_data, storing, sync, write_at, write_whole
from jaxtri.owner import is_of_the_dead
from jaxtri.plan import Plan

FORMAT = "jaxtri-shard"
CHECKSUM = 4  # bytes at the end of a record
Offset = tuple[int, ...]  # of a chunk in an array
Blocks = Iterator[tuple[Box, Fields]]
Pieces = Iterator[tuple[str, Offset, Data]]  # array, place and bytes of a chunk as it is stored


class Heap(Protocol):
    """A file that takes chunks, from several threads."""

    @property
    def path(self) -> Path:
        """Where it is."""

    def put(self, name: str, offset: Offset, data: Data) -> int:
        """Add a chunk of an array; return where in the file it lies."""

    def put_columns(self, box: Box, columns: Fields) -> None:
        """Add the arrays without cells of a tile, if they have a place here."""

    def sync(self) -> None:
        """Wait until everything is on disk."""


class Shard(NamedTuple):
    """A record, read."""

    path: Path
    tile: int
    device: str  # that computed it
    heap: str  # name of the file with the chunks, in the same folder
    columns: Fields
    table: Fields  # address, size and checksum of every chunk of an array, in the order of `_offsets`


class DamagedShard(StorageError):
    """A shard that does not hold what was written."""


class ForeignShard(InputError):
    """A shard of another scan, or of another tile."""


def shard_path(folder: Path, tile: int) -> Path:
    """Where the record of a tile stands."""
    return folder / f"tile-{tile:05d}.npz"


def write_shard(
    folder: Path,
    plan: Plan,
    tile: int,
    columns: Fields,
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

    Raises
    ------
    DamagedShard
        If its chunks are not what was written.
    StorageError
        If the disk is full or the folder cannot be written.
    """
    seen = os.stat(shard.path)
    with storing(shard_path(folder, shard.tile)):
        _write(folder, plan, shard.tile, shard.columns, _checked(shard, plan), into, shard.device)
        os.utime(shard_path(folder, shard.tile), ns=(seen.st_atime_ns, seen.st_mtime_ns))


def _write(
    folder: Path, plan: Plan, tile: int, columns: Fields, pieces: Pieces, heap: Heap, device: str
) -> None:
    """Chunks first, and to disk; then the record."""
    box = plan.box(tile)
    heap.put_columns(box, columns)
    found: dict[str, dict[Offset, tuple[int, int, int]]] = {name: {} for name in plan.cell_arrays}
    for name, offset, data in pieces:
        found[name][offset] = heap.put(name, offset, data), len(data), zlib.crc32(data)
    heap.sync()
    said = {"format": FORMAT, "key": plan.key, "tile": tile, "device": device, "heap": heap.path.name}
    arrays: dict[str, Any] = {"said": np.array(json.dumps(said)), **columns}
    for name, rows in found.items():
        arrays[name] = np.array([rows[offset] for offset in _offsets(plan, name, box)], dtype=np.int64)
    content = io.BytesIO()
    np.savez(content, **arrays)
    data = content.getvalue()
    write_whole(shard_path(folder, tile), data + zlib.crc32(data).to_bytes(CHECKSUM))
    sync(folder)


def _packed(plan: Plan, blocks: Blocks, report: Callable[[int, int], Any]) -> Pieces:
    """Chunks of blocks as they are stored."""
    for where, block in blocks:
        corner = tuple(first for first, _ in where)
        for name in plan.cell_arrays:
            labels = plan.label_shape(name)
            shape = (*(1 for _ in labels), *plan.chunk)
            for label in np.ndindex(*labels):
                part = block[name][label][(np.newaxis,) * len(label)]
                yield name, (*label, *corner), packed(part, shape, plan.compression)
        report(math.prod(extents(where)), sum(block[name].nbytes for name in plan.cell_arrays))


def _offsets(plan: Plan, name: str, box: Box) -> Iterator[Offset]:
    """Where the chunks of an array lie in a tile."""
    for where in plan.chunks(box):
        corner = tuple(first for first, _ in where)
        for label in np.ndindex(*plan.label_shape(name)):
            yield (*label, *corner)


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

    def put_columns(self, box: Box, columns: Fields) -> None:
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


def read_shard(folder: Path, plan: Plan, tile: int) -> Shard | None:
    """Read the record of a tile; None if there is none.

    Raises
    ------
    DamagedShard
        If it is damaged.
    ForeignShard
        If it is whole, but of another scan or tile.
    """
    path = shard_path(folder, tile)
    try:
        said, arrays = _record(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DamagedShard(f"{path}: {error.strerror or error}") from error
    if (said["format"], said["key"], said["tile"]) != (FORMAT, plan.key, tile):
        raise ForeignShard(f"{path}: belongs to another scan, other versions of jaxtri, or another tile")
    columns = {name: values for name, values in arrays.items() if name not in CELL_FIELDS}
    table = {name: values for name, values in arrays.items() if name in CELL_FIELDS}
    return Shard(path, tile, said["device"], said["heap"], columns, table)


def _record(path: Path) -> tuple[dict[str, Any], Fields]:
    """What a record says, and its arrays; an OSError if it cannot be read or is not what was written."""
    content = path.read_bytes()
    data, checksum = content[:-CHECKSUM], content[-CHECKSUM:]
    if zlib.crc32(data).to_bytes(CHECKSUM) != checksum:
        raise StorageError("it has another checksum")
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        arrays = dict(file)
    return json.loads(str(arrays.pop("said"))), arrays


def _checked(shard: Shard, plan: Plan) -> Pieces:
    """Chunks of a shard in the order in which they lie, each after it was checked."""
    box = plan.box(shard.tile)
    rows = [
        (row.tolist(), name, offset)
        for name, table in shard.table.items()
        for offset, row in zip(_offsets(plan, name, box), table, strict=True)
    ]
    try:
        with (shard.path.parent / shard.heap).open("rb", buffering=0) as heap:
            for (address, size, checksum), name, offset in sorted(rows):
                data = os.pread(heap.fileno(), size, address)
                if zlib.crc32(data) != checksum:
                    raise DamagedShard(f"{shard.path}: a chunk of {name} has another checksum")
                yield name, offset, data
    except OSError as error:
        if isinstance(error, DamagedShard):
            raise
        raise DamagedShard(f"{shard.path}: {shard.heap}: {error.strerror}") from error


def _put_aside(record: Path) -> None:
    try:
        os.replace(record, record.with_suffix(".bad"))
    except OSError as error:
        raise StorageError(
            f"{record}: damaged, and cannot be renamed ({error.strerror}); remove it"
        ) from error


def sound_shard(
    folder: Path, plan: Plan, tile: int, use: Callable[[Shard], Any], *, own: bool = True
) -> Shard | None:
    """Read a shard and use it; None if it is not there, or not sound and therefore put aside.

    Raises
    ------
    ForeignShard
        If it is of another scan, and the folder is not this scan's ``own``.
    """
    try:
        shard = read_shard(folder, plan, tile)
        if shard is not None:
            use(shard)
    except (DamagedShard, ForeignShard) as error:
        if isinstance(error, ForeignShard) and not own:
            raise
        _put_aside(shard_path(folder, tile))
        return None
    return shard


def finished_tiles(folder: Path, plan: Plan) -> set[int]:
    """Return the tiles whose shard is there and whole; records of damaged ones are put aside as ``.bad``."""

    def read(shard: Shard) -> None:
        for _ in _checked(shard, plan):
            pass

    return {tile for tile in range(plan.count) if sound_shard(folder, plan, tile, read) is not None}


def clear(folder: Path) -> None:
    """Remove a folder of shards: records first, so that none is without its chunks."""
    for path in folder.glob("tile-*.npz"):
        path.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def drop_unnamed(folder: Path, *, keep: Path | None = None) -> None:
    """Remove the files of bytes of dead processes of this host, and of this one, that no record names."""
    heaps = [path for path in folder.glob("*.data") if path != keep and is_of_the_dead(path)]
    named = {_heap_of(path) for path in folder.glob("tile-*.npz")} if heaps else set()
    for path in heaps:
        if path.name not in named:
            path.unlink(missing_ok=True)


def _heap_of(record: Path) -> str:
    """Name of the file that a record points to; empty if it cannot be read."""
    try:
        return str(_record(record)[0]["heap"])
    except OSError:
        return ""
