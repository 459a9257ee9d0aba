"""A function of one number over arrays of any shape."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jaxtri.errors import InputError


def over(function: Callable[..., Any], *numbers: ArrayLike) -> Any:
    """Map a scalar function over arrays, which are broadcast; their shape comes first in what it returns.

    What is computed from NaN is NaN, whatever branches the function takes.
    """
    arrays = jnp.broadcast_arrays(*(jnp.asarray(number, dtype=float) for number in numbers))
    shape = arrays[0].shape

    def one(*numbers: Array) -> Any:
        unknown = jnp.isnan(jnp.stack(numbers)).any()
        return jax.tree.map(lambda x: jnp.where(unknown, jnp.nan, x), function(*numbers))

    if not shape:
        return one(*arrays)
    flat = jax.vmap(one)(*(array.ravel() for array in arrays))
    return jax.tree.map(lambda x: x.reshape(*shape, *x.shape[1:]), flat)


def positive(name: str, values: ArrayLike) -> Array:
    """Return values that must be positive, NaN for those that are not where they are not known yet.

    Raises
    ------
    InputError
        Outside of ``jit``, where a value is 0 or negative.
    """
    numbers = jnp.asarray(values, dtype=float)
    if isinstance(numbers, jax.core.Tracer):
        return jnp.where(numbers > 0, numbers, jnp.nan)
    if np.any(np.asarray(numbers) <= 0):
        raise InputError(f"{name} = {np.min(np.asarray(numbers)):g}: give positive values")
    return numbers
