"""Arrays to HDF5 and back: one file per model, treatment and search set.

Layout: scales ``m_X``, ``g_X``, ``search``, ``channel``, ``final_state``; the arrays of
`fields.FIELDS` with a scale on every dimension, ``units`` and ``long_name``; flags as uint8 with
``flag_values`` and ``flag_meanings``; a closed channel is minus infinity in a logarithmic array.
Group ``boundaries`` holds the exclusion curves, see `ragged`.
Group ``provenance`` holds texts: the scan file verbatim, the resolved configuration, searches, inputs
and versions as JSON.  The file opens in xarray (h5netcdf, netCDF4) with labelled axes.

A file is written under a temporary name and moved into place when it is complete: a name that ends
in .h5 is a whole file, or is not there.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from jaxtri.chunks import COMPRESSION, packed
from jaxtri.curves import Boundaries
from jaxtri.errors import InputError, JaxtriError, StorageError
from jaxtri.fields import BLOCK, CELL_FIELDS, EXCLUDED, FIELDS, STATUS, Fields, Header, Scan
from jaxtri.files import part_of
from jaxtri.ragged import read_boundaries, write_boundaries

FORMAT, FORMAT_VERSION = "jaxtri-scan", 1
CHUNK = (BLOCK, 500)  # masses, couplings
FIRST_BLOCK = 8192  # bytes
EXPECTED_RATIO = 0.25  # compressed over raw size, for the disk check; measured: 0.13
FLAGS = {"excluded": EXCLUDED, "status": STATUS, "valid": {"no_data": 0, "data": 1}}
PROVENANCE = ("configuration", "searches", "inputs", "versions")

Blocks = Iterator[tuple[slice, Fields]]


def write_scan(
    path: Path,
    header: Header,
    mass_fields: Fields,
    blocks: Blocks,
    *,
    boundaries: Boundaries | None = None,
    force: bool = False,
    report: Callable[[int], Any] = lambda cells: None,
) -> None:
    """Write a scan while it is computed.

    Parameters
    ----------
    path
        Where the finished file goes.
    header
        What the file says of itself.
    mass_fields
        Arrays without the coupling axis.
    blocks
        Blocks of masses in order; each is compressed in threads while the next one is computed.
    boundaries
        Exclusion curves.
    force
        Replace an existing file.
    report
        Called with the number of cells after every block.

    Raises
    ------
    StorageError
        If the disk is full or the folder cannot be written; nothing is left behind.
    """
    with _written_whole(path, force=force) as file, ThreadPoolExecutor() as pool:
        _write_header(file, header, complete=True)
        precision = header.configuration["precision"]
        if boundaries is not None:
            write_boundaries(file.create_group("boundaries", track_order=True), boundaries)
        for name in FIELDS:
            _create(file, name, header, mass_fields.get(name), precision)
        for where, block in blocks:
            jobs = [job for name in CELL_FIELDS for job in _compressed(pool, name, where, block[name])]
            for name, offset, data in jobs:
                file[name].id.write_direct_chunk(offset, data.result())
            del block  # its buffers take the block after next
            report((where.stop - where.start) * len(header.axes["g_X"]))


def write_curves(path: Path, header: Header, boundaries: Boundaries, *, force: bool = False) -> None:
    """Write boundaries alone: the header and the group ``boundaries`` of a scan, without its arrays."""
    with _written_whole(path, force=force) as file:
        _write_header(file, header, complete=True)
        write_boundaries(file.create_group("boundaries", track_order=True), boundaries)


@contextmanager
def _written_whole(path: Path, *, force: bool) -> Iterator[Any]:
    """Open a new file under another name; once it is complete, move it into place."""
    part = part_of(path)
    with _cleanup(part, path):
        with h5py.File(part, "x", libver=("v110", "v110")) as file:
            yield file
        _sync(part)
        if path.exists() and not force:
            raise StorageError(f"{path}: appeared while the scan ran; nothing was overwritten")
        os.replace(part, path)


def check_outputs(paths: list[Path], needed: int, *, force: bool) -> None:
    """Raise before any work where an output could not be written.

    Parameters
    ----------
    paths
        Files that will be written.
    needed
        Uncompressed size of all of them [bytes].
    force
        Whether existing files may be replaced.
    """
    for path in paths:
        if path.exists() and not force:
            raise StorageError(f"{path}: exists; choose another output or pass --force to replace it")
        if path.is_dir():
            raise StorageError(f"{path}: is a folder; name a file")
        probe = path.with_name(f".{path.name}.{os.getpid()}.probe")
        try:
            probe.touch(exist_ok=False)
            probe.unlink()
        except OSError as error:
            raise StorageError(
                f"{path.parent}: cannot be written ({error.strerror}); choose another"
            ) from error
    free = shutil.disk_usage(paths[0].parent if paths else ".").free
    if free < EXPECTED_RATIO * needed:
        raise StorageError(
            f"{paths[0].parent}: {free / 1e9:.2f} GB free, "
            f"about {EXPECTED_RATIO * needed / 1e9:.2f} GB needed; free some space or take fewer points"
        )


def raw_bytes(header: Header) -> int:
    """Uncompressed size of a scan's arrays [bytes]."""
    sizes = {name: len(values) for name, values in header.axes.items()}
    precision = header.configuration["precision"]
    return sum(
        int(np.prod([sizes[dim] for dim in info.dims])) * np.dtype(info.dtype or precision).itemsize
        for info in FIELDS.values()
    )


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
            _check_format(path, file)
            curves = read_boundaries(file["boundaries"]) if "boundaries" in file else None
            return Scan(header=_read_header(file), arrays=_StoredArrays(path), boundaries=curves)
    except (OSError, KeyError, ValueError) as error:
        if isinstance(error, JaxtriError):
            raise
        raise InputError(
            f"{path}: not a jaxtri scan ({str(error)[:80]}); give a file written by jaxtri"
        ) from error


class _StoredArrays(Mapping[str, npt.NDArray[Any]]):
    """The arrays of a file, each read once, on first use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: dict[str, npt.NDArray[Any]] = {}

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        if name not in FIELDS:
            raise KeyError(name)
        if name not in self._read:
            try:
                with h5py.File(self._path, "r") as file:
                    self._read[name] = file[name][...]
            except (OSError, KeyError) as error:
                raise StorageError(f"{self._path}: array {name} is damaged or missing; scan again") from error
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(FIELDS)

    def __len__(self) -> int:
        return len(FIELDS)


def _check_format(path: Path, file: h5py.File) -> None:
    if file.attrs.get("format") != FORMAT:
        raise InputError(f"{path}: not a jaxtri scan; give a file written by jaxtri scan or jaxtri run")
    if int(file.attrs["format_version"]) != FORMAT_VERSION:
        raise InputError(
            f"{path}: format version {file.attrs['format_version']}, this jaxtri reads {FORMAT_VERSION}"
        )
    if not file.attrs["complete"]:
        raise InputError(f"{path}: incomplete; run the scan again")


def _read_header(file: h5py.File) -> Header:
    texts = {name: json.loads(file["provenance"][name].asstr()[()]) for name in PROVENANCE}
    axes = {name: file[name][...] for name in ("m_X", "g_X")}
    names = {name: tuple(file[name].asstr()[...]) for name in ("search", "channel", "final_state")}
    return Header(
        title=file.attrs["title"],
        treatment=file.attrs["treatment"],
        scan_file=file["provenance"]["scan_file"].asstr()[()],
        fingerprint=file.attrs["config_sha256"],
        configuration=texts["configuration"],
        searches=tuple(texts["searches"]),
        inputs=texts["inputs"],
        versions=texts["versions"],
        axes=axes | names,
    )


def _write_header(file: h5py.File, header: Header, *, complete: bool) -> None:
    file.attrs.update(
        {
            "Conventions": "CF-1.11",
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "complete": np.uint8(complete),
            "config_sha256": header.fingerprint,
            "title": header.title,
            "treatment": header.treatment,
        }
    )
    for name, units, meaning in (("m_X", "GeV", "mass of X"), ("g_X", "1", "gauge coupling of X")):
        file[name] = header.axes[name]
        file[name].attrs.update({"units": units, "long_name": meaning})
    for name in ("search", "channel", "final_state"):
        file.create_dataset(name, data=list(header.axes[name]), dtype=h5py.string_dtype())
        file[name].attrs["long_name"] = name.replace("_", " ")
    for name in header.axes:
        file[name].make_scale(name)
    group = file.create_group("provenance")
    group["scan_file"] = header.scan_file
    for name in PROVENANCE:
        group[name] = json.dumps(getattr(header, name), indent=1)


def _create(
    file: h5py.File, name: str, header: Header, values: npt.NDArray[Any] | None, precision: str
) -> None:
    """Create one array with its scales, units and meaning; filled now if its values are known."""
    info = FIELDS[name]
    shape = tuple(len(header.axes[dim]) for dim in info.dims)
    dtype = np.dtype(info.dtype or precision)
    options: dict[str, Any] = {}
    if "g_X" in info.dims:
        options = {"chunks": _chunk_shape(shape), "compression": "gzip", "compression_opts": COMPRESSION}
        options["shuffle"] = dtype.itemsize > 1
    dataset = file.create_dataset(name, shape=shape, dtype=dtype, data=values, **options)
    dataset.attrs.update({"units": info.units, "long_name": info.long_name})
    if name in FLAGS:
        dataset.attrs["flag_values"] = np.array(list(FLAGS[name].values()), dtype=np.uint8)
        dataset.attrs["flag_meanings"] = " ".join(FLAGS[name])
    for position, dim in enumerate(info.dims):
        dataset.dims[position].attach_scale(file[dim])


def _chunk_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Chunks of one label, and of the (m_X, g_X) plane."""
    return (*(1 for _ in shape[:-2]), min(CHUNK[0], shape[-2]), min(CHUNK[1], shape[-1]))


def _compressed(
    pool: ThreadPoolExecutor, name: str, where: slice, values: npt.NDArray[Any]
) -> list[tuple[str, tuple[int, ...], Future[bytes]]]:
    """Start compressing every chunk of a block; blocks are as many masses as a chunk."""
    planes = values if values.ndim == 3 else values[None]
    width = min(CHUNK[1], planes.shape[2])
    height = min(CHUNK[0], planes.shape[1]) if where.start == 0 else CHUNK[0]
    jobs = []
    for label, plane in enumerate(planes):
        for start in range(0, planes.shape[2], width):
            offset = (*((label,) if values.ndim == 3 else ()), where.start, start)
            jobs.append((name, offset, pool.submit(packed, plane[:, start : start + width], (height, width))))
    return jobs


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


@contextmanager
def _cleanup(part: Path, path: Path) -> Iterator[None]:
    """Remove the temporary file whatever happens; say a full disk in our words."""
    try:
        with part.open("xb") as probe:  # HDF5 crashes where not even its first block can be written
            probe.write(bytes(FIRST_BLOCK))
        part.unlink()
        yield
    except (OSError, RuntimeError) as error:  # h5py raises RuntimeError where a flush fails
        if isinstance(error, StorageError):
            raise
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else "disk full?"
        raise StorageError(f"{path}: cannot be written ({reason}); nothing was left behind") from error
    finally:
        part.unlink(missing_ok=True)
