"""Unions of searches that were traced at masses of their own: where one edge enters what another excludes.

Between two vertices a curve is straight in ln m_X and ln g_X.  Where it enters or leaves the region of
another search, both get the mass of the crossing as a node and are computed there; repeated, this is the
secant method, and the crossing is exact after a few rounds.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from jaxtri.boundary.columns import ONE, Columns
from jaxtri.boundary.edge_table import SAME
from jaxtri.boundary.intervals import WALL, on_one_side
from jaxtri.boundary.record import GROUPS, Curve, Region
from jaxtri.boundary.unions import EXACT, TOUCHING, members
from jaxtri.limits.search_tables import SearchLabel
from jaxtri.numerics.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class Path:
    """Vertices of one curve."""

    m_X: FloatArray  # [GeV]
    u: FloatArray  # ln g_X
    slope: FloatArray
    residual: FloatArray
    closed: bool

    def curve(self, name: str, first: int = 0, stop: int | None = None) -> Curve:
        """Return the curve from one vertex to another, without ends that are no roots."""
        exact = self.residual[first:stop] < EXACT
        count = len(exact)
        some = slice(first + int(np.argmax(exact)), first + count - int(np.argmax(exact[::-1])))
        whole = some == slice(0, len(self.m_X))
        return Curve(
            search=name, m_X=self.m_X[some], g_X=np.exp(self.u[some]), slope=self.slope[some],
            residual=self.residual[some], closed=self.closed and whole,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Member:
    """What one search excludes under one treatment; compared by identity."""

    search: int  # position in the plane
    treatment: int
    paths: list[Path]
    columns: Columns
    regions: Callable[[], list[Region]]  # made when they are asked for: not while crossings are added
    is_timed: bool  # traced at masses of its own

    @property
    def excludes(self) -> bool:
        """Whether it excludes anything."""
        return bool(np.isfinite(self.columns.lower).any())


Added = dict[tuple[int, int], set[float]]  # search and treatment; masses


def crossings(some: Sequence[Member], pairs: Iterable[tuple[int, int]]) -> dict[tuple[int, int], list[float]]:
    """Return masses at which an edge of the first of two searches enters or leaves the second's region."""
    entering: dict[int, list[int]] = {}
    for i, j in pairs:
        entering.setdefault(j, []).append(i)
    found = {}
    for j, every in entering.items():
        for i, masses in zip(every, _crossed([_steps(some[i]) for i in every], some[j].columns), strict=True):
            if len(masses):
                found[i, j] = masses.tolist()
    return found


Steps = tuple[FloatArray, FloatArray]  # (2, step): ln m_X and ln g_X at both ends


def _steps(member: Member) -> Steps:
    """Steps between neighbouring vertices of all paths of a search."""
    x, u = [np.zeros((2, 0))], [np.zeros((2, 0))]
    for path in member.paths:
        log_m = np.log(path.m_X)
        wide = np.abs(np.diff(log_m)) > ONE
        x.append(np.stack([log_m[:-1], log_m[1:]])[:, wide])
        u.append(np.stack([path.u[:-1], path.u[1:]])[:, wide])
    return np.hstack(x), np.hstack(u)


def _crossed(some: Sequence[Steps], columns: Columns) -> list[FloatArray]:
    """Masses at which steps enter or leave a region, one array a search; none at a vertex."""
    if not len(columns.x):
        return [np.zeros(0)] * len(some)
    owner = np.repeat(np.arange(len(some)), [x.shape[1] for x, _ in some])
    x, u = (np.hstack(parts) for parts in zip(*some, strict=True))
    near = (np.max(x, axis=0) > columns.x[0]) & (np.min(x, axis=0) < columns.x[-1])
    owner, x, u = owner[near], x[:, near], u[:, near]
    walls, hit = _walls_hit(x, u, columns)
    masses, of = _edges_crossed(x, u, owner, columns)
    masses, of = np.append(masses, walls), np.append(of, owner[hit])
    return [masses[of == i] for i in range(len(some))]


def _edges_crossed(
    x: FloatArray, u: FloatArray, owner: IntArray, columns: Columns
) -> tuple[FloatArray, IntArray]:
    """Masses at which steps enter or leave a region, and whose steps these are."""
    way = np.where(x[1] > x[0], 1, -1)
    began = columns.contains(x[0], u[0], way, 0.0)
    flips = began != columns.contains(x[1], u[1], -way, 0.0)
    owner, x, u, way, began = owner[flips], x[:, flips], u[:, flips], way[flips], began[flips]
    slope = (u[1] - u[0]) / (x[1] - x[0])
    low, high = x.copy()
    while np.any(np.abs(high - low) > ONE / 4):
        middle = (low + high) / 2
        same = columns.contains(middle, u[0] + slope * (middle - x[0]), way, 0.0) == began
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    new = (np.abs(low - x[0]) > ONE) & (np.abs(low - x[1]) > ONE)
    return np.exp(low[new]), owner[new]


def _walls_hit(x: FloatArray, u: FloatArray, columns: Columns) -> tuple[FloatArray, IntArray]:
    """Masses at which steps pass a wall, where a region begins, ends or jumps, and which steps these are."""
    walls = _joints(columns)
    step, wall = np.nonzero((x.min(axis=0)[:, None] < walls - ONE) & (walls + ONE < x.max(axis=0)[:, None]))
    at = walls[wall]
    level = u[0, step] + (u[1, step] - u[0, step]) * (at - x[0, step]) / (x[1, step] - x[0, step])
    side = np.ones(len(at), dtype=int)
    hit = columns.contains(at, level, side, 0.0) != columns.contains(at, level, -side, 0.0)
    return np.exp(at[hit]), step[hit]


def _pairs(some: Sequence[Member]) -> list[tuple[int, int]]:
    """Two searches of one treatment; without those that share all masses: their crossings are known."""
    return [
        (i, j)
        for (i, one), (j, other) in itertools.permutations(enumerate(some), 2)
        if one.treatment == other.treatment
        and (one.is_timed or other.is_timed)
        and one.excludes
        and other.excludes
    ]


def groups_of(
    labels: Sequence[SearchLabel], some: Sequence[Member]
) -> tuple[dict[str, tuple[Curve, ...]], dict[str, FloatArray]]:
    """Return outlines and walls of every group of one treatment."""
    outlines, walls = {}, {}
    for group in GROUPS:
        inside = set(members(labels, group).tolist())
        own = [one for one in some if one.search in inside]
        outlines[group] = tuple(curve for one in own for curve in _outline(group, one, own))
        walls[group] = _walls(own)
    return outlines, walls


def _outline(group: str, one: Member, own: Sequence[Member]) -> Iterator[Curve]:
    """Runs of a search's curves that no other search of the group covers."""
    for path in one.paths:
        x, u = np.log(path.m_X), path.u
        middle, level = (x[1:] + x[:-1]) / 2, (u[1:] + u[:-1]) / 2
        side = np.ones(len(middle), dtype=int)
        shown = np.ones(len(middle), dtype=bool)
        for other in own:
            if other is not one:
                shown &= ~other.columns.contains(middle, level, side, TOUCHING)
        for other in own[: own.index(one)]:  # of edges that coincide the first is drawn
            if other.is_timed or one.is_timed:
                shown &= ~other.columns.has_edge(middle, level, side, TOUCHING)
        thin = np.abs(np.diff(x)) <= SAME
        shown[1:-1] |= thin[1:-1] & shown[:-2] & shown[2:]
        edges = np.flatnonzero(np.diff(np.concatenate([[0], shown.astype(int), [0]])))
        for a, b in zip(edges[::2], edges[1::2], strict=True):
            curve = path.curve(group, int(a), int(b) + 1)
            if len(curve.m_X) > 1:
                yield curve


def _walls(own: Sequence[Member]) -> FloatArray:
    """Vertical edges of a union, (wall, 3): mass, lower and upper coupling."""
    joints = np.unique(np.concatenate([np.zeros(0), *(_joints(one.columns) for one in own)]))
    sides = [[one.columns.at(joints, np.full(len(joints), side)) for one in own] for side in (-1, 1)]
    found = []
    for i, x in enumerate(joints):
        left, right = (
            [(a, b) for low, high in side for a, b in zip(low[i], high[i], strict=True) if a < b]
            for side in sides
        )
        pairs = on_one_side(left, right)
        found += [(np.exp(x), np.exp(a), np.exp(b)) for a, b in pairs if b - a > WALL]
    return np.array(found).reshape(-1, 3)


def _joints(columns: Columns) -> FloatArray:
    """Where the intervals of a search begin, end or jump, ln m_X."""
    x = np.unique(columns.x)
    sides = [columns.at(x, np.full(len(x), side)) for side in (-1, 1)]
    apart = np.zeros(len(x), dtype=bool)
    for left, right in zip(*sides, strict=True):
        with np.errstate(invalid="ignore"):
            apart |= ((left != right) & ~(np.abs(left - right) < WALL)).any(axis=1)
    return x[apart]


Insert = Callable[[Added], bool]


def settled(make: Callable[[], list[Member]], insert: Insert, rounds: int) -> list[Member]:
    """Return members after the masses of all crossings have become nodes."""
    some = make()
    pairs: Iterable[tuple[int, int]] = _pairs(some)
    for _ in range(rounds):
        found, added = crossings(some, pairs), Added()
        for pair, masses in found.items():
            for one in (some[i] for i in pair):
                added.setdefault((one.search, one.treatment), set()).update(masses)
        if not insert(added):
            break
        some, pairs = make(), found
    return some
