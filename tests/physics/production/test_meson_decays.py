"""Eqs. (9), (10), (11), (12): B -> K X, B -> K* X, K -> pi X.

Oracles: tests/reference/rates.py (50 digits); values worked out separately to three or four digits.
"""

import dataclasses

import jax
import numpy as np
import pytest

from jaxtri.model.constants import HBAR
from jaxtri.model.standard_model import load_standard_model
from jaxtri.physics.production.channels import AVERAGES, CHANNELS, branching_ratio
from jaxtri.physics.production.meson_decays import B_TO_K, B_TO_KSTAR, K_TO_PI

ROUNDING = 1e-12  # relative, against 50 digits; measured 6e-15
QUOTED = 3e-3  # values quoted with three or four digits
ROUNDED = 4e-3  # the printed kaon rates, quoted from rounded inputs
ROUGH = 0.03  # ratios of limits, quoted with two digits
FORMS = {"b_to_k": B_TO_K, "b_to_kstar": B_TO_KSTAR, "k_to_pi": K_TO_PI}
CHOICE = {  # channel: the key of its choice in a treatment
    "B+ -> K+ X": "b_to_k",
    "B0 -> K0 X": "b_to_k",
    "B0 -> K*0 X": "b_to_kstar",
    "B+ -> K*+ X": "b_to_kstar",
    "K+ -> pi+ X": "k_to_pi",
    "KL -> pi0 X": "k_to_pi",
}
CASES = [(channel, form) for channel, key in CHOICE.items() for form in FORMS[key]]
OLDER = {"m_t": 172.57, "m_b": 4.183, "m_c": 1.273, "m_Z": 91.188, "m_W": 80.3692, "sw2": 0.23122} | {
    "alpha_mZ": 1 / 127.951, "tau_B_plus": 1.638e-12, "tau_B0": 1.517e-12,  # the inputs of the quoted values
}  # fmt: skip


def width(sm, channel, form, m_X):
    """Width for a unit coupling, |g_Xij| = 1 (or Im g_sd = 1)."""
    function, masses = FORMS[CHOICE[channel]][form], CHANNELS[channel].masses(sm)
    if CHOICE[channel] != "k_to_pi":
        return function(sm, *masses, m_X, 1.0)
    f, charge = sm.form_factors, "charged" if channel.startswith("K+") else "neutral"
    slopes = tuple(getattr(f, f"K_pi_lambda_{name}_{charge}") for name in ("plus", "zero"))
    return function(sm, *masses, slopes, m_X, 1.0)


@pytest.fixture(scope="module")
def widths(sm, rates):
    m_X = np.array(rates["meson_per_g_squared"]["m_X"])
    run = jax.jit(jax.vmap(lambda m_X: {case: width(sm, *case, m_X) for case in CASES}))
    return {case: np.asarray(values) for case, values in run(m_X).items()}


@pytest.mark.parametrize(("channel", "form"), CASES)
def test_width_for_a_unit_coupling(sm, rates, widths, channel, form):
    expected = rates["meson_per_g_squared"][channel]
    np.testing.assert_allclose(widths[channel, form], expected[form]["width"], ROUNDING)  # zeros are exact
    parent, daughter = CHANNELS[channel].masses(sm)
    np.testing.assert_allclose(parent - daughter, expected["threshold"], ROUNDING)


@pytest.mark.parametrize("channel", CHOICE)
def test_forms_differ(rates, widths, channel):
    """Any two forms of a width are told apart somewhere in the decay region by far more than rounding."""
    forms = [widths[channel, form] for form in FORMS[CHOICE[channel]]]
    is_open = forms[0] > 0
    for i, first in enumerate(forms):
        for second in forms[:i]:
            assert np.max(np.abs(second[is_open] / first[is_open] - 1)) > 0.02


@pytest.mark.parametrize("treatment", ["printed", "figure", "matched"])
@pytest.mark.parametrize("name", ["B-L", "B3-L2"])
def test_branching_ratios(sm, models, treatments, rates, name, treatment):
    m_X, g_X = np.array(rates["branching_ratio"]["m_X"]), 1e-3

    def every(m_X):
        arguments = sm, models[name], treatments[treatment], m_X, g_X
        return {channel: branching_ratio(channel, *arguments) for channel in (*CHANNELS, *AVERAGES)}

    computed, expected = jax.jit(jax.vmap(every))(m_X), rates["branching_ratio"][name][treatment]
    assert set(expected) == set(CHANNELS)
    for channel, values in expected.items():
        np.testing.assert_allclose(computed[channel], g_X**2 * np.array(values), ROUNDING, err_msg=channel)
    for channel, (first, second) in AVERAGES.items():
        mean = g_X**2 * (np.array(expected[first]) + np.array(expected[second])) / 2
        np.testing.assert_allclose(computed[channel], mean, ROUNDING, err_msg=channel)


@pytest.mark.parametrize(
    ("channel", "matched", "printed"),
    [("B+ -> K+ X", 1.475e-2, 6.74e3), ("K+ -> pi+ X", 5.65e-5, 763.0), ("KL -> pi0 X", 3.17e-5, 3.70)],
)
def test_quoted_branching_ratios(b_minus_l, treatments, channel, matched, printed):
    """BR (m_X / g_X)^2 / GeV^2 for m_X -> 0."""
    older, m_X = load_standard_model(OLDER), 1e-6
    rounded = ROUNDED if channel.startswith("K") else QUOTED
    for name, quoted, tolerance in (("matched", matched, QUOTED), ("printed", printed, rounded)):
        value = branching_ratio(channel, older, b_minus_l, treatments[name], m_X, 1.0) * m_X**2
        np.testing.assert_allclose(value, quoted, tolerance)


@pytest.mark.parametrize(
    ("channel", "m_X", "before", "after", "quoted"),
    [  # by how much the limit on g_X changes, before / after
        ("K+ -> pi+ X", 1e-6, "printed", "bracket", 2.15),
        ("KL -> pi0 X", 1e-6, "printed", "bracket", 2.04),
        ("K+ -> pi+ X", 0.1, "bracket", "vector", 1 / 1.07),
        ("K+ -> pi+ X", 0.2, "bracket", "vector", 1 / 1.24),
        ("K+ -> pi+ X", 0.3, "bracket", "vector", 1 / 1.9),
        ("B+ -> K+ X", 2.0, "printed", "vector", 1 / 1.08),
        ("B+ -> K+ X", 4.0, "printed", "vector", 1 / 1.56),
        ("B0 -> K*0 X", 2.0, "printed", "vector", 1.7),
        ("B0 -> K*0 X", 3.0, "printed", "vector", 3.4),
        ("B0 -> K*0 X", 4.0, "printed", "vector", 14.0),
    ],
)
def test_quoted_effects_on_a_limit(channel, m_X, before, after, quoted):
    older = load_standard_model(OLDER)
    ratio = np.sqrt(width(older, channel, after, m_X) / width(older, channel, before, m_X))
    np.testing.assert_allclose(ratio, quoted, ROUGH)


@pytest.mark.parametrize("channel", CHOICE)
def test_vector_and_goldstone_agree_for_a_light_x(sm, channel):
    """Goldstone equivalence: equal as m_X -> 0, up to f_+(0) = f_0(0) (1 %) and A_3(0) = A_0(0) (2 %)."""
    vector, goldstone = (width(sm, channel, form, 1e-4) for form in ("vector", "goldstone"))
    assert abs(vector / goldstone - 1) < 0.04
    heavy = 0.9 * float(np.subtract(*CHANNELS[channel].masses(sm)))
    vector, goldstone = (width(sm, channel, form, heavy) for form in ("vector", "goldstone"))
    assert abs(vector / goldstone - 1) > 0.04


def test_parent_widths(sm):
    assert CHANNELS["B+ -> K+ X"].parent_width(sm) == HBAR / sm.tau_B_plus
    assert CHANNELS["KL -> pi0 X"].parent_width(sm) == HBAR / sm.tau_KL
    assert CHANNELS["Z -> gamma X"].parent_width(sm) == sm.Gamma_Z


def test_only_the_imaginary_part_feeds_the_long_lived_kaon(sm, b_minus_l, treatments):
    real_mixing = dataclasses.replace(sm, ckm_etabar=0.0)
    arguments = b_minus_l, treatments["matched"], 0.1, 1.0
    assert branching_ratio("KL -> pi0 X", real_mixing, *arguments) == 0
    assert branching_ratio("K+ -> pi+ X", real_mixing, *arguments) > 0
