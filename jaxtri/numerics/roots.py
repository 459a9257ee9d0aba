"""Roots of a function of one variable between two ends, and their derivatives with respect to anything else.

`bracketed_root` and `implicit_root` work on one scalar function and are meant to be mapped; `roots_of_all`
takes a function that is computed for many arguments at once and is too large to be compiled into a loop.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jaxtri.numerics.arrays import FloatArray

State = tuple[Array, Array, Array, Array, Array, Array]  # x, bracket, last two steps, count
Function = Callable[[Array], Array]
MOST_STEPS = 130  # every second step at least halves the bracket: from 100 to one unit in the last place
CLOSE = 4 * float(np.finfo(float).eps)  # relative step at which a root is found
SMALL = 1e-6  # of the bracket; roots closer to 0 than this are found to this


def bracketed_root(function: Function, low: ArrayLike, high: ArrayLike) -> tuple[Array, Array]:
    """Return the root of a function between two ends, by Newton's method kept inside a shrinking bracket.

    A step that leaves the bracket, or does not halve the step before, is replaced by a bisection: the
    root is found whatever the function looks like, next to a double root at an end too.

    Parameters
    ----------
    function
        Continuous on [low, high], with one sign change at most; minus infinity counts as negative.
    low, high
        Ends of the bracket.

    Returns
    -------
    tuple
        The root, and whether there is one: whether one end is above 0 and the other is not.  Without
        one, the end at which the function is nearer to 0.  Neither has derivatives: see `implicit_root`.
    """
    low, high = (jax.lax.stop_gradient(jnp.asarray(end, dtype=float)) for end in (low, high))
    at_low, at_high = function(low), function(high)
    rises = at_high > 0
    found = (at_low > 0) != rises
    width = jnp.where(found, high - low, 0.0)
    nearer = jnp.where(jnp.abs(at_low) <= jnp.abs(at_high), low, high)

    def is_open(state: State) -> Array:
        x, _, _, step, _, count = state
        return (jnp.abs(step) > CLOSE * jnp.maximum(jnp.abs(x), SMALL * width)) & (count < MOST_STEPS)

    def improved(state: State) -> State:
        x, a, b, last, before, count = state
        value, slope = jax.jvp(function, (x,), (jnp.ones_like(x),))
        above = (value > 0) == rises
        a, b = jnp.where(above, a, x), jnp.where(above, x, b)
        newton = x - value / slope
        inside = (newton >= a) & (newton <= b)  # x is an end by now: a step below rounding stays inside
        good = inside & (jnp.abs(newton - x) < jnp.abs(before) / 2)
        new = jnp.where(value == 0, x, jnp.where(good, newton, (a + b) / 2))
        return new, a, b, new - x, last, count + 1

    state = ((low + high) / 2, low, high, width, width, jnp.zeros((), dtype=int))
    root = jax.lax.while_loop(is_open, improved, state)[0]
    return jnp.where(found, root, nearer), found


def interpolated_root(
    function: Function, low: ArrayLike, high: ArrayLike, resolution: float
) -> tuple[Array, Array]:
    """Return the root of a costly function between two ends by Chandrupatla's method, without its slope.

    Inverse quadratic interpolation where it can be trusted, bisection elsewhere; as a rule ten calls.

    Parameters
    ----------
    function
        Continuous on [low, high], with one sign change at most.
    low, high
        Ends of the bracket.
    resolution
        Width of the bracket at which its end nearer to 0 is the root.

    Returns
    -------
    tuple
        The root, and whether there is one; without one, an end.  Neither has derivatives: `implicit_root`.
    """
    b, a = (jax.lax.stop_gradient(jnp.asarray(end, dtype=float)) for end in (low, high))
    f_b, f_a = jax.lax.map(function, jnp.stack([b, a]))  # compiled once
    found = (f_b > 0) != (f_a > 0)

    def is_open(state: Any) -> Array:
        a, b, _, f_a, _, _, _, count = state
        return found & (jnp.abs(b - a) > resolution) & (f_a != 0) & (count < MOST_STEPS)

    def improved(state: Any) -> Any:
        a, b, c, f_a, f_b, f_c, t, count = state
        x = a + t * (b - a)
        f = function(x)
        same = (f > 0) == (f_a > 0)
        c, f_c = jnp.where(same, a, b), jnp.where(same, f_a, f_b)
        b, f_b = jnp.where(same, b, a), jnp.where(same, f_b, f_a)
        xi, phi = (x - b) / (c - b), (f - f_b) / (f_c - f_b)
        trusted = (phi**2 < xi) & ((1 - phi) ** 2 < 1 - xi)
        t = f / (f_b - f) * f_c / (f_b - f_c) + (c - x) / (b - x) * f / (f_c - f) * f_b / (f_c - f_b)
        least = jnp.minimum(resolution / 2 / jnp.abs(b - x), 0.5)
        t = jnp.clip(jnp.where(trusted & jnp.isfinite(t), t, 0.5), least, 1 - least)
        return x, b, c, f, f_b, f_c, t, count + 1

    start = (a, b, a, f_a, f_b, f_a, jnp.full_like(a, 0.5), jnp.zeros((), dtype=int))
    a, b, _, f_a, f_b, *_ = jax.lax.while_loop(is_open, improved, start)
    return jnp.where(jnp.abs(f_a) < jnp.abs(f_b), a, b), found


def implicit_root(function: Function, root: ArrayLike) -> Array:
    """Give a known root its derivatives: the implicit function theorem, to every order.

    Parameters
    ----------
    function
        Function of the unknown; what else it depends on it holds inside.
    root
        Where it vanishes, however found.

    Returns
    -------
    Array
        The same number, differentiable with respect to everything that the function holds.
    """
    return jax.lax.custom_root(
        function,
        jax.lax.stop_gradient(jnp.asarray(root, dtype=float)),
        lambda _, known: known,
        lambda linear, value: value / linear(jnp.ones_like(value)),
    )


def _rounding(a: FloatArray, b: FloatArray) -> FloatArray:
    """How far apart two numbers are that mean the same."""
    return CLOSE / 2 * np.maximum(np.abs(a), np.abs(b))


def roots_of_all(
    values: Callable[[FloatArray], FloatArray],
    low: FloatArray,
    high: FloatArray,
    resolution: Callable[[FloatArray, FloatArray], FloatArray] = _rounding,
) -> FloatArray:
    """Return one root in each of many brackets, without derivatives, by Chandrupatla's method.

    Inverse quadratic interpolation where it can be trusted, bisection elsewhere: every bracket shrinks
    to rounding in at most `MOST_STEPS` calls, as a rule in ten.

    Parameters
    ----------
    values
        Maps (n,) arguments to (n,) values, the i-th of the i-th function.
    low, high
        Ends, (n,), at which the values differ in sign.
    resolution
        Maps both ends of the brackets to distances between which functions see no difference.

    Returns
    -------
    ndarray
        The roots, (n,).
    """
    a, b = np.array(high, dtype=float), np.array(low, dtype=float)  # newest, and opposite, end
    f_a, f_b = values(a), values(b)
    c, f_c, t = a, f_a, np.full(len(a), 0.5)
    for _ in range(MOST_STEPS):
        x = a + t * (b - a)
        f = values(x)
        same = (f > 0) == (f_a > 0)
        c, f_c = np.where(same, a, b), np.where(same, f_a, f_b)
        b, f_b = np.where(same, b, a), np.where(same, f_b, f_a)
        a, f_a = x, f
        least = resolution(a, b) / np.maximum(np.abs(b - a), np.finfo(float).tiny)
        if np.all((least > 0.5) | (f == 0)):
            break
        t = np.clip(_interpolated(a, b, c, f_a, f_b, f_c), least, np.maximum(1 - least, least))
        t = np.where((least > 0.5) | (f == 0), 0.0, t)
    return np.where(np.abs(f_a) < np.abs(f_b), a, b)


def _interpolated(
    a: FloatArray, b: FloatArray, c: FloatArray, f_a: FloatArray, f_b: FloatArray, f_c: FloatArray
) -> FloatArray:
    """Where in [a, b] the inverse parabola through three points vanishes; the middle where it may not."""
    with np.errstate(all="ignore"):
        xi, phi = (a - b) / (c - b), (f_a - f_b) / (f_c - f_b)
        t = f_a / (f_b - f_a) * f_c / (f_b - f_c)
        t = t + (c - a) / (b - a) * f_a / (f_c - f_a) * f_b / (f_c - f_b)
        trusted = (phi**2 < xi) & ((1 - phi) ** 2 < 1 - xi) & np.isfinite(t)
    return np.where(trusted, t, 0.5)
