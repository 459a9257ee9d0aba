"""Names of regions, written on what one sees of them without collisions."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch
from matplotlib.patheffects import Normal, Stroke
from matplotlib.text import Annotation

from jaxtri.figures.panels import in_unicode
from jaxtri.numerics.arrays import BoolArray, IntArray

TRIED = 4000  # places of a name, the nearest ones
CLEAR = 2  # points of the even ones that stay free on all sides of a name
HALO = 2.5  # points of white around letters and lines


def place_labels(axes: Axes, masks: Sequence[BoolArray], words: Sequence[tuple[str, str]]) -> None:
    """Write a name where its visible region is widest or, where that is too narrow, beside it with a line.

    No name stands on another, or over the edge of the panel.

    Parameters
    ----------
    axes
        Where to write.
    masks
        Of each region, whether it is what one sees at points (x, y) that are even in the panel.
    words
        What each is called, and in which colour; one that is seen nowhere is not named.
    """
    from scipy.ndimage import distance_transform_edt  # takes a quarter of a second

    free = ~np.logical_or.reduce(masks)
    taken = np.zeros_like(free)
    size = np.array(free.shape)
    for mask, (label, colour) in zip(masks, words, strict=True):
        if not mask.any():
            continue
        text = _text(axes, in_unicode(label), colour)
        extent = text.get_window_extent().transformed(axes.transAxes.inverted())
        box = 1 + 2 * CLEAR + np.ceil(size * (extent.width, extent.height)).astype(int)
        seen = mask & ~taken if (mask & ~taken).any() else mask
        room = distance_transform_edt(np.pad(seen, 1), sampling=1 / box)[1:-1, 1:-1]
        widest = np.array(np.unravel_index(int(np.argmax(room)), mask.shape))
        places = np.argwhere(_fits(mask & ~taken, box))
        _line_of(text).set_visible(not len(places))
        if len(places):
            place = places[int(np.argmax(room[tuple(places.T)]))]
        else:
            beside = _beside(widest, [_fits(some & ~taken, box) for some in (free, ~taken)], taken)
            if beside is None:  # a panel full of names
                text.remove()
                continue
            place = beside
        text.xy = tuple((widest + 0.5) / size)
        text.set_position(tuple((place + 0.5) / size))
        corner = place - box // 2
        taken[corner[0] : corner[0] + box[0], corner[1] : corner[1] + box[1]] = True
        if _line_of(text).get_visible():
            taken[_between(place, widest)] = True


def _text(axes: Axes, label: str, colour: str) -> Annotation:
    """A name with a line to its region, not in its place yet."""
    middle = (0.5, 0.5)
    text = axes.annotate(
        label, middle, xytext=middle, xycoords="axes fraction", textcoords="axes fraction", ha="center",
        va="center", color=colour, zorder=10,
        arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.9, "shrinkA": 0, "shrinkB": 0},
    )  # fmt: skip
    for one in (text, _line_of(text)):
        one.set_path_effects([Stroke(linewidth=HALO, foreground="white"), Normal()])
    return text


def _line_of(text: Annotation) -> FancyArrowPatch:
    assert text.arrow_patch is not None
    return text.arrow_patch


def _beside(region: IntArray, allowed: Sequence[BoolArray], taken: BoolArray) -> IntArray | None:
    """The place nearest to a region from which a line to it meets no name; else the nearest, or None."""
    nearest = None
    for mask in allowed:
        places = np.argwhere(mask)
        places = places[np.argsort(np.linalg.norm((places - region) / mask.shape, axis=1), kind="stable")]
        for place in places[:TRIED]:
            nearest = place if nearest is None else nearest
            if not taken[_between(place, region)].any():
                return np.asarray(place)
    return nearest


def _between(place: IntArray, region: IntArray) -> tuple[IntArray, ...]:
    """Points on the line from a place to a region."""
    steps = int(np.abs(place - region).max()) + 1
    return tuple(
        np.rint(np.linspace(a, b, 2 * steps)).astype(int) for a, b in zip(place, region, strict=True)
    )


def _fits(mask: BoolArray, box: IntArray) -> BoolArray:
    """Whether a box of so many points lies in a mask, by the point in its middle."""
    found = np.zeros_like(mask)
    if (box > mask.shape).any():
        return found
    sums = np.pad(np.cumsum(np.cumsum(mask, axis=0), axis=1), ((1, 0), (1, 0)))
    wide, high = box
    whole = sums[wide:, high:] - sums[:-wide, high:] - sums[wide:, :-high] + sums[:-wide, :-high]
    inside = whole == wide * high
    x, y = box // 2
    found[x : x + inside.shape[0], y : y + inside.shape[1]] = inside
    return found
