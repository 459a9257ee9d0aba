"""One point of a boundary: where exclusion begins or ends, differentiable in everything."""

import functools
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jaxtri.errors import InputError, unknown_name
from jaxtri.limits.excluded_couplings import BOTTOM, LIGHTEST, NONE, TOP, WIDEST, Ends, excluded_edges
from jaxtri.limits.searches import SearchSet
from jaxtri.limits.signal import SearchAtMass, log_ratio, mass_point
from jaxtri.limits.timed_edges import timed_edges
from jaxtri.model.gauge_model import GaugeModel
from jaxtri.model.standard_model import StandardModel
from jaxtri.model.treatment import Treatment, require_described
from jaxtri.numerics.jax_settings import require_x64
from jaxtri.numerics.mapping import over, positive
from jaxtri.numerics.roots import implicit_root
from jaxtri.physics.decays.in_flight import turning_points
from jaxtri.physics.decays.widths import unit_decays
from jaxtri.physics.production.channels import branching_ratio
from jaxtri.tables.schema import CHANNEL_NAMES

MOST, MOST_TIMED = 4, 16  # edges that a search has, and that are looked at of a limit with many


def _search_at_mass(
    sm: StandardModel,
    model: GaugeModel,
    treatment: Treatment,
    searches: SearchSet,
    position: int,
    channel: str,
    m_X: ArrayLike,
) -> SearchAtMass:
    """One search at one mass; no other channel is computed, so that none enters a derivative."""
    alone = jax.tree.map(lambda x: x[position : position + 1], searches)
    rate = branching_ratio(channel, sm, model, treatment, m_X, 1.0)
    production = jnp.zeros(len(CHANNEL_NAMES)).at[CHANNEL_NAMES.index(channel)].set(rate)
    at_mass = mass_point(sm, alone, m_X, production, unit_decays(sm, model, m_X))
    return jax.tree.map(lambda x: x[0], at_mass.searches)


def boundary_coupling(
    search: str,
    sm: StandardModel,
    model: GaugeModel,
    treatment: Treatment,
    searches: SearchSet,
    m_X: ArrayLike,
    *,
    branch: int = 0,
) -> Array:
    r"""Coupling at which the exclusion by a search begins or ends, differentiable in everything.

    .. math:: F(g_X; m_X, p) = 0,\qquad \frac{dg_X}{dp} = -\frac{\partial_p F}{\partial_{g_X} F}

    Parameters
    ----------
    search
        Name of a search in ``searches``.
    sm, model, treatment, searches
        The records; ``jax.grad`` and ``jax.hessian`` work with respect to all of their numbers.
    m_X
        Mass of X [GeV], of any shape, at least 1e-9.
    branch
        Which edge, counted upwards: 0 is where exclusion begins, 1 where it ends, 2 where it begins again;
        up to 3, or 15 of a limit that depends on the lifetime.

    Returns
    -------
    Array
        g_X between 1e-15 and 10, exact to rounding; NaN where there is no such edge.

    Raises
    ------
    InputError
        If the search or the branch is unknown, the treatment does not describe the model, or a mass is
        below 1 eV (NaN inside ``jit``).

    Notes
    -----
    Valid for: any point at which the edge crosses ln r = 0, or a lifetime, at an angle.
    """
    require_x64()
    names = [label.name for label in searches.labels]
    if search not in names:
        raise unknown_name("search", "search", search, names)
    position = names.index(search)
    is_timed = searches.is_timed is not None and bool(np.asarray(searches.is_timed)[position])
    most = MOST_TIMED if is_timed else MOST
    if branch not in range(most):
        raise InputError(f"branch = {branch}: give 0 to {most - 1}; edges are counted upwards")
    channel = searches.labels[position].channel
    require_described(model, treatment, channel)
    arrays = model.unnamed(), treatment, searches.unlabelled()
    return _couplings(sm, *arrays, position, channel, branch, positive("m_X", m_X, lowest=LIGHTEST))


@functools.partial(jax.jit, static_argnames=("treatment", "position", "channel"))
def _couplings(
    sm: StandardModel,
    model: GaugeModel,
    treatment: Treatment,
    searches: SearchSet,
    position: int,
    channel: str,
    branch: ArrayLike,
    m_X: ArrayLike,
) -> Array:
    """One edge of one search at masses of any shape."""
    return over(lambda m: _coupling(sm, model, treatment, searches, position, channel, branch, m), m_X)


def _coupling(
    sm: StandardModel,
    model: GaugeModel,
    treatment: Treatment,
    searches: SearchSet,
    position: int,
    channel: str,
    branch: ArrayLike,
    m_X: ArrayLike,
) -> Array:
    """One edge of one search."""
    one = _search_at_mass(sm, model, treatment, searches, position, channel, m_X)
    if one.row is not None and one.is_timed is not None:
        return jnp.where(one.is_timed, _timed_coupling(one, branch), _plain_coupling(one, branch))
    return _plain_coupling(one, branch)


def _timed_coupling(one: SearchAtMass, branch: ArrayLike) -> Array:
    """One edge of a search whose limit depends on the lifetime."""
    found = timed_edges(one, Ends(*jnp.log(jnp.array(WIDEST))))
    which = jnp.argmax(jnp.cumsum(found.exists) == branch + 1)
    exists = (jnp.sum(found.exists) > branch) & one.is_valid
    is_root = exists & ~found.is_jump[which]
    root = implicit_root(lambda u: jnp.where(is_root, log_ratio(one, u), u), found.log_g[which])
    return jnp.where(exists, jnp.exp(jnp.where(is_root, root, found.log_g[which])), jnp.nan)


def _plain_coupling(one: SearchAtMass, branch: ArrayLike) -> Array:
    """One edge of a search whose limit does not depend on the lifetime."""
    one = replace(one, row=None, is_timed=None, log_tau_ps=None)
    found = excluded_edges(one, turning_points(one.neutrinos), Ends(*jnp.log(jnp.array(WIDEST))))
    sources = jnp.stack([found.lower, found.upper], axis=1).ravel()
    inner = (sources != NONE) & (sources != BOTTOM) & (sources != TOP)
    which = jnp.argmax(jnp.cumsum(inner) == branch + 1)
    exists = jnp.sum(inner) > branch
    log_g = implicit_root(lambda u: jnp.where(exists, log_ratio(one, u), u), found.value[sources[which]])
    return jnp.where(exists, jnp.exp(log_g), jnp.nan)
