"""Kinetic mixing.  Oracles: the dark photon, which is nothing else; L_mu - L_tau's mixing in closed form."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxtri.errors import InputError
from jaxtri.limits.dark_photon import published_limits
from jaxtri.limits.recast_limits import previous_limits
from jaxtri.model.fermions import ELECTRIC_CHARGE, FERMIONS
from jaxtri.model.gauge_model import load_model
from jaxtri.model.mixing import induced_mixing, mixed
from jaxtri.physics.decays.widths import x_branching_ratios, x_width
from jaxtri.physics.production.channels import production_vector

ROUNDING = 1e-12
M_X = np.array([0.01, 0.3, 0.78, 1.5, 5.0])
NEUTRAL = {"title": "only mixing", "charges": dict.fromkeys(FERMIONS, 0.0), "neutrinos": "chiral"}


@pytest.fixture(scope="module")
def pure():
    """No charges, epsilon = g_X: a dark photon whose coupling is epsilon."""
    return load_model(NEUTRAL | {"kinetic_mixing": 1.0})


def test_a_dark_photon_is_mixing_alone(sm, pure):
    e = np.sqrt(4 * np.pi * float(sm.alpha_0))
    dark_photon = load_model("dark_photon")
    np.testing.assert_allclose(
        x_width(sm, pure, M_X, 1e-3), x_width(sm, dark_photon, M_X, e * 1e-3), ROUNDING
    )
    ours, theirs = (x_branching_ratios(sm, model, M_X) for model in (pure, dark_photon))
    for state, share in theirs.items():
        np.testing.assert_allclose(ours[state], share, ROUNDING)
    np.testing.assert_allclose(mixed(sm, pure).charge, e * np.array(ELECTRIC_CHARGE), ROUNDING)
    assert mixed(sm, pure).kinetic_mixing == 0


def test_its_limits_are_the_published_ones(pure):
    published = {one.search.search: one for one in published_limits()}
    seen = [one for one in previous_limits(pure) if one.search in ("babar_2014", "e137_andreas", "na48_2015")]
    for one in seen:
        np.testing.assert_allclose(one.g_lower, published[one.search].low, ROUNDING)
    assert len(seen) == 3


def test_electrons_see_l_mu_minus_l_tau_by_mixing():
    """NA64 without visible decays in the way: g = eps / |epsilon / g_X|, X decays to neutrinos alone."""
    table = NEUTRAL | {"charges": dict(NEUTRAL["charges"], mu=1, nu_mu=1, tau=-1, nu_tau=-1)}
    without, with_mixing = (load_model(table | {"kinetic_mixing": k}) for k in (0.0, -1 / 70))
    (nothing,), (one,) = (
        [limit for limit in previous_limits(model) if limit.search == "na64_2019_inv"]
        for model in (without, with_mixing)
    )
    assert "x_e = 0" in nothing.why
    (published,) = [limit for limit in published_limits() if limit.search.search == "na64_2019_inv"]
    below = one.m_X < 0.2
    np.testing.assert_allclose(
        one.g_lower[below], 70 * published.low[published.m_X < 0.2], 1e-4
    )  # B_ee is 2e-5


def test_loops_of_l_mu_minus_l_tau(sm):
    """The ratio (e / 12 pi^2) ln(m_tau^2 / m_mu^2) = 1/69, whatever the scales beyond both masses."""
    e, model = np.sqrt(4 * np.pi * float(sm.alpha_0)), load_model("l_mu_minus_l_tau")
    expected = e / (12 * np.pi**2) * np.log(float(sm.m_tau / sm.m_mu) ** 2)
    for low, high in ((0.01, 91.0), (1e-3, 1e3)):
        found = induced_mixing(sm, model, low, high)
        np.testing.assert_allclose(abs(found), expected, ROUNDING)
    assert abs(1 / expected - 70) < 1
    assert abs(induced_mixing(sm, model, 0.5, 91.0)) < 0.6 * expected  # above the muon it is less


def test_production_does_not_change(sm, treatments):
    model = load_model("b_minus_l")
    moved = dataclasses.replace(model, kinetic_mixing=jnp.asarray(0.1))
    for one in ("printed", "matched"):
        rates = [production_vector(sm, m, treatments[one], 0.1) for m in (model, moved)]
        np.testing.assert_array_equal(*rates)


def test_slopes_in_the_mixing(sm):
    model = load_model("b_minus_l")

    def log_width(mixing):
        return jnp.log(x_width(sm, dataclasses.replace(model, kinetic_mixing=mixing), 0.5, 1.0))

    slope = jax.grad(log_width)(0.0)
    np.testing.assert_allclose(slope, (log_width(1e-4) - log_width(-1e-4)) / 2e-4, 1e-5)
    assert slope > 0.1  # leptons of B - L and of electric charge: both -1


def test_a_mixing_above_one_is_refused():
    with pytest.raises(InputError, match=r"kinetic_mixing = 2.*less than or equal to 1"):
        load_model(NEUTRAL | {"kinetic_mixing": 2.0})
