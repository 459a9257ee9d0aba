"""Limit curves as one struct of arrays, for `numerics.interpolation`."""

from collections.abc import Sequence

import numpy as np

from jaxtri.limits.limit_curves import LimitCurve
from jaxtri.numerics.interpolation import CONSTANT, MASKED, SATURATING, Tables, tables_of

CONTINUATIONS = {"masked": MASKED, "constant": CONSTANT, "decay_scaling": SATURATING}
HEAVIEST = 1e3  # GeV; a number holds up to this mass


def curve_arrays(curves: Sequence[LimitCurve | float]) -> Tables:
    """Return limits as tables of ln(limit) over m_X [GeV] and u, one a search.

    Parameters
    ----------
    curves
        Limit curves; a number is a limit that holds at every mass and lifetime.

    Returns
    -------
    Tables
        (search, ...): y is the ln of the limit on the whole signal, the published number over its factor,
        and v = ln(tau/ps) the coordinate that `interpolation.coordinate` takes.
    """
    every = [curve if isinstance(curve, LimitCurve) else _everywhere(curve) for curve in curves]
    return tables_of(
        [(one.m_X, one.knots, one.log_limit, one.known) for one in every],
        below=[CONTINUATIONS[one.below] for one in every],
        above=[CONTINUATIONS[one.above] for one in every],
        shift=[one.offset_ps for one in every],
    )


def _everywhere(limit: float) -> LimitCurve:
    """One number as a curve."""
    return LimitCurve(
        source="", m_X=np.array([0.0, HEAVIEST]), tau_ps=np.empty(0), limit=np.full((2, 1), limit),
        below="constant", above="constant", tau="knot", offset_ps=0.0, factor=1.0, holes=(),
        reference=None, locator=None, confidence=None, spin=None,
    )  # fmt: skip
