"""A finished file in which something is not what was written: an error, or no difference; never a traceback.

Oracle: what the file held before, array by array, curve by curve, text by text.
"""

import dataclasses
import shutil
import subprocess
import sys

import h5py
import numpy as np
import pytest

import jaxtri
from jaxtri.__main__ import main
from jaxtri.boundary.record import Boundaries, Curve, Region
from jaxtri.errors import InputError, JaxtriError, StorageError
from jaxtri.io.hdf5_scan import open_scan, verify
from made_up_scan import write_made_up
from places import begun

FLIPS, QUICK_FLIPS = 600, 60  # files with three random bits flipped
EDITS, QUICK_EDITS = 400, 40  # files with an object or attribute replaced
GROUPS = ("Z", "B", "K", "ZBK")


def curves():
    random = np.random.default_rng(5)

    def curve(name, count):
        m_X, g_X = np.sort(random.uniform(0.1, 1, count)), np.exp(random.normal(-10, 1, count))
        zero = np.zeros(count)
        return Curve(search=name, m_X=m_X, g_X=g_X, slope=zero, residual=zero, closed=False)

    ring = np.array([0.1, 0.2, 0.2, 0.1, 0.1])
    return Boundaries(
        treatment="made_up",
        curves=(curve("first", 300), curve("second", 5)),
        groups={"Z": (), "B": (), "K": (curve("K", 300),), "ZBK": (curve("ZBK", 40),)},
        walls={name: np.array([[0.1, 1e-6, 1.0]]) for name in GROUPS},
        regions=(Region(search="first", m_X=ring, g_X=np.array([1e-5, 1e-5, 1e-3, 1e-3, 1e-5])),),
    )


@pytest.fixture(scope="module", params=["gzip", "none"])
def whole(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("damage") / "whole.h5"
    write_made_up(path, 21, 33, compression=request.param, further=("m_t",), curves=curves)
    return path


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    path = tmp_path_factory.mktemp("damage") / "plane.h5"
    write_made_up(path, 9, 7, curves=curves)
    return path


def content(path):
    """Everything that jaxtri reads of a file, as comparable values."""
    scan = open_scan(path)
    found = {name: scan[name].tobytes() for name in scan.header.arrays}
    for field in dataclasses.fields(scan.header):
        value = getattr(scan.header, field.name)
        found[f"header {field.name}"] = (
            {k: np.asarray(v).tolist() for k, v in value.items()} if field.name == "axes" else str(value)
        )
    curves = scan.boundaries
    for kind in ("curves", "regions"):
        for i, one in enumerate(getattr(curves, kind)):
            found[f"{kind} {i}"] = (one.search, one.m_X.tobytes(), one.g_X.tobytes())
    for name in GROUPS:
        found[name] = [one.g_X.tobytes() for one in curves.groups[name]], curves.walls[name].tobytes()
    return found


def flipped(whole, path, seed):
    """A copy with three bits flipped."""
    random = np.random.default_rng(seed)
    data = bytearray(whole.read_bytes())
    for place in random.integers(0, len(data), 3):
        data[place] ^= 1 << int(random.integers(8))
    path.write_bytes(data)


@pytest.mark.parametrize("count", [QUICK_FLIPS, pytest.param(FLIPS, marks=pytest.mark.long)])
def test_flipped_bits_change_nothing_silently(whole, tmp_path, count):
    expected, caught = content(whole), 0
    path = tmp_path / "flipped.h5"
    for seed in range(count):
        flipped(whole, path, seed)
        try:
            found = content(path)
        except JaxtriError:
            caught += 1
        else:
            assert found == expected, seed
    assert caught > count / 2


def test_a_flip_that_no_checksum_covers_is_seen(whole, tmp_path):  # so the test above is able to fail
    path = tmp_path / "plain.h5"
    shutil.copy(whole, path)
    with h5py.File(path, "r+") as file:
        values = file["m_X"][...]
        values[3] = np.nextafter(values[3], 1)
        file["m_X"][...] = values  # HDF5 writes a new checksum
    assert content(path) != content(whole)


def test_every_byte_of_data_is_under_a_checksum(whole):
    """Chunks with a Fletcher checksum, or packed by gzip, which has its own; labels have a checked copy."""
    bare = []

    def look(name, item):
        if (
            isinstance(item, h5py.Dataset)
            and item.size
            and not (item.fletcher32 or item.compression == "gzip")
        ):
            bare.append(name)

    with h5py.File(whole) as file:
        file.visititems(look)
    assert sorted(bare) == ["channel", "final_state", "range_end", "search"]


def test_verify_names_what_is_damaged(plane, tmp_path, capsys):
    assert verify(plane) > 40
    assert main(["info", str(plane), "--verify"]) == 0
    assert "arrays and texts are as they were written" in capsys.readouterr().out
    for name in ("lifetime", "boundaries/first/slope", "provenance/scan_file"):
        path = tmp_path / "damaged.h5"
        shutil.copy(plane, path)
        with h5py.File(path) as file:
            chunk = file[name].id.get_chunk_info(0)
        with path.open("r+b") as raw:
            raw.seek(chunk.byte_offset + chunk.size // 2)
            byte = raw.read(1)[0]
            raw.seek(-1, 1)
            raw.write(bytes([byte ^ 4]))
        with pytest.raises(StorageError, match="damaged"):
            verify(path)
        assert main(["info", str(path), "--verify"]) == 4
        assert "Traceback" not in capsys.readouterr().err


def test_a_file_that_is_being_written_is_said_to_be(plane, tmp_path, capsys):
    path = tmp_path / "open.h5"
    shutil.copy(plane, path)
    program = (
        "import h5py, sys; file = h5py.File(sys.argv[1], 'r+'); print('open', flush=True); sys.stdin.read()"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with begun([sys.executable, "-c", program, path], **pipes) as writer:
        assert writer.stdout.readline() == "open\n"
        for command in ("info", "compare", "cite"):
            assert main([command, str(path)]) == 4
            assert "is open for writing elsewhere" in capsys.readouterr().err
        writer.communicate()
    assert main(["info", str(path)]) == 0


def replaced(file, random):
    """Replace a random object or attribute by something of another kind, shape or value."""
    places = [""]
    file.visit(places.append)
    place = places[random.integers(len(places))]
    item = file[place] if place else file
    attributes = [name for name in item.attrs if name not in ("DIMENSION_LIST", "REFERENCE_LIST", "CLASS")]
    if not place or (attributes and random.uniform() < 0.4):
        if not attributes:
            return
        name = attributes[random.integers(len(attributes))]
        value = [1, 2.5, "text", [1, 2], b"\xff\xfe", h5py.Empty("f"), None][random.integers(7)]
        del item.attrs[name]
        if value is not None:
            item.attrs[name] = value
        return
    parent, _, name = place.rpartition("/")
    group = file[parent] if parent else file
    del group[name]
    kind = random.integers(9)
    if kind == 0:
        group.create_group(name)
    elif kind < 8:
        group[name] = [
            3.0, "text", np.zeros((2, 3, 4)), np.zeros(3, dtype="u1"), np.full(7, np.nan), "{}", "[1, 2]",
        ][kind - 1]  # fmt: skip


@pytest.mark.parametrize("count", [QUICK_EDITS, pytest.param(EDITS, marks=pytest.mark.long)])
def test_an_edited_structure_is_one_sentence(plane, tmp_path, monkeypatch, capsys, count):
    """By every command that reads a file."""
    monkeypatch.chdir(tmp_path)
    refused = 0
    for seed in range(count):
        shutil.copy(plane, "edited.h5")
        with h5py.File("edited.h5", "r+") as file:
            replaced(file, np.random.default_rng(seed))
        for line in (
            ["info", "edited.h5"], ["compare", "edited.h5"], ["cite", "edited.h5"],
            ["plot", "edited.h5", "-o", "picture", "--force"], ["boundary", "edited.h5", "--force"],
        ):  # fmt: skip
            if line[0] == "plot" and seed % 5:
                continue  # it takes a second
            code = main(line)
            said = capsys.readouterr().err
            assert code in (0, 2, 3, 4), (seed, line)
            if code:
                refused += 1
                assert said.startswith("jaxtri: "), (seed, line)
                assert "Traceback" not in said
    assert refused > count


def test_the_library_says_the_same(plane, tmp_path):
    path = tmp_path / "edited.h5"
    shutil.copy(plane, path)
    with h5py.File(path, "r+") as file:
        del file["status"]
        file["status"] = 3.0
    with pytest.raises(InputError, match="status is no array of 9 x 7 numbers"):
        jaxtri.open_scan(path)
