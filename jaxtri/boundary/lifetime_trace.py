"""Boundaries of a plane in which limits depend on the lifetime: both kinds of searches, and their unions."""

import functools
from typing import Any

import numpy as np

from jaxtri.boundary import lifetime_curves, mass_mesh
from jaxtri.boundary.columns import Columns
from jaxtri.boundary.edge_table import EdgeTable, MassNodes
from jaxtri.boundary.kernels import edge_table_at
from jaxtri.boundary.lifetime_edges import Case, cases_of, inserted, placed, refined, shared_jumps
from jaxtri.boundary.overlaps import Added, Member, Path, groups_of, settled
from jaxtri.boundary.plane import Plane
from jaxtri.boundary.polylines import Slab, chains, pieces, slabs, vertices
from jaxtri.boundary.record import Boundaries, Region
from jaxtri.boundary.unions import region
from jaxtri.numerics.arrays import FloatArray, IntArray

ROUNDS = 5  # in which crossings become nodes; each squares their error


class Joined:
    """Searches with a table of their own, and all others in one table, while crossings are added."""

    def __init__(self, plane: Plane, others: Plane | None, table: EdgeTable | None) -> None:
        self.plane, self.others, self.table = plane, others, table
        self.cases = cases_of(plane, plane.timed)
        refined(plane, self.cases)
        shared_jumps(plane, self.cases)
        self.unresolved = 0
        self._known: dict[int, Any] = {id(case): (None, None) for case in self.cases}

    def members(self) -> list[Member]:
        """What every search excludes under every treatment, at the nodes so far."""
        self.unresolved = 0
        found = []
        for case in self.cases:
            if case.edges is not self._known[id(case)][0]:
                self._known[id(case)] = case.edges, self._of_case(case)
            self.unresolved += case.unresolved
            found.append(self._known[id(case)][1])
        if self.table is not None and self.others is not None:
            for t in range(len(self.plane.treatments)):
                found += self._of_table(self.others, self.table, t)
        return sorted(found, key=lambda one: one.search)

    def _of_case(self, case: Case) -> Member:
        """A search with a table of its own."""
        case.unresolved = 0
        strips, edges = lifetime_curves.strips(case), case.edges
        name = self.plane.labels[case.search].name
        paths = []
        for nodes, sources, closed in lifetime_curves.paths(case, strips):
            slope = edges.slope[nodes, sources]
            paths.append(
                Path(
                    edges.m_X[nodes], edges.value[nodes, sources], np.where(np.isnan(slope), np.inf, slope),
                    edges.residual[nodes, sources], closed,
                )
            )  # fmt: skip
        return Member(
            case.search, case.treatment, paths, lifetime_curves.columns(case, strips),
            functools.partial(lifetime_curves.regions, name, case, strips), is_timed=True,
        )  # fmt: skip

    def _of_table(self, others: Plane, table: EdgeTable, t: int) -> list[Member]:
        """Searches without one."""
        first, positions, made = t * len(others.labels), self.plane.untimed, []
        some, unresolved = slabs(table, first + np.arange(len(others.labels)))
        self.unresolved += unresolved
        for case, own in enumerate(some, start=first):
            label, paths = others.labels[case - first], []
            for chain in chains(pieces(table, case, own), table.segment):
                nodes, sources, closed = vertices(chain)
                at = nodes, case, sources
                paths.append(
                    Path(table.m_X[nodes], table.value[at], table.slope[at], table.residual[at], closed)
                )
            intervals = [
                [(table.value[one.nodes, case, a], table.value[one.nodes, case, b]) for a, b in one.intervals]
                for one in own
            ]
            regions = functools.partial(_regions, label.name, table, case, own)
            columns = Columns.of(table.m_X, [one.nodes for one in own], intervals)
            made.append(Member(positions[case - first], t, paths, columns, regions, is_timed=False))
        return made

    def insert(self, added: Added) -> bool:
        """Make masses nodes of the searches they belong to; return whether any was new."""
        more: list[tuple[FloatArray, IntArray]] = []
        for case in self.cases:
            masses = np.array(sorted(added.get((case.search, case.treatment), ())), dtype=float)
            more.append(placed(masses, case.edges.m_X, case.edges.segment))
        fresh = any(inserted(self.plane, self.cases, more))
        if fresh:
            shared_jumps(self.plane, self.cases)
        if self.table is None or self.others is None:
            return fresh
        own = [m for (search, _), some in added.items() if search in self.plane.untimed for m in some]
        masses, segment = placed(np.unique(own), self.table.m_X, self.table.segment)
        nodes: MassNodes = mass_mesh.unseen(self.table, masses, segment)
        if len(nodes.m_X):
            self.table = mass_mesh.merged(self.table, edge_table_at(self.others, nodes))
        return fresh or len(nodes.m_X) > 0


def _regions(name: str, table: EdgeTable, case: int, slabs: list[Slab]) -> list[Region]:
    """What a search without a table of its own excludes."""
    return [region(name, table, case, one.nodes, pair) for one in slabs for pair in one.intervals]


def joined(plane: Plane, others: Plane | None, table: EdgeTable | None) -> dict[str, Boundaries]:
    """Trace searches with tables of mass and lifetime, and join all boundaries.

    Parameters
    ----------
    plane
        The plane with all its searches.
    others, table
        The plane of the searches whose limits do not depend on the lifetime, and their edges; None if there
        are none.
    """
    state = Joined(plane, others, table)
    every, found = settled(state.members, state.insert, ROUNDS), {}
    for t, treatment in enumerate(plane.treatments):
        own = [one for one in every if one.treatment == t]
        groups, walls = groups_of(plane.labels, own)
        curves = [path.curve(plane.labels[one.search].name) for one in own for path in one.paths]
        found[treatment.name] = Boundaries(
            treatment=treatment.name,
            curves=tuple(curve for curve in curves if len(curve.m_X)),
            groups=groups,
            walls=walls,
            regions=tuple(one for member in own for one in member.regions()),
            unresolved=state.unresolved,
        )
    return found
