"""Bracketed roots and their derivatives.  Oracle: functions whose roots and derivatives are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxtri.numerics.roots import bracketed_root, implicit_root, roots_of_all

ROUNDING = 4e-15  # relative: some units in the last place
KNOWN = {  # function, bracket, root
    "line": (lambda x: x - 0.3, (-1.0, 5.0), 0.3),
    "falling": (lambda x: 2 - x**2, (0.0, 9.0), 2**0.5),
    "flat next to the root": (lambda x: x**3 * (x - 1), (0.5, 40.0), 1.0),
    "steep": (lambda x: jnp.log(x), (1e-6, 1e4), 1.0),
    "from minus infinity": (lambda x: jnp.where(x > 1 / 3, 1.0, -jnp.inf), (0.0, 1.0), 1 / 3),
    "exponential": (lambda x: x - jnp.exp(x) + 30, (0.0, 40.0), 3.51190061807809),
}


@pytest.mark.parametrize("name", KNOWN)
def test_roots_of_known_functions(name):
    function, ends, expected = KNOWN[name]
    root, found = jax.jit(lambda: bracketed_root(function, *ends))()
    assert found
    np.testing.assert_allclose(root, expected, rtol=ROUNDING)
    many = roots_of_all(lambda x: np.asarray(jax.vmap(function)(x)), np.array(ends[:1]), np.array(ends[1:]))
    np.testing.assert_allclose(many, expected, rtol=ROUNDING)


def test_next_to_a_double_root():
    for gap in (1e-4, 1e-10, 1e-15):
        root, _ = bracketed_root(lambda x, gap=gap: gap - (x - 1) ** 2, 1.0, 3.0)
        np.testing.assert_allclose(root, 1 + gap**0.5, rtol=ROUNDING)


def test_few_steps_to_a_root():
    """A last step below rounding ends the search; it must not start bisecting the far side of the bracket."""
    calls = []

    def function(x):
        calls.append(float(jax.lax.stop_gradient(x)) if not isinstance(x, jax.core.Tracer) else None)
        return 19.806975104711473 + 2 * x + 1e-17 * x

    with jax.disable_jit():
        root, _ = bracketed_root(function, -20.723265836946414, 0.0)
    np.testing.assert_allclose(root, -19.806975104711473 / 2, rtol=ROUNDING)
    assert len(calls) < 10  # bisection takes 50


def test_root_at_an_end_and_none():
    root, found = bracketed_root(lambda x: x, 0.0, 1.0)
    assert found
    assert abs(root) < 1e-20
    assert bracketed_root(lambda x: x + 1, 0.0, 1.0) == (0.0, False)
    assert bracketed_root(lambda x: x - 3, 0.0, 1.0) == (1.0, False)


def test_a_bare_newton_step_misses():  # so the tests above are able to fail
    slope = jax.grad(lambda x: x - jnp.exp(x) + 30)(0.5)
    x = 0.5 - (0.5 - np.exp(0.5) + 30) / float(slope)
    assert not 0 < x < 40


def test_many_brackets_at_once():
    p = np.linspace(0.1, 5.0, 57)
    mapped, found = jax.vmap(lambda p: bracketed_root(lambda x: x**3 - p, 0.0, 9.0))(p)
    assert found.all()
    np.testing.assert_allclose(mapped, np.cbrt(p), rtol=ROUNDING)
    calls = []

    def values(x):
        calls.append(len(x))
        return x**3 - p

    np.testing.assert_allclose(roots_of_all(values, 0 * p, 9 + 0 * p), np.cbrt(p), rtol=ROUNDING)
    assert len(calls) < 40  # bisection takes 57


def cube_root(p):
    """Cube root of p by root finding."""

    def function(x):
        return x**3 - p

    return implicit_root(function, bracketed_root(function, 0.0, 9.0)[0])


@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_derivatives_of_every_order(order):
    derivative = cube_root
    for _ in range(order):
        derivative = jax.grad(derivative)
    p = 2.7
    expected = [1.0, 1 / 3, -2 / 9, 10 / 27][order] * p ** (1 / 3 - order)
    np.testing.assert_allclose(derivative(p), expected, rtol=1e-14)
    np.testing.assert_allclose(jax.jit(jax.vmap(derivative))(jnp.array([p])), [expected], rtol=1e-14)
    np.testing.assert_allclose(jax.hessian(cube_root)(p), -2 / 9 * p ** (-5 / 3), rtol=1e-14)


def test_a_stopped_gradient_is_wrong_at_second_order():  # so the test above is able to fail
    def one_newton_step(p):
        x = jax.lax.stop_gradient(cube_root(p))
        return x - (x**3 - p) / jax.lax.stop_gradient(3 * x**2)

    np.testing.assert_allclose(jax.grad(one_newton_step)(2.7), 2.7 ** (-2 / 3) / 3, rtol=1e-14)
    assert jax.grad(jax.grad(one_newton_step))(2.7) == 0
