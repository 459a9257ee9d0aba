"""Arrays to polylines: where a field on a grid crosses zero."""

from typing import Any

import contourpy
import numpy as np
import numpy.typing as npt

from jaxtri.numerics.arrays import FloatArray

FLOOR = -3.0  # dex; deeper values, and points without data, count as this: edges then fall within a cell


def filled(x: npt.ArrayLike, y: npt.ArrayLike, field: npt.ArrayLike) -> list[tuple[FloatArray, FloatArray]]:
    """Return the regions where a field is positive.

    Parameters
    ----------
    x, y
        Nodes of the two axes, ascending; contours are straight in the logarithms of both.
    field
        Shape (x, y); minus infinity where there is no statement.

    Returns
    -------
    list
        One (points, offsets) a region: points (n, 2), and where each closed ring (the outer one
        first, then holes) starts and ends in them.
    """
    values = np.clip(np.nan_to_num(np.asarray(field, dtype=float).T, nan=FLOOR, neginf=FLOOR), FLOOR, -FLOOR)
    generator = contourpy.contour_generator(
        np.log(x), np.log(y), values, fill_type=contourpy.FillType.OuterOffset
    )
    regions: Any = generator.filled(0.0, np.inf)
    return [(np.exp(ring), start) for ring, start in zip(*regions, strict=True)]
