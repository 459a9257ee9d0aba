"""Boundaries in files.  Oracle: what was written, read back by other readers than ours."""

import csv
import dataclasses
import io
import itertools
import json
import subprocess
import sys

import h5py
import numpy as np
import pytest
import xarray

import jaxtri
from jaxtri.__main__ import main
from jaxtri.boundary.record import Boundaries, Curve, Region
from jaxtri.cli import boundary
from jaxtri.io import text_formats
from jaxtri.io.hdf5_dataset import text_of
from jaxtri.io.hdf5_scan import open_scan, write_curves
from jaxtri.model.fermions import FERMIONS
from made_up_regions import region
from made_up_scan import made_up_header
from places import PATIENCE_S

GROUPS = ("Z", "B", "K", "ZBK")


def made_up():
    """Two curves of one search, one of another; a wall; numbers that need all their digits."""
    random = np.random.default_rng(2)

    def curve(search, count, closed):
        return Curve(
            search=search,
            m_X=np.sort(random.uniform(0.1, 1, count)),
            g_X=np.exp(random.normal(-10, 1, count)),
            slope=random.normal(size=count),
            residual=random.uniform(0, 1e-14, count),
            closed=closed,
        )

    curves = (curve("second", 5, True), curve("second", 3, False), curve("first", 4, False))
    return Boundaries(
        treatment="made_up",
        curves=curves,
        groups={"Z": (curve("Z", 4, False),), "B": (), "K": (), "ZBK": (curve("ZBK", 2, False),)},
        walls={name: np.array([[0.1, 1e-6, 1.0]]) for name in GROUPS},
        regions=(Region(search="second", m_X=np.array([0.1, 0.2, 0.1]), g_X=np.array([1e-3, 1e-4, 1e-3])),),
        unresolved=0,
    )


LABELS = [
    {"name": n, "channel": "K+ -> pi+ X", "final_state": "invisible", "title": "t", "reference": "arXiv:1"}
    for n in ("first", "second")
]


def same(one, other):
    for a, b in zip(one, other, strict=True):
        assert (a.search, a.closed) == (b.search, b.closed)
        for name in ("m_X", "g_X", "slope", "residual"):
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


def test_csv_keeps_every_bit():
    boundaries = made_up()
    rows = list(csv.DictReader(text_formats.csv_text(boundaries).splitlines()))
    assert len(rows) == 12
    for number, curve in enumerate(boundaries.curves):
        mine = [row for row in rows if int(row["curve"]) == number]
        assert {row["search"] for row in mine} == {curve.search}
        assert {row["closed"] for row in mine} == {str(int(curve.closed))}
        for column, name in (("m_X_GeV", "m_X"), ("g_X", "g_X"), ("slope", "slope")):
            np.testing.assert_array_equal([float(row[column]) for row in mine], getattr(curve, name))


def test_uncertainties_are_written_where_they_are_known():
    boundaries = made_up()
    sigma = [np.linspace(0.01, 0.05, len(one.m_X)).tolist() for one in boundaries.curves]
    sigma[1][0] = float("nan")
    rows = list(csv.DictReader(text_formats.csv_text(boundaries, sigma).splitlines()))
    written = [row["sigma_ln_g_X"] for row in rows]
    assert [float(text or "nan") for text in written] == pytest.approx(
        list(itertools.chain(*sigma)), rel=0, nan_ok=True
    )
    assert written.count("") == 1
    files = text_formats.hepdata_tables(boundaries, LABELS, sigma)
    values = json.loads(files["second_1.yaml"])["dependent_variables"][0]["values"]
    assert ["errors" in one for one in values] == [False, True, True]
    error = values[1]["errors"][0]["symerror"]
    assert error == pytest.approx(boundaries.curves[1].g_X[1] * sigma[1][1], rel=1e-15)


def test_hepdata():
    boundaries = made_up()
    files = text_formats.hepdata_tables(boundaries, LABELS)
    documents = [json.loads(part) for part in files["submission.yaml"].split("\n---\n")]
    assert "made_up" in documents[0]["comment"]
    assert [one["data_file"] for one in documents[1:]] == [
        name for name in files if name != "submission.yaml"
    ]
    for document, curve in zip(documents[1:], boundaries.curves, strict=True):
        table = json.loads(files[document["data_file"]])
        for variable, values in (("independent_variables", curve.m_X), ("dependent_variables", curve.g_X)):
            [column] = table[variable]
            assert [one["value"] for one in column["values"]] == values.tolist()


def read_as_darkcast_does(text):
    """Columns by name: labels from the first line, then as many numbers a row; a mass counts once."""
    first, *rest = text.splitlines()
    labels = first.replace("#", "").split()
    rows = [[float(word) for word in line.split("#")[0].split()] for line in rest if line.split("#")[0]]
    assert {len(row) for row in rows} == {len(labels)}
    assert len({row[0] for row in rows}) == len(rows)
    assert rows == sorted(rows)
    return dict(zip(labels, np.array(rows).T, strict=True))


def test_darkcast():
    """An island that a hole splits and a threshold shifts; another beyond a veto; one open upwards."""
    texts = text_formats.lmt_texts(
        [
            region([0.1, 0.2], [1e-4, 1e-5], [1e-4, 1e-3], search="a"),
            region([0.2, 0.3], [1e-5, 1e-5], [1e-4, 3e-5], search="a"),
            region([0.2, 0.3], [1e-4, 5e-4], [1e-3, 1e-3], search="a"),
            region([0.3, 0.4], [2e-5, 2e-5], [3e-5, 4e-5], search="a"),
            region([0.5, 0.6], [1e-5, 2e-5], [1e-3, 2e-5], search="a"),
            region([0.1, 0.2], [1e-5, 2e-5], [1.0, 1.0], search="b c"),
        ]
    )
    assert list(texts) == ["a_1.lmt", "a_2.lmt", "a_3.lmt", "b_c_1.lmt"]
    first, hole, beyond, open_above = map(read_as_darkcast_does, texts.values())
    assert list(first) == ["mass", "lower", "upper"]
    after = [np.nextafter(x, 1) for x in (0.2, 0.3)]
    np.testing.assert_array_equal(first["mass"], [0.1, 0.2, after[0], 0.3, after[1], 0.4])
    np.testing.assert_array_equal(first["lower"], [1e-4, 1e-5, 1e-5, 1e-5, 2e-5, 2e-5])
    np.testing.assert_array_equal(first["upper"], [1e-4, 1e-3, 1e-4, 3e-5, 3e-5, 4e-5])
    assert first["lower"][0] == first["upper"][0]  # a tip
    np.testing.assert_array_equal(hole["mass"], [0.2, 0.3])
    np.testing.assert_array_equal(beyond["mass"], [0.5, 0.6])  # nothing between 0.4 and 0.5
    np.testing.assert_array_equal(open_above["upper"], [1.0, 1.0])


def test_regions_that_meet_within_the_rounding_of_a_mass_are_one_piece():
    for gap, pieces in ((1e-15, 1), (-1e-15, 1), (1e-6, 2)):
        some = [
            region([0.1, 0.2], [1e-5, 1e-5], [1e-3, 1e-3], search="a"),
            region([0.2 * (1 + gap), 0.3], [1e-5, 1e-5], [1e-3, 1e-3], search="a"),
        ]
        texts = text_formats.lmt_texts(some)
        assert len(texts) == pieces
        assert all(len(read_as_darkcast_does(text)["mass"]) >= 2 for text in texts.values())


ISLAND = {
    "title": "island",
    "model": "b_minus_l",
    "treatments": ["figure"],
    "searches": {"set": "corrected", "only": ["lhcb_2017_bplus_kplus_mumu_displaced"]},
    "axes": {
        "m_X": {"min": 0.1, "max": 5, "points": 2, "spacing": "log"},
        "g_X": {"min": 1e-9, "max": 1, "points": 2, "spacing": "log"},
    },
}


def test_the_limits_of_an_island_leave_its_vetoes_out():
    """Inside every piece what the library says of one mass; none at the masses of the K_S veto."""
    regions = jaxtri.boundaries(ISLAND)["figure"].regions
    pieces = [read_as_darkcast_does(text) for text in text_formats.lmt_texts(regions).values()]
    assert len(pieces) == 2  # below and above the veto, though regions meet a rounding of the mass apart
    for m_X in (0.3, 0.35, 0.44, 0.6, 1.0):
        found = [
            (
                float(np.interp(m_X, one["mass"], one["lower"])),
                float(np.interp(m_X, one["mass"], one["upper"])),
            )
            for one in pieces
            if one["mass"][0] < m_X < one["mass"][-1]
        ]
        (expected,) = jaxtri.excluded_couplings(ISLAND, m_X)["figure"].values()
        np.testing.assert_allclose(np.reshape(found, (-1, 2)), np.reshape(expected, (-1, 2)), rtol=1e-3)
        assert len(found) == (m_X in (0.3, 0.35, 0.6))  # 0.44 is vetoed, at 1 nothing is excluded


def submitted(folder, boundaries, sigma=()):
    """Files of a submission, and whether HEPData's own validator takes them."""
    files = text_formats.hepdata_tables(boundaries, LABELS, sigma)
    for name, text in files.items():
        (folder / name).write_text(text)
    program = "from hepdata_validator.cli import validate; validate()"
    done = subprocess.run(
        [sys.executable, "-c", program, "-d", folder],
        check=False, capture_output=True, text=True, timeout=PATIENCE_S,
    )  # fmt: skip
    return done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("sigma", ["none", "some", "zero"])
def test_hepdata_takes_a_submission(tmp_path, sigma):
    boundaries = made_up()
    errors = {
        "none": (),
        "some": [np.linspace(0.01, 0.05, len(one.m_X)).tolist() for one in boundaries.curves],
        "zero": [np.zeros(len(one.m_X)).tolist() for one in boundaries.curves],
    }
    taken, messages = submitted(tmp_path, boundaries, errors[sigma])
    assert taken, messages


def test_hepdata_does_not_take_everything(tmp_path):  # so that the test above is able to fail
    assert not submitted(tmp_path, dataclasses.replace(made_up(), curves=()))[0]


@pytest.mark.parametrize("name", ["my search, v2", 'a "quoted" one', "Bélle II", "two\nlines", "a;b"])
def test_any_name_of_a_search_is_written(tmp_path, name):
    boundaries = made_up()
    renamed = dataclasses.replace(
        boundaries,
        curves=tuple(dataclasses.replace(one, search=name) for one in boundaries.curves),
        regions=tuple(dataclasses.replace(one, search=name) for one in boundaries.regions),
    )
    rows = list(csv.DictReader(io.StringIO(text_formats.csv_text(renamed), newline="")))
    assert {row["search"] for row in rows} == {name}
    assert {float(row["g_X"]) for row in rows} == {g for one in boundaries.curves for g in one.g_X}
    files = text_formats.texts(renamed, [LABELS[0] | {"name": name}], "lmt", "stem")
    files |= text_formats.texts(renamed, [LABELS[0] | {"name": name}], "hepdata", "stem")
    for file, text in files.items():
        assert file.isascii()
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(text)
    path = tmp_path / "curves.h5"
    write_curves(path, made_up_header(3, 3), renamed)
    back = open_scan(path).boundaries
    same(back.curves, renamed.curves)
    assert {one.search for one in back.regions} == {name}


def test_hdf5(tmp_path):
    boundaries = made_up()
    path = tmp_path / "curves.h5"
    write_curves(path, made_up_header(3, 3), boundaries)
    back = open_scan(path).boundaries
    same(back.curves, boundaries.curves)
    same(back.groups["Z"], boundaries.groups["Z"])
    np.testing.assert_array_equal(back.walls["K"], boundaries.walls["K"])
    np.testing.assert_array_equal(back.regions[0].g_X, boundaries.regions[0].g_X)
    with h5py.File(path) as file:  # as the docstring of `ragged` says
        group = file["boundaries/second"]
        assert group["vertices"][...].tolist() == [5, 3]
        assert group["closed"][...].tolist() == [1, 0]
        assert text_of(group["mass"], "units") == "GeV"
        np.testing.assert_array_equal(group["slope"][5:8], boundaries.curves[1].slope)


@pytest.mark.parametrize("engine", ["h5netcdf", "netcdf4"])
@pytest.mark.parametrize("empty", [False, True], ids=["some", "nothing excluded"])
def test_xarray_opens_the_curves_with_all_their_dimensions(tmp_path, engine, empty):
    """As a tree and one group at a time, with no dimension that it has to make up."""
    boundaries, path = made_up(), tmp_path / "curves.h5"
    if empty:
        boundaries = Boundaries(
            treatment="figure", curves=(), groups=dict.fromkeys(GROUPS, ()), regions=(), unresolved=0,
            walls=dict.fromkeys(GROUPS, np.zeros((0, 3))),
        )  # fmt: skip
    header = made_up_header(3, 3)
    write_curves(path, header, boundaries)
    with xarray.open_datatree(path, engine=engine) as tree:
        assert not [dim for one in tree.subtree for dim in one.dims if "phony" in dim]
        for search in {one.search for one in boundaries.curves}:
            group, curves = tree["boundaries"][search], boundaries.of(search)
            assert group["vertices"].values.tolist() == [len(one.m_X) for one in curves]
            for name, stored in (("m_X", "mass"), ("g_X", "coupling"), ("slope", "slope")):
                assert group[stored].dims == ("vertex",)
                values = np.concatenate([getattr(one, name) for one in curves])
                np.testing.assert_array_equal(group[stored].values, values)
            np.testing.assert_array_equal(group["m_X"].values, header.axes["m_X"])  # the scan's
        for name, walls in boundaries.walls.items():
            assert tree["boundaries/unions"][name]["walls"].dims == ("wall", "part")
            np.testing.assert_array_equal(tree["boundaries/unions"][name]["walls"].values, walls)
    with xarray.open_dataset(path, engine=engine, group="boundaries/regions") as data:
        assert data.sizes["curve"] == len(boundaries.regions)
    same(open_scan(path).boundaries.curves, boundaries.curves)


SPEC = """title = "small"
model = "b_minus_l"
treatments = ["figure"]
searches.set = "printed"
searches.only = ["lhcb_2017_bplus_kplus_mumu_displaced", "na62_2021_kpi_invisible_low"]
axes.m_X = {min = 1e-2, max = 1.0, points = 40, spacing = "log"}
axes.g_X = {min = 1e-9, max = 1.0, points = 30, spacing = "log"}
"""


def test_command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(SPEC)
    assert main(["run", "small.toml", "--quiet"]) == 0
    for name in ("csv", "hepdata", "lmt", "h5"):
        assert main(["boundary", "small.toml", "--format", name]) == 0
    names = {path.name for path in tmp_path.iterdir()}
    assert {"small_figure_boundaries.csv", "small_figure_boundaries.h5"} <= names
    assert len(list((tmp_path / "small_figure_hepdata").iterdir())) == 3
    assert {path.suffix for path in (tmp_path / "small_figure_lmt").iterdir()} == {".lmt"}
    first = (tmp_path / "small_figure_boundaries.csv").read_text()
    assert main(["boundary", "small.toml"]) == 4  # nothing is overwritten
    assert main(["boundary", "small_figure.h5", "--force"]) == 0
    assert (tmp_path / "small_figure_boundaries.csv").read_text() == first  # as the scan file holds them
    assert main(["boundary", "small_figure.h5", "--bands", "--force"]) == 2
    same(open_scan("small_figure.h5").boundaries.curves, jaxtri.boundaries("small.toml")["figure"].curves)
    capsys.readouterr()
    assert main(["boundary", "small.toml", "--bands", "--force"]) == 0
    out = capsys.readouterr().out
    assert "leading: ckm_" in out
    assert "2 sigma" in out
    rows = list(csv.DictReader((tmp_path / "small_figure_boundaries.csv").read_text().splitlines()))
    known = [float(row["sigma_ln_g_X"]) for row in rows if row["sigma_ln_g_X"]]
    assert 0.5 < len(known) / len(rows) < 1  # walls have none
    assert 0.005 < np.median(known) < 0.1
    assert (tmp_path / "small_bands.png").stat().st_size > 10_000
    assert main(["boundary", "small.toml", "--bands"]) == 4


@pytest.mark.parametrize("file_format", ["csv", "hepdata", "lmt", "h5"])
def test_nothing_excluded_is_said_and_ends_in_code_3(tmp_path, monkeypatch, capsys, file_format):
    monkeypatch.chdir(tmp_path)
    charges = "\n".join(f"model.charges.{name} = 0" for name in FERMIONS)
    (tmp_path / "dark.toml").write_text(
        SPEC.replace(
            'model = "b_minus_l"', f'model.title = "dark"\nmodel.neutrinos = "chiral"\n{charges}'
        ).replace('"figure"', '"matched"')
    )
    assert main(["boundary", "dark.toml", "--format", file_format]) == 3
    assert "dark: nothing is excluded under matched; wrote " in capsys.readouterr().err
    written = [path.suffix for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".toml"]
    assert written == {"csv": [".csv"], "h5": [".h5"]}.get(file_format, [])


def test_unresolved_masses_end_in_code_3(tmp_path, monkeypatch, capsys):
    """After everything is written."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(SPEC)
    found = {
        name: dataclasses.replace(one, unresolved=2) for name, one in jaxtri.boundaries("small.toml").items()
    }
    monkeypatch.setattr(boundary, "boundaries", lambda spec: found)
    assert main(["boundary", "small.toml"]) == 3
    assert "2 critical masses" in capsys.readouterr().err
    assert (tmp_path / "small_figure_boundaries.csv").exists()


def test_names_of_searches_never_meet_in_a_file():
    """Whatever they are made of, and on file systems that do not tell cases apart."""
    names = ["日本", "東京", "a_b", "a,b", "A_b", ".hidden", "x" * 240]
    some = [region([0.1, 0.2], [1e-5, 1e-5], [1e-3, 1e-3], search=name) for name in names]
    files = list(text_formats.lmt_texts(some))
    assert len({name.lower() for name in files}) == len(names)
    assert all(len(name) < 120 and not name.startswith(".") and name.isascii() for name in files)
