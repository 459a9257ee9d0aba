"""Relic lines at many masses. Oracle: stiff integration of the Boltzmann equation, reference/relic.py."""

import json
import math

import numpy as np
import pytest

from jaxtri.model.cosmology import cosmology
from jaxtri.model.dark_matter import load_dark_matter
from jaxtri.physics.relic.relic_lines import omega_h2, relic_couplings
from places import REFERENCE

DOCUMENT = json.loads((REFERENCE / "relic.json").read_text())
FIGURE_4 = [
    (0.005, 5.0, "common"),
    (0.005, 5.0, "neutrino_bath"),
    (0.010, 10.0, "common"),
    (0.010, 10.0, "neutrino_bath"),
]
LINE, NEAR_POLE = 1e-4, 1e-3  # of g_X; within 1 % of twice the mass of chi
DENSITY = 2e-3  # of Omega h^2
SETTINGS = 3e-5  # in g_X, by which two settings of the integration differ at most
EVERY = 4  # masses of the quick test


def records(key):
    m_chi, x_N, temperature = key
    found = [r for r in DOCUMENT["lines"] if (r["m_chi"], r["x_N"], r["temperature"]) == key]
    dark_matter = load_dark_matter({"m_chi": m_chi, "x_N": x_N, "temperature": temperature})
    return dark_matter, found


def assert_lines(sm, model, key, step):
    dark_matter, found = records(key)
    found = found[::step]
    m_X, g_X = (np.array([r[name] for r in found]) for name in ("m_X", "g_X"))
    miss = np.abs(np.asarray(relic_couplings(sm, model, dark_matter, m_X)) / g_X - 1)
    allowed = np.where(np.abs(m_X / (2 * key[0]) - 1) < 0.01, NEAR_POLE, LINE)
    assert (miss < allowed).all(), {m: d for m, d, a in zip(m_X, miss, allowed, strict=True) if d >= a}


@pytest.mark.parametrize("key", FIGURE_4[::3])
def test_lines_of_figure_4(sm, b3_minus_l2, key):
    assert_lines(sm, b3_minus_l2, key, EVERY)


@pytest.mark.long
@pytest.mark.parametrize("key", sorted({(r["m_chi"], r["x_N"], r["temperature"]) for r in DOCUMENT["lines"]}))
def test_every_line_at_every_mass(sm, b3_minus_l2, key):
    assert_lines(sm, b3_minus_l2, key, 1)


@pytest.mark.parametrize("key", FIGURE_4[:1])
def test_densities_on_and_off_the_line(sm, b3_minus_l2, key):
    dark_matter, found = records(key)
    found = found[::8]
    g_X, expected = (np.array([r[name] for r in found]) for name in ("at_g_X", "omega_h2"))
    m_X = np.array([r["m_X"] for r in found])
    got = omega_h2(sm, b3_minus_l2, dark_matter, np.repeat(m_X, g_X.shape[1]), g_X.ravel())
    np.testing.assert_allclose(np.asarray(got).reshape(g_X.shape), expected, rtol=DENSITY)


def test_the_other_temperature_misses(sm, b3_minus_l2):  # so the tests above are able to fail
    dark_matter, _ = records(FIGURE_4[0])
    _, found = records(FIGURE_4[1])
    m_X, g_X = (np.array([r[name] for r in found[::EVERY]]) for name in ("m_X", "g_X"))
    assert (
        np.abs(np.asarray(relic_couplings(sm, b3_minus_l2, dark_matter, m_X)) / g_X - 1) > 10 * LINE
    ).any()


def test_reference_is_as_exact_as_the_tests_need():
    assert max(r["settings_differ_g_X"] for r in DOCUMENT["lines"]) < SETTINGS
    for key in FIGURE_4:
        assert len({r["m_X"] for r in records(key)[1]}) >= 40


def test_reference_has_our_inputs(sm):
    inputs, known = DOCUMENT["inputs"], cosmology()
    assert inputs["m_e"] == float(sm.m_e)
    assert inputs["m_mu"] == float(sm.m_mu)
    assert inputs["omega_h2"] == float(known.relic_density)
    assert inputs["M_Planck"] == float(known.planck_mass)
    assert math.isclose(inputs["omega_factor"], float(known.density_of_yield), rel_tol=1e-15)
