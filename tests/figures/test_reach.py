"""How far searches reach.  Oracle: edges drawn by hand, straight in logarithms."""

import dataclasses

import numpy as np
import pytest

from jaxtri.boundary.record import Boundaries
from jaxtri.errors import InputError
from jaxtri.figures.reach import ranges_text, reach_table, reaches
from jaxtri.scans.record import Scan
from made_up_regions import region
from made_up_scan import SEARCH, made_up_header

SPACING = 5e-3  # of masses at which the leader is looked up, in ln m_X: 4000 over five decades, and rounding
EXPERIMENTS = {"low": "A", "high": "B", "wide": "A", "none": "C"}
REGIONS = (
    region([1.0, 2.0, 4.0], [1e-3, 1e-4, 1e-3], [1e-1] * 3, "low"),
    region([8.0, 10.0], [1e-3, 1e-3], [1e-1] * 2, "low"),
    region([1.0, 10.0], [2e-4, 2e-4], [1e-1] * 2, "wide"),
    region([3.0, 5.0], [1e-6, 1e-6], [1e-5] * 2, "high"),  # below what the others exclude
)


def scan(regions=REGIONS):
    header = made_up_header(2, 2)
    searches = tuple(
        SEARCH | {"name": name, "experiment": one, "confidence": 0.9} for name, one in EXPERIMENTS.items()
    )
    header = dataclasses.replace(header, searches=searches)
    lines = Boundaries(treatment="made_up", curves=(), groups={}, walls={}, regions=regions)
    return Scan(header=header, arrays={}, boundaries=lines)


def test_lowest_couplings_and_leading_masses():
    found = {one.search: one for one in reaches(scan())}
    assert list(found) == list(EXPERIMENTS)
    assert (found["low"].g_X, found["low"].m_X) == (pytest.approx(1e-4), 2.0)
    assert found["wide"].g_X == pytest.approx(2e-4)
    assert (found["none"].g_X, found["none"].m_X, found["none"].leads) == (None, None, ())
    # ln g of "low" falls from 1e-3 at 1 GeV to 1e-4 at 2 GeV: it is 2e-4 at 2^(ln 5 / ln 10) GeV
    crossing = 2 ** (np.log(5) / np.log(10))
    expected = {
        "low": [(crossing, 4 / crossing)],  # and back at 4 GeV / crossing, by symmetry
        "high": [(3.0, 5.0)],
        "wide": [(1.0, crossing), (4 / crossing, 3.0), (5.0, 10.0)],
    }
    for name, ranges in expected.items():
        assert len(found[name].leads) == len(ranges)
        np.testing.assert_allclose(np.log(found[name].leads), np.log(ranges), atol=SPACING)


def test_searches_count_together_by_experiment():
    found = {one.search: one for one in reaches(scan(), by=EXPERIMENTS)}
    assert list(found) == ["A", "B", "C"]
    np.testing.assert_allclose(np.log(found["A"].leads), np.log([(1.0, 3.0), (5.0, 10.0)]), atol=SPACING)
    assert found["A"].g_X == pytest.approx(1e-4)


def test_a_small_gap_is_bridged_and_a_wide_one_is_not():
    for width, pieces in ((1.04, 1), (1.06, 2)):
        some = (
            region([1.0, 2.0], [1e-4] * 2, [1.0] * 2, "low"),
            region([2.0 * width, 4.0], [1e-4] * 2, [1.0] * 2, "low"),
        )
        assert len({one.search: one for one in reaches(scan(some))}["low"].leads) == pieces


def test_the_table_names_sources_and_ranges():
    lines = reach_table(scan()).splitlines()
    assert lines[0] == "| search | CL | reference | excludes g_X from | leads at m_X [GeV] |"
    assert lines[2].startswith("| low | 90 % | none | 0.0001, at 2 GeV | 1.6")
    assert lines[5] == "| none | 90 % | none | nothing | – |"
    assert ranges_text(((0.2139, 0.2141), (1.0, 2.0))) == "0.214, 1–2"


def test_a_scan_without_curves_is_refused():
    with pytest.raises(InputError, match="holds no exact curves; scan it with curves = true"):
        reaches(dataclasses.replace(scan(), boundaries=None))
