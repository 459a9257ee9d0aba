"""Recast searches in a scan.  Oracles: `previous_limits` (tested against SciPy), closed forms."""

import numpy as np
import pytest

import jaxtri
from jaxtri.boundary import recast_edges
from jaxtri.errors import InputError
from jaxtri.figures.spreads import draw_bands
from jaxtri.io.text_formats import texts
from jaxtri.limits.recast_points import chosen_recasts, recast_names
from jaxtri.scans.arrays import STATED
from jaxtri.scans.grey import with_grey
from jaxtri.scans.spec import load_spec

EDGE = 1e-12  # of ln g_X: the same formula at the same mass, in another order of operations
ROOT = 1e-11  # of |F| at a vertex
KINDS = {  # one search of each kind
    "babar_2014": "prompt",
    "kloe_2015": "prompt",  # with a window of proper time
    "nucal_2014_brem": "dump",
    "na62_2023_mumu": "dump",
    "na64_2019_inv": "invisible",
    "charm2_2018": "nu_e",
    "lhcb_2019_displaced": "displaced",
}
SPEC = {
    "title": "small",
    "model": "b_minus_l",
    "treatments": ["matched"],
    "searches": {"set": "corrected", "only": ["l3_1991_zgamma_ee"], "recast": list(KINDS)},
    "axes": {
        "m_X": {"min": 2e-3, "max": 2.0, "points": 24, "spacing": "log"},
        "g_X": {"min": 1e-8, "max": 1e-1, "points": 60, "spacing": "log"},
    },
    "arrays": ["all", "g_X_range"],
    "precision": "float64",
}


@pytest.fixture(scope="module")
def scan():
    return jaxtri.scan(SPEC)["matched"]


def at(scan, search):
    return list(scan.header.axes["search"]).index(search)


def test_all_kinds_are_there():
    assert {KINDS[name] for name in KINDS} == {"prompt", "dump", "invisible", "nu_e", "displaced"}
    assert chosen_recasts("all") == recast_names()
    assert set(chosen_recasts("visible")) < set(chosen_recasts("all"))
    assert chosen_recasts(["charm2_2018", "a1_2011"]) == ("a1_2011", "charm2_2018")  # order of the table


def test_arrays_and_single_masses_exclude_the_same(scan):
    """The sign of F on the grid is that of the intervals of `excluded_couplings`, at every node."""
    g_X, looked_at = scan["g_X"], dict.fromkeys(KINDS, 0)
    for i in range(0, len(scan["m_X"]), 2):
        known = jaxtri.excluded_couplings(SPEC, float(scan["m_X"][i]))["matched"]
        for search in KINDS:
            inside = np.zeros(len(g_X), dtype=bool)
            for low, high in known[search]:
                inside |= (g_X > low) & (g_X < high)
            np.testing.assert_array_equal(scan["log10_ratio"][at(scan, search), i] > 0, inside, search)
            looked_at[search] += int(inside.sum())
    assert [search for search, count in looked_at.items() if not count] == ["lhcb_2019_displaced"]


@pytest.mark.parametrize("model", ["b_minus_l", "protophobic"])
def test_single_masses_are_those_of_previous_limits(model):
    m_X, found = 0.3, 0
    known = jaxtri.excluded_couplings(SPEC | {"model": model}, m_X)["matched"]
    for one in jaxtri.previous_limits(model, m_X=[m_X]):
        if one.search in KINDS:
            edges = sorted(zip(one.g_lower, one.g_upper, strict=True))
            assert len(edges) == len(known[one.search]), one.search
            for mine, (low, high) in zip(known[one.search], edges, strict=True):
                np.testing.assert_allclose(np.log(mine[0]), np.log(low), atol=EDGE)
                if np.isfinite(high):
                    np.testing.assert_allclose(np.log(mine[1]), np.log(high), atol=EDGE)
                found += 1
    assert found >= 3
    assert bool(known["lhcb_2019_displaced"]) == (model == "protophobic")


def test_signal_of_a_prompt_search_grows_as_the_square_of_the_coupling(scan):
    i = int(np.argmin(np.abs(scan["m_X"] - 0.3)))
    known = jaxtri.excluded_couplings(SPEC, float(scan["m_X"][i]))["matched"]["babar_2014"]
    expected = 2 * np.log10(scan["g_X"] / known[0][0])
    np.testing.assert_allclose(scan["log10_ratio"][at(scan, "babar_2014"), i], expected, atol=1e-12)
    assert np.abs(scan["log10_ratio"][at(scan, "nucal_2014_brem"), i] - expected).max() > 1  # a dump does not


def test_range_of_couplings_holds_recast_searches(scan):
    known = jaxtri.excluded_couplings(SPEC, float(scan["m_X"][5]))["matched"]
    low = min(a for some in known.values() for a, _ in some)
    np.testing.assert_allclose(scan["g_X_range"][0, 5], max(low, 1e-8), rtol=1e-12)
    alone = jaxtri.scan(SPEC | {"searches": {"set": "corrected", "only": ["l3_1991_zgamma_ee"]}})["matched"]
    assert not alone["g_X_range"][0, 5] < 2 * low


def test_point_says_why():
    found = jaxtri.point(SPEC, 0.05, 1e-4)["matched"]
    said = {one.name: one for one in found.verdicts}
    assert "na64_2019_inv" in found.excluded_by
    assert "arXiv:1906.00176" in said["na64_2019_inv"].reason
    assert said["nucal_2014_brem"].reason.startswith("allowed: too little")
    assert said["lhcb_2019_displaced"].reason == "no data at 0.05 GeV"
    assert not any(one.excluded for one in jaxtri.point(SPEC, 0.05, 1e-9)["matched"].verdicts)


def test_every_vertex_is_a_root_and_lies_on_the_edges_of_its_mass(scan):
    searches = {one.search for one in scan.boundaries.curves}
    assert set(KINDS) - {"lhcb_2019_displaced"} <= searches
    rng = np.random.default_rng(1)
    for search in KINDS:
        for curve in scan.boundaries.of(search):
            assert curve.residual.max() < ROOT, search
            for k in rng.integers(len(curve.m_X), size=2):
                known = jaxtri.excluded_couplings(SPEC, float(curve.m_X[k]))["matched"][search]
                edges = np.log([edge for pair in known for edge in pair])
                assert np.abs(edges - np.log(curve.g_X[k])).min() < 1e-9, search
                assert np.abs(edges - np.log(1.01 * curve.g_X[k])).min() > 1e-3, search  # the test can fail


def test_a_beam_dump_closes_at_its_tip(scan):
    (curve,) = scan.boundaries.of("na62_2023_mumu")
    assert curve.closed
    (region,) = [one for one in scan.boundaries.regions if one.search == "na62_2023_mumu"]
    m_X, low, high = region.edges
    assert np.all(low <= high)
    for m in (m_X[0] * (1 - 1e-9), m_X[-1] * (1 + 1e-9)):  # beyond the tips nothing is excluded
        assert jaxtri.excluded_couplings(SPEC, float(m))["matched"]["na62_2023_mumu"] == []
    for m in (m_X[0] * (1 + 1e-9), m_X[-1] * (1 - 1e-9)):
        assert len(jaxtri.excluded_couplings(SPEC, float(m))["matched"]["na62_2023_mumu"]) == 1


def test_edges_are_straight_between_vertices(scan):
    rng = np.random.default_rng(2)
    for search in ("babar_2014", "na64_2019_inv", "nucal_2014_brem"):
        region = max(
            (one for one in scan.boundaries.regions if one.search == search), key=lambda one: len(one.m_X)
        )
        m_X, low, _ = region.edges
        for m in np.exp(rng.uniform(np.log(m_X[0]), np.log(m_X[-1]), 3)):
            known = jaxtri.excluded_couplings(SPEC, float(m))["matched"][search]
            between = np.interp(np.log(m), np.log(m_X), np.log(low))
            assert abs(between - np.log(known[0][0])) < 2 * recast_edges.BEND, search


def test_grey_of_a_figure_is_what_the_recast_searches_exclude(scan):
    grey = with_grey(scan).header.configuration["model"]["computed_limits"]
    assert {one.search for one in grey} == {
        one.search for one in scan.boundaries.regions if one.search in KINDS
    }
    assert with_grey(scan, "table") is scan
    assert with_grey(scan, "none").header.configuration["model"]["previous_limits"] is None


def test_exports_name_them(scan):
    files = texts(scan.boundaries, scan.header.searches, "csv", "small", [])
    assert any("nucal_2014_brem" in str(content) for content in files.values())
    bibtex = "\n".join(one["bibtex"] for one in scan.header.searches)
    assert 'eprint = "1906.00176"' in bibtex


def test_charges_may_be_axes():
    """At x = 0 an electron makes nothing; at twice its charge a limit on g moves as 1/x."""
    spec = SPEC | {
        "searches": {"set": "corrected", "only": ["l3_1991_zgamma_ee"], "recast": ["a1_2014"]},
        "axes": {
            "X_e": {"values": [0.0, 1.0, 2.0]},
            "m_X": {"values": [0.05, 0.1]},
            "g_X": {"min": 1e-6, "max": 1e-1, "points": 5, "spacing": "log"},
        },
        "arrays": ["all"],
        "model": "dark_photon",
    }
    found = jaxtri.scan(spec)["matched"]
    ratio = found["log10_ratio"][at(found, "a1_2014")]
    assert np.all(ratio[0] == -np.inf)
    assert np.all(ratio[2] > ratio[1])


@pytest.mark.parametrize(
    ("searches", "axes", "said"),
    [
        ({"recast": ["babar_2041"]}, {}, "babar_2014"),
        ({"recast": []}, {}, "recast"),
        ({"recast": "all"}, {"m_t": {"values": [170.0, 173.0]}}, "axis may set charges only"),
    ],
)
def test_wrong_choices_are_refused(searches, axes, said):
    spec = SPEC | {"searches": SPEC["searches"] | searches, "axes": axes | SPEC["axes"], "arrays": ["all"]}
    with pytest.raises(InputError, match=said):
        load_spec(spec)


def test_bands_are_of_the_errors_of_the_inputs():
    """A limit moves with the error of the isovector current where X decays to pions, and hardly below."""
    spec = SPEC | {"searches": SPEC["searches"] | {"recast": ["babar_2014"]}, "model": "dark_photon"}
    spec = load_spec(spec | {"arrays": ["all"]})
    curves = jaxtri.boundaries(spec)["matched"].curves
    (band,) = [one for one in jaxtri.bands(spec)["matched"] if one.search == "babar_2014"][:1]
    assert any(one.search == "babar_2014" for one in curves)
    assert np.all(np.isfinite(band.sigma))
    assert band.sigma.max() < 1e-9  # a dark photon recast to itself: both sides of the ratio move alike
    other = jaxtri.bands(load_spec(SPEC | {"arrays": ["all"]}))["matched"]
    (first,) = [one for one in other if one.search == "babar_2014"][:1]
    pions = (first.m_X > 0.5) & (first.m_X < 1.0)
    assert first.sigma[pions].max() > 1e-3
    assert first.sigma[first.m_X < 0.2].max() < 1e-4


def test_bands_of_recast_searches_are_drawn_in_grey():
    m_X = np.geomspace(0.01, 1.0, 9)
    lines = [("K", m_X, 1e-5 * m_X, 0.01 + 0 * m_X), ("p", m_X, 1e-4 * m_X, 0.02 + 0 * m_X)]
    drawn = draw_bands({"matched": lines}, (m_X, np.geomspace(1e-9, 1e-2, 5)), title="bands")
    named = [text.get_text() for text in drawn.axes[0].get_legend().get_texts()]
    assert named[-1] == "recast searches"
    without = draw_bands({"matched": lines[:1]}, (m_X, np.geomspace(1e-9, 1e-2, 5)), title="bands")
    assert len(without.axes[0].get_legend().get_texts()) == len(named) - 1


def test_searches_without_data_make_no_statement_impossible():
    """Every recast search from 1 MeV on: below 2 m_mu those of muons have no data, and hide nothing."""
    spec = SPEC | {"searches": SPEC["searches"] | {"recast": "all"}, "arrays": "all"}
    axes = {"m_X": {"min": 1e-3, "max": 5.0, "points": 12, "spacing": "log"}, "g_X": SPEC["axes"]["g_X"]}
    found = jaxtri.scan(spec | {"axes": axes, "curves": False})["matched"]
    assert not np.isnan(found["log10_ratio"]).any()
    silent = [i for i, one in enumerate(found.header.searches) if one["name"] == "kloe_2018_mumu"]
    assert np.isneginf(found["log10_ratio"][silent, found["m_X"] < 0.2]).all()
    below = found["status"][found["m_X"] < 0.2]
    assert set(below.ravel().tolist()) <= set(STATED)
    single = jaxtri.point(spec | {"axes": axes}, float(found["m_X"][0]), 1e-6)["matched"]
    assert single.status == "ok"
