"""What every rate owes: powers of g_X, dimensions, thresholds, derivatives, anomaly sums, refusals.

Oracles: exact statements of the theory, and central differences for the derivatives.
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxtri.model.anomalies import anomaly_coefficients, is_anomaly_free
from jaxtri.model.fermions import FERMIONS
from jaxtri.model.gauge_model import load_model
from jaxtri.model.standard_model import TABLES, input_table, load_standard_model
from jaxtri.physics.decays.hadrons import EXCLUSIVE, exclusive_ratios
from jaxtri.physics.decays.widths import FINAL_STATES, decay_ratios, unit_decays
from jaxtri.physics.production.channels import (
    AVERAGES,
    CHANNEL_NAMES,
    CHANNELS,
    branching_ratio,
    production_vector,
)

ROUNDING = 1e-13  # relative: the same formula at two points
STEP = 1e-4  # relative, of central differences
DIFFERENCE = 1e-6  # of central differences, relative; truncation 1e-8, rounding 1e-11
POWERS = {"GeV": 1, "GeV^2": 2, "GeV^-2": -2, "s": -1, "nb": -2, "1": 0, "deg": 0}  # of GeV
SCALE = 1.5  # above 1, so that the scale below which alpha_s is frozen [GeV] plays no part
TREATMENTS = ("printed", "figure", "matched")


def charges(**by_name):
    """A model with these charges, 0 for the other fermions; "quarks" and "leptons" for all of them."""
    groups = {"quarks": FERMIONS[6:], "leptons": FERMIONS[:6]}
    values = dict.fromkeys(FERMIONS, 0.0)
    for name, charge in by_name.items():
        values |= dict.fromkeys(groups.get(name, (name,)), charge)
    return load_model({"title": "test", "charges": values, "neutrinos": "chiral"})


@pytest.fixture(scope="module")
def generic():
    """Every charge different from 0 and from the others, so that nothing cancels."""
    return dataclasses.replace(charges(), charge=jnp.linspace(-1.1, 0.9, len(FERMIONS)))


# Powers of the coupling


@pytest.mark.parametrize("treatment", TREATMENTS)
def test_rates_go_as_the_coupling_squared(sm, b_minus_l, treatments, treatment):
    def every(g_X):
        at = sm, b_minus_l, treatments[treatment], 0.2, g_X
        return jnp.stack([branching_ratio(name, *at) for name in CHANNEL_NAMES])

    g_X = jnp.array([1.0, 1e-8, 1e-3, 7.0])
    rates = jax.jit(jax.vmap(every))(g_X)
    assert np.all(rates > 0)
    np.testing.assert_allclose(rates, g_X[:, None] ** 2 * rates[0], ROUNDING)
    assert np.all(np.abs(rates[1:] / (g_X[1:, None] * rates[0]) - 1) > 0.9)  # not as the coupling


# Dimensions


def rescaled(factor):
    """The Standard Model with every input in a unit of energy that is 1 / factor as large."""
    tables = {name: entry for table in TABLES for name, entry in input_table(table).items()}
    power = {name: factor ** POWERS[entry.unit] for name, entry in tables.items()}
    return load_standard_model({n: np.multiply(e.value, power[n]).tolist() for n, e in tables.items()})


def dimensional_change(sm, model, treatment):
    """By how much each production rate changes with the unit of energy, (m_X, channel)."""
    m_X = jnp.array([1e-3, 0.05, 0.3, 2.0, 4.0, 30.0])
    run = jax.jit(jax.vmap(lambda sm, m_X: production_vector(sm, model, treatment, m_X), (None, 0)))
    rates, scaled = run(sm, m_X), run(rescaled(SCALE), SCALE * m_X)
    np.testing.assert_array_equal(rates == 0, scaled == 0)
    return np.where(rates > 0, np.abs(scaled / jnp.where(rates > 0, rates, 1.0) - 1), 0.0)


@pytest.mark.parametrize("treatment", TREATMENTS)
def test_production_has_no_dimension(sm, b_minus_l, treatments, treatment):
    """Except Eq. (5), whose number holds a TeV, and Eqs. (11), (12) as printed: m_pi / m_K^2 in a bracket."""
    change = np.max(dimensional_change(sm, b_minus_l, treatments[treatment]), axis=0)
    for name, worst in zip(CHANNEL_NAMES, change, strict=True):
        dimensional = (name[0] == "Z" and treatment != "matched") or (
            name[0] == "K" and treatment == "printed"
        )
        assert (worst > 0.1) if dimensional else (worst < 100 * ROUNDING), name


def test_decays_have_the_dimension_of_a_width(sm, generic):
    """But for the isovector current, x_u != x_d, whose measured R is a table in GeV."""
    u, d = FERMIONS.index("u"), FERMIONS.index("d")
    generic = dataclasses.replace(generic, charge=generic.charge.at[d].set(generic.charge[u]))
    m_X = jnp.array([1e-3, 0.05, 0.3, 0.78, 1.02, 1.3, 1.7, 2.0, 4.0, 30.0])
    run = jax.jit(jax.vmap(lambda sm, m_X: unit_decays(sm, generic, m_X), (None, 0)))
    (br, width), (scaled_br, scaled_width) = run(sm, m_X), run(rescaled(SCALE), SCALE * m_X)
    np.testing.assert_allclose(scaled_br, br, 100 * ROUNDING)
    np.testing.assert_allclose(scaled_width, SCALE * width, 100 * ROUNDING)
    _, unscaled = run(sm, SCALE * m_X)
    assert np.max(np.abs(unscaled / (SCALE * width) - 1)) > 0.1


# Anomalies and decoupling


def test_anomaly_sums_vanish(models):
    for model in models.values():
        np.testing.assert_allclose(list(anomaly_coefficients(model).values()), 0.0, atol=1e-14)
        assert is_anomaly_free(model)


def test_anomaly_sums_of_other_charges():
    """U(1)_B by hand: 3 x 3 x 1/3 = 3 over the doublets, and 3 (2/36 - 4/9 - 1/9) = -3/2."""
    baryon = charges(quarks=1 / 3)
    coefficients = anomaly_coefficients(baryon)
    assert abs(coefficients["SU(2)^2 U(1)_X"] - 3) < ROUNDING
    assert abs(coefficients["U(1)_Y^2 U(1)_X"] + 1.5) < ROUNDING
    assert not is_anomaly_free(baryon)
    assert is_anomaly_free(charges(mu=1.0, nu_mu=1.0, tau=-1.0, nu_tau=-1.0))


# Thresholds

X_THRESHOLDS = {  # final state: masses that add up to it
    "e+ e-": ("m_e", "m_e"),
    "mu+ mu-": ("m_mu", "m_mu"),
    "tau+ tau-": ("m_tau", "m_tau"),
    "pi0 gamma": ("m_pi0",),
    "eta gamma": ("m_eta",),
    "pi+ pi- pi0": ("m_pi_plus", "m_pi_plus", "m_pi0"),
    "K+ K-": ("m_K_plus", "m_K_plus"),
    "K0 K0bar": ("m_K0", "m_K0"),
    "K K pi": ("m_Kstar_plus", "m_K_plus"),
    "eta phi": ("m_eta", "m_phi"),
    "omega pi pi": ("m_omega", "m_pi_plus", "m_pi_plus"),
    "eta omega": ("m_eta", "m_omega"),
    "isovector": ("m_pi_plus", "m_pi_plus"),
    "open charm": ("open_charm",),
    "open beauty": ("open_beauty",),
}
SMOOTH = (0.3, 0.9, 1.4, 5.0)  # GeV; away from thresholds and from the peaks of narrow resonances
NEAR = (-1e-3, -1e-9, -1e-15, 0.0, 1e-15, 1e-12, 1e-9, 1e-3)  # relative distances from a threshold


def x_threshold(sm, name):
    return sum(float(getattr(sm if hasattr(sm, m) else sm.hadrons, m)) for m in X_THRESHOLDS[name])


@pytest.fixture(scope="module")
def x_decays_by_mass(sm, generic):
    """R of every final state and its slope in m_X, at every distance from every threshold and at `SMOOTH`."""

    def every(m_X):
        leptons = dict(zip(FINAL_STATES, decay_ratios(sm, generic, m_X), strict=True))
        return leptons | exclusive_ratios(sm, generic, m_X)

    near = [x_threshold(sm, name) * (1 + gap) for name in X_THRESHOLDS for gap in NEAR]
    smooth = [m_X * (1 + move) for m_X in SMOOTH for move in (0.0, STEP, -STEP)]
    run = jax.jit(jax.vmap(lambda m_X: jax.jvp(every, (m_X,), (1.0,))))
    R, slope = run(jnp.array(near + smooth))
    return {state: (np.asarray(R[state]), np.asarray(slope[state])) for state in R}


@pytest.fixture(scope="module")
def near_x_thresholds(x_decays_by_mass):
    """(R, slope) by threshold and by final state, each (distance,)."""
    width = len(NEAR)
    return {
        name: {s: tuple(v[i * width : (i + 1) * width] for v in both) for s, both in x_decays_by_mass.items()}
        for i, name in enumerate(X_THRESHOLDS)
    }


@pytest.mark.parametrize("name", X_THRESHOLDS)
def test_x_decays_are_finite_at_their_thresholds(near_x_thresholds, name):
    finite = {s: np.isfinite(R) & np.isfinite(dR) for s, (R, dR) in near_x_thresholds[name].items()}
    assert not [(state, NEAR[i]) for state, good in finite.items() for i in np.flatnonzero(~good)]


@pytest.mark.parametrize("name", [name for name in X_THRESHOLDS if not name.startswith("open")])
def test_x_decays_are_zero_at_and_below_their_thresholds(near_x_thresholds, name):
    R, slope = near_x_thresholds[name][name]
    closed = np.array(NEAR) < -1e-15  # nearer, the sum of the masses is rounded
    assert np.all(R[closed] == 0)
    assert np.all(slope[closed] == 0)
    assert R[-1] > 0


def production_threshold(sm, name):
    """Threshold of a channel; an average is open until both of its channels are closed."""
    masses = [CHANNELS[channel].masses(sm) for channel in AVERAGES.get(name, (name,))]
    return max(float(parent - daughter) for parent, daughter in masses)


@pytest.fixture(scope="module")
def thresholds(sm):
    """Masses at, just below, just beyond and far beyond the threshold of every channel, (channel, mass)."""
    at = np.array([production_threshold(sm, name) for name in CHANNEL_NAMES])
    return np.outer(at, [1 - 1e-9, 1.0, np.nextafter(1.0, 2), 1 + 1e-9, 1.1, 10.0])


@pytest.mark.parametrize("treatment", TREATMENTS)
def test_production_at_and_beyond_its_threshold(sm, b_minus_l, treatments, thresholds, treatment):
    """Exactly 0 from threshold on, with slopes in m_X that are exactly 0 too beyond it."""

    def every(m_X):
        return production_vector(sm, b_minus_l, treatments[treatment], m_X)

    rates, slopes = jax.jit(jax.vmap(lambda m: jax.jvp(every, (m,), (1.0,))))(thresholds.ravel())
    assert np.all(np.isfinite(slopes))
    for i, name in enumerate(CHANNEL_NAMES):
        own, slope = (v.reshape(*thresholds.shape, -1)[i, :, i] for v in (rates, slopes))
        assert own[0] > 0, name
        assert np.all(own[1:] == 0), name
        assert np.all(slope[2:] == 0), name


@pytest.mark.long
def test_slopes_in_every_input_are_finite_at_thresholds(sm, b_minus_l, treatments, thresholds):
    def total(sm, model, m_X):
        return jnp.sum(production_vector(sm, model, treatments["matched"], m_X))

    run = jax.jit(jax.vmap(jax.grad(total, (0, 1)), (None, None, 0)))
    leaves = jax.tree.leaves(run(sm, b_minus_l, thresholds.ravel()))
    assert len(leaves) > 80
    assert all(np.all(np.isfinite(leaf)) for leaf in leaves)


# Derivatives


def test_production_slopes_are_central_differences(sm, b_minus_l, treatments):
    """By m_X, g_X, m_t and the charges of mu and b, for every channel, under `matched`."""

    def log_rates(point):
        m_X, g_X, m_t, mu, b = point
        model = dataclasses.replace(b_minus_l, charge=b_minus_l.charge.at[jnp.array([1, 10])].set([mu, b]))
        at = dataclasses.replace(sm, m_t=m_t), model, treatments["matched"], m_X, g_X
        return jnp.log(jnp.stack([branching_ratio(name, *at) for name in CHANNELS]))

    point = jnp.array([0.2, 1e-3, 172.6, -1.0, 0.4])
    moves = STEP * jnp.diag(point)
    moved = jnp.concatenate([point + moves, point - moves, point + 0 * moves])
    up, down, here = jnp.split(jax.jit(jax.vmap(log_rates))(moved), 3)  # (by, channel)
    slopes = jax.jit(jax.jacrev(log_rates))(point).T * point[:, None]
    assert np.all(np.abs(slopes - (up - down) / (2 * STEP)) < DIFFERENCE)
    assert np.all(np.max(np.abs(slopes - (up - here) / STEP), axis=0) > 10 * DIFFERENCE)  # one-sided
    np.testing.assert_allclose(slopes[1], 2.0, ROUNDING)  # as the coupling squared


def test_decay_slopes_are_central_differences(x_decays_by_mass):
    for state, both in x_decays_by_mass.items():
        (R, up, down), slope = (v[-3 * len(SMOOTH) :].reshape(-1, 3).T for v in both)
        slope = slope[0] * np.array(SMOOTH)
        allowed = 10 * DIFFERENCE * np.maximum(R, np.abs(slope))
        assert np.all(np.abs(slope - (up - down) / (2 * STEP)) <= allowed), state
        steep = np.abs(slope) > 0.1 * R
        assert np.all((np.abs(slope - (up - R) / STEP) > allowed)[steep]), state  # one-sided


def test_final_states_have_thresholds():
    assert {*EXCLUSIVE, *FINAL_STATES[:3]} <= set(X_THRESHOLDS)
