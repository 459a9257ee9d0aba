"""Thermal averages on and off resonance.  Oracle: 30-digit mpmath in the variable s, thermal_average.json."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import kve

from jaxtri.model.dark_matter import load_dark_matter
from jaxtri.model.gauge_model import load_model
from jaxtri.numerics.bessel import scaled_bessel_k
from jaxtri.numerics.quadrature import gauss_legendre
from jaxtri.physics.relic.annihilation import unit_width
from jaxtri.physics.relic.thermal_average import Scope, scope_of, thermal_averages
from places import REFERENCE

GOAL = 1e-10  # what is promised
BESSEL = 5e-14
KNOWN = json.loads((REFERENCE / "thermal_average.json").read_text())
OPEN_AT_A_THRESHOLD = 1e-6  # muons a little lighter than chi: their threshold lies beside the nodes


def chi(one):
    return load_dark_matter({"m_chi": one["m_chi"], "x_N": one["x_N"], "temperature": "common"})


@pytest.fixture(scope="module")
def averages(sm, b3_minus_l2):
    """Averages of a record, compiled once a scope."""

    @jax.jit
    def compiled(dark_matter, scope, *point):
        return thermal_averages(sm, b3_minus_l2, dark_matter, *point, scope=scope)

    def of(one):
        dark_matter = chi(one)
        scope = scope_of(sm, b3_minus_l2, dark_matter)
        return compiled(dark_matter, scope, one["m_X"], one["g_X"], one["x"])

    return of


@pytest.mark.parametrize("one", KNOWN["records"], ids=lambda one: f"{one['m_chi']}-{one['m_X']}-{one['x']}")
def test_averages(averages, one):
    found = averages(one)
    tiny = 1e-30 * max(one["averages"].values())  # far below what counts, where e^-48 is cut
    for name, value in one["averages"].items():
        np.testing.assert_allclose(found[name], value, GOAL, tiny, err_msg=name)


def test_the_inputs_are_the_same(sm):
    assert KNOWN["m_mu"] == float(sm.m_mu)


def unmapped(sm, model, one, order):
    """<sigma v> of neutrinos by Gauss-Legendre in the momentum of chi, without a map of the resonance."""
    x, r, m = one["x"], one["m_X"] / one["m_chi"], one["m_chi"]
    width = one["g_X"] ** 2 * float(unit_width(sm, model, chi(one), one["m_X"])) / m
    nodes, weights = gauss_legendre(order)
    top = np.sqrt(48 / x + (24 / x) ** 2)
    p = top * nodes
    s = 4 * (1 + p**2)
    thermal = kve(1, x * np.sqrt(s)) * np.exp(-x * (np.sqrt(s) - 2)) * x / kve(2, x) ** 2
    values = 2 * p**2 * s * (s + 2) / 2 * thermal / ((s - r**2) ** 2 + (r * width) ** 2)
    return top * np.sum(weights * values) * one["x_N"] ** 2 * one["g_X"] ** 4 / (12 * np.pi * m**2)


def test_without_the_map_the_resonance_is_missed(sm, b3_minus_l2):
    on = next(one for one in KNOWN["records"] if one["m_X"] == 0.0101 and one["x"] == 22.0)
    off = next(one for one in KNOWN["records"] if one["m_X"] == 0.1)
    miss = [abs(unmapped(sm, b3_minus_l2, one, 2000) / one["averages"]["nu nubar"] - 1) for one in (on, off)]
    assert miss[0] > 0.5
    assert miss[1] < GOAL  # the formula is the same


def test_fewer_nodes_miss(sm, b3_minus_l2):
    one = next(one for one in KNOWN["records"] if one["m_X"] == 0.0101 and one["x"] == 22.0)
    point = chi(one), one["m_X"], one["g_X"], one["x"]
    found = thermal_averages(sm, b3_minus_l2, *point, scope=Scope((), (), False), order=8)["nu nubar"]
    assert abs(found / one["averages"]["nu nubar"] - 1) > 1e-4


@pytest.mark.parametrize(("order", "lowest"), [(1, 2.0), (2, 1.0)])
def test_bessel_functions(order, lowest):
    z = np.geomspace(lowest, 1e8, 2001)
    known = kve(order, z) * np.sqrt(2 * z / np.pi)
    np.testing.assert_allclose(scaled_bessel_k(order, z), known, BESSEL)
    assert (
        abs(scaled_bessel_k(order, lowest / 2) / kve(order, lowest / 2) / np.sqrt(lowest / np.pi) - 1) > 1e-9
    )


@pytest.fixture(scope="module")
def log_average(sm, b3_minus_l2):
    """Value and slopes along m_X and ln g_X, compiled once."""
    dark_matter = load_dark_matter({"m_chi": 0.005, "x_N": 5, "temperature": "common"})
    scope = scope_of(sm, b3_minus_l2, dark_matter)

    def one(m_X, log_g):
        found = thermal_averages(sm, b3_minus_l2, dark_matter, m_X, jnp.exp(log_g), 22.0, scope=scope)
        return jnp.log(found["nu nubar"] + found["X X"])

    return jax.jit(jax.value_and_grad(one, argnums=(0, 1)))


@pytest.mark.parametrize("r", [0.5, 1.0, 1.9, 2.0, 2.02, 5.0])
def test_derivatives(log_average, r):
    """With respect to everything, at thresholds and on the resonance too.  Oracle: finite differences."""
    slopes = log_average(0.005 * r, np.log(1e-4))[1]
    assert np.isfinite(slopes).all()
    h = 1e-4
    ahead, behind = (log_average(0.005 * r, np.log(1e-4) + sign * h)[0] for sign in (1, -1))
    np.testing.assert_allclose(slopes[1], (ahead - behind) / (2 * h), 1e-6)
    if r not in (1.0, 2.0):
        h = 1e-6 * 0.005
        ahead, behind = (log_average(0.005 * r + sign * h, np.log(1e-4))[0] for sign in (1, -1))
        np.testing.assert_allclose(slopes[0], (ahead - behind) / (2 * h), 1e-4)


def test_hadrons_and_what_is_left_out(sm):
    """A model with light quarks has hadrons where they are hot enough; scopes agree where both hold."""
    model = load_model("b_minus_l")
    heavy = load_dark_matter({"m_chi": 0.2, "x_N": 1, "temperature": "common"})
    light = load_dark_matter({"m_chi": 0.005, "x_N": 1, "temperature": "common"})
    assert scope_of(sm, model, heavy) == Scope(("e", "mu"), (), True)
    assert scope_of(sm, model, light) == Scope(("e",), (), False)
    assert scope_of(sm, load_model("b3_minus_l2"), light) == Scope((), (), False)
    found = thermal_averages(sm, model, heavy, 0.05, 1e-3, 20.0, scope=scope_of(sm, model, heavy))
    assert 0 < found["hadrons"] < 1e-2 * found["e+ e-"]  # pi0 gamma
