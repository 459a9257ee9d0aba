"""Files: load after store is the identity, and a name that ends in .h5 is a whole file or is not there.

Oracles: the arrays that were handed in; xarray with two engines that know nothing of jaxtri.
"""

import dataclasses
import json
import shutil
import subprocess
import sys
from collections import namedtuple

import h5py
import numpy as np
import pytest
import xarray

from jaxtri import write_scan
from jaxtri.durable.storage.tiling import CHUNK
from jaxtri.errors import InputError, JaxtriError, StorageError
from jaxtri.io import hdf5_scan
from jaxtri.io.hdf5_dataset import text_of
from jaxtri.scans import tiles
from jaxtri.scans.arrays import ARRAYS, EXCLUDED, OF_A_MODEL, STATUS, USUAL, dims_of
from jaxtri.scans.spec import load_spec
from made_up_scan import made_up_plan, write_made_up
from places import HELPERS, PATIENCE_S

SCRIPT = HELPERS / "made_up_scan.py"
BLOCK, WIDTH = CHUNK
SPEC = {
    "curves": False,
    "title": "three searches",
    "model": "b_minus_l",
    "treatments": ["matched"],
    "searches": {"set": "printed", "only": ["na62_2021_kpi_invisible_low", "l3_1991_zgamma_ee"]},
    "axes": {
        "m_X": {"min": 1e-3, "max": 90.0, "points": BLOCK + 3, "spacing": "log"},
        "g_X": {"min": 1e-9, "max": 1.0, "points": 30, "spacing": "log"},
    },
}
SHAPES = [(2, 2), (BLOCK, WIDTH), (BLOCK + 1, WIDTH + 1), (BLOCK - 1, 2 * WIDTH + 7), (2 * BLOCK + 50, 3)]


def assert_same(scan, header, arrays):
    assert tuple(scan.arrays) == header.arrays
    for name, values in arrays.items():
        np.testing.assert_array_equal(scan[name], values, err_msg=name, strict=True)  # NaN equals NaN
    for name, values in header.axes.items():
        np.testing.assert_array_equal(scan[name], values, err_msg=name)
    for field in dataclasses.fields(header):
        if field.name not in ("axes", "parameters"):
            assert as_text(getattr(scan.header, field.name)) == as_text(getattr(header, field.name))
    for axis, parameters in header.parameters.items():
        for name, values in parameters.items():
            np.testing.assert_array_equal(scan.header.parameters[axis][name], values)


def as_text(value):
    """JSON knows no tuples: lifetimes (1e-12, 1e-10) come back as a list."""
    return json.dumps(value, sort_keys=True)


def only_files(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def made_up(tmp_path):
    path = tmp_path / "scan.h5"
    write_made_up(path, 20, 30)
    return path


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_load_after_store_is_the_identity(tmp_path, shape, precision):
    path = tmp_path / "scan.h5"
    cells = []
    header, arrays = write_made_up(path, *shape, precision, report=lambda *done: cells.append(done))
    assert_same(hdf5_scan.open_scan(path), header, arrays)
    assert sum(done[0] for done in cells) == shape[0] * shape[1]
    assert sum(done[1] for done in cells) == sum(
        arrays[name].nbytes for name in USUAL if "g_X" in ARRAYS[name].dims
    )
    assert only_files(tmp_path) == ["scan.h5"]


def test_the_comparison_sees_one_bit(made_up, tmp_path):  # so the test above is able to fail
    header, arrays = write_made_up(tmp_path / "other.h5", 20, 30)
    arrays["lifetime"][3, 4] = np.nextafter(arrays["lifetime"][3, 4], np.float32(np.inf))
    with pytest.raises(AssertionError, match="lifetime"):
        assert_same(hdf5_scan.open_scan(made_up), header, arrays)


LAYOUTS = {
    "plane, uncompressed": {"compression": "none"},
    "one further axis": {"further": ("m_t",), "arrays": OF_A_MODEL},
    "two further axes, few arrays": {"further": ("m_t", "draw"), "arrays": ("x_br", "lifetime", "excluded")},
    "columns only": {"further": ("draw",), "arrays": ("valid", "g_X_range")},
}


@pytest.mark.parametrize("options", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("shape", [(BLOCK + 1, 2 * WIDTH + 1), (2, 3)], ids=str)
def test_further_axes_and_chosen_arrays_come_back(tmp_path, shape, options):
    path = tmp_path / "scan.h5"
    header, arrays = write_made_up(path, *shape, **options)
    assert_same(hdf5_scan.open_scan(path), header, arrays)
    with xarray.open_dataset(path, engine="h5netcdf") as data:
        for name in header.arrays:
            assert data[name].dims == dims_of(name, header.axes)
            np.testing.assert_array_equal(data[name].values, arrays[name])
    for engine in ("h5netcdf", "netcdf4"):
        with xarray.open_datatree(path, engine=engine) as tree:
            assert set(tree.children) == {"provenance"} | ({"parameters"} if header.parameters else set())
            for axis, parameters in header.parameters.items():
                for name, values in parameters.items():
                    assert tree["parameters"][name].dims == (axis,)
                    np.testing.assert_array_equal(tree["parameters"][name].values, values)


def test_one_plane_of_further_axes(tmp_path):
    path = tmp_path / "scan.h5"
    _, arrays = write_made_up(path, 7, 9, further=("m_t", "draw"))
    plane = hdf5_scan.open_scan(path).at(m_t=172.3, draw=1)
    np.testing.assert_array_equal(plane["log10_ratio"], arrays["log10_ratio"][:, 1, 1])
    np.testing.assert_array_equal(plane["valid"], arrays["valid"][:, 1, 1])
    assert plane.further_axes == ()
    assert plane.header.title.endswith(", m_t = 172, draw = 1")
    with pytest.raises(InputError, match=r"m_t = 180: give a value from 170 to 175"):
        hdf5_scan.open_scan(path).at(m_t=180)
    whole = hdf5_scan.open_scan(path)
    by_charge = dataclasses.replace(whole.header, parameters={"m_t": {"X_t": np.arange(3.0)}})
    with pytest.raises(InputError, match="at: X_t is set by the axis m_t; give a value of that"):
        dataclasses.replace(whole, header=by_charge).at(X_t=1)
    grid = "m_t: 3 x draw: 2 x m_X: 7 x g_X: 9"
    title = f'"{whole.header.title}", treatment {whole.header.treatment}'
    assert repr(whole) == f"<Scan {title}, {grid}; {', '.join(whole.header.arrays)}>"
    with pytest.raises(InputError, match='no further axis "m_b"; did you mean m_t'):
        hdf5_scan.open_scan(path).at(m_b=4)
    with pytest.raises(InputError, match="choose one plane first"):
        hdf5_scan.open_scan(path).group("Z")


def test_of_a_file_only_what_is_asked_for_is_read(tmp_path, monkeypatch):
    path, read = tmp_path / "scan.h5", []
    _, arrays = write_made_up(path, 7, 9, further=("m_t", "draw"))

    def noted(path, name, index, known=hdf5_scan._read):
        read.append((name, known(path, name, index).shape))
        return known(path, name, index)

    monkeypatch.setattr(hdf5_scan, "_read", noted)
    plane = hdf5_scan.open_scan(path).at(m_t=172.3).at(draw=1)
    assert read == []
    for _ in range(2):
        np.testing.assert_array_equal(plane["excluded"], arrays["excluded"][1, 1])
    assert read == [("excluded", (arrays["excluded"].shape[1], 7, 9))]  # a plane of m_t, once


def test_a_computed_scan_comes_back(tmp_path):
    spec = load_spec(SPEC)
    (treatment,) = spec.treatments
    in_memory = tiles.compute(spec, treatment)
    (path,) = write_scan(SPEC, tmp_path / "scan.h5")
    scan = hdf5_scan.open_scan(path)
    assert_same(scan, in_memory.header, in_memory.arrays)
    assert scan.header.configuration == spec.configuration(treatment)
    assert np.isneginf(scan["log10_ratio"]).any()
    assert scan.boundaries is None  # as the scan file says; test_cli.py has one with them
    assert only_files(tmp_path) == ["scan.h5"]


def test_an_array_without_a_name_of_ours_is_an_error(made_up):
    scan = hdf5_scan.open_scan(made_up)
    assert len(scan.arrays) == len(USUAL)
    with pytest.raises(InputError, match='no stored array "log10_rate"; did you mean log10_ratio'):
        scan["log10_rate"]
    with pytest.raises(KeyError, match="log10_rate"):
        scan.arrays["log10_rate"]


@pytest.mark.parametrize("engine", ["h5netcdf", "netcdf4"])
def test_xarray_opens_it_with_labelled_axes(tmp_path, engine):
    path = tmp_path / "scan.h5"
    header, arrays = write_made_up(path, 20, 30)
    with xarray.open_dataset(path, engine=engine) as data:
        assert set(data.data_vars) == set(USUAL)
        assert set(data.coords) == set(header.axes)
        assert data.attrs["Conventions"].startswith("CF-")
        for name in USUAL:
            info = ARRAYS[name]
            assert data[name].dims == info.dims
            assert data[name].attrs["units"] == info.units
            assert data[name].attrs["long_name"] == info.long_name
            np.testing.assert_array_equal(data[name].values, arrays[name], err_msg=name)
        for name, values in header.axes.items():
            np.testing.assert_array_equal(data[name].values, values, err_msg=name)
        picked = data["log10_ratio"].sel(search="second").sel(m_X=1.0, g_X=1e-4, method="nearest")
        assert picked.m_X.attrs["units"] == "GeV"
        assert picked.item() in arrays["log10_ratio"][1]


def test_the_second_format_is_read(tmp_path):
    """Oracle: the same file as version 3; version 2 called two things differently."""
    path = tmp_path / "scan.h5"
    _, arrays = write_made_up(path, 20, 30, arrays=OF_A_MODEL)
    now = hdf5_scan.open_scan(path).header
    damage(
        path,
        lambda f: (
            f.attrs.update(format_version=2),
            f.move("g_X_range", "boundary"),
            f.move("range_end", "edge"),
        ),
    )
    scan = hdf5_scan.open_scan(path)
    assert scan.header.arrays == now.arrays
    assert scan.header.axes["range_end"] == now.axes["range_end"]
    np.testing.assert_array_equal(scan["g_X_range"], arrays["g_X_range"])
    damage(path, lambda f: f.attrs.update(format_version=3))
    with pytest.raises(InputError):  # so that the names are looked at
        hdf5_scan.open_scan(path)


def test_every_dimension_has_a_scale(made_up):
    with h5py.File(made_up) as file:
        for name in USUAL:
            scales = [dim[0].name.strip("/") for dim in file[name].dims]
            assert tuple(scales) == ARRAYS[name].dims, name


@pytest.mark.parametrize(("name", "meanings"), [("excluded", EXCLUDED), ("status", STATUS), ("valid", None)])
def test_flags_say_what_they_mean(made_up, name, meanings):
    with h5py.File(made_up) as file:
        attrs = file[name].attrs
        found = dict(
            zip(text_of(file[name], "flag_meanings").split(), attrs["flag_values"].tolist(), strict=True)
        )
        assert attrs["flag_values"].dtype == file[name].dtype == np.uint8
    assert found == (meanings or {"no_data": 0, "data": 1})


BEFORE_THE_HEADER = 2_000


def damage(path, how):
    with h5py.File(path, "r+") as file:
        how(file)


def not_ours(path):
    path.unlink()
    damage_new = h5py.File(path, "w")
    damage_new["m_X"] = [1.0]
    damage_new.close()


DAMAGED = {
    "another HDF5 file": (not_ours, "not a jaxtri scan"),
    "a text file": (lambda path: path.write_text("m_X, g_X\n"), "not a jaxtri scan"),
    "an empty file": (lambda path: path.write_bytes(b""), "not a jaxtri scan"),
    "a truncated file": (lambda path: path.write_bytes(path.read_bytes()[:-100]), "truncated"),
    "another format": (lambda path: damage(path, lambda f: f.attrs.update(format="x")), "not a jaxtri scan"),
    "a newer version": (lambda path: damage(path, lambda f: f.attrs.update(format_version=4)), "version 4"),
    "no version": (lambda path: damage(path, lambda f: f.attrs.pop("format_version")), "not a jaxtri scan"),
    "an unfinished file": (lambda path: damage(path, lambda f: f.attrs.update(complete=0)), "incomplete"),
    "no provenance": (lambda path: damage(path, lambda f: f.pop("provenance")), "not a jaxtri scan"),
}


@pytest.mark.parametrize(("harm", "words"), DAMAGED.values(), ids=DAMAGED)
def test_what_is_not_a_whole_scan_of_ours_is_refused(made_up, harm, words):
    harm(made_up)
    with pytest.raises(InputError, match=words) as caught:
        hdf5_scan.open_scan(made_up)
    assert str(caught.value).startswith(f"{made_up}: ")


@pytest.mark.parametrize("harm", ["bytes", "missing"])
def test_a_damaged_array_is_an_error_of_ours(made_up, harm):
    with h5py.File(made_up, "r+") as file:
        chunk = file["excluded"].id.get_chunk_info(0)
        if harm == "missing":
            del file["excluded"]
    if harm == "bytes":
        with made_up.open("r+b") as raw:
            raw.seek(chunk.byte_offset)
            raw.write(b"\xff" * chunk.size)
    with pytest.raises(JaxtriError, match="excluded"):
        hdf5_scan.open_scan(made_up)["excluded"]


@pytest.mark.parametrize(
    ("name", "words"), [("nowhere.h5", "no such file"), ("folder", "is a folder; name a")]
)
def test_what_is_not_a_file_is_refused(tmp_path, name, words):
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError, match=f"{name}: {words}"):
        hdf5_scan.open_scan(tmp_path / name)


def test_what_h5py_calls_a_runtime_error_is_one_of_ours(made_up, monkeypatch):
    """As it does of some damaged groups."""

    def failing(path, file):
        raise RuntimeError("Unable to check link existence (bad symbol table node signature)")

    monkeypatch.setattr(hdf5_scan, "check_format", failing)
    with pytest.raises(InputError, match=r"not a jaxtri scan .*bad symbol table"):
        hdf5_scan.open_scan(made_up)


def test_an_existing_file_is_kept_unless_forced(made_up):
    before = made_up.read_bytes()
    with pytest.raises(StorageError, match="nothing was overwritten"):
        write_made_up(made_up, 5, 6)
    assert made_up.read_bytes() == before
    write_made_up(made_up, 5, 6, force=True)
    assert len(hdf5_scan.open_scan(made_up)["m_X"]) == 5
    assert only_files(made_up.parent) == ["scan.h5"]


def test_an_error_while_computing_leaves_nothing(tmp_path):
    def failing(plan, arrays, tile):
        yield from ()
        raise FloatingPointError("on purpose")

    with pytest.raises(FloatingPointError, match="on purpose"):
        write_made_up(tmp_path / "scan.h5", blocks=failing)
    assert only_files(tmp_path) == []


def write_limited(path, limit):
    command = [sys.executable, SCRIPT, path, str(limit)]
    return subprocess.run(command, timeout=PATIENCE_S, check=False, capture_output=True, text=True)


@pytest.mark.parametrize("limit", [BEFORE_THE_HEADER, 40_000, 400_000, 1_000_000])
def test_a_full_disk(tmp_path, limit):
    (tmp_path / "kept.h5").write_bytes(b"the only copy")
    for name in ("kept.h5", "new.h5"):
        full = write_limited(tmp_path / name, limit)
        assert full.returncode == StorageError.exit_code
        assert full.stderr.startswith(f"jaxtri: {tmp_path / name}")
        assert ": cannot be written" in full.stderr
    assert only_files(tmp_path) == ["kept.h5"]
    assert (tmp_path / "kept.h5").read_bytes() == b"the only copy"


def test_enough_disk_is_enough(tmp_path):  # so the test above is able to fail
    assert write_limited(tmp_path / "new.h5", 100_000_000).returncode == 0
    assert only_files(tmp_path) == ["new.h5"]


def test_a_full_disk_is_one_clear_sentence(tmp_path):
    full = write_limited(tmp_path / "new.h5", 40_000)
    assert len(full.stderr.splitlines()) == 1


Usage = namedtuple("Usage", "total used free")


@pytest.mark.parametrize("force", [False, True])
def test_too_little_space_is_found_before_any_work(tmp_path, monkeypatch, force):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**9, 10**9 - 10**6, 10**6))
    hdf5_scan.check_outputs([tmp_path / "scan.h5"], 10**6, force=force)
    with pytest.raises(StorageError, match=r"0\.00 GB free, about 0\.01 GB needed"):
        hdf5_scan.check_outputs([tmp_path / "scan.h5"], 10**7, force=force)


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_the_space_asked_for_is_enough(tmp_path, compression):
    path = tmp_path / "scan.h5"
    header, arrays = write_made_up(path, 500, 500, compression=compression)
    plan = made_up_plan(header, compression)
    assert plan.bytes_of(plan.cells) == sum(
        arrays[name].nbytes for name in USUAL if "g_X" in ARRAYS[name].dims
    )
    if compression == "none":  # random numbers cannot be compressed
        assert 0.95 * hdf5_scan.size_on_disk(plan) < path.stat().st_size < hdf5_scan.size_on_disk(plan)


def test_outputs_are_checked_before_any_work(made_up, tmp_path):
    with pytest.raises(StorageError, match=r"scan\.h5: exists; choose another output or pass --force"):
        hdf5_scan.check_outputs([tmp_path / "new.h5", made_up], 0, force=False)
    hdf5_scan.check_outputs([tmp_path / "new.h5", made_up], 0, force=True)
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError, match="folder: is a folder; name a file"):
        hdf5_scan.check_outputs([tmp_path / "folder"], 0, force=True)
    for missing in (tmp_path / "no" / "new.h5", made_up / "new.h5"):
        with pytest.raises(StorageError, match=f"{missing.parent}: cannot be written"):
            hdf5_scan.check_outputs([missing], 0, force=True)
    assert only_files(tmp_path) == ["folder", "scan.h5"]
