"""Outlines of unions have no open end, whatever the model; what is excluded at a mass is read off regions.

Oracles: ends of curves, walls and the window as they are stored; unions of intervals in plain Python.
"""

import math
from dataclasses import replace

import numpy as np
import pytest

import jaxtri
import pointwise
from jaxtri.boundary.intervals import covered, edges_at, joined, walls_of
from jaxtri.model.fermions import FERMIONS
from made_up_regions import region
from places import SCANS

SAME_MASS = 1e-9  # ln m_X of two ends that are one point
SAME_COUPLING = 1e-5  # ln g_X: a threshold moves an edge by less than this
SAME_WALL = 1e-12  # of ln m_X and ln g_X: the same vertices
LEAVES = 1e-3  # ln g_X: next to a threshold a curve leaves the window within a rounding of m_X
SHIPPED = [path for path in sorted(SCANS.glob("*.toml")) if jaxtri.load_spec(path).traces_curves]
RANDOM = 50
QUICK = 1  # of them, and of the shipped scans
WINDOW = {
    "m_X": {"min": 1e-3, "max": 90.0, "points": 2, "spacing": "log"},
    "g_X": {"min": 1e-9, "max": 1.0, "points": 2, "spacing": "log"},
}


def open_ends(found, group, spec):
    """Ends of an outline that meet no other end, no wall, and no edge of the window or of the domain."""
    x_ends, y_ends = np.log(spec.m_X[[0, -1]]), np.log(spec.g_X[[0, -1]])
    ends = [
        (math.log(one.m_X[i]), math.log(one.g_X[i]))
        for one in found.groups[group]
        if not one.closed
        for i in (0, -1)
    ]
    walls = np.log(found.walls[group])
    return [
        (math.exp(x), math.exp(y))
        for k, (x, y) in enumerate(ends)
        if not any(
            k != j and abs(x - other) < SAME_MASS and abs(y - level) < SAME_COUPLING
            for j, (other, level) in enumerate(ends)
        )
        and not any(
            abs(x - wall) < SAME_MASS and low - SAME_COUPLING < y < high + SAME_COUPLING
            for wall, low, high in walls
        )
        and np.abs(y_ends - y).min() > LEAVES
        and np.abs(x_ends - x).min() > SAME_MASS
        and not as_wide_as_its_mass(spec, math.exp(x), math.exp(y))
    ]


def test_walls_are_read_off_regions():
    """Oracle: walls of groups, which are made of the table of edges; negative control: one search."""
    spec = jaxtri.load_spec(SCANS / "figure_3.toml")
    parents = {label.name: label.channel[0] for label in spec.searches.labels}
    for found in jaxtri.boundaries(spec).values():
        for group in ("Z", "B", "K", "ZBK"):
            own = [one for one in found.regions if parents[one.search] in group]
            walls = np.log(walls_of(own)), np.log(found.walls[group])
            ordered = [one[np.lexsort(one.T[::-1])] for one in walls]
            np.testing.assert_allclose(ordered[0], ordered[1], rtol=0, atol=SAME_WALL)
    single = walls_of([one for one in found.regions if one.search == "na62_2021_kpi_invisible_low"])
    assert {wall[0] for wall in single} != {wall[0] for wall in found.walls["K"]}
    assert len(walls_of([])) == 0


def test_walls_of_made_up_regions():
    """A jump at a threshold is a wall; where two regions meet with the same edges there is none."""
    whole = [region([1.0, 2.0], [1.0, 1.0], [5.0, 5.0]), region([2.0, 3.0], [1.0, 1.0], [5.0, 5.0])]
    np.testing.assert_allclose(walls_of(whole), [[1.0, 1.0, 5.0], [3.0, 1.0, 5.0]], rtol=1e-9)
    step = [region([1.0, 2.0], [1.0, 1.0], [2.0, 2.0]), region([2.0, 3.0], [1.0, 1.0], [4.0, 4.0])]
    np.testing.assert_allclose(walls_of(step)[1], [2.0, 2.0, 4.0], rtol=1e-9)
    over = [*whole, region([1.5, 2.5], [2.0, 2.0], [3.0, 3.0])]  # within the others
    np.testing.assert_array_equal(walls_of(over), walls_of(whole))


def as_wide_as_its_mass(spec, m_X, g_X):
    """Whether a point is where X becomes as wide as its mass: beyond, no statement is made."""
    width = float(jaxtri.x_width(spec.sm, spec.model, m_X, g_X))
    return abs(math.log(width / m_X)) < SAME_COUPLING


def require_closed(spec):
    count = 0
    for name, found in jaxtri.boundaries(spec).items():
        for group in found.groups:
            assert open_ends(found, group, spec) == [], (name, group)
            count += len(found.groups[group])
    return count


def some_long(cases):
    return [*cases[:QUICK], *(pytest.param(one, marks=pytest.mark.long) for one in cases[QUICK:])]


@pytest.mark.parametrize("path", some_long(SHIPPED), ids=lambda path: path.stem)
def test_outlines_of_shipped_scans_are_closed(path):
    fewer = {
        "own_charges": 40,
        "figure_4": 40,
        "baryon": 10,
        "ward": 20,
    }  # curves of one treatment, or of few searches
    assert require_closed(jaxtri.load_spec(path)) > fewer.get(path.stem, 50)


@pytest.mark.parametrize("seed", some_long(range(RANDOM)))
def test_outlines_of_random_models_are_closed(seed):
    """Charges from -3 to 3, some of them 0; the first has X_mu = X_t = 1 alone."""
    random = np.random.default_rng(seed)
    values = np.where(random.uniform(size=12) < 0.3, 0.0, np.round(random.uniform(-3, 3, 12), 3))
    charges = dict(zip(FERMIONS, values.tolist(), strict=True))
    if seed == 0:
        charges = dict.fromkeys(FERMIONS, 0.0) | {"mu": 1.0, "t": 1.0}
    scan = {
        "title": "random charges",
        "model": {"title": "random", "neutrinos": ["chiral", "dirac"][seed % 2], "charges": charges},
        "treatments": ["matched"],
        "searches": {"set": ["printed", "corrected"][seed % 2]},
        "axes": WINDOW,
    }
    assert require_closed(jaxtri.load_spec(scan)) > 0


def test_an_open_end_is_seen():  # so that the tests above are able to fail
    spec = jaxtri.load_spec(
        {"title": "t", "model": "b_minus_l", "treatments": ["figure"], "searches": {"set": "printed"}}
        | {"axes": WINDOW}
    )
    found = jaxtri.boundaries(spec)["figure"]
    curves = found.groups["Z"]
    for k, curve in enumerate(curves):
        cut = replace(curve, m_X=curve.m_X[9:], g_X=curve.g_X[9:], closed=False)
        groups = found.groups | {"Z": (*curves[:k], cut, *curves[k + 1 :])}
        assert open_ends(replace(found, groups=groups), "Z", spec)


def test_how_much_of_a_column_is_covered():
    """Random intervals, against the union of intervals of `pointwise`."""
    random = np.random.default_rng(3)
    masses = np.geomspace(0.1, 10, 41)
    window = (math.log(1e-6), math.log(1e-1))
    regions = []
    for _ in range(12):
        ends = np.sort(np.exp(random.uniform(math.log(0.1), math.log(10), 2)))
        edges = np.sort(np.exp(random.uniform(*window, (2, 2))), axis=0)
        regions.append(region(ends, *edges))
    value = covered(joined(edges_at(regions[:5], masses), edges_at(regions[5:], masses)), window)
    for m_X, length in zip(masses, value, strict=True):
        intervals = []
        for one in regions:
            (left, right), low, high = one.edges
            if left <= m_X <= right:
                w = math.log(m_X / left) / math.log(right / left)
                intervals.append(tuple(edge[0] ** (1 - w) * edge[1] ** w for edge in (low, high)))
        expected = sum(math.log(high / low) for low, high in pointwise.without(intervals, []))
        np.testing.assert_allclose(length, expected, rtol=1e-12, atol=1e-12)
    assert len({round(x, 6) for x in value}) > 20
