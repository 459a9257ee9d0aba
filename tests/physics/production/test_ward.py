"""Production as Ward identities require it, against 50-digit values and published numbers.

Oracle: tests/reference/ward.py; the signs are those of explicit traces (test_appendix_a, test_emission_sign).
"""

import dataclasses
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxtri.model.fermions import FERMIONS
from jaxtri.model.gauge_model import load_model
from jaxtri.model.treatment import load_treatment
from jaxtri.numerics.jax_settings import require_x64
from jaxtri.physics.production import emission, flavour, z_decays
from jaxtri.physics.production.channels import branching_ratio, production_vector
from jaxtri.tables.schema import CHANNEL_NAMES
from places import REFERENCE

VALUE = 1e-12  # relative to the largest term of a sum
QUOTED = 0.3  # of numbers that a paper quotes with one digit
FLAT = 1e-3  # of a rate that is proportional to m_X^2
QUOTED_TWICE = 0.006  # of numbers with two decimals, plus 1 % of what the inputs have moved
AGREED = 5e-3  # of numbers that are quoted with three digits
MASSES = {"infinite": jnp.inf, "1000": 1e3, "200": 200.0, "none": jnp.inf}


@pytest.fixture(scope="module")
def reference():
    require_x64()
    return json.loads((REFERENCE / "ward.json").read_text())


@pytest.fixture(scope="module")
def ward():
    return load_treatment("ward")


def model_of(charges, mass):
    return load_model(
        {"title": "reference", "charges": charges, "neutrinos": "chiral", "anomalons": {"mass": "infinite"}}
    ) if mass == "infinite" else dataclasses.replace(
        load_model({"title": "reference", "charges": charges, "neutrinos": "chiral"}),
        has_anomalons=mass != "none", m_anomalon=jnp.asarray(MASSES[mass]),
    )  # fmt: skip


def cases():
    known = json.loads((REFERENCE / "ward.json").read_text())
    return [
        (name, mass)
        for name, entry in known["z_to_gamma"]["tables"].items()
        for mass in entry
        if mass != "A_0"
    ]


@pytest.mark.parametrize(("name", "mass"), cases())
def test_z_to_gamma(sm, reference, ward, name, mass):
    model = model_of(reference["models"][name], mass)
    known = reference["z_to_gamma"]["tables"][name][mass]
    m_X = np.array(reference["z_to_gamma"]["m_X"])
    expected = np.array(known["A"]) @ [1, 1j]
    found = np.asarray(jax.vmap(lambda m: z_decays.ward_sum(sm, model, m))(m_X))
    terms = sum(abs(x) for x in (np.array(z_decays.WEIGHTS) * np.asarray(model.charge)[[*z_decays.CHARGED]]))
    anomalous = reference["z_to_gamma"]["tables"][name]["A_0"] != "0"
    size = np.maximum(np.abs(expected), terms if anomalous else 0)
    assert np.all(np.abs(found - expected) <= VALUE * size)
    rate = np.asarray(branching_ratio("Z -> gamma X", sm, model, ward, m_X, 1.0))
    np.testing.assert_allclose(rate, known["BR"], 2 * VALUE)
    without = np.asarray(jax.vmap(lambda m: z_decays.ward_sum(sm, model, m, emission=False))(m_X))
    assert np.any(np.abs(without - expected) > 1e3 * VALUE * size)  # emission matters


def test_numbers_of_baryon_number(sm, ward):
    """arXiv:1705.06726 quotes BR(Z -> gamma X) ~ 1e-7 (A / 1.5)^2 (TeV / f_X)^2."""
    model = load_model("baryon")
    rate = float(branching_ratio("Z -> gamma X", sm, model, ward, 1e-6, 1e-9))
    assert rate == pytest.approx(7.892e-8, rel=AGREED)
    assert rate == pytest.approx(1e-7, rel=QUOTED)
    assert float(flavour.DECOUPLING["ward"](model)) == pytest.approx(1.5, rel=1e-15)


@pytest.mark.parametrize("name", ["b_minus_l", "b_minus_3l_tau"])
def test_rates_of_a_conserved_current_vanish_as_the_mass_squared(sm, ward, treatments, name):
    """Where nothing is anomalous; under matched they grow as its inverse."""
    model = load_model(name)
    masses = np.array([1e-9, 1e-7, 1e-5])
    for channel in ("Z -> gamma X", "B+ -> K+ X", "B -> K* X", "K+ -> pi+ X"):
        rates = np.asarray(branching_ratio(channel, sm, model, ward, masses, 1.0))
        np.testing.assert_allclose(rates / masses**2 / (rates[0] / masses[0] ** 2), 1, FLAT)
        enhanced = np.asarray(branching_ratio(channel, sm, model, treatments["matched"], masses, 1.0))
        np.testing.assert_allclose(enhanced * masses**2 / (enhanced[0] * masses[0] ** 2), 1, FLAT)


def test_loop_functions_of_penguins(sm, reference):
    known = reference["E0"]
    found = jax.vmap(emission.heavy_quark_penguin)(jnp.array(known["x"]))
    np.testing.assert_allclose(found, known["E0"], VALUE)
    slopes = jax.vmap(jax.grad(emission.heavy_quark_penguin))(jnp.array(known["x"]))
    terms = 1 / np.array(known["x"])  # -2/3 ln x alone has the slope -2/3x
    assert np.all(np.abs(slopes - np.array(known["dE0_dx"])) <= 10 * VALUE * terms)
    m_W = dataclasses.replace(sm, m_W=jnp.asarray(reference["E"]["m_W"]))
    for quark in "cu":
        known = reference["E"][quark]
        found = emission.light_quark_penguin(m_W, jnp.array(known["q2"]), known["m"])
        expected = np.array(known["E"]) @ [1, 1j]
        assert np.all(np.abs(np.asarray(found) - expected) <= VALUE * np.abs(expected))
        other = emission.light_quark_penguin(m_W, jnp.array(known["q2"]), 2 * known["m"])
        assert np.all(np.abs(np.asarray(other) - expected) > 1e-2)


@pytest.mark.parametrize("interference", ["derived", "none", "opposite"])
@pytest.mark.parametrize(("i", "j"), [("b", "s")])
def test_coupling_of_b_to_s(sm, reference, ward, i, j, interference):
    known = reference["fcnc"]["tables"][i + j][interference]
    expected = np.array(known["abs"]) if interference == "none" else np.abs(np.array(known) @ [1, 1j])
    model = load_model("baryon")
    chosen = dataclasses.replace(ward, interference=interference)
    masses = np.array(reference["fcnc"]["m_X"])
    rates, forms = (
        np.asarray(branching_ratio("B+ -> K+ X", sm, model, t, masses, 1.0))
        for t in (chosen, dataclasses.replace(ward, emission="none"))
    )
    anomalous = np.abs(np.array(reference["fcnc"]["tables"][i + j]["anomalous"]) @ [1, 1j])
    open_ = masses < float(sm.m_B_plus - sm.m_K_plus)
    np.testing.assert_allclose((rates / forms)[open_], (expected / anomalous)[open_] ** 2, 1e-10)
    assert np.max(np.abs(rates / forms - 1)[open_]) > 1e-2


def test_destructive_interference_of_baryon_number(sm, ward):
    """0.72 of the anomalous rate at 4 GeV; the opposite sign would give 1.33."""
    model = load_model("baryon")
    rate = {
        key: float(
            branching_ratio("B+ -> K+ X", sm, model, dataclasses.replace(ward, **{name: key}), 4.0, 1e-4)
        )
        for name, key in (("interference", "derived"), ("interference", "opposite"), ("emission", "none"))
    }
    assert rate["derived"] / rate["none"] == pytest.approx(0.7245, rel=AGREED)
    assert rate["opposite"] / rate["none"] == pytest.approx(1.327, rel=AGREED)


def test_long_distance_kaon_decay(sm, reference):
    known = reference["kaon"]["tables"]
    found = jax.vmap(
        lambda m: emission.long_distance_width(sm, load_model("b_minus_l"), sm.m_K_plus, sm.m_pi_plus, m)
    )(jnp.array(reference["kaon"]["m_X"]))
    np.testing.assert_allclose(found, known["width"], VALUE)
    tripled = dataclasses.replace(sm.form_factors, K_pi_kappa=jnp.asarray(3.0))
    moved = emission.long_distance_width(
        dataclasses.replace(sm, form_factors=tripled), load_model("b_minus_l"), sm.m_K_plus, sm.m_pi_plus, 0.1
    )
    plain = emission.long_distance_width(sm, load_model("b_minus_l"), sm.m_K_plus, sm.m_pi_plus, 0.1)
    assert float(moved / plain) == pytest.approx(9.0, rel=1e-14)


@pytest.mark.parametrize(("m_X", "low", "high"), [(0.1, 0.89, 1.12), (0.2, 0.56, 1.57), (0.3, 0.13, 2.69)])
def test_edges_of_the_long_distance_amplitude(sm, ward, m_X, low, high):
    """Relative to the anomalous rate alone, kappa = 1: what an unknown sign leaves open."""
    model = load_model("baryon")

    def rate(**changes):
        return float(
            branching_ratio("K+ -> pi+ X", sm, model, dataclasses.replace(ward, **changes), m_X, 1.0)
        )

    alone = rate(emission="none")
    assert rate(long_distance="destructive") / alone == pytest.approx(low, abs=QUOTED_TWICE + 0.01 * low)
    assert rate(long_distance="constructive") / alone == pytest.approx(high, abs=QUOTED_TWICE + 0.01 * high)
    middle = (rate(long_distance="destructive") + rate(long_distance="constructive")) / 2
    assert rate() == pytest.approx(middle, rel=1e-12)


def test_refused_channels_have_no_rate_and_the_others_their_own(sm, ward):
    model = load_model("b3_minus_l2")
    found = np.asarray(production_vector(sm, model, ward.for_model(model), 0.1))
    whole = np.asarray(production_vector(sm, model, ward, 0.1))
    assert found[0] == whole[0] > 0
    assert np.all(found[1:] == -1)
    assert len(found) == len(CHANNEL_NAMES)


@pytest.mark.long
def test_gradients_are_finite_in_everything(sm, ward):
    """Also by the charges of an anomaly-free model, whose sum is exactly 0, and by an infinite mass."""
    compiled = jax.jit(jax.grad(
        lambda sm, model, m: jnp.sum(production_vector(sm, model, ward, m)), argnums=(0, 1, 2),
        allow_int=True,
    ))  # fmt: skip
    for name in ("b_minus_l", "baryon"):
        model = load_model(name).unnamed()
        for m_X in (1e-9, 0.02, 0.6, 2.5458, 80.0, float(sm.m_Z)):
            for leaf in jax.tree.leaves(compiled(sm, model, m_X)):
                assert np.all(np.isfinite(leaf)), (name, m_X)


def test_an_anomaly_has_its_slope_by_a_charge(sm):
    """The sum that is set to exactly 0 still changes with every charge."""
    model = load_model("b_minus_l")
    slope = jax.grad(
        lambda charge: z_decays.ward_sum(sm, dataclasses.replace(model, charge=charge), 1e-6).real
    )(model.charge)
    np.testing.assert_allclose(np.asarray(slope)[list(z_decays.CHARGED)], z_decays.WEIGHTS, rtol=1e-6)
    assert FERMIONS[0] == "e"
