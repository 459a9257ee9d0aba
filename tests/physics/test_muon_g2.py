"""The muon's magnetic moment. Oracles: the integral in multiple precision, its closed form, known limits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from mpmath import mp, mpf, quad, sqrt

from jaxtri.errors import InputError
from jaxtri.model.fermions import FERMIONS
from jaxtri.model.gauge_model import load_model
from jaxtri.model.moments import load_moment_shift, moment_shifts
from jaxtri.numerics.quadrature import gauss_legendre
from jaxtri.physics.muon_g2 import delta_a, moment_coupling, moment_integral, muon_g2_couplings

ACCURACY = 1e-13  # of the quadrature, some hundred terms in float64
CLOSED_FORM = 1e-11  # it cancels: three digits at r = 4
SLOPE = 1e-7  # of a central difference with a step of 1e-5
QUOTED = 2e-4  # couplings quoted with four digits
RATIOS = [1e-12, 1e-6, 1e-3, 0.1, 0.9, 1.0, 3.999, 4.0, 4.001, 7.0, 1e2, 1e4, 1e8, 1e14]
MUON = FERMIONS.index("mu")


@pytest.fixture(scope="module")
def b3l2():
    """The model of Figure 4: the muon and its neutrino have charge -1."""
    return load_model("b3_minus_l2")


def by_mpmath(r):
    """The integral with 30 digits, cut where the integrand turns."""
    with mp.workdps(30):
        r = mpf(r)
        turns = sorted(
            {
                mpf(0),
                mpf(1),
                sqrt(r) / (1 + sqrt(r)),
                *(r / (1 + r) * k for k in (mpf("0.1"), 1)),
                1 / (1 + r),
            }
        )
        return float(quad(lambda z: z**2 * (1 - z) / (z**2 + (1 - z) * r), [t for t in turns if 0 <= t <= 1]))


def closed_form(r):
    """For r < 4, in float64."""
    d = np.sqrt(4 * r - r**2)
    J = 2 / d * (np.arctan((2 - r) / d) + np.arctan(r / d))
    return 0.5 - r - r * (2 - r) * np.log(r) / 2 + (-r + 2 * r**2 - r**3 / 2) * J


@pytest.mark.parametrize("r", RATIOS)
def test_integral_is_that_of_multiple_precision(r):
    np.testing.assert_allclose(moment_integral(r), by_mpmath(r), rtol=ACCURACY)


@pytest.mark.parametrize("r", [1e-6, 1e4])
def test_a_plain_rule_misses(r):  # so the test above is able to fail
    z, weight = gauss_legendre(64)
    plain = (weight * z**2 * (1 - z) / (z**2 + (1 - z) * r)).sum()
    assert abs(plain / by_mpmath(r) - 1) > 100 * ACCURACY


def test_closed_form_below_twice_the_mass_of_the_muon():
    r = np.geomspace(1e-4, 3.9, 50)
    np.testing.assert_allclose(moment_integral(r), closed_form(r), rtol=CLOSED_FORM)


def test_limits_of_a_light_and_a_heavy_boson():
    np.testing.assert_allclose(moment_integral(1e-14), 0.5, rtol=1e-6)  # g^2/(8 pi^2)
    np.testing.assert_allclose(moment_integral(1e12), 1 / 3e12, rtol=1e-10)  # g^2 m^2/(12 pi^2 m_X^2)


@pytest.mark.parametrize("lepton", ["e", "mu", "tau"])
def test_each_lepton_has_its_charge_and_mass(sm, lepton):
    model = load_model("b_minus_l")
    masses = {"e": sm.m_e, "mu": sm.m_mu, "tau": sm.m_tau}
    r = float((0.3 / masses[lepton]) ** 2)
    expected = (2e-3 * float(model.charge[FERMIONS.index(lepton)])) ** 2 / (4 * np.pi**2) * by_mpmath(r)
    np.testing.assert_allclose(delta_a(sm, model, 0.3, 2e-3, lepton=lepton), expected, rtol=ACCURACY)


def test_electron_is_untouched_by_b3_minus_l2(sm, b3l2):
    assert delta_a(sm, b3l2, 0.01, 1e-3, lepton="e") == 0.0


def test_another_lepton_is_refused(sm, b3l2):
    with pytest.raises(InputError, match="charged lepton"):
        delta_a(sm, b3l2, 0.01, 1e-3, lepton="muon")


def test_shapes_broadcast_and_transform(sm, b3l2):
    model = b3l2
    m_X, g_X = jnp.array([1e-3, 0.1, 10.0]), jnp.array([1e-4, 1e-3])
    grid = delta_a(sm, model, m_X[:, None], g_X)
    assert grid.shape == (3, 2)
    mapped = jax.jit(jax.vmap(lambda m: delta_a(sm, model, m, g_X)))(m_X)
    np.testing.assert_allclose(mapped, grid, rtol=ACCURACY)
    np.testing.assert_allclose(grid[:, 1] / grid[:, 0], 100.0, rtol=ACCURACY)  # g^2


@pytest.mark.parametrize("m_X", [1e-3, 0.2, 5.0])
def test_slope_in_the_mass_is_a_difference(sm, b3l2, m_X):
    model = b3l2
    slope = jax.grad(lambda m: delta_a(sm, model, m, 1.0))(m_X)
    step = 1e-5 * m_X
    up, down = (delta_a(sm, model, m_X + s, 1.0) for s in (step, -step))
    np.testing.assert_allclose(slope, (up - down) / (2 * step), rtol=SLOPE)


def test_slopes_in_charges_and_inputs_are_finite(sm, b3l2):
    of_model = jax.grad(lambda model: delta_a(sm, model, 0.05, 1e-3), allow_int=True)(b3l2)
    of_sm = jax.grad(lambda sm: delta_a(sm, b3l2, 0.05, 1e-3))(sm)
    assert of_model.charge[MUON] < 0 < of_sm.m_mu  # charge -1
    assert np.isfinite(of_model.charge).all()


@pytest.mark.parametrize("name", ["2021", "2023", "2025"])
def test_edges_give_the_shifts_of_the_table(sm, b3l2, name):
    shift, m_X = load_moment_shift(name), jnp.geomspace(1e-3, 1.0, 7)
    low, high = muon_g2_couplings(sm, b3l2, shift, m_X, sigmas=1.5)
    at_low, at_high = (delta_a(sm, b3l2, m_X, g) for g in (low, high))
    np.testing.assert_allclose(at_high, shift.value + 1.5 * shift.error, rtol=ACCURACY)
    np.testing.assert_allclose(at_low, max(0.0, shift.value - 1.5 * shift.error), rtol=ACCURACY, atol=0)


def test_quoted_couplings_at_a_mev_and_ten(sm, b3l2):
    """g^2 = 8 pi^2 x 251e-11 for a massless X; with four digits at 1 and 10 MeV."""
    low, high = muon_g2_couplings(sm, b3l2, load_moment_shift("2021"), jnp.array([1e-3, 1e-2]))
    np.testing.assert_allclose(low, [3.287e-4, 3.663e-4], rtol=QUOTED)
    np.testing.assert_allclose(high, [5.475e-4, 6.101e-4], rtol=QUOTED)


def test_todays_data_prefer_no_boson(sm, b3l2):
    low, high = muon_g2_couplings(sm, b3l2, load_moment_shift("2025"), 0.01)
    assert low == 0.0 < high


def test_without_charge_of_the_muon_there_is_no_edge(sm):
    low, high = muon_g2_couplings(sm, load_model("b_minus_3l_tau"), load_moment_shift("2023"), 0.01)
    assert low == high == np.inf


def test_every_difference_is_that_of_its_two_numbers():
    """Averages and predictions in units of 1e-11, from the papers that the table names."""
    both = {"2023": (116592059, 22, 116591810, 43), "2025": (116592071.5, 14.5, 116592033, 62)}
    for name, (measured, error, predicted, other) in both.items():
        shift = moment_shifts()[name]
        assert abs(shift.value * 1e11 - (measured - predicted)) <= 0.6  # printed without decimals
        assert abs(shift.error * 1e11 - np.hypot(error, other)) <= 1.0


def test_differences_of_the_electron_are_those_of_three_fine_structure_constants():
    """The prediction goes with alpha: a / alpha^-1 times the difference of 1/alpha, from three abstracts."""
    moment, a = (137.035999166, 15e-9), 1.15965218059e-3
    for name, inverse, error in (("rb_2020", 137.035999206, 11e-9), ("cs_2018", 137.035999046, 27e-9)):
        shift = moment_shifts("e")[name]
        assert abs(shift.value - a / inverse * (inverse - moment[0])) <= 0.06e-13  # printed with one decimal
        assert abs(shift.error - a / inverse * np.hypot(error, moment[1])) <= 0.06e-13
        assert shift.lepton == "e"
    assert moment_shifts("e")["rb_2020"].value > 0 > moment_shifts("e")["cs_2018"].value


@pytest.mark.parametrize("lepton", ["e", "mu"])
@pytest.mark.parametrize("m_X", [1e-6, 1e-3, 0.3, 40.0])
def test_coupling_of_a_shift(sm, lepton, m_X):
    """Closed: the square root of the shift over that at unit coupling, in multiple precision."""
    model, shift = load_model("b_minus_l"), 6.6e-13
    r = (m_X / float(getattr(sm, f"m_{lepton}"))) ** 2
    expected = np.sqrt(shift * 4 * np.pi**2 / by_mpmath(r))
    np.testing.assert_allclose(moment_coupling(sm, model, shift, m_X, lepton=lepton), expected, rtol=ACCURACY)
    assert moment_coupling(sm, model, -shift, m_X, lepton=lepton) == 0.0


def test_an_unknown_year_is_an_error_with_the_known_ones():
    with pytest.raises(InputError, match="2021, 2023, 2025"):
        load_moment_shift("2022")


def test_kinetic_mixing_adds_to_the_charge(sm):
    """The charge becomes x + (epsilon / g_X) e Q, with Q = -1."""
    charges = dict.fromkeys(FERMIONS, 0.0) | {"mu": -1.0, "nu_mu": -1.0}
    table = {"title": "own", "charges": charges, "neutrinos": "chiral"}
    plain, both = load_model(table), load_model(table | {"kinetic_mixing": 0.1})
    factor = (1 + 0.1 * np.sqrt(4 * np.pi * float(sm.alpha_0))) ** 2
    ratio = delta_a(sm, both, 0.01, 1e-3) / delta_a(sm, plain, 0.01, 1e-3)
    np.testing.assert_allclose(ratio, factor, rtol=ACCURACY)
    assert factor > 1.05


def test_a_mass_that_is_not_positive_is_refused(sm, b3l2):
    with pytest.raises(InputError, match="m_X = -1: give positive values"):
        delta_a(sm, b3l2, -1.0, 1e-3)
