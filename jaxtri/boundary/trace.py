"""Exclusion curves: every boundary of every search, in the whole window of a scan, to rounding.

The mass axis is cut at every kinematic threshold, window and veto.  At each mass every root is found
(`edges`); where the set of edges changes between two masses, the critical mass itself (the tip of an
island, a corner, where a curve leaves the window) is solved for and becomes a node.  Then nodes are
added where a curve bends.  Guarantee: every root at every node is found, and no component, and no gap,
wider than one mass step is missed; narrower ones are looked for wherever a level comes near 0.
"""

from jaxtri.boundary import mass_mesh
from jaxtri.boundary.critical_masses import critical_masses, crossing_masses
from jaxtri.boundary.edge_table import Columns, Nodes
from jaxtri.boundary.kernels import columns_at, compiled
from jaxtri.boundary.plane import Plane
from jaxtri.boundary.record import Boundaries
from jaxtri.boundary.unions import boundaries_of, crossings

ROUNDS = 8  # of added nodes
FEW = 32  # nodes not worth another round: steps beside a cusp of a few curves, halved again and again


def traced(plane: Plane) -> dict[str, Boundaries]:
    """Trace every exclusion boundary of a plane; `Boundaries` by treatment."""
    compiled(plane)
    return boundaries_of(plane, _refined(plane, mass_mesh.start(plane)))


def _refined(plane: Plane, nodes: Nodes) -> Columns:
    """Columns at nodes that are added until every change has its critical mass and every curve is smooth."""
    columns = columns_at(plane, nodes)
    for _ in range(ROUNDS):
        cells = mass_mesh.changes(columns)
        masses, segments = critical_masses(plane, columns, cells), columns.segment[cells.node]
        lacking = mass_mesh.sparse(columns)
        more = mass_mesh.added(columns, cells, masses, lacking)
        if not len(cells.node) and not lacking.any() and len(more.m_X) < FEW:
            break
        columns = mass_mesh.merged(columns, columns_at(plane, more))
        mass_mesh.mark(columns, masses, segments, cells)
    pairs = crossings(columns, len(plane.treatments), plane.searches.labels)
    masses = crossing_masses(plane, columns, pairs)
    more = mass_mesh.unseen(columns, masses, columns.segment[pairs.node])
    return mass_mesh.merged(columns, columns_at(plane, more)) if len(more.m_X) else columns
