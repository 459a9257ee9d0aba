"""Tables of searches for a dark photon.  Oracles: what published abstracts say; what a reader must refuse."""

import shutil

import numpy as np
import pytest

from jaxtri.errors import InputError
from jaxtri.limits import dark_photon
from jaxtri.limits.dark_photon import displaced_limit, nodes_of, production_fractions, published_limits
from jaxtri.tables import reader

TABLES = ("searches.csv", "limits.csv", "production.csv", "lhcb_2019_displaced.csv")


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of the tables that a test may spoil."""
    for name in TABLES:
        shutil.copy(dark_photon.PLACE / name, tmp_path / name)
    monkeypatch.setattr(dark_photon, "PLACE", tmp_path)
    for function in (published_limits, displaced_limit, production_fractions):
        function.cache_clear()
    yield tmp_path
    for function in (published_limits, displaced_limit, production_fractions):
        function.cache_clear()


def test_what_the_tables_hold():
    found = published_limits()
    kinds = [one.search.kind for one in found]
    assert {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)} == {
        "prompt": 18, "displaced": 1, "dump": 18, "invisible": 9, "nu_e": 3
    }  # fmt: skip
    assert all(one.search.reference and one.search.locator and one.search.status for one in found)
    for one in found:
        assert np.all(np.diff(one.m_X) > 0)
        assert np.all(one.high >= one.low)
        assert (one.search.kind == "dump") == bool(np.isfinite(one.high).all())


def test_reference_models_are_those_of_the_publications():
    """BaBar's 4 mu limit is the coupling of L_mu - L_tau, as low as 7e-4 (abstract of arXiv:1606.03501)."""
    by_name = {one.search.search: one for one in published_limits()}
    assert by_name["babar_2016_4mu"].search.reference_model == "L_mu - L_tau"
    assert 6e-4 < by_name["babar_2016_4mu"].low.min() < 1e-3
    for name in ("na64_2022_bl", "borexino_2018", "texono_2018", "charm2_2018"):
        assert by_name[name].search.reference_model == "B-L"


def test_fractions_are_those_of_a_dark_photon():
    """Quarks above 1 GeV by charge and density: up quarks lead; two-thirds and more of Drell-Yan."""
    for name, (m_X, shares) in production_fractions().items():
        total = sum(shares.values())
        assert np.all(np.diff(m_X) > 0)
        assert np.all((total > 0.85) & (total < 1.06)), name
    m_X, shares = production_fractions()["lhcb"]
    assert np.all(shares["uu"][m_X > 1] > 0.6)


def test_holes_are_not_bridged():
    nodes = nodes_of(np.geomspace(0.6, 1.2, 400))
    names = [one.search.search for one in published_limits()]
    of_babar = nodes.position == names.index("babar_2014")
    m_X = nodes.m_X[of_babar]
    for low, high in ((0.7552, 0.81647), (0.99799, 1.0592)):
        assert not np.any((m_X > low) & (m_X < high))
    assert set(nodes.segment[of_babar]) == {0, 1, 2}


DUMP_ROW = next(
    line for line in (dark_photon.PLACE / "limits.csv").read_text().splitlines() if line.startswith("e137_a")
).removesuffix(",,")
SPOILED = {
    "a kind": ("searches.csv", "APEX,prompt", "APEX,sudden", r"line \d+: kind = 'sudden'"),
    "a dump without lengths": ("searches.csv", ",179,204,", ",,204,", "dump needs L_shield_m"),
    "no reference": ("searches.csv", "arXiv:1108.2750", "", r"line \d+: reference = ''"),
    "an unknown search": ("limits.csv", "apex_2011,0.1", "apex,0.1", 'search "apex" is not in searches.csv'),
    "a dump without an edge": ("limits.csv", DUMP_ROW, DUMP_ROW.rpartition(",")[0] + ",", "needs both edges"),
    "edges exchanged": ("limits.csv", "e774_1991,0.00103,", "e774_1991,0.00103,1,", r"line \d+: 7 columns"),
    "a hole that does not end": ("limits.csv", "babar_2014,0.81647,,,,hole_to\n", "", "needs a hole_to"),
    "a share above 1": ("production.csv", "faser,0.001,1,", "faser,0.001,7,", r"line \d+: pi0_gamma = '7'"),
    "a word in the grid": ("lhcb_2019_displaced.csv", "54.3,", "many,", r"line \d+ is .*; give \d+ numbers"),
}


@pytest.mark.parametrize(("name", "old", "new", "words"), SPOILED.values(), ids=SPOILED)
def test_a_wrong_table_is_refused(copied, name, old, new, words):
    path = copied / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(InputError, match=words):
        (published_limits(), production_fractions())


def test_a_grid_needs_axes_that_ascend(tmp_path):
    (tmp_path / "g.csv").write_text("m_X,1,2\n0.2,3,\n0.1,4,5\n")
    with pytest.raises(InputError, match="two axes that ascend"):
        reader.read_grid(tmp_path / "g.csv")
    (tmp_path / "g.csv").write_text("# a comment\nm_X,1,2\n0.1,3,\n0.2,4,5\n")
    down, across, numbers = reader.read_grid(tmp_path / "g.csv")
    np.testing.assert_array_equal(down, [0.1, 0.2])
    np.testing.assert_array_equal(across, [1, 2])
    np.testing.assert_array_equal(numbers, [[3, np.nan], [4, 5]])
