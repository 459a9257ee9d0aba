"""Gauss-Legendre nodes on [0, 1], made once on the host."""

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
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


def node_sum(value: Callable[..., Any], nodes: Any, weights: Any) -> Any:
    """Return the sum over nodes of a weight times a value, one node after the other.

    Where the value is mapped over many arguments, every node is one vectorised loop over all of them: several
    times faster than an axis of nodes, which would be summed element by element.

    Parameters
    ----------
    value
        Scalar function of a node; it may return several numbers in a tuple.
    nodes
        Array of nodes, or a tuple of arrays, the arguments of the function.
    weights
        One for each node.
    """
    nodes = nodes if isinstance(nodes, tuple) else (nodes,)
    arrays = tuple(jnp.asarray(one) for one in nodes)

    def add(total: Any, node: Any) -> tuple[Any, None]:
        found = value(*node[1:])
        return jax.tree.map(lambda old, new: old + node[0] * new, total, found), None

    shapes = jax.eval_shape(value, *(one[0] for one in arrays))
    start = jax.tree.map(lambda one: jnp.zeros(one.shape, one.dtype), shapes)
    return jax.lax.scan(add, start, (jnp.asarray(weights), *arrays))[0]
