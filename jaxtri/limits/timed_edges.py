r"""Edges of a limit that depends on the lifetime, at one mass, inside compiled code: differentiable.

The same search for edges as in `timed_couplings`, for a fixed number of segments between neighbouring
lifetimes of the table: in each F is monotonic or convex, so that it has two roots at most, and where a
segment begins F may jump.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from jaxtri.limits.excluded_couplings import Ends
from jaxtri.limits.signal import SearchAtMass, log_ratio
from jaxtri.numerics.roots import bracketed_root

BESIDE = 1e-12  # of |u|, by which a knot is approached from either side
SAME = 1e-11  # segments that are this short are none
SECTIONS = 60  # of the golden section for the least value of F: to 1e-12 of a segment
GOLDEN = (5**0.5 - 1) / 2


class TimedEdges(NamedTuple):
    """Candidates for edges, ascending, (edge,): three a segment."""

    log_g: Array  # ln g_X; of a jump differentiable, of a root not
    exists: Array
    is_jump: Array  # whether F jumps there, at a lifetime of the table


def timed_edges(search: SearchAtMass, ends: Ends) -> TimedEdges:
    """Return every edge of what a search excludes at one mass.

    Parameters
    ----------
    search
        One search with a row of limits over the lifetime.
    ends
        Lowest and highest ln g_X; where they end nothing is an edge.
    """
    stops = _stops(search, ends)
    fixed = jax.lax.stop_gradient(stops)
    a, b = fixed[:-1], fixed[1:]
    valid = b - a > SAME
    left, right = a + BESIDE * jnp.abs(a), b - BESIDE * jnp.abs(b)
    frozen = jax.lax.stop_gradient(search)

    def F(u: Array) -> Array:
        return log_ratio(frozen, u)

    at_left, at_right = (valid & (jax.vmap(F)(u) > 0) for u in (left, right))
    least = jax.vmap(lambda low, high: _least(F, low, high))(left, right)
    dips = at_left & at_right & (jax.vmap(F)(least) <= 0)
    first, there = jax.vmap(lambda low, high: bracketed_root(F, low, high))(
        left, jnp.where(dips, least, right)
    )
    second, _ = jax.vmap(lambda low, high: bracketed_root(F, low, high))(jnp.where(dips, least, left), right)
    before = jax.lax.cummax(jnp.where(valid, jnp.arange(len(valid)), -1))
    before = jnp.concatenate([jnp.array([-1]), before[:-1]])
    jumps = valid & (before >= 0) & (at_right[before] != at_left)
    log_g = jnp.stack([stops[:-1], first, second], axis=1)
    exists = jnp.stack([jumps, valid & there, valid & dips], axis=1)
    is_jump = jnp.broadcast_to(jnp.array([True, False, False]), exists.shape)
    return TimedEdges(log_g.ravel(), exists.ravel(), is_jump.ravel())


def timed_extent(search: SearchAtMass, ends: Ends) -> tuple[Array, Array]:
    """Lowest and highest ln g_X that is excluded at one mass; infinite, the lowest above, if nothing is."""
    found = timed_edges(search, ends)
    bottom, top = jnp.asarray(ends.bottom), jnp.asarray(ends.top)
    at_bottom = log_ratio(search, bottom + BESIDE * jnp.abs(bottom)) > 0
    at_top = log_ratio(search, top - BESIDE * jnp.abs(top)) > 0
    lowest = jnp.min(found.log_g, where=found.exists, initial=jnp.inf)
    highest = jnp.max(found.log_g, where=found.exists, initial=-jnp.inf)
    return jnp.where(at_bottom, bottom, lowest), jnp.where(at_top, top, highest)


def _stops(search: SearchAtMass, ends: Ends) -> Array:
    """Ends of the segments as ln g_X, ascending: where the lifetime is one of the table, within the ends."""
    row = search.row
    assert row is not None
    assert search.log_tau_ps is not None
    tau = jnp.where(row.shift > 0, jnp.exp(row.u) - row.shift, jnp.exp(row.u))
    known = (row.u <= row.last_u) & (tau > 0)
    log_tau = jnp.where(known, jnp.log(jnp.where(known, tau, 1.0)), 0.0)
    above = row.u > row.last_u  # what only fills the table counts as the longest lifetime
    knots = jnp.where(known, (search.log_tau_ps - log_tau) / 2, jnp.where(above, ends.bottom, ends.top))
    inside = jnp.clip(knots[::-1], ends.bottom, ends.top)
    return jnp.concatenate([jnp.asarray([ends.bottom]), inside, jnp.asarray([ends.top])])


def _least(F: Callable[[Array], Array], low: Array, high: Array) -> Array:
    """Where a function that falls and rises again is least, by golden section."""

    def shrunk(_: int, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        a, b = ends
        c, d = b - GOLDEN * (b - a), a + GOLDEN * (b - a)
        lower = F(c) < F(d)
        return jnp.where(lower, a, c), jnp.where(lower, d, b)

    a, b = jax.lax.fori_loop(0, SECTIONS, shrunk, (low, high))
    return (a + b) / 2
