r"""One search at one mass: every coupling at which its exclusion begins or ends.

With u = ln g_X, ln r(u) rises, falls between the turning points of the decay in flight, and rises again;
lifetimes from tau_1 to tau_2 count between u = -ln(tau_2/tau)/2 and u = ln(tau/tau_1)/2 (tau at g_X = 1).
So at most two intervals are excluded, and each edge has one of a few sources: a root of ln r between
two turning points, an edge of the lifetime window, or an end of the couplings that are looked at.
"""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jaxtri.limits.signal import SearchAtMass, log_signal
from jaxtri.numerics.arrays import FloatArray
from jaxtri.numerics.roots import bracketed_root
from jaxtri.numerics.safe import log_or_minus_inf

TINY = float(np.finfo(float).tiny)
LIGHTEST = 1e-9  # GeV; of masses of which statements are made
WIDEST = (1e-15, 10.0)  # couplings at which a single mass is looked at
ROUNDED = 1e-12  # of the highest coupling
SOURCES = ("bottom", "rise", "fall", "second rise", "longest", "shortest", "top")  # of an edge, in this order
BOTTOM, RISE, FALL, SECOND_RISE, LONGEST, SHORTEST, TOP = range(len(SOURCES))
EVENTS = 10  # of `ExcludedCouplings.levels`
NONE = -1  # in place of a source: there is no such interval


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class ExcludedCouplings:
    """What one search excludes at one mass, as ln g_X."""

    value: Array  # (source,); a source without a root holds the nearest end of its bracket
    lower: Array  # (2,) source of the lower edge of each excluded interval, or NONE
    upper: Array  # (2,) source of its upper edge
    levels: Array  # (event,) ln r at the ends, turning points and window's edges; the latter less the ends:
    # all this changes with m_X only where one of them is 0
    meeting: Array  # (event,) ln g_X at which edges meet where that level is 0
    is_valid: Array  # whether the search has data at this mass


def up_to_widest(g_X: FloatArray) -> FloatArray:
    """Couplings of which those within rounding of the highest one are the highest one."""
    return np.where(g_X > WIDEST[1] * (1 - ROUNDED), WIDEST[1], g_X)


class Ends(NamedTuple):
    """Couplings between which one looks, as ln g_X."""

    bottom: ArrayLike
    top: ArrayLike


def excluded_edges(search: SearchAtMass, turning: Array, ends: Ends) -> ExcludedCouplings:
    """Return every edge of what a search excludes at one mass.

    Parameters
    ----------
    search
        What the search needs of this mass; not differentiated: see `boundary_coupling`.
    turning
        Turning points of the decay in flight, `turning_points` of the neutrinos.
    ends
        Lowest and highest ln g_X.

    Returns
    -------
    ExcludedCouplings
        All of them: between neighbouring turning points ln r is monotonic, so that each root is bracketed.
    """
    search, turning, ends = jax.lax.stop_gradient((search, turning, ends))
    valid = search.is_valid
    search = jax.tree.map(lambda x: jnp.where(valid, x, jnp.ones_like(x)), search)
    bottom, top = jnp.asarray(ends.bottom, dtype=float), jnp.asarray(ends.top, dtype=float)
    turns = jnp.where(search.is_invisible, turning, jnp.inf)
    knots = jnp.clip((jnp.log(turns) - log_or_minus_inf(search.flight)) / 2, bottom, top)
    stops = jnp.stack([bottom, knots[0], knots[1], top])
    roots, _ = jax.vmap(lambda a, b: bracketed_root(lambda u: log_signal(search, u), a, b))(
        stops[:-1], stops[1:]
    )
    longest, shortest = -search.log_below / 2, search.log_above / 2
    value = jnp.stack([bottom, *roots, jnp.clip(longest, bottom, top), jnp.clip(shortest, bottom, top), top])
    points = jnp.concatenate([stops, value[LONGEST : SHORTEST + 1]])
    signal = log_signal(search, points)
    lower, upper = _intervals(signal > 0)
    lower, upper = _in_window(value, lower, upper)
    exists = valid & (lower != NONE) & (value[lower] < value[upper])
    return ExcludedCouplings(
        value=value,
        lower=jnp.where(exists, lower, NONE),
        upper=jnp.where(exists, upper, NONE),
        levels=jnp.concatenate([signal, longest - stops[::3], shortest - stops[::3]]),
        meeting=jnp.concatenate([points, stops[::3], stops[::3]]),
        is_valid=valid,
    )


def ends_within(m_X: Array, width: Array, window: Ends) -> Ends:
    """Ends of ln g_X at one mass: no statement is made where X is wider than its mass (width at g_X = 1)."""
    widest = jnp.log(m_X / jnp.where(width > 0, width, TINY)) / 2
    return Ends(jnp.asarray(window.bottom), jnp.clip(widest, window.bottom, window.top))


def _intervals(above: Array) -> tuple[Array, Array]:
    """Sources of the edges of ln r > 0, from its signs at the bottom, both turning points and the top."""
    at_bottom, at_first, at_second, at_top = above[:4]
    lower = jnp.stack(
        [
            jnp.where(at_first, jnp.where(at_bottom, BOTTOM, RISE), NONE),
            jnp.where(~at_second & at_top, SECOND_RISE, NONE),
        ]
    )
    return lower, jnp.stack([jnp.where(at_second, TOP, FALL), jnp.asarray(TOP)])


def _in_window(value: Array, lower: Array, upper: Array) -> tuple[Array, Array]:
    """Cut intervals to the lifetime window: where its edge decides, it becomes the source."""
    return (
        jnp.where((lower != NONE) & (value[LONGEST] > value[lower]), LONGEST, lower),
        jnp.where(value[SHORTEST] < value[upper], SHORTEST, upper),
    )
