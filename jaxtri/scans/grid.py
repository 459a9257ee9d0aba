"""The grid of a scan: nested vmaps over scalar physics, and the only room that compiles it.

A mass point is a node of every axis but g_X.  What depends on it alone, the triangle sum, every rate at
g_X = 1 and the decays of X, is computed once in float64 (`rates_at_masses`), mapped axis by axis, so that
what does not depend on an axis is computed once along it.  A cell adds 2 ln g_X and the decay in flight, in
the precision of the fields (`cells`), a chunk of the stored arrays at a time.  The kernels are compiled
separately: only production depends on the treatment, everything else serves all.
"""

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax import Array

from jaxtri.limits.excluded_couplings import NONE, Ends, ends_within, excluded_edges
from jaxtri.limits.recast import RecastEdges, RecastSignal, recast
from jaxtri.limits.recast_points import (
    RecastAtMass,
    log_displaced_ratio,
    log_recast_ratio,
    recast_intervals,
    recasts_at,
)
from jaxtri.limits.recast_tables import RecastTables
from jaxtri.limits.searches import SearchSet
from jaxtri.limits.signal import (
    MassPoint,
    SearchAtMass,
    Signal,
    log_ratio,
    mass_point,
    signal_in_flight,
    signal_of_invisible,
    signal_of_visible,
    with_row,
)
from jaxtri.limits.timed_edges import timed_extent
from jaxtri.model.gauge_model import GaugeModel
from jaxtri.model.standard_model import StandardModel
from jaxtri.model.treatment import Treatment
from jaxtri.numerics.arrays import FloatArray
from jaxtri.numerics.interpolation import Place, Row, Tables, row_of
from jaxtri.numerics.jax_settings import require_x64
from jaxtri.numerics.kernels import kernel
from jaxtri.physics.decays.in_flight import turning_points
from jaxtri.physics.decays.widths import FINAL_STATES, unit_decays
from jaxtri.physics.production.channels import production_vector
from jaxtri.physics.production.z_decays import triangle_sum
from jaxtri.scans.arrays import EXCLUDED, NO_SEARCH, STATUS
from jaxtri.scans.axes import with_parameters

LN10 = float(np.log(10.0))

AxisNodes = tuple[dict[str, Array], ...]  # what each further axis sets, node by node, outermost first


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class MassRates:
    """All that a scan needs of a block of mass points; every leaf begins with the axes besides g_X."""

    points: MassPoint
    triangle_sum: Array
    in_domain: Array  # whether the mass is where the formulas hold


class Rates(NamedTuple):
    """Rates at g_X = 1 at every mass point."""

    production: tuple[Any, Any]  # branching ratios (..., channel), triangle sum
    decays: tuple[Any, Any]  # branching ratios of X (..., final state), width [GeV]


def over_axes(
    function: Callable[..., Any],
    sm: StandardModel,
    model: GaugeModel,
    nodes: AxisNodes,
    m_X: Array,
    *rest: Any,
) -> Any:
    """Map a function of (sm, model, m_X, ...) over further axes outside and masses inside.

    Each axis is a vmap of its own that touches only what it sets: the rest is computed once along it.
    ``rest`` has all the axes.
    """

    def mapped(set_so_far: dict[str, Array], left: AxisNodes, *rest: Any) -> Any:
        if left:
            return jax.vmap(lambda one, *rest: mapped(set_so_far | one, left[1:], *rest))(left[0], *rest)
        own = with_parameters(sm, model, set_so_far) if set_so_far else (sm, model)
        return jax.vmap(lambda mass, *rest: function(*own, mass, *rest))(m_X, *rest)

    return mapped({}, nodes, *rest)


@kernel()
def _decays(sm: StandardModel, model: GaugeModel, nodes: AxisNodes, m_X: Array) -> tuple[Array, Array]:
    """Branching ratios and width of X at every mass point."""
    return over_axes(unit_decays, sm, model, nodes, m_X)


@kernel()
def _production(
    sm: StandardModel, model: GaugeModel, treatment: Treatment, nodes: AxisNodes, m_X: Array
) -> tuple[Array, Array]:
    """Branching ratios of every channel at g_X = 1 and the triangle sum of Z -> gamma X, at every mass point.

    Together, because the rate of Z -> gamma X has that sum inside.
    """

    def one(sm: StandardModel, model: GaugeModel, mass: Array) -> tuple[Array, Array]:
        triangle = triangle_sum(sm, model, treatment, mass)
        return production_vector(sm, model, treatment, mass, triangle=triangle), triangle

    found: tuple[Array, Array] = over_axes(one, sm, model, nodes, m_X)
    return found


@kernel()
def _mass_points(
    sm: StandardModel,
    model: GaugeModel,
    searches: SearchSet,
    nodes: AxisNodes,
    m_X: Array,
    production: Array,
    decays: tuple[Array, Array],
) -> tuple[MassPoint, Array]:
    """Join production and decays with every search, at every mass point, and say where the formulas hold."""

    def one(sm: StandardModel, model: GaugeModel, mass: Array, *rates: Any) -> tuple[MassPoint, Array]:
        point = mass_point(sm, searches, mass, *rates)
        return replace(point, searches=replace(point.searches, row=None)), mass < 2 * sm.m_t

    return over_axes(one, sm, model, nodes, m_X, production, decays)


def rates_at_masses(
    sm: StandardModel,
    model: GaugeModel,
    treatment: Treatment,
    searches: SearchSet,
    m_X: npt.ArrayLike,
    *,
    nodes: AxisNodes = (),
    recasts: Sequence[str] = (),
) -> MassRates:
    """Compute everything that does not depend on g_X, in float64.

    Parameters
    ----------
    sm, model, treatment, searches
        The records.
    m_X
        Masses [GeV], (m_X,); what is compiled serves as many others.
    nodes
        Values of what each further axis sets; the axes come before that of the masses.
    recasts
        Names of earlier searches that are recast to the model besides.

    Raises
    ------
    InputError
        If 64-bit floats are off.
    """
    require_x64()
    masses = jnp.asarray(m_X, dtype=float)
    found = rates_of_padded(sm, model.unnamed(), treatment, searches.padded, masses, nodes, recasts)
    at_masses = with_rows(found.points, searches.padded.curves).searches
    own = (*(slice(None),) * (len(nodes) + 1), slice(len(searches.limit)))
    at_masses = jax.tree.map(lambda x: x[own], at_masses)
    return replace(found, points=replace(found.points, searches=at_masses))


def with_rows(points: MassPoint, curves: Tables | None) -> MassPoint:
    """Mass points with the rows of the curves of all searches, which `rates_of_padded` leaves out."""
    if curves is None:
        return points
    return replace(points, searches=replace(points.searches, row=_rows(curves, points.searches.place)))


@kernel()
def _rows(curves: Tables, places: Place) -> Row:
    """Rows of every table at every mass point."""
    mapped = jax.vmap(row_of, (None, 0, 0))
    for _ in range(places.step.ndim - 1):
        mapped = jax.vmap(mapped, (None, None, 0))
    found: Row = mapped(curves, jnp.arange(len(curves.x)), places)
    return found


def rates_of_padded(
    sm: StandardModel,
    model: GaugeModel,
    treatment: Treatment,
    searches: SearchSet,
    m_X: Array,
    nodes: AxisNodes,
    recasts: Sequence[str] = (),
    known: Rates | None = None,
) -> MassRates:
    """`rates_at_masses` of an unnamed model and padded searches, with the padding and without rows of curves.

    Parameters
    ----------
    known
        Rates at every mass point, where they have been computed.
    """
    if known is None:
        known = Rates(_production(sm, model, treatment, nodes, m_X), _decays(sm, model, nodes, m_X))
    (production, sums), decays = known
    points, in_domain = _mass_points(sm, model, searches, nodes, m_X, production, decays)
    if recasts:
        points = replace(points, recasts=_recasts(recasts, sm, model, nodes, np.asarray(m_X)))
    return MassRates(points=points, triangle_sum=sums, in_domain=in_domain)


def _recasts(
    names: Sequence[str], sm: StandardModel, model: GaugeModel, nodes: AxisNodes, m_X: FloatArray
) -> RecastAtMass:
    """What recast searches need of every mass point; axes set charges only."""

    def over_models(tables: RecastTables) -> RecastEdges:
        return _recast(tables, sm, model, nodes)

    return recasts_at(names, sm, over_models, m_X)


@kernel()
def _recast(tables: RecastTables, sm: StandardModel, model: GaugeModel, nodes: AxisNodes) -> RecastEdges:
    """Recast tables to every model along the axes."""

    def mapped(set_so_far: dict[str, Array], left: AxisNodes) -> RecastEdges:
        if left:
            return jax.vmap(lambda one: mapped(set_so_far | one, left[1:]))(left[0])
        return recast(tables, *(with_parameters(sm, model, set_so_far) if set_so_far else (sm, model)))

    return mapped({}, nodes)


@kernel(quick=False, donated=("buffers",))
def cells(
    points: MassPoint,
    in_domain: Array,
    log_g: Array,
    count: int,
    curves: Tables | None,
    buffers: dict[str, Array],
) -> dict[str, Array]:
    """Compute a block of cells.

    Searches are gone through one at a time, so that the best ratio is a running maximum whose plane
    stays in the cache; all ratios at once are written only where they are asked for.

    Parameters
    ----------
    points
        Mass points of a block, along one leading axis; their dtype is that of the stored arrays.
    in_domain
        Whether a mass point is where the formulas hold, (mass point,).
    log_g
        ln g_X, (g_X,), of the same dtype.
    count
        How many searches there are: the rest are padding, and are not gone through.
    curves
        Limits of the searches that are curves.
    buffers
        Arrays of an earlier block of the same shape, overwritten: those that are asked for, by the names of
        `arrays.CELL_ARRAYS`; see `cell_buffers`.

    Returns
    -------
    dict
        The same arrays, filled: labels first, then mass points, then g_X.
    """
    searches, log_br = jax.tree.map(lambda x: jnp.moveaxis(x, 1, 0), (points.searches, points.log_br))
    recasts = jax.tree.map(lambda x: jnp.moveaxis(x, 1, 0), points.recasts)
    planes = buffers.get("log10_ratio")
    best, leading, ratios = _running_maximum(searches, curves, recasts, log_g, count, planes)
    at_mass = points.mass, points.width, points.lifetime, in_domain, jnp.nanmax(log_br, axis=0)
    known = _over_plane(_cell, log_g, at_mass, best) | {
        "log10_br": jax.vmap(lambda one: _over_plane(_scaled, log_g, one))(log_br) / LN10,
        "log10_ratio": ratios,
        "leading": leading,
    }
    return {name: known[name] for name in buffers}  # the compiler drops what is not asked for


def _running_maximum(
    searches: Any, curves: Tables | None, recasts: Any, log_g: Array, count: int, planes: Array | None
) -> tuple[Array, Array, Array | None]:
    """Best ratio [dex] of all searches, which search has it, and, if there is room for them, all ratios."""

    def step(carry: Any, one: Any, ratios: Callable[[Any, Array], Array]) -> tuple[Any, None]:
        best, leading, planes = carry
        search, position = one
        ratio = ratios(search, log_g) / LN10
        leading = jnp.where(ratio > best, position.astype(jnp.uint8), leading)
        planes = None if planes is None else planes.at[position].set(ratio)
        return (jnp.maximum(best, ratio), leading, planes), None

    shape = (searches.log_norm.shape[1], len(log_g))
    first = jnp.full(shape, -jnp.inf, log_g.dtype), jnp.full(shape, NO_SEARCH, jnp.uint8), planes
    found: tuple[Array, Array, Array | None] = first
    if len(searches.log_norm):

        def of_searches(i: Array, carry: Any) -> Any:
            search = jax.tree.map(lambda x: x[i], searches)
            return step(carry, (search, i), lambda one, log_g: _ratios(one, curves, i, log_g))[0]

        found = jax.lax.fori_loop(0, count, of_searches, first)
    if recasts is None:
        return found
    some = recasts.signal, count + jnp.arange(len(recasts.is_known))
    found = jax.lax.scan(functools.partial(step, ratios=_of_recasts), found, some)[0]
    tables = recasts.log_level, recasts.log_lifetime, recasts.log_tau, recasts.log_r
    some = tables, count + recasts.position[:, 0]
    return jax.lax.scan(functools.partial(step, ratios=_of_displaced), found, some)[0]


def _of_recasts(signal: RecastSignal, log_g: Array) -> Array:
    """F of one recast search in a plane."""
    return _over_plane(log_recast_ratio, log_g, signal)


def _of_displaced(tables: tuple[Array, ...], log_g: Array) -> Array:
    """F of one displaced search in a plane."""

    def one(at_mass: tuple[Array, Array, Array, Array], u: Array) -> Array:
        return log_displaced_ratio(*at_mass, u)

    return _over_plane(one, log_g, tables)


def _ratios(search: SearchAtMass, curves: Tables | None, position: Array, log_g: Array) -> Array:
    """F of one search in a plane, by the formula of its kind; nothing is computed where it has no data."""

    def by(signal: Signal, curves: Tables | None = None) -> Callable[[], Array]:
        F = functools.partial(log_ratio, signal=signal)
        return lambda: _over_plane(F, log_g, with_row(search, curves, position))

    shape = len(search.is_valid), len(log_g)
    kinds = [lambda: jnp.full(shape, -jnp.inf, log_g.dtype), by(signal_in_flight)]
    kind = jnp.where(jnp.any(search.is_valid), 1, 0)
    if search.is_timed is not None:
        kinds += [by(signal_of_visible, curves), by(signal_of_invisible, curves)]
        timed = jnp.where(search.is_invisible[0], 3, 2)
        kind = jnp.where(search.is_timed[0] & (kind > 0), timed, kind)
    return jax.lax.switch(kind, kinds)


def _scaled(log_br: Array, log_g: Array) -> Array:
    """Ln BR at g_X from that at g_X = 1."""
    return log_br + 2 * log_g


def _over_plane(function: Callable[..., Any], log_g: Array, at_mass: Any, *planes: Array) -> Any:
    """Map a function of one point over the plane: over mass points outside, over couplings inside."""
    return jax.vmap(lambda one, *rest: jax.vmap(lambda *point: function(one, *point))(log_g, *rest))(
        at_mass, *planes
    )


def _cell(at_mass: tuple[Array, ...], log_g: Array, best: Array) -> dict[str, Array]:
    """Width, lifetime and verdict at one point, from those of its mass at g_X = 1."""
    mass, unit_width, unit_lifetime, in_domain, largest = at_mass
    g2 = jnp.exp(2 * log_g)
    width = unit_width * g2
    finite = jnp.isfinite(width) & ~jnp.isnan(best)
    ok = in_domain & (width < mass) & finite
    stated = jnp.where(largest + 2 * log_g > 0, STATUS["rate_above_1"], STATUS["ok"])
    status = jnp.where(finite, jnp.where(ok, stated, STATUS["out_of_domain"]), STATUS["non_finite"])
    return {
        "width": width,
        "lifetime": unit_lifetime / g2,
        "excluded": jnp.where(ok, best > 0, EXCLUDED["no_statement"]).astype(jnp.uint8),
        "status": status.astype(jnp.uint8),
    }


@kernel()
def extent(points: MassPoint, in_domain: Array, count: int, curves: Tables | None, window: Ends) -> Array:
    """Lowest and highest coupling that so many searches exclude, (range_end, mass point); NaN without any."""
    ends = jax.vmap(lambda point: ends_within(point.mass, point.width, window))(points)
    turning = jax.vmap(turning_points)(points.x_br[:, FINAL_STATES.index("nu nubar")])
    searches = jax.tree.map(lambda x: jnp.moveaxis(x, 1, 0), points.searches)

    def step(position: Array, carry: tuple[Array, Array]) -> tuple[Array, Array]:
        search = jax.tree.map(lambda x: x[position], searches)
        plain = replace(search, place=None, is_timed=None, log_tau_ps=None)
        if search.is_timed is None:
            low, high = _plain_extent(plain, turning, ends)
        else:
            low, high = jax.lax.cond(
                search.is_timed[0],
                lambda: jax.vmap(timed_extent)(with_row(search, curves, position), ends),
                lambda: _plain_extent(plain, turning, ends),
            )
        there = (low < high) & in_domain
        return (
            jnp.minimum(carry[0], jnp.where(there, low, jnp.inf)),
            jnp.maximum(carry[1], jnp.where(there, high, -jnp.inf)),
        )

    nothing = jnp.full(in_domain.shape, jnp.inf), jnp.full(in_domain.shape, -jnp.inf)
    log_g = jnp.stack(jax.lax.fori_loop(0, count, step, nothing) if len(searches.log_norm) else nothing)
    if points.recasts is not None:
        known = jax.vmap(lambda recasts, ends: recast_intervals(recasts, *ends))(points.recasts, ends)
        log_g = jax.vmap(_with_recasts, in_axes=(1, 0, 0, 0), out_axes=1)(log_g, *known, in_domain)
    return jnp.where(log_g[0] < log_g[1], jnp.exp(log_g), jnp.nan)


def _plain_extent(search: SearchAtMass, turning: Array, ends: Ends) -> tuple[Array, Array]:
    """Lowest and highest ln g_X that a search excludes, (mass point,); its limit is one of the mass alone."""
    found = jax.vmap(excluded_edges)(search, turning, ends)
    there = found.lower != NONE
    low, high = (jnp.take_along_axis(found.value, side, axis=1) for side in (found.lower, found.upper))
    lowest = jnp.min(low, axis=1, where=there, initial=jnp.inf)
    return lowest, jnp.max(high, axis=1, where=there, initial=-jnp.inf)


def _with_recasts(log_g: Array, low: Array, high: Array, in_domain: Array) -> Array:
    """Lowest and highest excluded ln g_X, with those of recast searches."""
    there = (low < high) & in_domain
    lowest = jnp.minimum(log_g[0], jnp.min(low, where=there, initial=jnp.inf))
    return jnp.stack([lowest, jnp.maximum(log_g[1], jnp.max(high, where=there, initial=-jnp.inf))])


def cast(points: MassPoint, axes: int, *, dtype: str) -> MassPoint:
    """Mass points on the host in the precision of the stored arrays, along one axis."""

    def one(x: Array) -> npt.NDArray[Any]:
        flat = np.asarray(x).reshape(math.prod(x.shape[:axes]), *x.shape[axes:])
        return flat.astype(dtype) if np.issubdtype(flat.dtype, np.floating) else flat

    with np.errstate(over="ignore"):  # what is beyond float32 is infinite
        found: MassPoint = jax.tree.map(one, points)
    return found
