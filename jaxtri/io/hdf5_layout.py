"""How a scan lies in HDF5: scales, arrays, flags and provenance.

Scales are the axes ``m_X``, ``g_X`` and any further ones, and the names of every search, channel,
final state and range end; the arrays of `arrays.ARRAYS` have a scale on every dimension, ``units`` and
``long_name``; flags are uint8 with ``flag_values`` and ``flag_meanings``; a closed channel is minus infinity
in a logarithmic array.  Group ``parameters`` holds what further axes set, each along its axis.  Group
``provenance`` holds texts: the scan file verbatim, the resolved configuration, searches, inputs and versions
as JSON.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from jaxtri.boundary.record import Boundaries
from jaxtri.durable.storage.chunk_bytes import COMPRESSION
from jaxtri.durable.storage.tiling import Plan
from jaxtri.errors import InputError
from jaxtri.io.hdf5_boundaries import write_boundaries
from jaxtri.io.hdf5_dataset import NotAScan, add_array, add_texts, describe, read_texts, text_of
from jaxtri.io.hdf5_favoured import write_favoured
from jaxtri.io.stored_schema import TEXTS
from jaxtri.scans.arrays import ARRAYS, EXCLUDED, LABELS, PLANE, STATUS, dims_of
from jaxtri.scans.favoured import Favoured
from jaxtri.scans.record import Header

FORMAT, FORMAT_VERSION = "jaxtri-scan", 3
READABLE = (2, 3)
NAMES_IN_2 = {"g_X_range": "boundary", "range_end": "edge"}  # that differ in format 2
FLAGS = {"excluded": EXCLUDED, "status": STATUS, "valid": {"no_data": 0, "data": 1}}
PROVENANCE = ("configuration", "searches", "inputs", "versions")
UNITS = {"m_X": ("GeV", "mass of X"), "g_X": ("1", "gauge coupling of X")}


def write_head(file: h5py.File, plan: Plan, *, header: Header) -> None:
    """Write axes, and arrays that are still empty."""
    write_axes(file, header)
    for name in plan.arrays:
        create_array(file, name, plan)


def write_tail(
    file: h5py.File,
    versions: Mapping[str, str],
    *,
    header: Header,
    curves: Callable[[], Boundaries | None] = lambda: None,
    lines: Callable[[], Favoured | None] = lambda: None,
) -> None:
    """Write exclusion curves and lines, where there are any, and the rest of the header."""
    boundaries = curves()
    if boundaries is not None:
        write_boundaries(file.create_group("boundaries", track_order=True), boundaries)
    favoured = lines()
    if favoured is not None:
        write_favoured(file.create_group("favoured", track_order=True), favoured)
    complete(file, replace(header, versions=versions))


def write_axes(file: h5py.File, header: Header) -> None:
    """Write what arrays need before they are created: scales, and what further axes set."""
    for name, values in header.axes.items():
        if name in LABELS:
            file.create_dataset(name, data=list(values), dtype=h5py.string_dtype())  # xarray selects by it
            describe(file[name], long_name=name.replace("_", " "))
        else:
            units, meaning = UNITS.get(name, (header.units.get(name, "1"), f"axis {name}"))
            add_array(file, name, values)
            describe(file[name], units=units, long_name=meaning)
        file[name].make_scale(name)
    for axis, parameters in header.parameters.items():
        group = file.require_group("parameters")
        for name, values in parameters.items():
            add_array(group, name, values)
            describe(group[name], axis=axis)
            group[name].dims[0].attach_scale(file[axis])


def complete(file: h5py.File, header: Header) -> None:
    """Write the rest of the header; the file says that it is complete."""
    group = file.create_group("provenance")
    texts = {"scan_file": header.scan_file}
    texts |= {name: json.dumps(getattr(header, name), indent=1) for name in PROVENANCE}
    if header.projections:
        texts["projections"] = json.dumps(header.projections, indent=1)
    texts["labels"] = json.dumps({name: list(header.axes[name]) for name in LABELS if name in header.axes})
    add_array(group, "text", np.arange(1))
    group["text"].make_scale("text")
    for name, text in texts.items():
        add_texts(group, name, [text]).dims[0].attach_scale(group["text"])
    describe(
        file,
        Conventions="CF-1.11",
        format=FORMAT,
        format_version=FORMAT_VERSION,
        config_sha256=header.fingerprint,
        title=header.title,
        treatment=header.treatment,
        complete=np.uint8(True),
    )


def create_array(file: h5py.File, name: str, plan: Plan) -> Any:
    """Create one array of a finished file, its scales attached, without values."""
    chunk, dtype = plan.array_chunk(name), np.dtype(plan.arrays[name].dtype)
    dataset = file.create_dataset(
        name, shape=plan.array_shape(name), dtype=dtype, **stored_as(chunk, dtype, plan.compression)
    )
    describe(dataset, units=ARRAYS[name].units, long_name=ARRAYS[name].long_name)
    if name in FLAGS:
        values = np.array(list(FLAGS[name].values()), dtype=np.uint8)
        describe(dataset, flag_values=values, flag_meanings=" ".join(FLAGS[name]))
    for position, dim in enumerate(dims_of(name, plan.sizes)):
        dataset.dims[position].attach_scale(file[dim])
    return dataset


def stored_as(chunk: tuple[int, ...] | None, dtype: np.dtype[Any], compression: str) -> dict[str, Any]:
    """Options of a dataset for chunks of `chunk_bytes.packed`; a checksum where nothing is packed."""
    if chunk is None:
        return {"fletcher32": True}
    if compression == "none":
        return {"chunks": chunk, "fletcher32": True}
    packed = {"compression": "gzip", "compression_opts": COMPRESSION, "shuffle": dtype.itemsize > 1}
    return {"chunks": chunk, **packed}


def check_format(path: Path, file: h5py.File) -> None:
    """Raise where a file is not a complete scan of a version that can be read."""
    if "format" not in file.attrs or text_of(file, "format") != FORMAT:
        raise InputError(f"{path}: not a jaxtri scan; give a file written by jaxtri scan or jaxtri run")
    if int(file.attrs["format_version"]) not in READABLE:
        raise InputError(
            f"{path}: format version {file.attrs['format_version']}, this jaxtri reads "
            + " and ".join(map(str, READABLE))
        )
    if not file.attrs["complete"]:
        raise InputError(f"{path}: incomplete; run the scan again")


def stored_name(file: h5py.File, name: str) -> str:
    """Return how an array or a dimension is called in a file."""
    return NAMES_IN_2.get(name, name) if file.attrs["format_version"] == 2 else name


def read_header(file: h5py.File) -> Header:
    """Read everything but the arrays."""
    stored = [*PROVENANCE, *({"projections"} & set(file["provenance"]))]
    texts = {name: json.loads(read_texts(file["provenance"][name])[0]) for name in stored}
    for name in stored:
        TEXTS[name].validate_python(texts[name])
    further = tuple(texts["configuration"].get("further_axes", {}))
    names = _labels(file)
    sets = file.get("parameters", {})
    axes = {name: _axis(file, name) for name in (*further, *PLANE)} | names
    arrays = tuple(name for name in ARRAYS if stored_name(file, name) in file)
    for name in arrays:
        _require_array(file, name, axes)
    return Header(
        title=text_of(file, "title"),
        treatment=text_of(file, "treatment"),
        scan_file=read_texts(file["provenance"]["scan_file"])[0],
        fingerprint=text_of(file, "config_sha256"),
        configuration=texts["configuration"],
        searches=tuple(texts["searches"]),
        projections=tuple(texts.get("projections", ())),
        inputs=texts["inputs"],
        versions=texts["versions"],
        axes=axes,
        arrays=arrays,
        parameters={axis: _set_by(axis, sets) for axis in further},
        units={name: text_of(file[name], "units") for name in further},
    )


def _labels(file: h5py.File) -> dict[str, tuple[str, ...]]:
    """Names along the dimensions that are lists of names: of the copy that has a checksum."""
    if "labels" not in file["provenance"]:  # as in format 2
        here = {name: stored_name(file, name) for name in LABELS}
        return {name: tuple(read_texts(file[stored])) for name, stored in here.items() if stored in file}
    known = json.loads(read_texts(file["provenance"]["labels"])[0])
    for name in known:
        if file[stored_name(file, name)].shape != (len(known[name]),):
            raise NotAScan(f"{name} has not as many names as were written")
    return {name: tuple(map(str, known[name])) for name in LABELS if name in known}


def _axis(file: h5py.File, name: str) -> npt.NDArray[Any]:
    """Nodes of an axis."""
    nodes = np.asarray(file[name][...])
    if nodes.ndim != 1 or nodes.dtype.kind != "f" or not len(nodes) or not np.isfinite(nodes).all():
        raise NotAScan(f"axis {name} is no list of numbers")
    return nodes


def _require_array(file: h5py.File, name: str, axes: Mapping[str, Any]) -> None:
    """Raise where an array is not what the header says."""
    stored = file[stored_name(file, name)]
    expected = tuple(len(axes[dim]) for dim in dims_of(name, axes))
    kind = "u" if ARRAYS[name].dtype == "uint8" else "f"
    if not isinstance(stored, h5py.Dataset) or stored.shape != expected or stored.dtype.kind != kind:
        raise NotAScan(f"{name} is no array of {' x '.join(map(str, expected))} numbers")


def _set_by(axis: str, parameters: Mapping[str, Any]) -> dict[str, npt.NDArray[Any]]:
    found = {name: one[...] for name, one in parameters.items() if text_of(one, "axis") == axis}
    if not all(isinstance(values, np.ndarray) and values.dtype.kind == "f" for values in found.values()):
        raise NotAScan(f"what axis {axis} sets are no numbers")
    return found
