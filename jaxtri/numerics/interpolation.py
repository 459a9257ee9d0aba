r"""Tables of y(x, u), bilinear between their points and masked where a cell has not four known corners.

In two steps, because much depends on x alone: `row_at` interpolates a table at one x, `value_at` the row at
one u.  A `Place` stands for a row where rows are too large to be kept for every x.  Below the first u and
above the last one a table goes on as it says: not at all, constant, or as

.. math:: y(u) = y_K + \ln\frac{1 - e^{-1}}{1 - e^{-x}},\qquad x = e^{u_K - u},

the logarithm of a number that saturates, continuous at u_K and rising like u far above it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jaxtri.numerics.arrays import BoolArray, FloatArray

MASKED, CONSTANT, SATURATING = range(3)  # how a table goes on beyond its first or last u
UNROLLED = 8  # lines of a row compared at a time
FARTHEST = 600.0  # of u above the last one: e^-u is still a normal number


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class Tables:
    """Tables over one axis, padded to one shape; without the first axis, one of them."""

    x: Array  # (table, M) strictly increasing
    u: Array  # (table, T) strictly increasing
    y: Array  # (table, M, T), finite: 0 where not known
    known: Array  # (table, M-1, T) whether both ends of a step in x are known
    last: Array  # (table,) position of the last u
    below: Array  # (table,) MASKED or CONSTANT
    above: Array  # (table,) MASKED, CONSTANT or SATURATING
    shift: Array  # (table,) u = ln(exp(v) + shift) of a coordinate v; 0 where u is v


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class Place:
    """Where one x is in one table; or with a first axis in several."""

    step: Array  # between which two points of the table
    share: Array  # of the upper one
    within: Array  # whether it is in the table
    on_point: Array  # whether it is the lower one, and another step ends there


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class Row:
    """A table at one x; or with a first axis several of them."""

    u: Array  # (T,)
    y: Array  # (T,)
    inside: Array  # (T-1,) whether y is known between two neighbouring u
    first_u: Array  # where the row begins, and what it is there
    first_y: Array
    last_u: Array  # where it ends, and what it is there
    last_y: Array
    at_last: Array  # whether the last y is known
    below: Array  # whether it goes on, constant, below the first u
    constant: Array  # whether it goes on, constant, above the last u
    saturating: Array  # whether it saturates above the last u
    shift: Array  # that of the table


def tables_of(
    tables: Sequence[tuple[FloatArray, FloatArray, FloatArray, BoolArray]],
    below: Sequence[int],
    above: Sequence[int],
    shift: Sequence[float],
) -> Tables:
    """Return tables of different sizes as arrays of one shape; the padding is not known.

    Parameters
    ----------
    tables
        x (M,), u (T,), y (M, T), NaN where not known, and known (M-1, T), one quadruple a table.
    below, above
        How each goes on: ``MASKED``, ``CONSTANT`` or, above, ``SATURATING``.
    shift
        What each adds to exp(v): see `coordinate`.
    """
    M = max(2, *(len(x) for x, _, _, _ in tables)) if tables else 2
    T = max(2, *(len(u) for _, u, _, _ in tables)) if tables else 2
    x, u = np.zeros((len(tables), M)), np.zeros((len(tables), T))
    y, known = np.zeros((len(tables), M, T)), np.zeros((len(tables), M - 1, T), dtype=bool)
    for i, (one_x, one_u, one_y, one_known) in enumerate(tables):
        x[i] = np.append(one_x, one_x[-1] + np.arange(1, M - len(one_x) + 1))
        u[i] = np.append(one_u, one_u[-1] + np.arange(1, T - len(one_u) + 1))
        y[i, : len(one_x), : len(one_u)] = np.where(np.isfinite(one_y), one_y, 0.0)
        known[i, : len(one_x) - 1, : len(one_u)] = one_known
    return Tables(
        x=jnp.asarray(x), u=jnp.asarray(u), y=jnp.asarray(y), known=jnp.asarray(known),
        last=jnp.array([len(one[1]) - 1 for one in tables], dtype=int),
        below=jnp.array(below, dtype=int), above=jnp.array(above, dtype=int),
        shift=jnp.array(shift, dtype=float),
    )  # fmt: skip


def row_at(table: Tables, x: ArrayLike) -> Row:
    """Return one table at one x: linear in x between its points.

    Parameters
    ----------
    table
        One table; map over several.
    x
        Where; outside of the table, and in a step that is not known, the row is masked. On a point of the
        table the row is that point's, and known if the table is on either side.
    """
    return row_of(jax.tree.map(lambda leaf: leaf[None], table), 0, place_of(table, x))


def place_of(table: Tables, x: ArrayLike) -> Place:
    """Return where one x is in one table: all that `row_of` needs of it."""
    x = jnp.asarray(x, dtype=table.x.dtype)
    steps = table.x.shape[0] - 1
    within = (x >= table.x[0]) & (x <= table.x[-1])
    i = jnp.clip(jnp.searchsorted(table.x, jax.lax.stop_gradient(x), side="right") - 1, 0, steps - 1)
    low, high = table.x[i], table.x[i + 1]
    share = jnp.where(within, x - low, 0.0) / (high - low)
    return Place(step=i, share=share, within=within, on_point=(x == low) & (i > 0))


def row_of(tables: Tables, position: ArrayLike, place: Place) -> Row:
    """Return one of several tables at one place; only what is used of it is read."""
    i, w = place.step, place.share
    u, last, below, above = (x[position] for x in (tables.u, tables.last, tables.below, tables.above))
    low, high = tables.y[position, i], tables.y[position, i + 1]
    y = (1 - w) * low + w * high
    here, before = tables.known[position, i], tables.known[position, jnp.maximum(i - 1, 0)]
    known = place.within & (here | (place.on_point & before))
    cells = (here[1:] & here[:-1]) | (place.on_point & before[1:] & before[:-1])
    at_last = known[last]
    return Row(
        u=u, y=y, inside=place.within & cells,
        first_u=u[0], first_y=y[0], last_u=u[last], last_y=y[last], at_last=at_last,
        below=known[0] & (below == CONSTANT),
        constant=at_last & (above == CONSTANT),
        saturating=at_last & (above == SATURATING),
        shift=tables.shift[position],
    )  # fmt: skip


def coordinate(row: Row, v: ArrayLike) -> Array:
    """Return u = ln(exp(v) + shift), the coordinate of a row; v itself where there is no shift."""
    v = jnp.asarray(v)
    shifted = row.shift > 0
    log_shift = jnp.log(jnp.where(shifted, row.shift, 1.0))
    held = jnp.where(shifted, jnp.clip(v, -FARTHEST, FARTHEST), log_shift)
    return jnp.where(shifted, jnp.logaddexp(held, log_shift), v)


@jax.jit  # or a loop outside of compiled code is compiled at every call
def value_at(row: Row, u: ArrayLike) -> tuple[Array, Array]:
    """Return a row at one u, and whether it is known there.

    Parameters
    ----------
    row
        One row; map over several.
    u
        Where, `coordinate` of the row; infinite is allowed.

    Returns
    -------
    tuple
        y and a flag. Where the flag is False, y is 0 with zero derivatives.
    """
    u = jnp.asarray(u)
    pieces = _pieces(row)
    held = jnp.clip(u, row.first_u, row.last_u)

    def step(i: int, y: Array) -> Array:
        line = pieces.y[i] + pieces.slope[i] * (held - pieces.start[i])
        return jnp.where(u >= pieces.start[i], line, y)

    # the last line that begins at u or before: all are compared, which vectorises; gathers do not
    y = jax.lax.fori_loop(0, row.u.shape[0], step, pieces.before * jnp.ones_like(u), unroll=UNROLLED)
    is_above = u > row.last_u
    goes_on = row.constant | row.saturating
    y = jnp.where(is_above, jnp.where(goes_on, row.last_y + _saturated(row, u), jnp.nan), y)
    known = ~jnp.isnan(y)
    return jnp.where(known, y, 0.0), known


class _Pieces(NamedTuple):
    """A row as straight lines, each from its start to that of the next; NaN where the row is not known."""

    start: Array  # (T,)
    y: Array  # (T,) at the start
    slope: Array  # (T,)
    before: Array  # y below the first start


def _pieces(row: Row) -> _Pieces:
    """The lines of a row; a piece that is not known begins behind its first point, which is known."""
    ends = row.u == row.last_u
    goes = jnp.append(row.inside, False) & ~ends
    reached = jnp.append(False, row.inside) | row.constant | row.saturating
    known = goes | (ends & row.at_last & reached)
    rise = jnp.append(jnp.diff(row.y) / jnp.diff(row.u), 0.0)
    behind = jnp.nextafter(jax.lax.stop_gradient(row.u), jnp.inf)
    return _Pieces(
        start=jnp.where(known, row.u, behind),
        y=jnp.where(known, row.y, jnp.nan),
        slope=jnp.where(goes, rise, 0.0),
        before=jnp.where(row.below, row.first_y, jnp.nan),
    )


def _saturated(row: Row, u: Array) -> Array:
    """How far a row has risen above its last value; 0 unless it saturates."""
    rises = row.saturating & (u > row.last_u)
    beyond = jnp.where(rises, jnp.minimum(u - row.last_u, FARTHEST), 0.0)
    risen = jnp.log(-jnp.expm1(-jnp.exp(-beyond)))
    return jnp.where(rises, np.log(-np.expm1(-1.0)) - risen, 0.0)
