"""What must not pass silently.  Oracle: the statement each test's name makes."""

import dataclasses
import tomllib
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

import jaxtri
from jaxtri.errors import InputError
from jaxtri.model.anomalies import anomaly_coefficients
from jaxtri.numerics.safe import log_or_minus_inf
from jaxtri.scans import tiles
from jaxtri.scans.arrays import STATUS
from jaxtri.scans.spec import load_spec

SHIPPED = Path(jaxtri.__file__).with_name("tables") / "searches" / "na62_2021_kpi_invisible_low.toml"
SPEC = {
    "title": "guards",
    "model": "b_minus_l",
    "treatments": ["matched"],
    "searches": {"set": "corrected"},
    "axes": {"m_X": {"values": [0.01, 0.05]}, "g_X": {"values": [1e-6, 1e-3]}},
}


def test_nan_is_not_a_closed_channel():
    assert np.isnan(log_or_minus_inf(jnp.nan))
    assert log_or_minus_inf(0.0) == -np.inf


def test_a_rate_that_is_not_a_number_shows_in_the_status():
    spec = load_spec(SPEC)
    broken = dataclasses.replace(spec, sm=dataclasses.replace(spec.sm, ckm_A=jnp.asarray(100.0)))
    status = {name: tiles.compute(one, one.treatments[0])["status"] for name, one in
              (("sound", spec), ("broken", broken))}  # fmt: skip
    assert np.all(status["sound"] == STATUS["ok"])
    assert np.all(status["broken"] == STATUS["non_finite"])


@pytest.mark.parametrize(("name", "value"), [("ckm_A", 100.0), ("sw2", 2.0), ("alpha_mZ", -1.0)])
def test_inputs_outside_their_range(name, value):
    with pytest.raises(InputError, match=name):
        load_spec(SPEC | {"inputs": {name: value}})


def own_search(folder, change=("", "")):
    path = folder / "mine.toml"
    path.write_text(SHIPPED.read_text().replace(*change))
    return load_spec(SPEC | {"searches": {"set": "corrected", "files": [str(path)]}})


def test_a_search_condition_changes_the_fingerprint(tmp_path):
    length = tomllib.loads(SHIPPED.read_text())["escape"]["length_m"]
    before = own_search(tmp_path)
    after = own_search(tmp_path, (f"length_m = {length}", "length_m = 90.0"))
    assert before.fingerprint(before.treatments[0]) != after.fingerprint(after.treatments[0])


def test_a_search_of_ones_own_does_not_hide_a_shipped_one(tmp_path):
    path = tmp_path / SHIPPED.name
    path.write_text(SHIPPED.read_text())
    with pytest.raises(InputError, match="already"):
        load_spec(SPEC | {"searches": {"set": "corrected", "files": [str(path)]}})


def test_light_dirac_neutrinos_are_their_own_partners():
    charges = dict.fromkeys(("e", "mu", "tau", "nu_e", "nu_mu", "nu_tau"), -1)
    charges |= dict.fromkeys("udscbt", "1/3")
    model = jaxtri.load_model({"title": "B-L", "neutrinos": "dirac", "charges": charges})
    assert max(map(abs, anomaly_coefficients(model).values())) < 1e-12
    with pytest.raises(InputError, match="dirac"):
        jaxtri.load_model(
            {"title": "B-L", "neutrinos": "dirac", "charges": charges, "right_handed_neutrinos": [5]}
        )


@pytest.mark.parametrize("axis", ["m_X", "g_X"])
def test_axes_that_would_underflow(axis):
    with pytest.raises(InputError, match=axis):
        load_spec(SPEC | {"axes": SPEC["axes"] | {axis: {"values": [1e-30, 1.0]}}})
