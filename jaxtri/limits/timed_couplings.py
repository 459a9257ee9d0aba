r"""A limit that depends on the lifetime, at one mass: every coupling at which its exclusion begins or ends.

With u = ln g_X the limit has a knot wherever tau = tau_1 exp(-2u) is a lifetime of its table.  Between two
knots F(u) is continuous; it is linear, or convex, or rises, so that its sign changes twice at most: where it
is positive at both ends its least value is looked up.  At a knot F may jump, where the table has no limit.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from jax import Array

from jaxtri.limits.excluded_couplings import Ends
from jaxtri.limits.signal import SearchAtMass, log_ratio
from jaxtri.numerics.arrays import FloatArray
from jaxtri.numerics.kernels import kernel

BESIDE = 1e-12  # of |u|, by which a knot is approached from either side
SAME = 1e-11  # intervals that are this near are one
SHAPE = 256  # couplings at a time, so that one compilation serves all


@kernel()
def _at_couplings(search: SearchAtMass, log_g: FloatArray) -> Array:
    """F at several couplings."""
    return log_ratio(search, log_g)


def timed_intervals(search: SearchAtMass, ends: Ends) -> list[tuple[float, float]]:
    """Return all excluded intervals of ln g_X, ascending.

    Parameters
    ----------
    search
        One search at one mass, with a row of limits; values that are known.
    ends
        Lowest and highest ln g_X.
    """
    if not bool(search.is_valid) or search.row is None or search.log_tau_ps is None:
        return []

    def many(u: FloatArray) -> FloatArray:
        padded = np.append(u, np.full(-len(u) % SHAPE, u[-1]))
        parts = [np.asarray(_at_couplings(search, one)) for one in padded.reshape(-1, SHAPE)]
        return np.concatenate(parts)[: len(u)]

    bottom, top = (float(np.asarray(end)) for end in ends)
    stops = [bottom, *_knots(search, bottom, top), top]
    segments = [(a + BESIDE * abs(a), b - BESIDE * abs(b)) for a, b in pairwise(stops) if b - a > SAME]
    values = many(np.array(segments).ravel()).reshape(-1, 2)
    found: list[tuple[float, float]] = []
    for (a, b), (at_a, at_b) in zip(segments, values, strict=True):
        found += _positive(lambda u: float(many(np.array([u]))[0]), (a, b), (at_a, at_b))
    joined = _joined(found)
    if joined and joined[0][0] - bottom < SAME:
        joined[0] = bottom, joined[0][1]
    if joined and top - joined[-1][1] < SAME + 4 * BESIDE * abs(top):
        joined[-1] = joined[-1][0], top
    return joined


def _knots(search: SearchAtMass, bottom: float, top: float) -> list[float]:
    """Couplings at which the lifetime is one of the table, ascending."""
    row = search.row
    assert row is not None
    inside = np.asarray(row.u)[np.asarray(row.u) <= float(row.last_u)]
    shift = float(row.shift)
    tau_ps = np.exp(inside) - shift
    log_tau = np.log(tau_ps[tau_ps > 0])
    knots = (float(np.asarray(search.log_tau_ps)) - log_tau) / 2
    return sorted(float(u) for u in knots if bottom < u < top)


def _positive(
    F: Callable[[float], float], ends: tuple[float, float], values: tuple[float, float]
) -> list[tuple[float, float]]:
    """Where F > 0 between two knots; F is monotonic there, or convex."""
    from scipy.optimize import brentq, minimize_scalar  # slow to import, and only these limits need it

    (a, b), (at_a, at_b) = ends, values
    if at_a > 0 and at_b > 0:
        least = minimize_scalar(F, bounds=ends, method="bounded", options={"xatol": 1e-9})
        if least.fun > 0:
            return [ends]
        return [(a, brentq(F, a, least.x, xtol=1e-15)), (brentq(F, least.x, b, xtol=1e-15), b)]
    if at_a > 0:
        return [(a, brentq(F, a, b, xtol=1e-15) if np.isfinite(at_b) else b)]
    if at_b > 0:
        return [(brentq(F, a, b, xtol=1e-15) if np.isfinite(at_a) else a, b)]
    return []


def _joined(found: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Intervals on either side of a knot are one."""
    joined: list[tuple[float, float]] = []
    for low, high in found:
        if joined and low - joined[-1][1] < SAME + 4 * BESIDE * abs(low):
            low = joined.pop()[0]
        joined.append((low, high))
    return joined
