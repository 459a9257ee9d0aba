"""Eqs. (4), (5): Z -> X gamma.

Oracles: tests/reference/rates.py (50 digits); values quoted for this width (arXiv:2401.02483, Eq. (5);
arXiv:1705.06726 for a baryon number whose anomaly is cancelled by heavy fermions).
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxtri.model.fermions import CHARGED, FERMIONS
from jaxtri.model.gauge_model import load_model
from jaxtri.model.standard_model import load_standard_model
from jaxtri.physics.production.z_decays import (
    Z_TO_GAMMA,
    charged_masses,
    decoupling_factors,
    eq4_sum,
    mass_basis_sum,
    width_from_sum,
)

ROUNDING = 1e-12  # relative, against 50 digits; measured 7e-15
QUOTED = 3e-3  # values quoted with three or four digits
OLDER = {"m_t": 172.57, "m_b": 4.183, "m_c": 1.273, "m_Z": 91.188, "m_W": 80.3692, "sw2": 0.23122} | {
    "alpha_mZ": 1 / 127.951  # the inputs of the quoted values
}
CHARGED_NAMES = tuple(FERMIONS[i] for i in CHARGED)
SUMS = {"mass_basis": mass_basis_sum, "eq4": eq4_sum}
BARYON = {f: (1 / 3 if f in "udscbt" else 0) for f in FERMIONS}


def as_complex(values):
    return np.array([complex(*np.atleast_1d(value)) for value in values])


def massless(sm, **kept):
    """Every charged fermion massless, except those in ``kept``."""
    return dataclasses.replace(sm, **(dict.fromkeys([f"m_{f}" for f in CHARGED_NAMES], jnp.zeros(())) | kept))


def test_decoupling_factors(sm, rates):
    m_X = np.array(rates["z_to_gamma"]["m_X"])
    computed = jax.jit(jax.vmap(lambda m_X: decoupling_factors(sm, m_X)))(m_X)
    assert computed.shape == (len(m_X), len(CHARGED_NAMES))
    for column, fermion in zip(computed.T, CHARGED_NAMES, strict=True):
        expected = as_complex(rates["z_to_gamma"]["bracket"][fermion])
        np.testing.assert_allclose(column, expected, ROUNDING, err_msg=fermion)
    assert np.max(np.abs(computed - np.roll(computed, 1, axis=1))) > 1  # the order of the fermions matters


def test_masses_are_in_the_order_of_the_factors(sm):
    np.testing.assert_array_equal(charged_masses(sm), [getattr(sm, f"m_{f}") for f in CHARGED_NAMES])


@pytest.mark.parametrize("form", SUMS)
@pytest.mark.parametrize("name", ["B-L", "B3-L2"])
def test_amplitude(sm, models, rates, name, form):
    m_X, expected = np.array(rates["z_to_gamma"]["m_X"]), rates["z_to_gamma"][name][form]
    computed = jax.jit(jax.vmap(lambda m_X: SUMS[form](sm, models[name], m_X)))(m_X)
    np.testing.assert_allclose(computed, as_complex(expected["amplitude"]), ROUNDING)
    assert abs(SUMS[form](massless(sm), models[name], 1.0) - expected["massless_sum"]) < ROUNDING


def width_by(form, sm, model, m_X, g_X):
    return Z_TO_GAMMA[form](sm, model, mass_basis_sum(sm, model, m_X), m_X, g_X)


@pytest.mark.parametrize("form", Z_TO_GAMMA)
@pytest.mark.parametrize("name", ["B-L", "B3-L2"])
def test_width(sm, models, rates, name, form):
    m_X, g_X = np.array(rates["z_to_gamma"]["m_X"]), 0.1
    computed = jax.jit(jax.vmap(lambda m_X: width_by(form, sm, models[name], m_X, g_X)))(m_X)
    expected = np.array(rates["z_to_gamma"][name][form]["BR"]) * g_X**2
    np.testing.assert_allclose(computed / sm.Gamma_Z, expected, ROUNDING)


def test_forms_differ(sm, b_minus_l):
    widths = {form: float(width_by(form, sm, b_minus_l, 1.0, 1.0)) for form in Z_TO_GAMMA}
    assert (
        abs(np.sqrt(widths["mass_basis"] / widths["eq5"]) / 3.2 - 1) < 0.02
    )  # colours: 3, light quarks: more
    assert abs(widths["eq4"] / widths["mass_basis"] - 1) > 0.1


def test_amplitude_as_quoted(b_minus_l):
    value = mass_basis_sum(load_standard_model(OLDER), b_minus_l, 1e-3)
    np.testing.assert_allclose([value.real, value.imag], [-0.3374, -0.0076], atol=0.6e-4)


@pytest.mark.parametrize(
    ("amplitude", "quoted"),
    [
        (-1 / 3, 3.90e-9),  # the top decoupled, the rest massless
        (-0.3374 - 0.0076j, 4.00e-9),  # every fermion with its mass
        (-1 / 9, 4.33e-10),  # as the first, without colours: Eq. (5) prints 4e-10
        (3 / 2, 7.9e-8),  # baryon number with heavy anomalons; arXiv:1705.06726 says 1e-7
    ],
)
def test_branching_ratio_at_one_tev(amplitude, quoted):
    older = load_standard_model(OLDER)
    m_X = 1e-3
    value = width_from_sum(older, amplitude, m_X, m_X / 1000.0) / older.Gamma_Z
    np.testing.assert_allclose(value, quoted, QUOTED)
    assert abs(width_from_sum(older, amplitude / 3, m_X, m_X / 1000.0) / older.Gamma_Z / quoted - 1) > 0.8


def test_sum_without_the_top(sm, b_minus_l):
    """-1/3 for a decoupled top and massless others, 0 without masses; 3/2 for baryon number."""
    heavy_top = massless(sm, m_t=jnp.array(1e6))
    decoupled = (sm.m_Z / 1e6) ** 2  # what a top of 1e6 GeV leaves
    assert abs(mass_basis_sum(heavy_top, b_minus_l, 1.0) + 1 / 3) < decoupled
    assert abs(mass_basis_sum(massless(sm, m_t=sm.m_t), b_minus_l, 1.0) + 1 / 3) > decoupled
    assert abs(mass_basis_sum(massless(sm), b_minus_l, 1.0)) < ROUNDING
    baryon = load_model({"title": "U(1)_B", "charges": BARYON, "neutrinos": "chiral"})
    assert abs(mass_basis_sum(massless(sm), baryon, 1.0) - 3 / 2) < ROUNDING


def test_eq4_gives_a_neutrino_a_vertex(sm, b_minus_l):
    """The printed braces do not vanish for a neutral fermion; those of the mass basis do."""
    neutrino = dataclasses.replace(b_minus_l, charge=jnp.zeros(12).at[FERMIONS.index("nu_e")].set(1.0))
    assert mass_basis_sum(sm, neutrino, 1.0) == 0
    assert abs(eq4_sum(sm, neutrino, 1.0)) > 0.1
