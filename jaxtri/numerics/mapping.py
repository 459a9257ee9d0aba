"""A function of one number over arrays of any shape."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike


def over(function: Callable[..., Any], *numbers: ArrayLike) -> Any:
    """Map a scalar function over arrays, which are broadcast; their shape comes first in what it returns."""
    arrays = jnp.broadcast_arrays(*(jnp.asarray(number, dtype=float) for number in numbers))
    shape = arrays[0].shape
    if not shape:
        return function(*arrays)
    flat = jax.vmap(function)(*(array.ravel() for array in arrays))
    return jax.tree.map(lambda x: x.reshape(*shape, *x.shape[1:]), flat)
