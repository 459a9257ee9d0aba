"""Uncertainty of boundaries: what the errors of the inputs do to ln g_X, linearly and by Monte Carlo.

Errors are those of the tables, the larger side where they are lopsided; inputs without an error in the
tables do not contribute.  Inputs count as independent, but for correlations that the tables or a scan list.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxtri.boundary.kernels import CHUNK
from jaxtri.boundary.plane import Plane
from jaxtri.boundary.recast_bands import RecastMoves, recast_moves
from jaxtri.boundary.record import Curve
from jaxtri.boundary.sensitivities import compiled, gradients, search_at_mass
from jaxtri.limits.excluded_couplings import NONE, Ends, excluded_edges
from jaxtri.limits.searches import SearchSet
from jaxtri.limits.signal import log_ratio
from jaxtri.model.correlations import input_errors, normal_draws, variance
from jaxtri.model.gauge_model import GaugeModel
from jaxtri.model.standard_model import StandardModel, input_values, replaced
from jaxtri.model.treatment import Treatment
from jaxtri.numerics.arrays import BoolArray, FloatArray, IntArray
from jaxtri.numerics.kernels import kernel
from jaxtri.numerics.roots import bracketed_root
from jaxtri.physics.decays.in_flight import turning_points
from jaxtri.physics.decays.widths import unit_decays
from jaxtri.physics.production.channels import production_vector

STEEP = 30.0  # |d ln g_X / d ln m_X| beyond which a curve is a wall: it moves in mass, not in g_X
FIRST = 127  # vertices of a curve at which its band is computed first; linear from one to the next
CLOSE = 0.02  # of sigma: where a vertex lies further from the line between its neighbours, more are computed
ROUNDS = 6
LEADING = 3  # contributions that are named
DECADE = 10.0  # mass ranges in which they are named
ALONG = ("m_X", "g_X", "slope", "residual")  # what a curve has at every vertex

Moves = dict[str, FloatArray]  # of ln g_X by 1 sigma of every input, (vertex, ...)


@dataclass(frozen=True, kw_only=True)
class Band:
    """Uncertainty of one curve."""

    search: str
    vertices: IntArray  # positions of some of its vertices, none of them on a wall
    m_X: FloatArray  # [GeV], there
    g_X: FloatArray
    sigma: FloatArray  # 1 sigma of ln g_X; 2 sigma is twice as much
    leading: tuple[
        tuple[float, float, tuple[tuple[str, float], ...]], ...
    ]  # m_X range; input, sigma of ln g_X where that of all together is largest

    def along(self, curve: Curve) -> FloatArray:
        """1 sigma of ln g_X at every vertex of the curve; NaN on a wall."""
        if not len(self.vertices):
            return np.full(len(curve.m_X), np.nan)
        every = np.interp(np.arange(len(curve.m_X)), self.vertices, self.sigma)
        return np.where(_is_wall(curve), np.nan, every)


def _is_wall(curve: Curve) -> BoolArray:
    return ~(np.abs(curve.slope) <= STEEP)


def sensitivities(plane: Plane, treatment: Treatment, curve: Curve) -> dict[str, FloatArray]:
    """Return d ln g_X / d input at every vertex of a curve, by name.

    Parameters
    ----------
    plane, treatment
        The plane, and one of its treatments.
    curve
        Boundary of one search.
    """
    chunks = [slice(start, start + CHUNK) for start in range(0, max(1, len(curve.m_X)), CHUNK)]
    position = _position(plane, curve.search)
    log_g = np.log(curve.g_X)
    found = [gradients(plane, treatment, position, curve.m_X[part], log_g[part]) for part in chunks]
    return {name: np.concatenate([one[name] for one in found]) for name in found[0]}


def _position(plane: Plane, search: str) -> int:
    return [label.name for label in plane.labels].index(search)


def band(plane: Plane, treatment: Treatment, curve: Curve) -> Band:
    """Propagate the inputs' errors linearly to a curve, but for its walls.

    Parameters
    ----------
    plane, treatment
        The plane, and one of its treatments.
    curve
        Boundary of one search.
    """
    return next(bands_of(plane, treatment, [curve]))


def bands_of(plane: Plane, treatment: Treatment, curves: Iterable[Curve]) -> Iterator[Band]:
    """Yield the `band` of every curve; the tables of errors are read once."""
    errors, every = input_errors(plane.sm), list(curves)
    compiled(plane, treatment)
    recasts = recast_moves(plane, every) if any(one.search in plane.recasts for one in every) else None
    for curve in every:
        yield _propagated(plane, treatment, curve, errors, recasts)


def _propagated(
    plane: Plane,
    treatment: Treatment,
    curve: Curve,
    errors: Mapping[str, Any],
    recasts: RecastMoves | None,
) -> Band:

    def moves_at(vertices: IntArray) -> Moves:
        if recasts is not None and curve.search in plane.recasts:
            return recasts.of(plane, curve, vertices)
        some = replace(curve, **{one: getattr(curve, one)[vertices] for one in ALONG})
        return {name: slope * errors[name] for name, slope in sensitivities(plane, treatment, some).items()}

    def sigma_of(moves: Moves) -> FloatArray:
        return np.sqrt(variance(moves, plane.correlations))

    vertices, moves = _sampled(np.flatnonzero(~_is_wall(curve)), moves_at, sigma_of)
    sigma = sigma_of(moves)
    parts = {
        name: np.sqrt((move**2).reshape(len(vertices), np.size(errors[name])).sum(axis=1))
        for name, move in moves.items()
    }
    return Band(
        search=curve.search,
        vertices=vertices,
        m_X=curve.m_X[vertices],
        g_X=curve.g_X[vertices],
        sigma=sigma,
        leading=_leading(curve.m_X[vertices], sigma, parts),
    )


def _sampled(
    flat: IntArray, moves_at: Callable[[IntArray], Moves], sigma_of: Callable[[Moves], FloatArray]
) -> tuple[IntArray, Moves]:
    """Some of the vertices off the walls and the moves there, closer together where sigma bends."""
    place = np.unique(np.linspace(0, len(flat) - 1, FIRST).astype(int)) if len(flat) else flat
    moves = moves_at(flat[place])
    looked = place[1:-1:2]  # against the line between their neighbours
    for _ in range(ROUNDS):
        sigma, at = sigma_of(moves), np.searchsorted(place, looked)
        share = (looked - place[at - 1]) / (place[at + 1] - place[at - 1])
        line = sigma[at - 1] + share * (sigma[at + 1] - sigma[at - 1])
        bent = at[np.abs(sigma[at] - line) > CLOSE * sigma[at]]
        middles = np.concatenate([place[bent - 1] + place[bent], place[bent] + place[bent + 1]]) // 2
        looked = np.setdiff1d(middles, place)
        if not len(looked):
            break
        order = np.argsort(np.concatenate([place, looked]))
        more = moves_at(flat[looked])
        place = np.concatenate([place, looked])[order]
        moves = {name: np.concatenate([move, more[name]])[order] for name, move in moves.items()}
    return flat[place], moves


def _leading(
    m_X: FloatArray, sigma: FloatArray, parts: Mapping[str, FloatArray]
) -> tuple[tuple[float, float, tuple[tuple[str, float], ...]], ...]:
    """Leading contributions in every decade of mass, where sigma is largest."""
    decade = np.floor(np.log10(m_X) / np.log10(DECADE))
    found = []
    for one in np.unique(decade):
        inside = decade == one
        most = np.flatnonzero(inside)[np.argmax(sigma[inside])]
        size = {name: float(part[most]) for name, part in parts.items()}
        first = sorted(size, key=lambda name: -size[name])[:LEADING]
        low, high = float(m_X[inside].min()), float(m_X[inside].max())
        found.append((low, high, tuple((name, size[name]) for name in first if size[name] > 0)))
    return tuple(found)


class _Setting(NamedTuple):
    """What a boundary is computed from, besides the treatment and the inputs that vary."""

    sm: StandardModel
    model: GaugeModel
    searches: SearchSet
    position: Array  # of the search
    m_X: Array
    ends: Ends


@kernel()
def _drawn(values: Mapping[str, Any], setting: _Setting, treatment: Treatment) -> Array:
    """The root of F nearest to a boundary, between two couplings, for every draw of the inputs."""

    def one(values: Mapping[str, Any]) -> Array:
        sm, model, m_X = replaced(setting.sm, values), setting.model, setting.m_X
        rates = production_vector(sm, model, treatment, m_X), unit_decays(sm, model, m_X)
        here = search_at_mass(sm, setting.searches, setting.position, m_X, *rates)
        if here.row is not None:
            return bracketed_root(lambda u: log_ratio(here, u), *setting.ends)[0]
        found = excluded_edges(here, turning_points(here.neutrinos), setting.ends)
        sources = jnp.stack([found.lower, found.upper])
        inner = (sources > 0) & (sources < len(found.value) - 1)
        return jnp.where(inner.any(), found.value[jnp.max(jnp.where(inner, sources, NONE))], jnp.nan)

    return jax.vmap(one)(values)


def monte_carlo(
    plane: Plane,
    treatment: Treatment,
    search: str,
    m_X: float,
    g_X: float,
    *,
    draws: int = 1000,
    seed: int = 0,
) -> FloatArray:
    """Return ln g_X of one boundary point for random inputs, normally distributed about their values.

    Correlated like those of the linear bands.

    Parameters
    ----------
    plane, treatment
        The plane, and one of its treatments.
    search
        Name of a search.
    m_X, g_X
        A point of its boundary; draws move the coupling by a factor of e at most. Of a limit that depends on
        the lifetime, it is the only point in that range.
    draws
        How many.
    seed
        Of the random numbers.
    """
    values, errors = input_values(plane.sm), input_errors(plane.sm)
    drawn = normal_draws(values, errors, plane.correlations, draws, seed)
    centre = float(np.log(g_X))
    setting = _Setting(
        plane.sm,
        plane.model,
        plane.searches,
        jnp.asarray(_position(plane, search)),
        jnp.asarray(float(m_X)),
        Ends(centre - 1.0, centre + 1.0),
    )
    return np.asarray(_drawn(drawn, setting, treatment))
