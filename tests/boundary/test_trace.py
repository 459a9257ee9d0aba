"""Boundaries of every search.

Oracle: tests/pointwise.py, which shares nothing with the boundaries but the public rates, with its
logarithms and bisection redone in 40 digits by mpmath; identities where r is proportional to g_X^2;
finite differences; closed forms of lifetime windows.
"""

import dataclasses
import itertools
import math

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

import jaxtri
import pointwise
from jaxtri.boundary import mass_mesh, trace
from jaxtri.limits import excluded_couplings
from jaxtri.limits.signal import SearchAtMass, log_ratio
from jaxtri.numerics import threads
from jaxtri.scans.spec import load_spec

EXACT = 1e-10  # |F| at a vertex
CLOSE = 1e-9  # ln g_X, against 40 digits: rates agree to 1e-12, roots are conditioned by at most 1e3
SLOPE = 1e-6  # of a difference of fourth order, steps of 1e-5: truncation 1e-9, cancellation 1e-10
IDENTITY = 1e-10
SMALL = "l3_1992_zgamma_hadrons"  # excludes a little at the omega
DISPLACED = "lhcb_2017_bplus_kplus_mumu_displaced"
AXES = {
    "m_X": {"min": 1e-3, "max": 90.0, "points": 2, "spacing": "log"},
    "g_X": {"min": 1e-9, "max": 1.0, "points": 2, "spacing": "log"},
}
SCAN = {
    "title": "boundaries",
    "model": "b_minus_l",
    "treatments": ["printed", "figure", "matched"],
    "searches": {"set": "printed"},
    "axes": AXES,
}


def traced(**changes):
    return jaxtri.boundaries(SCAN | changes)


@pytest.fixture(scope="module")
def found():
    return traced()


def all_curves(found):
    return [(name, curve) for name, one in found.items() for curve in one.curves]


def test_every_vertex_is_exact(found):
    for name, curve in all_curves(found):
        assert np.all(curve.residual <= EXACT), (name, curve.search)
        assert np.all(np.isfinite(curve.g_X))
    assert sum(len(curve.m_X) for _, curve in all_curves(found)) > 5e4
    assert all(one.unresolved == 0 for one in found.values())


def test_every_search_and_island_has_vertices_enough(found):
    searches = {(name, curve.search) for name, curve in all_curves(found)}
    assert len(searches) > 60
    for name, search in searches:
        assert sum(len(curve.m_X) for curve in found[name].of(search)) >= 500, (name, search)
    islands = [curve for _, curve in all_curves(found) if curve.closed]
    assert islands
    assert min(len(curve.m_X) for curve in islands) >= 500


def test_the_mesh_alone_has_too_few(found, monkeypatch):  # so the test above is able to fail
    monkeypatch.setattr(mass_mesh, "ENOUGH", 0)
    few = traced(treatments=["matched"], searches={"set": "printed", "only": [SMALL]})["matched"].of(SMALL)
    assert 0 < sum(len(curve.m_X) for curve in few) < 500


def test_threads_change_no_bit(monkeypatch):
    """As many chunks at a time as there are threads: what each computes does not depend on the others."""
    scan = {"treatments": ["matched"], "searches": {"set": "printed", "only": [SMALL]}}
    monkeypatch.setattr(threads, "WORKERS", 4)  # whatever the machine has
    several = traced(**scan)["matched"]
    monkeypatch.setattr(threads, "WORKERS", 1)
    alone = traced(**scan)["matched"]
    assert len(several.curves) == len(alone.curves) > 0
    for one, other in zip(several.curves, alone.curves, strict=True):
        for name in ("m_X", "g_X", "slope", "residual"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def mp_log_ratio(search, point, u):
    """`pointwise.log_ratio` at ln g_X = u in 40 digits, from rates in float64."""
    scale = mpmath.exp(2 * u) / mpmath.mpf(point.g_X) ** 2
    wall, tau = search.proper_time(point.m_X), mpmath.mpf(point.lifetime) / scale
    x = mpmath.inf if wall is None else mpmath.mpf(wall) / tau
    if search.final_state == "invisible":
        B = mpmath.mpf(point.decay["nu nubar"])
        probability = B + (1 - B) * mpmath.exp(-x)
    else:
        light = (mpmath.mpf(point.decay["e+ e-"]) + point.decay["mu+ mu-"]) / 2
        fraction = light if search.final_state == "l+ l-" else mpmath.mpf(point.decay[search.final_state])
        probability = -mpmath.expm1(-x) * fraction
    rate = scale * mpmath.mpf(point.production[search.channel]) * probability / search.limit
    low, high = search.tau_s or (0.0, mpmath.inf)
    parts = [rate, tau / low if low else mpmath.inf, high / tau]
    return min(mpmath.log(part) if part > 0 else -mpmath.inf for part in parts)


def mp_root(search, point, near, width):
    """Root within a bracket in ln g_X by bisection in 40 digits; None without a sign change."""
    low, high = mpmath.mpf(near - width), mpmath.mpf(near + width)
    rises = mp_log_ratio(search, point, high) > 0
    if (mp_log_ratio(search, point, low) > 0) == rises:
        return None
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if (mp_log_ratio(search, point, middle) > 0) == rises else (middle, high)
    return float((low + high) / 2)


def samples(found, count=80):
    """Random vertices with a slope that is finite: search, treatment, mass, coupling."""
    random = np.random.default_rng(4)
    curves = all_curves(found)
    while count:
        name, curve = curves[random.integers(len(curves))]
        i = random.integers(1, len(curve.m_X) - 1)
        if abs(curve.slope[i]) < 50:
            count -= 1
            yield name, curve.search, float(curve.m_X[i]), float(np.log(curve.g_X[i]))


def worst_miss(found, moved=0.0):
    oracle = pointwise.searches("printed")
    misses = []
    with mpmath.workdps(40):
        for name, search, m_X, u in samples(found):
            expected = mp_root(oracle[search], pointwise.point(name, m_X, 1e-4), u + moved, 1e-3)
            misses.append(math.inf if expected is None else abs(u + moved - expected))
    return max(misses)


def test_against_forty_digits(found):
    assert worst_miss(found) < CLOSE


def test_roots_without_the_polish_miss(found, monkeypatch):  # so the test above is able to fail
    assert worst_miss(found, moved=2e-9) > CLOSE
    row, turning, ends = flat_row(3.0), jnp.array([2.0, 2.0]), excluded_couplings.Ends(-10.0, 0.0)
    polished = excluded_couplings.excluded_edges(row, turning, ends).value[excluded_couplings.RISE]
    assert abs(log_ratio(row, polished)) < EXACT
    monkeypatch.setattr(excluded_couplings, "bracketed_root", twenty_bisections)
    rough = excluded_couplings.excluded_edges(row, turning, ends).value[excluded_couplings.RISE]
    assert 1e-5 > abs(rough - polished) > CLOSE
    assert abs(log_ratio(row, rough)) > EXACT


def twenty_bisections(function, low, high):
    """A root as good as the bracket after twenty steps: 1e-6, not polished."""
    a, b = jnp.asarray(low, dtype=float), jnp.asarray(high, dtype=float)
    found = (function(a) > 0) != (function(b) > 0)
    for _ in range(20):
        middle = (a + b) / 2
        inside = (function(middle) > 0) == (function(b) > 0)
        a, b = jnp.where(inside, a, middle), jnp.where(inside, middle, b)
    return (a + b) / 2, found


def test_every_root_of_a_column_is_found(found):
    """As many edges at a mass as the oracle finds on a fine list of couplings."""
    couplings = [10**x for x in np.linspace(-9, 0, 361)]
    oracle = pointwise.searches("printed")
    for m_X, name in itertools.product([0.0031, 0.0517, 0.2413, 0.317, 0.613, 0.91, 2.03, 4.07], found):
        at = pointwise.point(name, m_X, 1e-4)
        for search in oracle:
            expected = [
                edge
                for pair in pointwise.excluded_intervals(oracle[search], at, couplings)
                for edge in pair
                if edge not in (couplings[0], couplings[-1])
            ]
            crossed = sorted(g for curve in found[name].of(search) for g in interpolated(curve, m_X))
            assert len(crossed) == len(expected), (name, search, m_X)
            np.testing.assert_allclose(crossed, expected, rtol=2e-3)


def interpolated(curve, m_X):
    """Couplings at which a polyline passes a mass."""
    x, y = np.log(curve.m_X), np.log(curve.g_X)
    for i in np.flatnonzero((curve.m_X[1:] > m_X) != (curve.m_X[:-1] > m_X)):
        yield math.exp(y[i] + (y[i + 1] - y[i]) * (math.log(m_X) - x[i]) / (x[i + 1] - x[i]))


@pytest.mark.parametrize(
    ("search", "branch"),
    [
        ("na62_2021_kpi_invisible_low", 0),
        pytest.param("belle_2017_bk_invisible", 0, marks=pytest.mark.long),
        pytest.param(DISPLACED, 0, marks=pytest.mark.long),
        pytest.param(DISPLACED, 1, marks=pytest.mark.long),
    ],
)
def test_slopes_against_central_differences(found, search, branch, sm, b_minus_l, treatments):
    searches = jaxtri.load_searches("printed")
    curve = max(found["figure"].of(search), key=lambda one: len(one.m_X))

    @jax.jit
    @jax.value_and_grad
    def log_g(x):
        return log_coupling(search, sm, b_minus_l, treatments["figure"], searches, jnp.exp(x), branch=branch)

    seen = 0
    for i in range(20, len(curve.m_X) - 20, len(curve.m_X) // 12):
        x = float(np.log(curve.m_X[i]))
        value, slope = log_g(x)
        if abs(value - np.log(curve.g_X[i])) > 1e-6 or abs(curve.slope[i]) > 20:
            continue
        seen += 1
        near, far = (float(log_g(x + h)[0] - log_g(x - h)[0]) / (2 * h) for h in (1e-5, 2e-5))
        difference = (4 * near - far) / 3  # of fourth order: the omega is narrow
        assert abs(curve.slope[i] - difference) < SLOPE * max(1, abs(difference)), (search, x)
        np.testing.assert_allclose(slope, curve.slope[i], rtol=1e-8, atol=1e-9)
    assert seen


def log_coupling(search, sm, model, treatment, searches, m_X, **options):
    return jnp.log(jaxtri.boundary_coupling(search, sm, model, treatment, searches, m_X, **options))


@pytest.mark.long
def test_identities_where_the_signal_is_quadratic(sm, b_minus_l, treatments):
    """LHCb's wedge has P = 1: r is exactly proportional to g_X^2 / limit * f_+^2."""
    searches = jaxtri.load_searches("printed")
    position = [label.name for label in searches.labels].index(DISPLACED)
    arguments = b_minus_l, treatments["figure"]
    by_limit = jax.jit(
        jax.grad(
            lambda limit: log_coupling(
                DISPLACED, sm, *arguments, dataclasses.replace(searches, limit=limit), 0.4
            )
        )
    )(searches.limit)
    assert abs(by_limit[position] * searches.limit[position] - 0.5) < IDENTITY
    assert np.count_nonzero(by_limit) == 1

    def scaled(scale):
        f = sm.form_factors
        both = dataclasses.replace(
            f, B_K_fplus_r1=scale * f.B_K_fplus_r1, B_K_fplus_r2=scale * f.B_K_fplus_r2
        )
        return log_coupling(DISPLACED, dataclasses.replace(sm, form_factors=both), *arguments, searches, 0.4)

    assert abs(jax.jit(jax.grad(scaled))(1.0) + 1) < IDENTITY  # ln g = -ln(scale) + const
    assert abs(jax.jit(jax.hessian(scaled))(1.0) - 1) < IDENTITY
    upper = jax.jit(jax.grad(lambda sm: log_coupling(DISPLACED, sm, *arguments, searches, 0.4, branch=1)))(sm)
    assert upper.tau_B_plus == 0  # a lifetime of X, whatever the rate
    assert upper.hadrons.m_omega != 0 or upper.m_mu != 0


@pytest.mark.long
@pytest.mark.parametrize(
    ("search", "treatment", "m_X", "branch"),
    [
        ("na62_2021_kpi_invisible_low", "matched", 0.05, 0),
        (DISPLACED, "figure", 0.4, 1),
    ],
)
def test_hessian_is_the_difference_of_gradients(search, treatment, m_X, branch, sm, b_minus_l, treatments):
    searches = jaxtri.load_searches("printed")

    def log_g(p):
        changed = dataclasses.replace(sm, m_t=p[0] * sm.m_t, tau_B_plus=p[1] * sm.tau_B_plus)
        return log_coupling(
            search, changed, b_minus_l, treatments[treatment], searches, p[2] * m_X, branch=branch
        )

    def gradient(p):
        return (jax.grad(log_g)(p),) * 2  # one to be differentiated, one as it is

    both = jax.jit(jax.jacfwd(gradient, has_aux=True))  # jax.hessian, with the gradient; compiled once
    p, h = jnp.ones(3), 1e-5
    hessian = np.asarray(both(p)[0])
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-10)
    for i in range(3):
        step = h * np.eye(3)[i]
        difference = (both(p + step)[1] - both(p - step)[1]) / (2 * h)
        np.testing.assert_allclose(hessian[i], difference, atol=2e-6)


def test_derivatives_with_respect_to_charges_and_lengths(sm, b_minus_l, treatments):
    searches = jaxtri.load_searches("printed")
    search = "na62_2021_kpi_invisible_low"

    @jax.jit
    def log_g(scale, length):
        model = dataclasses.replace(b_minus_l, charge=scale * b_minus_l.charge)
        moved = dataclasses.replace(searches, length_m=length * searches.length_m)
        return log_coupling(search, sm, model, treatments["matched"], moved, 0.05)

    gradient = jax.jit(jax.grad(log_g, (0, 1)))
    for argument in (0, 1):
        slope = float(gradient(1.0, 1.0)[argument])
        steps = [[1 + (argument == k) * d for k in (0, 1)] for d in (1e-5, -1e-5)]
        difference = float(log_g(*steps[0]) - log_g(*steps[1])) / 2e-5
        assert abs(slope - difference) < SLOPE * max(1, abs(difference))
    assert abs(float(gradient(1.0, 1.0)[0]) + 1) < 1e-10  # g_X and charges enter as a product


def test_refusals(sm, b_minus_l, treatments):
    searches = jaxtri.load_searches("printed")
    with pytest.raises(jaxtri.JaxtriError, match="no search"):
        jaxtri.boundary_coupling("na63", sm, b_minus_l, treatments["figure"], searches, 0.1)
    with pytest.raises(jaxtri.JaxtriError, match="branch = 4"):
        jaxtri.boundary_coupling(DISPLACED, sm, b_minus_l, treatments["figure"], searches, 0.4, branch=4)
    assert math.isnan(
        jaxtri.boundary_coupling(DISPLACED, sm, b_minus_l, treatments["matched"], searches, 0.4)
    )


def test_an_island_closes_at_its_tips(found):
    """Two islands of LHCb's displaced search: closed, and at each tip rate and lifetime, or both, vanish."""
    islands = [curve for curve in found["printed"].of(DISPLACED) if curve.closed]
    assert islands
    for curve in islands:
        assert (curve.m_X[0], curve.g_X[0]) == (curve.m_X[-1], curve.g_X[-1])
        for tip in (np.argmin(curve.m_X), np.argmax(curve.m_X)):
            g = np.delete(curve.g_X, tip)
            assert g.min() < curve.g_X[tip] < g.max()


def test_cuts_are_exact_and_never_bridged():
    found = traced(searches={"set": "corrected", "only": [DISPLACED]}, treatments=["printed"])["printed"]
    vetoes = [(0.3816, 0.4955), (2.930, 3.195), (3.574, 3.865)]
    masses = np.concatenate([curve.m_X for curve in found.curves])
    for low, high in vetoes:
        assert not np.any((masses > low) & (masses < high))
        for curve in found.curves:
            assert not ((curve.m_X.min() < low) and (curve.m_X.max() > high))
    ends = {float(m) for curve in found.curves for m in (curve.m_X[0], curve.m_X[-1])}
    assert {0.25, 0.3816, 0.4955} <= ends
    assert {float(wall[0]) for wall in found.walls["B"]} >= {0.25, 0.3816, 0.4955}


def tiny_spec(tmp_path, **table):
    """A scan of one made-up search."""
    text = {
        "title": "made up", "experiment": "none", "channel": "K+ -> pi+ X", "final_state": "e+ e-",
        "kind": "limit", "limit": 1e-10, "confidence": 0.9, "m_X": [0.01, 0.3], "reference": "none",
        "locator": "none", "bibtex": "@misc{none}", "tau_ps": [0.0, 1e30],
    } | table  # fmt: skip
    lines = [f"{key} = {value!r}".replace("'", '"') for key, value in text.items()]
    (tmp_path / "made_up.toml").write_text("\n".join(lines))
    path = tmp_path / "scan.toml"
    path.write_text(
        'title = "made up"\nmodel = "b_minus_l"\ntreatments = ["matched"]\n'
        '[searches]\nset = "corrected"\nonly = ["made_up"]\nfiles = ["made_up.toml"]\n'
        '[axes]\nm_X = {min = 1e-3, max = 1.0, points = 2, spacing = "log"}\n'
        'g_X = {min = 1e-9, max = 1.0, points = 2, spacing = "log"}\n'
    )
    return load_spec(path)


def edges_of(spec):
    return jaxtri.boundaries(spec)["matched"]


def test_a_search_that_excludes_nothing(tmp_path):
    spec = tiny_spec(tmp_path)
    weak = dataclasses.replace(spec, searches=dataclasses.replace(spec.searches, limit=jnp.array([1e30])))
    found = edges_of(weak)
    assert found.curves == ()
    assert found.regions == ()
    assert len(found.walls["ZBK"]) == 0


def test_a_search_that_excludes_everything(tmp_path):
    spec = tiny_spec(tmp_path)
    strong = dataclasses.replace(spec, searches=dataclasses.replace(spec.searches, limit=jnp.array([1e-40])))
    found = edges_of(strong)
    assert found.curves == ()
    assert {tuple(wall) for wall in np.round(found.walls["K"], 12)} == {(0.01, 1e-9, 1.0), (0.3, 1e-9, 1.0)}


def test_a_curve_that_leaves_the_window(tmp_path):
    """Cut by the lowest coupling of the window: it ends exactly there, at a mass that solves F = 0."""
    spec = tiny_spec(tmp_path)
    [whole] = edges_of(spec).curves
    half = float(np.sqrt(whole.g_X.min() * whole.g_X.max()))
    found = edges_of(dataclasses.replace(spec, g_X=np.array([half, 1.0])))
    assert found.curves
    for curve in found.curves:
        assert curve.g_X.min() >= half
        touching = [g for g in (curve.g_X[0], curve.g_X[-1]) if abs(np.log(g / half)) < 1e-12]
        assert touching
    assert sum(np.ptp(np.log(c.m_X)) for c in found.curves) < np.ptp(np.log(whole.m_X))


def window_of(spec, tau_s):
    return dataclasses.replace(
        spec, searches=dataclasses.replace(spec.searches, tau_window=jnp.array([tau_s]))
    )


def test_a_lifetime_window_thinner_than_a_step(tmp_path):
    """A strip of 1e-6 in ln g_X that moves by 0.02 in a step: two edges throughout, from the closed form."""
    spec = tiny_spec(tmp_path)
    strong = dataclasses.replace(spec, searches=dataclasses.replace(spec.searches, limit=jnp.array([1e-22])))
    found = edges_of(window_of(strong, [1e-12, 1e-12 * (1 + 2e-6)]))
    sm, model = spec.sm, spec.model
    for curve in found.curves:
        for m_X, g_X in list(zip(curve.m_X, curve.g_X, strict=True))[::50]:
            tau = float(jaxtri.x_lifetime(sm, model, m_X, g_X))
            assert min(abs(tau / 1e-12 - 1), abs(tau / 1e-12 - 1 - 2e-6)) < 1e-12
    covered = {(round(float(c.m_X.min()), 4), round(float(c.m_X.max()), 4)) for c in found.curves}
    assert covered == {(0.01, 0.3)}
    assert len(found.curves) == 2


@pytest.mark.long
def test_two_islands_that_nearly_touch(tmp_path):
    """Limits on either side of the value at which islands merge: one curve more or less."""
    table = {"channel": "B+ -> K+ X", "final_state": "mu+ mu-", "m_X": [0.5, 4.7], "tau_ps": [1.0, 100.0]}
    spec = tiny_spec(tmp_path, **table)
    spec = dataclasses.replace(spec, treatments=(jaxtri.load_treatment("printed"),))

    def ends(limit):
        """Masses at which curves left and right of the omega end; none where one curve passes it."""
        changed = dataclasses.replace(spec.searches, limit=jnp.array([limit]))
        curves = jaxtri.boundaries(dataclasses.replace(spec, searches=changed))["printed"].curves
        if any(one.m_X.min() < 0.77 and one.m_X.max() > 0.80 for one in curves):
            return None
        left = max(one.m_X.max() for one in curves if one.m_X.max() < 0.80)
        return left, min(one.m_X.min() for one in curves if one.m_X.min() > 0.77)

    low, high = 1e-10, 1e-9
    assert ends(low) is None
    for _ in range(16):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if ends(middle) is None else (low, middle)
    left, right = ends(high)
    assert 0 < right / left - 1 < 1e-3


def test_flat_at_one(sm):
    """A signal of 1 over all masses at one coupling: a straight line, found at every node."""
    row = flat_row()
    found = excluded_couplings.excluded_edges(row, jnp.array([2.0, 2.0]), excluded_couplings.Ends(-10.0, 0.0))
    assert int(found.lower[0]) == excluded_couplings.RISE
    np.testing.assert_allclose(found.value[excluded_couplings.RISE], -5.0, rtol=1e-14)


def flat_row(norm=10.0):
    return SearchAtMass(
        log_norm=jnp.asarray(norm),
        flight=jnp.asarray(1e30),
        log_above=jnp.asarray(jnp.inf),
        log_below=jnp.asarray(jnp.inf),
        is_invisible=jnp.asarray(False),
        neutrinos=jnp.asarray(0.5),
        is_valid=jnp.asarray(True),
    )


@pytest.mark.parametrize("B", [0.0, 1e-6, 0.05, 0.119, 0.13, 0.6])
@pytest.mark.parametrize("norm", [-8.0, -3.0, -1.5, -0.9, 0.0, 1.0])
def test_up_to_three_roots_of_an_invisible_signal(B, norm):
    row = dataclasses.replace(
        flat_row(norm), is_invisible=jnp.asarray(True), flight=jnp.asarray(1.0), neutrinos=jnp.asarray(B)
    )
    from jaxtri.physics.decays.in_flight import turning_points

    found = excluded_couplings.excluded_edges(row, turning_points(B), excluded_couplings.Ends(-12.0, 12.0))
    pairs = [
        (int(a), int(b))
        for a, b in zip(found.lower, found.upper, strict=True)
        if a != excluded_couplings.NONE
    ]
    roots = [
        float(found.value[s])
        for pair in pairs
        for s in pair
        if s not in (excluded_couplings.BOTTOM, excluded_couplings.TOP)
    ]
    grid = np.linspace(-12, 12, 200001)
    x = np.exp(2 * grid)
    with np.errstate(divide="ignore"):
        above = norm + 2 * grid + np.log(B + (1 - B) * np.exp(-x)) > 0
    expected = grid[1:][above[1:] != above[:-1]]
    assert len(roots) == len(expected)
    np.testing.assert_allclose(roots, expected, atol=1.3e-4)


def test_the_union_is_the_outline_of_what_any_search_excludes(found):
    """At random points of an outline, nothing else of the group excludes; just inside, something does."""
    oracle = pointwise.searches("printed")
    random = np.random.default_rng(1)
    for letter in "ZBK":
        group = [s for s in oracle.values() if s.channel[0] == letter]
        for curve in found["figure"].groups[letter]:
            inner = np.flatnonzero(np.isfinite(curve.slope) & (np.abs(curve.slope) < 20))[1:-1]
            for i in random.choice(inner, min(4, len(inner)), replace=False):
                at = pointwise.point("figure", float(curve.m_X[i]), 1e-4)
                beside = [
                    any(pointwise.log_ratio(s, at.at(float(curve.g_X[i]) * side)) > 0 for s in group)
                    for side in (1 - 1e-7, 1 + 1e-7)
                ]
                assert beside[0] != beside[1]


def test_nodes_crowd_towards_thresholds():
    spec = load_spec(SCAN)
    nodes = mass_mesh.start(spec)
    muons = 2 * float(spec.sm.m_mu)
    gaps = np.diff(np.log(nodes.m_X))
    near = np.argmin(np.abs(nodes.m_X - muons))
    assert gaps[near + 1] < 0.2 * gaps[near + 20]
    assert trace.ROUNDS >= 2
