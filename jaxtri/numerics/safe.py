"""Functions with a singular edge, finite in value and gradient on it and beyond it."""

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike


def sqrt_or_zero(x: ArrayLike) -> Array:
    """Return the square root of x where x > 0, and 0 with zero gradient elsewhere."""
    x = jnp.asarray(x)
    positive = x > 0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, x, 1.0)), 0.0)


def log_or_minus_inf(x: ArrayLike) -> Array:
    """Return ln x; minus infinity with zero gradient where x <= 0; NaN stays NaN."""
    x = jnp.asarray(x)
    closed = x <= 0
    return jnp.where(closed, -jnp.inf, jnp.log(jnp.where(closed, 1.0, x)))


def zero_below(x: Array, size: float) -> Array:
    """Return x, exactly 0 where its magnitude is below a size, with the derivatives that x has."""
    value = jax.lax.stop_gradient(x)
    return x - jnp.where(jnp.abs(value) < size, value, 0.0)
