"""The finished file in the making: a chunk is written once, where it stays.

Until it is finished it has another name, in the folder of the shards, and HDF5 keeps in memory what would
make it readable; should the process die, the records of the shards (`shards`) say where the chunks lie.
"""

import io
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from jaxtri.durable.storage.atomic_files import new_data, publish, storing, write_at
from jaxtri.durable.storage.chunk_bytes import Data
from jaxtri.durable.storage.tile_records import Offset, Shard, by_heap, sound_shard, tiles_there
from jaxtri.durable.storage.tile_writer import OUTPUT, copy_shard, drop_outputs
from jaxtri.durable.storage.tiling import Box, NamedArrays, Plan, inside
from jaxtri.errors import StorageError

WriteHead = Callable[[Any, Plan], None]  # scales and empty arrays into a new HDF5 file
WriteTail = Callable[[Any, Mapping[str, str]], None]  # the rest, with the versions of what computed it
LIBRARY = ("v110", "v110")  # readable by HDF5 1.10 and netCDF 4.9


class _Disk(io.RawIOBase):
    """A file as HDF5 sees it: it places chunks, which are written here, and writes what surrounds them.

    A write that fails is kept for `check`, and HDF5 is not told: told that its metadata cannot be written,
    HDF5 2.0 ends the process with a segmentation fault, at once or when it exits.
    """

    def __init__(self, raw: io.FileIO) -> None:
        super().__init__()
        self.path = Path(raw.name)
        self._raw = raw
        self._chunk = 0  # where in memory the chunk is that HDF5 places
        self._address = -1  # and where in the file it shall be
        self._error: OSError | None = None

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a place, perhaps past the end."""
        return self._raw.seek(offset, whence)

    def readinto(self, buffer: Any) -> int:
        """Read; what is not there, since it could not be written, is zero."""
        count = self._raw.readinto(buffer) or 0
        buffer[count:] = bytes(len(buffer) - count)
        return len(buffer)

    def write(self, data: Any) -> int:
        """Write all, or nothing more once something failed; a chunk is only given its place."""
        address = self._raw.tell()
        if _place_of(data) == self._chunk:
            self._address = address
        else:
            self._try(write_at, self._raw, address, data)
        self._raw.seek(address + len(data))
        return len(data)

    def truncate(self, size: int | None = None) -> int:
        """Cut, or lengthen."""
        self._try(self._raw.truncate, size)
        return size or 0

    def _try(self, do: Callable[..., Any], *given: Any) -> None:
        try:
            if self._error is None:
                do(*given)
        except OSError as error:
            self._error = error

    def flush(self) -> None:
        """Nothing is held back."""

    def check(self) -> None:
        """Raise if something could not be written."""
        if self._error is not None:
            raise self._error

    def placed(self, array: Any, offset: Offset, data: Data) -> int:
        """Where HDF5 puts a chunk; it does not look there until it closes the file."""
        self._chunk, self._address = _place_of(data), -1
        try:
            array.id.write_direct_chunk(offset, data)
        finally:
            self._chunk = 0  # this memory may be anybody's soon
        self.check()
        if self._address < 0:
            raise StorageError("this version of HDF5 does not write a chunk as it is given")
        return self._address

    def put(self, address: int, data: Data) -> None:
        """Write a chunk."""
        write_at(self._raw, address, data)

    def sync(self) -> None:
        """Wait until what was written is on disk."""
        os.fsync(self._raw.fileno())


def _place_of(data: Any) -> int:
    """Where in memory some bytes are."""
    return int(np.frombuffer(data, dtype=np.uint8).ctypes.data)


class Output:
    """A finished file in the making, from `output_in`; a `shards.Heap`."""

    def __init__(self, disk: _Disk, file: h5py.File, plan: Plan, write_head: WriteHead) -> None:
        self.path = disk.path
        self._disk, self._file, self._plan = disk, file, plan
        self._lock = threading.Lock()  # HDF5 places one chunk at a time
        self._devices: dict[int, str] = {}  # by tile
        write_head(file, plan)
        self._arrays = {name: file[name] for name in plan.arrays}
        disk.check()

    def put(self, name: str, offset: Offset, data: Data) -> int:
        """Write a chunk to where it stays."""
        with self._lock:
            address = self._disk.placed(self._arrays[name], offset, data)
        self._disk.put(address, data)  # threads beside each other
        return address

    def put_columns(self, box: Box, columns: NamedArrays) -> None:
        """Write what every tile along g_X has, with the first of them."""
        if box[-1][0] == 0:
            for name, values in columns.items():
                self._arrays[name][inside(box[:-1])] = values
            self._disk.check()

    def sync(self) -> None:
        """Wait until what was written is on disk."""
        self._disk.sync()

    def take(self, folders: list[Path]) -> set[int]:
        """Take over the shards in some folders, unless they lie here; return the tiles that are here.

        The first folder is this file's own: damaged shards in it are put aside, and outputs of earlier runs
        go one after another, those of few tiles first, so that runs that are stopped here do not pile up.
        """
        wanted, own = set(range(self._plan.count)), folders[0]
        for folder in folders:
            for heap, tiles in by_heap(folder, (wanted & tiles_there(folder)) - self._devices.keys()):
                for tile in tiles:
                    shard = sound_shard(folder, self._plan, tile, self._copy, own=folder == own)
                    if shard is not None:
                        self._devices[tile] = shard.device
                if folder == own and heap.startswith(f"{OUTPUT}."):
                    drop_outputs(own, keep=self.path)
        drop_outputs(own, keep=self.path)
        return set(self._devices)

    def _copy(self, shard: Shard) -> None:
        if shard.path.parent / shard.heap != self.path:
            copy_shard(shard, self.path.parent, self._plan, self)

    def finish(
        self, path: Path, write_tail: WriteTail, versions: Mapping[str, str], *, replace: bool
    ) -> None:
        """Write the rest, and give the file its name.

        Parameters
        ----------
        path
            The file's own name.
        write_tail
            Writes the rest into the HDF5 file.
        versions
            Of what computed it; the devices of its tiles are added.
        replace
            Whether a file of that name is replaced.

        Raises
        ------
        StorageError
            If that cannot be done, or the name is taken and ``replace`` is false.
        """
        devices = sorted(set(filter(None, self._devices.values())))
        with storing(path):
            write_tail(self._file, {**versions, **({"device": ", ".join(devices)} if devices else {})})
            self._file.close()
            self._disk.check()
            self._disk.sync()
        publish(self.path, path, replace=replace)


@contextmanager
def output_in(folder: Path, plan: Plan, write_head: WriteHead) -> Iterator[Output]:
    """Begin a finished file in the folder of its shards; one that comes to nothing goes.

    Raises
    ------
    StorageError
        If the disk is full or the folder cannot be written.
    """
    try:
        with storing(folder):
            raw = new_data(folder, OUTPUT)
        with raw:
            disk = _Disk(raw)
            with storing(folder):
                file = h5py.File(disk, "w", libver=LIBRARY)
            try:
                with storing(folder):
                    output = Output(disk, file, plan, write_head)
                yield output
            finally:
                with storing(folder):
                    file.close()
    except BaseException:
        with suppress(StorageError):  # the first error is the one to tell
            drop_outputs(folder)
        raise
