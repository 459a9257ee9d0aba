"""The mass axis of the boundaries: where it is cut, and where it needs more nodes.  Host arrays only."""

import itertools
from collections.abc import Iterator
from dataclasses import fields

import numpy as np

from jaxtri.boundary.edge_table import END, NONE, SAME, EdgeTable, MassNodes, SignChanges
from jaxtri.boundary.kernels import thresholds_of
from jaxtri.boundary.plane import Plane
from jaxtri.numerics.arrays import BoolArray, FloatArray, IntArray

LEAST = 500  # steps across the window of every search
ENOUGH = 520  # vertices of a search that excludes something, and of an island: some of them coincide
STEP = 0.02  # largest step in ln m_X
BEND = 1e-4  # distance of a curve from its polyline, in ln m_X and ln g_X
CROWD = 4.0 ** -np.arange(1, 7)  # nodes next to a critical mass, in steps: a tip is a square root
TIPS = (1, 2)  # events: ln r vanishes where it turns, and the curve is vertical
TOUCHES = 1e-10  # a level smaller than this at a critical mass vanishes there too
SNAP = 1e-6  # ln g_X: at a critical mass the edges that meet are this close


def start(plane: Plane) -> MassNodes:
    """Return the first nodes: crowded towards both ends of every segment as a cosine."""
    low, high = plane.m_X[0], min(plane.m_X[1], 2 * float(plane.sm.m_t))
    thresholds = thresholds_of(plane)
    window, veto = np.asarray(plane.searches.m_X_window), np.asarray(plane.searches.veto)
    curves = plane.searches.curves  # limits that bend at masses
    bends = np.zeros(0)
    if curves is not None:
        x, known = np.asarray(curves.x), np.asarray(curves.known)[:, :, 0]
        bends = np.concatenate([x[:, :-1][known], x[:, 1:][known]])
    cuts = np.concatenate([window.ravel(), veto.ravel(), bends, [low, high]])
    stops = np.unique(np.concatenate([thresholds, cuts]))
    stops = stops[(low <= stops) & (stops <= high)]
    covered = np.clip(window, low, high)
    steps = np.full(len(stops) - 1, STEP)
    for (first, last), own in zip(covered, np.log(covered[:, 1] / covered[:, 0]) / LEAST, strict=True):
        inside = (stops[:-1] >= first) & (stops[1:] <= last) & (own > 0)
        steps[inside] = np.minimum(steps[inside], own)
    masses: list[FloatArray] = []
    segments: list[IntArray] = []
    for i, (a, b) in enumerate(itertools.pairwise(stops)):
        if b / a - 1 < SAME:
            continue
        first = np.nextafter(a, b) if np.any(np.abs(thresholds / a - 1) < SAME) else a
        last = np.nextafter(b, a) if np.any(np.abs(thresholds / b - 1) < SAME) else b
        count = max(8, int(np.ceil(np.log(b / a) / steps[i])))
        inner = a * (b / a) ** ((1 - np.cos(np.pi * np.arange(1, count) / count)) / 2)
        masses.append(np.concatenate([[first], inner[(first < inner) & (inner < last)], [last]]))
        segments.append(np.full(len(masses[-1]), len(segments)))
    return MassNodes(np.concatenate(masses), np.concatenate(segments))


def _inner(table: EdgeTable) -> BoolArray:
    """Whether a node and the next one are in one segment, (node - 1, 1)."""
    return (np.diff(table.segment) == 0)[:, None]


def changes(table: EdgeTable) -> SignChanges:
    """Return the steps in which the set of edges changes, and the events whose level does."""
    critical = table.critical
    pattern = table.pattern()
    differs = (pattern[1:] != pattern[:-1]) & _inner(table)
    flips = (table.levels[1:] > 0) != (table.levels[:-1] > 0)
    differs &= table.valid[1:] & table.valid[:-1]
    new = differs[:, :, None] & flips & ~critical[1:] & ~critical[:-1]
    found = np.stack(np.nonzero(new), axis=1)
    node, case, event = found.T
    ends = table.levels[node, case, event], table.levels[node + 1, case, event]
    _, first = np.unique(np.column_stack([node, case, *ends]), axis=0, return_index=True)
    return SignChanges(*found[first].T)  # two events with the same levels are one: a turning point at an end


def added(table: EdgeTable, changed: SignChanges, masses: FloatArray, lacking: IntArray) -> MassNodes:
    """Return the nodes to add: critical masses, their neighbourhoods, and what is missing in steps.

    At bends, near misses and in empty slabs at least one is missing.
    """
    left, right = table.m_X[changed.node], table.m_X[changed.node + 1]
    ulps = 8 * np.spacing(masses)  # next to a wall a curve crosses the window within a rounding of m_X
    crowd = [
        masses,
        np.maximum(masses - ulps, left),
        np.minimum(masses + ulps, right),
        *(masses + part * (end - masses) for end in (left, right) for part in CROWD),
    ]
    split = (_bends(table) | _near_misses(table) | _empty(table)).any(axis=1)
    lacking = np.maximum(lacking, split)
    step = np.repeat(np.arange(len(lacking)), lacking)
    count = np.arange(len(step)) - np.repeat(np.cumsum(lacking) - lacking, lacking) + 1
    part = count / (lacking[step] + 1)
    inner = table.m_X[step] * (table.m_X[step + 1] / table.m_X[step]) ** part
    where = np.concatenate([*(table.segment[changed.node],) * len(crowd), table.segment[step]])
    return unseen(table, np.concatenate([*crowd, inner]), where)


def unseen(table: EdgeTable, masses: FloatArray, segments: IntArray) -> MassNodes:
    """Return masses that are not nodes yet, each once."""
    m_X, index = np.unique(masses, return_index=True)
    fresh = ~np.isin(m_X, table.m_X)
    return MassNodes(m_X[fresh], segments[index][fresh])


def sparse(table: EdgeTable) -> IntArray:
    """How many nodes are missing in each step, for searches that exclude and islands to have enough."""
    edges = np.zeros(table.valid.shape, dtype=int)  # (node, case) how many
    for sources in (table.lower, table.upper):
        edges += (~np.isin(sources, (NONE, *END))).sum(axis=2)
    length = np.log(table.m_X[1:] / table.m_X[:-1]) * (_inner(table) & _wide(table))[:, 0]
    lacking = np.zeros(len(length), dtype=int)
    for case in np.flatnonzero(edges.any(axis=0)):
        own = edges[:, case]
        for some in (own, *_islands(own, table.valid[:, case])):
            np.maximum(lacking, _lacking(some, length), out=lacking)
    return lacking


def _islands(edges: IntArray, valid: BoolArray) -> Iterator[IntArray]:
    """Edges of every run of masses that begins and ends where the search has data."""
    ends = np.flatnonzero(np.diff(edges > 0, prepend=False, append=False))
    for a, b in zip(ends[::2], ends[1::2], strict=True):
        if a > 0 and b < len(valid) and valid[a - 1] and valid[b]:
            yield np.concatenate([np.zeros(a, dtype=int), edges[a:b], np.zeros(len(edges) - b, dtype=int)])


def _lacking(edges: IntArray, length: FloatArray) -> IntArray:
    """How many nodes to add in each step, in proportion to its length, until there are enough edges."""
    both = np.minimum(edges[1:], edges[:-1])
    share, short = length * (both > 0), ENOUGH - edges.sum()
    if short <= 0 or not share.any():
        return np.zeros(len(length), dtype=int)
    return np.diff(np.floor(np.cumsum(share) * (short / np.sum(share * both))), prepend=0.0).astype(int)


def _empty(table: EdgeTable) -> BoolArray:
    """Steps from one critical mass to the next, or to the end of the segment: nothing is known in between."""
    stop = table.critical.any(axis=2)
    edge = np.diff(table.segment, prepend=-1, append=-1) != 0
    stop = stop | (edge[:-1] | edge[1:])[:, None]
    return stop[1:] & stop[:-1] & _inner(table) & _wide(table)


def _wide(table: EdgeTable) -> BoolArray:
    """Steps in which there is room for another node."""
    return (table.m_X[1:] / table.m_X[:-1] > 1 + SAME)[:, None]


def _bends(table: EdgeTable) -> BoolArray:
    """Steps beside a node that lies too far from the straight line through its neighbours."""
    x = np.log(table.m_X)
    inner = _inner(table)
    whole = inner[1:] & inner[:-1] & ~table.critical[1:-1].any(axis=2)
    far = np.zeros(whole.shape, dtype=bool)
    for sources in (*np.moveaxis(table.lower, 2, 0), *np.moveaxis(table.upper, 2, 0)):
        node, case = np.nonzero(whole & ~np.isin(sources[1:-1], (NONE, *END)))
        source = sources[node + 1, case]
        before, after = x[node + 1] - x[node], x[node + 2] - x[node + 1]
        a, b, c = (table.value[node + i, case, source] for i in range(3))
        area = np.abs((b - a) * (before + after) - (c - a) * before)
        far[node, case] |= area > 4 * BEND * np.hypot(before + after, c - a)
    return _beside(far) & _wide(table)


def _beside(nodes: BoolArray) -> BoolArray:
    """Steps on either side of inner nodes."""
    split = np.zeros((len(nodes) + 1, nodes.shape[1]), dtype=bool)
    split[:-1] |= nodes
    split[1:] |= nodes
    return split


def _near_misses(table: EdgeTable) -> BoolArray:
    """Steps beside a node where a level comes close to 0 without crossing it."""
    e = table.levels
    size = np.abs(e)
    inner = _inner(table)
    least = (size[1:-1] <= size[:-2]) & (size[1:-1] <= size[2:])
    least &= (size[1:-1] > TOUCHES) & np.isfinite(size[1:-1])
    least &= (inner[1:] & inner[:-1] & table.valid[1:-1])[:, :, None]
    at = np.nonzero(least & ~table.critical[:-2] & ~table.critical[2:])
    below, here, above = (e[(at[0] + i, *at[1:])] for i in range(3))
    finite = np.isfinite(above) & np.isfinite(below)
    same = ((here > 0) == (below > 0)) & ((here > 0) == (above > 0))
    close = 2 * np.abs(here) < np.maximum(np.abs(below), np.abs(above))
    near = np.zeros(least.shape[:2], dtype=bool)
    near[at[0][finite & same & close], at[1][finite & same & close]] = True
    return _beside(near) & _wide(table)


def merged(table: EdgeTable, more: EdgeTable) -> EdgeTable:
    """Put added masses in their places."""
    m_X, segment = np.concatenate([table.m_X, more.m_X]), np.concatenate([table.segment, more.segment])
    place = np.argsort(np.lexsort((m_X, segment)))
    whole = {}
    for one in fields(EdgeTable):
        old, new = getattr(table, one.name), getattr(more, one.name)
        whole[one.name] = np.empty((len(place), *old.shape[1:]), dtype=old.dtype)
        whole[one.name][place[: len(old)]], whole[one.name][place[len(old) :]] = old, new
    return EdgeTable(**whole)


def mark(table: EdgeTable, masses: FloatArray, segments: IntArray, changed: SignChanges) -> None:
    """Mark critical masses in place, with every level that vanishes there; edges that meet get one value."""
    for mass, segment, case, event in zip(masses, segments, changed.case, changed.event, strict=True):
        node = int(np.searchsorted(table.m_X, mass))
        node += int(table.segment[node] != segment)
        level = np.abs(table.levels[node, case, event])
        together = np.abs(table.levels[node, case]) < TOUCHES
        table.critical[node, case] |= together | (np.abs(table.levels[node, case]) == level)
        if level < TOUCHES:
            near = np.abs(table.value[node, case] - table.meeting[node, case, event]) < SNAP
            table.value[node, case, near] = table.meeting[node, case, event]
            table.residual[node, case, near] = level
            table.slope[node, case, near] = np.inf if event in TIPS else table.slope[node, case, near]
