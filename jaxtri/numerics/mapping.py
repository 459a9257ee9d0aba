"""A function of one number over arrays of any shape."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jaxtri.errors import InputError, shortened


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


def real(name: str, values: ArrayLike) -> Array:
    """Return values as an array of numbers.

    Raises
    ------
    InputError
        If they are none, such as text, None, complex numbers or rows of different lengths.
    """
    with given_as(name, values):
        return jnp.asarray(values, dtype=float)


@contextmanager
def given_as(name: str, values: Any) -> Iterator[None]:
    """Say which values could not be turned into numbers."""
    try:
        yield
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{name} = {shortened(repr(values))}: give real numbers") from error


def positive(name: str, values: ArrayLike, *, lowest: float | None = None) -> Array:
    """Return values that must be positive, NaN for those that are not where they are not known yet.

    Raises
    ------
    InputError
        If they are no numbers; outside of ``jit``, where one is 0, negative, or below a ``lowest`` one.
    """
    numbers = real(name, values)
    is_known = not isinstance(numbers, jax.core.Tracer)
    found = np.asarray(numbers) if is_known else numbers
    is_wrong = found <= 0 if lowest is None else found < lowest
    if not is_known:
        return jnp.where(is_wrong, jnp.nan, numbers)
    if np.any(is_wrong):
        wanted = "positive values" if lowest is None else f"at least {lowest:g}"
        raise InputError(f"{name} = {np.nanmin(found):g}: give {wanted}")
    return numbers


def mass_and_coupling(m_X: ArrayLike, g_X: ArrayLike) -> tuple[Array, Array]:
    """Return positive masses and couplings of 0 or more, whose shapes can be broadcast.

    Raises
    ------
    InputError
        If they are no such numbers; NaN takes the place of those that are not known yet, inside ``jit``.
    """
    masses, couplings = positive("m_X", m_X), real("g_X", g_X)
    if isinstance(couplings, jax.core.Tracer):
        couplings = jnp.where(couplings < 0, jnp.nan, couplings)
    elif np.any(np.asarray(couplings) < 0):
        raise InputError(f"g_X = {np.nanmin(np.asarray(couplings)):g}: give 0 or positive values")
    require_shapes(m_X=masses, g_X=couplings)
    return masses, couplings


def require_shapes(**values: ArrayLike) -> None:
    """Raise where arrays cannot be broadcast to one shape.

    Raises
    ------
    InputError
        With the shape of each.
    """
    try:
        jnp.broadcast_shapes(*map(np.shape, values.values()))
    except ValueError as error:
        shapes = ", ".join(f"{name} {np.shape(value)}" for name, value in values.items())
        raise InputError(f"shapes {shapes}: give such as can be broadcast") from error
