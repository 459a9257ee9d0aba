"""Decays of X: partial widths, branching ratios, lifetime.

Oracles: tests/reference/x_decays.py (30 digits); spot values of a separate evaluation of these formulas,
to the digits it gave; for leptons and neutrinos also hand arithmetic.
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxtri.model.fermions import FERMIONS
from jaxtri.physics.decays.widths import FINAL_STATES, lifetime, x_branching_ratios, x_lifetime, x_width

ROUNDING = 1e-12  # relative, against 30 digits
TRUNCATION = 5e-10  # of the three-pion phase space, 96 x 20 nodes, relative in R; measured 7.6e-11
W_REGION = (0.41, 2.5)  # GeV; where three pions, or states that share the width of the omega, take part
BAND = {0.6: 0.01, 1.0: 0.02, 1.75: 0.10, 100.0: 0.02}  # theory band in the lifetime, up to a mass in GeV
REFERENCE_SHARES = ("e+e-", "mu+mu-", "tau+tau-", "nunu", "hadrons")  # in the order of FINAL_STATES
SPOTS = (0.01, 0.25, 0.78, 0.87, 1.02, 1.3, 1.6, 2.0, 4.0, 8.6, 50.0, 85.0)  # GeV
G_X = 1e-4
NAMES = ("B-L", "B-L_dirac", "B3-L2", "photon-like", "generic")


@pytest.fixture(scope="module")
def run(x_decays):
    """Branching ratios (point, final_state), lifetime and width of one model, at its masses and `SPOTS`."""
    m_X = [point["m_X"] for point in x_decays["models"]["B-L"]["points"]]

    def every(sm, model, m_X):
        shares = x_branching_ratios(sm, model, m_X)
        assert tuple(shares) == FINAL_STATES
        return jnp.stack(list(shares.values())), x_lifetime(sm, model, m_X, G_X), x_width(sm, model, m_X, G_X)

    compiled = jax.jit(jax.vmap(every, (None, None, 0)))
    return lambda sm, model: [np.asarray(v) for v in compiled(sm, model, jnp.array([*m_X, *SPOTS]))]


@pytest.fixture(scope="module")
def computed(sm, b_minus_l, x_decays, run):
    """(m_X, branching ratios, width, lifetime) of every model of the reference."""
    m_X = np.array([point["m_X"] for point in x_decays["models"]["B-L"]["points"]])
    results = {}
    for name in NAMES:
        entry = x_decays["models"][name]
        charge = [entry["charges"].get(f, 0.0) for f in FERMIONS]  # the top plays no part here
        model = dataclasses.replace(b_minus_l, charge=jnp.array(charge), neutrinos=entry["neutrinos"])
        br, tau, width = (values[: len(m_X)] for values in run(sm, model))
        results[name] = m_X, br, width / G_X**2, tau
    return results


@pytest.fixture(scope="module")
def spots(sm, b_minus_l, run):
    """Branching ratios and lifetime of B - L at `SPOTS`, by mass."""
    br, tau, _ = (values[-len(SPOTS) :] for values in run(sm, b_minus_l))
    return {m: (dict(zip(FINAL_STATES, b, strict=True)), t) for m, b, t in zip(SPOTS, br, tau, strict=True)}


def tolerance(m_X):
    return np.where((W_REGION[0] < m_X) & (m_X < W_REGION[1]), TRUNCATION, ROUNDING)


@pytest.mark.parametrize("name", NAMES)
def test_leptons_and_neutrinos(x_decays, computed, name):
    """The partial widths, g_X^2 m_X R / 12 pi: exact wherever hadrons are not in the way."""
    m_X, br, width, _ = computed[name]
    expected = [point["R"] for point in x_decays["models"][name]["points"]]
    R = br * (12 * np.pi * width / m_X)[:, None]
    for i, lepton in enumerate(("e", "mu", "tau")):
        np.testing.assert_allclose(R[:, i], [row[f"{lepton}+{lepton}-"] for row in expected], ROUNDING)
    neutrinos = [row["nu_e"] + row["nu_mu"] + row["nu_tau"] for row in expected]
    np.testing.assert_allclose(R[:, 3], neutrinos, ROUNDING)


@pytest.mark.parametrize("name", NAMES)
def test_branching_ratios_width_and_lifetime(x_decays, computed, name):
    m_X, br, width, tau = computed[name]
    points = x_decays["models"][name]["points"]
    expected = np.array([[point["BR"][share] or 0.0 for share in REFERENCE_SHARES] for point in points])
    np.testing.assert_array_equal(br == 0, expected == 0)
    assert np.all(np.abs(br - expected) <= tolerance(m_X)[:, None] * expected)
    total = np.array([point["width_g1"] for point in points])
    assert np.all(np.abs(width - total) <= tolerance(m_X) * total)
    stable = total == 0
    assert np.all(np.isinf(tau) == stable)
    lifetimes = np.array([point["lifetime_g1e-4"] for point in points], dtype=float)
    off = np.abs(tau[~stable] / lifetimes[~stable] - 1)
    assert np.all(off < tolerance(m_X[~stable]))
    np.testing.assert_allclose(lifetime(G_X**2 * width), tau, ROUNDING)


@pytest.mark.parametrize("name", NAMES)
def test_branching_ratios_add_up(computed, name):
    _, br, width, _ = computed[name]
    np.testing.assert_allclose(np.sum(br, axis=1)[width > 0], 1.0, atol=1e-12)


def test_neutrinos_chiral_or_dirac(computed):
    """Below 2 m_mu: 3 x 1/2 of neutrinos against 1 of electrons, or 3 x 1 with right-handed partners."""
    m_X, chiral, width, _ = computed["B-L"]
    _, dirac, wider, _ = computed["B-L_dirac"]
    here = int(np.flatnonzero(m_X == 0.1)[0])
    np.testing.assert_allclose(chiral[here, 3], 3 / 5, 1e-8)  # the electron's mass: 1e-9
    np.testing.assert_allclose(dirac[here, 3], 3 / 4, 1e-8)
    np.testing.assert_allclose(width[here] / wider[here], 0.625, 1e-8)


@pytest.mark.parametrize(
    ("state", "m_X", "spot"),
    [
        ("e+ e-", 0.01, 0.400),
        ("e+ e-", 0.25, 0.310),
        ("e+ e-", 0.78, 0.025),
        ("e+ e-", 0.87, 0.257),
        ("e+ e-", 1.02, 0.0195),
        ("e+ e-", 1.3, 0.257),
        ("e+ e-", 2.0, 0.217),
        ("e+ e-", 85.0, 0.1605),
        ("nu nubar", 0.01, 0.600),
        ("nu nubar", 1.3, 0.385),
        ("nu nubar", 50.0, 0.2405),
    ],
)
def test_spot_branching_ratios(spots, state, m_X, spot):  # B - L, worked out separately
    np.testing.assert_allclose(spots[m_X][0][state], spot, band(m_X))


@pytest.mark.parametrize(
    ("m_X", "spot", "half_digit"),
    [
        (0.01, 9.93e-14, 0.005e-14),
        (0.25, 3.1e-15, 0.05e-15),
        (0.87, 7.4e-16, 0.05e-16),
        (8.6, 5.0e-17, 0.05e-17),
        (85.0, 4.7e-18, 0.05e-18),
    ],
)
def test_spot_lifetimes(spots, m_X, spot, half_digit):  # B - L at g_X = 1e-4 [s], as above
    np.testing.assert_allclose(spots[m_X][1], spot, band(m_X), half_digit)
    others = np.array([tau for mass, (_, tau) in spots.items() if mass != m_X])
    assert np.all(np.abs(others - spot) > band(m_X) * spot + half_digit)


def band(m_X):
    """Theory band of the mass region."""
    return next(width for limit, width in BAND.items() if m_X <= limit)


def test_ground_state_mesons_alone_miss(sm, b_minus_l, run, spots):
    """Without excited omegas, excited kaon pairs and the broad states the lifetime is off by 10-50 %."""
    h = sm.hadrons
    ground = {
        "excited_omega_BB": 0 * h.excited_omega_BB,
        "lump_peak_nb": 0 * h.lump_peak_nb,
        "kaon_omega_weight": jnp.array([1.0, 0.0, 0.0]),
        "kaon_phi_weight": jnp.array([1.0, 0.0]),
    }
    bare = dataclasses.replace(sm, hadrons=dataclasses.replace(h, **ground))
    tau = dict(zip(SPOTS, run(bare, b_minus_l)[1][-len(SPOTS) :], strict=True))
    assert abs(tau[1.6] / spots[1.6][1] - 1) > BAND[1.75]


def test_stable_x_lives_forever(sm, b_minus_l, run):
    """Charges of the tau alone: nothing is open below 2 m_tau."""
    alone = dataclasses.replace(b_minus_l, charge=jnp.zeros(12).at[FERMIONS.index("tau")].set(1.0))
    br, tau, width = (values[-len(SPOTS) :] for values in run(sm, alone))
    stable = np.array(SPOTS) < 2 * float(sm.m_tau)
    assert np.all(np.isinf(tau) == stable)
    assert np.all((width == 0) == stable)
    assert np.all(br[stable] == 0)
    np.testing.assert_allclose(br[~stable], [[0, 0, 1, 0, 0]] * int(np.sum(~stable)), ROUNDING)
