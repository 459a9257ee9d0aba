"""The (m_X, g_X) grid: two nested vmaps over scalar physics, and the only room that compiles it.

The plane is computed a block of mass columns at a time.  What depends on m_X alone, the triangle sum,
every rate at g_X = 1 and the decays of X, is computed once a mass in float64 (`mass_axis`); a cell
adds 2 ln g_X and the decay in flight, in the precision of the fields (`cells`).  The kernels
are compiled separately: only production depends on the treatment, everything else serves all.
"""

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax import Array

from jaxtri.channels import CHANNEL_NAMES, production_vector
from jaxtri.fields import (
    BLOCK,
    CELL_FIELDS,
    EXCLUDED,
    FIELDS,
    LABELLED,
    NO_SEARCH,
    STATUS,
    Fields,
    Scan,
)
from jaxtri.gauge_model import GaugeModel
from jaxtri.numerics.precision import require_x64
from jaxtri.physics.x_decays import unit_decays
from jaxtri.physics.z_decays import mass_basis_sum
from jaxtri.provenance import header
from jaxtri.search import Row, SearchSet, join_row, log_ratio
from jaxtri.spec import Spec, load_spec
from jaxtri.standard_model import StandardModel
from jaxtri.treatment import Treatment

LN10 = float(np.log(10.0))


@dataclass(frozen=True, kw_only=True)
class MassAxis:
    """All that a scan needs of every mass: a `Row` with a leading mass axis, and the triangle sum."""

    rows: Row
    triangle_sum: Array


@jax.jit
def _decays(sm: StandardModel, model: GaugeModel, m_X: Array) -> tuple[Array, Array]:
    """Branching ratios and width of X at every mass."""
    return jax.vmap(lambda mass: unit_decays(sm, model, mass))(m_X)


@functools.partial(jax.jit, static_argnames="treatment")
def _production(sm: StandardModel, model: GaugeModel, treatment: Treatment, m_X: Array) -> Array:
    """Branching ratios of every channel at g_X = 1, at every mass."""
    return jax.vmap(lambda mass: production_vector(sm, model, treatment, mass))(m_X)


@jax.jit
def _triangle_sums(sm: StandardModel, model: GaugeModel, m_X: Array) -> Array:
    """Triangle sum of Z -> gamma X at every mass."""
    return jax.vmap(lambda mass: mass_basis_sum(sm, model, mass))(m_X)


@jax.jit
def _rows(
    sm: StandardModel, searches: SearchSet, m_X: Array, production: Array, decays: tuple[Array, Array]
) -> Row:
    """Join production and decays with every search, at every mass."""
    return jax.vmap(lambda *point: join_row(sm, searches, *point))(m_X, production, decays)


def mass_axis(
    sm: StandardModel, model: GaugeModel, treatment: Treatment, searches: SearchSet, m_X: npt.ArrayLike
) -> MassAxis:
    """Compute everything that does not depend on g_X, in float64.

    Parameters
    ----------
    sm, model, treatment, searches
        The records.
    m_X
        Masses [GeV], (m_X,).

    Raises
    ------
    InputError
        If 64-bit floats are off.
    """
    require_x64()
    masses = jnp.asarray(m_X, dtype=float)
    production = _production(sm, model, treatment, masses)
    rows = _rows(sm, searches, masses, production, _decays(sm, model, masses))
    return MassAxis(rows=rows, triangle_sum=_triangle_sums(sm, model, masses))


def cells(rows: Row, in_domain: Array, log_g: Array, buffers: dict[str, Array]) -> dict[str, Array]:
    """Compute a block of cells.

    Two kernels: the compiler would otherwise evaluate every ratio once for the stored array and once
    more for each reduction over searches (measured: 2.5 times slower).

    Parameters
    ----------
    rows
        Rows of a block, with a leading mass axis; their dtype is that of the fields.
    in_domain
        Whether a mass is where the formulas hold, (m_X,).
    log_g
        ln g_X, (g_X,), of the same dtype.
    buffers
        The arrays of an earlier block of the same shape, overwritten; see `cell_buffers`.

    Returns
    -------
    dict
        The fields of `CELL_FIELDS`: labels first, then m_X, then g_X.
    """
    labelled = {name: buffers[name] for name in LABELLED}
    planes = _labelled_planes(rows, log_g, labelled)
    rest = {name: buffer for name, buffer in buffers.items() if name not in LABELLED}
    return planes | _verdict(rows, in_domain, log_g, planes["log10_ratio"], rest)


@functools.partial(jax.jit, donate_argnames="buffers", keep_unused=True)
def _labelled_planes(rows: Row, log_g: Array, buffers: dict[str, Array]) -> dict[str, Array]:
    """Ratios (search, m_X, g_X) and branching ratios (channel, m_X, g_X); the label axis is mapped last."""
    by_label = jax.tree.map(lambda x: x.T, (rows.searches, rows.log_br))
    return {
        "log10_ratio": jax.vmap(lambda one: _over_plane(log_ratio, log_g, one))(by_label[0]) / LN10,
        "log10_br": jax.vmap(lambda one: _over_plane(_scaled, log_g, one))(by_label[1]) / LN10,
    }


def _scaled(log_br: Array, log_g: Array) -> Array:
    """Ln BR at g_X from that at g_X = 1."""
    return log_br + 2 * log_g


@functools.partial(jax.jit, donate_argnames="buffers", keep_unused=True)
def _verdict(
    rows: Row, in_domain: Array, log_g: Array, log10_ratio: Array, buffers: dict[str, Array]
) -> dict[str, Array]:
    """Reduce over searches, and everything else that one point has."""
    best = jnp.full(log10_ratio.shape[1:], -jnp.inf, dtype=log10_ratio.dtype)
    leading = jnp.full(best.shape, NO_SEARCH, dtype=int)
    for position, ratio in enumerate(log10_ratio):  # a running maximum: 10 times faster than a reduction
        leading = jnp.where(ratio > best, position, leading)
        best = jnp.maximum(best, ratio)
    column = rows.mass, rows.width, rows.lifetime, in_domain
    return _over_plane(_cell, log_g, column, best) | {"leading": leading.astype(jnp.uint8)}


def _over_plane(function: Callable[..., Any], log_g: Array, column: Any, *planes: Array) -> Any:
    """Map a function of one point over the plane: over masses outside, over couplings inside."""
    return jax.vmap(lambda one, *rest: jax.vmap(lambda *point: function(one, *point))(log_g, *rest))(
        column, *planes
    )


def _cell(column: tuple[Array, Array, Array, Array], log_g: Array, best: Array) -> dict[str, Array]:
    """Width, lifetime and verdict at one point, from those of its column at g_X = 1."""
    mass, unit_width, unit_lifetime, in_domain = column
    g2 = jnp.exp(2 * log_g)
    width = unit_width * g2
    finite = jnp.isfinite(width) & ~jnp.isnan(best)
    ok = in_domain & (width < mass) & finite
    status = jnp.where(finite, jnp.where(ok, STATUS["ok"], STATUS["out_of_domain"]), STATUS["non_finite"])
    return {
        "width": width,
        "lifetime": unit_lifetime / g2,
        "excluded": jnp.where(ok, best > 0, EXCLUDED["no_statement"]).astype(jnp.uint8),
        "status": status.astype(jnp.uint8),
    }


def cell_buffers(searches: SearchSet, masses: int, couplings: int, dtype: str) -> dict[str, Array]:
    """Return arrays for `cells` to write into."""
    sizes = {"channel": len(CHANNEL_NAMES), "search": len(searches.labels), "m_X": masses, "g_X": couplings}
    return {
        name: jax.device_put(np.empty([sizes[dim] for dim in FIELDS[name].dims], FIELDS[name].dtype or dtype))
        for name in CELL_FIELDS
    }


def mass_fields(axis: MassAxis) -> Fields:
    """The stored arrays that do not depend on g_X."""
    return {
        "x_br": np.asarray(axis.rows.x_br).T,
        "triangle_sum_re": np.asarray(axis.triangle_sum).real,
        "triangle_sum_im": np.asarray(axis.triangle_sum).imag,
        "valid": np.asarray(axis.rows.searches.is_valid).T.astype(np.uint8),
    }


def blocks(spec: Spec, axis: MassAxis) -> Iterator[tuple[slice, Fields]]:
    """Compute the plane a block of masses at a time, one block ahead of the reader.

    Two sets of buffers take turns: let go of a block's arrays before asking for the next one, or they are
    allocated anew.
    The last block repeats its last mass up to the common shape, so that one compilation serves.

    Yields
    ------
    tuple
        Position of the block on the mass axis, and its fields.
    """
    size = min(BLOCK, len(spec.m_X))
    starts = range(0, len(spec.m_X), size)
    index = np.minimum(np.arange(len(starts) * size), len(spec.m_X) - 1)
    rows = _padded(axis.rows, index, dtype=spec.precision)
    in_domain = jnp.asarray(in_validity(spec.sm, spec.m_X)[index])
    log_g = jnp.asarray(np.log(spec.g_X), dtype=spec.precision)
    spare = [cell_buffers(spec.searches, size, len(spec.g_X), spec.precision) for _ in range(2)]
    pending: list[tuple[slice, dict[str, Array]]] = []
    for start in starts:
        where = slice(start, min(start + size, len(spec.m_X)))
        some_rows, some_domain = _block(rows, in_domain, start, size=size)
        pending.append((where, cells(some_rows, some_domain, log_g, spare.pop(0))))
        if len(pending) == 2:
            yield _delivered(*pending[0])
            spare.append(pending.pop(0)[1])
    for block in pending:
        yield _delivered(*block)


@functools.partial(jax.jit, static_argnames="size")
def _block(rows: Row, in_domain: Array, start: int, *, size: int) -> tuple[Row, Array]:
    """Rows of one block."""
    return jax.tree.map(lambda x: jax.lax.dynamic_slice_in_dim(x, start, size), (rows, in_domain))


def _delivered(where: slice, fields: dict[str, Array]) -> tuple[slice, Fields]:
    """Arrays of a finished block on the host, without the padding."""
    length = where.stop - where.start
    axis = {name: FIELDS[name].dims.index("m_X") for name in fields}
    return where, {
        name: np.asarray(array)[(slice(None),) * axis[name] + (slice(length),)]
        for name, array in fields.items()
    }


@functools.partial(jax.jit, static_argnames="dtype")
def _padded(rows: Row, index: Array, *, dtype: str) -> Row:
    """Rows in the precision of the fields, the last mass repeated to fill the last block."""
    return jax.tree.map(
        lambda x: (x.astype(dtype) if jnp.issubdtype(x.dtype, jnp.floating) else x)[index], rows
    )


def in_validity(sm: StandardModel, m_X: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Whether masses are where every formula holds: below twice the top mass."""
    return np.asarray(m_X) < 2 * float(sm.m_t)


def compute(spec: Spec, treatment: Treatment) -> Scan:
    """Compute one treatment of a scan into memory."""
    axis = mass_axis(spec.sm, spec.model, treatment, spec.searches, spec.m_X)
    top = header(spec, treatment)
    sizes = {name: len(values) for name, values in top.axes.items()}
    arrays = mass_fields(axis) | {
        name: np.empty([sizes[dim] for dim in FIELDS[name].dims], dtype=FIELDS[name].dtype or spec.precision)
        for name in CELL_FIELDS
    }
    for where, block in blocks(spec, axis):
        for name, values in block.items():
            before = (slice(None),) * FIELDS[name].dims.index("m_X")
            arrays[name][(*before, where)] = values
    return Scan(header=top, arrays=arrays)


def scan(source: str | Path | Mapping[str, Any] | Spec) -> dict[str, Scan]:
    """Run a scan in memory.

    Parameters
    ----------
    source
        A scan file, its content as nested dictionaries, or a loaded specification.

    Returns
    -------
    dict
        One `Scan` a treatment, by name; ``scan["log10_ratio"]`` and the like are NumPy arrays.

    Raises
    ------
    InputError
        For everything that is wrong with the specification, before anything is computed.
    """
    require_x64()
    spec = source if isinstance(source, Spec) else load_spec(source)
    return {treatment.name: compute(spec, treatment) for treatment in spec.treatments}
