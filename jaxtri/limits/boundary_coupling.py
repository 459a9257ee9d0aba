"""One point of a boundary: where exclusion begins or ends, differentiable in everything."""

import functools

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxtri.errors import InputError, unknown_name
from jaxtri.limits.excluded_couplings import BOTTOM, NONE, TOP, WIDEST, Ends, excluded_edges
from jaxtri.limits.searches import SearchSet
from jaxtri.limits.signal import SearchAtMass, log_ratio, mass_point
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
        Mass of X [GeV], of any shape.
    branch
        Which edge, counted upwards: 0 is where exclusion begins, 1 where it ends, 2 where it begins again.

    Returns
    -------
    Array
        g_X between 1e-15 and 10, exact to rounding; NaN where there is no such edge.

    Raises
    ------
    InputError
        If the search or the branch is unknown, or the treatment does not describe the model.

    Notes
    -----
    Valid for: any point at which the edge crosses ln r = 0, or a lifetime, at an angle.
    """
    require_x64()
    names = [label.name for label in searches.labels]
    if search not in names:
        raise unknown_name("search", "search", search, names)
    if branch not in range(4):
        raise InputError(f"branch = {branch}: give 0, 1, 2 or 3; edges are counted upwards")
    position = names.index(search)
    channel = searches.labels[position].channel
    require_described(model, treatment, channel)
    arrays = model.unnamed(), treatment, searches.unlabelled()
    return _couplings(sm, *arrays, position, channel, branch, positive("m_X", m_X))


@functools.partial(jax.jit, static_argnames=("treatment", "position", "channel", "branch"))
def _couplings(
    sm: StandardModel,
    model: GaugeModel,
    treatment: Treatment,
    searches: SearchSet,
    position: int,
    channel: str,
    branch: int,
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
    branch: int,
    m_X: ArrayLike,
) -> Array:
    """One edge of one search."""
    one = _search_at_mass(sm, model, treatment, searches, position, channel, m_X)
    found = excluded_edges(one, turning_points(one.neutrinos), Ends(*jnp.log(jnp.array(WIDEST))))
    sources = jnp.stack([found.lower, found.upper], axis=1).ravel()
    inner = (sources != NONE) & (sources != BOTTOM) & (sources != TOP)
    which = jnp.argmax(jnp.cumsum(inner) == branch + 1)
    exists = jnp.sum(inner) > branch
    log_g = implicit_root(lambda u: jnp.where(exists, log_ratio(one, u), u), found.value[sources[which]])
    return jnp.where(exists, jnp.exp(log_g), jnp.nan)
