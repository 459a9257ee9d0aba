r"""A limit on mass and lifetime, between the points of its table: where its exclusion begins and ends.

With v = ln(tau/ps) and u = ln g_X = (L - v)/2, L the v of g_X = 1, at one mass

.. math:: F(v) = C - v + \ln\Bigl[\frac{B'}{UL_{last}} + \frac{1-B'}{UL(v)}\Bigr],\qquad C = N + L,

N = ln(BR B_F) at g_X = 1; B' is the branching ratio to neutrinos for an invisible search, else 0.  Between
two lifetimes of the table ln UL is linear in ln(tau + tau_0), so that F falls, or falls and rises again; at a
lifetime of the table it may jump.  A *part* of the lifetimes is one falling, or one rising, piece: it has
one root at most.  Host arrays only: N, L and B are what needs compiled physics, and change with mass alone.
"""

from dataclasses import dataclass

import numpy as np

from jaxtri.limits.searches import SearchSet
from jaxtri.numerics.arrays import BoolArray, FloatArray, IntArray
from jaxtri.numerics.interpolation import CONSTANT, SATURATING
from jaxtri.numerics.roots import roots_of_all

CONTINUOUS = 1e-9  # of F: values on either side of a lifetime that are one
SATURATED = float(np.log(-np.expm1(-1.0)))  # ln of a saturating limit's number at its last lifetime
FARTHEST = 600.0  # of v above the last lifetime


@dataclass(frozen=True)
class SearchRates:
    """What a search needs of masses, and its change along ln m_X; each (2, node): value and change."""

    m_X: FloatArray  # (node,) [GeV]
    log_norm: FloatArray  # N
    log_tau_ps: FloatArray  # L
    neutrinos: FloatArray  # B
    ends: FloatArray  # (2, node) lowest and highest ln g_X

    def take(self, index: IntArray | slice) -> "SearchRates":
        """Those of some masses."""
        some = (one[:, index] for one in (self.log_norm, self.log_tau_ps, self.neutrinos, self.ends))
        return SearchRates(self.m_X[index], *some)


@dataclass(frozen=True)
class Parts:
    """Falling and rising pieces in lifetime at every node, (node, part), two between neighbouring lifetimes.

    Parts ascend in v.  Part 2k falls and 2k+1 rises, between lifetime k-1 and k of the table.
    """

    start: FloatArray  # v where it begins
    stop: FloatArray  # v where it ends; equal to start where there is none
    at_start: FloatArray  # F there
    at_stop: FloatArray


class LifetimeTable:
    """The limits of one search, on the host."""

    def __init__(self, searches: SearchSet, position: int) -> None:
        assert searches.curves is not None
        curves = searches.curves
        last = int(curves.last[position])
        self.is_invisible = bool(searches.is_invisible[position])
        known = np.asarray(curves.known[position])[:, : last + 1]
        rows = np.flatnonzero(known.any(axis=1))
        self._x = np.asarray(curves.x[position])[: rows[-1] + 2]
        self._y = np.asarray(curves.y[position])[: rows[-1] + 2, : last + 1]
        self._known = known[: rows[-1] + 1]
        self._u, self._shift = np.asarray(curves.u[position])[: last + 1], float(curves.shift[position])
        self._below, self._above = int(curves.below[position]), int(curves.above[position])
        with np.errstate(divide="ignore"):
            tau = np.exp(self._u) - self._shift
            self.v = np.log(np.where(tau < 1e-12 * self._shift, 0.0, tau)) if self._shift else self._u

    @property
    def masses(self) -> FloatArray:
        """Masses of the table [GeV], at which a limit bends, begins or ends."""
        return self._x

    def cells(self, low: FloatArray, high: FloatArray) -> IntArray:
        """Return the step of the table in which each range of masses lies; -1 where nothing is known."""
        i = np.searchsorted(self._x, (low + high) / 2) - 1
        inside = (i >= 0) & (i < len(self._known))
        known = self._known[np.where(inside, i, 0)]
        somewhere = (known[:, 0] & (self._below == CONSTANT)) | known[:, -1]
        somewhere |= (known[:, 1:] & known[:, :-1]).any(axis=1)
        return np.where(inside & somewhere, i, -1)

    def _seen(self, cell: IntArray) -> BoolArray:
        """Whether the table holds for decays between neighbouring lifetimes, below and above, (node, T+1)."""
        known = self._known[cell]
        below = known[:, :1] & (self._below == CONSTANT)
        above = known[:, -1:] & (self._above in (CONSTANT, SATURATING))
        return np.concatenate([below, known[:, 1:] & known[:, :-1], above], axis=1)

    def _log_limit(self, m_X: FloatArray, cell: IntArray, k: IntArray) -> tuple[FloatArray, FloatArray]:
        """Ln of the limit at lifetime k of the table, and its change along ln m_X."""
        low, high = self._x[cell], self._x[cell + 1]
        before, after = self._y[cell, k], self._y[cell + 1, k]
        w = (m_X - low) / (high - low)
        return (1 - w) * before + w * after, m_X * (after - before) / (high - low)

    def _line(self, m_X: FloatArray, cell: IntArray, gap: IntArray, v: FloatArray) -> tuple[FloatArray, ...]:
        """Ln of the limit between lifetimes gap-1 and gap; its change along ln m_X and along v."""
        T = len(self._u)
        left, right = np.clip(gap - 1, 0, T - 1), np.clip(gap, 0, T - 1)
        a, a_m = self._log_limit(m_X, cell, left)
        b, b_m = self._log_limit(m_X, cell, right)
        u, u_v = v, np.ones_like(v)
        if self._shift:
            u = np.logaddexp(np.where(np.isfinite(v), v, -FARTHEST), np.log(self._shift))
            u_v = np.exp(v - u)
        width = self._u[right] - self._u[left]
        inside = width > 0
        w = np.where(inside, u - self._u[left], 0.0) / np.where(inside, width, 1.0)
        y, y_m = (1 - w) * a + w * b, (1 - w) * a_m + w * b_m
        y_v = np.where(inside, (b - a) / np.where(inside, width, 1.0) * u_v, 0.0)
        beyond = (gap == T) & (self._above == SATURATING)
        x = np.where(beyond, np.exp(-np.clip(u - self._u[-1], 0.0, FARTHEST)), 1.0)
        y = y + np.where(beyond, SATURATED - np.log(-np.expm1(-x)), 0.0)
        return y, y_m, np.where(beyond, x / np.expm1(x), y_v)

    def F(self, rates: SearchRates, cell: IntArray, gap: IntArray, v: FloatArray) -> tuple[FloatArray, ...]:
        """F at lifetimes between gap-1 and gap; and its derivatives along ln m_X and u at fixed m_X or u."""
        y, y_m, y_v = self._line(rates.m_X, cell, gap, v)
        seen = self._seen(cell)[np.arange(len(cell)), gap]
        L_m = rates.log_tau_ps[1]
        with np.errstate(divide="ignore", invalid="ignore"):
            h, h_m, h_v = np.where(seen, -y, -np.inf), -y_m, -y_v
            if self.is_invisible:
                B, B_m = rates.neutrinos
                last, last_m = self._log_limit(rates.m_X, cell, np.full(len(cell), len(self._u) - 1))
                unseen = np.where(self._known[cell, -1], np.log(B) - last, -np.inf)
                decayed = np.log1p(-B) + h
                h = np.logaddexp(unseen, decayed)
                p, q = np.exp(unseen - h), np.exp(decayed - h)
                p_m, q_m = np.where(B > 0, B_m / B, 0.0) - last_m, np.where(B < 1, -B_m / (1 - B), 0.0) - y_m
                h_m, h_v = np.where(p > 0, p * p_m, 0.0) + np.where(q > 0, q * q_m, 0.0), -q * y_v
            value = rates.log_norm[0] + rates.log_tau_ps[0] - v + h
        along_m = rates.log_norm[1] + h_m + h_v * L_m
        return np.where(np.isnan(value), -np.inf, value), along_m, 2 - 2 * h_v

    def _turning(
        self, rates: SearchRates, cell: IntArray, gap: IntArray, low: FloatArray, high: FloatArray
    ) -> FloatArray:
        """Lifetime v at which F, having fallen, rises again (it is convex); `high` where it does not."""
        turn = high.copy()
        if not (self.is_invisible or self._shift):
            return turn
        falls, rises = (self.F(rates, cell, gap, v)[2] for v in (low, high))
        some = np.flatnonzero((falls > 0) & (rises < 0) & (high > low))
        own, at, where = rates.take(some), cell[some], gap[some]
        turn[some] = roots_of_all(lambda v: self.F(own, at, where, v)[2], low[some], high[some])
        return turn

    def parts(self, rates: SearchRates, cell: IntArray) -> Parts:
        """Return the parts at every node, within the couplings that are looked at."""
        nodes, T = len(rates.m_X), len(self.v)
        first, last = (
            rates.log_tau_ps[0] - 2 * end for end in rates.ends[::-1]
        )  # the highest coupling first
        knots = np.clip(self.v[None, :], first[:, None], last[:, None])
        stops = np.concatenate([first[:, None], knots, last[:, None]], axis=1)
        node, gap = (one.ravel() for one in np.indices((nodes, T + 1)))
        own, at = rates.take(node), cell[node]
        low, high = stops[:, :-1].ravel(), stops[:, 1:].ravel()
        turn = self._turning(own, at, gap, low, high)
        values = [self.F(own, at, gap, v)[0].reshape(nodes, T + 1) for v in (low, high)]
        values.insert(1, values[1].copy())
        if np.any(turn < high):
            values[1] = self.F(own, at, gap, turn)[0].reshape(nodes, T + 1)
        before, after = values[2][:, :-1], values[0][:, 1:]
        with np.errstate(invalid="ignore"):
            one = np.isfinite(before) & (np.abs(before - after) <= CONTINUOUS * (1 + np.abs(before)))
        values[0][:, 1:] = np.where(one, before, after)
        values[1] = np.where((turn == low).reshape(nodes, -1), values[0], values[1])
        values[1] = np.where((turn == high).reshape(nodes, -1), values[2], values[1])

        def paired(first: FloatArray, second: FloatArray) -> FloatArray:
            return np.stack([first.reshape(nodes, -1), second.reshape(nodes, -1)], axis=2).reshape(nodes, -1)

        return Parts(paired(low, turn), paired(turn, high), paired(values[0], values[1]), paired(*values[1:]))

    def roots(
        self, rates: SearchRates, cell: IntArray, part: IntArray, ends: tuple[FloatArray, FloatArray]
    ) -> FloatArray:
        """Return v of the root in a part, one a node; the ends have different signs."""
        if not len(part):
            return np.zeros(0)
        return roots_of_all(lambda v: self.F(rates, cell, part // 2, v)[0], *ends)
