"""Scans whose treatment refuses channels: those have no rate and exclude nothing, the others do."""

import math

import numpy as np
import pytest

import jaxtri
from jaxtri.errors import InputError
from jaxtri.scans.arrays import EXCLUDED, STATUS
from jaxtri.tables.schema import CHANNEL_NAMES

SPEC = {
    "title": "refused channels",
    "model": "b3_minus_l2",
    "treatments": ["ward"],
    "searches": {"set": "corrected"},
    "axes": {
        "m_X": {"min": 2e-3, "max": 4.0, "points": 7, "spacing": "log"},
        "g_X": {"min": 1e-5, "max": 1.0, "points": 6, "spacing": "log"},
    },
    "precision": "float64",
}
Z = CHANNEL_NAMES.index("Z -> gamma X")


@pytest.fixture(scope="module")
def scan():
    return jaxtri.scan(SPEC)["ward"]


def test_a_refused_channel_has_no_rate(scan):
    rates = scan["log10_br"]
    assert np.isnan(np.delete(rates, Z, axis=0)).all()
    assert np.isfinite(rates[Z]).all()
    refused = scan.header.configuration["treatment"]["refused"]
    assert set(refused) == set(CHANNEL_NAMES) - {"Z -> gamma X"}
    assert all("quark charges are not universal" in reason for reason in refused.values())


def test_a_refused_search_excludes_nothing_and_others_do(scan):
    channels = np.array([one["channel"] for one in scan.header.searches])
    of_Z = channels == "Z -> gamma X"
    assert not scan["valid"][~of_Z].any()
    assert scan["valid"][of_Z].any()
    assert np.all(scan["log10_ratio"][~of_Z] == -np.inf)
    assert not np.isnan(scan["log10_ratio"]).any()
    assert set(np.unique(scan["status"])) <= {STATUS["ok"], STATUS["out_of_domain"], STATUS["rate_above_1"]}
    assert set(np.unique(scan["excluded"])) <= set(EXCLUDED.values())
    assert {curve.search for curve in scan.boundaries.curves} <= set(
        np.array([one["name"] for one in scan.header.searches])[of_Z]
    )


def test_matched_excludes_with_the_searches_that_ward_refuses():
    """Negative control: the same plane under a treatment that refuses nothing."""
    found = jaxtri.scan(SPEC | {"treatments": ["matched"]})["matched"]
    assert np.isfinite(found["log10_br"][:, 0]).all()
    assert found.header.configuration["treatment"]["refused"] == {}


def test_point_and_limit_say_why():
    found = jaxtri.point(SPEC, 0.05, 1e-4)["ward"]
    assert found.status == "ok"
    assert math.isnan(found.branching_ratios["K+ -> pi+ X"])
    said = {one.name: one for one in found.verdicts}
    verdict = said["na62_2021_kpi_invisible_low"]
    assert not verdict.excluded
    assert verdict.reason.startswith("no rate: quark charges are not universal")
    assert jaxtri.excluded_couplings(SPEC, 0.05)["ward"]["na62_2021_kpi_invisible_low"] == []


def test_an_anomalous_model_needs_anomalons_and_takes_them_from_the_scan():
    charges = {name: "1/3" if name in "udscbt" else 0 for name in (*"udscbt", "e", "mu", "tau")}
    charges |= dict.fromkeys(("nu_e", "nu_mu", "nu_tau"), 0)
    own = SPEC | {"model": {"title": "B", "charges": charges, "neutrinos": "chiral"}}
    with pytest.raises(InputError, match="is not cancelled"):
        jaxtri.load_spec(own)
    heavy = jaxtri.point(own | {"anomalons": {"mass": "infinite"}}, 1.0, 1e-3)["ward"]
    assert heavy.triangle_sum == pytest.approx(
        jaxtri.point(SPEC | {"model": "baryon"}, 1.0, 1e-3)["ward"].triangle_sum
    )
    light = jaxtri.load_spec(own | {"anomalons": {"mass": 200.0}})
    assert light.configuration(light.treatments[0])["model"]["anomalons"] == 200.0
    moved = jaxtri.point(light, 1.0, 1e-3)["ward"].triangle_sum
    assert moved.real - heavy.triangle_sum.real == pytest.approx(0.0267, rel=1e-2)


def test_a_model_of_which_everything_is_refused_is_refused():
    with pytest.raises(InputError, match="differ within the doublets"):
        jaxtri.load_spec(SPEC | {"model": "dark_photon"})


def test_an_axis_of_charges_is_refused_under_ward():
    axes = SPEC["axes"] | {
        "x_t": {"parameter": "X_t", "min": 0.1, "max": 0.5, "points": 3, "spacing": "linear"}
    }
    with pytest.raises(InputError, match="an axis changes charges"):
        jaxtri.load_spec(SPEC | {"model": "b_minus_l", "axes": axes})
