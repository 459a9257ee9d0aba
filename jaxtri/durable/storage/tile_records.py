"""Records: what says of a tile that it is done, read and checked before it is believed.

Once the chunks of a tile are on disk (`shards`) its record, ``tile-NNNNN.npz``, says where each lies and what
its checksum is; it also holds the arrays without cells, and names plan (``key``) and tile, so that it may
travel, with its chunks, between file systems.  A tile whose record and chunks pass their checks is done;
nothing else tells progress.
"""

import io
import json
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jaxtri.durable.storage.atomic_files import sync, write_whole
from jaxtri.durable.storage.chunk_bytes import Data, is_sound
from jaxtri.durable.storage.tiling import Box, NamedArrays, Plan
from jaxtri.errors import InputError, StorageError

FORMAT = "jaxtri-shard"
CHECKSUM = 4  # bytes at the end of a record
Offset = tuple[int, ...]  # of a chunk in an array
Row = tuple[int, int, int]  # of the table of chunks: address, size, checksum
Pieces = Iterator[tuple[str, Offset, Data]]  # array, place and bytes of a chunk as it is stored


class Shard(NamedTuple):
    """A record, read."""

    path: Path
    tile: int
    device: str  # that computed it
    heap: str  # name of the file with the chunks, in the same folder
    columns: NamedArrays
    table: NamedArrays  # address, size and checksum of every chunk of an array, in the order of `_offsets`


class DamagedShard(StorageError):
    """A shard that does not hold what was written."""


class ForeignShard(InputError):
    """A shard of another scan, or of another tile."""


def shard_path(folder: Path, tile: int) -> Path:
    """Where the record of a tile stands."""
    return folder / f"tile-{tile:05d}.npz"


def tiles_there(folder: Path) -> set[int]:
    """Return the tiles that have a record in a folder, which may not be there; nothing is checked."""
    return set(map(tile_of, listed(folder, "tile-", ".npz")))


def listed(folder: Path, start: str, end: str) -> list[Path]:
    """Return the files of a folder whose names start and end so; none if there is no folder.

    Raises
    ------
    StorageError
        If it cannot be listed: `Path.glob` would say that there are none.
    """
    try:
        with _reading(folder):
            names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [folder / name for name in sorted(names) if name.startswith(start) and name.endswith(end)]


def tile_of(path: Path) -> int:
    """Number of the tile that a file belongs to; -1 if it is none of ours."""
    number = path.name.partition(".")[0].removeprefix("tile-")
    return int(number) if number.isdecimal() else -1


def write_record(
    folder: Path,
    plan: Plan,
    tile: int,
    columns: NamedArrays,
    chunks: Mapping[str, Mapping[Offset, Row]],
    *,
    heap: str,
    device: str,
) -> None:
    """Say that a tile is done, whose chunks are on disk."""
    said = {"format": FORMAT, "key": plan.key, "tile": tile, "device": device, "heap": heap}
    arrays: dict[str, Any] = {"said": np.array(json.dumps(said)), **columns}
    for name, rows in chunks.items():
        order = _offsets(plan, name, plan.box(tile))
        arrays[name] = np.array([rows[offset] for offset in order], dtype=np.int64)
    content = io.BytesIO()
    np.savez(content, **arrays)
    data = content.getvalue()
    write_whole(shard_path(folder, tile), data + zlib.crc32(data).to_bytes(CHECKSUM))
    sync(folder)


def _offsets(plan: Plan, name: str, box: Box) -> Iterator[Offset]:
    """Where the chunks of an array lie in a tile."""
    for where in plan.chunks(box):
        corner = tuple(first for first, _ in where)
        for label in np.ndindex(*plan.arrays[name].labels):
            yield (*label, *corner)


def read_shard(folder: Path, plan: Plan, tile: int) -> Shard | None:
    """Read the record of a tile; None if there is none.

    Raises
    ------
    DamagedShard
        If it is damaged.
    ForeignShard
        If it is whole, but of another scan or tile.
    StorageError
        If it cannot be read, perhaps only now.
    """
    path = shard_path(folder, tile)
    try:
        said, arrays = _record(path)
    except FileNotFoundError:
        return None
    if (said["format"], said["key"], said["tile"]) != (FORMAT, plan.key, tile):
        raise ForeignShard(f"{path}: belongs to another scan, other versions of jaxtri, or another tile")
    cells = set(plan.cell_arrays)
    columns = {name: values for name, values in arrays.items() if name not in cells}
    table = {name: values for name, values in arrays.items() if name in cells}
    return Shard(path, tile, said["device"], said["heap"], columns, table)


def _record(path: Path) -> tuple[dict[str, Any], NamedArrays]:
    """What a record says, and its arrays."""
    with _reading(path):
        content = path.read_bytes()
    data, checksum = content[:-CHECKSUM], content[-CHECKSUM:]
    if not data or zlib.crc32(data).to_bytes(CHECKSUM) != checksum:
        raise DamagedShard(f"{path}: it has another checksum")
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        arrays = dict(file)
    return json.loads(str(arrays.pop("said"))), arrays


def checked(shard: Shard, plan: Plan) -> Pieces:
    """Chunks of a shard in the order in which they lie, each after it was checked."""
    box = plan.box(shard.tile)
    rows = [
        (row.tolist(), name, offset)
        for name, table in shard.table.items()
        for offset, row in zip(_offsets(plan, name, box), table, strict=True)
    ]
    path = shard.path.parent / shard.heap
    try:
        with _reading(path):
            raw = path.open("rb", buffering=0)
    except FileNotFoundError as error:
        raise DamagedShard(f"{shard.path}: {shard.heap} is gone") from error
    with raw as heap:
        for (address, size, remembered), name, offset in sorted(rows):
            with _reading(path):
                data = os.pread(heap.fileno(), size, address)
            if not is_sound(data, size, remembered, plan.compression):
                raise DamagedShard(f"{shard.path}: a chunk of {name} has another checksum")
            yield name, offset, data


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Tell a file that cannot be read, perhaps only now, from one that is damaged, or gone."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        raise StorageError(
            f"{path}: cannot be read ({error.strerror}); what it holds is kept for the next run; "
            "if it can never be read again, remove it"
        ) from error


def _put_aside(record: Path) -> None:
    try:
        os.replace(record, record.with_suffix(".bad"))
    except FileNotFoundError:
        pass  # an executor in another process was faster
    except OSError as error:
        raise StorageError(
            f"{record}: damaged, and cannot be renamed ({error.strerror}); remove it"
        ) from error


def sound_shard(
    folder: Path, plan: Plan, tile: int, use: Callable[[Shard], Any], *, own: bool = True
) -> Shard | None:
    """Read a shard and use it; None if it is not there, or not sound.

    In a folder that is the scan's ``own`` it is then put aside; others are left as they are.

    Raises
    ------
    ForeignShard
        If it is of another scan, and the folder is not this scan's own.
    """
    try:
        shard = read_shard(folder, plan, tile)
        if shard is not None:
            use(shard)
    except (DamagedShard, ForeignShard) as error:
        if own:
            _put_aside(shard_path(folder, tile))
        elif isinstance(error, ForeignShard):
            raise
        return None
    return shard


def finished_tiles(folder: Path, plan: Plan, tiles: Iterable[int]) -> set[int]:
    """Return which of some tiles are there and whole; records of damaged ones are put aside as ``.bad``."""

    def read(shard: Shard) -> None:
        for _ in checked(shard, plan):
            pass

    return {tile for tile in tiles if sound_shard(folder, plan, tile, read) is not None}


def by_heap(folder: Path, tiles: Iterable[int]) -> list[tuple[str, list[int]]]:
    """Return some tiles of a folder by the file that holds their chunks, the file of fewest tiles first."""
    found: dict[str, list[int]] = {}
    for tile in sorted(tiles):
        found.setdefault(heap_of(shard_path(folder, tile)), []).append(tile)
    return sorted(found.items(), key=lambda one: len(one[1]))


def heap_of(record: Path) -> str:
    """Name of the file that a record points to; empty if there is no record, or a damaged one."""
    try:
        return str(_record(record)[0]["heap"])
    except (FileNotFoundError, DamagedShard):
        return ""
