"""Cross sections of chi chibar.  Oracle: explicit Dirac matrices, squared and summed over every spin."""

from itertools import product

import numpy as np
import pytest

from jaxtri.model.dark_matter import load_dark_matter
from jaxtri.model.gauge_model import load_model
from jaxtri.physics.decays.widths import x_width
from jaxtri.physics.relic.annihilation import CHANNELS, cross_sections, pole, unit_width

TRACES = 1e-11  # 64 nodes in the angle of a smooth function, matrices of float64
ROUNDING = 1e-13
PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
ONE, NULL = np.eye(2), np.zeros((2, 2))
GAMMA = np.array(
    [np.block([[ONE, NULL], [NULL, -ONE]])] + [np.block([[NULL, one], [-one, NULL]]) for one in PAULI]
)
METRIC = np.diag([1.0, -1, -1, -1])
IDENTITY = np.eye(4)


def slash(p):
    return np.einsum("m,mij->ij", METRIC @ p, GAMMA)


def momenta(E, p, k, cos):
    """Two incoming momenta along z, two outgoing ones at an angle; energies E all."""
    sin = np.sqrt(1 - cos**2)
    return (
        np.array([E, *one]) for one in ((0, 0, p), (0, 0, -p), (k * sin, 0, k * cos), (-k * sin, 0, -k * cos))
    )


def over_angles(function):
    cos, weights = np.polynomial.legendre.leggauss(64)
    return sum(w * function(c) for c, w in zip(cos, weights, strict=True)) / 2


def to_fermions(m, m_f, E):
    """Sum over spins of |ubar gamma v  vbar gamma u|^2, mean over the angle, without propagator."""
    p, k = np.sqrt(E**2 - m**2), np.sqrt(E**2 - m_f**2)

    def squared(cos):
        p1, p2, k1, k2 = momenta(E, p, k, cos)

        def tensor(plus, minus, mass):
            left, right = slash(plus) + mass * IDENTITY, slash(minus) - mass * IDENTITY
            return np.array(
                [[np.trace(left @ GAMMA[a] @ right @ GAMMA[b]) for b in range(4)] for a in range(4)]
            )

        lower = METRIC @ tensor(k1, k2, m_f) @ METRIC
        return np.sum(tensor(p1, p2, m) * lower).real

    return over_angles(squared)


def to_x_pairs(m, M, E):
    """Sum over spins and polarisations, which are complete: -g + k k / M^2."""
    p, k = np.sqrt(E**2 - m**2), np.sqrt(E**2 - M**2)

    def squared(cos):
        p1, p2, k1, k2 = momenta(E, p, k, cos)
        t, u = p1 - k1, p1 - k2
        first = (slash(t) + m * IDENTITY) / (t @ METRIC @ t - m**2)
        second = (slash(u) + m * IDENTITY) / (u @ METRIC @ u - m**2)
        amplitude = np.array(
            [[GAMMA[b] @ first @ GAMMA[a] + GAMMA[a] @ second @ GAMMA[b] for b in range(4)] for a in range(4)]
        )
        conjugate = np.einsum("ij,abkj,kl->abil", GAMMA[0], amplitude.conj(), GAMMA[0])
        sums = [-METRIC + np.outer(METRIC @ one, METRIC @ one) / M**2 for one in (k1, k2)]
        left, right = slash(p2) - m * IDENTITY, slash(p1) + m * IDENTITY
        return np.einsum(
            "ij,abjk,kl,cdli,ac,bd->", left, amplitude, right, conjugate, *sums, optimize=True
        ).real

    return over_angles(squared)


def chi(m, x_N, **more):
    return load_dark_matter({"m_chi": m, "x_N": x_N, "temperature": "common", **more})


@pytest.mark.parametrize(("m", "p"), [(0.15, 0.02), (0.09, 0.07), (0.2, 1.0)])
def test_muons_by_traces(sm, b3_minus_l2, m, p):
    m_X, g_X, x_N = 0.5, 1e-2, 3.0
    E, m_mu = np.sqrt(m**2 + p**2), float(sm.m_mu)
    width = g_X**2 * float(unit_width(sm, b3_minus_l2, chi(m, x_N), m_X))
    s = 4 * E**2
    propagator = 1 / ((s - m_X**2) ** 2 + (m_X * width) ** 2)
    spins = to_fermions(m, m_mu, E) / 4 * x_N**2 * g_X**4 * propagator
    known = spins / (16 * np.pi * s) * np.sqrt(E**2 - m_mu**2) / p
    found = cross_sections(sm, b3_minus_l2, chi(m, x_N), m_X, g_X, p)
    np.testing.assert_allclose(found["mu+ mu-"], known, TRACES)
    half = spins / to_fermions(m, m_mu, E) * to_fermions(m, 0.0, E) / (16 * np.pi * s) * E / p / 2
    np.testing.assert_allclose(found["nu nubar"], half, TRACES)  # one helicity is half of a Dirac fermion
    assert found["e+ e-"] == found["tau+ tau-"] == found["hadrons"] == 0  # no charge, or closed


@pytest.mark.parametrize(
    ("m", "m_X", "p"),
    [
        (0.005, 0.003, 1e-4),
        (0.005, 0.003, 0.02),
        (0.005, 0.0049, 2e-3),
        (0.005, 0.005, 1e-3),
        (0.005, 0.008, 7e-3),
    ],
)
def test_x_pairs_by_traces(sm, b3_minus_l2, m, m_X, p):
    g_X, x_N = 1e-3, 5.0
    E = np.sqrt(m**2 + p**2)
    spins = to_x_pairs(m, m_X, E) / 4 * (x_N * g_X) ** 4 / 2  # X X are identical
    known = spins / (16 * np.pi * 4 * E**2) * np.sqrt(E**2 - m_X**2) / p
    found = cross_sections(sm, b3_minus_l2, chi(m, x_N), m_X, g_X, p)["X X"]
    np.testing.assert_allclose(found, known, 1e-8 if p < 1e-3 else TRACES)  # the sum over spins cancels


def test_x_pairs_at_threshold(sm, b3_minus_l2):
    """Sigma v = (x_N g)^4 (1 - rho^2)^(3/2) / [16 pi m^2 (1 - rho^2/2)^2]."""
    m, m_X, p = 0.005, 0.002, 1e-9
    rho2 = (m_X / m) ** 2
    known = (5 * 1e-3) ** 4 * (1 - rho2) ** 1.5 / (16 * np.pi * m**2 * (1 - rho2 / 2) ** 2)
    found = cross_sections(sm, b3_minus_l2, chi(m, 5.0), m_X, 1e-3, p)["X X"] * 2 * p / m
    np.testing.assert_allclose(found, known, 1e-9)


def test_another_charge_misses(sm, b3_minus_l2):  # so that the tests above are able to fail
    one, other = (
        cross_sections(sm, b3_minus_l2, chi(0.005, x), 0.003, 1e-3, 1e-3)["X X"] for x in (5.0, 5.1)
    )
    assert abs(other / one - 1.02**4) < 1e-9


def test_width_of_x(sm, b3_minus_l2, b_minus_l):
    """Closed form: x_N^2 more of a Dirac fermion; a Majorana neutrino in p wave."""
    m, m_X, g = 0.005, 0.03, 1e-3
    r = (m / m_X) ** 2
    for model in (b3_minus_l2, b_minus_l):
        own = float(x_width(sm, model, m_X, g))
        with_chi = own + g**2 * m_X / (12 * np.pi) * 25 * (1 + 2 * r) * np.sqrt(1 - 4 * r)
        np.testing.assert_allclose(g**2 * unit_width(sm, model, chi(m, 5.0), m_X), with_chi, ROUNDING)
        np.testing.assert_allclose(g**2 * unit_width(sm, model, chi(0.02, 5.0), m_X), own, ROUNDING)
    partner = chi(m, 5.0, right_handed_neutrino={"mass": 0.01, "charge": -1})
    more = g**2 * m_X / (24 * np.pi) * (1 - 4 * (0.01 / m_X) ** 2) ** 1.5
    np.testing.assert_allclose(g**2 * unit_width(sm, b_minus_l, partner, m_X), with_chi + more, ROUNDING)


@pytest.mark.parametrize(
    ("r", "width"), list(product((1.0, 1.98, 2.0, 2.02, 20.0), (1e-17, 1e-6, 0.5, 40.0)))
)
def test_the_pole_is_that_of_the_propagator(r, width):
    at = pole(r, 1.0, width)
    square = (complex(at.R, at.D)) ** 2
    np.testing.assert_allclose(
        [square.real, square.imag], [r**2 / 4 - 1, r * width / 4], 1e-13, 1e-15 * (r**2 + r * width)
    )
    assert at.R > 0
    assert at.D > 0
    for p in (1e-3, 0.3, 5.0):
        factored = 16 * ((p - at.R) ** 2 + at.D**2) * ((p + at.R) ** 2 + at.D**2)
        np.testing.assert_allclose(factored, (4 * (1 + p**2) - r**2) ** 2 + (r * width) ** 2, 1e-9)


def test_every_charged_fermion(sm):
    found = cross_sections(sm, load_model("b_minus_l"), chi(0.2, 1.0), 0.05, 1e-3, 0.6)
    assert list(found) == list(CHANNELS)
    assert {name for name, value in found.items() if value > 0} == {
        "e+ e-", "mu+ mu-", "nu nubar", "hadrons", "X X",
    }  # fmt: skip
