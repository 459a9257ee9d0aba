"""Exact boundaries of limits on mass and lifetime.

Oracles: the compared quantity F as grids and points compute it, vertex by vertex; the intervals that
`excluded_couplings` finds at one mass from brackets at every lifetime; F just inside and outside of unions.
"""

import math

import jax
import numpy as np
import pytest

import jaxtri
from jaxtri.limits.excluded_couplings import Ends
from jaxtri.limits.signal import log_ratio
from jaxtri.limits.timed_couplings import timed_intervals
from jaxtri.scans.grid import rates_at_masses

EXACT = 1e-9  # |F|: logarithms of lifetimes of 1e9 ps, and limits that bend by 100 in ln per ln tau
CHORD = 4e-3  # ln g_X between an edge and the chord between its vertices, where it is ten times as steep
STEEP = 30.0  # |d ln g_X / d ln m_X|: along a wall a mass says little about a coupling
DIFFERENCE = 1e-4  # of a slope: a difference over 1e-6 in ln m_X
BESIDE = 1e-6  # ln g_X, to either side of an edge
WINDOW = {
    "m_X": {"min": 1e-3, "max": 5.0, "points": 8, "spacing": "log"},
    "g_X": {"min": 1e-9, "max": 1.0, "points": 8, "spacing": "log"},
}
SPEC = {
    "title": "limits of 2026",
    "model": "b_minus_l",
    "treatments": ["matched", "figure"],
    "searches": {"set": "2026"},
    "axes": WINDOW,
}
AT_ONCE = 64  # masses computed together: one compilation


@pytest.fixture(scope="module")
def spec():
    return jaxtri.load_spec(SPEC)


@pytest.fixture(scope="module")
def found(spec):
    return jaxtri.boundaries(spec)


def at_masses(spec, treatment, masses):
    """Every search at masses, (mass, search), as grids compare it."""
    padded = np.resize(masses, AT_ONCE * math.ceil(len(masses) / AT_ONCE)).reshape(-1, AT_ONCE)
    some = [
        rates_at_masses(spec.sm, spec.model, treatment, spec.searches, one).points.searches for one in padded
    ]
    return jax.tree.map(lambda *x: np.concatenate(x), *some)


@jax.jit
def all_ratios(searches, u):
    """F of every search, at one mass, or of one search at every mass."""
    return jax.vmap(log_ratio, (0, None))(searches, u)


def ratios(searches, u):
    return np.asarray(all_ratios(searches, u))


def names_of(spec):
    return [one.name for one in spec.searches.labels]


def timed(spec):
    return [name for name, is_timed in zip(names_of(spec), spec.searches.is_timed, strict=True) if is_timed]


def one_of(searches, node, position):
    return jax.tree.map(lambda x: x[node, position], searches)


def chosen(curve, count, random):
    """Vertices of a curve at which it is neither a wall nor turns round in mass, as at the tip of a gap."""
    way = np.diff(curve.m_X)
    inner = np.flatnonzero((np.abs(curve.slope[1:-1]) < STEEP) & (way[1:] * way[:-1] > 0))[1:-1] + 1
    return random.choice(inner, min(count, len(inner)), replace=False) if len(inner) else inner


def test_every_search_that_excludes_anything_has_curves(spec, found):
    for treatment in spec.treatments:
        masses = np.geomspace(0.0021, 4.6, 60)
        searches = at_masses(spec, treatment, masses)
        couplings = np.linspace(math.log(1e-9), 0.0, 200)
        for name in timed(spec):
            here = one_of(searches, slice(len(masses)), names_of(spec).index(name))
            curves = found[treatment.name].of(name)
            if np.max(ratios(here, couplings)) > 0:
                assert curves, (treatment.name, name)
    assert sum(bool(found["matched"].of(name)) for name in timed(spec)) >= 6
    assert found["matched"].unresolved == found["figure"].unresolved == 0


def test_f_vanishes_or_jumps_at_every_vertex(spec, found):
    random, roots, jumps = np.random.default_rng(3), 0, 0
    for treatment in spec.treatments:
        for name in timed(spec):
            k = names_of(spec).index(name)
            for curve in found[treatment.name].of(name):
                index = chosen(curve, 12, random)
                if not len(index):
                    continue
                searches = at_masses(spec, treatment, curve.m_X[index])
                for n, u in enumerate(np.log(curve.g_X[index])):
                    one = one_of(searches, n, k)
                    value, low, high = (float(log_ratio(one, u + d)) for d in (0.0, -BESIDE, BESIDE))
                    assert (low > 0) != (high > 0), (name, index[n])
                    if math.isfinite(low) and math.isfinite(high) and abs(high - low) < 1e3 * BESIDE:
                        assert abs(value) < EXACT, (name, curve.m_X[index[n]])
                        assert abs(low) > EXACT  # next to the edge F does not vanish
                        roots += 1
                    else:
                        jumps += 1
    assert roots > 200
    assert jumps < roots


def test_slopes_are_those_of_the_edges(spec, found):
    """Against neighbouring masses, by F alone: F at the point that the slope leads to vanishes."""
    random, step, count = np.random.default_rng(5), 1e-6, 0
    treatment = spec.treatments[0]
    for name in timed(spec):
        k = names_of(spec).index(name)
        for curve in found["matched"].of(name):
            index = chosen(curve, 5, random)
            if not len(index):
                continue
            m_X, u, slope = curve.m_X[index], np.log(curve.g_X[index]), curve.slope[index]
            moved = at_masses(spec, treatment, m_X * math.exp(step))
            for n in range(len(index)):
                one = one_of(moved, n, k)
                along = [float(log_ratio(one, u[n] + part * slope[n] * step)) for part in (1.0, 0.0)]
                per_u = (float(log_ratio(one, u[n] + BESIDE)) - float(log_ratio(one, u[n]))) / BESIDE
                if not math.isfinite(along[0]) or abs(slope[n]) < 0.1:
                    continue
                apart = abs(along[0] / per_u) / step
                if apart < DIFFERENCE * max(1.0, abs(slope[n])):
                    count += 1
                    assert abs(along[1] / per_u) / step > DIFFERENCE  # a slope of 0 misses
    assert count > 30


def crossed(found, name, m_X):
    """Ln g_X at which the curves of a search pass a mass."""
    couplings = []
    for curve in found.of(name):
        x, y, at = np.log(curve.m_X), np.log(curve.g_X), math.log(m_X)
        for i in np.flatnonzero((x[1:] > at) != (x[:-1] > at)):
            couplings.append(y[i] + (y[i + 1] - y[i]) * (at - x[i]) / (x[i + 1] - x[i]))
    return sorted(couplings)


def require_same_edges(spec, found, treatment, masses):
    """Curves pass a mass where the intervals at that mass begin and end; return how many edges there were."""
    searches = at_masses(spec, treatment, masses)
    ends, count = Ends(math.log(spec.g_X[0]), math.log(spec.g_X[-1])), 0
    for n, m_X in enumerate(masses):
        for name in timed(spec):
            one = one_of(searches, n, names_of(spec).index(name))
            edges = [
                u for pair in timed_intervals(one, ends) for u in pair if ends.bottom < u < ends.top - 1e-9
            ]
            assert crossed(found, name, m_X) == pytest.approx(edges, abs=CHORD), (name, m_X)
            count += len(edges)
    return count


def test_curves_pass_where_intervals_begin_and_end(spec, found):
    masses = np.random.default_rng(1).uniform(np.log(0.01), np.log(4.6), 24)
    assert require_same_edges(spec, found["matched"], spec.treatments[0], np.exp(masses)) > 30


@pytest.mark.long
def test_curves_pass_where_intervals_begin_and_end_at_many_masses(spec, found):
    masses = np.exp(np.random.default_rng(2).uniform(np.log(0.002), np.log(4.7), 150))
    for treatment in spec.treatments:
        assert require_same_edges(spec, found[treatment.name], treatment, masses) > 200


@pytest.fixture
def made_up(tmp_path):
    """A search whose limits fluctuate from lifetime to lifetime, and one with a lifetime of 0."""
    limits = [1e-9, 1e-11, 1e-6, 1e-12, 1e-6, 1e-13, 1e-5, 1e-15]
    points = [[m, 10.0**k, limit * m] for m in (0.2, 0.35, 0.5) for k, limit in enumerate(limits, start=-2)]
    shared = (
        'title = "made up"\nexperiment = "none"\nfinal_state = "mu+ mu-"\nkind = "limit"\nconfidence = 0.9\n'
        'sets = ["2026"]\nreference = "none"\nlocator = "none"\nbibtex = "@misc{none}"\n'
    )
    (tmp_path / "fluctuating.toml").write_text(
        f'{shared}channel = "B+ -> K+ X"\nm_X = [0.2, 0.5]\nlimit = {points}\n'
    )
    (tmp_path / "zero.csv").write_text(
        '# offset_ps = 100\n# below = "constant"\nm_X [GeV],tau_ps=0,100,1000\n'
        "0.212,1e-9,2e-9,2e-8\n0.35,3e-9,1e-9,4e-8\n"
    )
    (tmp_path / "zero.toml").write_text(
        f'{shared}channel = "K+ -> pi+ X"\nm_X = [0.212, 0.35]\ncurve = "zero.csv"\n'
    )
    names = ["fluctuating", "zero"]
    chosen = {"set": "2026", "only": names, "files": [str(tmp_path / f"{name}.toml") for name in names]}
    return jaxtri.load_spec(SPEC | {"searches": chosen, "treatments": ["figure"]})


def test_several_intervals_and_a_lifetime_of_zero(made_up):
    found = jaxtri.boundaries(made_up)["figure"]
    assert found.of("zero")
    assert len(found.of("fluctuating")) > 3
    assert require_same_edges(made_up, found, made_up.treatments[0], np.linspace(0.22, 0.34, 9)) > 50
    ends = [math.log(curve.m_X[i]) for curve in found.curves if not curve.closed for i in (0, -1)]
    assert ends  # none of them inside the tables
    inside = [x for x in ends if min(abs(x - math.log(m)) for m in (0.2, 0.212, 0.35, 0.5)) > 1e-3]
    assert all(abs(x - math.log(2 * float(made_up.sm.m_mu))) < 1e-9 for x in inside)


def test_the_union_is_the_outline_of_what_any_search_excludes(spec, found):
    """At vertices of an outline some search of the group excludes on one side, and none does on the other."""
    random, count = np.random.default_rng(1), 0
    walls = {group: walls[:, 0] for group, walls in found["matched"].walls.items()}
    for letter in ("B", "K", "ZBK"):
        group = [k for k, one in enumerate(spec.searches.labels) if one.channel[0] in letter]
        for curve in found["matched"].groups[letter]:
            index = chosen(curve, 2, random)
            stops = np.append(walls[letter], curve.m_X[[0, -1]])  # at a crossing both sides may be excluded
            at_wall = np.abs(np.log(curve.m_X[index][:, None] / stops)) < BESIDE
            index = index[~at_wall.any(axis=1)]
            if not len(index):
                continue
            searches = at_masses(spec, spec.treatments[0], curve.m_X[index])
            for n, u in enumerate(np.log(curve.g_X[index])):
                every = jax.tree.map(lambda x, n=n: x[n], searches)
                beside = [bool(np.any(ratios(every, u + d)[group] > 0)) for d in (-BESIDE, BESIDE)]
                assert beside[0] != beside[1], (letter, curve.m_X[index[n]], u)
                count += 1
    assert count > 60


@pytest.mark.parametrize(("low", "high", "treatment"), [(6.0, 20.0, "matched"), (60.0, 80.0, "ward")])
def test_a_window_without_any_limit_on_lifetimes(low, high, treatment):
    """Above the mass of B mesons nothing is left of searches whose limits depend on the lifetime."""
    axes = WINDOW | {"m_X": WINDOW["m_X"] | {"min": low, "max": high}}
    found = jaxtri.boundaries(SPEC | {"axes": axes, "treatments": [treatment]})[treatment]
    assert {curve.search[:2] for curve in found.curves} <= {"l3", "op", "de"}  # of Z decays
    assert found.groups["B"] == found.groups["K"] == ()
