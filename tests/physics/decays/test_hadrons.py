"""X -> hadrons: vector-meson dominance below 1.75 GeV, quarks with QCD corrections above.

Oracle: tests/reference/x_decays.py: the same formulas in 30 digits, and the three-pion phase space W by
another quadrature (helicity variables, 320 x 240 nodes, compared there with adaptive integration).
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxtri.boundary.sensitivities import by_name
from jaxtri.model.correlations import input_errors
from jaxtri.model.fermions import FERMIONS
from jaxtri.model.gauge_model import load_model
from jaxtri.model.standard_model import input_table, load_standard_model, replaced
from jaxtri.physics.decays import three_pions
from jaxtri.physics.decays.hadrons import (
    EXCLUSIVE,
    THREE_PION_INPUTS,
    Spaces,
    exclusive_ratios,
    hadronic_ratio,
    meson_couplings,
    three_pion_spaces,
    three_pion_window,
)
from jaxtri.physics.decays.isovector import SCALE_CHANGES, isovector_ratio
from jaxtri.physics.decays.quarks import quark_ratio, strong_coupling
from jaxtri.physics.decays.three_pions import three_pion_phase_space

ROUNDING = 1e-12  # relative, against 30 digits; measured 2e-14
# Truncation of W at 96 x 20 nodes, relative, up to a mass in GeV; measured 4e-12 (the gap over threshold
# is rounded there), 1.3e-9, 9.5e-9
W_TRUNCATION = {1.1: 1e-11, 1.8: 3e-9, 2.5: 2e-8}
# The same in R of one final state: 3 pi, and P gamma through the width of the omega; measured 1.2e-8
STATE_TRUNCATION = 3e-8
TOTAL_TRUNCATION = 5e-10  # the same in the total R; measured 7.6e-11, at 1.6 GeV
DUALITY = 0.10  # R at 1.5-2.0 GeV, on average, against quarks: the error of the measured isovector part
EXACT_W = 1e-11  # truncation at 192 x 48 nodes; measured 3.5e-12
THREE_PIONS = ("pi0 gamma", "eta gamma", "pi+ pi- pi0")  # what W enters
REFERENCE_NAMES = {  # ours: theirs
    "pi0 gamma": "pi0gamma",
    "eta gamma": "etagamma",
    "pi+ pi- pi0": "3pi",
    "K+ K-": "K+K-",
    "K0 K0bar": "K0K0bar",
    "K K pi": "KKpi",
    "eta phi": "etaphi",
    "omega pi pi": "omegapipi",
    "eta omega": "etaomega",
    "isovector": "isovector",
}
CHIRAL = ("B-L", "B3-L2", "photon-like", "generic")  # "B-L_dirac" has the hadrons of B-L


def reference_model(x_decays, name):
    """A model of the reference file; it has no top, which plays no part here."""
    entry = x_decays["models"][name]
    charges = {f: entry["charges"].get(f, entry["charges"]["u"]) for f in FERMIONS}
    return load_model({"title": name, "charges": charges, "neutrinos": entry["neutrinos"]})


def column(x_decays, name, key):
    """One number of every point of a model, NaN where the reference has none."""
    values = [point[key] for point in x_decays["models"][name]["points"]]
    return np.array([np.nan if value is None else value for value in values])


@pytest.fixture(scope="module")
def hadrons(sm, x_decays):
    """(exclusive, quarks, total) of every model and mass in one compilation."""
    charge = jnp.stack([reference_model(x_decays, name).charge for name in CHIRAL])
    template = reference_model(x_decays, "B-L")

    def every(charge, m_X):
        model = dataclasses.replace(template, charge=charge)
        ratios = exclusive_ratios(sm, model, m_X)
        return ratios, quark_ratio(sm, model, m_X), hadronic_ratio(sm, model, m_X)

    m_X = column(x_decays, "B-L", "m_X")
    run = jax.jit(jax.vmap(jax.vmap(every, (None, 0)), (0, None)))
    exclusive, quarks, total = run(charge, m_X)
    return {
        name: ({state: np.asarray(R[i]) for state, R in exclusive.items()}, quarks[i], total[i])
        for i, name in enumerate(CHIRAL)
    }


@pytest.mark.parametrize("state", EXCLUSIVE)
@pytest.mark.parametrize("name", CHIRAL)
def test_exclusive_final_state(x_decays, hadrons, name, state):
    points = x_decays["models"][name]["points"]
    used = [i for i, point in enumerate(points) if point["exclusive"]]
    expected = [points[i]["exclusive"][REFERENCE_NAMES[state]] for i in used]
    tolerance = STATE_TRUNCATION if state in THREE_PIONS else ROUNDING
    np.testing.assert_allclose(hadrons[name][0][state][used], expected, tolerance)  # zeros are exact


def test_isovector_is_linear_in_ln_r_between_its_points(sm, x_decays):
    """Against logarithms taken by hand, in the middle of every step; straight lines of R miss."""
    m, R = np.array(x_decays["inputs"]["isovector_R"]).T
    middle = (m[1:] + m[:-1]) / 2
    found = jax.vmap(lambda m: isovector_ratio(sm, m))(jnp.concatenate([m, middle]))
    np.testing.assert_allclose(found[: len(m)], R, ROUNDING)
    np.testing.assert_allclose(found[len(m) :], np.sqrt(R[1:] * R[:-1]), ROUNDING)
    assert np.max(np.abs((R[1:] + R[:-1]) / 2 / found[len(m) :] - 1)) > 0.05


def test_isovector_opens_as_a_p_wave(sm, x_decays):
    first = x_decays["inputs"]["isovector_R"][0][0]
    threshold = 2 * float(sm.m_pi_plus)
    m_X = threshold + np.array([1e-9, 1e-6, 1e-4])
    R, slope = jax.vmap(lambda m: jax.jvp(lambda m: isovector_ratio(sm, m), (m,), (1.0,)))(m_X)
    np.testing.assert_allclose(slope * (m_X - threshold) / R, 1.5, 1e-3)  # cube of a square root
    assert isovector_ratio(sm, threshold) == 0
    np.testing.assert_allclose(
        isovector_ratio(sm, first * (1 - 1e-12)), isovector_ratio(sm, first), 1e-9
    )  # continuous


def test_isovector_carries_the_errors_of_the_measurement(sm):
    """3 % up to 1 GeV and 10 % above: the errors of the inputs that scale it."""
    entry = input_table("hadrons")["isovector_scale"]
    assert entry.error == [0.03, 0.10]
    np.testing.assert_array_equal(input_errors(sm)["isovector_scale"], [0.03, 0.10])  # of bands: one each
    assert not input_errors(load_standard_model({"isovector_scale": [1.01, 1.0]}))["isovector_scale"].any()
    up = replaced(sm, {"isovector_scale": jnp.array([1.03, 1.10])})
    for m_X, shift in ((0.5, 1.03), (SCALE_CHANGES - 1e-9, 1.03), (SCALE_CHANGES, 1.10), (1.6, 1.10)):
        np.testing.assert_allclose(isovector_ratio(up, m_X) / isovector_ratio(sm, m_X), shift, ROUNDING)


def test_hadrons_of_the_photon_meet_quarks(sm, x_decays):
    """Duality: over 1.5-2.0 GeV exclusive states give the R of quarks; half the isovector part does not."""
    photon = reference_model(x_decays, "photon-like")
    m_X = jnp.linspace(1.5, 1.99, 50)
    run = jax.jit(jax.vmap(lambda m: (exclusive_ratios(sm, photon, m), quark_ratio(sm, photon, m))))
    states, quarks = run(m_X)
    total = sum(states.values())
    assert abs(float(jnp.mean(total / quarks)) - 1) < DUALITY
    assert abs(float(jnp.mean((total - states["isovector"] / 2) / quarks)) - 1) > 3 * DUALITY


@pytest.mark.parametrize("name", CHIRAL)
def test_quarks_and_total(x_decays, hadrons, name):
    _, quarks, total = hadrons[name]
    perturbative = column(x_decays, name, "perturbative")
    used = np.isfinite(perturbative)
    np.testing.assert_allclose(quarks[used], perturbative[used], ROUNDING)
    expected = np.array([point["R"]["hadrons"] for point in x_decays["models"][name]["points"]])
    np.testing.assert_allclose(total, expected, TOTAL_TRUNCATION)
    without_w = (column(x_decays, name, "m_X") < 0.41) | (column(x_decays, name, "m_X") > 2.5)
    np.testing.assert_allclose(total[without_w], expected[without_w], ROUNDING)


def test_models_are_told_apart(hadrons):
    total = np.array([hadrons[name][2] for name in CHIRAL])
    here = np.all(total[[0, 2, 3]] > 0, axis=0)
    assert np.all(np.abs(total[2] / np.where(here, total[0], 1.0) - 1)[here] > 1e-3)


def phase_space_error(sm, x_decays, order, monkeypatch):
    """Relative error of W(s) / W(m_omega^2) with a rule of this order, at every mass of the reference."""
    monkeypatch.setattr(three_pions, "DALITZ_ORDER", order)
    mass, expected = (np.array([row[key] for row in x_decays["W"]]) for key in ("sqrt_s", "ratio_to_omega"))
    W = jax.jit(jax.vmap(lambda M: three_pion_phase_space(sm, M)))(np.append(mass, 0.78266))
    return mass, np.abs(W[:-1] / W[-1] / expected - 1)


def test_three_pion_phase_space(sm, x_decays, monkeypatch):
    mass, error = phase_space_error(sm, x_decays, three_pions.DALITZ_ORDER, monkeypatch)
    for limit, truncation in W_TRUNCATION.items():
        assert np.max(error[mass <= limit]) < truncation


def test_three_pion_phase_space_with_more_and_fewer_nodes(sm, x_decays, monkeypatch):
    """What is left is truncation: 192 x 48 nodes remove it, 16 x 6 are too few."""
    assert np.max(phase_space_error(sm, x_decays, (192, 48), monkeypatch)[1]) < EXACT_W
    assert np.max(phase_space_error(sm, x_decays, (16, 6), monkeypatch)[1]) > max(W_TRUNCATION.values())


def test_three_pion_phase_space_just_above_threshold(sm):
    """Finite, and rising as the fourth power of the gap: P waves in three-body phase space."""
    threshold = float(2 * sm.m_pi_plus + sm.m_pi0)
    M = threshold + np.geomspace(1e-16, 1e-5, 23)
    W, slope = jax.jit(jax.vmap(lambda M: jax.jvp(lambda M: three_pion_phase_space(sm, M), (M,), (1.0,))))(M)
    assert np.all(np.isfinite(W))
    assert np.all(np.isfinite(slope))
    gap = M - threshold
    clear = gap > 1e-8  # nearer, the threshold itself is rounded
    np.testing.assert_allclose((slope * gap / W)[clear], 4.0, 1e-3)


def test_strong_coupling(sm, x_decays):
    mu, expected = (np.array([row[key] for row in x_decays["alpha_s"]]) for key in ("mu", "alpha_s"))
    computed = jax.jit(jax.vmap(lambda mu: strong_coupling(sm, mu)))(mu)
    np.testing.assert_allclose(computed, expected, ROUNDING)
    np.testing.assert_allclose(strong_coupling(sm, sm.m_Z), sm.alpha_s_mZ, ROUNDING)
    assert strong_coupling(sm, 0.3) == strong_coupling(sm, 1.0)  # frozen


def test_one_loop_running_misses(sm):
    one_loop = 1 / (1 / sm.alpha_s_mZ + 23 / (6 * np.pi) * np.log(10.0 / sm.m_Z))
    assert abs(one_loop / strong_coupling(sm, 10.0) - 1) > 0.01


def test_strong_coupling_satisfies_its_equation(sm):
    """With five flavours, da / d ln mu^2 = -beta_0 a^2 - beta_1 a^3."""
    mu = 20.0
    a, slope = jax.value_and_grad(lambda mu: strong_coupling(sm, mu) / jnp.pi)(mu)
    np.testing.assert_allclose(slope * mu / 2, -(23 / 12 * a**2 + 29 / 12 * a**3), ROUNDING)


def test_couplings_of_the_mesons(models, x_decays):
    np.testing.assert_allclose(meson_couplings(models["B-L"]), (0.0, 2.0, -1.0))
    np.testing.assert_allclose(meson_couplings(models["B3-L2"]), (0.0, 0.0, 0.0))
    np.testing.assert_allclose(meson_couplings(reference_model(x_decays, "photon-like")), (1.0, 1.0, 1.0))


def test_no_light_hadrons_without_light_quarks(x_decays, hadrons):
    m_X, total = column(x_decays, "B3-L2", "m_X"), hadrons["B3-L2"][2]
    assert np.all(total[m_X < 10.559] == 0)
    assert np.all(total[m_X > 10.56] > 0)
    assert np.all(hadrons["B-L"][2][m_X > 0.14] > 0)


def test_kaon_form_factors_count_the_charge(sm):
    """At s = 0, F = x_u - x_s for the charged kaon: every resonance's weights add up to 1."""
    for meson in ("rho", "omega", "phi"):
        np.testing.assert_allclose(jnp.sum(getattr(sm.hadrons, f"kaon_{meson}_weight")), 1.0, ROUNDING)


def test_quark_ratio_of_the_photon(sm, x_decays):
    """R of e+e- below charm and between charm and beauty: 3 sum Q^2 with 5-10 % of QCD (PDG, plots of R)."""
    photon = reference_model(x_decays, "photon-like")
    for m_X, parton in ((3.0, 2.0), (8.0, 10 / 3), (40.0, 11 / 3)):
        assert 1.02 < quark_ratio(sm, photon, m_X) / parton < 1.12


def test_what_the_three_pion_phase_space_depends_on(sm):
    """Moving anything else changes no bit; moving any of these does."""
    run = jax.jit(three_pion_spaces)
    values = by_name(sm)
    moved = {name: 1.01 * value for name, value in values.items()}

    def at(names):
        return np.hstack(run(replaced(sm, {name: moved[name] for name in names}), jnp.asarray(1.2)))

    shipped = at([])
    np.testing.assert_array_equal(at(values.keys() - THREE_PION_INPUTS), shipped)
    for name in THREE_PION_INPUTS:
        assert np.any(at([name]) != shipped), name


def test_no_three_pions_outside_their_window(sm, b_minus_l):
    low, high = np.asarray(three_pion_window(sm))
    nothing = Spaces(jnp.zeros(()), jnp.zeros(()), jnp.zeros(2))
    without = jax.jit(lambda m: hadronic_ratio(sm, b_minus_l, m, spaces=nothing))
    whole = jax.jit(lambda m: hadronic_ratio(sm, b_minus_l, m))
    for m_X in (0.9 * low, low, high, 1.1 * high):
        np.testing.assert_allclose(without(m_X), whole(m_X), rtol=ROUNDING)
    assert abs(without(0.78) / whole(0.78) - 1) > 0.1  # at the omega: so this is able to fail
