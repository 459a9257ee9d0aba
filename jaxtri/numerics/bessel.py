r"""Modified Bessel functions K_1 and K_2 without their exponential, as Chebyshev series in 1/z.

.. math:: k_\nu(z) = \sqrt{2z/\pi}\, e^z K_\nu(z) \to 1
"""

from functools import cache
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from numpy.polynomial import chebyshev

from jaxtri.numerics.arrays import FloatArray

SERIES = {1: (2.0, 17), 2: (1.0, 24)}  # smallest z and degree by order: truncation 2e-14
SMALLEST = 1e-300  # in place of 1/z = 0 where the series is made


@cache
def _coefficients(order: int) -> FloatArray:
    """Chebyshev coefficients of k_order over all of its z, read-only."""
    from scipy.special import kve  # slow to import, and only relic densities need it

    lowest, degree = SERIES[order]

    def values(t: Any) -> Any:
        z = lowest / np.maximum((t + 1) / 2, SMALLEST)
        return np.asarray(np.sqrt(2 * z / np.pi) * kve(order, z))

    found = chebyshev.chebinterpolate(values, degree)
    found.flags.writeable = False
    return np.asarray(found)


def scaled_bessel_k(order: int, z: ArrayLike) -> Array:
    """Return k_order(z) = sqrt(2z/pi) e^z K_order(z).

    Parameters
    ----------
    order
        1 or 2.
    z
        At least 2 for the order 1, at least 1 for the order 2; below, the series does not hold.

    Notes
    -----
    Valid for: such z, to 2e-14.
    Differs from print: not in the paper.
    """
    t = 2 * SERIES[order][0] / jnp.asarray(z) - 1
    later, last = jnp.zeros_like(t), jnp.zeros_like(t)
    first, *rest = _coefficients(order).tolist()
    for coefficient in reversed(rest):
        later, last = coefficient + 2 * t * later - last, later
    return first + t * later - last
