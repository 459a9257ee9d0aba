"""Finished files: opened lazily, checked for where they will go.  How they lie in HDF5: `layout`."""

import io
import os
import shutil
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
        if path.is_dir():
            raise StorageError(f"{path}: is a folder; name a file")
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
        raise StorageError(f"{path}: no such file")
    try:
        with h5py.File(path, "r") as file:
            check_format(path, file)
            curves = read_boundaries(file["boundaries"]) if "boundaries" in file else None
            header = read_header(file)
            return Scan(header=header, arrays=Arrays(header.arrays, partial(_read, path)), boundaries=curves)
    except (OSError, KeyError, ValueError, RuntimeError) as error:  # as h5py calls what is damaged
        if isinstance(error, JaxtriError):
            raise
        raise InputError(
            f"{path}: not a jaxtri scan ({str(error)[:80]}); give a file written by jaxtri"
        ) from error


def _read(path: Path, name: str, index: Any) -> npt.NDArray[Any]:
    """Read a part of an array."""
    try:
        with h5py.File(path, "r") as file:
            return np.asarray(file[stored_name(file, name)][index])
    except (OSError, KeyError) as error:
        raise StorageError(f"{path}: array {name} is damaged or missing; scan again") from error
