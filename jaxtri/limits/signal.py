"""How far a point is from the limits of searches.

What depends on m_X alone is a `MassPoint`; a point adds only 2 ln g_X and the probability of decay in flight.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxtri.limits.recast_points import RecastAtMass
from jaxtri.limits.search_tables import SECONDS_PER_PS
from jaxtri.limits.searches import SearchSet
from jaxtri.model.standard_model import StandardModel
from jaxtri.numerics.interpolation import Place, Row, Tables, coordinate, place_of, row_of, value_at
from jaxtri.numerics.safe import log_or_minus_inf
from jaxtri.physics.decays.in_flight import log_probability, proper_time
from jaxtri.physics.decays.widths import FINAL_STATES, lifetime
from jaxtri.physics.production.channels import channel_masses


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class SearchAtMass:
    """What every search needs of one mass; each field is (search,)."""

    log_norm: Array  # ln of BR * B_F / limit at g_X = 1, without decay in flight
    flight: Array  # proper time at the wall over the lifetime, at g_X = 1
    log_above: Array  # ln of lifetime / lower edge of the lifetime window, at g_X = 1
    log_below: Array  # ln of upper edge / lifetime, at g_X = 1
    is_invisible: Array  # whether the search looks for an X that is not seen
    neutrinos: Array  # branching ratio of X to neutrinos
    is_valid: Array  # whether the search has data at this mass, and its channel a rate
    place: Place | None = None  # of limits that are curves: where the mass is in their tables
    row: Row | None = None  # ln limit over ln(lifetime / ps) there
    is_timed: Array | None = None  # whether the limit depends on the lifetime
    log_tau_ps: Array | None = None  # ln(lifetime / ps) at g_X = 1


Signal = Callable[[SearchAtMass, ArrayLike], Array]


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class MassPoint:
    """What one mass needs: functions of m_X alone."""

    mass: Array  # m_X [GeV]
    log_br: Array  # (channel,) ln BR at g_X = 1; NaN where the treatment refuses the channel
    x_br: Array  # (final_state,)
    width: Array  # Gamma_X at g_X = 1 [GeV]
    lifetime: Array  # tau_X at g_X = 1 [s]
    searches: SearchAtMass
    recasts: RecastAtMass | None = None  # earlier searches for a dark photon and the like


def mass_point(
    sm: StandardModel, searches: SearchSet, m_X: ArrayLike, production: Array, decays: tuple[Array, Array]
) -> MassPoint:
    """Everything at one mass that does not depend on g_X, from production and decay at g_X = 1."""
    m_X = jnp.asarray(m_X)
    x_br, width = decays
    tau = lifetime(width)
    refused = production < 0
    log_br = jnp.where(refused, jnp.nan, log_or_minus_inf(production))
    visible = jnp.where(searches.is_invisible, 1.0, searches.weight @ x_br)
    M, m_D = (masses[searches.channel] for masses in channel_masses(sm))
    flown = proper_time(searches.length_m, searches.gamma_parent, M, m_D, m_X)
    wall = jnp.where(searches.length_m > 0, flown, searches.wall_time)
    low, high = searches.tau_window.T
    log_low = jnp.where(low > 0, jnp.log(tau / jnp.where(low > 0, low, 1.0)), jnp.inf)
    ends = jnp.isfinite(high)
    vetoed = jnp.any((searches.veto[:, :, 0] < m_X) & (m_X < searches.veto[:, :, 1]), axis=1)
    inside = (searches.m_X_window[:, 0] <= m_X) & (m_X <= searches.m_X_window[:, 1])
    neutrinos = jnp.broadcast_to(x_br[FINAL_STATES.index("nu nubar")], wall.shape)
    at_mass, has_limit, of_curves = _limits(searches, m_X, tau)
    one = SearchAtMass(
        log_norm=log_br[searches.channel] + log_or_minus_inf(visible) - at_mass,
        flight=wall / tau,
        log_above=log_low,
        log_below=jnp.where(ends, jnp.log(jnp.where(ends, high, 1.0) / tau), jnp.inf),
        is_invisible=searches.is_invisible,
        neutrinos=neutrinos,
        is_valid=inside & ~vetoed & (m_D + m_X < M) & ~refused[searches.channel] & has_limit,
        **of_curves,
    )
    return MassPoint(mass=m_X, log_br=log_br, x_br=x_br, width=width, lifetime=tau, searches=one)


def _limits(searches: SearchSet, m_X: Array, tau: Array) -> tuple[Array, Array, dict[str, Any]]:
    """Ln of limits of the mass alone (0 of those of the lifetime, too), whether there are any, and curves."""
    log_limit = jnp.log(searches.limit)
    if searches.curves is None or searches.is_timed is None:
        return log_limit, jnp.ones_like(searches.is_invisible), {}
    places = jax.vmap(place_of, (0, None))(searches.curves, m_X)
    rows = jax.vmap(row_of, (None, 0, 0))(searches.curves, jnp.arange(len(log_limit)), places)
    somewhere = jnp.any(rows.inside, axis=1) | rows.below | rows.at_last
    timed = searches.is_timed
    log_tau = jnp.broadcast_to(jnp.log(tau / SECONDS_PER_PS), timed.shape)
    return (
        log_limit + jnp.where(timed | ~rows.below, 0.0, rows.first_y),  # of one column, if not timed
        jnp.where(timed, somewhere, rows.below),
        {"place": places, "row": rows, "is_timed": timed, "log_tau_ps": log_tau},
    )


def with_row(search: SearchAtMass, curves: Tables | None, position: ArrayLike) -> SearchAtMass:
    """One search at many masses, (mass,), with the rows of its curve, in the precision of the search."""
    if curves is None or search.place is None:
        return search
    rows = jax.vmap(row_of, (None, None, 0))(curves, position, search.place)
    dtype = search.log_norm.dtype

    def held(x: Array) -> Array:
        return x.astype(dtype) if jnp.issubdtype(x.dtype, jnp.floating) else x

    return replace(search, row=jax.tree.map(held, rows))


def log_signal(search: SearchAtMass, log_g: ArrayLike) -> Array:
    """Ln r = ln(BR * P / limit) whether or not there are data, elementwise.

    Where the limit depends on the lifetime, it holds P: no flight is counted besides.  Minus infinity at a
    lifetime without a limit.
    """
    flown = signal_in_flight(search, log_g)
    if search.row is None or search.is_timed is None:
        return flown
    visible = _inverse_limit(search, log_g)  # read once for both
    inverse = jnp.where(search.is_invisible, _with_neutrinos(search, visible), visible)
    return jnp.where(search.is_timed, _at_limit(search, log_g, inverse), flown)


def signal_in_flight(search: SearchAtMass, log_g: ArrayLike) -> Array:
    """`log_signal` of a limit of the mass alone."""
    twice = 2 * jnp.asarray(log_g)
    x = search.flight * jnp.exp(twice)
    return search.log_norm + twice + log_probability(search.is_invisible, search.neutrinos, x)


def signal_of_visible(search: SearchAtMass, log_g: ArrayLike) -> Array:
    """`log_signal` of a limit of mass and lifetime on an X that decays to what is seen."""
    return _at_limit(search, log_g, _inverse_limit(search, log_g))


def signal_of_invisible(search: SearchAtMass, log_g: ArrayLike) -> Array:
    """`log_signal` of a limit of mass and lifetime on an X that is not seen."""
    return _at_limit(search, log_g, _with_neutrinos(search, _inverse_limit(search, log_g)))


def _inverse_limit(search: SearchAtMass, log_g: ArrayLike) -> Array:
    """Ln of one over the curve at the lifetime of a coupling; minus infinity where there is no limit."""
    assert search.row is not None
    assert search.log_tau_ps is not None
    v = search.log_tau_ps - 2 * jnp.asarray(log_g)
    y, known = value_at(search.row, coordinate(search.row, v))
    return jnp.where(known, -y, -jnp.inf)


def _with_neutrinos(search: SearchAtMass, visible: Array) -> Array:
    r"""Ln of one over the limit on an X that is not seen, from that on one that decays visibly.

    The curve is one of an X that decays to what is seen; neutrinos are never seen:

    .. math:: \frac{1}{UL} = \frac{B_{\nu\nu}}{UL(\tau_{max})} + \frac{1-B_{\nu\nu}}{UL(\tau)}
    """
    assert search.row is not None
    last = jnp.where(search.row.at_last, -search.row.last_y, -jnp.inf)
    unseen = log_or_minus_inf(search.neutrinos) + last
    decayed = log_or_minus_inf(1 - search.neutrinos) + visible
    neither = jnp.isneginf(unseen) & jnp.isneginf(decayed)  # of their sum there is no derivative
    both = jnp.logaddexp(*(jnp.where(neither, 0.0, one) for one in (unseen, decayed)))
    return jnp.where(neither, -jnp.inf, both)


def _at_limit(search: SearchAtMass, log_g: ArrayLike, inverse: Array) -> Array:
    """Ln r from ln of one over the limit, in the precision of the coupling."""
    twice = 2 * jnp.asarray(log_g)
    return (search.log_norm + twice + inverse).astype(twice.dtype)


def log_ratio(search: SearchAtMass, log_g: ArrayLike, signal: Signal = log_signal) -> Array:
    r"""How far a point is from a limit: above 0 is excluded.

    .. math:: \ln r = \ln\frac{\mathrm{BR}\cdot P}{\mathrm{limit}},\qquad
              F = \min\Bigl(\ln r, \ln\frac{\tau}{\tau_1}, \ln\frac{\tau_2}{\tau}\Bigr)

    F is returned: a search that counts only lifetimes from tau_1 to tau_2 excludes where F > 0.

    Parameters
    ----------
    search
        What the search needs of this mass; its dtype decides the precision.
    log_g
        ln g_X.
    signal
        `log_signal`, or that of the search's kind where it is known when compiling.

    Returns
    -------
    Array
        F, elementwise; minus infinity where the search has no data.
    """
    twice = 2 * jnp.asarray(log_g)
    inside = jnp.minimum(search.log_above - twice, search.log_below + twice)
    return jnp.where(search.is_valid, jnp.minimum(signal(search, log_g), inside), -jnp.inf)
