"""What is compiled for one scan serves others of its kind: another model, charges, searches, grid.

Oracle: the files of kept kernels, counted; and arrays of every search alone, which padding must not move.
"""

import jax
import numpy as np
import pytest

from jaxtri.limits.searches import ROOM, VETOES, load_searches
from jaxtri.numerics import kernels
from jaxtri.scans import tiles
from jaxtri.scans.in_memory import scan

ONE, LATER = "na62_2022_kpi_mumu", "na62_2025_kpi_mumu"
FERMIONS = ["e", "mu", "tau", "nu_e", "nu_mu", "nu_tau", "u", "d", "s", "c", "b", "t"]
CHARGES = {
    "title": "mine",
    "neutrinos": "chiral",
    "charges": {name: k / 7 for k, name in enumerate(FERMIONS)},
}
FIRST = {
    "title": "the first",
    "model": "b_minus_l",
    "treatments": ["matched"],
    "searches": {"set": "printed"},
    "axes": {
        "m_X": {"min": 1e-3, "max": 90.0, "points": 40, "spacing": "log"},
        "g_X": {"min": 1e-8, "max": 0.1, "points": 30, "spacing": "log"},
    },
}


def with_grid(masses, couplings):
    axes = {
        "m_X": {"min": 2e-3, "max": 80.0, "points": masses, "spacing": "log"},
        "g_X": {"min": 1e-7, "max": 0.01, "points": couplings, "spacing": "linear"},
    }
    return FIRST | {"axes": axes}


OTHERS = {
    "model": FIRST | {"model": "baryon"},
    "charges": FIRST | {"model": CHARGES},
    "fewer searches": FIRST | {"searches": {"set": "printed", "exclude": [ONE]}},
    "one search": FIRST | {"searches": {"set": "printed", "only": [ONE]}},
    "another set, deeper vetoes": FIRST | {"searches": {"set": "corrected"}},
    "smaller grid": with_grid(3, 2),
    "several tiles": with_grid(600, 501),
    "all at once": with_grid(201, 77) | {"model": "baryon", "searches": {"set": "corrected", "only": [ONE]}},
}


TIMED = "belle2_2023_bplus_kplus_mumu"
CURVES = with_grid(60, 30) | {"searches": {"set": "2026"}, "arrays": "all", "curves": False}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Kernels that the first scan needs."""
    place = tmp_path_factory.mktemp("kept") / "kernels"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernels, "_folder", place)
        scan(FIRST)
        yield place


def kept(folder):
    return sorted(one.name for one in folder.iterdir())


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_another_scan_compiles_nothing(folder, other):
    before = kept(folder)
    assert len(before) > 5
    scan(other)
    assert kept(folder) == before


def test_another_treatment_compiles_its_production(folder):
    """So that the count is able to change."""
    before = kept(folder)
    scan(FIRST | {"treatments": ["figure"]})
    assert {one.partition("-")[0] for one in set(kept(folder)) - set(before)} == {"kernels.production"}


def test_limit_curves_serve_fewer_searches(folder):
    """Of tables of one size: what is compiled is of the masses and lifetimes of the largest one."""
    scan(CURVES)
    before = kept(folder)
    scan(CURVES | {"model": "baryon", "searches": {"set": "2026", "exclude": [LATER]}})
    assert kept(folder) == before


@pytest.mark.long
def test_curves_of_timed_searches_compile_nothing(folder):
    """Exact boundaries of limits that depend on the lifetime: for other charges, searches and grids."""
    curves = CURVES | {"curves": True}
    scan(curves)
    before = kept(folder)
    scan(curves | {"model": CHARGES, "searches": {"set": "2026", "exclude": [LATER]}})
    scan(curves | {"axes": with_grid(201, 77)["axes"]})
    assert kept(folder) == before


@pytest.mark.parametrize("set_name", ["corrected", "2026"])
def test_padding_has_no_data(set_name):
    searches = load_searches(set_name)
    padded, count = searches.padded, len(searches.labels)
    assert padded.limit.shape == (ROOM,)
    assert padded.veto.shape == (ROOM, VETOES, 2)
    low, high = padded.m_X_window[count:].T
    assert (low > high).all()
    for name in ("channel", "weight", "limit", "m_X_window", "tau_window"):
        np.testing.assert_array_equal(getattr(padded, name)[:count], getattr(searches, name))
    np.testing.assert_array_equal(padded.veto[:count, : searches.veto.shape[1]], searches.veto)
    if set_name == "2026":
        np.testing.assert_array_equal(padded.is_timed[:count], searches.is_timed)
        jax.tree.map(lambda x, y: np.testing.assert_array_equal(x[:count], y), padded.curves, searches.curves)


@pytest.mark.parametrize(("first", "name"), [(FIRST, ONE), (CURVES, LATER), (CURVES, TIMED)])
def test_a_search_alone_is_one_among_many(first, name):
    many = scan(first)["matched"]
    alone = scan(first | {"searches": first["searches"] | {"only": [name]}})["matched"]
    place = list(many["search"]).index(name)
    np.testing.assert_array_equal(many["log10_ratio"][place], alone["log10_ratio"][0])
    np.testing.assert_array_equal(many["valid"][place], alone["valid"][0])
    assert np.isfinite(alone["log10_ratio"]).any()
    assert set(np.unique(alone["leading"])) <= {0, 255}


def test_blocks_of_another_size_change_nothing(monkeypatch):
    """A grid that would waste much is computed in its own chunks; so many masses at a time as one likes."""
    spec = FIRST | {"precision": "float64", "curves": False}
    padded = scan(spec)["matched"]
    monkeypatch.setattr(tiles, "WASTE", 0)
    own = scan(spec)["matched"]
    for name, values in padded.arrays.items():
        np.testing.assert_array_equal(values, own.arrays[name], err_msg=name)
    monkeypatch.setattr(tiles, "MASSES", 7)
    few = scan(spec)["matched"]
    for name, values in padded.arrays.items():
        np.testing.assert_allclose(values, few.arrays[name], rtol=1e-11, atol=1e-11, err_msg=name)
