"""Exclusion curves: every boundary of every search, in the whole window of a scan, to rounding.

The mass axis is cut at every kinematic threshold, window and veto.  At each mass every root is found
(`excluded_edges`); where the set of edges changes between two masses, the critical mass itself (the tip of an
island, a corner, where a curve leaves the window) is solved for and becomes a node.  Then nodes are
added where a curve bends.  Guarantee: every root at every node is found, and no component, and no gap,
wider than one mass step is missed; narrower ones are looked for wherever a level comes near 0.
"""

from dataclasses import replace

from jaxtri.boundary import mass_mesh
from jaxtri.boundary.critical_masses import critical_masses, crossing_masses
from jaxtri.boundary.edge_table import EdgeTable, MassNodes
from jaxtri.boundary.kernels import compiled, edge_table_at
from jaxtri.boundary.lifetime_trace import joined
from jaxtri.boundary.plane import Plane
from jaxtri.boundary.recast_edges import recast_boundaries
from jaxtri.boundary.record import Boundaries
from jaxtri.boundary.unions import boundaries_of, crossings

ROUNDS = 8  # of added nodes
FEW = 32  # nodes not worth another round: steps beside a cusp of a few curves, halved again and again


def traced(plane: Plane) -> dict[str, Boundaries]:
    """Trace every exclusion boundary of a plane; `Boundaries` by treatment."""
    found = _traced(plane)
    curves, regions = recast_boundaries(plane)
    return {
        name: replace(one, curves=one.curves + curves, regions=one.regions + regions)
        for name, one in found.items()
    }


def _traced(plane: Plane) -> dict[str, Boundaries]:
    """Boundaries of all but recast searches."""
    if not plane.timed:
        return boundaries_of(plane, _edges(plane))
    others = plane.only(plane.untimed) if plane.untimed else None
    return joined(plane, others, None if others is None else _edges(others))


def _edges(plane: Plane) -> EdgeTable:
    """Edges of searches whose limits do not depend on the lifetime."""
    compiled(plane)
    return _refined(plane, mass_mesh.start(plane))


def _refined(plane: Plane, nodes: MassNodes) -> EdgeTable:
    """Edges at nodes that are added until every change has its critical mass and curves are smooth."""
    table = edge_table_at(plane, nodes)
    for _ in range(ROUNDS):
        changed = mass_mesh.changes(table)
        masses, segments = critical_masses(plane, table, changed), table.segment[changed.node]
        lacking = mass_mesh.sparse(table)
        more = mass_mesh.added(table, changed, masses, lacking)
        if not len(changed.node) and not lacking.any() and len(more.m_X) < FEW:
            break
        table = mass_mesh.merged(table, edge_table_at(plane, more))
        mass_mesh.mark(table, masses, segments, changed)
    for _ in range(ROUNDS):  # of three edges that cross in one step, two are seen after the first
        pairs = crossings(table, len(plane.treatments), plane.labels)
        masses = crossing_masses(plane, table, pairs)
        more = mass_mesh.unseen(table, masses, table.segment[pairs.node])
        if not len(more.m_X):
            break
        table = mass_mesh.merged(table, edge_table_at(plane, more))
    return table
