"""One mass: the couplings that each search excludes, and the verdict at a point.

Oracle: tests/pointwise.py, limits looked for on a coarse list of couplings and bisected in plain Python;
for the lifetime window also its closed form.
"""

import dataclasses
import math

import numpy as np
import pytest

import pointwise
from jaxtri import load_spec
from jaxtri.errors import InputError
from jaxtri.limits.excluded_couplings import WIDEST
from jaxtri.scans.point import excluded_couplings, point

ROUNDING = 1e-12  # relative, of a coupling: roundings of ln r up to 1e-13, over a slope of 2 or less
TINY = 1e-14  # of a root of order 1
CLOSE = 1e-10  # of a rate
COARSE = [10**x for x in np.linspace(-15, 1, 321)]  # the list of the oracle: 20 a decade
GRID = {"m_X": {"values": [0.1, 1.0]}, "g_X": {"values": [1e-6, 1e-3]}}
DISPLACED = "lhcb_2017_bplus_kplus_mumu_displaced"


@pytest.fixture(scope="module")
def specs():
    """One scan a search set; their axes are not used."""
    return {
        name: load_spec(
            {
                "title": "points",
                "model": "b_minus_l",
                "treatments": ["printed", "figure", "matched"],
                "searches": {"set": name},
                "axes": GRID,
            }
        )
        for name in ("printed", "corrected")
    }


def treatment(spec, name):
    return {one.name: one for one in spec.treatments}[name]


def limits(specs, set_name, name, m_X):
    spec = specs[set_name]
    return excluded_couplings(spec, m_X, treatment=name)[name]


def widest(at):
    """Coupling at which X is as wide as its mass."""
    return at.g_X * math.sqrt(at.m_X * at.lifetime / 6.582119569e-25)


def within_domain(at, intervals):
    """Intervals without the couplings of which no statement is made."""
    return [(low, min(high, widest(at))) for low, high in intervals if low < widest(at)]


@pytest.mark.parametrize("name", ["printed", "figure", "matched"])
@pytest.mark.parametrize("set_name", ["printed", "corrected"])
@pytest.mark.parametrize("m_X", [0.003, 0.05, 0.24, 0.3, 0.6, 2.0, 4.0, 20.0])
def test_limits(specs, set_name, name, m_X):
    at_one = pointwise.point(name, m_X, 1e-4)
    found = limits(specs, set_name, name, m_X)
    oracle = pointwise.searches(set_name)
    assert set(found) == set(oracle)
    for search, intervals in found.items():
        expected = within_domain(at_one, pointwise.excluded_intervals(oracle[search], at_one, COARSE))
        assert len(intervals) == len(expected), search
        np.testing.assert_allclose(intervals, expected, ROUNDING, err_msg=search)
    assert any(found.values())


def test_every_kind_of_answer_occurs(specs):
    found = limits(specs, "printed", "figure", 0.6)
    assert len(found[DISPLACED]) == 1
    assert found[DISPLACED][0][1] < 1e-4  # a wedge: two edges
    open_end = widest(pointwise.point("figure", 0.6, 1e-4))
    np.testing.assert_allclose(found["belle_2017_bk_invisible"][0][1], open_end, ROUNDING)  # open upwards
    assert found["na62_2022_kpi_mumu"] == []  # no data
    assert limits(specs, "printed", "matched", 0.6)[DISPLACED] == []  # data, and no limit


@pytest.mark.parametrize(
    ("name", "m_X", "decides"),
    [
        ("printed", 0.26, "100 ps"),
        ("printed", 0.9, "rate"),
        ("figure", 0.26, "rate"),
        ("figure", 0.6, "rate"),
    ],
)
def test_edges_of_the_displaced_wedge(specs, name, m_X, decides):
    [(low, high)] = limits(specs, "printed", name, m_X)[DISPLACED]
    unit = pointwise.point(name, m_X, 1.0)
    rate = unit.production["B+ -> K+ X"] * unit.decay["mu+ mu-"]
    longest, shortest = (math.sqrt(unit.lifetime / tau) for tau in (100e-12, 1e-12))
    edges = {"rate": math.sqrt(1e-9 / rate), "100 ps": longest}
    np.testing.assert_allclose(low, edges.pop(decides), ROUNDING)
    np.testing.assert_allclose(high, shortest, ROUNDING)
    assert low > 1.001 * max(edges.values())


def test_excluded_just_inside_and_not_just_outside(specs):
    spec = specs["printed"]
    one = treatment(spec, "figure")
    for search, intervals in limits(specs, "printed", "figure", 0.3).items():
        for low, high in intervals:
            for edge, inwards in ((low, 1 + 1e-9), (high, 1 - 1e-9)):
                if edge < 0.99 * widest(pointwise.point("figure", 0.3, 1e-4)):
                    assert search in point(spec, 0.3, edge * inwards)[one.name].excluded_by
                    assert search not in point(spec, 0.3, edge / inwards)[one.name].excluded_by


@pytest.fixture(scope="module")
def figure_point(specs):
    """Bound on a mass and a coupling under the treatment `figure`."""
    spec = specs["printed"]
    return lambda m_X, g_X: point(spec, m_X, g_X, treatment="figure")["figure"]


@pytest.mark.parametrize(("m_X", "g_X"), [(0.01, 1e-4), (0.3, 2e-6), (3.0, 1e-3), (65.0, 0.1)])
def test_point_has_the_public_rates(figure_point, m_X, g_X):
    value, expected = figure_point(m_X, g_X), pointwise.point("figure", m_X, g_X)
    assert (value.treatment, value.m_X, value.g_X) == ("figure", m_X, g_X)
    for names, other in (
        (value.branching_ratios, expected.production),
        (value.x_branching_ratios, expected.decay),
    ):
        assert set(names) == set(other)
        np.testing.assert_allclose([names[name] for name in other], list(other.values()), CLOSE)
    np.testing.assert_allclose(value.lifetime, expected.lifetime, CLOSE)
    np.testing.assert_allclose(value.width * value.lifetime, 6.582119569e-25, CLOSE)


@pytest.mark.parametrize(("m_X", "g_X"), [(0.01, 1e-4), (0.3, 2e-6), (0.3, 1e-3), (3.0, 1e-3), (65.0, 0.1)])
def test_verdicts(figure_point, m_X, g_X):
    value, oracle = figure_point(m_X, g_X), pointwise.searches("printed")
    at = pointwise.point("figure", m_X, g_X)
    expected = {name: pointwise.log_ratio(search, at) for name, search in oracle.items()}
    assert set(value.excluded_by) == {name for name, ratio in expected.items() if ratio > 0}
    assert {one.name for one in value.verdicts} == set(oracle)
    for one in value.verdicts:
        search = oracle[one.name]
        assert one.excluded == (expected[one.name] > 0)
        counts = search.tau_s is None or search.tau_s[0] < at.lifetime < search.tau_s[1]
        signal = pointwise.log_ratio(dataclasses.replace(search, tau_s=None), at) if counts else -math.inf
        np.testing.assert_allclose(one.ratio, math.exp(min(700, signal)), CLOSE, err_msg=one.name)
        if not search.has_data(m_X):
            assert "no data" in one.reason or "vetoed" in one.reason
        elif not counts:
            assert one.reason.startswith("lifetime")
        else:
            assert one.reason.startswith("excluded" if expected[one.name] > 0 else "allowed")
            assert f"{search.limit:.3g}" in one.reason


def verdict(one, name):
    return {each.name: each for each in one.verdicts}[name]


def test_probability_is_that_of_the_flight(figure_point):
    at, oracle = pointwise.point("figure", 0.1, 3e-6), pointwise.searches("printed")
    value = figure_point(0.1, 3e-6)
    for name in ("na62_2021_kpi_invisible_low", "e949_2008_kpi_invisible", "belle_2017_bk_invisible"):
        x = oracle[name].proper_time(0.1) / at.lifetime
        expected = at.decay["nu nubar"] + (1 - at.decay["nu nubar"]) * math.exp(-x)
        np.testing.assert_allclose(verdict(value, name).probability, expected, CLOSE)
    prompt = "babar_2009_b0_kstar0_ee_extended"
    x = oracle[prompt].proper_time(0.1) / at.lifetime
    np.testing.assert_allclose(verdict(value, prompt).probability, -math.expm1(-x), CLOSE)
    assert 0.01 < -math.expm1(-x) < 0.99


def test_reasons(specs, figure_point):
    value = figure_point(0.3, 1e-3)
    assert verdict(value, "l3_1991_zgamma_ee").reason == "no data outside 30-89 GeV"
    assert verdict(value, DISPLACED).probability == 0
    tau = pointwise.point("figure", 0.3, 1e-3).lifetime * 1e12
    assert verdict(value, DISPLACED).reason == f"lifetime {tau:.3g} ps outside 1-100 ps"
    assert verdict(value, "ktev_2004_klpi0_ee").reason == (
        "excluded: above the limit 2.8e-10 on BR(KL -> pi0 X) x P(e+ e-)"
    )
    assert verdict(figure_point(0.3, 1e-8), "ktev_2004_klpi0_ee").reason.startswith(
        "allowed: below the limit"
    )
    corrected = specs["corrected"]
    vetoed = point(corrected, 3.1, 1e-3)["figure"]
    assert verdict(vetoed, DISPLACED).reason == "vetoed mass, or channel closed"
    assert verdict(vetoed, DISPLACED).ratio == 0
    closed = point(corrected, 4.7858, 1e-3)["figure"]  # above m_B - m_K, in the window
    assert verdict(closed, "babar_2012_bk_ll").reason == "vetoed mass, or channel closed"


def test_probability_inside_a_lifetime_window_is_one(figure_point):
    at = pointwise.point("figure", 0.4, 1.0)
    g_X = math.sqrt(at.lifetime / 1.01e-12)  # 1.01 ps: just inside 1-100 ps
    rate = pointwise.point("figure", 0.4, g_X)
    one = verdict(figure_point(0.4, g_X), DISPLACED)
    np.testing.assert_allclose(one.probability, 1.0, CLOSE)
    np.testing.assert_allclose(one.ratio, rate.production["B+ -> K+ X"] * rate.decay["mu+ mu-"] / 1e-9, CLOSE)


@pytest.mark.parametrize(("m_X", "g_X"), [(400.0, 1e-3), (1.0, 10.0)])
def test_out_of_domain(figure_point, m_X, g_X):
    value = figure_point(m_X, g_X)
    assert value.status == "out_of_domain"
    assert value.excluded_by == ()
    for one in value.verdicts:
        assert not one.excluded
        assert math.isnan(one.ratio)
        assert one.reason == "no statement: m_X is not below 2 m_t, or X is wider than its mass"


def test_no_limit_beyond_the_domain(specs):
    with pytest.raises(InputError, match=r"m_X = 400, treatment printed: no statement: m_X is not below"):
        excluded_couplings(specs["printed"], 400.0)
    for function in (point, lambda spec, m_X, g_X: excluded_couplings(spec, m_X)):
        with pytest.raises(InputError, match="at least 1e-09 GeV"):
            function(specs["printed"], 1e-12, 1e-5)
    assert excluded_couplings(specs["printed"], 0.5)["figure"]["belle_2017_bk_invisible"][0][1] < WIDEST[1]


def test_not_a_number_is_no_verdict(specs):
    """An input that makes a rate NaN: nothing is excluded or allowed, in words, at a point and a mass."""
    spec = specs["printed"]
    broken = dataclasses.replace(spec, sm=dataclasses.replace(spec.sm, tau_B_plus=np.nan))
    value = point(broken, 0.3, 1e-3, treatment="figure")["figure"]
    assert (value.status, value.excluded_by) == ("non_finite", ())
    assert all(one.reason.startswith("no statement: a rate is not a finite number") for one in value.verdicts)
    with pytest.raises(InputError, match="a rate is not a finite number; look at the inputs"):
        excluded_couplings(broken, 0.3, treatment="figure")


def test_a_rate_above_1_is_flagged(figure_point):
    value, small = figure_point(0.01, 1e-3), figure_point(0.01, 1e-6)
    assert max(value.branching_ratios.values()) > 1 > max(small.branching_ratios.values())
    assert (value.status, small.status) == ("rate_above_1", "ok")
    flagged = {one.name for one in value.verdicts if "exceeds the measured total width" in one.reason}
    oracle = pointwise.searches("printed")
    assert flagged == {
        name
        for name, search in oracle.items()
        if search.has_data(0.01) and value.branching_ratios[search.channel] > 1
        and (search.tau_s is None or search.tau_s[0] < value.lifetime < search.tau_s[1])
    }  # fmt: skip
    assert flagged


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
def test_refuses(specs, bad):
    spec = specs["printed"]
    with pytest.raises(InputError, match="give a positive number in GeV"):
        point(spec, bad, 1e-3)
    with pytest.raises(InputError, match=r"g_X = .*: give a positive number$"):
        point(spec, 1.0, bad)
    with pytest.raises(InputError, match="give a positive number in GeV"):
        excluded_couplings(spec, bad)
