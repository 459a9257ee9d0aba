"""Neutrino tridents.

Oracles: events from matrix elements (tests/reference/trident.py), the contact limit in closed form, couplings
quoted for CCFR, roots that scipy finds.
"""

import json
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq

from jaxtri.errors import InputError
from jaxtri.model.fermions import FERMIONS
from jaxtri.model.gauge_model import load_model
from jaxtri.model.moments import load_moment_shift
from jaxtri.physics.muon_g2 import muon_g2_couplings
from jaxtri.physics.trident import load_tridents, trident_coupling, trident_terms
from jaxtri.tables.reader import FOLDER, read_columns
from places import REFERENCE

DIGITS = 1e-6  # of the table
STATISTICS = 4.0  # standard deviations of random events
INTERPOLATED = 5e-3  # of a mean between nodes, from every other node, over 4; 0.13 % of a coupling
QUOTED = 0.04  # couplings quoted with two digits, from an integration of others
SOLVED = 1e-12
MUON, NEUTRINO = FERMIONS.index("mu"), FERMIONS.index("nu_mu")


@pytest.fixture(scope="module")
def reference():
    return json.loads((REFERENCE / "trident.json").read_text())


@pytest.fixture(scope="module")
def ccfr():
    return load_tridents("ccfr_1991")


@pytest.fixture(scope="module")
def muonic():
    return load_model("l_mu_minus_l_tau")


def with_charges(model, mu, nu_mu):
    return replace(model, charge=model.charge.at[MUON].set(mu).at[NEUTRINO].set(nu_mu))


def contact_ratio(sm, g, m_X, x=1.0):
    """Cross section over the Standard Model's of a heavy X, vector and axial cross sections alike."""
    s2, v2 = float(sm.sw2), 1 / (np.sqrt(2) * float(sm.G_F))
    return (1 + (1 + 4 * s2 + 2 * v2 * g**2 * x / m_X**2) ** 2) / (1 + (1 + 4 * s2) ** 2)


def ratio(terms, g):
    return 1 + float(terms[0]) * g**2 + float(terms[1]) * g**4


def test_the_table_is_that_of_the_reference(reference, ccfr):
    columns = read_columns(FOLDER / "tridents_ccfr_1991.csv")
    for name, column in columns.items():
        np.testing.assert_allclose(column, reference["quadrature"][name], DIGITS)
    assert abs(ccfr.axial_over_vector / reference["quadrature"]["axial_over_vector"] - 1) < 1e-4
    assert reference["change_with_order"] < 1e-5


def test_means_are_those_of_random_events(sm, reference, ccfr):
    """Two methods: structure functions of a photon, and |M|^2 of the three-body reaction."""
    known = reference["monte_carlo"]
    for name, log in (("mean", ccfr.log_mean), ("mean_square", ccfr.log_mean_square)):
        found = np.exp(np.interp(np.log(known["m_X"]), ccfr.log_m_X, log))
        value, error = np.array(known[name]).T
        assert np.all(np.abs(found - value) < STATISTICS * error), (name, found / value - 1, error / value)
        assert np.all(error < 0.01 * value)
    value, error = known["axial_over_vector"]
    assert abs(ccfr.axial_over_vector - value) < STATISTICS * error
    assert abs(1 - value) > STATISTICS * error  # massless muons would miss


def test_a_photon_of_high_energy(reference):
    """The constant beside the logarithm for massless muons, - 8/3, from structure functions alone."""
    np.testing.assert_allclose(reference["massless"], -8 / 3, 1e-12)


def test_between_nodes(ccfr):
    for log in (ccfr.log_mean, ccfr.log_mean_square):
        coarse = np.interp(ccfr.log_m_X, ccfr.log_m_X[::2], log[::2])
        assert np.max(np.abs(coarse - log)) / 4 < INTERPOLATED


def test_a_heavy_boson_is_a_contact_interaction(sm, ccfr, muonic):
    alike = replace(ccfr, axial_over_vector=1.0)
    for m_X in (100.0, 200.0):
        g = 3e-3 * m_X
        found = ratio(trident_terms(sm, muonic, alike, m_X), g)
        np.testing.assert_allclose(found, contact_ratio(sm, g, m_X), 2e-3)  # K^2 / m_X^2
    light = ratio(trident_terms(sm, muonic, alike, 0.1), 1e-3)
    assert contact_ratio(sm, 1e-3, 0.1) > 1.5 * light  # below 3 GeV the contact formula misses


@pytest.mark.parametrize(("m_X", "quoted"), [(0.003, 8.7e-4), (0.01, 9.3e-4), (0.1, 1.2e-3), (1.0, 2.8e-3)])
def test_couplings_quoted_for_ccfr(sm, ccfr, muonic, m_X, quoted):
    found = trident_coupling(sm, muonic, ccfr, m_X, sigmas=1.96)
    np.testing.assert_allclose(found, quoted, QUOTED)
    s2, v2 = float(sm.sw2), 1 / (np.sqrt(2) * float(sm.G_F))
    whole = np.sqrt((0.82 + 1.96 * 0.28) * (1 + (1 + 4 * s2) ** 2) - 1) - 1 - 4 * s2
    contact = m_X * np.sqrt(whole / (2 * v2))
    assert abs(contact / quoted - 1) > 3 * QUOTED  # so the test above is able to fail


def test_tridents_disfavour_the_muon_above_400_mev(sm, ccfr, muonic):
    """arXiv:1406.2332, abstract: no Z' of L_mu - L_tau explains the moment of the muon above 400 MeV."""

    def crosses(m_X):
        low = muon_g2_couplings(sm, muonic, load_moment_shift("2023"), m_X)[0]
        return float(jnp.log(trident_coupling(sm, muonic, ccfr, m_X, sigmas=1.96) / low))

    assert 0.35 < brentq(crosses, 0.05, 1.0) < 0.45
    assert crosses(0.05) > 0 > crosses(1.0)


@pytest.mark.parametrize("charges", [(1, 1), (-1, -1), (1, -1), (0.5, -2), (3, 0.1)])
@pytest.mark.parametrize("m_X", [1e-7, 0.02, 5.0])
def test_roots_are_those_of_scipy(sm, ccfr, muonic, m_X, charges):
    model = with_charges(muonic, *charges)
    terms = trident_terms(sm, model, ccfr, m_X)
    found = float(trident_coupling(sm, model, ccfr, m_X, sigmas=1.96))
    excess = lambda g: ratio(terms, g) - (0.82 + 1.96 * 0.28)  # noqa: E731
    root = brentq(excess, found / 3, found * 3, xtol=1e-300, rtol=1e-14)
    np.testing.assert_allclose(found, root, SOLVED)
    assert excess(2 * found) > 0 > excess(0.9 * found)


def test_opposite_signs_are_weaker_and_scale(sm, ccfr, muonic):
    same, other, large = (
        trident_coupling(sm, with_charges(muonic, *x), ccfr, 0.05, sigmas=1.96)
        for x in ((1, 1), (1, -1), (2, 2))
    )
    assert other > 1.5 * same
    np.testing.assert_allclose(large, same / 2, SOLVED)


def test_without_charges_there_is_none_and_slopes_are_finite(sm, ccfr, muonic):
    for charges in ((0, 1), (1, 0), (0, 0)):
        model = with_charges(muonic, *charges)
        assert trident_coupling(sm, model, ccfr, 0.1, sigmas=1.96) == jnp.inf
        slope = jax.grad(
            lambda c, m=model: jnp.sum(jnp.stack(trident_terms(sm, replace(m, charge=c), ccfr, 0.1)))
        )
        assert np.all(np.isfinite(slope(model.charge)))

    def log_g(x):
        return jnp.log(trident_coupling(sm, with_charges(muonic, x, x), ccfr, 0.1, sigmas=1.96))

    np.testing.assert_allclose(jax.grad(log_g)(1.3), -1 / 1.3, SOLVED)
    of_sm = jax.grad(lambda sm: trident_coupling(sm, muonic, ccfr, 0.1, sigmas=1.96))(sm)
    assert np.isfinite(of_sm.sw2)
    assert of_sm.G_F > 0


def test_shapes_and_transforms(sm, ccfr, muonic):
    m_X = jnp.array([[1e-3, 0.1, 10.0]])
    found = trident_coupling(sm, muonic, ccfr, m_X, sigmas=1.96)
    assert found.shape == (1, 3)
    mapped = jax.jit(jax.vmap(lambda m: trident_coupling(sm, muonic, ccfr, m, sigmas=1.96)))(m_X[0])
    np.testing.assert_allclose(mapped, found[0], SOLVED)


def test_an_unknown_measurement_is_named():
    with pytest.raises(InputError, match="ccfr_1991"):
        load_tridents("charm")
