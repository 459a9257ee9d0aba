"""Columns of the plane, many searches and treatments at many masses: the only room that maps `edges`.

Production and decays of X are compiled apart, with their derivative along m_X; what a search adds is cheap.
Chunks of masses run in threads: the compiler's own parallelism does little for kernels this small, and
threads compile different kernels at the same time.
"""

import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxtri.channels import production_vector
from jaxtri.curves import Cells, Columns, FloatArray, IntArray, Nodes, Pairs
from jaxtri.edges import LONGEST, SHORTEST, Edges, Ends, edges
from jaxtri.gauge_model import GaugeModel
from jaxtri.numerics.precision import require_x64
from jaxtri.numerics.roots import roots_of_all
from jaxtri.physics.decay_in_flight import turning_points
from jaxtri.physics.x_decays import FINAL_STATES, unit_decays
from jaxtri.search import SearchRow, SearchSet, join_row, log_ratio, log_signal
from jaxtri.spec import Spec
from jaxtri.standard_model import StandardModel
from jaxtri.treatment import Treatment

CHUNK = 128  # masses computed at a time
WORKERS = min(8, os.cpu_count() or 1)  # threads; more of them wait for each other's Python
NEAREST = -40.0  # ln of a part of a step: below rounding
ULPS = 2.0  # units in the last place of a mass: closer ones are the same
TINY = float(np.finfo(float).tiny)


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


@jax.jit
def _decays_alone(sm: StandardModel, model: GaugeModel, m_X: Array) -> Any:
    """`_decays` where nobody asks for the change along ln m_X, at a third of the time; 0 is in its place."""
    known = jax.vmap(lambda m: unit_decays(sm, model, m))(m_X)
    return known, jax.tree.map(jnp.zeros_like, known)


@functools.partial(jax.jit, static_argnames="treatment")
def _production(sm: StandardModel, model: GaugeModel, treatment: Treatment, m_X: Array) -> Any:
    """Branching ratios of every channel at every mass, and their change along ln m_X."""

    def one(m: Array) -> Any:
        return jax.jvp(lambda m: production_vector(sm, model, treatment, m), (m,), (m,))

    return jax.vmap(one)(m_X)


@jax.jit
def _masses(
    sm: StandardModel, searches: SearchSet, window: Ends, m_X: Array, decays: Any, rates: Any
) -> Mass:
    """Join rates, one production a treatment, with every search, at every mass."""
    production = jax.tree.map(lambda *x: jnp.stack(x), *rates)

    def one(m_X: Array, decays: Any, production: Any) -> Mass:
        def rows(m_X: Array, decays: Any, production: Array) -> SearchRow:
            found = jax.vmap(lambda rates: join_row(sm, searches, m_X, rates, decays).searches)(production)
            return jax.tree.map(lambda x: x.ravel(), found)

        known, change = jax.jvp(rows, (m_X, decays[0], production[0]), (m_X, decays[1], production[1]))
        x_br, width = decays[0]
        widest = jnp.log(m_X / jnp.where(width > 0, width, TINY)) / 2
        top = jnp.clip(widest, window.bottom, window.top)  # no statement where X is wider than its mass
        return Mass(
            known,
            change,
            turning_points(x_br[FINAL_STATES.index("nu nubar")]),
            Ends(jnp.asarray(window.bottom), top),
        )

    return jax.vmap(one, in_axes=(0, 0, 1))(m_X, decays, production)


@jax.jit
def _columns(masses: Mass) -> tuple[Edges, Array, Array]:
    """Edges of every line at every mass, with slopes and residuals, (m_X, line)."""

    def one_mass(mass: Mass) -> tuple[Edges, Array, Array]:
        def one(search: SearchRow, change: SearchRow) -> tuple[Edges, Array, Array]:
            found = edges(search, mass.turning, mass.ends)
            return found, *_slopes(search, change, found.value)

        return jax.vmap(one)(mass.rows, mass.change)

    found, slopes, residuals = jax.vmap(one_mass)(masses)
    lower, upper = found.lower.astype(jnp.int8), found.upper.astype(jnp.int8)
    return replace(found, lower=lower, upper=upper), slopes, residuals


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
    """Call a function on pieces of one length, in threads; the last one repeats its last entry."""
    count = len(arrays[0])
    index = np.minimum(np.arange(-(-count // CHUNK) * CHUNK), count - 1)
    pieces = [index[i : i + CHUNK] for i in range(0, len(index), CHUNK)]
    with ThreadPoolExecutor(WORKERS) as pool:
        parts = list(pool.map(lambda piece: _on_host(function, *(array[piece] for array in arrays)), pieces))
        leaves = zip(*map(jax.tree.leaves, parts), strict=True)
        joined = list(pool.map(lambda some: np.concatenate(some)[:count], leaves))
    return jax.tree.unflatten(jax.tree.structure(parts[0]), joined)


def _on_host(function: Callable[..., Any], *arrays: Any) -> Any:
    """Call a function on arrays of the host, and wait for its own."""
    require_x64()  # of this thread too
    return jax.tree.map(np.asarray, function(*map(jnp.asarray, arrays)))


def _at(problem: Problem, m_X: Array, decays: Callable[..., Any] = _decays) -> Mass:
    """Everything that some masses have."""
    sm, model = problem.sm, problem.model
    rates = tuple(_production(sm, model, one, m_X) for one in problem.treatments)
    return _masses(sm, problem.searches, problem.window, m_X, decays(sm, model, m_X), rates)


def compiled(problem: Problem) -> None:
    """Compile every kernel, some at the same time; where they are compiled it costs one chunk."""
    sm, model = problem.sm, problem.model
    m_X = jnp.full(CHUNK, sm.m_mu)
    with ThreadPoolExecutor(WORKERS) as pool:
        decays = pool.submit(_decays, sm, model, m_X)
        rates = tuple(pool.submit(_production, sm, model, one, m_X) for one in problem.treatments)
        pool.submit(_decays_alone, sm, model, m_X)
        known = decays.result(), tuple(one.result() for one in rates)
        masses = _masses(sm, problem.searches, problem.window, m_X, *known)
        pool.submit(_columns, masses)
        pool.submit(_some, masses, jnp.zeros((CHUNK, 2), dtype=int))


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
    lines = np.repeat(cells.line[:, None], 2, axis=1)  # a pair of lines, as below: one compilation

    def levels(m_X: FloatArray) -> FloatArray:
        found = _some_at(problem, m_X, lines)
        return np.asarray(found.levels)[np.arange(len(m_X)), 0, cells.event]

    return _solved(levels, columns, cells.node)


def crossing_masses(problem: Problem, columns: Columns, pairs: Pairs) -> FloatArray:
    """Solve for the mass at which two edges cross."""

    def distance(m_X: FloatArray) -> FloatArray:
        found = _some_at(problem, m_X, pairs.lines)
        one, other = np.take_along_axis(np.asarray(found.value), pairs.sources[:, :, None], axis=2)[:, :, 0].T
        return np.asarray(one - other)

    return _solved(distance, columns, pairs.node)


def _some_at(problem: Problem, m_X: FloatArray, lines: IntArray) -> Edges:
    """Edges of two lines at every mass, (m_X, 2)."""
    return _in_chunks(lambda m, lines: _some(_at(problem, m, _decays_alone), lines), m_X, lines)


def _solved(values: Callable[[FloatArray], FloatArray], columns: Columns, node: IntArray) -> FloatArray:
    """Roots between a node and the next one.

    Next to the end of a segment, rates may vanish: there ln r is a smooth function of the logarithm of the
    distance from it, and the root is sought in that.
    """
    if not len(node):
        return np.zeros(0)
    left, right = columns.m_X[node], columns.m_X[node + 1]
    edge = np.diff(columns.segment, prepend=-1, append=-1) != 0
    starts, ends = edge[node], edge[node + 2]
    near, step = starts | ends, right - left

    def mass(x: FloatArray) -> FloatArray:
        return np.where(starts, left + step * np.exp(x), np.where(ends, right - step * np.exp(x), x))

    def resolution(a: FloatArray, b: FloatArray) -> FloatArray:
        ulps = ULPS * np.spacing(left)
        return np.where(near, ulps / (step * np.exp(np.maximum(a, b))), ulps)

    low, high = np.where(near, NEAREST, left), np.where(near, 0.0, right)
    return mass(roots_of_all(lambda x: values(mass(x)), low, high, resolution))
