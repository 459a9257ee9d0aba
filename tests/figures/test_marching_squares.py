"""Contours: where a field on a grid crosses zero, straight in the logarithms of both axes.

Oracle: circles and rings, whose radius, area and holes are known.
"""

import itertools

import contourpy
import numpy as np
import pytest

from jaxtri.figures.marching_squares import FLOOR, filled

X = np.geomspace(1e-3, 1e2, 201)
Y = np.geomspace(1e-8, 1.0, 301)
LOG_X, LOG_Y = np.log(X), np.log(Y)
STEP = max(LOG_X[1] - LOG_X[0], LOG_Y[1] - LOG_Y[0])
CENTRE = LOG_X[100], LOG_Y[150]
RADIUS = 2.0
CURVATURE = STEP**2 / (4 * RADIUS)  # a quadratic, interpolated linearly along an edge: h^2 f'' / 8 f', twice


def distance():
    return np.hypot(LOG_X[:, None] - CENTRE[0], LOG_Y - CENTRE[1])


def disc(radius=RADIUS):
    """Positive inside a circle in the logarithms; quadratic, and within the range that is not clipped."""
    return (radius**2 - distance() ** 2) / 4


def radii(ring):
    return np.hypot(np.log(ring[:, 0]) - CENTRE[0], np.log(ring[:, 1]) - CENTRE[1])


def area(ring):
    """Area of a closed ring in the logarithms, by the shoelace formula; positive counterclockwise."""
    x, y = np.log(ring).T
    return 0.5 * float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))


def rings(region):
    points, offsets = region
    return [points[a:b] for a, b in itertools.pairwise(offsets)]


def test_circle():
    [region] = filled(X, Y, disc())
    [ring] = rings(region)
    np.testing.assert_array_equal(ring[0], ring[-1])
    assert np.max(np.abs(radii(ring) - RADIUS)) < CURVATURE
    assert abs(area(ring) / (np.pi * RADIUS**2) - 1) < 2 * CURVATURE / RADIUS + STEP**2 / RADIUS**2


def test_lines_straight_in_the_axes_themselves_miss():  # so the test above is able to fail
    lines = contourpy.contour_generator(X, Y, disc().T).lines(0.0)
    assert np.max(np.abs(radii(np.concatenate(lines)) - RADIUS)) > CURVATURE


def test_error_falls_with_the_square_of_the_step():
    errors = []
    for skip in (4, 2, 1):
        [(points, _)] = filled(X[::skip], Y[::skip], disc()[::skip, ::skip])
        errors.append(np.max(np.abs(radii(points) - RADIUS)))
    assert errors[1] < errors[0] / 3
    assert errors[2] < errors[1] / 3


def test_ring_has_a_hole():
    field = (distance() - 1.0) * (RADIUS - distance())
    [region] = filled(X, Y, field)
    outer, hole = rings(region)
    np.testing.assert_allclose(radii(outer), RADIUS, atol=4 * CURVATURE)
    np.testing.assert_allclose(radii(hole), 1.0, atol=4 * CURVATURE)
    assert area(outer) * area(hole) < 0  # the hole runs the other way round
    assert abs(abs(area(outer) + area(hole)) / (3 * np.pi) - 1) < 1e-3


def test_two_islands():
    near, far = disc(0.5), np.roll(disc(0.5), 60, axis=0)
    regions = filled(X, Y, np.maximum(near, far))
    assert [len(rings(region)) for region in regions] == [1, 1]
    middles = sorted(float(np.mean(np.log(points[:, 0]))) for points, _ in regions)
    assert abs(middles[1] - middles[0] - 60 * (LOG_X[1] - LOG_X[0])) < STEP


@pytest.mark.parametrize("field", [-1.0, -np.inf, np.nan])
def test_nothing(field):
    assert filled(X, Y, np.full((len(X), len(Y)), field)) == []


@pytest.mark.parametrize("field", [1.0, 50.0])
def test_everything(field):
    [region] = filled(X, Y, np.full((len(X), len(Y)), field))
    [ring] = rings(region)
    np.testing.assert_allclose(ring.min(0), [X[0], Y[0]], rtol=1e-12)
    np.testing.assert_allclose(ring.max(0), [X[-1], Y[-1]], rtol=1e-12)
    box = (LOG_X[-1] - LOG_X[0]) * (LOG_Y[-1] - LOG_Y[0])
    np.testing.assert_allclose(abs(area(ring)), box, rtol=1e-12)


@pytest.mark.parametrize("missing", [-np.inf, np.nan])
def test_edge_towards_no_data_lies_within_a_cell(missing):
    field = np.full((len(X), len(Y)), missing)
    field[:120] = 1.5
    [region] = filled(X, Y, field)
    [ring] = rings(region)
    edge = LOG_X[119] + (LOG_X[120] - LOG_X[119]) * 1.5 / (1.5 - FLOOR)
    np.testing.assert_allclose(np.log(ring[:, 0].max()), edge, rtol=1e-12)
    np.testing.assert_allclose(ring[:, 0].min(), X[0], rtol=1e-12)


def test_depth_beyond_the_floor_does_not_move_the_edge():
    steep = np.where(np.arange(len(X)) < 120, 1e6, -1e6)[:, None] * np.ones(len(Y))
    [(points, _)] = filled(X, Y, steep)
    middle = (LOG_X[119] + LOG_X[120]) / 2
    np.testing.assert_allclose(np.log(points[:, 0].max()), middle, rtol=1e-12)


def test_field_is_left_alone():
    field = np.full((len(X), len(Y)), -np.inf)
    filled(X, Y, field)
    assert np.all(np.isneginf(field))
