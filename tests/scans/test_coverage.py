"""Coverage of the favoured region. Oracles: ratios and ends that were derived separately; single points."""

import json

import numpy as np
import pytest

from jaxtri import excluded_couplings, point, relic_couplings
from jaxtri.errors import InputError
from jaxtri.scans import coverage as coverage_room
from jaxtri.scans import favoured_lines
from jaxtri.scans.coverage import coverage, coverage_table
from jaxtri.scans.spec import load_spec
from places import ROOT

pytestmark = pytest.mark.long  # relic lines on fine meshes
INVISIBLE = ["na62_2021_kpi_invisible_low", "belle_2017_bk_invisible", "belle_2017_bkstar_invisible"]
SPEC = {
    "title": "small",
    "model": "b3_minus_l2",
    "treatments": ["printed", "figure", "matched"],
    "searches": {"set": "printed", "only": INVISIBLE},
    "dark_matter": [{"m_chi": 0.005, "x_N": 5, "temperature": "common"}],
    "muon_g2": {"data": "2023", "sigmas": 2},
    "axes": {
        "m_X": {"min": 1e-3, "max": 0.1, "points": 4, "spacing": "log"},
        "g_X": {"min": 1e-8, "max": 1e-1, "points": 4, "spacing": "log"},
    },
}
STRENGTH = {"printed": (8e4, 6e5), "figure": (2e3, 2e4), "matched": (39.0, 169.0)}  # rounded outwards
FLOORS = {"printed": 2.0e-8, "figure": 6.9e-7, "matched": 7.8e-5}  # two digits, at 0.1 GeV
DIGITS = 0.03
NODES = 1e-3  # of edges that are straight between two vertices


@pytest.fixture(scope="module", autouse=True)
def fewer_masses():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(favoured_lines, "EVEN", 60)
        patch.setattr(coverage_room, "EVEN", 41)
        yield


@pytest.fixture(scope="module")
def found():
    return {one.treatment: one for one in coverage(SPEC)}


@pytest.mark.parametrize("treatment", STRENGTH)
def test_region_is_excluded_by_the_known_factors(found, treatment):
    (line,) = found[treatment].lines
    low, high = STRENGTH[treatment]
    assert line.excluded
    assert low * (1 - DIGITS) < line.strength[0] < line.strength[1] < high * (1 + DIGITS)


@pytest.mark.parametrize("treatment", FLOORS)
def test_plot_is_covered_above_the_known_couplings(found, treatment):
    np.testing.assert_allclose(found[treatment].floors["0.1"], FLOORS[treatment], rtol=DIGITS)
    assert not found[treatment].covers  # 1e-8 is below all of them
    ((low, high),) = found[treatment].band
    np.testing.assert_allclose([low, high], [1e-3, 0.1], rtol=1e-12)


def test_whole_line_where_it_is_known_not_to_be(found):
    assert found["printed"].lines[0].allowed == ()
    ((low, high),) = found["figure"].lines[0].allowed
    assert 0.010 < low < high < 0.01017  # 10.01 to 10.16 MeV
    ((_, high),) = found["matched"].lines[0].allowed
    np.testing.assert_allclose(high, 0.0125, rtol=0.02)


def test_masses_of_the_region_are_crossings(found):
    """The line crosses 249e-11 at 4.825, 8.707 and 14.799 MeV: inside each range."""
    ranges = found["matched"].lines[0].favoured
    assert len(ranges) == 3
    for (low, high), crossing in zip(ranges, (4.825e-3, 8.707e-3, 14.799e-3), strict=True):
        assert low < crossing < high


def test_a_point_of_the_region_is_excluded_by_the_command_for_points():
    known = point(SPEC, 4.825e-3, 4.68e-4)
    assert all(one.excluded_by for one in known.values())


def test_verdicts_of_regions_are_those_of_single_masses(found):
    """The least factor over the lowest excluded coupling, from every root at that mass."""
    spec = load_spec(SPEC)
    one = found["matched"].lines[0]
    low, high = one.favoured[0]
    ratios = []
    for m_X in np.geomspace(low, high, 9):
        edges = excluded_couplings(spec, m_X, treatment="matched")["matched"]
        g_X = float(relic_couplings(spec.sm, spec.model, spec.dark_matter[0], [m_X])[0])
        ratios.append(g_X / min(a for some in edges.values() for a, _ in some))
    assert one.strength[0] * (1 - NODES) < min(ratios) < max(ratios) < one.strength[1] * (1 + NODES)


def test_limits_of_mass_and_lifetime_are_read_off_their_regions():
    """NA62 of 2025 at 4.8 MeV: the floor is the one edge that `limit` finds there."""
    spec = SPEC | {
        "treatments": ["matched"],
        "searches": {"set": "2026", "only": ["na62_2025_kpi_invisible"]},
    }
    (one,) = coverage(spec)
    assert one.lines[0].excluded
    at = one.lines[0].favoured[0][0]
    edges = excluded_couplings(load_spec(spec), at)["matched"]["na62_2025_kpi_invisible"]
    assert len(edges) == 1
    assert edges[0][0] < one.floors["0.1"]


def test_without_a_search_for_the_region_it_is_allowed():  # so the tests above are able to fail
    spec = SPEC | {
        "searches": {"set": "printed", "only": ["opal_1991_zgamma_mumu"]},
        "treatments": ["matched"],
    }
    (one,) = coverage(spec)
    assert one.lines[0].excluded is False
    assert one.floors == {"0.1": None}
    assert one.band == ()


def test_todays_data_favour_no_region():
    spec = SPEC | {"muon_g2": {"data": "2025", "sigmas": 2}, "treatments": ["matched"]}
    (one,) = coverage(spec)
    assert one.lines[0].excluded is None
    assert "no favoured region" in coverage_table([one])
    assert one.band == ()  # there is none to be excluded


def test_table_has_a_row_a_treatment(found):
    table = coverage_table(list(found.values())).splitlines()
    assert len(table) == 2 + 3
    assert len({row.count("|") for row in table}) == 1


def test_command_gives_json(found, tmp_path, in_process, monkeypatch):
    monkeypatch.setattr("jaxtri.cli.coverage.coverage_of", lambda spec, sets: [found["matched"]])
    code, said, _ = in_process(tmp_path, "coverage", ROOT / "scans" / "figure_4.toml", "--json")
    assert code == 0
    (one,) = json.loads(said)
    assert one["lines"][0]["excluded"] is True
    assert one["treatment"] == "matched"


@pytest.mark.parametrize("missing", ["dark_matter", "muon_g2"])
def test_a_scan_without_lines_is_refused(missing):
    spec = load_spec({k: v for k, v in SPEC.items() if k != missing})
    with pytest.raises(InputError, match="coverage needs"):
        coverage(spec)


def test_there_is_no_floor_where_the_axis_does_not_reach(found):
    axes = SPEC["axes"] | {"m_X": SPEC["axes"]["m_X"] | {"min": 0.2, "max": 0.5}}
    (far,) = coverage(SPEC | {"axes": axes, "treatments": ["matched"]})
    assert far.floors == {}
    assert coverage_table([far]).splitlines()[-1].endswith("| – | – |")
    assert set(found["matched"].floors) == {"0.1"}
