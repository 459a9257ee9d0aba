"""Treatments: which forms they choose from, and which models they refuse to describe."""

import dataclasses
import math
from typing import get_args, get_type_hints

import pytest

from jaxtri.errors import InputError
from jaxtri.model.fermions import FERMIONS
from jaxtri.model.gauge_model import load_model
from jaxtri.model.treatment import (
    CHOICES,
    Treatment,
    load_treatment,
    refused_channels,
    require_described,
)
from jaxtri.physics.production.channels import branching_ratio
from jaxtri.physics.production.flavour import DECOUPLING, FCNC_PREFACTOR, LOOP_ARGUMENT
from jaxtri.physics.production.meson_decays import B_TO_K, B_TO_KSTAR, K_TO_PI
from jaxtri.physics.production.meson_widths import INTERFERENCE, LONG_DISTANCE
from jaxtri.physics.production.z_decays import Z_TO_GAMMA
from jaxtri.tables.schema import CHANNEL_NAMES, Choice

MAPPINGS = {
    "decoupling": DECOUPLING,
    "z_to_gamma": Z_TO_GAMMA,
    "fcnc_prefactor": FCNC_PREFACTOR,
    "loop_argument": LOOP_ARGUMENT,
    "k_to_pi": K_TO_PI,
    "b_to_k": B_TO_K,
    "b_to_kstar": B_TO_KSTAR,
    "interference": INTERFERENCE,
    "long_distance": LONG_DISTANCE,
}


def charges_of(quarks, leptons):
    values = dict.fromkeys(FERMIONS[:6], leptons) | dict.fromkeys(FERMIONS[6:], quarks)
    return {"title": "test", "charges": values, "neutrinos": "chiral"}


def charges(quarks, leptons):
    return load_model(charges_of(quarks, leptons))


OTHERS = {"U(1)_B": (1 / 3, 0.0), "U(1)_L": (0.0, -1.0), "1.5 (B - L)": (0.5, -1.5)}


@pytest.mark.parametrize("channel", ["Z -> gamma X", "B+ -> K+ X", "B -> K* X", "KL -> pi0 X"])
@pytest.mark.parametrize("treatment", ["printed", "figure"])
@pytest.mark.parametrize("name", OTHERS)
def test_formulas_without_charges_refuse_other_models(sm, treatments, name, treatment, channel):
    model = charges(*OTHERS[name])
    with pytest.raises(InputError, match="hold no charges"):
        branching_ratio(channel, sm, model, treatments[treatment], 0.1, 1e-3)
    require_described(model, treatments["matched"])


def test_described_models_are_not_refused(models, treatments):
    for model in models.values():
        for treatment in treatments.values():
            require_described(model, treatment)
    for key, value in (("z_to_gamma", "eq5"), ("fcnc_prefactor", "printed"), ("fcnc_prefactor", "figure")):
        switched = dataclasses.replace(treatments["matched"], **{key: value})
        with pytest.raises(InputError, match=f'{key} = "{value}"'):
            require_described(charges(*OTHERS["U(1)_B"]), switched)


def test_unknown_names_are_refused(sm, b_minus_l, treatments):
    with pytest.raises(InputError, match="did you mean"):
        branching_ratio("B+ -> K+X", sm, b_minus_l, treatments["matched"], 0.1, 1e-3)
    with pytest.raises(InputError, match="did you mean matched"):
        load_treatment("metched")


def test_every_choice_has_its_forms():
    assert set(CHOICES) == {*MAPPINGS, "emission"}  # emission is whether its forms are used


@pytest.mark.parametrize("key", MAPPINGS)
def test_choices_of_a_treatment_are_the_forms_of_its_equation(key):
    assert set(get_args(get_type_hints(Treatment)[key])) == set(MAPPINGS[key])
    with pytest.raises(TypeError):
        MAPPINGS[key]["another"] = None


CONTRADICTIONS = {
    'emission = "one_loop" needs decoupling = "ward"': {"base": "matched", "emission": "one_loop"},
    'decoupling = "ward" needs z_to_gamma = "mass_basis"': {"base": "ward", "z_to_gamma": "eq5"},
    'decoupling = "ward" needs fcnc_prefactor = "matched"': {"base": "ward", "fcnc_prefactor": "figure"},
}


@pytest.mark.parametrize("message", CONTRADICTIONS)
def test_choices_that_contradict_each_other_are_refused(message):
    with pytest.raises(InputError, match=message):
        load_treatment(Choice.model_validate({"name": "own"} | CONTRADICTIONS[message]))


NOT_UNIVERSAL = "quark charges are not universal"
REFUSALS = {  # model: channels that ward refuses, and why
    "b_minus_l": ({"KL -> pi0 X"}, "long distances is not known for K_L"),
    "b_minus_3l_tau": ({"KL -> pi0 X"}, "long distances is not known for K_L"),
    "baryon": (set(), None),
    "l_mu_minus_l_tau": (set(), None),
    "b3_minus_l2": (set(CHANNEL_NAMES) - {"Z -> gamma X"}, NOT_UNIVERSAL),
    "b1_minus_l3": (set(CHANNEL_NAMES) - {"Z -> gamma X"}, NOT_UNIVERSAL),
    "dark_photon": (set(CHANNEL_NAMES), "differ within the doublets nu_e/e"),
    "protophobic": (set(CHANNEL_NAMES), "differ within the doublets"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_channels_that_ward_refuses(name):
    model, ward = load_model(name), load_treatment("ward")
    channels, reason = REFUSALS[name]
    found = refused_channels(model, ward)
    assert set(found) == channels
    assert all(reason in one for one in found.values())
    assert ward.for_model(model).refused == tuple(found)
    assert refused_channels(model, load_treatment("matched")) == {}
    for channel in CHANNEL_NAMES:
        if channel in channels:
            with pytest.raises(InputError, match=reason):
                require_described(model, ward, channel)
        elif len(channels) < len(CHANNEL_NAMES):
            require_described(model, ward, channel)


def test_an_anomaly_that_nothing_cancels_is_refused_with_the_cure():
    ward, quarks_alone = load_treatment("ward"), charges("1/3", 0)
    with pytest.raises(InputError, match=r'SU\(2\)\^2 U\(1\)_X = 3 is not cancelled.*mass = "infinite"'):
        require_described(quarks_alone, ward)
    require_described(load_model("baryon"), ward)


@pytest.mark.parametrize("mass", [0.0, -1.0, "large", True, math.inf])
def test_anomalons_have_a_mass(mass):
    with pytest.raises(InputError, match="anomalons"):
        load_model(charges_of("1/3", 0) | {"anomalons": {"mass": mass}})
