"""Roots of several functions of one variable, bracketed on a grid and bisected together."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BISECTIONS = 60  # a bracket of 0.1 shrinks below one unit in the last place


def bisect_all(values: Callable[[FloatArray], FloatArray], grid: FloatArray) -> list[tuple[int, float]]:
    """Return every sign change of every component of a vector function.

    Parameters
    ----------
    values
        Maps (n,) arguments to (component, n) values; minus infinity counts as negative.
    grid
        Ascending arguments; two roots of a component between neighbours are missed.

    Returns
    -------
    list
        (component, root), by component and then ascending.
    """
    positive = values(grid) > 0
    component, left = np.nonzero(positive[:, 1:] != positive[:, :-1])
    if not len(component):
        return []
    low, high = grid[left], grid[left + 1]
    rises = positive[component, left + 1]
    pick = np.arange(len(component))
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        above = (values(middle)[component, pick] > 0) == rises
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return [(int(c), float(root)) for c, root in zip(component, (low + high) / 2, strict=True)]
