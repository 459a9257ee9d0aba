"""Inputs of a user beside those of the tables: what is far from them is questioned, with the likely unit.

Oracle: the tables, and units written out by hand.
"""

import numpy as np
import pytest

import jaxtri
from jaxtri.errors import InputError
from jaxtri.model.standard_model import LIKELY, input_entries, load_standard_model, replaced

SCAN = {
    "title": "inputs",
    "model": "b_minus_l",
    "treatments": ["matched"],
    "searches": {"set": "corrected"},
    "axes": {"m_X": {"values": [0.01, 1.0]}, "g_X": {"values": [1e-6, 1e-3]}},
}
EVERY = input_entries()
PRODUCTS = (
    "m_eta",
    "m_omega",
    "m_phi",
    "m_K_plus",
    "m_K0",
    "m_Kstar_plus",
)  # twice these, others cannot decay
MISTAKES = {  # input, value, fragments of the message
    "picoseconds": ("tau_B_plus", 1.638, ("tau_B_plus = 1.638 s (is it in ps?)", "has 1.637e-12 s")),
    "nanoseconds": ("tau_KL", 51.16, ("(is it in ns?)",)),
    "MeV": ("m_t", 172600, ("m_t = 172600 GeV (is it in MeV?)", "within a factor of 10")),
    "keV": ("m_e", 511, ("(is it in keV?)",)),
    "one of a list": ("excited_omega_width", [0.4, 420.0], ("= 420 GeV (is it in MeV?)",)),
    "no unit": ("ckm_A", 1.1, ("ckm_A = 1.1, but", "within 10 standard deviations")),
    "a sign": ("ckm_etabar", -0.35, ("ckm_etabar = -0.35, but the table has 0.3523",)),
    "no likely unit": ("m_Z", 5, ("m_Z = 5 GeV, but the table has 91.1879 GeV",)),
}


@pytest.mark.parametrize(("name", "value", "fragments"), MISTAKES.values(), ids=MISTAKES)
def test_what_is_far_from_its_table_is_questioned(name, value, fragments):
    for load in (load_standard_model, lambda inputs: jaxtri.load_spec(SCAN | {"inputs": inputs})):
        with pytest.raises(InputError) as caught:
            load({name: value})
        for fragment in (*fragments, "or unusual_inputs = true"):
            assert fragment in str(caught.value)
    spec = jaxtri.load_spec(SCAN | {"inputs": {name: value}, "unusual_inputs": True})
    assert load_standard_model({name: value}, unusual=True) is not None
    assert name in spec.configuration(spec.treatments[0])["inputs"]


@pytest.mark.parametrize("name", EVERY)
def test_every_input_may_move_a_little_and_no_further(name):
    entry = EVERY[name]
    known = np.asarray(entry.value, dtype=float)
    load_standard_model({name: entry.value})
    load_standard_model({name: (known * 1.005).tolist()})
    if np.all(known == 0):
        return
    with pytest.raises(InputError, match=rf"{name} = "):
        load_standard_model({name: (known * 11).tolist()})
    if entry.unit in LIKELY and name not in PRODUCTS:
        load_standard_model({name: (known * 2).tolist()})


@pytest.mark.parametrize("name", PRODUCTS)
def test_a_resonance_that_cannot_decay_is_refused(name):
    """Masses that are doubled: of mesons to which others decay, and of phi, which is in two broad ones."""
    with pytest.raises(InputError, match=rf"inputs: .*{name}.* GeV, to which it decays; give masses"):
        load_standard_model({name: 2 * EVERY[name].value})


def test_a_resonance_that_cannot_decay_has_no_rate():
    """Why it is refused: the width of X is no number then."""
    known, model = load_standard_model(), jaxtri.load_model("b_minus_l")
    heavy = replaced(known, {"m_K_plus": 2 * known.m_K_plus})
    assert np.isfinite(jaxtri.x_width(known, model, 0.3, 1e-3))
    assert np.isnan(jaxtri.x_width(heavy, model, 0.3, 1e-3))


def test_nodes_of_an_axis_let_resonances_decay():
    axis = {"m_K_plus": {"values": [0.49, 0.52]}}
    with pytest.raises(
        InputError, match=r"axes\.m_K_plus: m_phi = 1\.01946 GeV, and m_K_plus \+ m_K_plus = 1"
    ):
        jaxtri.load_spec(SCAN | {"axes": axis | SCAN["axes"]})


@pytest.mark.parametrize(
    "axis",
    [
        {"m_t": {"values": [171.0, 172000.0]}},
        {"tau": {"parameter": "tau_B_plus", "min": 1.0, "max": 2.0, "points": 3, "spacing": "linear"}},
        {"box": {"sobol": {"ckm_A": [0.8, 1.8]}, "points": 4}},
    ],
)
def test_nodes_of_an_axis_are_questioned_too(axis):
    with pytest.raises(InputError, match=r"axes\..*unusual_inputs = true"):
        jaxtri.load_spec(SCAN | {"axes": axis | SCAN["axes"]})
    jaxtri.load_spec(SCAN | {"axes": axis | SCAN["axes"], "unusual_inputs": True})


def test_masses_in_mev_are_questioned():
    axes = SCAN["axes"] | {"m_X": {"min": 1, "max": 90_000, "points": 3, "spacing": "log"}}
    with pytest.raises(InputError, match=r"ends at 90000 GeV; .* if these are MeV, give 0\.001 to 90, else"):
        jaxtri.load_spec(SCAN | {"axes": axes})
    jaxtri.load_spec(SCAN | {"axes": axes, "unusual_inputs": True})
    jaxtri.load_spec(SCAN | {"axes": axes | {"m_X": {"values": [0.1, 340.0]}}})


@pytest.mark.parametrize(
    ("inputs", "sine"),
    [({"ckm_lambda": 0.9, "ckm_A": 2.0}, "s_23"), ({"ckm_lambda": 0.99, "ckm_A": 1.0}, "s_13")],
)
def test_no_sine_exceeds_1(inputs, sine):
    apex = {"ckm_rhobar": 0.9, "ckm_etabar": 0.9} if sine == "s_13" else {}
    with pytest.raises(InputError, match=f"{sine} = .*; a sine of the CKM matrix is below 1"):
        load_standard_model(inputs | apex, unusual=True)
