r"""The published limit of a search beside the limit that is compared with, at every point of its table.

Places are the masses and lifetimes of the table and the middles between them.  At a point of the table the
limit is the published one; half way between, in m_X and in u = ln(tau + tau_0), a bilinear ln(limit) is

.. math:: \ln\mathrm{UL} = \tfrac12 (y_a + y_b) \quad\text{or}\quad \tfrac14 (y_a + y_b + y_c + y_d),

the mean of the corners around it, and there is none where a corner has none or a hole lies between.
"""

from collections.abc import Iterator
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxtri.errors import InputError
from jaxtri.limits.limit_curves import LimitCurve
from jaxtri.limits.search_tables import chosen_tables, curves_of
from jaxtri.limits.searches import SearchSet, search_set
from jaxtri.limits.validation_record import AtLifetime, Validation
from jaxtri.numerics.arrays import BoolArray, FloatArray
from jaxtri.numerics.interpolation import row_at, value_at
from jaxtri.numerics.jax_settings import require_x64
from jaxtri.numerics.kernels import kernel
from jaxtri.tables.reader import FOLDER, locate, read
from jaxtri.tables.schema import SearchTable

NEWEST = ("2026", "corrected", "printed", "binned")  # of a search in several sets, the one that is looked at
JUMP = 1e-12  # relative: masses this close are those at which a limit jumps, no hole
BEYOND = np.log(2.0)  # of u: how far below the first and above the last lifetime one looks


def validate(search: str | Path, *, set_name: str | None = None) -> Validation:
    """Compare the limit that a search publishes with the limit that scans compare with.

    Parameters
    ----------
    search
        Name of a shipped search, or a file (TOML) of one's own.
    set_name
        ``"printed"``, ``"corrected"``, ``"2026"`` or ``"binned"``; by default the newest that holds it.

    Returns
    -------
    Validation
        Largest residuals of ln(limit) at the points of the table and half way between, what is masked, and
        the limits themselves.  Of a search for an X that is not seen, the limits on one that decays visibly.

    Raises
    ------
    InputError
        If there is no such search, it is not in the set, or its table cannot be read.
    StorageError
        If the file cannot be read.
    """
    require_x64()
    path = locate("searches", search)
    name, own = path.stem, None if path.parent == FOLDER / "searches" else [path]
    sets = read(path, SearchTable).sets
    set_name = set_name or next(one for one in NEWEST if one in sets)
    mode, *both = chosen_tables(set_name, files=own)
    tables = both[0] | both[1]
    if name not in tables:
        raise InputError(f'validate: {name} is not in the set "{set_name}"; it is in {", ".join(sets)}')
    table = tables[name]
    curve = curves_of({name: table}, own, mode).get(name)
    engine = search_set(set_name, mode, {name: table}, {} if curve is None else {name: curve})
    return _of_number(engine, table) if curve is None else _of_curve(engine, table, curve)


def _of_number(engine: SearchSet, table: SearchTable) -> Validation:
    """One number at every mass: nothing is interpolated."""
    (label,), window, vetoes = engine.labels, *_masses_of(engine)
    ends = [*window, *(end for veto in vetoes for end in veto if window[0] < end < window[1])]
    m_X = _with_middles(np.unique(ends))
    has_data = _has_data(m_X, table)
    limit = np.where(has_data, float(engine.limit[0]), np.nan)
    residual = abs(float(np.log(engine.limit[0] / label.limit)))
    return Validation(
        search=label.name, set_name=engine.set_name, label=label, kind="number", factor=1.0,
        window=window, vetoes=vetoes,
        holes=(), below="constant", above="constant", places=len(m_X), masked=int(np.sum(~has_data)),
        unused=0, disagreements=0, at_nodes=residual, at_midpoints=residual, beyond=0.0,
        lifetimes=(AtLifetime(None, label.limit, float(m_X[0]), residual, residual),),
        m_X=m_X, tau_ps=np.empty(0), limit=limit[:, None],
    )  # fmt: skip


def _of_curve(engine: SearchSet, table: SearchTable, curve: LimitCurve) -> Validation:
    """A curve: its points, the middles between them, and half the first and twice the last lifetime."""
    (label,), window, vetoes = engine.labels, *_masses_of(engine)
    timed = len(curve.tau_ps) > 0
    m_X, u = _with_middles(curve.m_X), _with_middles(curve.knots)
    outside = np.array([u[0] - BEYOND, u[-1] + BEYOND])
    compared = np.array(_compared(engine.unlabelled(), m_X, np.concatenate([u, outside])))
    expected, beyond = _expected(curve)
    every = np.hstack([expected, beyond])
    every[~_has_data(m_X, table)] = np.nan
    middle = np.arange(1, len(m_X), 2)
    for side in (-1, 1):  # half way between a float and the next, where a limit jumps, is one of them
        same = middle[m_X[middle] == m_X[middle + side]]
        every[same] = every[same + side]
    limit, found = compared[:, : len(u)], np.isfinite(compared)
    gap = np.abs(np.where(found & np.isfinite(every), compared - every, 0.0))
    is_node = np.zeros(gap.shape, dtype=bool)
    is_node[::2, : len(u) : 2] = True
    published = np.isfinite(curve.limit)
    tau_ps = np.exp(u) - curve.offset_ps if timed else np.empty(0)
    tau_ps[::2] = curve.tau_ps
    holes = curve.is_hole & (curve.m_X[1:] > curve.m_X[:-1] * (1 + JUMP))
    low, high = curve.m_X[:-1][holes], curve.m_X[1:][holes]
    return Validation(
        search=label.name, set_name=engine.set_name, label=label,
        kind="mass and lifetime" if timed else "mass", factor=curve.factor, window=window, vetoes=vetoes,
        holes=tuple(zip(low.tolist(), high.tolist(), strict=True)), below=curve.below, above=curve.above,
        places=limit.size, masked=int(np.sum(~found[:, : len(u)])),
        unused=int(np.sum(published & ~found[::2, : len(u) : 2])),
        disagreements=int(np.sum(found != np.isfinite(every))),
        at_nodes=float(gap[is_node].max()), at_midpoints=float(gap[:, : len(u)][~is_node[:, : len(u)]].max()),
        beyond=float(gap[:, len(u) :].max()), lifetimes=tuple(_rows(curve, m_X, limit, gap)), m_X=m_X,
        tau_ps=tau_ps, limit=np.exp(limit),
    )  # fmt: skip


def _rows(curve: LimitCurve, m_X: FloatArray, limit: FloatArray, gap: FloatArray) -> Iterator[AtLifetime]:
    """A search at each lifetime of its table."""
    for k, tau_ps in enumerate(curve.tau_ps.tolist() or [None]):
        here = limit[:, 2 * k]
        best = int(np.nanargmin(here)) if np.isfinite(here).any() else None
        yield AtLifetime(
            tau_ps=tau_ps,
            smallest=None if best is None else float(np.exp(here[best])),
            m_X=None if best is None else float(m_X[best]),
            at_nodes=float(gap[::2, 2 * k].max()),
            at_midpoints=float(gap[1::2, 2 * k].max()),
        )


@kernel()
def _compared(searches: SearchSet, m_X: Array, u: Array) -> Array:
    """Ln of the limit of one search as scans use it, (m_X, u); NaN where there is none."""
    assert searches.curves is not None
    table = jax.tree.map(lambda leaf: leaf[0], searches.curves)

    def at_mass(m: Array) -> Array:
        row = row_at(table, m)
        y, known = jax.vmap(lambda x: value_at(row, x))(u)
        vetoed = jnp.any((searches.veto[0, :, 0] < m) & (m < searches.veto[0, :, 1]))
        inside = (searches.m_X_window[0, 0] <= m) & (m <= searches.m_X_window[0, 1])
        return jnp.where(known & inside & ~vetoed, jnp.log(searches.limit[0]) + y, jnp.nan)

    return jax.vmap(at_mass)(m_X)


def _expected(curve: LimitCurve) -> tuple[FloatArray, FloatArray]:
    """Ln of the published limit at points and middles, and beyond the lifetimes; NaN where there is none."""
    y, steps, cells = curve.log_limit, curve.known, curve.known[:, 1:] & curve.known[:, :-1]
    mean = np.full((2 * len(y) - 1, 2 * y.shape[1] - 1), np.nan)
    mean[::2, ::2] = y
    mean[1::2, ::2] = (y[1:] + y[:-1]) / 2
    mean[::2, 1::2] = (y[:, 1:] + y[:, :-1]) / 2
    mean[1::2, 1::2] = (y[1:, 1:] + y[1:, :-1] + y[:-1, 1:] + y[:-1, :-1]) / 4
    known = _touched(_touched(cells).T).T if cells.size else np.zeros(mean.shape, dtype=bool)
    first, last = _touched(steps[:, :1]), _touched(steps[:, -1:])
    known[:, :1] |= first & (curve.below == "constant")
    known[:, -1:] |= last & (curve.above != "masked")
    rise = np.log((1 - np.exp(-1)) / (1 - np.exp(-0.5))) if curve.above == "decay_scaling" else 0.0
    below = np.where(first & (curve.below == "constant"), mean[:, :1], np.nan)
    above = np.where(last & (curve.above != "masked"), mean[:, -1:] + rise, np.nan)
    return np.where(known, mean, np.nan), np.hstack([below, above])


def _touched(steps: BoolArray) -> BoolArray:
    """Points and middles, along the first axis, that lie in a step with data or at an end of one."""
    found = np.zeros((2 * len(steps) + 1, *steps.shape[1:]), dtype=bool)
    for part in (found[:-1:2], found[1::2], found[2::2]):
        part |= steps
    return found


def _with_middles(points: FloatArray) -> FloatArray:
    """Points and what lies half way between neighbours."""
    found = np.empty(2 * len(points) - 1)
    found[::2], found[1::2] = points, (points[1:] + points[:-1]) / 2
    return found


def _masses_of(engine: SearchSet) -> tuple[tuple[float, float], tuple[tuple[float, float], ...]]:
    """Window and vetoes of one search [GeV]."""
    low, high = np.asarray(engine.m_X_window[0]).tolist()
    return (low, high), tuple((a, b) for a, b in np.asarray(engine.veto[0]).tolist() if np.isfinite(a))


def _has_data(m_X: FloatArray, table: SearchTable) -> BoolArray:
    """Whether masses lie in the window of a search and in no veto of it."""
    found = (m_X >= table.m_X[0]) & (m_X <= table.m_X[1])
    for squared, vetoes in ((True, table.q2_vetoes), (False, table.m_X_vetoes)):
        for low, high in np.sqrt(vetoes or []) if squared else vetoes or []:
            found &= (m_X <= low) | (m_X >= high)
    return found
