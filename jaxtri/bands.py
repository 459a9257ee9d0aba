"""Uncertainty of boundaries: what the errors of the inputs do to ln g_X, linearly and by Monte Carlo.

Errors are those of the tables, the larger side where they are lopsided; inputs without an error in the
tables do not contribute.  The tables know no correlations: inputs count as independent.
"""

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxtri.curves import BoolArray, Curve, FloatArray, IntArray
from jaxtri.edges import NONE, Ends, edges
from jaxtri.gauge_model import GaugeModel
from jaxtri.numerics.roots import implicit_root
from jaxtri.physics.decay_in_flight import turning_points
from jaxtri.search import SearchRow, SearchSet, log_ratio, row
from jaxtri.spec import Spec
from jaxtri.standard_model import TABLES, StandardModel, input_table, input_values
from jaxtri.treatment import Treatment

STEEP = 30.0  # |d ln g_X / d ln m_X| beyond which a curve is a wall: it moves in mass, not in g_X
MOST_POINTS = 64  # vertices of a curve at which its band is computed; linear from one to the next
LEADING = 3  # contributions that are named
DECADE = 10.0  # mass ranges in which they are named


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
    ]  # m_X range; input, sigma of ln g_X

    def along(self, curve: Curve) -> FloatArray:
        """1 sigma of ln g_X at every vertex of the curve; NaN on a wall."""
        if not len(self.vertices):
            return np.full(len(curve.m_X), np.nan)
        every = np.interp(np.arange(len(curve.m_X)), self.vertices, self.sigma)
        return np.where(_is_wall(curve), np.nan, every)


def _is_wall(curve: Curve) -> BoolArray:
    return ~(np.abs(curve.slope) <= STEEP)


def input_errors(sm: StandardModel) -> dict[str, Any]:
    """Return 1 sigma of every input by name, 0 where the tables have none or the user replaced the value."""
    used = input_values(sm)
    errors = {}
    for table in TABLES:
        for name, entry in input_table(table).items():
            error = 0.0 if entry.error is None or used[name] != entry.value else np.max(entry.error)
            errors[name] = np.full(np.shape(entry.value), error)
    return errors


def with_inputs(sm: StandardModel, values: Mapping[str, Any]) -> StandardModel:
    """Return the record with inputs replaced by name, in whatever record they are."""

    def pick(record: Any) -> dict[str, Any]:
        return {name: value for name, value in values.items() if name in type(record).__dataclass_fields__}

    form_factors = replace(sm.form_factors, **pick(sm.form_factors))
    hadrons = replace(sm.hadrons, **pick(sm.hadrons))
    return replace(sm, **(pick(sm) | {"form_factors": form_factors, "hadrons": hadrons}))


class _Setting(NamedTuple):
    """What a row is computed from, besides the treatment and the inputs that vary."""

    sm: StandardModel
    model: GaugeModel
    searches: SearchSet
    search: Array  # position

    @classmethod
    def of(cls, spec: Spec, search: str) -> "_Setting":
        names = [label.name for label in spec.searches.labels]
        return cls(spec.sm, spec.model, spec.searches, jnp.asarray(names.index(search)))

    def row(self, values: Mapping[str, Any], treatment: Treatment, m_X: Array) -> SearchRow:
        rows = row(with_inputs(self.sm, values), self.model, treatment, self.searches, m_X).searches
        return jax.tree.map(lambda x: x[self.search], rows)


@functools.partial(jax.jit, static_argnames="treatment")
def _sensitivities(
    values: Mapping[str, Any], setting: _Setting, treatment: Treatment, m_X: Array, log_g: Array
) -> Any:
    """Derivative of ln g_X with respect to every input at every vertex, by name."""

    def one(m_X: Array, log_g: Array) -> Any:
        def root(values: Mapping[str, Any]) -> Array:
            here = setting.row(values, treatment, m_X)
            return implicit_root(lambda u: log_ratio(here, u), log_g)

        return jax.grad(root)(values)

    return jax.vmap(one)(m_X, log_g)


def sensitivities(spec: Spec, treatment: Treatment, curve: Curve) -> dict[str, FloatArray]:
    """Return d ln g_X / d input at every vertex of a curve, by name.

    Parameters
    ----------
    spec, treatment
        A scan and one of its treatments.
    curve
        Boundary of one search.
    """
    values = {name: jnp.asarray(value) for name, value in input_values(spec.sm).items()}
    setting = _Setting.of(spec, curve.search)
    found = _sensitivities(values, setting, treatment, jnp.asarray(curve.m_X), jnp.log(curve.g_X))
    return {name: np.asarray(value) for name, value in found.items()}


def band(spec: Spec, treatment: Treatment, curve: Curve) -> Band:
    """Propagate the inputs' errors linearly to a curve, but for its walls.

    Parameters
    ----------
    spec, treatment
        A scan and one of its treatments.
    curve
        Boundary of one search.
    """
    return next(bands(spec, treatment, [curve]))


def bands(spec: Spec, treatment: Treatment, curves: Iterable[Curve]) -> Iterator[Band]:
    """Yield the `band` of every curve; the tables of errors are read once."""
    errors = input_errors(spec.sm)
    for curve in curves:
        yield _propagated(spec, treatment, curve, errors)


def _propagated(spec: Spec, treatment: Treatment, curve: Curve, errors: Mapping[str, Any]) -> Band:
    vertices, some = _thinned(curve)
    parts = {}
    for name, slope in sensitivities(spec, treatment, some).items():
        squares = (slope * errors[name]) ** 2
        parts[name] = np.sqrt(squares.reshape(len(vertices), np.size(errors[name])).sum(axis=1))
    total = np.sqrt(sum((part**2 for part in parts.values()), np.zeros(len(some.m_X))))
    return Band(
        search=curve.search,
        vertices=vertices,
        m_X=some.m_X,
        g_X=some.g_X,
        sigma=total,
        leading=_leading(some.m_X, parts),
    )


def _thinned(curve: Curve) -> tuple[IntArray, Curve]:
    """Vertices off the walls, always MOST_POINTS of them, repeated if there are fewer: one compilation."""
    flat = np.flatnonzero(~_is_wall(curve))
    kept = flat[np.linspace(0, len(flat) - 1, MOST_POINTS).astype(int)] if len(flat) else flat
    return kept, replace(
        curve, **{name: getattr(curve, name)[kept] for name in ("m_X", "g_X", "slope", "residual")}
    )


def _leading(
    m_X: FloatArray, parts: Mapping[str, FloatArray]
) -> tuple[tuple[float, float, tuple[tuple[str, float], ...]], ...]:
    """Leading contributions in every decade of mass: root mean square over its vertices."""
    decade = np.floor(np.log10(m_X) / np.log10(DECADE))
    found = []
    for one in np.unique(decade):
        inside = decade == one
        size = {name: float(np.sqrt(np.mean(part[inside] ** 2))) for name, part in parts.items()}
        first = sorted(size, key=lambda name: -size[name])[:LEADING]
        low, high = float(m_X[inside].min()), float(m_X[inside].max())
        found.append((low, high, tuple((name, size[name]) for name in first if size[name] > 0)))
    return tuple(found)


@functools.partial(jax.jit, static_argnames="treatment")
def _drawn(
    values: Mapping[str, Any], setting: _Setting, treatment: Treatment, m_X: Array, ends: Ends
) -> Array:
    """The root of F nearest to a boundary, between two couplings, for every draw of the inputs."""

    def one(values: Mapping[str, Any]) -> Array:
        here = setting.row(values, treatment, m_X)
        found = edges(here, turning_points(here.neutrinos), ends)
        sources = jnp.stack([found.lower, found.upper])
        inner = (sources > 0) & (sources < len(found.value) - 1)
        return jnp.where(inner.any(), found.value[jnp.max(jnp.where(inner, sources, NONE))], jnp.nan)

    return jax.vmap(one)(values)


def monte_carlo(
    spec: Spec, treatment: Treatment, search: str, m_X: float, g_X: float, *, draws: int = 1000, seed: int = 0
) -> FloatArray:
    """Return ln g_X of one boundary point for random inputs, normally distributed about their values.

    Parameters
    ----------
    spec, treatment
        A scan and one of its treatments.
    search
        Name of a search.
    m_X, g_X
        A point of its boundary; draws move the coupling by a factor of e at most.
    draws
        How many.
    seed
        Of the random numbers.
    """
    random = np.random.default_rng(seed)
    errors = input_errors(spec.sm)
    values = {
        name: jnp.asarray(value + errors[name] * random.normal(size=(draws, *np.shape(value))))
        for name, value in ((name, np.asarray(value)) for name, value in input_values(spec.sm).items())
    }
    centre = float(np.log(g_X))
    ends = Ends(centre - 1.0, centre + 1.0)
    setting = _Setting.of(spec, search)
    return np.asarray(_drawn(values, setting, treatment, jnp.asarray(float(m_X)), ends))
