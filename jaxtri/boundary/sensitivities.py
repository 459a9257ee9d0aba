"""How a boundary moves with every input: d ln g_X / d input, by the implicit function theorem.

The chain rule is cut at the rates, so that each part is compiled once: the root as a function of production
and decays; production, for each treatment; decays; and, where it matters, the phase space of three pions.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxtri.boundary.kernels import CHUNK, FEW, rates_at, three_pion_parts
from jaxtri.boundary.plane import Plane
from jaxtri.limits.searches import SearchSet
from jaxtri.limits.signal import SearchAtMass, log_ratio, mass_point
from jaxtri.model.gauge_model import GaugeModel
from jaxtri.model.standard_model import StandardModel, replaced
from jaxtri.model.treatment import Treatment
from jaxtri.numerics.arrays import FloatArray
from jaxtri.numerics.kernels import kernel
from jaxtri.numerics.roots import implicit_root
from jaxtri.numerics.threads import WORKERS, padded
from jaxtri.physics.decays.hadrons import THREE_PION_INPUTS, Spaces, three_pion_spaces
from jaxtri.physics.decays.widths import unit_decays
from jaxtri.physics.production.channels import production_vector

JUMP = 1e-6  # |F| at a vertex where it has no root


def search_at_mass(
    sm: StandardModel, searches: SearchSet, position: Array, m_X: Array, production: Array, decays: Any
) -> SearchAtMass:
    """One search at one mass, from rates at g_X = 1."""
    alone = jax.tree.map(lambda x: x[position][None], searches)
    return jax.tree.map(lambda x: x[0], mass_point(sm, alone, m_X, production, decays).searches)


def _root_or_jump(search: SearchAtMass, log_g: Array) -> Array:
    """An edge of a limit that depends on the lifetime: a root, or a lifetime at which the limit jumps."""
    assert search.log_tau_ps is not None
    here = jax.lax.stop_gradient(log_ratio(search, log_g))
    jumps = ~(jnp.abs(here) < JUMP)
    moved = log_g + (search.log_tau_ps - jax.lax.stop_gradient(search.log_tau_ps)) / 2
    # F next to a jump is not known on one side: there the root is that of a line
    root = implicit_root(
        lambda u: jax.lax.cond(jumps, lambda: u - log_g, lambda: log_ratio(search, u)), log_g
    )
    return jnp.where(jumps, moved, root)


@kernel()
def _of_root(
    sm: StandardModel,
    searches: SearchSet,
    position: Array,
    m_X: Array,
    log_g: Array,
    production: Array,
    decays: Any,
) -> Any:
    """Derivatives of ln g_X with respect to inputs, production and decays, at every vertex."""

    def one(m_X: Array, log_g: Array, production: Array, decays: Any) -> Any:
        def root(sm: StandardModel, production: Array, decays: Any) -> Array:
            here = search_at_mass(sm, searches, position, m_X, production, decays)
            if here.log_tau_ps is None:
                return implicit_root(lambda u: log_ratio(here, u), log_g)
            return _root_or_jump(here, log_g)

        return jax.grad(root, (0, 1, 2))(sm, production, decays)

    return jax.vmap(one)(m_X, log_g, production, decays)


@kernel()
def _of_production(
    sm: StandardModel, model: GaugeModel, treatment: Treatment, m_X: Array, weight: Array
) -> StandardModel:
    """Derivative of a weighted sum of branching ratios of all channels, at every mass."""

    def one(m_X: Array, weight: Array) -> StandardModel:
        slopes = jax.jacfwd(lambda sm: production_vector(sm, model, treatment, m_X))(sm)
        return jax.tree.map(lambda slope: jnp.tensordot(weight, slope, 1), slopes)

    return jax.vmap(one)(m_X, weight)


@kernel()
def _of_decays(sm: StandardModel, model: GaugeModel, m_X: Array, spaces: Spaces, weight: Any) -> Any:
    """Derivatives of a weighted sum of branching ratios and width of X: inputs, three-pion phase space."""

    def one(m_X: Array, spaces: Spaces, weight: Any) -> Any:
        def decays(sm: StandardModel, spaces: Spaces) -> Array:
            x_br, width = unit_decays(sm, model, m_X, spaces=spaces)
            return jnp.append(x_br, width)

        slopes = jax.jacfwd(decays, (0, 1))(sm, spaces)
        return jax.tree.map(lambda slope: jnp.tensordot(jnp.append(*weight), slope, 1), slopes)

    return jax.vmap(one)(m_X, spaces, weight)


@kernel()
def _of_spaces(sm: StandardModel, m_X: Array, weight: Spaces) -> dict[str, Array]:
    """Derivatives of a weighted sum of three-pion phase spaces at every mass, by name of the input."""
    known = {name: value for name, value in by_name(sm).items() if name in THREE_PION_INPUTS}

    def one(m_X: Array, weight: Spaces) -> dict[str, Array]:
        slopes = jax.jacfwd(lambda some: jnp.hstack(three_pion_spaces(replaced(sm, some), m_X)))(known)
        return jax.tree.map(lambda slope: jnp.tensordot(jnp.hstack(weight), slope, 1), slopes)

    return jax.vmap(one)(m_X, weight)


def compiled(plane: Plane, treatment: Treatment) -> None:
    """Compile every kernel of one treatment, some at the same time; cheap where they are compiled."""
    sm, model = plane.sm, plane.model
    m_X = np.full(CHUNK, plane.three_pions[0])
    decays, (production, *_), spaces = jax.tree.map(np.asarray, rates_at(plane, m_X))
    with ThreadPoolExecutor(WORKERS) as pool:
        pool.submit(_of_decays, sm, model, m_X, spaces[0], decays[0])
        pool.submit(_of_spaces, sm, m_X[:FEW], jax.tree.map(lambda x: x[:FEW], spaces[0]))
        pool.submit(_of_production, sm, model, treatment, m_X, production[0])


def gradients(
    plane: Plane, treatment: Treatment, position: int, m_X: FloatArray, log_g: FloatArray
) -> dict[str, FloatArray]:
    """Return d ln g_X / d input by name, at `CHUNK` vertices of a boundary at most.

    Parameters
    ----------
    plane, treatment
        A scan and one of its treatments.
    position
        Of the search.
    m_X, log_g
        Vertices.
    """
    if not len(m_X):
        return {name: np.zeros((0, *x.shape)) for name, x in by_name(plane.sm).items()}
    sm, model, chunk = plane.sm, plane.model, padded(m_X, CHUNK)
    decays, rates, spaces = rates_at(plane, chunk)
    production = rates[plane.treatments.index(treatment)][0]
    arguments = jnp.asarray(position), chunk, padded(log_g, CHUNK), production, decays[0]
    direct, by_production, by_decays = _of_root(sm, plane.searches, *arguments)
    through_decays, by_spaces = _of_decays(sm, model, chunk, spaces[0], by_decays)
    through_production = _of_production(sm, model, treatment, chunk, by_production)
    parts = [by_name(one) for one in (direct, through_production, through_decays)]
    total = {name: sum(np.asarray(part[name]) for part in parts) for name in parts[0]}
    for name, move in _through_spaces(plane, chunk, by_spaces).items():
        total[name] = total[name] + move
    return {name: np.asarray(value)[: len(m_X)] for name, value in total.items()}


def _through_spaces(plane: Plane, m_X: FloatArray, weight: Spaces) -> dict[str, FloatArray]:
    """`_of_spaces`, computed only where they are not 0."""
    known = by_name(plane.sm)
    made = {name: np.zeros((len(m_X), *known[name].shape)) for name in THREE_PION_INPUTS}
    for some in three_pion_parts(plane.three_pions, m_X):
        index = padded(some, FEW)
        found = _of_spaces(plane.sm, m_X[index], jax.tree.map(lambda x, at=index: np.asarray(x)[at], weight))
        for name, slope in found.items():
            made[name][some] = np.asarray(slope)[: len(some)]
    return made


def by_name(record: Any) -> dict[str, Any]:
    """Arrays of a record and of the records in it, by name."""
    values: dict[str, Any] = {}
    for one in fields(record):
        value = getattr(record, one.name)
        values |= by_name(value) if hasattr(value, "__dataclass_fields__") else {one.name: value}
    return values
