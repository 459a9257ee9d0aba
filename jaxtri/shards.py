"""Shards: one HDF5 file a tile, written whole, checked chunk by chunk, joined by copying chunks as they are.

A shard holds the arrays of its tile under their names, and on each array the sum of the checksums of its
chunks; the file says which plan (``key``) and which ``tile`` it belongs to, so that shards may travel
between file systems.  A shard that is there and passes its checks is done; nothing else records progress.
"""

import dataclasses
import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

from jaxtri.chunks import checksum, packed
from jaxtri.curves import Boundaries
from jaxtri.errors import InputError, StorageError
from jaxtri.fields import CELL_FIELDS, Box, Fields, Header, dtype_of, extents, inside
from jaxtri.layout import check_written, create_array, stored_as, whole_file, write_header
from jaxtri.plan import Plan
from jaxtri.ragged import write_boundaries

FORMAT = "jaxtri-shard"
MODULUS = 1 << 63
Blocks = Iterator[tuple[Box, Fields]]


class Piece(NamedTuple):
    """A stored chunk of an array with its place in the tile, or a whole array that has no chunks."""

    name: str
    offset: tuple[int, ...]
    data: Any
    mask: int  # filters that HDF5 shall skip


class DamagedShard(StorageError):
    """A shard that does not hold what was written; it was put aside and its tile is to be computed again."""


class ForeignShard(InputError):
    """A shard of another scan, or of another tile."""


def shard_path(folder: Path, tile: int) -> Path:
    """Where the shard of a tile stands."""
    return folder / f"tile-{tile:05d}.h5"


def write_shard(
    folder: Path,
    plan: Plan,
    tile: int,
    columns: Fields,
    blocks: Blocks,
    *,
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
    device
        What computed it.
    report
        Called with the cells and bytes of every block.

    Raises
    ------
    StorageError
        If the disk is full or the folder cannot be written.
    """
    box = plan.box(tile)
    with whole_file(shard_path(folder, tile), replace=True) as file:
        said = {"format": FORMAT, "key": plan.key, "tile": tile, "box": np.array(box), "device": device}
        file.attrs.update(said)
        datasets = {name: _create(file, name, plan, box) for name in plan.arrays}
        sums = dict.fromkeys(plan.arrays, 0)
        for name in columns.keys() & datasets.keys():
            datasets[name][...] = columns[name]
            sums[name] = checksum((), datasets[name][...].tobytes())
        for where, block in blocks:
            size = 0
            for name in datasets.keys() & block.keys():
                for offset, data in _stored(plan, name, box, where, block[name]):
                    datasets[name].id.write_direct_chunk(offset, data)
                    sums[name] = (sums[name] + checksum(offset, data)) % MODULUS
                size += block[name].nbytes
            check_written(file)
            report(math.prod(extents(where)), size)
        for name, value in sums.items():
            datasets[name].attrs["checksum"] = np.uint64(value)


def _create(file: h5py.File, name: str, plan: Plan, box: Box) -> Any:
    """One array of a tile; without cells it has no chunks."""
    chunk, dtype = plan.array_chunk(name), dtype_of(name, plan.precision)
    shape = (*plan.label_shape(name), *extents(box if chunk else box[:-1]))
    options = stored_as(chunk, dtype, plan.compression)
    if chunk:
        options["maxshape"] = (None,) * len(shape)  # the last chunk of an axis sticks out
    return file.create_dataset(name, shape=shape, dtype=dtype, **options)


def _stored(
    plan: Plan, name: str, tile: Box, where: Box, values: np.ndarray[Any, Any]
) -> Iterator[tuple[tuple[int, ...], bytes]]:
    """Chunks of a block as they are stored, each with its offset in the tile."""
    start = tuple(first - corner for (first, _), (corner, _) in zip(where, tile, strict=True))
    labels = plan.label_shape(name)
    shape = (*(1 for _ in labels), *plan.chunk)
    for label in np.ndindex(*labels):
        part = values[label][(np.newaxis,) * len(label)]
        yield (*label, *start), packed(part, shape, plan.compression)


def finished_tiles(folder: Path, plan: Plan) -> set[int]:
    """Return the tiles whose shard is there and whole; damaged ones are put aside as ``.bad``."""
    found = set()
    for tile in range(plan.count):
        path = shard_path(folder, tile)
        if path.exists():
            try:
                for _ in _pieces(path, plan, tile):
                    pass
            except DamagedShard:
                continue
            except ForeignShard:
                _put_aside(path)
                continue
            found.add(tile)
    return found


def _pieces(path: Path, plan: Plan, tile: int) -> Iterator[Piece]:
    """Read a shard piece by piece, and check in the end that what was read is what was written.

    Raises
    ------
    DamagedShard
        If it is not; the shard has been renamed.
    ForeignShard
        If it is whole, but of another scan or tile; it is left as it is.
    """
    try:
        with h5py.File(path, "r", locking=False) as file:
            if (file.attrs["format"], file.attrs["key"], int(file.attrs["tile"])) != (FORMAT, plan.key, tile):
                raise ForeignShard(
                    f"{path}: belongs to another scan, other versions of jaxtri, or another tile"
                )
            for name in plan.arrays:
                yield from _pieces_of(file, name, plan, plan.box(tile))
    except (OSError, KeyError, ValueError, RuntimeError, TypeError) as error:
        if isinstance(error, ForeignShard):
            raise
        _put_aside(path)
        raise DamagedShard(f"{path}: damaged ({str(error)[:80]}); put aside as .bad") from error


def _put_aside(path: Path) -> None:
    try:
        os.replace(path, path.with_suffix(".bad"))
    except OSError as error:
        raise StorageError(f"{path}: damaged, and cannot be renamed ({error.strerror}); remove it") from error


def _pieces_of(file: h5py.File, name: str, plan: Plan, box: Box) -> Iterator[Piece]:
    if not isinstance(file.get(name, getlink=True), h5py.HardLink):
        raise DamagedShard(f"{name} is a link to elsewhere")
    dataset = file[name]
    chunk = plan.array_chunk(name)
    expected = (*plan.label_shape(name), *extents(box if chunk else box[:-1]))
    if dataset.is_virtual or dataset.external or dataset.shape != expected or dataset.chunks != chunk:
        raise DamagedShard(f"{name} has another layout")
    found = 0
    if chunk is None:
        values = dataset[...]
        found = checksum((), values.tobytes())
        yield Piece(name, (), values, 0)
    else:
        for offset in _offsets(expected, chunk):
            mask, data = dataset.id.read_direct_chunk(offset)
            found = (found + checksum(offset, data)) % MODULUS
            yield Piece(name, offset, data, mask)
    if found != int(dataset.attrs["checksum"]):
        raise DamagedShard(f"{name} has another checksum")


def _offsets(shape: tuple[int, ...], chunk: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    pieces = [-(-whole // part) for whole, part in zip(shape, chunk, strict=True)]
    for position in np.ndindex(*pieces):
        yield tuple(int(i) * part for i, part in zip(position, chunk, strict=True))


def join_shards(
    path: Path,
    plan: Plan,
    header: Header,
    shards: dict[int, Path],
    *,
    boundaries: Boundaries | None = None,
    replace: bool = False,
) -> None:
    """Make the finished file of the shards of every tile; it appears as a whole.

    Parameters
    ----------
    path
        The finished file.
    plan, header
        What is in it.
    shards
        Shard by tile.
    boundaries
        Exclusion curves.
    replace
        Whether an existing file may be replaced.

    Raises
    ------
    DamagedShard
        If a shard fails its checks; it has been put aside.
    StorageError
        If the file cannot be written; nothing is left behind.
    """
    devices = {name for shard in shards.values() if (name := _device(shard))}
    versions = dict(header.versions) | ({"device": ", ".join(sorted(devices))} if devices else {})
    with whole_file(path, replace=replace) as file:
        write_header(file, dataclasses.replace(header, versions=versions))
        if boundaries is not None:
            write_boundaries(file.create_group("boundaries", track_order=True), boundaries)
        datasets = {name: create_array(file, name, plan) for name in plan.arrays}
        for tile, shard in shards.items():
            for piece in _pieces(shard, plan, tile):
                _place(datasets[piece.name], plan, plan.box(tile), piece)
                check_written(file)


def _device(path: Path) -> str:
    """What computed a shard; empty where that cannot be read."""
    try:
        with h5py.File(path, "r", locking=False) as file:
            return str(file.attrs.get("device", ""))
    except OSError:  # found out when its arrays are read
        return ""


def _place(dataset: Any, plan: Plan, box: Box, piece: Piece) -> None:
    """Put a piece of a shard where it belongs in the finished file."""
    labels = plan.label_shape(piece.name)
    if piece.name in CELL_FIELDS:
        corner = (*(0 for _ in labels), *(first for first, _ in box))
        place = tuple(int(i) + start for i, start in zip(piece.offset, corner, strict=True))
        dataset.id.write_direct_chunk(place, piece.data, piece.mask)
    elif box[-1][0] == 0:  # every tile along g_X has the same columns
        dataset[inside(box[:-1])] = piece.data
