"""Unions of regions as rings.

Oracle: membership of points, region by region.
"""

import numpy as np
from matplotlib.path import Path as Outline

from jaxtri.boundary.intervals import union_of
from made_up_regions import region


def test_a_union_is_rings_that_do_not_overlap():
    """Oracle: points, in the union of rings an odd number of times where any region holds them."""
    masses = np.geomspace(1.0, 8.0, 4)
    some = [
        region(masses, [1e-3, 1e-3, 1e-2, 1e-2], [1e-1, 1e-1, 1e-1, 1e-1]),
        region(masses[1:3], [1e-2, 1e-1], [1.0, 1.0]),  # begins and ends within the first, leaves it above
        region(masses[2:], [1e-5, 1e-5], [1e-4, 1e-4]),  # apart
    ]
    rings = union_of(some)
    assert len(rings) == 4
    m_X, g_X = np.meshgrid(np.geomspace(0.9, 9.0, 60), np.geomspace(3e-6, 3.0, 61))
    points = np.log(np.stack([m_X.ravel(), g_X.ravel()], axis=1))
    inside = sum(Outline(np.log(ring)).contains_points(points).astype(int) for ring in rings)
    held = [Outline(np.log(np.stack([one.m_X, one.g_X], axis=1))).contains_points(points) for one in some]
    np.testing.assert_array_equal(inside, np.any(held, axis=0).astype(int))
    assert (np.sum(held, axis=0) == 2).any()  # an odd number is not any number
    assert union_of([]) == []


def test_a_ring_of_a_union_keeps_every_vertex():
    """Oracle: the region itself; exp of ln g_X rounds twice."""
    masses, lower, upper = np.geomspace(1.0, 4.0, 5), np.geomspace(1e-3, 1e-2, 5), np.full(5, 1.0)
    one = region(masses, lower, upper)
    [ring] = union_of([one, one])
    np.testing.assert_allclose(ring[:5], np.stack([masses, lower], axis=1), rtol=1e-15)
    np.testing.assert_allclose(ring[5:], np.stack([masses, upper], axis=1)[::-1], rtol=1e-15)
