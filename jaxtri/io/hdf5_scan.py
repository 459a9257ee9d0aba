"""Finished files: opened lazily, checked for where they will go.  How they lie in HDF5: `hdf5_layout`."""

import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from jaxtri.boundary.record import Boundaries
from jaxtri.durable.storage.atomic_files import part_of, write_whole
from jaxtri.durable.storage.hdf5_writer import LIBRARY
from jaxtri.durable.storage.tiling import Plan
from jaxtri.errors import InputError, JaxtriError, StorageError
from jaxtri.io.hdf5_boundaries import read_boundaries
from jaxtri.io.hdf5_dataset import has_checksum
from jaxtri.io.hdf5_favoured import read_favoured
from jaxtri.io.hdf5_layout import check_format, read_header, stored_name, write_axes, write_tail
from jaxtri.scans.record import Arrays, Header, Scan

EXPECTED_RATIO = {"gzip": 0.25, "none": 1.05}  # stored over raw size, for the disk check; gzip: measured 0.13


def write_curves(path: Path, header: Header, boundaries: Boundaries) -> None:
    """Write boundaries alone: the header and the group ``boundaries`` of a scan, without its arrays."""
    content = io.BytesIO()
    with h5py.File(content, "w", libver=LIBRARY) as file:
        write_axes(file, header)
        write_tail(file, header.versions, header=header, curves=lambda: boundaries)
    write_whole(path, content.getvalue())


def check_outputs(paths: list[Path], needed: int, *, force: bool) -> None:
    """Raise before any work where an output could not be written.

    Parameters
    ----------
    paths
        Files that will be written.
    needed
        Size of all of them on disk, about [bytes].
    force
        Whether existing files may be replaced.
    """
    for path in paths:
        if os.path.lexists(path) and not force:
            raise StorageError(f"{path}: exists; choose another output or pass --force to replace it")
        if os.path.isdir(path):
            raise StorageError(f"{path}: is a folder; name a file")
        if os.path.islink(path):  # it would be replaced, and what it points to stay as it is
            raise StorageError(
                f"{path}: is a symbolic link to {os.readlink(path)}; name that file, or remove it"
            )
        probe = part_of(path)
        try:
            probe.touch()
            probe.unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(
                f"{path.parent}: cannot be written ({error.strerror}); choose another"
            ) from error
    free = shutil.disk_usage(paths[0].parent if paths else ".").free
    if free < needed:
        raise StorageError(
            f"{paths[0].parent}: {free / 1e9:.2f} GB free, "
            f"about {needed / 1e9:.2f} GB needed; free some space, take fewer points or fewer arrays"
        )


def size_on_disk(plan: Plan, cells: int | None = None) -> int:
    """Size of a finished file, or of so many cells of it, about [bytes]."""
    return int(EXPECTED_RATIO[plan.compression] * plan.bytes_of(plan.cells if cells is None else cells))


def open_scan(path: str | Path) -> Scan:
    """Open a scan file; arrays are read when they are asked for.

    Parameters
    ----------
    path
        A file written by jaxtri.

    Raises
    ------
    InputError
        If the file is not a scan of ours, is incomplete or of a newer format.
    StorageError
        If it cannot be read.
    """
    path = Path(path)
    if not os.path.isfile(path):  # Path.is_file raises for a name that is too long
        what = "is a folder; name a scan file" if os.path.isdir(path) else "no such file"
        raise StorageError(f"{path}: {what}")
    with reading_hdf5(path), h5py.File(path, "r") as file:
        check_format(path, file)
        curves = read_boundaries(file["boundaries"]) if "boundaries" in file else None
        lines = read_favoured(file["favoured"]) if "favoured" in file else None
        header = read_header(file)
    arrays = Arrays(header.arrays, partial(_read, path))
    return Scan(header=header, arrays=arrays, boundaries=curves, favoured=lines)


@contextmanager
def reading_hdf5(path: Path) -> Iterator[None]:
    """Turn what h5py raises, for a file that is no scan, damaged, edited or locked, into our errors."""
    try:
        yield
    except JaxtriError:
        raise
    except OSError as error:
        said = str(error)
        if "unable to lock file" in said:
            raise StorageError(f"{path}: is open for writing elsewhere; try again later") from error
        if "signature not found" in said or "truncated" in said:
            raise InputError(
                f"{path}: not a jaxtri scan ({said[:80]}); give a file written by jaxtri"
            ) from error
        raise StorageError(
            f"{path}: is damaged ({_reason(said)}); scan again, or take a copy of it"
        ) from error
    except (LookupError, ValueError, RuntimeError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}: not a jaxtri scan ({_reason(str(error))}); give a file written by jaxtri"
        ) from error


def _reason(text: str) -> str:
    """The first line of what a library says."""
    return " ".join(text.split())[:120]


def verify(path: str | Path) -> int:
    """Read every byte of a finished file against its checksums; return how many arrays and texts it has.

    Raises
    ------
    InputError
        If it is not a scan.
    StorageError
        If something in it is not what was written; its name is said.
    """
    open_scan(path)
    names: list[str] = []
    with reading_hdf5(Path(path)), h5py.File(path, "r") as file:
        file.visititems(lambda name, item: names.append(name) if has_checksum(item) else None)
        for name in names:
            try:
                for part in file[name].iter_chunks() if file[name].chunks else [...]:
                    _ = file[name][part]
            except OSError as error:
                raise StorageError(f"{path}: {name} is damaged; scan again, or take a copy of it") from error
    return len(names)


def _read(path: Path, name: str, index: Any) -> npt.NDArray[Any]:
    """Read a part of an array."""
    try:
        with h5py.File(path, "r") as file:
            return np.asarray(file[stored_name(file, name)][index])
    except (OSError, LookupError, ValueError, RuntimeError, TypeError) as error:
        raise StorageError(f"{path}: array {name} is damaged or missing; scan again") from error
