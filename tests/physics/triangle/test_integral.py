"""Eq. (3) = (A7) with one massless leg: the integral I00 and the factor J = 1 - 2 m^2 I00.

Oracles: tests/reference/triangle.py (closed form in multiple precision, compared there with quadrature
of the double integral); adaptive integration of Eq. (3) as it is printed; the loop function of
H -> gamma gamma; the expansion for a heavy fermion.
"""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate

from jaxtri.errors import InputError
from jaxtri.physics.triangle.integral import decoupling_factor, triangle_integral
from jaxtri.physics.triangle.massless_leg import HEAVY, contour_rule, heavy_rule
from jaxtri.physics.triangle.tensor import undeformed_rule
from places import REFERENCE

ROUNDING = 1e-13  # relative, times the condition number of J where that exceeds 1; measured 6e-15
SLOPE = 1e-12  # relative; the same at thresholds, where the derivative itself is large; measured 2e-14
ADAPTIVE = 1e-10  # what the adaptive integration is asked for
SEVEN_DECIMALS = 0.6e-7  # half a unit in the last digit written, and a rounding
MISS = 1e-3  # a method that must miss is off by more than this

REGIMES = ("decay", "heavy", "light", "threshold", "collinear", "k2_to_zero", "spacelike", "switch", "random")
RECORDS = json.loads((REFERENCE / "triangle.json").read_text())["records"]
POINTS = tuple(np.array([record[name] for record in RECORDS]) for name in ("p2", "k2", "m"))
REGIME = np.array([record["regime"] for record in RECORDS])
CONDITION = np.maximum(1.0, [record["condition"] or 1.0 for record in RECORDS])
M_Z, M_H = 91.188, 125.13

JACOBIANS = {"jacfwd": jax.jacfwd, "jacrev": jax.jacrev}
CORNERS = {  # p2, k2, m
    "p2 at threshold": (4.0, 1.0, 1.0),
    "k2 at threshold": (1.0, 4.0, 1.0),
    "k2 at threshold, p2 above": (9.0, 4.0, 1.0),
    "both at threshold": (4.0, 4.0, 1.0),
    "one leg on either side of threshold": (4.0 + 1e-12, 4.0 - 1e-12, 1.0),
    "k2 = 0": (2.0, 0.0, 1.0),
    "k2 = 0, p2 above threshold": (9.0, 0.0, 1.0),
    "k2 = p2 below threshold": (2.0, 2.0, 1.0),
    "k2 = p2 above threshold": (9.0, 9.0, 1.0),
    "p2 = 0": (0.0, 3.0, 1.0),
    "p2 = k2 = 0": (0.0, 0.0, 1.0),
    "p2 = -k2": (9.0, -9.0, 1.0),
    "m = 0": (9.0, 1.0, 0.0),
    "m = 0, k2 = 0": (9.0, 0.0, 0.0),
    "m = p2 = k2 = 0": (0.0, 0.0, 0.0),
}


def oracle(name):
    return np.array([complex(*(record[name] or (np.nan, np.nan))) for record in RECORDS])


def integral(p2, k2, m):
    return triangle_integral(p2, 0.0, k2, m)


def factor(p2, k2, m):
    return decoupling_factor(p2, 0.0, k2, m)


def parts(p2, k2, m):
    value = factor(p2, k2, m)
    return jnp.stack([jnp.real(value), jnp.imag(value)])


def relative_error(value, expected):
    return np.abs(np.asarray(value) - expected) / np.where(expected == 0, 1.0, np.abs(expected))


INTEGRAL, FACTOR, SLOPE_IN_M = jax.jit(integral), jax.jit(factor), jax.jit(jax.jacfwd(parts, argnums=2))


@pytest.fixture(scope="module", params=["eager", "jit"])
def values(request):
    compiled = (lambda f: f) if request.param == "eager" else jax.jit
    return {"I00": compiled(integral)(*POINTS), "J": compiled(factor)(*POINTS)}


@pytest.fixture(scope="module", params=JACOBIANS)
def slopes(request):
    jacobian = JACOBIANS[request.param](parts, argnums=(0, 1, 2))
    columns = jax.jit(jax.vmap(jacobian))(*POINTS)
    by = (np.asarray(column[:, 0] + 1j * column[:, 1]) for column in columns)
    return dict(zip(("dJ_dp2", "dJ_dk2", "dJ_dm"), by, strict=True))


@pytest.mark.parametrize("regime", REGIMES)
def test_matches_the_oracle(values, regime):
    here = regime == REGIME
    assert np.all(relative_error(values["I00"], oracle("I00"))[here] < ROUNDING)
    assert np.all((relative_error(values["J"], oracle("J")) / CONDITION)[here] < ROUNDING)


def test_every_regime_is_tested():
    assert set(REGIME) == set(REGIMES)


def test_wrong_side_of_the_cut_misses(values):
    cut = np.abs(oracle("I00").imag) > 0.1 * np.abs(oracle("I00"))
    assert np.sum(cut) > 50
    assert np.all(relative_error(values["I00"], np.conj(oracle("I00")))[cut] > MISS)
    assert np.all(np.asarray(values["I00"]).imag[cut] > 0)


@pytest.mark.parametrize("regime", REGIMES)
@pytest.mark.parametrize("name", ["dJ_dp2", "dJ_dk2", "dJ_dm"])
def test_gradient_matches_the_oracle(slopes, name, regime):
    here = (regime == REGIME) & np.isfinite(oracle(name))
    assert np.all(relative_error(slopes[name], oracle(name))[here] < SLOPE)
    assert np.all(np.isfinite(slopes[name]))  # also where the derivative is infinite


@pytest.mark.parametrize("jacobian", JACOBIANS)
@pytest.mark.parametrize("batched", [False, True])
def test_corners_are_finite(batched, jacobian):
    def with_slopes(*point):
        return parts(*point), *JACOBIANS[jacobian](parts, argnums=(0, 1, 2))(*point)

    points = np.array(list(CORNERS.values()))
    if batched:
        rows = np.stack(jax.jit(jax.vmap(with_slopes))(*points.T), axis=1)
    else:
        compiled = jax.jit(with_slopes)
        rows = np.stack([np.stack(compiled(*point)) for point in points])
    finite = np.all(np.isfinite(rows), axis=(1, 2))
    assert dict(zip(CORNERS, finite, strict=True)) == dict.fromkeys(CORNERS, True)


@pytest.mark.parametrize(("p2", "k2"), [(9.0, 1.0), (9.0, 0.0), (-9.0, 9.0), (0.0, 0.0)])
@pytest.mark.parametrize("m", [0.0, 1e-200])
def test_massless_fermion_does_not_decouple(p2, k2, m):
    assert factor(p2, k2, m) == 1
    assert np.isinf(integral(p2, k2, m).real)
    assert np.all(SLOPE_IN_M(p2, k2, m) == 0)


@pytest.mark.parametrize(
    ("m", "m_X", "expected"),
    [  # 2 m^2 I00 at m_Z = 91.188: t, b, c, tau, e, t, b
        (172.57, 1e-3, 1.0241754),
        (4.183, 1e-3, -0.0590681 + 0.0814386j),
        (1.273, 1e-3, -0.0122989 + 0.0104606j),
        (1.77693, 1e-3, -0.0198028 + 0.0187894j),
        (0.51099895e-3, 1e-3, -1.829e-8 + 0.4772e-8j),
        (172.57, 20.0, 1.0253405),
        (4.183, 20.0, -0.0635012 + 0.0433915j),
    ],
)
def test_values_worked_out_by_hand(m, m_X, expected):
    value = 2 * m**2 * integral(M_Z**2, m_X**2, m)
    digits = SEVEN_DECIMALS if abs(expected) > 1e-6 else 0.6e-11
    assert abs(value.real - expected.real) < digits
    assert abs(value.imag - expected.imag) < digits


def as_printed(p2, k2, m, cross_term=1.0):
    """Eq. (3), factor by factor as in the paper, at q2 = 0 and below every threshold."""
    dot = (k2 - p2) / 2

    def integrand(z, x):
        return 1 / (m**2 - z * (1 - z) * p2 - cross_term * 2 * x * z * dot)

    return integrate.dblquad(integrand, 0, 1, 0, lambda x: 1 - x, epsabs=0, epsrel=ADAPTIVE)[0]


@pytest.mark.parametrize(
    ("p2", "k2", "m"), [(3.0, 1.0, 1.0), (3.9, 3.8, 1.0), (-5.0, 2.0, 1.0), (1e4, 1.0, 172.6)]
)
def test_is_the_printed_integral(p2, k2, m):
    value = integral(p2, k2, m)
    assert value.imag == 0
    assert abs(value.real / as_printed(p2, k2, m) - 1) < 10 * ADAPTIVE
    assert abs(value.real / as_printed(p2, k2, m, cross_term=0.5) - 1) > MISS


@pytest.mark.parametrize("m", [172.6, 80.4, 62.6])
def test_loop_of_h_to_two_photons_below_threshold(m):  # f(tau) of hep-ph/0503172, Sec. 2.3
    assert np.isclose(M_H**2 / 2 * integral(M_H**2, 0.0, m), np.arcsin(M_H / (2 * m)) ** 2, ROUNDING, 0)


@pytest.mark.parametrize("m", [62.5, 4.186, 1.77693])
def test_loop_of_h_to_two_photons_above_threshold(m):
    beta = np.sqrt((M_H - 2 * m) * (M_H + 2 * m)) / M_H
    f = -((np.log((1 + beta) ** 2 / (2 * m / M_H) ** 2) - 1j * np.pi) ** 2) / 4
    for value in (integral(M_H**2, 0.0, m), integral(0.0, M_H**2, m)):
        assert np.isclose(M_H**2 / 2 * value, f, ROUNDING, 0)
        assert np.isclose(value.imag, np.pi / M_H**2 * np.log((1 + beta) / (1 - beta)), 10 * ROUNDING, 0)


@pytest.mark.parametrize(("p2", "k2"), [(M_Z**2, 1.0), (M_Z**2, 0.9 * M_Z**2), (-(M_Z**2), 400.0)])
@pytest.mark.parametrize("m", [1e3, 1e4, 1e5])
def test_heavy_fermion_decouples(p2, k2, m):
    tau_p, tau_k = p2 / (4 * m**2), k2 / (4 * m**2)
    first = -(tau_p + tau_k) / 3  # -(p2 + k2) / 12 m^2
    second = first - 8 / 45 * (tau_p**2 + tau_p * tau_k + tau_k**2)
    third_order = max(abs(tau_p), abs(tau_k)) ** 3
    value = factor(p2, k2, m)
    assert abs(value - second) < third_order + ROUNDING * abs(second)
    assert abs(value - first) > third_order


def test_subtraction_loses_the_digits_of_a_heavy_fermion(values):
    p2, k2, m = POINTS
    heaviest = (REGIME == "heavy") & (m > 0.99e4 * M_Z) & (k2 < 1)
    angle_p, angle_k = (np.arcsin(np.sqrt(s[heaviest]) / (2 * m[heaviest])) for s in (p2, k2))
    ratio = 4 * m[heaviest] ** 2 * (angle_k**2 - angle_p**2) / (k2 - p2)[heaviest]  # 2 m^2 I00, closed form
    exact = oracle("J")[heaviest]
    assert np.all(relative_error(values["J"][heaviest], exact) < ROUNDING)
    assert np.all(relative_error(1 - ratio, exact) > 1e4 * ROUNDING)


def test_undeformed_rule_converges_above_threshold_only():
    good = undeformed_rule(M_Z**2, 0.0, 1.0, 60.0, order=64)
    assert abs(good / integral(M_Z**2, 1.0, 60.0) - 1) < ROUNDING
    for order in (16, 64, 256):
        naive = undeformed_rule(M_Z**2, 0.0, 1.0, 4.2, order=order)
        assert abs(naive / integral(M_Z**2, 1.0, 4.2) - 1) > 0.1


def test_heavy_rule_needs_its_nodes():
    tau = jnp.array(HEAVY), jnp.array(-HEAVY / 2)
    exact = factor(4 * tau[0], 4 * tau[1], 1.0).real
    assert abs(heavy_rule(*tau) / exact - 1) < ROUNDING
    assert abs(heavy_rule(*tau, order=3) / exact - 1) > 100 * ROUNDING


@pytest.mark.parametrize("order", [2, 3, 4, 5, 6])
def test_every_order_is_exact_on_the_contour(order):
    p2, k2, m = (jnp.array(v) for v in POINTS)
    m = jnp.maximum(m, 1e-6)
    value, single = (contour_rule(p2, k2, m, order=n).join() for n in (order, 1))
    np.testing.assert_allclose(value, single, ROUNDING)


def test_dimensions():
    scale, well = 3.7, (REGIME != "threshold") & (CONDITION < 10)
    p2, k2, m = (v[well] for v in POINTS)
    scaled = scale**2 * p2, scale**2 * k2, scale * m
    np.testing.assert_allclose(FACTOR(*scaled), FACTOR(p2, k2, m), 10 * ROUNDING)
    np.testing.assert_allclose(scale**2 * INTEGRAL(*scaled), INTEGRAL(p2, k2, m), 10 * ROUNDING)
    unscaled_mass = relative_error(FACTOR(*scaled[:2], m), FACTOR(p2, k2, m))
    assert np.max(unscaled_mass) > MISS


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ((1.0, 0.0, 1.0, -1.0), "m = -1.0"),
        ((1.0, 0.0, 1.0, [1.0, -1e-9]), "negative"),
        ((np.nan, 0.0, 1.0, 1.0), "p2 = nan"),
        ((1.0, np.nan, 1.0, 1.0), "q2 = nan"),
        ((1.0, 0.0, np.inf, 1.0), "k2 = inf"),
        ((1.0, 0.0, 1.0, np.nan), "m = nan"),
    ],
)
@pytest.mark.parametrize("function", [triangle_integral, decoupling_factor])
def test_refuses(function, arguments, found):
    with pytest.raises(InputError, match=found):
        function(*arguments)


@pytest.mark.parametrize("function", [triangle_integral, decoupling_factor])
def test_needs_64_bit_floats(function):
    with jax.enable_x64(False), pytest.raises(InputError, match="jax_enable_x64"):
        function(9.0, 0.0, 1.0, 1.0)
