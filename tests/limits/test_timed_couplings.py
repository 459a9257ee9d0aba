"""Limits that depend on mass and lifetime, compared: every excluded interval at one mass, points, grids.

Oracles: SciPy's bilinear interpolation of the shipped tables with branching ratios; couplings that an
independent recast of the same curves gives; a fine scan over couplings.
"""

import math

import jax
import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator

import jaxtri
from jaxtri.limits.excluded_couplings import Ends
from jaxtri.limits.search_tables import chosen_tables, curves_of
from jaxtri.limits.signal import log_ratio
from jaxtri.limits.timed_couplings import timed_intervals
from jaxtri.scans.grid import rates_at_masses

BILINEAR = 1e-9  # of ln(ratio): rounding of logarithms of lifetimes
RECAST = 0.05  # of couplings that are quoted with two digits
FINE = 4001  # couplings of the scan
EDGE = 1e-3  # of ln g_X, around an edge, where the fine scan says nothing
SPEC = {
    "title": "limits of 2026",
    "model": "b_minus_l",
    "treatments": ["matched"],
    "searches": {"set": "2026"},
    "axes": {
        "m_X": {"min": 2e-3, "max": 4.5, "points": 9, "spacing": "log"},
        "g_X": {"min": 1e-7, "max": 1e-1, "points": 8, "spacing": "log"},
    },
    "precision": "float64",
}


@pytest.fixture(scope="module")
def spec():
    return jaxtri.load_spec(SPEC)


@pytest.fixture(scope="module")
def curves():
    return curves_of(chosen_tables("2026")[1])


def published(curve, m_X, tau_ps):
    """Limit on the whole signal by SciPy, where the table has one."""
    nodes = RegularGridInterpolator(
        (curve.m_X, curve.knots), curve.log_limit, bounds_error=False, fill_value=np.nan
    )
    u = min(math.log(tau_ps + curve.offset_ps), float(curve.knots[-1]))  # the last one, in spite of rounding
    return math.exp(float(nodes((m_X, u))))


VISIBLE = [
    ("lhcb_2017_bplus_kplus_mumu", 0.31, 3e-6),
    ("lhcb_2017_bplus_kplus_mumu", 1.3, 1e-6),
    ("lhcb_2015_b0_kstar0_mumu", 0.6, 2e-6),
    ("belle2_2023_bplus_kplus_mumu", 0.5, 5e-6),
    ("belle2_2023_b0_kstar0_ee", 0.1, 1e-5),
]


@pytest.mark.parametrize(("name", "m_X", "g_X"), VISIBLE)
def test_a_ratio_is_rate_over_the_interpolated_limit(spec, curves, name, m_X, g_X):
    found = jaxtri.point(spec, m_X, g_X)["matched"]
    verdict = next(one for one in found.verdicts if one.name == name)
    label = next(one for one in spec.searches.labels if one.name == name)
    rate = found.branching_ratios[label.channel] * found.x_branching_ratios[label.final_state]
    limit = published(curves[name], m_X, found.lifetime * 1e12)
    assert math.log(verdict.ratio) == pytest.approx(math.log(rate / limit), abs=BILINEAR)
    other = published(curves[name], m_X, found.lifetime * 3e12)
    assert abs(math.log(verdict.ratio) - math.log(rate / other)) > 1e3 * BILINEAR  # the lifetime matters


@pytest.mark.parametrize(("m_X", "g_X"), [(0.05, 1e-5), (0.2, 2e-6), (0.02, 3e-5)])
def test_neutrinos_are_never_seen(spec, curves, m_X, g_X):
    """1 / UL = B_nunu / UL(longest) + (1 - B_nunu) / UL(tau)."""
    name = "na62_2025_kpi_invisible"
    found = jaxtri.point(spec, m_X, g_X)["matched"]
    verdict = next(one for one in found.verdicts if one.name == name)
    curve, B = curves[name], found.x_branching_ratios["nu nubar"]
    tau_ps = found.lifetime * 1e12
    inverse = B / published(curve, m_X, curve.tau_ps[-1])
    if tau_ps >= curve.tau_ps[0]:
        inverse += (1 - B) / published(curve, m_X, min(tau_ps, curve.tau_ps[-1]))
    ratio = found.branching_ratios["K+ -> pi+ X"] * inverse
    assert math.log(verdict.ratio) == pytest.approx(math.log(ratio), abs=BILINEAR)


RECASTS = [  # model, m_X [GeV], search, coupling above which it excludes
    ("b_minus_l", 0.002, "na62_2025_kpi_invisible", 1.5e-6),
    ("b_minus_l", 0.05, "na62_2025_kpi_invisible", 3.5e-5),
    ("b_minus_l", 0.2, "na62_2025_kpi_invisible", 1.34e-4),
    ("b_minus_l", 0.25, "lhcb_2015_b0_kstar0_mumu", 2.5e-4),
    ("b_minus_l", 0.3, "lhcb_2017_bplus_kplus_mumu", 1.4e-4),
    ("b_minus_l", 0.35, "lhcb_2017_bplus_kplus_mumu", 1.5e-4),
    ("b_minus_l", 0.7, "lhcb_2017_bplus_kplus_mumu", 4.3e-4),
    ("b_minus_l", 2.0, "lhcb_2017_bplus_kplus_mumu", 1.2e-3),
    ("b3_minus_l2", 0.002, "na62_2025_kpi_invisible", 1.4e-6),
    ("b3_minus_l2", 0.2, "na62_2025_kpi_invisible", 1.0e-4),
    ("b3_minus_l2", 0.3, "lhcb_2017_bplus_kplus_mumu", 9.0e-5),
    ("b3_minus_l2", 2.0, "lhcb_2017_bplus_kplus_mumu", 6.6e-4),
]


@pytest.mark.parametrize(("model", "m_X", "name", "g_X"), RECASTS)
def test_couplings_of_an_independent_recast(model, m_X, name, g_X):
    found = jaxtri.excluded_couplings(SPEC | {"model": model}, m_X)["matched"][name]
    assert found[0][0] == pytest.approx(g_X, rel=RECAST)


def at_masses(spec, masses):
    """Every timed search at every mass: label, mass, record on the host."""
    found = rates_at_masses(spec.sm, spec.model, spec.treatments[0], spec.searches, masses).points.searches
    found = jax.tree.map(np.asarray, found)
    for n, m_X in enumerate(masses):
        for i in np.flatnonzero(found.is_timed[n]):
            yield spec.searches.labels[i].name, m_X, jax.tree.map(lambda x, n=n, i=i: x[n, i], found)


def require_all_found(one, ends, intervals, where):
    """The sign of F between the edges is that of a fine scan."""
    u = np.linspace(*ends, FINE)
    inside = np.zeros(FINE, dtype=bool)
    near = np.zeros(FINE, dtype=bool)
    for low, high in intervals:
        inside |= (low < u) & (u < high)
        near |= (np.abs(u - low) < EDGE) | (np.abs(u - high) < EDGE)
    positive = np.asarray(log_ratio(one, u)) > 0
    assert np.array_equal(positive[~near], inside[~near]), where
    return len(intervals)


def test_every_interval_is_found(spec):
    ends = Ends(math.log(1e-9), math.log(1.0))
    masses = np.geomspace(2e-3, 4.6, 23)
    counts = [
        require_all_found(one, ends, timed_intervals(one, ends), (name, m_X))
        for name, m_X, one in at_masses(spec, masses)
    ]
    assert sum(count > 0 for count in counts) > 40


@pytest.fixture
def several(tmp_path):
    """A search whose limits fluctuate from lifetime to lifetime."""
    limits = [1e-9, 1e-11, 1e-6, 1e-12, 1e-6, 1e-13, 1e-5, 1e-15]
    points = [[m, 10.0**k, limit] for m in (0.2, 0.5) for k, limit in enumerate(limits, start=-2)]
    (tmp_path / "fluctuating.toml").write_text(
        'title = "made up"\nexperiment = "none"\nchannel = "B+ -> K+ X"\nfinal_state = "mu+ mu-"\n'
        'kind = "limit"\nconfidence = 0.9\nm_X = [0.2, 0.5]\nsets = ["2026"]\n'
        f'limit = {points}\nreference = "none"\nlocator = "none"\nbibtex = "@misc{{none}}"\n'
    )
    chosen = {"set": "2026", "only": ["fluctuating"], "files": [str(tmp_path / "fluctuating.toml")]}
    return jaxtri.load_spec(SPEC | {"searches": chosen, "treatments": ["figure"]})


def test_several_intervals_of_one_search(several):
    ends = Ends(math.log(1e-10), math.log(1e-1))
    most = 0
    for name, m_X, one in at_masses(several, np.linspace(0.22, 0.49, 15)):
        intervals = timed_intervals(one, ends)
        most = max(most, require_all_found(one, ends, intervals, (name, m_X)))
    assert most >= 3  # a single interval would not do


def test_a_grid_says_what_a_point_says(spec):
    scan = jaxtri.scan(spec)["matched"]
    assert scan.boundaries is not None
    names = [one["name"] for one in scan.header.searches]
    for i, j in ((0, 4), (3, 3), (5, 5), (6, 4), (8, 7)):
        point = jaxtri.point(spec, float(spec.m_X[i]), float(spec.g_X[j]))["matched"]
        for verdict in point.verdicts:
            cell = float(scan["log10_ratio"][names.index(verdict.name), i, j])
            if verdict.ratio > 0:
                assert cell == pytest.approx(math.log10(verdict.ratio), abs=1e-9)
            else:
                assert cell == -math.inf
        assert bool(scan["excluded"][i, j] == 1) == bool(point.excluded_by)
