"""Decay in flight averaged over the parent's momentum and the decay angle.

Oracle: scipy's adaptive quadrature over the energy of X in the laboratory, which is uniform for an isotropic
decay, and over the momentum; the closed form where there is one momentum and one angle.
"""

import itertools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate

from jaxtri.physics.decays.in_flight import flight_probability, proper_time, spectrum_of
from jaxtri.physics.kinematics import two_body_momentum
from jaxtri.tables.reader import FOLDER

AVERAGE = 1e-10  # absolute: 48 nodes in the angle, 24 in every piece of the spectrum
STOPPED = 1e-6  # absolute, where a momentum inside a piece lets X come to rest in the laboratory
ROUNDING = 1e-12  # of the closed form: some tens of operations, and an angle of 1e-7
SLOPE = 1e-6  # central difference with a step of 1e-5
MISS = 1e-2  # what a model that must miss is off by
C = 299792458.0
M_K, M_K0, M_PI, M_PI0, M_B, M_Z = 0.493677, 0.497611, 0.13957039, 0.1349768, 5.27941, 91.188
CASES = {  # M, m_D, m_X, momenta [GeV], density
    "NA62": (M_K, M_PI, 0.1, [75.0], None),
    "slow backwards": (M_K, M_PI, 0.02, [75.0], None),
    "KOTO": (M_K0, M_PI0, 0.2, [0.2, 1.4, 4.0], [0.0, 1.0, 0.0]),
    "KTeV": (M_K0, M_PI0, 0.15, [20.0, 200.0], [1.0, 0.0]),
    "as fast as X": (M_K0, M_PI0, 0.3, [0.15, 0.3], None),
    "B": (M_B, M_K, 1.0, [0.425 * M_B], None),
    "near threshold": (M_B, M_K, 4.78, [0.3, 3.0], None),
    "Z at rest": (M_Z, 0.0, 10.0, [0.0], None),
}
TIMES = np.geomspace(1e-3, 1e3, 7)  # proper time at the mean boost over the lifetime


def mean_time(M, m_D, m_X, p):
    """Proper time at a metre, for the mean energy."""
    Q = float(two_body_momentum(M, m_D, m_X))
    return m_X / (max(np.hypot(Q, np.mean(p) / M * m_X), 1e-9) * C)


def at_momentum(x_at, M, m_D, m_X, p):
    """Mean over the energy of X at one momentum of its parent; `x_at` is a probability of a p_X."""
    Q = np.sqrt((M**2 - (m_D + m_X) ** 2) * (M**2 - (m_D - m_X) ** 2)) / (2 * M)
    gamma, boost, energy = np.hypot(1, p / M), p / M, np.hypot(Q, m_X)
    if boost == 0:
        return x_at(Q)
    low, high = gamma * energy - boost * Q, gamma * energy + boost * Q

    def one(s):  # E = low + (high - low) s^2: p_X is smooth in s
        p_X = np.sqrt(
            max((gamma * Q - boost * energy) ** 2 + (high - low) * s**2 * (2 * low + (high - low) * s**2), 0)
        )
        return 2 * s * x_at(p_X)

    return integrate.quad(one, 0, 1, epsabs=1e-13, epsrel=1e-12, limit=400)[0]


def oracle(lengths, tau, M, m_D, m_X, p, density):
    def decays(p_X):
        if p_X == 0:
            return 0.0 if lengths[0] > 0 else 1.0
        return np.exp(-lengths[0] * m_X / (p_X * C * tau)) - np.exp(-lengths[1] * m_X / (p_X * C * tau))

    if len(p) == 1:
        return at_momentum(decays, M, m_D, m_X, p[0])
    height = np.ones(len(p)) if density is None else np.array(density)

    def weighted(one):
        return np.interp(one, p, height) * at_momentum(decays, M, m_D, m_X, one)

    total = sum(
        integrate.quad(weighted, a, b, epsabs=1e-12, epsrel=1e-11)[0] for a, b in itertools.pairwise(p)
    )
    return total / np.trapezoid(height, p)


@pytest.mark.parametrize("name", CASES)
def test_against_adaptive_quadrature(name):
    M, m_D, m_X, p, density = CASES[name]
    parents, t = spectrum_of(p, density), mean_time(M, m_D, m_X, p)
    np.testing.assert_allclose(jnp.sum(parents.weight), 1.0, rtol=1e-14)
    times = TIMES if len(p) == 1 else TIMES[1::2]
    stops = M * float(two_body_momentum(M, m_D, m_X)) / m_X
    accuracy = STOPPED if any(a < stops < b for a, b in itertools.pairwise(p)) else AVERAGE
    for x in times:
        for lengths in ((1.0, np.inf), (0.0, 1.0), (1.0, 3.0)):
            value = float(flight_probability(lengths, t / x, parents, M, m_D, m_X))
            assert abs(value - oracle(lengths, t / x, M, m_D, m_X, p, density)) < accuracy


def test_a_plain_rule_in_the_angle_misses():
    """So many nodes without the crowding: the slowest X are not resolved."""
    M, m_D, m_X, [p], _ = CASES["slow backwards"]
    Q, t = float(two_body_momentum(M, m_D, m_X)), mean_time(M, m_D, m_X, [p])
    c, w = np.polynomial.legendre.leggauss(48)
    p_X = np.hypot((p * np.hypot(Q, m_X) + np.hypot(p, M) * Q * c) / M, Q * np.sqrt(1 - c**2))
    errors = []
    for x in TIMES:
        exact = oracle((1.0, np.inf), t / x, M, m_D, m_X, [p], None)
        found = float(flight_probability((1.0, np.inf), t / x, spectrum_of(p), M, m_D, m_X))
        errors.append((abs(np.sum(w / 2 * np.exp(-m_X * x / (p_X * C * t))) - exact), abs(found - exact)))
    plain, crowded = np.max(errors, axis=0)
    assert plain > 100 * AVERAGE
    assert crowded < AVERAGE


@pytest.mark.parametrize("x", TIMES)
@pytest.mark.parametrize("name", ["NA62", "B", "Z at rest"])
def test_one_momentum_and_one_angle_is_the_closed_form(name, x):
    M, m_D, m_X, p, _ = CASES[name]
    closed = float(proper_time(1.0, np.hypot(1, p[0] / M), M, m_D, m_X))
    here = {"cosines": (-1e-7, 1e-7)}  # decays at right angles have the mean energy
    narrow = spectrum_of([p[0] * (1 - 1e-7), p[0] * (1 + 1e-7)]) if p[0] else spectrum_of(p)
    for parents in (spectrum_of(p), narrow):
        value = flight_probability((1.0, np.inf), closed / x, parents, M, m_D, m_X, **here)
        np.testing.assert_allclose(value, np.exp(-x), rtol=1e-9 * max(x, 1), atol=ROUNDING)
    average = flight_probability((1.0, np.inf), closed, spectrum_of(p), M, m_D, m_X)
    assert (abs(float(average) / np.exp(-1) - 1) > MISS) == (p[0] > 0)  # at rest the angle does not matter


def test_somewhere_x_decays():
    M, m_D, m_X, p, density = CASES["KOTO"]
    parents, tau = spectrum_of(p, density), mean_time(M, m_D, m_X, p)
    parts = [flight_probability(pair, tau, parents, M, m_D, m_X) for pair in ((0, 1), (1, 5), (5, np.inf))]
    np.testing.assert_allclose(sum(map(float, parts)), 1.0, rtol=1e-14)


def test_an_x_at_rest_never_leaves():
    for lengths, expected in (((0.0, 1.0), 1.0), ((1.0, np.inf), 0.0)):
        assert flight_probability(lengths, 1e-9, spectrum_of(0.0), 1.0, 0.5, 0.5) == expected


@pytest.mark.parametrize("m_X", [1e-3, 0.2, M_K - M_PI, 0.4])
@pytest.mark.parametrize("lengths", [(0.0, 1.0), (1.0, np.inf)])
def test_gradients_are_finite(m_X, lengths):
    def value(tau, m_X, p):
        return flight_probability(lengths, tau, spectrum_of(p), M_K, M_PI, m_X)

    slopes = jax.jit(jax.grad(value, (0, 1, 2)))
    for p in (jnp.array([0.0]), jnp.array([75.0]), jnp.array([1.0, 2.0])):
        assert all(np.all(np.isfinite(one)) for one in slopes(1e-9, m_X, p))


def test_slope_in_the_lifetime():
    def value(u):
        return flight_probability((1.0, np.inf), jnp.exp(u), spectrum_of([20.0, 200.0]), M_K0, M_PI0, 0.15)

    u, h = np.log(3e-11), 1e-5
    np.testing.assert_allclose(jax.grad(value)(u), (value(u + h) - value(u - h)) / (2 * h), rtol=SLOPE)


def cosines_of(M, m_D, m_X, p, energies):
    """Decay angles between which X has given energies."""
    Q = float(two_body_momentum(M, m_D, m_X))
    return tuple(float((E * M - np.hypot(p, M) * np.hypot(Q, m_X)) / (p * Q)) for E in energies)


SETTINGS = {  # of the guide's table: masses, momenta, density, beta gamma in use, energies of X that count
    "NA62": (M_K, M_PI, 0.05, [75.0], None, 152.0, (30.0, 60.0)),
    "NA62, all angles": (M_K, M_PI, 0.05, [75.0], None, 152.0, None),
    "E949, stopped K": (M_K, M_PI, 0.05, [0.0], None, 0.0, None),
    "KOTO": (M_K0, M_PI0, 0.05, [0.2, 1.4, 4.0], [0.0, 1.0, 0.0], 2.8, None),
    "KTeV": (M_K0, M_PI0, 0.15, [20.0, 200.0], [1.0, 0.0], 141.0, None),
    "E777": (M_K, M_PI, 0.15, [6.0], None, 12.0, None),
    "Belle": (M_B, M_K, 0.05, [0.425 * M_B], None, 0.425, None),
    "BaBar": (M_B, M_K, 0.05, [0.56 * M_B], None, 0.56, None),
    "Belle II": (M_B, M_K, 0.05, [0.284 * M_B], None, 0.284, None),
    "L3, Z at rest": (M_Z, 0.0, 1.0, [0.0], None, 0.0, None),
}


def test_the_table_of_the_guide():
    """How long the closed form's length must be, over that in use, to give the average."""
    rows = re.findall(r"^\| ([^|]+) \|[^|]*\| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|[^|]*\|$",
                      (FOLDER / "README.md").read_text(), flags=re.MULTILINE)  # fmt: skip
    assert [row[0] for row in rows[1:]] == list(SETTINGS)  # the first row is the head
    for name, *printed in rows[1:]:
        M, m_D, m_X, p, density, boost, energies = SETTINGS[name]
        t = float(proper_time(1.0, np.hypot(1, boost), M, m_D, m_X))
        cosines = cosines_of(M, m_D, m_X, p[0], energies) if energies else (-1.0, 1.0)
        for x, said in zip((0.1, 1.0, 3.0, 10.0), printed, strict=True):
            P = flight_probability(
                (1.0, np.inf), t / x, spectrum_of(p, density), M, m_D, m_X, cosines=cosines
            )
            assert abs(-np.log(float(P)) / x - float(said)) <= 0.00501, (name, x)
