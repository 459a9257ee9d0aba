"""Published limits beside those in use.  Oracle: the files, read by the csv module; cells counted here."""

import dataclasses

import numpy as np
import pytest

from jaxtri import validate
from jaxtri.errors import InputError, StorageError
from jaxtri.limits import validation
from jaxtri.limits.search_tables import chosen_tables
from published_curves import HOLES, SHIPPED, table

FILLED = ("e949_2009_kpi_invisible", "na62_2025_kpi_invisible")  # there are rows inside of their holes
ROUNDING = 1e-12  # of ln(limit), about 20, from differences of masses near 4 GeV
MISS = 1e-9
OWN = """
title = "a search of one's own"
experiment = "Own"
channel = "K+ -> pi+ X"
final_state = "e+ e-"
kind = "limit"
curve = {file = "own.csv", factor = 0.5, below = "constant", above = "decay_scaling", holes = [[0.13, 0.14]]}
confidence = 0.9
m_X = [0.115, 0.19]
m_X_vetoes = [[0.16, 0.17]]
sets = ["2026"]
reference = "none"
locator = "none"
bibtex = "none"
"""
GRID = "m_X,tau_ps=10,100\n" + "".join(
    f"{0.1 + 0.01 * i:.2f},{i + 1}e-9,{'' if i == 9 else 2e-9}\n" for i in range(10)
)


def cells_of(name):
    """Published numbers, and whether each cell of a file has four of them."""
    m_X, _, y, _ = table(name)
    there = np.isfinite(y)
    cells = there[1:, 1:] & there[1:, :-1] & there[:-1, 1:] & there[:-1, :-1]
    for low, high in HOLES.get(name, ()):
        cells[(m_X[:-1] < high) & (m_X[1:] > low)] = False
    return there, cells


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_curve_is_what_was_published(name):
    found = validate(name)
    there, cells = cells_of(name)
    rows, columns = there.shape
    assert (found.set_name, found.kind) == ("2026", "mass and lifetime")
    assert found.places == (2 * rows - 1) * (2 * columns - 1)
    assert found.disagreements == 0
    assert found.at_nodes < ROUNDING
    assert found.at_midpoints < ROUNDING
    assert found.beyond < ROUNDING
    assert np.array_equal(np.isfinite(found.limit[1::2, 1::2]), cells)
    assert found.masked == np.sum(~np.isfinite(found.limit))
    if name not in FILLED:
        assert list(found.holes) == HOLES.get(name, [])
    touched = np.zeros(there.shape, dtype=bool)
    for i, k in np.ndindex(cells.shape):
        touched[i : i + 2, k : k + 2] |= cells[i, k]
    touched[:, 0] |= there[:, 0] & (found.below == "constant")
    touched[:, -1] |= there[:, -1] & (found.above != "masked")
    assert found.unused == np.sum(there & ~np.isfinite(found.limit[::2, ::2]))
    if not HOLES.get(name):
        assert found.unused == np.sum(there & ~touched)
    smallest = min(one.smallest for one in found.lifetimes if one.smallest)
    assert smallest == pytest.approx(np.nanmin(found.limit[:, ::2]))


WRONG = {  # what is done to the limits that are compared with, and what must notice
    "a little higher": (lambda one: dataclasses.replace(one, y=one.y + 1e-8), "at_nodes"),
    "linear in the lifetime": (lambda one: dataclasses.replace(one, u=np.exp(one.u)), "disagreements"),
    "holes bridged": (lambda one: dataclasses.replace(one, known=one.known | True), "disagreements"),
    "a mass moved": (lambda one: dataclasses.replace(one, x=one.x.at[:, 5].add(1e-7)), "at_nodes"),
    "constant at the end": (lambda one: dataclasses.replace(one, above=one.above * 0 + 1), "beyond"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_interpolation_is_seen(what, monkeypatch):
    change, field = WRONG[what]
    right = validation.search_set

    def wrong(*arguments):
        found = right(*arguments)
        return dataclasses.replace(found, curves=change(found.curves))

    monkeypatch.setattr(validation, "search_set", wrong)
    found = validate("lhcb_2017_bplus_kplus_mumu")
    assert getattr(found, field) > MISS


def test_a_number_says_so():
    found = validate("lhcb_2013_bplus_kplus_mumu")
    assert (found.kind, found.set_name) == ("number", "corrected")
    assert found.label.limit == found.lifetimes[0].smallest
    inside = [any(low < m < high for low, high in found.vetoes) for m in found.m_X]
    assert found.masked == sum(inside) == len(found.vetoes) == 2
    assert np.array_equal(np.isnan(found.limit[:, 0]), inside)
    assert validate("lhcb_2013_bplus_kplus_mumu", set_name="printed").label.confidence is None


def test_a_curve_of_the_mass():
    found = validate("koto_2019_klpi0_invisible")
    assert (found.kind, found.disagreements, len(found.lifetimes)) == ("mass", 0, 1)
    assert found.at_midpoints < ROUNDING
    assert found.lifetimes[0].tau_ps is None


def test_a_search_of_ones_own(tmp_path):
    (tmp_path / "own.toml").write_text(OWN)
    (tmp_path / "own.csv").write_text(GRID)
    found = validate(tmp_path / "own.toml")
    assert found.disagreements == 0
    assert max(found.at_nodes, found.at_midpoints, found.beyond) < ROUNDING
    assert found.holes == ((pytest.approx(0.13), pytest.approx(0.14)),)
    assert found.vetoes == ((0.16, 0.17),)
    known = np.isfinite(found.limit)
    masses = found.m_X
    off = (masses < 0.115) | ((masses > 0.131) & (masses < 0.139)) | ((masses > 0.161) & (masses < 0.169))
    assert not known[off].any()
    assert known[~off][:-2, 0].all()
    assert found.limit[4, 0] == pytest.approx(3e-9 / 0.5)
    assert not known[-2:, 2].any()  # an empty cell at the last mass


def test_refuses(tmp_path):
    with pytest.raises(InputError, match='no search "nosuch"'):
        validate("nosuch")
    with pytest.raises(InputError, match='babar_2012_bk_ll is not in the set "2026"; it is in printed, corr'):
        validate("babar_2012_bk_ll", set_name="2026")
    with pytest.raises(InputError, match='no search set "2062"; did you mean 2026'):
        validate("koto_2019_klpi0_invisible", set_name="2062")
    with pytest.raises(StorageError, match=r"own\.toml: cannot be read"):
        validate(tmp_path / "own.toml")


def test_numbers_of_a_whole_set():
    for name, one in chosen_tables("2026")[1].items():
        if one.curve is None and isinstance(one.limit, float):
            found = validate(name, set_name="2026")
            assert (found.kind, found.disagreements, found.at_nodes) == ("number", 0, 0.0)
            assert np.nanmin(found.limit) == one.limit
