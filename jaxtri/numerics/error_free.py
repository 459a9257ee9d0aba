"""Sums and products together with their rounding error: twice the digits where a difference cancels."""

import numpy as np
from jax import Array, lax

Double = tuple[Array, Array]  # a number as the unevaluated sum of a leading and a trailing part


def two_sum(a: Array, b: Array) -> Double:
    """Return a + b, rounded, and what the rounding lost (Knuth)."""
    total = a + b
    rest = total - a
    return total, (a - (total - rest)) + (b - rest)


def two_product(a: Array, b: Array) -> Double:
    """Return a * b, rounded, and what the rounding lost (Dekker); exact halves by `reduce_precision`."""
    product = a * b
    (a_high, a_low), (b_high, b_low) = _halves(a), _halves(b)
    error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return product, error


def add(x: Double, y: Double) -> Double:
    """Sum of two doubled numbers."""
    total, rest = two_sum(x[0], y[0])
    return total, rest + (x[1] + y[1])


def multiply(x: Double, y: Double) -> Double:
    """Product of two doubled numbers."""
    product, rest = two_product(x[0], y[0])
    return product, rest + (x[0] * y[1] + x[1] * y[0])


def _halves(a: Array) -> Double:
    """Split a number into two of half its digits."""
    info = np.finfo(a.dtype)
    high = lax.reduce_precision(a, exponent_bits=int(info.nexp), mantissa_bits=int(info.nmant) // 2 - 1)
    return high, a - high
