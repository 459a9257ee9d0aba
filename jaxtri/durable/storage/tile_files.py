"""Tile files: one file for each finished tile, complete or absent, and never changed.

A tile file holds the chunks of its tile, one after another, as HDF5 stores them; then the record; then size
and checksum of the record.  The record says which tile of which plan (``key``) this is, so that the file may
travel between file systems.  It holds the arrays without cells, and where each chunk lies and what its
checksum is.  A tile whose file passes these checks is finished; nothing else tells progress.
"""

import json
import math
import os
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jaxtri.durable.storage.atomic_files import listed, new_file, reading, storing, write_at
from jaxtri.durable.storage.chunk_bytes import Data, checksum, is_sound, packed
from jaxtri.durable.storage.lock import WHOLE
from jaxtri.durable.storage.tiling import Box, NamedArrays, Plan, extents
from jaxtri.errors import InputError, StorageError

FORMAT = "jaxtri-tile"
END = struct.Struct("<QI")  # the last bytes of a file: size and CRC of the record
Blocks = Iterator[tuple[Box, NamedArrays]]
Offset = tuple[int, ...]  # of a chunk in an array
ChunkStream = Iterator[tuple[str, Offset, Data]]  # array, place and bytes of a chunk as it is stored


class ChunkEntry(NamedTuple):
    """Where a chunk lies in its file, and what is remembered of it."""

    address: int
    size: int
    checksum: int


class TileFile(NamedTuple):
    """A tile file, its record read."""

    path: Path
    tile: int
    device: str  # that computed it
    columns: NamedArrays
    tables: NamedArrays  # a `ChunkEntry` of every chunk of an array, in the order of `_offsets`


class DamagedTile(StorageError):
    """A tile file that does not hold what was written."""


class ForeignTile(InputError):
    """A tile file of another scan, or of another tile."""


def tile_path(folder: Path, tile: int) -> Path:
    """Where the file of a tile stands."""
    return folder / f"tile-{tile:05d}.tile"


def tiles_there(folder: Path) -> set[int]:
    """Return the tiles that have a file in a folder, which may be missing; nothing is checked."""
    numbers = [path.stem.removeprefix("tile-") for path in listed(folder, "tile-", ".tile")]
    return {int(number) for number in numbers if number.isdecimal()}


def write_tile(
    folder: Path,
    plan: Plan,
    tile: int,
    columns: NamedArrays,
    blocks: Blocks,
    *,
    device: str = "",
    report: Callable[[int, int], Any] = lambda cells, size: None,
) -> None:
    """Compute and write one tile; afterwards its file is complete, or absent.

    Parameters
    ----------
    folder
        Folder of the tile files.
    plan, tile
        The plan, and which of its tiles this is.
    columns
        Arrays without the coupling axis.
    blocks
        Chunk by chunk the cells, each with its place in the scan.
    device
        What computed it.
    report
        Called with the cells and bytes of every block.

    Raises
    ------
    StorageError
        If the disk is full or the folder cannot be written.
    """
    path = tile_path(folder, tile)
    with storing(path), new_file(path) as raw:
        end, entries = 0, dict[tuple[str, Offset], ChunkEntry]()
        for name, offset, data in _packed(plan, blocks, report):
            write_at(raw, end, data)
            entries[name, offset] = ChunkEntry(end, len(data), checksum(data, plan.compression))
            end += len(data)
        tables = {
            name: np.array([entries[name, offset] for offset in _offsets(plan, name, plan.box(tile))])
            for name in plan.cell_arrays
        }
        said = {"format": FORMAT, "key": plan.key, "tile": tile, "device": device}
        record = _record(said, {**columns, **tables})
        write_at(raw, end, record + END.pack(len(record), zlib.crc32(record)))


def _packed(plan: Plan, blocks: Blocks, report: Callable[[int, int], Any]) -> ChunkStream:
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


def _offsets(plan: Plan, name: str, box: Box) -> Iterator[Offset]:
    """Where the chunks of an array lie in a tile."""
    for where in plan.chunks(box):
        corner = tuple(first for first, _ in where)
        for label in np.ndindex(*plan.arrays[name].labels):
            yield (*label, *corner)


def _record(said: dict[str, Any], arrays: NamedArrays) -> bytes:
    """A line of JSON, with type and shape of each array; then the arrays."""
    shapes = {name: (values.dtype.str, values.shape) for name, values in arrays.items()}
    head = json.dumps({**said, "arrays": shapes}).encode()
    return b"\n".join([head, b"".join(values.tobytes() for values in arrays.values())])


def _arrays(shapes: dict[str, Any], data: bytes) -> NamedArrays:
    """Back from the second part of a record."""
    arrays, place = {}, 0
    for name, (dtype, shape) in shapes.items():
        arrays[name] = np.ndarray(tuple(shape), np.dtype(dtype), data, place)
        place += arrays[name].nbytes
    return arrays


def read_tile(folder: Path, plan: Plan, tile: int) -> TileFile:
    """Read the record of a tile file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    DamagedTile
        If it is damaged.
    ForeignTile
        If it is sound, but of another scan or tile.
    StorageError
        If it cannot be read, perhaps only now.
    """
    path = tile_path(folder, tile)
    with reading(path), path.open("rb", buffering=0) as raw:
        size = os.fstat(raw.fileno()).st_size
        end = os.pread(raw.fileno(), END.size, max(0, size - END.size))
        length, known = END.unpack(end) if len(end) == END.size else (size, 0)
        record = os.pread(raw.fileno(), length, max(0, size - END.size - length)) if length < size else b""
    if not record or zlib.crc32(record) != known:
        raise DamagedTile(f"{path}: it has another checksum")
    head, _, data = record.partition(b"\n")
    said = json.loads(head)
    if (said["format"], said["key"], said["tile"]) != (FORMAT, plan.key, tile):
        raise ForeignTile(f"{path}: belongs to another scan, other versions of jaxtri, or another tile")
    arrays = _arrays(said["arrays"], data)
    tables = {name: arrays.pop(name) for name in plan.cell_arrays}
    return TileFile(path, tile, said["device"], arrays, tables)


def checked(file: TileFile, plan: Plan) -> ChunkStream:
    """Chunks of a tile file in the order in which they lie, each after it was checked."""
    box = plan.box(file.tile)
    found = [
        (ChunkEntry(*entry), name, offset)
        for name, table in file.tables.items()
        for offset, entry in zip(_offsets(plan, name, box), table.tolist(), strict=True)
    ]
    with reading(file.path):
        raw = file.path.open("rb", buffering=0)
    with raw:
        for entry, name, offset in sorted(found):
            with reading(file.path):
                data = os.pread(raw.fileno(), entry.size, entry.address)
            if not is_sound(data, entry.size, entry.checksum, plan.compression):
                raise DamagedTile(f"{file.path}: a chunk of {name} has another checksum")
            yield name, offset, data


def sound_tile(
    folder: Path, plan: Plan, tile: int, use: Callable[[TileFile], Any], *, own: bool = True
) -> TileFile | None:
    """Read a tile file and use it; None if it is missing, or not sound.

    In a folder that is the scan's ``own`` it is then put aside; others are left as they are.

    Raises
    ------
    ForeignTile
        If it is of another scan, and the folder is not this scan's own.
    """
    try:
        file = read_tile(folder, plan, tile)
        use(file)
    except FileNotFoundError:
        return None
    except (DamagedTile, ForeignTile) as error:
        if own:
            _put_aside(tile_path(folder, tile))
        elif isinstance(error, ForeignTile):
            raise
        return None
    return file


def _put_aside(path: Path) -> None:
    try:
        os.replace(path, path.with_suffix(".bad"))
    except FileNotFoundError:
        pass  # an executor in another process was faster
    except OSError as error:
        raise StorageError(f"{path}: damaged, and cannot be renamed ({error.strerror}); remove it") from error


def finished_tiles(folder: Path, plan: Plan, tiles: Iterable[int]) -> set[int]:
    """Return which of some tiles have a sound file; damaged ones are put aside as ``.bad``."""

    def read(file: TileFile) -> None:
        for _ in checked(file, plan):
            pass

    return {tile for tile in tiles if sound_tile(folder, plan, tile, read) is not None}


def clear(folder: Path) -> None:
    """Empty a folder of tile files, these first; not the owners' files."""
    for path in sorted(listed(folder), key=lambda path: path.suffix != ".tile"):
        if not path.name.startswith(WHOLE):
            with suppress(OSError):  # what stays is seen by the next run
                path.unlink(missing_ok=True)
