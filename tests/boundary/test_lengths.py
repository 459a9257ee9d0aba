"""What effective lengths of flight are worth.

Oracle: the same search with the end of its range as its length, by `excluded_couplings` at single masses.
"""

import csv
import itertools
import json
import math

import numpy as np
import pytest

import jaxtri
from jaxtri.boundary.lengths import ENDS
from jaxtri.errors import InputError
from jaxtri.limits.search_tables import chosen_tables, label_of
from jaxtri.scans.provenance import header

EXACT = 1e-9  # ln g_X: a vertex against a root of another solver
MISS = 1e-2  # of ln g_X, where the length matters
RANGES = {"escapes": (75.0, 150.0), "decays": (0.1, 10.0), "displaced": None}
TABLES = {
    "escapes": 'channel = "K+ -> pi+ X"\nfinal_state = "invisible"\nm_X = [0.03, 0.1]\nlimit = 6e-11\n'
    'escape = {length_m = 100.0, beta_gamma_parent = 152.0, locator = "x", length_range_m = [75.0, 150.0]}\n',
    "decays": 'channel = "KL -> pi0 X"\nfinal_state = "e+ e-"\nm_X = [0.14, 0.2]\nlimit = 2.8e-10\n'
    'prompt = {length_m = 1.0, beta_gamma_parent = 141.0, locator = "none", length_range_m = [0.1, 10.0]}\n',
    "displaced": 'channel = "B+ -> K+ X"\nfinal_state = "mu+ mu-"\nm_X = [0.3, 0.4]\nlimit = 1e-9\n'
    "tau_ps = [1.0, 100.0]\n",
}
HEAD = 'title = "made up"\nexperiment = "Own"\nkind = "limit"\nconfidence = 0.9\n'
TAIL = 'reference = "none"\nlocator = "none"\nbibtex = "none"\n'


def scan_in(folder, lengths=None):
    """A scan of three searches; with lengths of their own, as if those were the effective ones."""
    for name, text in TABLES.items():
        used = {"escapes": "100.0", "decays": "1.0"}.get(name)
        if lengths and used:
            text = text.replace(f"length_m = {used},", f"length_m = {lengths[name]!r},")
        (folder / f"{name}.toml").write_text(HEAD + text + TAIL)
    return spec_of(folder)


def spec_of(folder):
    return {
        "title": "lengths",
        "model": "b_minus_l",
        "treatments": ["figure"],
        "searches": {
            "set": "corrected",
            "only": [*TABLES],
            "files": [str(folder / f"{name}.toml") for name in TABLES],
        },
        "axes": {
            "m_X": {"min": 0.02, "max": 0.5, "points": 10, "spacing": "log"},
            "g_X": {"min": 1e-8, "max": 1e-2, "points": 10, "spacing": "log"},
        },
    }


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return jaxtri.length_bands(scan_in(tmp_path_factory.mktemp("used")))["figure"]


def test_searches_with_a_range_have_a_band(found):
    assert [one.search for one in found] == ["decays", "escapes"]
    for one in found:
        low, high = RANGES[one.search]
        used = {"escapes": 100.0, "decays": 1.0}[one.search]
        np.testing.assert_allclose(one.spread, (low / used, high / used), rtol=1e-15)


@pytest.mark.parametrize("end", [0, 1])
def test_both_ends_are_exact(found, tmp_path, end):
    scan = scan_in(tmp_path, {name: window[end] for name, window in RANGES.items() if window})
    others = []
    for one in found:
        for curve in one.curves[end]:
            for i in range(3, len(curve.m_X) - 3, max(1, len(curve.m_X) // 3)):
                at, u = float(curve.m_X[i]), math.log(curve.g_X[i])
                pairs = jaxtri.excluded_couplings(scan, at)["figure"][one.search]
                assert min(abs(u - math.log(g)) for pair in pairs for g in pair) < EXACT
                opposite = one.curves[1 - end]
                others += [
                    abs(u - np.interp(at, other.m_X, np.log(other.g_X)))
                    for other in opposite
                    if other.m_X[0] < at < other.m_X[-1]
                ]
    assert max(others) > MISS  # the other end is another curve


def test_a_longer_flight_excludes_less_that_escapes_and_more_that_decays(found):
    assert {one.search: ENDS[one.larger] for one in found} == {"escapes": "shortest", "decays": "longest"}


def test_the_width_is_that_between_the_edges(found, tmp_path):
    scans = []
    for end in (0, 1):
        folder = tmp_path / str(end)
        folder.mkdir()
        scans.append(scan_in(folder, {name: window[end] for name, window in RANGES.items() if window}))
    for one in found:
        m_X = float({"escapes": 0.06, "decays": 0.15}[one.search])
        lowest = [jaxtri.excluded_couplings(scan, m_X)["figure"][one.search][0][0] for scan in scans]
        width = abs(math.log(lowest[1] / lowest[0]))
        np.testing.assert_allclose(one.width(np.array([m_X])), width, rtol=1e-3)
        assert width > MISS
        assert max(part[2] for part in one.largest()) >= width * (1 - 1e-3)


def test_written_and_drawn(tmp_path, in_process):
    scan = scan_in(tmp_path)
    text = "\n".join(f"{key} = {json.dumps(scan[key])}" for key in ("title", "model", "treatments"))
    for table in ("searches",):
        text += f"\n[{table}]\n" + "\n".join(f"{k} = {json.dumps(v)}" for k, v in scan[table].items())
    text += "\n[axes]\nm_X = {min = 0.05, max = 0.16, points = 10, spacing = 'log'}\n"
    text += "g_X = {min = 1e-8, max = 1e-2, points = 10, spacing = 'log'}\n"
    (tmp_path / "mine.toml").write_text(text)
    code, out, _ = in_process(tmp_path, "boundary", "mine.toml", "--lengths")
    assert code == 0
    assert "escapes, 0.05-" in out
    assert "0.75 to 1.5 times that used" in out
    assert (tmp_path / "mine_lengths.png").stat().st_size > 10_000
    rows = list(csv.DictReader((tmp_path / "mine_figure_lengths.csv").read_text().splitlines()))
    assert {(row["search"], row["flight"], float(row["over_used"])) for row in rows} == {
        ("escapes", "shortest", 0.75), ("escapes", "longest", 1.5),
        ("decays", "shortest", 0.1), ("decays", "longest", 10.0),
    }  # fmt: skip
    for _, some in itertools.groupby(rows, lambda row: (row["search"], row["flight"], row["curve"])):
        assert len(list(some)) > 50
    code, _, err = in_process(tmp_path, "boundary", "mine.toml", "--lengths")
    assert code != 0
    assert "mine_lengths.pdf" in err


def test_a_file_has_no_lengths(tmp_path, in_process):
    (tmp_path / "mine.h5").write_bytes(b"")
    code, _, err = in_process(tmp_path, "boundary", "mine.h5", "--lengths")
    assert code == 2
    assert "--lengths needs the scan file" in err


def test_the_range_is_stored_and_decides_nothing(tmp_path):
    spec = jaxtri.load_spec(scan_in(tmp_path))
    top = header(spec, spec.treatments[0])
    labels = {one["name"]: one for one in top.searches}
    assert labels["escapes"]["flight_spread"] == (0.75, 1.5)
    assert labels["displaced"]["flight_spread"] == ()
    path = tmp_path / "escapes.toml"
    path.write_text(path.read_text().replace("[75.0, 150.0]", "[80.0, 120.0]"))
    assert jaxtri.load_spec(spec_of(tmp_path)).fingerprint(spec.treatments[0]) == top.fingerprint
    path.write_text(path.read_text().replace("length_m = 100.0", "length_m = 101.0"))
    assert jaxtri.load_spec(spec_of(tmp_path)).fingerprint(spec.treatments[0]) != top.fingerprint


def test_every_effective_length_that_is_shipped_has_a_range():
    missing = []
    for name in ("printed", "corrected", "2026", "binned"):
        mode, tables, _ = chosen_tables(name)
        for key, table in tables.items():
            flight = table.escape or table.prompt
            if flight is None:
                continue
            low, high = flight.spread or (math.nan, math.nan)
            if not low <= 1 <= high:
                missing.append(key)
            if name in ("printed", "corrected"):
                assert label_of(key, table, mode).flight_spread == flight.spread
    assert set(missing) == {"na62_2022_kpi_mumu"}  # full efficiency up to a measured lifetime


BAD = {
    "not inside": ("length_range_m = [75.0, 90.0]", "does not hold length_m = 100"),
    "from 0": ("length_range_m = [0.0, 150.0]", "or begins at 0"),
    "of a time": ("tau_range_ps = [75.0, 150.0]", "tau_range_ps goes with tau_ps"),
    "backwards": ("length_range_m = [150.0, 75.0]", "low < high"),
}


@pytest.mark.parametrize(("text", "words"), BAD.values(), ids=BAD)
def test_refuses(tmp_path, text, words):
    scan_in(tmp_path)
    path = tmp_path / "escapes.toml"
    path.write_text(path.read_text().replace("length_range_m = [75.0, 150.0]", text))
    with pytest.raises(InputError) as raised:
        jaxtri.load_searches("corrected", only=["escapes"], files=[path])
    assert words in str(raised.value)
    assert "escapes.toml" in str(raised.value)
