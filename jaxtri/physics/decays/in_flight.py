r"""Where X decays: the probability that it escapes, or decays before a wall, in logarithms.

With x = L / (beta gamma c tau), the proper time at the wall over the lifetime:
invisible P = B + (1-B) e^{-x}, prompt P = 1 - e^{-x}, displaced P = e^{-x_1} - e^{-x_2}.

Searches use these closed forms, with one effective length and one boost.  `flight_probability` averages over
the parent's spectrum and the angle of the decay, and says how far that is from the closed form.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jaxtri.model.constants import SPEED_OF_LIGHT
from jaxtri.numerics.quadrature import gauss_legendre
from jaxtri.numerics.roots import bracketed_root
from jaxtri.numerics.safe import log_or_minus_inf, sqrt_or_zero
from jaxtri.physics.kinematics import two_body_momentum

HELD = {"float32": 0.9, "float64": 0.4}  # of the largest exponent: second derivatives square it, in 64 bits
ANGLES, MOMENTA = 48, 24  # nodes of the rules over angle and, in every piece of a spectrum, momentum
REST = 1e3  # s; stands for "never reaches the wall": far beyond any lifetime that a search can see


def proper_time(
    length_m: ArrayLike, gamma_parent: ArrayLike, M: ArrayLike, m_D: ArrayLike, m_X: ArrayLike
) -> Array:
    r"""Proper time of X at a distance from its parent's decay M -> m_D X.

    .. math:: t = \frac{L}{\beta\gamma c},\qquad
              (\beta\gamma)^2 = \frac{\gamma_P^2 Q^2}{m_X^2} + \gamma_P^2 - 1

    X has the energy gamma_P E*, the mean over its direction in the parent's rest frame.

    Parameters
    ----------
    length_m
        Distance [m].
    gamma_parent
        Lorentz factor of the parent in the laboratory, 1 at rest.
    M, m_D, m_X
        Masses of parent, other product and X [GeV].

    Returns
    -------
    Array
        Proper time [s]; very large where X is at rest.

    Notes
    -----
    Valid for: a point-like source and one effective length.
    Differs from print: the paper does not say how it treats the flight of X.
    """
    Q = two_body_momentum(M, m_D, m_X)
    gamma2 = jnp.asarray(gamma_parent) ** 2
    beta_gamma = sqrt_or_zero(gamma2 * Q**2 + (gamma2 - 1) * jnp.asarray(m_X) ** 2) / m_X
    moves = beta_gamma > 0
    return jnp.where(moves, length_m / (jnp.where(moves, beta_gamma, 1.0) * SPEED_OF_LIGHT), REST)


def log_probability(is_invisible: ArrayLike, invisible_fraction: ArrayLike, x: ArrayLike) -> Array:
    r"""Logarithm of the probability that X looks as a search wants it.

    .. math:: \ln P_{\rm inv} = -x + \ln[1 + B(e^x - 1)],\qquad \ln P_{\rm prompt} = \ln(1-e^{-x})

    Parameters
    ----------
    is_invisible
        Whether the search looks for an X that is not seen (else: that decays before the wall).
    invisible_fraction
        Branching ratio B of X to neutrinos; used for the invisible case only.
    x
        Proper time at the wall over the lifetime, 0 or more.

    Returns
    -------
    Array
        ln P; minus infinity for a prompt X that never decays (x = 0).

    Notes
    -----
    Valid for: any x; nothing underflows.  One exponential and one logarithm serve both cases.
    Differs from print: not in the paper.
    """
    x, B = jnp.asarray(x), jnp.asarray(invisible_fraction)
    limit = HELD[x.dtype.name] * float(np.log(np.finfo(x.dtype).max))
    held = jnp.minimum(x, limit)
    growth = jnp.expm1(jnp.where(is_invisible, held, -x))
    inside = jnp.where(is_invisible, 1 + B * growth, -growth)
    beyond = jnp.where(B > 0, 0.0, x - held)
    return log_or_minus_inf(inside) - jnp.where(is_invisible, held + beyond, 0.0)


def turning_points(invisible_fraction: ArrayLike) -> Array:
    r"""Proper times over the lifetime at which an invisible signal, as a function of g_X, turns.

    The signal is x P = x [B + (1-B) e^{-x}], x proportional to g_X^2: it rises, falls between

    .. math:: (x-1)e^{-x} = \frac{B}{1-B},\qquad 1 \le x_1 \le 2 \le x_2,

    and rises again.  A prompt or displaced signal always rises.

    Parameters
    ----------
    invisible_fraction
        Branching ratio B of X to neutrinos.

    Returns
    -------
    Array
        (2,): x_1 and x_2; both are 2 where the signal never falls, B > 1/(1+e^2); x_2 is infinite for B = 0.

    Notes
    -----
    Valid for: 0 <= B <= 1.  With y = x-1 the equation is ln y - y = const, solved on either side of y = 1.
    Differs from print: not in the paper.
    """
    B = jnp.asarray(invisible_fraction)
    escapes, turns = B > 0, B / jnp.where(B < 1, 1 - B, 1.0) < jnp.exp(-2.0)
    goal = jnp.log(jnp.where(escapes & turns, B / (1 - B), jnp.exp(-2.0))) + 1
    lower, _ = bracketed_root(lambda y: jnp.log(y) - y - goal, jnp.exp(goal), 1.0)
    upper, _ = bracketed_root(lambda y: jnp.log(y) - y - goal, 1.0, -2 * goal)
    lower = jnp.where(turns, jnp.where(escapes, lower, 0.0), 1.0)
    upper = jnp.where(turns, jnp.where(escapes, upper, jnp.inf), 1.0)
    return 1 + jnp.stack([lower, upper])


class Spectrum(NamedTuple):
    """Momenta of parents in the laboratory: nodes and weights of a quadrature."""

    p: Array  # (node,) [GeV]
    weight: Array  # (node,), of sum 1


def spectrum_of(p: ArrayLike, density: ArrayLike | None = None) -> Spectrum:
    """Spectrum of parents: one momentum, or a density that is linear between its points.

    Parameters
    ----------
    p
        Momentum [GeV], or momenta (point,) that ascend.
    density
        Number of parents per GeV at each, in any unit; constant if None.

    Returns
    -------
    Spectrum
        24 Gauss-Legendre nodes between two neighbouring points.
    """
    p = jnp.atleast_1d(jnp.asarray(p, dtype=float))
    if p.shape[0] == 1:
        return Spectrum(p, jnp.ones(1))
    height = jnp.ones_like(p) if density is None else jnp.asarray(density, dtype=float)
    x, w = (jnp.asarray(part) for part in gauss_legendre(MOMENTA))
    low, step = p[:-1, None], jnp.diff(p)[:, None]
    weight = w * step * (height[:-1, None] + x * jnp.diff(height)[:, None])
    return Spectrum((low + x * step).ravel(), weight.ravel() / jnp.sum(weight))


def flight_probability(
    lengths_m: tuple[ArrayLike, ArrayLike],
    tau: ArrayLike,
    parents: Spectrum,
    M: ArrayLike,
    m_D: ArrayLike,
    m_X: ArrayLike,
    *,
    cosines: tuple[float, float] = (-1.0, 1.0),
) -> Array:
    r"""Probability that X decays between two lengths, averaged over momentum and decay angle of its parent.

    .. math:: P = \int dp\,\rho(p) \int\frac{d\cos\theta}{c_2-c_1}
              \left[e^{-L_1/\ell} - e^{-L_2/\ell}\right],\qquad \ell = \frac{p_X}{m_X} c\tau,

    p_X is the momentum of X in the laboratory: with Q and E* in the parent's rest frame,

    .. math:: p_\parallel = \frac{p E^* + E Q\cos\theta}{M},\qquad p_\perp = Q\sin\theta .

    Parameters
    ----------
    lengths_m
        Nearest and farthest distance from the parent's decay at which a decay of X counts [m]: (0, L) is
        prompt, (L, inf) escapes.
    tau
        Lifetime of X [s].
    parents
        Momenta of the parents, as `spectrum_of` returns them.
    M, m_D, m_X
        Masses of parent, other product and X [GeV].
    cosines
        Range of the cosine of the decay angle in the parent's rest frame, if a search looks at a part of it.

    Returns
    -------
    Array
        P, to 1e-10 absolute for 1e-3 < L/l < 1e3; to 1e-6 if p = M Q / m_X, at which X may be at rest in the
        laboratory, lies inside a piece of the spectrum.  An X at rest never leaves.

    Notes
    -----
    Valid for: an unpolarised parent or X, a point-like source, lengths along the direction of X.
    Nodes: 48 in the angle, crowded quadratically where X is slowest.
    Differs from print: the paper does not say how it treats the flight of X.
    """
    Q = two_body_momentum(M, m_D, m_X)
    s, w = (jnp.asarray(part) for part in gauss_legendre(ANGLES))
    cosine = cosines[0] + (cosines[1] - cosines[0]) * s**2
    p = parents.p[:, None]
    along = (p * jnp.hypot(Q, m_X) + jnp.hypot(p, M) * Q * cosine) / M
    across2 = Q**2 * (1 - cosine) * (1 + cosine)
    p_X = sqrt_or_zero(along**2 + across2)
    moves = p_X > 0
    mean_free = jnp.where(moves, p_X, 1.0) / m_X * SPEED_OF_LIGHT * tau
    lengths = [jnp.asarray(length, dtype=float) for length in lengths_m]
    ends = [jnp.isinf(length) for length in lengths]  # an infinite one has no derivative
    near, far = (
        jnp.where(end, jnp.inf, jnp.where(end, 1.0, length) / mean_free)
        for end, length in zip(ends, lengths, strict=True)
    )
    between = jnp.exp(-near) * -jnp.expm1(-(far - near))
    decays = jnp.where(moves, between, jnp.where(lengths[0] > 0, 0.0, 1.0))
    return jnp.sum(parents.weight[:, None] * (2 * s * w) * decays)
