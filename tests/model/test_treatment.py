"""Treatments: which forms they choose from, and which models they refuse to describe."""

import dataclasses
from typing import get_args, get_type_hints

import pytest

from jaxtri.errors import InputError
from jaxtri.model.fermions import FERMIONS
from jaxtri.model.gauge_model import load_model
from jaxtri.model.treatment import CHOICES, Treatment, load_treatment, require_described
from jaxtri.physics.production.channels import branching_ratio
from jaxtri.physics.production.flavour import DECOUPLING, FCNC_PREFACTOR, LOOP_ARGUMENT
from jaxtri.physics.production.meson_decays import B_TO_K, B_TO_KSTAR, K_TO_PI
from jaxtri.physics.production.z_decays import Z_TO_GAMMA

MAPPINGS = {
    "decoupling": DECOUPLING,
    "z_to_gamma": Z_TO_GAMMA,
    "fcnc_prefactor": FCNC_PREFACTOR,
    "loop_argument": LOOP_ARGUMENT,
    "k_to_pi": K_TO_PI,
    "b_to_k": B_TO_K,
    "b_to_kstar": B_TO_KSTAR,
}


def charges(quarks, leptons):
    values = dict.fromkeys(FERMIONS[:6], leptons) | dict.fromkeys(FERMIONS[6:], quarks)
    return load_model({"title": "test", "charges": values, "neutrinos": "chiral"})


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
    for name in ("ward", "metched"):
        with pytest.raises(InputError, match=name):
            load_treatment(name)


def test_every_choice_has_its_forms():
    assert set(CHOICES) == {*MAPPINGS, "emission"}  # of emission there is only "none"


@pytest.mark.parametrize("key", MAPPINGS)
def test_choices_of_a_treatment_are_the_forms_of_its_equation(key):
    assert set(get_args(get_type_hints(Treatment)[key])) == set(MAPPINGS[key])
    with pytest.raises(TypeError):
        MAPPINGS[key]["another"] = None
