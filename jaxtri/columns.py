"""Columns of the plane, many searches and treatments at many masses: the only room that maps `edges`.

Production and decays of X are compiled apart, with their derivative along m_X; what a search adds is cheap.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxtri.channels import production_vector
from jaxtri.curves import Cells, Columns, FloatArray, IntArray, Nodes, Pairs
from jaxtri.edges import LONGEST, SHORTEST, Edges, Ends, edges, ends_within
from jaxtri.gauge_model import GaugeModel
from jaxtri.numerics.roots import roots_of_all
from jaxtri.physics.decay_in_flight import turning_points
from jaxtri.physics.x_decays import FINAL_STATES, unit_decays
from jaxtri.search import SearchRow, SearchSet, join_row, log_ratio, log_signal
from jaxtri.spec import Spec
from jaxtri.standard_model import StandardModel
from jaxtri.treatment import Treatment

CHUNK = 128  # masses computed at a time


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Everything that decides the boundaries of a scan; a line is one search under one treatment."""

    treatments: tuple[Treatment, ...]
    sm: StandardModel
    model: GaugeModel
    searches: SearchSet
    window: Ends  # lowest and highest ln g_X

    @classmethod
    def of(cls, spec: Spec) -> "Problem":
        """Take from a scan what its boundaries need."""
        window = Ends(float(np.log(spec.g_X[0])), float(np.log(spec.g_X[-1])))
        return cls(
            treatments=spec.treatments, sm=spec.sm, model=spec.model, searches=spec.searches, window=window
        )


class Mass(NamedTuple):
    """All that one mass has: rows of every line, their change along ln m_X, turning points, ends."""

    rows: SearchRow  # (line,)
    change: SearchRow  # (line,)
    turning: Array  # (2,)
    ends: Ends


@jax.jit
def _decays(sm: StandardModel, model: GaugeModel, m_X: Array) -> Any:
    """Branching ratios and width of X at every mass, and their change along ln m_X."""
    return jax.vmap(lambda m: jax.jvp(lambda m: unit_decays(sm, model, m), (m,), (m,)))(m_X)


@functools.partial(jax.jit, static_argnames="treatment")
def _production(sm: StandardModel, model: GaugeModel, treatment: Treatment, m_X: Array) -> Any:
    """Branching ratios of every channel at every mass, and their change along ln m_X."""

    def one(m: Array) -> Any:
        return jax.jvp(lambda m: production_vector(sm, model, treatment, m), (m,), (m,))

    return jax.vmap(one)(m_X)


@jax.jit
def _masses(
    sm: StandardModel, searches: SearchSet, window: Ends, m_X: Array, decays: Any, production: Any
) -> Mass:
    """Join rates with every search, at every mass."""

    def one(m_X: Array, decays: Any, production: Any) -> Mass:
        def rows(m_X: Array, decays: Any, production: Array) -> SearchRow:
            found = jax.vmap(lambda rates: join_row(sm, searches, m_X, rates, decays).searches)(production)
            return jax.tree.map(lambda x: x.ravel(), found)

        known, change = jax.jvp(rows, (m_X, decays[0], production[0]), (m_X, decays[1], production[1]))
        x_br, width = decays[0]
        turning = turning_points(x_br[FINAL_STATES.index("nu nubar")])
        return Mass(known, change, turning, ends_within(m_X, width, window))

    return jax.vmap(one, in_axes=(0, 0, 1))(m_X, decays, production)


@jax.jit
def _columns(masses: Mass) -> tuple[Edges, Array, Array]:
    """Edges of every line at every mass, with slopes and residuals, (m_X, line)."""

    def one_mass(mass: Mass) -> tuple[Edges, Array, Array]:
        def one(search: SearchRow, change: SearchRow) -> tuple[Edges, Array, Array]:
            found = edges(search, mass.turning, mass.ends)
            return found, *_slopes(search, change, found.value)

        return jax.vmap(one)(mass.rows, mass.change)

    return jax.vmap(one_mass)(masses)


@jax.jit
def _some(masses: Mass, lines: Array) -> Edges:
    """Edges of chosen lines, (m_X, chosen)."""

    def one_mass(mass: Mass, lines: Array) -> Edges:
        rows = jax.tree.map(lambda x: x[lines], mass.rows)
        return jax.vmap(lambda search: edges(search, mass.turning, mass.ends))(rows)

    return jax.vmap(one_mass)(masses, lines)


def _slopes(search: SearchRow, change: SearchRow, value: Array) -> tuple[Array, Array]:
    """Slope d ln g_X / d ln m_X of every source, root or edge of the lifetime window, and |F| there."""
    floating = {"log_norm": change.log_norm, "flight": change.flight, "neutrinos": change.neutrinos}

    def signal(parts: dict[str, Array], u: Array) -> Array:
        return log_signal(_with(search, parts), u)

    def one(u: Array) -> Array:
        parts = {name: getattr(search, name) for name in floating}
        along = jax.jvp(lambda parts: signal(parts, u), (parts,), (floating,))[1]
        return -along / jax.jvp(lambda u: signal(parts, u), (u,), (jnp.ones_like(u),))[1]

    slopes = jax.vmap(one)(value)
    slopes = slopes.at[LONGEST].set(-change.log_below / 2).at[SHORTEST].set(change.log_above / 2)
    return slopes, jnp.abs(log_ratio(search, value))


def _with(search: SearchRow, parts: dict[str, Array]) -> SearchRow:
    """A row with some of its fields replaced."""
    kept = {name: getattr(search, name) for name in ("log_above", "log_below", "is_invisible", "is_valid")}
    return SearchRow(**kept, **parts)


def _in_chunks(function: Callable[..., Any], *arrays: Any) -> Any:
    """Call a function on pieces of one length; the last one repeats its last entry."""
    count = len(arrays[0])
    index = np.minimum(np.arange(-(-count // CHUNK) * CHUNK), count - 1)
    pieces = [index[i : i + CHUNK] for i in range(0, len(index), CHUNK)]
    parts = [function(*(jnp.asarray(array[piece]) for array in arrays)) for piece in pieces]
    return jax.tree.map(lambda *x: np.concatenate([np.asarray(one) for one in x])[:count], *parts)


def _at(problem: Problem, m_X: Array) -> Mass:
    """Everything that some masses have."""
    sm, model = problem.sm, problem.model
    rates = [_production(sm, model, one, m_X) for one in problem.treatments]
    production = jax.tree.map(lambda *x: jnp.stack(x), *rates)
    return _masses(sm, problem.searches, problem.window, m_X, _decays(sm, model, m_X), production)


def columns_at(problem: Problem, nodes: Nodes) -> Columns:
    """Compute the columns at nodes; levels that vanish are marked later."""
    found, slope, residual = _in_chunks(lambda m_X: _columns(_at(problem, m_X)), nodes.m_X)
    return Columns(
        m_X=nodes.m_X,
        segment=nodes.segment,
        value=found.value,
        slope=slope,
        residual=residual,
        lower=found.lower,
        upper=found.upper,
        levels=found.levels,
        meeting=found.meeting,
        valid=found.is_valid,
        critical=np.zeros(found.levels.shape, dtype=bool),
    )


def critical_masses(problem: Problem, columns: Columns, cells: Cells) -> FloatArray:
    """Solve for the mass in each cell at which the level of an event vanishes."""

    def levels(m_X: FloatArray) -> FloatArray:
        found = _in_chunks(lambda m, line: _some(_at(problem, m), line), m_X, cells.line[:, None])
        return found.levels[np.arange(len(m_X)), 0, cells.event]

    return _solved(levels, columns, cells.node)


def crossing_masses(problem: Problem, columns: Columns, pairs: Pairs) -> FloatArray:
    """Solve for the mass at which two edges cross."""

    def distance(m_X: FloatArray) -> FloatArray:
        found = _in_chunks(lambda m, lines: _some(_at(problem, m), lines), m_X, pairs.lines)
        one, other = np.take_along_axis(found.value, pairs.sources[:, :, None], axis=2)[:, :, 0].T
        return np.asarray(one - other)

    return _solved(distance, columns, pairs.node)


def _solved(values: Callable[[FloatArray], FloatArray], columns: Columns, node: IntArray) -> FloatArray:
    """Roots between a node and the next one."""
    if not len(node):
        return np.zeros(0)
    return roots_of_all(values, columns.m_X[node], columns.m_X[node + 1])
