"""Gauss-Legendre nodes on [0, 1], made once on the host."""

from functools import cache

import numpy as np

from jaxtri.numerics.arrays import FloatArray


@cache
def gauss_legendre(order: int) -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights of the Gauss-Legendre rule on [0, 1], read-only.

    Parameters
    ----------
    order
        Number of nodes, at least 1; polynomials up to degree ``2*order - 1`` are integrated exactly.

    Returns
    -------
    tuple
        Nodes and weights, each of shape ``(order,)``; the weights sum to 1.
    """
    x, w = np.polynomial.legendre.leggauss(order)
    nodes, weights = (x + 1) / 2, w / 2
    nodes.flags.writeable = weights.flags.writeable = False
    return nodes, weights


@cache
def symmetric_gauss_legendre(order: int) -> tuple[FloatArray, FloatArray]:
    """Return the positive half of the rule on [-1, 1], for even functions on [0, 1]; read-only.

    Parameters
    ----------
    order
        Number of nodes kept, half of them; even polynomials up to degree ``4*order - 2`` are exact.

    Returns
    -------
    tuple
        Nodes and weights, each of shape ``(order,)``; the weights sum to 1.
    """
    x, w = np.polynomial.legendre.leggauss(2 * order)
    nodes, weights = x[order:].copy(), w[order:].copy()
    nodes.flags.writeable = weights.flags.writeable = False
    return nodes, weights
