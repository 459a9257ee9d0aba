"""The output: chunks of all tiles, copied as they are stored into one HDF5 file.

Until it is complete the file has another name beside its own, and is of no use: if the process dies the next
one begins it again, from the tile files.
"""

import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

from jaxtri.durable.storage.atomic_files import new_file, storing, write_at
from jaxtri.durable.storage.tile_files import TileFile, checked, sound_tile
from jaxtri.durable.storage.tiling import Plan, inside

WriteHead = Callable[[Any, Plan], None]  # scales and empty arrays into a new HDF5 file
WriteTail = Callable[[Any, Mapping[str, str]], None]  # the rest, with the versions of what computed it
LIBRARY = ("v110", "v110")  # readable by HDF5 1.10 and netCDF 4.9


class _Disk(io.RawIOBase):
    """A file as HDF5 sees it.

    A write that fails, or that a signal ends, is kept for `check`, and HDF5 is not told: told that something
    cannot be written, HDF5 2.0 ends the process with a segmentation fault, at once or when it exits.
    """

    def __init__(self, raw: io.FileIO, path: Path) -> None:
        super().__init__()
        self._raw, self._path = raw, path
        self._error: BaseException | None = None

    @property
    def inode(self) -> int:
        """Number of the file in its file system, whatever its name."""
        return os.fstat(self._raw.fileno()).st_ino

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a place, perhaps past the end."""
        return self._raw.seek(offset, whence)

    def readinto(self, buffer: Any) -> int:
        """Read; what is missing, since it could not be written, is zero."""
        count = self._raw.readinto(buffer) or 0
        buffer[count:] = bytes(len(buffer) - count)
        return len(buffer)

    def write(self, data: Any) -> int:
        """Write all, or nothing more once something failed."""
        address = self._raw.tell()
        self._try(write_at, self._raw, address, data)
        self._raw.seek(address + len(data))
        return len(data)

    def truncate(self, size: int | None = None) -> int:
        """Cut, or lengthen."""
        self._try(self._raw.truncate, size)
        return size or 0

    def flush(self) -> None:
        """Nothing is held back."""

    def _try(self, do: Callable[..., Any], *given: Any) -> None:
        try:
            if self._error is None:
                do(*given)
        except BaseException as error:  # noqa: BLE001  # raised again, where HDF5 is not asked to write
            self._error = error

    def check(self) -> None:
        """Raise a `StorageError` if something could not be written, or what interrupted it."""
        if self._error is not None:
            with storing(self._path):
                raise self._error


class Output:
    """An output that is being assembled, from `new_output`."""

    def __init__(self, disk: _Disk, file: h5py.File, plan: Plan) -> None:
        self.inode = disk.inode
        self._disk, self._plan = disk, plan
        self._arrays = {name: file[name] for name in plan.arrays}
        self._devices: dict[int, str] = {}  # by tile

    @property
    def missing(self) -> list[int]:
        """Tiles that are not copied yet."""
        return [tile for tile in range(self._plan.count) if tile not in self._devices]

    @property
    def devices(self) -> list[str]:
        """What computed the tiles."""
        return sorted(set(filter(None, self._devices.values())))

    def take(self, folder: Path, tiles: Iterable[int], *, own: bool = True) -> None:
        """Copy those of some tiles that have a sound file in a folder.

        Damaged files are put aside where the folder is the scan's ``own``.

        Raises
        ------
        ForeignTile
            If one is of another scan, and the folder is not the scan's own.
        StorageError
            If one cannot be read, or the output cannot be written.
        """
        for tile in sorted(tiles):
            file = sound_tile(folder, self._plan, tile, self._copy, own=own)
            if file is not None:
                self._devices[tile] = file.device

    def _copy(self, file: TileFile) -> None:
        box = self._plan.box(file.tile)
        if box[-1][0] == 0:  # every tile along the last axis has the same
            for name, values in file.columns.items():
                self._arrays[name][inside(box[:-1])] = values
        for name, offset, data in checked(file, self._plan):
            self._arrays[name].id.write_direct_chunk(offset, data)
            self._disk.check()


@contextmanager
def new_output(
    path: Path,
    plan: Plan,
    write_head: WriteHead,
    write_tail: WriteTail,
    versions: Mapping[str, str],
    *,
    replace: bool,
) -> Iterator[Output]:
    """Assemble an output; at the end of the context, when it has every tile, it gets its name.

    Parameters
    ----------
    path, plan
        Where it will be, and how it is cut.
    write_head, write_tail
        Write what surrounds the tiles into the HDF5 file.
    versions
        Of what computes it; the devices of its tiles are added.
    replace
        Whether a file of that name is replaced.

    Raises
    ------
    StorageError
        If that cannot be done, or the name is taken and ``replace`` is false; nothing is left of it then.
    """
    with new_file(path, replace=replace) as raw:
        disk = _Disk(raw, path)
        with h5py.File(disk, "w", libver=LIBRARY) as file:
            write_head(file, plan)
            disk.check()
            output = Output(disk, file, plan)
            yield output
            assert not output.missing
            device = ", ".join(output.devices)
            write_tail(file, {**versions, **({"device": device} if device else {})})
        disk.check()
