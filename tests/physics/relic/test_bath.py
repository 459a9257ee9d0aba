"""The bath around chi.  Oracles: series of Bessel functions (scipy), massless limits, conserved entropies."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import kn

from jaxtri.model.cosmology import cosmology
from jaxtri.model.gauge_model import load_model
from jaxtri.physics.relic.bath import (
    TEMPERATURES,
    common_bath,
    gas,
    heats_neutrinos,
    n_eff,
    neutrino_bath,
)

SERIES = 1e-9  # 200 terms against 48 nodes
INTEGRATED = 1e-6  # a trapezoidal rule of 2000 steps on a smooth curve
M, M_X = jnp.asarray(0.005), jnp.asarray(0.03)


def series(y, degrees, statistics):
    """Entropy and energy of an ideal gas as a sum of K_1 and K_2 over multiples of y."""
    n = np.arange(1, 201)
    sign = (-float(statistics)) ** (n + 1)
    energy = degrees * y**2 / (2 * np.pi**2) * np.sum(sign * (3 * kn(2, n * y) / n**2 + y * kn(1, n * y) / n))
    pressure = degrees * y**2 / (2 * np.pi**2) * np.sum(sign * kn(2, n * y) / n**2)
    return (energy + pressure) * 45 / (2 * np.pi**2), energy * 30 / np.pi**2


@pytest.mark.parametrize("statistics", [1, -1])
@pytest.mark.parametrize("y", [0.3, 1.0, 3.0, 10.0, 30.0])
def test_gas(y, statistics):
    np.testing.assert_allclose(gas(y, 4, statistics), series(y, 4, statistics), SERIES)


def test_massless_gases():
    np.testing.assert_allclose(gas(0.0, 4, 1), [3.5, 3.5], SERIES)
    np.testing.assert_allclose(gas(0.0, 3, -1), [3.0, 3.0], SERIES)
    assert abs(gas(0.0, 4, -1).entropy / 3.5 - 1) > 0.1  # the statistics matter


def test_expansion_long_before_and_after_electrons(sm):
    """H^2 = 8 pi^3 g T^4 / 90 M_Pl^2 with g = 10.75 before, 3.363 after; T_gamma/T_nu = (11/4)^(1/3)."""
    for T, g in ((0.014, 10.75), (1e-6, 2 + 5.25 * (4 / 11) ** (4 / 3))):
        known = np.sqrt(8 * np.pi**3 * g / 90) * T**2 / cosmology().planck_mass
        np.testing.assert_allclose(common_bath(sm, M, M_X, jnp.asarray(T)).H, known, 2e-4)
    late = common_bath(sm, M, M_X, jnp.asarray(1e-6))
    np.testing.assert_allclose(jnp.exp(late.log_a) * 1e-6, (11 / 4) ** (1 / 3), 1e-9)


def test_neutrino_bath_without_chi_and_x_is_the_common_one(sm):
    """With chi and X too heavy to matter, T_nu a is constant, and photons are the hotter ones."""
    heavy = jnp.asarray(10.0)
    for T in (1e-2, 1e-3, 1e-4, 1e-5):
        found = neutrino_bath(sm, heavy, heavy, jnp.asarray(T))
        if cosmology().neutrino_decoupling > T:
            at_D = neutrino_bath(sm, heavy, heavy, jnp.asarray(cosmology().neutrino_decoupling))
            np.testing.assert_allclose(
                jnp.exp(found.log_a) * T, jnp.exp(at_D.log_a) * cosmology().neutrino_decoupling, 1e-12
            )
            photons = T * (11 / 4) ** (1 / 3) if T < 2e-5 else None
            if photons:
                g = 2 * (11 / 4) ** (4 / 3) * (1 + 0) + 5.25
                known = np.sqrt(8 * np.pi**3 * g / 90) * T**2 / cosmology().planck_mass
                np.testing.assert_allclose(found.H, known, 5e-3)  # T_nu is a little above at decoupling
        else:
            np.testing.assert_allclose(found, common_bath(sm, heavy, heavy, jnp.asarray(T)), 1e-3)


def test_chi_and_x_heat_neutrinos(sm):
    """T_nu a grows by (1 + (s_chi + s_X) / s_nu)^(1/3) from decoupling on: entropy by series."""
    T_D = cosmology().neutrino_decoupling
    start = neutrino_bath(sm, M, M_X, jnp.asarray(T_D))
    late = neutrino_bath(sm, M, M_X, jnp.asarray(1e-5))
    heated = 1 + (series(0.005 / T_D, 4, 1)[0] + series(0.03 / T_D, 3, -1)[0]) / 5.25
    ratio = np.exp(late.log_a - start.log_a) * 1e-5 / T_D
    np.testing.assert_allclose(ratio, heated ** (1 / 3), 1e-9)
    assert heated > 1.1


@pytest.mark.parametrize("name", TEMPERATURES)
def test_the_universe_cools_and_everything_is_differentiable(sm, name):
    T = jnp.geomspace(1e-2, 1e-8, 200)
    found = jax.vmap(lambda one: TEMPERATURES[name](sm, M, M_X, one))(T)
    assert np.all(np.diff(found.log_a) > 0)
    assert np.all(np.diff(found.H) < 0)
    slopes = jax.grad(lambda m, M_X, T: sum(TEMPERATURES[name](sm, m, M_X, T)), argnums=(0, 1, 2))
    for one in (1e-2, 2e-3, 1e-3, 1e-6):
        assert np.isfinite(slopes(M, M_X, jnp.asarray(one))).all()


def neutrinos_by_series(sm, m_chi, m_X):
    """N_eff from series of Bessel functions: entropy of chi, X and electrons at the decoupling."""
    T = cosmology().neutrino_decoupling
    dark = series(m_chi / T, 4, 1)[0] + (series(m_X / T, 3, -1)[0] if m_X else 0.0)
    hot = 2 + series(float(sm.m_e) / T, 4, 1)[0]
    return 3 * ((1 + dark / 5.25) * 5.5 / hot) ** (4 / 3)


@pytest.mark.parametrize(
    ("m_chi", "m_X", "quoted"), [(5, None, 4.56), (10, None, 3.39), (5, 3, 6.54), (5, 10, 4.87)]
)
def test_number_of_neutrinos(sm, m_chi, m_X, quoted):
    found = n_eff(sm, 1e-3 * m_chi, *([1e-3 * m_X] if m_X else []))
    np.testing.assert_allclose(found, neutrinos_by_series(sm, 1e-3 * m_chi, 1e-3 * (m_X or 0)), SERIES)
    assert round(float(found), 2) == quoted


def test_number_of_neutrinos_without_dark_matter_is_near_three(sm):
    np.testing.assert_allclose(n_eff(sm, jnp.inf), 3.018, 1e-4)  # electrons have not all gone at 2 MeV
    assert n_eff(sm, 1.0) == n_eff(sm, jnp.inf) < cosmology().n_eff + cosmology().n_eff_error
    boson = 3 * (1 + series(2.5, 4, -1)[0] / 5.25) ** (4 / 3)  # chi as a boson misses
    assert abs(boson / n_eff(sm, 0.005) - 1) > 1e-3
    slope = jax.grad(lambda m: n_eff(sm, m, m))(0.005)
    step = (n_eff(sm, 0.005001, 0.005001) - n_eff(sm, 0.004999, 0.004999)) / 2e-6
    np.testing.assert_allclose(slope, step, INTEGRATED)
    assert jax.grad(lambda m: n_eff(sm, 0.005, m))(jnp.inf) == 0.0


def test_only_a_boson_of_neutrinos_heats_them_alone(sm):
    heats = {name: heats_neutrinos(sm, load_model(name)) for name in ("b3_minus_l2", "b_minus_l", "baryon")}
    assert heats == {"b3_minus_l2": True, "b_minus_l": False, "baryon": False}
