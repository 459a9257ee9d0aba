"""From a measurement to a limit, and from one confidence level to another.

Oracle: numbers worked out by hand, and scipy's normal distribution.
"""

import json
import math

import h5py
import numpy as np
import pytest
from scipy.stats import norm

import jaxtri
from jaxtri import load_searches
from jaxtri.errors import InputError
from jaxtri.figures.plane_words import caption
from jaxtri.limits.statistics import Measured, conversion, limit_of, meaning, quantile
from made_up_search import MEASUREMENT as OWN

CLOSE = 1e-15  # a few operations
PRINTED = 2e-4  # 1.645 in place of 1.64485
MISS = 1e-2  # what a wrong reading differs by, at least

PREDICTED = 'sm_value = 4e-10\nsm_error = 1.2e-9\nsm_reference = "made up"\n'
SCAN = {
    "title": "two searches",
    "model": "b_minus_l",
    "treatments": ["matched"],
    "axes": {"m_X": {"values": [0.05, 0.1]}, "g_X": {"values": [1e-5, 1e-4]}},
    "curves": False,
}


def own(folder, text):
    (folder / "own.toml").write_text(text)
    return [folder / "own.toml"]


def test_the_three_readings():
    measured = Measured(value=10.0, sigma_up=3.0, sm_value=4.0, sm_error=4.0)
    assert limit_of(measured, "central") == 10.0
    assert limit_of(measured, "gauss") == 10.0 + 1.645 * 3.0
    assert limit_of(measured, "sm_subtracted") == 6.0 + 1.645 * 5.0
    assert len({limit_of(measured, one) for one in ("central", "gauss", "sm_subtracted")}) == 3


@pytest.mark.parametrize(("value", "predicted"), [(4.0, 10.0), (-2.0, 0.0), (4.0, 4.0)])
def test_a_best_fit_below_zero_counts_as_zero(value, predicted):
    measured = Measured(value=value, sigma_up=3.0, sm_value=predicted, sm_error=4.0)
    assert limit_of(measured, "sm_subtracted") == 1.645 * 5.0
    assert limit_of(measured, "gauss") == max(0.0, value) + 1.645 * 3.0
    assert value - predicted + 1.645 * 5.0 <= limit_of(measured, "sm_subtracted")  # the naive one is stronger


def test_what_gives_no_limit():
    assert limit_of(Measured(value=-1.0, sigma_up=2.0), "central") is None
    assert limit_of(Measured(value=1.0, sigma_up=2.0), "sm_subtracted") is None


@pytest.mark.parametrize("level", [0.68, 0.9, 0.95, 0.99])
def test_quantiles(level):
    np.testing.assert_allclose(quantile(level), norm.ppf(level), rtol=PRINTED)
    np.testing.assert_allclose(conversion(0.9, level), norm.ppf(level) / norm.ppf(0.9), rtol=1e-9)
    assert abs(quantile(level) / norm.ppf((1 + level) / 2) - 1) > MISS  # two-sided is another number
    assert conversion(level, None) == conversion(None, level) == conversion(level, level) == 1.0


def test_a_level_below_one_half_is_not_converted():
    with pytest.raises(InputError, match="only levels above"):
        conversion(0.3, 0.95)


def test_a_search_that_has_a_prediction(tmp_path):
    files = own(tmp_path, OWN + PREDICTED)
    found = load_searches("corrected", only=["own"], files=files, measurement="sm_subtracted")
    np.testing.assert_allclose(found.limit, [6e-10 + 1.645 * 1.3e-9], rtol=CLOSE)
    assert found.labels[0].measurement == "sm_subtracted"
    assert found.labels[0].confidence == 0.95
    assert abs(found.limit[0] / load_searches("corrected", only=["own"], files=files).limit[0] - 1) > MISS


def test_the_neutrino_pairs_of_the_standard_model():
    """E949: (1.73 +1.15 -1.05)e-10 measured, (8.4 +- 1.0)e-11 predicted."""
    name = ["e949_2008_kpi_invisible"]
    found = load_searches("corrected", only=name, measurement="sm_subtracted").limit
    np.testing.assert_allclose(found, [0.89e-10 + 1.645 * math.hypot(1.15e-10, 0.1e-10)], rtol=1e-12)


BAD = {
    "no prediction": (OWN, "sm_subtracted", "own holds no sm_value, sm_error and sm_ref"),
    "no bins": (OWN, "binned_gauss", "own holds no bins of q2"),
    "negative": (OWN.replace("value = 1e-9", "value = -1e-9"), "central", "own holds value = -1e-09"),
    "no reference": (OWN + "sm_value = 1e-10\nsm_error = 1e-11", "gauss", "sm_error and sm_reference tog"),
    "no error": (OWN + 'sm_value = 1e-10\nsm_reference = "x"\n', "gauss", "sm_error and sm_reference tog"),
    "unknown": (OWN, "binned", 'no measurement "binned"; did you mean binned_gauss'),
    "a limit": (
        OWN.replace('"measurement"', '"limit"') + "limit = 1e-9\nconfidence = 0.9\n" + PREDICTED,
        "gauss",
        'sm_value belongs to kind = "measurement"',
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "measurement", "words"), BAD.values(), ids=BAD)
def test_refuses(tmp_path, text, measurement, words):
    with pytest.raises(InputError) as raised:
        load_searches("corrected", only=["own"], files=own(tmp_path, text), measurement=measurement)
    assert words in str(raised.value)


def test_all_that_cannot_be_read_are_named_at_once():
    with pytest.raises(InputError) as raised:
        load_searches("corrected", measurement="sm_subtracted")
    assert str(raised.value).count("holds no sm_value") > 5
    assert "e949_2008" not in str(raised.value)


def test_levels_are_converted_only_on_request(tmp_path):
    names = ["belle_2017_bk_invisible", "lhcb_2017_bplus_kplus_mumu_displaced", "belle_2021_bplus_kplus_mumu"]
    plain, both = (load_searches("corrected", only=names, confidence=one) for one in (None, 0.95))
    ratio = dict(zip([one.name for one in both.labels], np.asarray(both.limit / plain.limit), strict=True))
    np.testing.assert_allclose(ratio[names[0]], 1.6448536 / 1.2815516, rtol=1e-7)
    assert (ratio[names[1]], ratio[names[2]]) == (1.0, 1.0)  # at 95 % before
    assert {one.name: one.published_confidence for one in both.labels}[names[0]] == 0.9
    assert [one.published_confidence for one in plain.labels] == [None] * 3
    assert {one.confidence for one in both.labels} == {0.95}
    lower = load_searches("corrected", only=[names[2]], confidence=0.9)
    np.testing.assert_allclose(lower.limit, 6.24e-7 + 1.2815516 * math.hypot(0.65e-7, 0.16e-7), rtol=1e-7)


def test_a_curve_is_converted_too():
    name = "na62_2025_kpi_mumu"
    plain, other = (load_searches("2026", only=[name], confidence=one) for one in (None, 0.95))
    factor = 1.6448536 / 1.2815516
    np.testing.assert_allclose(other.limit, plain.limit * factor, rtol=1e-7)
    np.testing.assert_allclose(other.labels[0].limit, plain.labels[0].limit * factor, rtol=1e-7)
    np.testing.assert_array_equal(other.curves.y, plain.curves.y)


CHOICES = {
    "own reading": (
        {"set": "corrected", "measurement": "sm_subtracted"},
        {"measurement": "sm_subtracted"},
        "excess over the Standard Model + 1.645σ",
    ),
    "own level": ({"set": "corrected", "confidence": 0.95}, {"confidence": 0.95}, "90 % ones converted"),
    "those of the set": ({"set": "corrected"}, {}, "central value + 1.645σ"),
}  # fmt: skip


@pytest.mark.parametrize(("searches", "stored", "words"), CHOICES.values(), ids=CHOICES)
def test_stored_and_named(tmp_path, searches, stored, words):
    chosen = ["e949_2008_kpi_invisible", "na62_2021_kpi_invisible_low"]
    scan = SCAN | {"searches": searches | {"only": chosen}}
    [path] = jaxtri.write_scan(scan, output=tmp_path)
    with h5py.File(path) as file:
        found = json.loads(file["provenance/configuration"][0])["searches"]
        labels = {one["name"]: one for one in json.loads(file["provenance/searches"][0])}
    assert {key: found[key] for key in ("measurement", "confidence") if key in found} == stored
    assert labels[chosen[0]]["measurement"] == searches.get("measurement", "gauss")
    assert labels[chosen[1]]["measurement"] == ""
    assert labels[chosen[1]]["published_confidence"] == (0.9 if "confidence" in searches else None)
    said = caption({"matched": jaxtri.open_scan(path)})
    assert words in said
    others = [one for _, _, one in CHOICES.values() if one != words]
    assert not any(one in said for one in others[:1] if "measurement" not in searches)


def test_levels_of_recast_searches_are_not_converted():
    with pytest.raises(InputError, match="confidence does not go with recast"):
        jaxtri.load_spec(SCAN | {"searches": {"set": "corrected", "confidence": 0.95, "recast": "all"}})


def test_words():
    assert meaning("gauss") == "central value + 1.645σ"
    assert meaning("gauss", 0.9) == "central value + 1.282σ"
    assert meaning("binned_central") == "central value in each bin of q²"
