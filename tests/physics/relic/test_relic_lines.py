"""Omega h^2 and its lines.  Oracle: couplings of an independent program.

Corners: m_X below, at and above 2 m_chi and m_chi, no charge, an X wider than its mass, masses off the bath.
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxtri
from jaxtri.errors import InputError
from jaxtri.model.cosmology import cosmology
from jaxtri.model.dark_matter import load_dark_matter
from jaxtri.model.fermions import FERMIONS
from jaxtri.model.mixing import mixed
from jaxtri.physics.relic import freeze_out, relic_lines
from jaxtri.physics.relic.relic_lines import kinetic_equilibrium_fails, relic_point

GOAL, ON_RESONANCE = 1e-4, 1e-3  # of g_X; the latter within 1 % of 2 m_chi
DIGITS = 0.5e-3  # four printed digits
REFERENCE = {  # m_chi = x_N in MeV: m_X in MeV, g_X of `common`, of `neutrino_bath`
    5: [
        (3, 3.6256e-4, 3.991e-4), (4.8, 4.6760e-4, 5.130e-4), (8, 5.8952e-4, 6.219e-4),
        (9.9, 1.8952e-4, 1.942e-4), (10.1, 5.3964e-8, 5.894e-8), (13, 2.2171e-5, 2.660e-5),
        (16, 1.0796e-3, 1.137e-3), (30, 2.6034e-3, 2.713e-3), (100, 9.1890e-3, 9.573e-3),
    ],
    10: [
        (3, 2.4615e-4, 2.634e-4), (11, 6.6660e-4, 6.840e-4), (19.6, 2.3659e-4, 2.366e-4),
        (20.1, 7.5068e-8, 7.560e-8), (30, 9.0554e-4, 9.223e-4), (100, 4.4954e-3, 4.548e-3),
    ],
}  # fmt: skip
NINE = 9  # masses
SAME = 1e-12  # of two ways to the same couplings
SLOW_STEPS = 2e-2  # where chi freezes out while relativistic, steps are coarse


def chi(m=0.005, x_N=5, temperature="common", **more):
    return load_dark_matter({"m_chi": m, "x_N": x_N, "temperature": temperature, **more})


@pytest.mark.parametrize("m", REFERENCE)
@pytest.mark.parametrize("temperature", ["common", "neutrino_bath"])
def test_couplings(sm, b3_minus_l2, m, temperature):
    rows = np.array(REFERENCE[m])
    m_X, *known = rows[np.minimum(np.arange(NINE), len(rows) - 1)].T  # as many as elsewhere: compiled once
    known = known[["common", "neutrino_bath"].index(temperature)]
    found = jaxtri.relic_couplings(sm, b3_minus_l2, chi(m / 1e3, m, temperature), m_X / 1e3)
    near = np.abs(m_X / (2 * m) - 1) < 0.01
    printed = DIGITS / (known / 10 ** np.floor(np.log10(known))) if temperature == "neutrino_bath" else 0
    miss = np.abs(found / known - 1)
    assert np.all(miss < np.where(near, ON_RESONANCE, GOAL) + printed), miss


def test_a_wrong_number_of_spins_or_bath_misses(sm, b3_minus_l2, monkeypatch):
    """So that the test above is able to fail: one spin state of chi, or the other bath."""
    m_X, common, bath = REFERENCE[5][7]
    assert abs(bath / common - 1) > 100 * GOAL
    right = freeze_out.equilibrium
    monkeypatch.setattr(freeze_out, "equilibrium", lambda *known: right(*known) / 2)
    scope = relic_lines.scope_of(sm, b3_minus_l2, chi())
    width = jnp.asarray(relic_lines.unit_width(sm, b3_minus_l2, chi(), m_X / 1e3))
    along = freeze_out.course(sm, chi(), m_X / 1e3, width)
    log_g = jnp.log(common)
    states = freeze_out.states_of(sm, b3_minus_l2, chi(), scope)
    logs = jnp.log(freeze_out.unit_averages(along, states, log_g, 24))
    omega = jnp.exp(freeze_out.log_omega(along, chi(), logs, log_g))
    assert abs(omega / 0.12 - 1) > 1e-2


@pytest.mark.long
def test_more_steps_and_nodes_change_nothing(sm, b3_minus_l2, monkeypatch):
    dark_matter, masses = chi(), np.array([0.003, 0.0099, 0.0101, 0.013, 0.016, 0.1])
    known = relic_lines._widths(sm, b3_minus_l2.unnamed(), dark_matter, jnp.asarray(masses))
    g_X = jaxtri.relic_couplings(sm, b3_minus_l2, dark_matter, masses)
    monkeypatch.setattr(freeze_out, "STEPS", (240, 480))
    scope = relic_lines.scope_of(sm, b3_minus_l2, dark_matter)

    @jax.jit
    def refined(m_X, width, g):
        along = freeze_out.course(sm, dark_matter, m_X, width)
        states = freeze_out.states_of(sm, b3_minus_l2, dark_matter, scope)
        logs = jnp.log(freeze_out.unit_averages(along, states, jnp.log(g), 48))
        return jnp.exp(freeze_out.log_omega(along, dark_matter, logs, jnp.log(g)))

    omega = [refined(*one) for one in zip(jnp.asarray(masses), known, g_X, strict=True)]
    np.testing.assert_allclose(omega, 0.12, 5e-5)


def test_on_the_line_omega_is_that_of_dark_matter(sm, b3_minus_l2):
    masses = np.geomspace(0.001, 0.1, NINE)
    g_X = jaxtri.relic_couplings(sm, b3_minus_l2, chi(), masses)
    omega = jaxtri.omega_h2(sm, b3_minus_l2, chi(), masses, g_X)
    np.testing.assert_allclose(omega, cosmology().relic_density, 1e-8)


def test_a_plane_is_made_of_its_points(sm, b3_minus_l2):
    """Couplings between nodes of the interpolation, all shapes.  Oracle: pairs, one by one."""
    m_X, g_X = np.array([0.003, 0.0101, 0.03]), np.geomspace(1e-5, 1e-2, 60)
    plane = np.asarray(jaxtri.omega_h2(sm, b3_minus_l2, chi(), m_X[:, None], g_X))
    assert plane.shape == (3, 60)
    across = jaxtri.omega_h2(sm, b3_minus_l2, chi(), m_X, g_X[:, None])
    np.testing.assert_array_equal(across, plane.T)
    some = slice(3, None, 11)
    pairs = jaxtri.omega_h2(sm, b3_minus_l2, chi(), np.repeat(m_X, 6), np.tile(g_X[some], 3))
    np.testing.assert_allclose(plane[:, some].ravel(), pairs, 1e-4)
    assert np.all(np.diff(np.log(plane), axis=1) < 0)  # one branch


@pytest.mark.parametrize("temperature", ["common", pytest.param("neutrino_bath", marks=pytest.mark.long)])
def test_no_corner_is_not_a_number(sm, b3_minus_l2, temperature):
    dark_matter = chi(temperature=temperature)
    m_X = 0.005 * np.array([1e-3, 0.999, 1.0, 1.999999, 2.0, 2.000001, 2.01, 3, 1e4])
    g_X = jaxtri.relic_couplings(sm, b3_minus_l2, dark_matter, m_X)
    assert np.isfinite(g_X[:-1]).all()
    omega = np.asarray(
        jaxtri.omega_h2(sm, b3_minus_l2, dark_matter, m_X[:, None], np.geomspace(1e-13, 10, 7))
    )
    assert np.isfinite(omega).all()
    assert np.all(omega > 0)
    falls = np.diff(np.log(omega), axis=1)
    assert falls.max() < SLOW_STEPS


def test_an_x_wider_than_its_mass_is_no_answer(sm, b3_minus_l2):
    """50 GeV: the coupling would have to be larger than any that makes X a particle."""
    assert np.isnan(jaxtri.relic_couplings(sm, b3_minus_l2, chi(), 50.0))
    assert relic_point(sm, b3_minus_l2, chi(), 50.0).g_X == []
    assert 0 < jaxtri.omega_h2(sm, b3_minus_l2, chi(), 0.02, 5.0) < 1e-6  # a number: a fixed width


def test_kinetic_equilibrium():
    found = kinetic_equilibrium_fails(0.005, np.array([0.0099, 0.01, 0.0101, 0.0139, 0.0141]))
    assert found.tolist() == [False, False, True, True, False]


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"m_chi": 5.0}, r"m_chi = 5 GeV \(is it in MeV\?\): give 0.0001 to 0.25 GeV"),
        ({"m_chi": 0.3}, "m_chi = 0.3 GeV.*muons join"),
        ({"m_chi": 1e-5}, "m_chi = 1e-05 GeV"),
        ({"x_N": 0}, "x_N = 0: chi does not couple to X"),
        ({"temperature": "photon"}, "temperature = 'photon': input should be 'common' or 'neutrino_bath'"),
        ({"temperature": None}, "temperature"),
        ({"mass": 1}, 'no key "mass"'),
        ({"right_handed_neutrino": {"mass": 0.1}}, "right_handed_neutrino.charge is missing"),
    ],
)
def test_what_is_refused(table, sentence):
    with pytest.raises(InputError, match=sentence):
        load_dark_matter({"m_chi": 0.005, "x_N": 5, "temperature": "common"} | table)


def test_a_temperature_must_be_named():
    with pytest.raises(InputError, match="temperature is missing; it is required"):
        load_dark_matter({"m_chi": 0.005, "x_N": 5})


def test_points_that_are_refused(sm, b3_minus_l2):
    uncoupled = dataclasses.replace(chi(), x_N=jnp.asarray(0.0))
    for function in (jaxtri.relic_couplings, lambda *known: jaxtri.omega_h2(*known, 1e-3)):
        with pytest.raises(InputError, match="x_N = 0: chi does not couple to X"):
            function(sm, b3_minus_l2, uncoupled, 0.03)
        with pytest.raises(InputError, match="m_X = -1: give positive values"):
            function(sm, b3_minus_l2, chi(), -1.0)
    with pytest.raises(InputError, match="m_X = 400: give a mass between 0 and 2 m_t"):
        relic_point(sm, b3_minus_l2, chi(), 400.0)


def test_a_right_handed_neutrino_changes_little(sm, b3_minus_l2):
    """At 0.1 GeV it is too heavy for chi of 5 MeV, and X decays to chi anyhow."""
    partner = chi(right_handed_neutrino={"mass": 0.1, "charge": -1})
    plain, more = (relic_point(sm, b3_minus_l2, one, 0.03).g_X[0] for one in (chi(), partner))
    np.testing.assert_allclose(more, plain, 1e-9)
    light = chi(right_handed_neutrino={"mass": 0.001, "charge": -1})
    assert relic_point(sm, b3_minus_l2, light, 0.03).channels[0]["nu_R nu_R"] > 0.4


@pytest.mark.long
@pytest.mark.parametrize("m_X", [0.003, 0.0101, 0.03])
@pytest.mark.parametrize("temperature", ["common", "neutrino_bath"])
def test_derivatives(sm, b3_minus_l2, m_X, temperature):
    """Of ln g_X in m_chi, x_N, m_X, and the charge of nu_mu.  Oracle: finite differences."""
    dark_matter = chi(temperature=temperature)

    def log_g(steps):
        moved = dataclasses.replace(
            dark_matter, m_chi=dark_matter.m_chi * jnp.exp(steps[0]), x_N=dark_matter.x_N * jnp.exp(steps[1])
        )
        charge = b3_minus_l2.charge.at[4].multiply(jnp.exp(steps[3]))
        model = dataclasses.replace(b3_minus_l2, charge=charge)
        return jnp.log(jaxtri.relic_couplings(sm, model, moved, m_X * jnp.exp(steps[2])))

    slopes = np.asarray(jax.jacfwd(log_g)(jnp.zeros(4)))
    assert np.isfinite(slopes).all()
    h = 1e-5
    for i, slope in enumerate(slopes):
        ahead, behind = (log_g(np.eye(4)[i] * sign * h) for sign in (1, -1))
        np.testing.assert_allclose(slope, (ahead - behind) / (2 * h), 2e-3, 1e-4)
    assert abs(slopes[0]) > 0.1


def test_kinetic_mixing_counts_like_charges(sm):
    """A model whose couplings are all mixing is that with the charges that mixing adds."""
    neutral = {"title": "none", "charges": dict.fromkeys(FERMIONS, 0.0), "neutrinos": "chiral"}
    pure = jaxtri.load_model(neutral | {"kinetic_mixing": 1.0})
    charges = dict(zip(FERMIONS, mixed(sm, pure).charge.tolist(), strict=True))
    same, m_X = jaxtri.load_model(neutral | {"charges": charges}), np.full(NINE, 0.03)
    found, known = (jaxtri.relic_couplings(sm, one, chi(0.01), m_X) for one in (pure, same))
    np.testing.assert_allclose(found, known, rtol=SAME)
    omega = [float(jaxtri.omega_h2(sm, one, chi(0.01), 0.03, 1e-3)) for one in (pure, same)]
    np.testing.assert_allclose(*omega, rtol=SAME)
    shares = [relic_point(sm, one, chi(0.01), 0.03).channels[0] for one in (pure, same)]
    assert shares[0] == pytest.approx(shares[1], rel=SAME)
    assert shares[0]["e+ e-"] > 0.5  # which it would not be without mixing
    assert np.isnan(jaxtri.relic_couplings(sm, jaxtri.load_model(neutral), chi(0.01), m_X)).all()
