"""Eq. (3) = (A7) for any three legs: values, derivatives, corners.

Oracle: tests/reference/triangle_general.py, twelve dilogarithms in multiple precision at the same binary
inputs, compared there with direct integration; 10^4 points at random over 24 decades of every leg, and the
corners: legs that nearly agree, lambda = 0, tiny masses, thresholds, the leading singularity.
"""

import functools
import importlib.util
from fractions import Fraction

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from jaxtri.errors import InputError
from jaxtri.physics.triangle import massless_leg
from jaxtri.physics.triangle.integral import decoupling_factor, triangle_integral
from jaxtri.physics.triangle.regimes import HEAVY
from jaxtri.physics.triangle.tensor import heavy_rule, undeformed_rule
from jaxtri.physics.triangle.three_legs import contour_rule
from places import REFERENCE

VALUE = 1e-12  # relative, times the condition number where that exceeds 1; measured 4e-14, at Delta = 0 4e-13
SLOPE = 1e-9  # the same of first derivatives; measured 2e-10
SLOPES = {  # where the oracle's derivative is itself nearly singular, or interpolated across lambda = 0
    "soft": 1e-8,
    "gram": 1e-7,
}
LANDAU = 1e-14  # of derivatives next to the leading singularity, over its distance
CURVATURE = 1e-6  # of second derivatives, between first derivatives good to 1e-10 or better
DIRECT = 1e-10  # of 400 x 400 double-exponential nodes; measured 2e-11
SINGLE = 1e-4  # float32 inputs and arithmetic; 99 % of every regime, times the condition number
ROUNDING = 1e-13  # two routes in float64
MISS = 1e-3  # a method that must miss is off by more than this

DATA = dict(np.load(REFERENCE / "triangle_general.npz"))
POINTS = tuple(DATA[name] for name in ("p2", "q2", "k2", "m"))
REGIMES = tuple(dict.fromkeys(DATA["regime"].tolist()))
INPUTS = {"dp2": 0, "dq2": 1, "dk2": 2, "dm": 3}

CORNERS = {  # p2, q2, k2, m
    "k2 = 0": (2.0, -1.0, 0.0, 1.0),
    "p2 = 0": (0.0, 3.0, 1.0, 1.0),
    "q2 = 0": (9.0, 0.0, 1.0, 1.0),
    "q2 = 0, k2 = p2": (9.0, 0.0, 9.0, 1.0),
    "q2 = 0, k2 = p2, heavy": (0.3, 0.0, 0.3, 1.0),
    "k2 = p2": (9.0, 1.0, 9.0, 1.0),
    "three equal": (5.0, 5.0, 5.0, 1.0),
    "lambda = 0": (9.0, 4.0, 1.0, 0.3),
    "lambda = 0, spacelike": (-4.0, -1.0, -1.0, 0.7),
    "p2 at threshold": (4.0, 1.0, -2.0, 1.0),
    "two legs at threshold": (4.0, 4.0, 1.0, 1.0),
    "p2 at threshold, others beyond": (4.0, 7.0, 9.0, 1.0),
    "leading singularity": (3.0, 3.0, 3.0, 1.0),
    "p2 = q2 = 0": (0.0, 0.0, 3.0, 1.0),
    "all 0": (0.0, 0.0, 0.0, 1.0),
    "m = 0": (9.0, -2.0, 1.0, 0.0),
    "m = 0, q2 = 0": (9.0, 0.0, 1.0, 0.0),
    "m = 0, all 0": (0.0, 0.0, 0.0, 0.0),
    "|s| = m^2": (HEAVY, -0.5, 0.2, 1.0),
}


def parts(p2, q2, k2, m):
    """Real and imaginary part of J, finite also where I00 is not."""
    value = decoupling_factor(p2, q2, k2, m)
    return jnp.stack([jnp.real(value), jnp.imag(value)])


def integral_parts(p2, q2, k2, m):
    value = triangle_integral(p2, q2, k2, m)
    return jnp.stack([jnp.real(value), jnp.imag(value)])


def error(value, exact):
    return np.abs(np.asarray(value) - exact) / np.where(exact == 0, 1.0, np.abs(exact))


@pytest.fixture(
    scope="module", params=["jit", *(pytest.param(way, marks=pytest.mark.long) for way in ("eager", "vmap"))]
)
def values(request):
    way = {"eager": lambda f: f, "jit": jax.jit, "vmap": lambda f: jax.jit(jax.vmap(f))}[request.param]
    return {
        "I00": np.asarray(way(triangle_integral)(*POINTS)),
        "J": np.asarray(way(decoupling_factor)(*POINTS)),
    }


@pytest.fixture(scope="module", params=["jacrev", pytest.param("jacfwd", marks=pytest.mark.long)])
def slopes(request):
    jacobian = getattr(jax, request.param)(integral_parts, argnums=(0, 1, 2, 3))
    columns = jax.jit(jax.vmap(jacobian))(*POINTS)
    return dict(zip(INPUTS, (np.asarray(c[:, 0] + 1j * c[:, 1]) for c in columns), strict=True))


@pytest.fixture(scope="module")
def script():
    """The reference script as a module."""
    spec = importlib.util.spec_from_file_location("triangle_general", REFERENCE / "triangle_general.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_reference_can_be_made_again(script):
    """Every 600th record, to the last bit."""
    for n, point in list(enumerate(script.points()))[::600]:
        values = [complex(np.nan if v is None else v) for v in script.evaluate(*point[1:])[0]]
        np.testing.assert_array_equal(values, [DATA[name][n] for name in script.VALUES])


@pytest.mark.parametrize(
    "point", [(5.0, -0.7, 2.1, 0.3), (3.0, 2.5, 2.2, 1.1), (-3.0, 2.5, -2.2, 0.2), (4.0, 1.0, 1.0, 1.5)]
)
def test_is_the_double_integral(script, point):
    """By double-exponential quadrature over a displaced simplex; on the other side of the poles it misses."""
    value = complex(triangle_integral(*point))
    assert abs(script.direct(*point, 400)[0] / value - 1) < DIRECT
    if value.imag:
        assert abs(script.direct(*point, 400, turn=-1.5)[0] / value - 1) > MISS


def test_the_sweep_is_large_and_wide():
    random = DATA["regime"] == "random"
    assert random.sum() == 10_000
    for leg in POINTS[:3]:
        assert np.ptp(np.log10(np.abs(leg[random]))) > 23
        assert 0.48 < np.mean(leg[random] > 0) < 0.52
    assert np.ptp(np.log10(POINTS[3][random])) > 11


@pytest.mark.parametrize("name", ["I00", "J"])
@pytest.mark.parametrize("regime", REGIMES)
def test_matches_the_oracle(values, regime, name):
    here = regime == DATA["regime"]
    condition = np.maximum(1.0, np.nan_to_num(DATA[f"condition_{name}"][here], nan=1.0))
    wrong = error(values[name][here], DATA[name][here])
    assert np.max(wrong / condition) < VALUE
    if regime == "random" and name == "I00":
        assert np.max(wrong) < VALUE  # whatever the condition


def test_real_where_the_oracle_is(values):
    """Exactly; three timelike legs and a tiny mass have an imaginary part too small to matter."""
    value, exact = values["I00"], DATA["I00"]
    finite = np.isfinite(value)
    assert np.all(value.imag[finite & (exact.imag == 0)] == 0)
    seen = finite & (np.abs(exact.imag) > 1e-12 * np.abs(exact))
    assert np.all(value.imag[seen] != 0)


def test_wrong_side_of_the_cut_misses(values):
    exact = DATA["I00"]
    cut = np.abs(exact.imag) > 0.1 * np.abs(exact)
    assert cut.sum() > 2000
    assert np.all(error(values["I00"], np.conj(exact))[cut] > MISS)


@pytest.mark.parametrize("regime", REGIMES)
@pytest.mark.parametrize("name", INPUTS)
def test_gradient_matches_the_oracle(slopes, name, regime):
    here = (regime == DATA["regime"]) & np.isfinite(DATA[name])
    assert here.any()
    wrong = error(slopes[name][here], DATA[name][here])
    allowed = SLOPES.get(regime, SLOPE)
    if regime == "landau":
        allowed = SLOPE + LANDAU / np.array([distance(*point) for point in np.array(POINTS).T[here]])
    assert np.all(wrong < allowed)


def distance(p2, q2, k2, m):
    """Of m^2 from the leading singularity, relative."""
    p2, q2, k2, m2 = Fraction(p2), Fraction(q2), Fraction(k2), Fraction(m) ** 2
    kallen = (p2 - q2 - k2) ** 2 - 4 * q2 * k2
    return float(abs(1 + p2 * q2 * k2 / (kallen * m2)))


def test_gradient_is_finite_everywhere(slopes):
    for slope in slopes.values():
        assert np.all(np.isfinite(slope))


def test_forgotten_leg_misses(slopes):  # so that the gradient tests are able to fail
    random = (DATA["regime"] == "random") & (np.abs(DATA["dq2"]) > 0)
    assert np.median(error(slopes["dq2"], DATA["dp2"])[random]) > MISS


@pytest.mark.long
@pytest.mark.parametrize("way", ["eager", "jit", "vmap"])
def test_corners_are_finite(way):
    def every(*point):
        return (
            parts(*point),
            *jax.jacfwd(parts, argnums=(0, 1, 2, 3))(*point),
            *jax.jacrev(parts, argnums=(0, 1, 2, 3))(*point),
        )

    names = list(CORNERS) if way != "eager" else ["q2 = 0, k2 = p2", "lambda = 0", "p2 at threshold"]
    points = [CORNERS[name] for name in names]
    if way == "vmap":
        columns = jax.jit(jax.vmap(every))(*np.array(points).T)
        rows = list(zip(*columns, strict=True))
    else:
        function = jax.jit(every) if way == "jit" else every
        rows = [function(*point) for point in points]
    for name, row in zip(names, rows, strict=True):
        assert np.all(np.isfinite(np.stack(row))), name


SMOOTH = [(9.0, -2.0, 1.0, 1.0), (0.3, -0.2, 0.1, 1.0), (-3.0, -2.0, -5.0, 0.4), (5.0, 30.0, 2.0, 1.3)]


@pytest.fixture(scope="module")
def hessians():
    """Second derivatives of J at the corners, then at smooth points: [i][j], point, real and imaginary."""
    function = jax.jit(jax.vmap(jax.hessian(parts, argnums=(0, 1, 2, 3))))
    return np.array(function(*np.array([*CORNERS.values(), *SMOOTH]).T))


@pytest.mark.long
def test_second_derivatives_of_corners_are_finite(hessians):
    finite = np.all(np.isfinite(hessians[:, :, : len(CORNERS)]), axis=(0, 1, 3))
    assert dict(zip(CORNERS, finite, strict=True)) == dict.fromkeys(CORNERS, True)


@pytest.mark.long
@pytest.mark.parametrize("number", range(len(SMOOTH)))
def test_second_derivatives(script, hessians, number):
    """Oracle: second differences of the reference's dilogarithms at 60 digits."""

    def exact(*x):
        return 1 - 2 * x[3] ** 2 * script.triangle(list(x[:3]), x[3] ** 2)

    hessian = hessians[:, :, len(CORNERS) + number]
    with mpmath.workdps(60):
        for i in range(4):
            for j in range(i + 1):
                order = tuple((i == n) + (j == n) for n in range(4))
                expected = complex(mpmath.diff(exact, tuple(map(mpmath.mpf, SMOOTH[number])), order))
                value = complex(*hessian[i, j])
                assert abs(value - expected) < CURVATURE * abs(expected)
                np.testing.assert_allclose(hessian[i, j], hessian[j, i], CURVATURE, 1e-9)


def test_legs_are_equivalent():
    p2, q2, k2, m = (v[DATA["regime"] != "landau"] for v in POINTS)
    one = np.asarray(jax.jit(triangle_integral)(p2, q2, k2, m))
    for legs in ((q2, p2, k2), (k2, q2, p2), (q2, k2, p2)):
        other = np.asarray(jax.jit(triangle_integral)(*legs, m))
        finite = np.isfinite(one)
        assert np.median(error(other[finite], one[finite])) < 1e-15
        assert np.max(error(other[finite], one[finite])) < VALUE
    assert np.median(error(one, np.asarray(jax.jit(triangle_integral)(p2, -q2, k2, m)))) > MISS


def test_is_homogeneous(slopes):
    """Sum of s dI/ds + (m/2) dI/dm = -I00: the dimension of the integral."""
    here = DATA["regime"] == "random"
    terms = [v[here] * slopes[d][here] for v, d in zip(POINTS, INPUTS, strict=True)]
    terms[3] = terms[3] / 2
    size = sum(np.abs(term) for term in terms) + np.abs(DATA["I00"][here])
    assert np.max(np.abs(sum(terms) + DATA["I00"][here]) / size) < SLOPE
    terms[3] = terms[3] * 2
    assert np.max(np.abs(sum(terms) + DATA["I00"][here]) / size) > MISS


@pytest.mark.parametrize("leg", [0, 1, 2])
def test_a_zero_leg_is_the_massless_rule(leg):
    """Known to be 0, or found to be while tracing: the same."""
    others = [9.0, 1.0]
    known = triangle_integral(*others[:leg], 0.0, *others[leg:], 1.3)
    traced = jax.jit(triangle_integral)(*others[:leg], 0.0, *others[leg:], 1.3)
    near = triangle_integral(*others[:leg], 1e-30, *others[leg:], 1.3)
    np.testing.assert_allclose([traced, near], known, ROUNDING)
    re, im, _ = massless_leg.decoupled_ratio(*map(jnp.asarray, (*others, 1.3)))
    np.testing.assert_allclose(known, complex(re, im) / (2 * 1.3**2), ROUNDING)


def test_massless_fermion():
    """With three legs I00 is finite for m = 0, the limit of light ones; with a massless leg it diverges."""
    massless = triangle_integral(9.0, -2.0, 1.0, 0.0)
    np.testing.assert_allclose(triangle_integral(9.0, -2.0, 1.0, 1e-12), massless, ROUNDING)
    assert decoupling_factor(9.0, -2.0, 1.0, 0.0) == 1
    assert np.isinf(jax.jit(triangle_integral)(9.0, 0.0, 1.0, 0.0).real)
    assert decoupling_factor(9.0, 0.0, 1.0, 0.0) == 1


def test_beyond_the_leading_singularity_it_is_complex_below_every_threshold():
    value = triangle_integral(3.9, 3.9, 3.9, 1.0)
    np.testing.assert_allclose(value, -0.7486 + 2.9222j, atol=5e-5)  # integrated over a displaced contour
    assert triangle_integral(2.9, 2.9, 2.9, 1.0).imag == 0


def test_contour_rule_needs_its_nodes():
    here = (DATA["regime"] == "mild") & (np.max(np.abs(POINTS[:3]), axis=0) > HEAVY * POINTS[3] ** 2)
    points, exact = [jnp.asarray(v[here]) for v in POINTS], DATA["I00"][here]
    worst = [np.max(error(contour_rule(*points, order=n).join(), exact)) for n in (2, 4, 8)]
    assert worst[0] > 1e-6
    assert 1e-6 > worst[1] > 100 * VALUE / 10
    assert worst[2] < VALUE


def test_heavy_rule_needs_its_nodes():
    legs = [jnp.asarray(v) for v in (HEAVY, HEAVY, -HEAVY)]
    exact = decoupling_factor(*legs, 1.0).real
    few, enough = (heavy_rule(*legs, jnp.asarray(1.0), order=n) for n in (6, 12))
    assert abs(enough / exact - 1) < ROUNDING
    assert abs(few / exact - 1) > 100 * ROUNDING


@pytest.mark.parametrize("order", [32, 64, 256])
def test_undeformed_rule_never_converges_below_threshold(order):
    good = undeformed_rule(2.0, -2.0, 1.0, 1.0, order=order)
    assert abs(good / triangle_integral(2.0, -2.0, 1.0, 1.0) - 1) < VALUE
    bad = undeformed_rule(30.0, -2.0, 1.0, 1.0, order=order)
    assert abs(bad / triangle_integral(30.0, -2.0, 1.0, 1.0) - 1) > 0.1


def test_one_precision_lower():
    """float32 against float64 at the same float32 inputs: 1e-4 in 99 % of every regime."""
    points = [np.asarray(v, dtype=np.float32) for v in POINTS]
    sizes = np.abs(np.stack(points[:3]))
    here = (sizes.max(0) < 1e9) & (sizes.min(0) > 1e-9) & (points[3] > 1e-4) & (points[3] < 1e4)
    points = [v[here] for v in points]
    for function in (triangle_integral, decoupling_factor):
        low = jax.jit(functools.partial(function, precision="float32"))(*points)
        assert low.dtype == jnp.complex64
        wrong = error(low, np.asarray(jax.jit(function)(*points)))
        for regime in set(DATA["regime"][here]):
            assert np.quantile(wrong[DATA["regime"][here] == regime], 0.99) < 2 * SINGLE
        assert np.max(wrong) > 1e-7  # it is another precision


def test_float32_needs_no_64_bit_floats():
    with jax.enable_x64(False):
        value = triangle_integral(9.0, -2.0, 1.0, 1.0, precision="float32")
        with pytest.raises(InputError, match="jax_enable_x64"):
            triangle_integral(9.0, -2.0, 1.0, 1.0)
    np.testing.assert_allclose(value, triangle_integral(9.0, -2.0, 1.0, 1.0), SINGLE)


def test_unknown_precision_is_refused():
    with pytest.raises(InputError, match="float64"):
        triangle_integral(9.0, 0.0, 1.0, 1.0, precision="float46")
