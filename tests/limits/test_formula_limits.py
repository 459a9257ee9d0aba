"""Moments and tridents as previous limits.  Oracles: the integral in multiple precision, signs of charges."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from mpmath import mp, mpf, quad

from jaxtri.limits.formula_limits import NODES, formula_edges, formula_limits
from jaxtri.limits.recast_limits import previous_limits
from jaxtri.model.fermions import FERMIONS
from jaxtri.model.gauge_model import load_model
from jaxtri.model.moments import moment_shifts
from jaxtri.physics.muon_g2 import delta_a
from jaxtri.physics.trident import load_tridents, trident_terms

ACCURACY = 1e-12  # of g, against multiple precision
BOUNDS = {"muon_g2_2025": ("mu", 38e-11 + 2 * 63e-11), "electron_g2_rb_2020": ("e", 3.4e-13 + 2 * 1.6e-13)}
MASSES = np.array([1e-6, 1e-3, 0.05, 0.5, 20.0])


def by_name(sm, name, m_X=MASSES):
    return {one.search: one for one in formula_limits(sm, load_model(name), m_X)}


@pytest.mark.parametrize("search", BOUNDS)
def test_moments_are_those_of_multiple_precision(sm, search):
    lepton, bound = BOUNDS[search]
    found = by_name(sm, "b_minus_l")[search]
    assert (found.why, found.kind, found.confidence) == ("", "moment", 0.95)
    assert "limit: " in found.locator
    for m_X, g in zip(MASSES, found.g_lower, strict=True):
        with mp.workdps(30):
            r = (mpf(m_X) / mpf(float(getattr(sm, f"m_{lepton}")))) ** 2
            ends = sorted(
                {
                    mpf(0),
                    mpf(1),
                    r / (1 + r),
                    1 / (1 + r),
                    mpf("0.1") * r / (1 + r),
                    mp.sqrt(r) / (1 + mp.sqrt(r)),
                }
            )
            integral = quad(lambda z, r=r: z**2 * (1 - z) / (z**2 + (1 - z) * r), ends)
            expected = float(mp.sqrt(bound * 4 * mp.pi**2 / integral))
        np.testing.assert_allclose(g, expected, ACCURACY)
        assert abs(g / np.sqrt(bound * 8 * np.pi**2) - 1) > 10 * ACCURACY  # X without mass misses


def test_every_bound_is_met_and_not_the_favoured_band(sm):
    model, found = load_model("b_minus_l"), by_name(sm, "b_minus_l")
    for search, (lepton, bound) in BOUNDS.items():
        at_edge = delta_a(sm, model, MASSES, found[search].g_lower, lepton=lepton)
        np.testing.assert_allclose(at_edge, bound, ACCURACY)
    shift = moment_shifts()["2021"]  # the band of 2021 lies above today's limit
    assert BOUNDS["muon_g2_2025"][1] < shift.value


def test_caesium_is_no_limit_and_its_sign_is_kept(sm):
    one = by_name(sm, "b_minus_l")["electron_g2_cs_2018"]
    assert "measured below predicted by more than 2 sigma" in one.why
    assert not one.exists.any()
    assert moment_shifts("e")["cs_2018"].within(2.0)[1] < 0 < -moment_shifts("e")["cs_2018"].value


def test_tridents_make_as_many_as_measured(sm):
    found, ccfr = by_name(sm, "b3_minus_l2")["ccfr_1991_trident"], load_tridents("ccfr_1991")
    a_1, a_2 = trident_terms(sm, load_model("b3_minus_l2"), ccfr, MASSES)
    g = found.g_lower
    np.testing.assert_allclose(1 + a_1 * g**2 + a_2 * g**4, 0.82 + 1.96 * 0.28, ACCURACY)
    assert np.all(np.diff(g) > 0)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (
            "baryon",
            {
                "muon_g2_2025": "x_mu = 0",
                "electron_g2_rb_2020": "x_e = 0",
                "ccfr_1991_trident": "= 0: X does",
            },
        ),
        ("dark_photon", {"ccfr_1991_trident": "x_mu x_nu_mu = 0"}),
        ("b3_minus_l2", {"electron_g2_rb_2020": "x_e = 0", "electron_g2_cs_2018": "x_e = 0"}),
        ("l_e_minus_l_tau", {"muon_g2_2025": "x_mu = 0: X does not shift the moment of muons"}),
    ],
)
def test_why_nothing_is_excluded(sm, model, said):
    found = by_name(sm, model)
    for search, words in said.items():
        assert words in found[search].why
        assert not found[search].exists.any()


def test_kinetic_mixing_moves_the_electron(sm):
    pure = load_model("l_mu_minus_l_tau")
    model = replace(pure, kinetic_mixing=pure.kinetic_mixing - 1 / 70)
    found = {one.search: one for one in formula_limits(sm, model, MASSES)}
    plain = by_name(sm, "b_minus_l")
    x_e = np.sqrt(4 * np.pi * float(sm.alpha_0)) / 70
    name = "electron_g2_rb_2020"
    np.testing.assert_allclose(found[name].g_lower, plain[name].g_lower / x_e, ACCURACY)


def test_a_wide_boson_and_beyond_the_domain(sm):
    tiny = load_model("b_minus_l")
    weak = replace(tiny, charge=tiny.charge.at[FERMIONS.index("e")].set(1e-6))
    (one,) = [
        one for one in formula_limits(sm, weak, np.array([50.0])) if one.search == "electron_g2_rb_2020"
    ]
    assert one.why == "only at couplings at which X is wider than its mass"
    beyond = formula_limits(sm, tiny, np.array([1000.0]))
    assert {one.why for one in beyond if "caesium" not in one.experiment} == {"no statement above 2 m_t"}


def test_slopes_in_charges_are_finite_and_scale(sm):
    model = load_model("b_minus_l")

    def log_g(k):
        return jax.numpy.log(formula_edges(sm, replace(model, charge=k * model.charge), MASSES)[0])

    np.testing.assert_allclose(jax.jacobian(log_g)(2.0), -0.5, 1e-10)
    none = load_model("baryon")

    def total(charge):
        edges = formula_edges(sm, replace(none, charge=charge), MASSES)
        return jax.numpy.sum(jax.numpy.where(jax.numpy.isfinite(edges), edges, 0.0))

    assert np.all(np.isfinite(jax.grad(total)(none.charge)))


def test_they_are_previous_limits():
    found = {one.search: one for one in previous_limits("b3_minus_l2")}
    formulas = [one for one in found.values() if one.status == "formula"]
    assert [one.kind for one in formulas] == ["moment", "moment", "moment", "trident"]
    ccfr = found["ccfr_1991_trident"]
    np.testing.assert_array_equal(ccfr.m_X, NODES)
    (piece,) = ccfr.pieces
    assert np.all(np.isinf(piece.g_high))
    np.testing.assert_array_equal(piece.g_low, ccfr.g_lower)
    assert "Mishra" in ccfr.reference
    assert found["electron_g2_rb_2020"].pieces == ()
