"""What of a scan is drawn alike: groups of searches, or chosen searches one by one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from jaxtri.boundary.edge_table import SAME
from jaxtri.boundary.intervals import walls_of
from jaxtri.boundary.record import Curve, Region
from jaxtri.errors import unknown_name
from jaxtri.figures.panels import PALETTES, PARENTS, SERIES, STACK, Style, style_of
from jaxtri.figures.selection import called, projected, regions_of, searches_of, with_searches
from jaxtri.numerics.arrays import FloatArray
from jaxtri.scans.record import Scan

Styles = Mapping[str, tuple[str, Style]]  # of chosen searches, by name: what each is called, and its style


@dataclass(frozen=True, kw_only=True)
class Layer:
    """The union of a group of searches, or one chosen search."""

    name: str  # of the search, or the letter of a group
    letter: str  # of the parent of its decays
    label: str
    style: Style
    scan: Scan  # in which its searches alone make up the group of the parent
    curves: Sequence[Curve] = ()
    walls: FloatArray  # (wall, 3): m_X [GeV] and two couplings; none along the edge of the window
    regions: Sequence[Region] = ()
    later: Sequence[Curve] = ()  # of projections

    @property
    def searches(self) -> list[Mapping[str, Any]]:
        """Labels of its searches, without projections."""
        return [one for one in self.scan.header.searches if one["channel"][0] == self.letter]


def layers_of(scan: Scan, palette: str, styles: Styles | None = None) -> list[Layer]:
    """Return the layers of a scan from below: the groups or, where they have styles, its searches."""
    if styles is None:
        return [_layer(scan, letter, letter, PARENTS[letter], PALETTES[palette][letter]) for letter in STACK]
    found = []
    for name, (label, style) in styles.items():
        if name in searches_of(scan):
            one = with_searches(scan, [name])
            letter = next(iter((*one.header.searches, *one.header.projections)))["channel"][0]
            found.append(_layer(one, name, letter, label, style))
    return sorted(found, key=lambda one: -_extent(one))  # the smallest one above


def _layer(scan: Scan, name: str, letter: str, label: str, style: Style) -> Layer:
    if scan.boundaries is None:
        return Layer(name=name, letter=letter, label=label, style=style, scan=scan, walls=np.zeros((0, 3)))
    regions = regions_of(scan, letter)
    curves = scan.boundaries.groups.get(
        letter, scan.boundaries.curves
    )  # of recast searches there is no group
    walls = scan.boundaries.walls.get(letter)
    walls = walls_of(regions) if walls is None else walls
    return Layer(
        name=name, letter=letter, label=label, style=style, scan=scan, curves=curves,
        walls=inner_walls(walls, scan), regions=regions, later=projected(scan, letter),
    )  # fmt: skip


def in_colour(layers: Iterable[Layer], colour: str) -> list[Layer]:
    """Return layers with outlines in one colour: to tell scans apart."""
    return [replace(one, style=replace(one.style, edge=colour)) for one in layers]


def inner_walls(walls: FloatArray, scan: Scan) -> FloatArray:
    """Return the walls that do not lie along the edge of the window."""
    low, high = scan["m_X"][0] * (1 + SAME), scan["m_X"][-1] * (1 - SAME)
    return np.asarray(walls[(low < walls[:, 0]) & (walls[:, 0] < high)])


def listed(layers: Iterable[Layer], styles: Styles | None) -> list[Layer]:
    """Return layers as a legend lists them: Z, B, K, or searches in the order in which they were chosen."""
    order = list(PARENTS) if styles is None else list(styles)
    return sorted(layers, key=lambda one: order.index(one.name))


def _extent(layer: Layer) -> float:
    """Area in ln m_X and ln g_X, where what overlaps counts twice; of a grid the number of cells."""
    if layer.scan.boundaries is None:
        return float(np.count_nonzero(layer.scan.group(layer.letter) > 0))
    area = 0.0
    for one in layer.regions:
        m_X, low, high = one.edges
        area += float(np.trapezoid(np.log(high / low), np.log(m_X)))
    return area


def _called(search: Mapping[str, Any], every: Sequence[Mapping[str, Any]]) -> str:
    """Experiment and final state of a search; channel, or name, where these are those of others, too."""
    same = [one for one in every if called(one) == called(search)]
    if len(same) == 1:
        return called(search)
    channels = [one["channel"] for one in same]
    alone = channels.count(search["channel"]) == 1
    return f"{called(search)}, {search['channel'].replace('->', '→')}" if alone else str(search["name"])


def styles_of(scans: Iterable[Scan], searches: Sequence[str], palette: str) -> Styles:
    """Return how chosen searches are called and drawn, in all scans alike.

    In the colours of their parents where no two have the same parent; else in colours of their own, and,
    beyond as many as these, in those of their parents after all.

    Raises
    ------
    InputError
        If a search is in none of the scans.
    """
    known = {one["name"]: one for scan in scans for one in (*scan.header.searches, *scan.header.projections)}
    for name in searches:
        if name not in known:
            raise unknown_name("figure", "search", name, known)
    names = list(dict.fromkeys(searches))
    parents = [known[name]["channel"][0] for name in names]
    by_parent = len(set(parents)) == len(parents) or len(parents) > len(SERIES)
    return {
        name: (
            _called(known[name], [known[one] for one in names]),
            style_of(palette, letter) if by_parent else SERIES[i],
        )
        for i, (name, letter) in enumerate(zip(names, parents, strict=True))
    }
