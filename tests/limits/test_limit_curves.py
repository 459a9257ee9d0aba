"""Limit curves: what the shipped files say, what counts as a hole, what a search may name.

Oracle: numbers typed from the publications' tables and figures; the files read again by the csv module.
"""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest

from jaxtri import load_searches
from jaxtri.errors import InputError
from jaxtri.limits.limit_curves import curve_of_points, read_limit_curve, wide_steps
from jaxtri.limits.search_tables import chosen_tables, curves_of, label_of
from jaxtri.tables.curve_schema import CurveFile
from jaxtri.tables.reader import FOLDER, read
from jaxtri.tables.schema import SearchTable

SHIPPED = sorted(path.stem for path in (FOLDER / "curves").glob("*.csv"))
FACTS = {  # search: (m_X [GeV], lifetime [ps], limit) as published
    "na62_2025_kpi_invisible": [
        (0.0, 100, 3.321e-11),
        (0.0520404, 2000, 1.816e-11),
        (0.201111, 1000, 3.102e-11),
        (0.245556, 10000, 4.265e-12),
    ],
    "na62_2021_kpi_invisible_pi0": [
        (0.121514, 500, 1.673e-7),
        (0.133222, 100, 0.4853),
        (0.133222, 10000, 9.177e-10),
    ],
    "e949_2009_kpi_invisible": [
        (0.0, 100, 1.453e-10),
        (0.0882828, 1000, 4.394e-10),
        (0.223333, 10000, 5.579e-10),
    ],
    "na62_2025_kpi_mumu": [(0.216126, 0, 2.45e-11), (0.26903, 100, 4.188e-10), (0.319683, 1e5, 2.296e-7)],
    "na48_2017_kpi_mumu": [(0.225859, 10, 3.84e-10), (0.290505, 1000, 1.734e-8), (0.347071, 1e5, 6.902e-8)],
    "microboone_2021_kpi_ee": [
        (0.01, 2173.95, 2.524e-9),
        (0.15, 49434.9, 9.748e-12),
        (0.21, 1.09842e8, 1.336e-10),
    ],
    "lhcb_2017_bplus_kplus_mumu": [  # lower edges of bins in lifetime: the middles are 10^0.05 higher
        (0.336625, 0.1 * 10**0.05, 6.051e-10),
        (2.49659, 1 * 10**0.05, 8.869e-10),
        (4.57374, 1000 * 10**0.05, 5.844e-9),
    ],
    "lhcb_2015_b0_kstar0_mumu": [(0.259, 0.1, 2.577e-9), (1.754, 10, 9.909e-10), (4.036, 1000, 3.761e-8)],
    "belle2_2023_bplus_kplus_ee": [
        (0.06315, 0.0333564, 9.877e-7),
        (0.74308, 33.3564, 9.011e-8),
        (1.9503, 3335.64, 4.919e-7),
    ],
    "belle2_2023_bplus_kplus_mumu": [
        (0.24608, 0.0333564, 7.366e-7),
        (0.85717, 0.83391, 1.146e-7),
        (1.9087, 33.3564, 5.492e-8),
    ],
    "belle2_2023_b0_kstar0_ee": [
        (0.06315, 0.0333564, 2.710e-6),
        (0.74308, 33.3564, 1.343e-7),
        (1.9503, 1667.82, 4.282e-7),
    ],
    "belle2_2023_b0_kstar0_mumu": [
        (0.24608, 0.83391, 9.199e-8),
        (0.85717, 33.3564, 1.094e-7),
        (1.9087, 3335.64, 6.947e-7),
    ],
}
HOLES = {  # steps in mass without data; nothing else is a hole
    "na62_2025_kpi_invisible": [(0.109737, 0.154444)],
    "e949_2009_kpi_invisible": [(0.115, 0.151111)],
    "lhcb_2017_bplus_kplus_mumu": [(0.380267, 0.497076), (2.92747, 3.1976), (3.57209, 3.86689)],
    "lhcb_2015_b0_kstar0_mumu": [(2.912, 3.212), (3.608, 3.875)],
}
RANGES = {
    "belle2_2023_bplus_kplus_ee": (0.025, 4.7728),
    "belle2_2023_bplus_kplus_mumu": (0.21271, 4.7736),
    "belle2_2023_b0_kstar0_ee": (0.025, 4.3704),
    "belle2_2023_b0_kstar0_mumu": (0.21271, 4.3719),
    "na62_2025_kpi_invisible": (0.0, 0.258889),
    "lhcb_2015_b0_kstar0_mumu": (0.214, 4.349),
}
BEYOND = {  # below the first lifetime, above the last
    "na62_2025_kpi_mumu": ("constant", "masked"),
    "na48_2017_kpi_mumu": ("constant", "masked"),
    "lhcb_2017_bplus_kplus_mumu": ("constant", "decay_scaling"),
    "lhcb_2015_b0_kstar0_mumu": ("constant", "decay_scaling"),
    "microboone_2021_kpi_ee": ("masked", "masked"),
}  # of the rest: Belle II ("masked", "masked"), invisible X ("masked", "constant")
ROUNDING = 1e-5  # the printed edges of bins have six digits
FLIGHT = 'prompt = {tau_ps = 1.0, locator = "none"}\n'
GRID = "m_X,tau_ps=10,100\n" + "".join(f"{0.1 + 0.01 * i:.2f},1e-9,2e-9\n" for i in range(10))
OWN = """
title = "a search of one's own"
experiment = "Own"
channel = "K+ -> pi+ X"
final_state = "e+ e-"
kind = "limit"
curve = "own.csv"
confidence = 0.9
m_X = [0.1, 0.19]
sets = ["2026"]
reference = "none"
locator = "none"
bibtex = "none"
"""


def shipped(name):
    return read_limit_curve(FOLDER / "curves" / f"{name}.csv")


def numbers_in(name):
    """Masses, lifetimes as written, and limits of a shipped file, by the csv module."""
    lines = (FOLDER / "curves" / f"{name}.csv").read_text().splitlines()
    head, *rows = csv.reader(line for line in lines if not line.startswith("#"))
    tau = [float(cell.removeprefix("tau_ps=")) for cell in head[1:]]
    return [float(row[0]) for row in rows], tau, [[float(cell or "nan") for cell in row[1:]] for row in rows]


def test_every_curve_has_facts():
    assert set(FACTS) == set(SHIPPED)
    assert min(map(len, FACTS.values())) >= 3


@pytest.mark.parametrize("name", SHIPPED)
def test_published_numbers(name):
    curve = shipped(name)
    for m_X, tau_ps, limit in FACTS[name]:
        (i,) = np.flatnonzero(curve.m_X == m_X)
        (k,) = np.flatnonzero(np.isclose(curve.tau_ps, tau_ps, rtol=ROUNDING, atol=0))
        assert curve.limit[i, k] == limit


@pytest.mark.parametrize("name", SHIPPED)
def test_every_number_of_a_file_is_read(name):
    curve, (m_X, tau_ps, limit) = shipped(name), numbers_in(name)
    rows = len(curve.m_X)
    assert len(m_X) - rows == (1 if name.startswith("belle2") else 0)  # the mass at the kinematic edge
    np.testing.assert_array_equal(curve.m_X, m_X[:rows])
    np.testing.assert_array_equal(curve.limit, limit[:rows])
    scale = 10**0.05 if name == "lhcb_2017_bplus_kplus_mumu" else 1.0
    np.testing.assert_allclose(curve.tau_ps, np.array(tau_ps) * scale, rtol=ROUNDING)
    assert (curve.tau == "lower_edge") == (scale > 1)


@pytest.mark.parametrize("name", SHIPPED)
def test_holes_and_ends(name):
    curve = shipped(name)
    low, high = curve.m_X[:-1][curve.is_hole], curve.m_X[1:][curve.is_hole]
    assert list(zip(low.tolist(), high.tolist(), strict=True)) == HOLES.get(name, [])
    if name in RANGES:
        assert (curve.m_X[0], curve.m_X[-1]) == RANGES[name]
    last = "constant" if "invisible" in name else "masked"
    assert (curve.below, curve.above) == BEYOND.get(name, ("masked", last))


@pytest.mark.parametrize("name", SHIPPED)
def test_every_curve_has_a_source(name):
    curve = shipped(name)
    table = read(FOLDER / "searches" / f"{name}.toml", SearchTable)
    assert curve.reference == table.reference
    assert curve.locator
    assert curve.confidence == table.confidence
    assert curve.spin == 0
    assert curve.factor == (pytest.approx(2 / 3) if name.startswith("belle2_2023_b0") else 1)
    assert table.m_X == [curve.m_X[0], curve.m_X[-1]]


def test_omega_and_phi_are_masked_below_a_picosecond_alone():
    curve = shipped("lhcb_2015_b0_kstar0_mumu")
    for low, high in ((0.743, 0.821), (1.001, 1.037)):
        step = (curve.m_X[:-1] >= low) & (curve.m_X[1:] <= high)
        assert step.sum() > 5
        np.testing.assert_array_equal(curve.known[step], np.tile(curve.tau_ps >= 1, (step.sum(), 1)))


def test_a_far_wider_step_is_a_hole():
    even = np.arange(0.0, 1.0, 0.1)
    gap = np.delete(np.arange(0.0, 3.0, 0.1), np.arange(10, 15))  # six steps wide
    assert not wide_steps(even).any()
    assert np.flatnonzero(wide_steps(gap)).tolist() == [9]
    assert not wide_steps(np.delete(np.arange(0.0, 3.0, 0.1), [10, 11])).any()  # three steps wide
    assert not wide_steps(np.geomspace(1e-3, 10, 40)).any()
    assert not wide_steps(np.array([0.0, 1.0, 100.0])).any()  # too few to say


def test_a_declared_hole_masks_every_step_that_it_touches(tmp_path):
    (tmp_path / "own.csv").write_text(GRID)
    plain = read_limit_curve(tmp_path / "own.csv")
    cut = read_limit_curve(tmp_path / "own.csv", CurveFile(file="own.csv", holes=[[0.125, 0.13]]))
    assert plain.known.all()
    assert np.flatnonzero(~cut.known[:, 0]).tolist() == [2]
    wider = read_limit_curve(tmp_path / "own.csv", CurveFile(file="own.csv", holes=[[0.125, 0.131]]))
    assert np.flatnonzero(~wider.known[:, 0]).tolist() == [2, 3]
    assert len({plain.digest, cut.digest, wider.digest}) == 3


def test_keys_in_the_search_replace_those_at_the_head(tmp_path):
    (tmp_path / "own.csv").write_text("# below = constant\n# factor = 0.5\n" + GRID)
    curve = read_limit_curve(tmp_path / "own.csv", CurveFile(file="own.csv", factor=0.25, last_mass=0.15))
    assert (curve.below, curve.above, curve.factor, curve.m_X[-1]) == ("constant", "masked", 0.25, 0.15)
    np.testing.assert_allclose(np.exp(curve.log_limit[0]), [4e-9, 8e-9])
    assert curve.smallest == 4e-9


def test_points_in_the_search():
    curve = curve_of_points([[0.1, 1e-9], [0.2, 2e-9]], "mine")
    assert (curve.m_X.tolist(), curve.limit.tolist(), len(curve.tau_ps)) == ([0.1, 0.2], [[1e-9], [2e-9]], 0)
    assert (curve.below, curve.above, curve.knots.tolist()) == ("constant", "constant", [0.0])
    grid = curve_of_points([[0.1, 1, 1e-9], [0.2, 1, 2e-9], [0.1, 5, 3e-9]], "mine")
    assert grid.known.tolist() == [[True, False]]
    assert grid.below == "masked"
    with pytest.raises(InputError, match=r"mine: limit: m_X = 0\.1 follows 0\.2; masses ascend"):
        curve_of_points([[0.2, 1e-9], [0.1, 2e-9]], "mine")
    with pytest.raises(InputError, match="a mass and lifetime stand twice"):
        curve_of_points([[0.1, 1, 1e-9], [0.2, 1, 1e-9], [0.1, 1, 2e-9]], "mine")


def written(folder, text=OWN, curve=GRID):
    (folder / "own.toml").write_text(text)
    (folder / "own.csv").write_text(curve)
    return [folder / "own.toml"]


def test_a_curve_lies_beside_its_search(tmp_path, monkeypatch):
    files = written(tmp_path)
    monkeypatch.chdir("/")
    mode, tables, _ = chosen_tables("2026", only=["own"], files=files)
    curves = curves_of(tables, files)
    label = label_of("own", tables["own"], mode, curves["own"])
    assert label.limit == 1e-9
    assert label.confidence == 0.9
    conditions = json.loads(label.conditions)
    assert conditions["curve_sha256"] == curves["own"].digest
    assert "own.csv" not in label.conditions  # where it lies does not decide


def test_a_search_may_hold_points(tmp_path):
    text = OWN.replace('curve = "own.csv"', "limit = [[0.1, 1e-9], [0.19, 2e-9]]")
    files = written(tmp_path, text + FLIGHT)
    _, tables, _ = chosen_tables("2026", only=["own"], files=files)
    assert curves_of(tables, files)["own"].limit[:, 0].tolist() == [1e-9, 2e-9]


def test_printed_numbers_replace_a_curve(tmp_path):
    text = OWN.replace('"2026"', '"printed", "2026"') + f"[printed]\nlimit = 1e-8\n{FLIGHT}"
    files = written(tmp_path, text)
    assert load_searches("printed", only=["own"], files=files).limit.tolist() == [1e-8]
    assert curves_of(chosen_tables("2026", only=["own"], files=files)[1], files).keys() == {"own"}


WRONG = {
    "both": (OWN + "limit = 1e-9\n", GRID, "give limit or curve, not both"),
    "a measurement": (
        OWN.replace('"limit"', '"measurement"') + "value = 1e-9\nstat_up = 1e-9\n",
        GRID,
        'curve belongs to kind = "limit"',
    ),
    "neither": (OWN.replace('curve = "own.csv"', ""), GRID, "needs limit and confidence, or curve"),
    "no file": (OWN.replace("own.csv", "other.csv"), GRID, "other.csv: cannot be read"),
    "a number for a file": (OWN.replace('"own.csv"', "1.0"), GRID, "curve = 1.0: give the name of a file"),
    "an unknown key": (
        OWN.replace('"own.csv"', '{file = "own.csv", bellow = "masked"}'),
        GRID,
        'no key "bellow"; did you mean below?',
    ),
    "text for a limit": (OWN.replace('curve = "own.csv"', 'limit = "low"'), GRID, "give a number, or points"),
    "one point": (
        OWN.replace('curve = "own.csv"', "limit = [[0.1, 1e-9]]") + FLIGHT,
        GRID,
        "limit = [[0.1, 1e-09]]: list should have at least 2 items",
    ),
    "ragged points": (
        OWN.replace('curve = "own.csv"', "limit = [[0.1, 1e-9], [0.2, 1, 1e-9]]") + FLIGHT,
        GRID,
        "[0.2, 1.0, 1e-09] is no [m_X, limit] or [m_X, tau_ps, limit] as the others are",
    ),
    "a point above 1": (
        OWN.replace('curve = "own.csv"', "limit = [[0.1, 1e-9], [0.2, 3.0]]") + FLIGHT,
        GRID,
        "[0.2, 3.0]: give a mass [GeV], for a triple a lifetime [ps], and a limit in (0, 1]",
    ),
    "MeV": (OWN, GRID.replace("\n0.", "\n"), "m_X = [0.1, 0.19], but its curve has masses 10 to 19 GeV"),
    "MeV in a wide window": (
        OWN.replace("[0.1, 0.19]", "[0.0, 0.3]"),
        "m_X,tau_ps=10\n0.1,1e-9\n60,1e-9\n",
        "but its curve has masses 0.1 to 60 GeV",
    ),
    "confidence": (OWN, "# confidence = 0.95\n" + GRID, "confidence = 0.9, but"),
    "lifetimes twice": (OWN + FLIGHT, GRID, "the limit is given for lifetimes: leave prompt out"),
    "no lifetimes": (OWN, "0.1,1e-9\n0.2,1e-9\n", "a visible final state needs either prompt or tau_ps"),
}


@pytest.mark.parametrize(("text", "curve", "words"), WRONG.values(), ids=WRONG)
def test_refuses(tmp_path, text, curve, words):
    files = written(tmp_path, text, curve)
    with pytest.raises((InputError, OSError)) as raised:
        curves_of(chosen_tables("2026", only=["own"], files=files)[1], files)
    assert words in str(raised.value)
    assert str(tmp_path) in str(raised.value)


def test_the_set_2026_is_listed_without_jax():
    code = (
        "import sys; from jaxtri.__main__ import main; main(['searches', '--set', '2026'])\n"
        "print(sorted({'jax', 'yaml'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    *lines, loaded = out.splitlines()
    assert loaded == "[]"
    _, tables, _ = chosen_tables("2026")
    assert [line.split()[0] for line in lines] == list(tables)
    assert len(lines) == 26
    begins = {line.split()[0] for line in lines if " from " in line}
    assert begins == set(curves_of(tables)) == {*SHIPPED, "koto_2019_klpi0_invisible"}


def test_never_a_fit_or_an_excess():
    _, tables, _ = chosen_tables("2026")
    assert all(table.kind == "limit" for table in tables.values())
    for word in ("2311.14647", "2507.12393", "1303.7465"):
        assert not any(word in table.reference for table in tables.values())
