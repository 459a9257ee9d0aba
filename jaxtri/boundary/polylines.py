"""From edges to polylines: what is excluded, joined across masses.

Between two neighbouring *nodes* where something happens (a cut, a threshold, a critical mass) the same
intervals are excluded, with edges from the same sources: a *slab*.  Its edges are pieces of curves,
and pieces that meet in a point are one curve.  Nothing is interpolated.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from jaxtri.boundary.edge_table import END, NONE, EdgeTable
from jaxtri.numerics.arrays import IntArray

JOINED = 1e-5  # in ln g_X: two ends this close at one threshold are one point; a step of the rate is larger
ROUNDED = 1e-12  # in ln g_X: two ends this close at one mass are one point


@dataclass(frozen=True)
class EdgePiece:
    """An edge within one slab."""

    case: int
    nodes: slice
    source: int
    ends: tuple[float, float]  # ln g_X


@dataclass(frozen=True)
class Slab:
    """Neighbouring nodes between which one case excludes the same intervals."""

    nodes: slice
    intervals: tuple[tuple[int, int], ...]  # sources of lower and upper edge


def slabs(table: EdgeTable, cases: IntArray) -> tuple[list[list[Slab]], int]:
    """Return the slabs of some cases, and how many neighbours disagree without a critical mass between."""
    pattern = np.ascontiguousarray(table.pattern()[:, cases].T)
    critical = table.critical[:, cases].any(axis=2).T
    edge = np.diff(table.segment, prepend=-1, append=table.segment[-1] + 1) != 0
    found: list[list[Slab]] = []
    unresolved = 0
    for case, codes, stops in zip(cases, pattern, critical | edge[1:] | edge[:-1], strict=True):
        found.append([])
        nodes = np.flatnonzero(stops)
        for a, b in itertools.pairwise(nodes.tolist()):
            if b == a + 1:
                continue
            middle = (a + b + 1) // 2
            unresolved += int(np.count_nonzero(codes[a + 1 : b] != codes[middle]))
            sources = zip(table.lower[middle, case].tolist(), table.upper[middle, case].tolist(), strict=True)
            found[-1].append(Slab(slice(a, b + 1), tuple(pair for pair in sources if pair[0] != NONE)))
    return found, unresolved


def pieces(table: EdgeTable, case: int, some: list[Slab]) -> list[EdgePiece]:
    """Return the edges of all slabs of one case; ends of the window are none."""
    found = []
    for slab in some:
        for source in (source for pair in slab.intervals for source in pair if source not in END):
            u = table.value[slab.nodes, case, source]
            found.append(EdgePiece(case, slab.nodes, source, (float(u[0]), float(u[-1]))))
    return found


def chains(some: list[EdgePiece], segment: IntArray) -> list[list[tuple[EdgePiece, int]]]:
    """Join pieces that meet: every chain is a list of pieces, each run forwards (1) or backwards (-1)."""
    meetings: dict[int, list[tuple[int, int]]] = {}
    for index, piece in enumerate(some):
        for end, node in enumerate((piece.nodes.start, piece.nodes.stop - 1)):
            joint = node - 1 if end == 0 and node and segment[node] != segment[node - 1] else node
            meetings.setdefault(int(joint), []).append((index, end))
    partner: dict[tuple[int, int], tuple[int, int]] = {}
    last = set(np.flatnonzero(np.diff(segment, append=segment[-1] + 1)).tolist())
    for joint, met in meetings.items():
        pairs = sorted(
            (_distance(some, *pair, joint in last), pair) for pair in itertools.combinations(met, 2)
        )
        for distance, (one, other) in pairs:
            if distance < np.inf and one not in partner and other not in partner:
                partner[one], partner[other] = other, one
    return _walked(some, partner)


def _distance(some: list[EdgePiece], one: tuple[int, int], other: tuple[int, int], threshold: bool) -> float:
    """How far two ends are from being one point; infinite where they cannot be.

    Across a threshold a curve goes on, with a rounding of difference; at a critical mass ends are equal,
    and one curve goes on or two of the same side meet in a tip.
    """
    pair = some[one[0]], some[other[0]]
    gap = abs(pair[0].ends[one[1]] - pair[1].ends[other[1]])
    turns, changes = one[1] == other[1], pair[0].source != pair[1].source
    if gap > (JOINED if threshold else ROUNDED) or (threshold and turns):
        return np.inf
    return gap + JOINED * (2 * turns + changes)


def _walked(
    some: list[EdgePiece], partner: dict[tuple[int, int], tuple[int, int]]
) -> list[list[tuple[EdgePiece, int]]]:
    """Follow partners from every loose end, then around every ring."""
    loose = [(i, end) for i in range(len(some)) for end in (0, 1) if (i, end) not in partner]
    left, found = set(range(len(some))), []
    for start in [*loose, *((i, 0) for i in range(len(some)))]:
        if start[0] not in left:
            continue
        chain, here = [], start
        while True:
            index, end = here
            chain.append((some[index], 1 if end == 0 else -1))
            left.discard(index)
            onwards = partner.get((index, 1 - end))
            if onwards is None or onwards[0] not in left:
                break
            here = onwards
        found.append(chain)
    return found


def vertices(chain: list[tuple[EdgePiece, int]]) -> tuple[IntArray, IntArray, bool]:
    """Return node and source of every vertex of a chain, and whether it closes."""
    nodes: list[IntArray] = []
    sources: list[IntArray] = []
    for piece, way in chain:
        run = np.arange(piece.nodes.start, piece.nodes.stop)[::way]
        if nodes and nodes[-1][-1] == run[0]:
            run = run[1:]
        nodes.append(run)
        sources.append(np.full(len(run), piece.source))
    (first, way), (last, back) = chain[0], chain[-1]
    start = first.nodes.start if way == 1 else first.nodes.stop - 1, first.ends[way == -1]
    end = last.nodes.stop - 1 if back == 1 else last.nodes.start, last.ends[back == 1]
    closes = len(chain) > 1 and start[0] == end[0] and abs(start[1] - end[1]) < ROUNDED
    return np.concatenate(nodes), np.concatenate(sources), closes
