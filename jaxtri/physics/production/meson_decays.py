r"""Eqs. (9), (10), (11), (12): widths of B -> K X, B -> K* X and K -> pi X for a coupling g_{Xij}.

Every function takes the coupling squared: |g|^2, and Im(g)^2 for the CP-odd K_L.  Two forms of each
are consistent: `goldstone` (the divergence form factor, longitudinal X as a Goldstone boson) and
`vector` (a massive vector with exact kinematics).
"""

from types import MappingProxyType

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxtri.model.standard_model import StandardModel
from jaxtri.physics.kinematics import two_body_momentum
from jaxtri.physics.production.form_factors import (
    b_to_k_f_plus,
    b_to_k_f_plus_single_pole,
    b_to_k_f_zero,
    b_to_kstar_a0,
    b_to_kstar_a1,
    b_to_kstar_a2,
    b_to_kstar_a3,
    b_to_kstar_v,
    k_to_pi_form_factor,
)


def _s_wave(m_P: Array, m_D: Array, m_X: ArrayLike, coupling2: ArrayLike, charge: Array) -> Array:
    """m_P^3 / (64 pi m_X^2) |g|^2 charge^2 (2Q / m_P): the common form of Eqs. (9), (11), (12)."""
    Q = two_body_momentum(m_P, m_D, m_X)
    return m_P**3 / (64 * jnp.pi * jnp.asarray(m_X) ** 2) * coupling2 * charge**2 * (2 * Q / m_P)


def _p_wave(m_P: Array, m_D: Array, m_X: ArrayLike, coupling2: ArrayLike, charge: Array) -> Array:
    """m_P^3 / (64 pi m_X^2) |g|^2 charge^2 (2Q / m_P)^3: the form of Eq. (10) and of a massive vector."""
    Q = two_body_momentum(m_P, m_D, m_X)
    return m_P**3 / (64 * jnp.pi * jnp.asarray(m_X) ** 2) * coupling2 * charge**2 * (2 * Q / m_P) ** 3


def _before_threshold(m_P: Array, m_D: Array, m_X: ArrayLike) -> Array:
    """q^2 = m_X^2, held at the end of the decay region so that no form factor meets its pole."""
    return jnp.minimum(jnp.asarray(m_X), m_P - m_D) ** 2


def _k_to_pi_printed(
    sm: StandardModel,
    m_K: Array,
    m_pi: Array,
    slopes: tuple[Array, Array],
    m_X: ArrayLike,
    coupling2: ArrayLike,
) -> Array:
    r"""Width of K -> pi X as Eqs. (11), (12) print it.

    .. math:: \Gamma = \frac{m_K^3}{64\pi m_X^2} |g|^2 \Bigl(1-\frac{m_\pi}{m_K^2}\Bigr)^2 \frac{2Q}{m_K}

    Notes
    -----
    Valid for: reproducing the print; the bracket has a dimension, its numbers are taken in GeV.
    Differs from print: nothing.
    """
    return _s_wave(m_K, m_pi, m_X, coupling2, 1 - m_pi / m_K**2)


def _k_to_pi_bracket(
    sm: StandardModel,
    m_K: Array,
    m_pi: Array,
    slopes: tuple[Array, Array],
    m_X: ArrayLike,
    coupling2: ArrayLike,
) -> Array:
    r"""Width of K -> pi X, Eqs. (11), (12), with the bracket repaired.

    .. math:: \Gamma = \frac{m_K^3}{64\pi m_X^2} |g|^2 \Bigl(1-\frac{m_\pi^2}{m_K^2}\Bigr)^2 \frac{2Q}{m_K}

    Notes
    -----
    Valid for: m_X << m_K.
    Differs from print: m_pi^2 / m_K^2 in the bracket, as in Eq. (9).
    """
    return _s_wave(m_K, m_pi, m_X, coupling2, 1 - (m_pi / m_K) ** 2)


def _k_to_pi_goldstone(
    sm: StandardModel,
    m_K: Array,
    m_pi: Array,
    slopes: tuple[Array, Array],
    m_X: ArrayLike,
    coupling2: ArrayLike,
) -> Array:
    r"""Width of K -> pi X by Goldstone equivalence: Eqs. (11), (12) with f_0.

    .. math:: \Gamma = \frac{m_K^3}{64\pi m_X^2} |g|^2 \Bigl(1-\frac{m_\pi^2}{m_K^2}\Bigr)^2
              f_0^2(m_X^2) \frac{2Q}{m_K}

    Notes
    -----
    Valid for: a Goldstone boson of any mass; a vector for m_X << m_K.
    Differs from print: the bracket of `bracket`, and the form factor f_0.
    """
    f_0 = k_to_pi_form_factor(sm, slopes[1], _before_threshold(m_K, m_pi, m_X))
    return _s_wave(m_K, m_pi, m_X, coupling2, (1 - (m_pi / m_K) ** 2) * f_0)


def _k_to_pi_vector(
    sm: StandardModel,
    m_K: Array,
    m_pi: Array,
    slopes: tuple[Array, Array],
    m_X: ArrayLike,
    coupling2: ArrayLike,
) -> Array:
    r"""Width of K -> pi X for a massive vector.

    .. math:: \Gamma = \frac{m_K^3}{64\pi m_X^2} |g|^2 f_+^2(m_X^2) \Bigl(\frac{2Q}{m_K}\Bigr)^3

    Notes
    -----
    Valid for: every m_X.
    Differs from print: P-wave and form factor; (2Q/m_K)^2 becomes the bracket as m_X -> 0.
    """
    f_plus = k_to_pi_form_factor(sm, slopes[0], _before_threshold(m_K, m_pi, m_X))
    return _p_wave(m_K, m_pi, m_X, coupling2, f_plus)


K_TO_PI = MappingProxyType(  # Eqs. (11), (12)
    {
        "printed": _k_to_pi_printed,
        "bracket": _k_to_pi_bracket,
        "goldstone": _k_to_pi_goldstone,
        "vector": _k_to_pi_vector,
    }
)


def _b_to_k_printed(sm: StandardModel, m_B: Array, m_K: Array, m_X: ArrayLike, coupling2: ArrayLike) -> Array:
    r"""Width of B -> K X, Eq. (9) with Eq. (B6) as printed.

    .. math:: \Gamma = \frac{m_B^3}{64\pi m_X^2}|g|^2\Bigl(1-\frac{m_K^2}{m_B^2}\Bigr)^2
              f_K^2(m_X^2)\frac{2Q}{m_B}

    Notes
    -----
    Valid for: m_X -> 0.
    Differs from print: nothing.
    """
    f_plus = b_to_k_f_plus_single_pole(sm.form_factors, _before_threshold(m_B, m_K, m_X))
    return _s_wave(m_B, m_K, m_X, coupling2, (1 - (m_K / m_B) ** 2) * f_plus)


def _b_to_k_double_pole(
    sm: StandardModel, m_B: Array, m_K: Array, m_X: ArrayLike, coupling2: ArrayLike
) -> Array:
    """Width of B -> K X, Eq. (9) with the f_+ of the source.  Differs from print: Eq. (B6) repaired."""
    f_plus = b_to_k_f_plus(sm.form_factors, _before_threshold(m_B, m_K, m_X))
    return _s_wave(m_B, m_K, m_X, coupling2, (1 - (m_K / m_B) ** 2) * f_plus)


def _b_to_k_goldstone(
    sm: StandardModel, m_B: Array, m_K: Array, m_X: ArrayLike, coupling2: ArrayLike
) -> Array:
    """Width of B -> K X by Goldstone equivalence.  Differs from print: f_0 for f_+ in Eq. (9)."""
    f_zero = b_to_k_f_zero(sm.form_factors, _before_threshold(m_B, m_K, m_X))
    return _s_wave(m_B, m_K, m_X, coupling2, (1 - (m_K / m_B) ** 2) * f_zero)


def _b_to_k_vector(sm: StandardModel, m_B: Array, m_K: Array, m_X: ArrayLike, coupling2: ArrayLike) -> Array:
    r"""Width of B -> K X for a massive vector.

    .. math:: \Gamma = \frac{m_B^3}{64\pi m_X^2}|g|^2 f_+^2(m_X^2)\Bigl(\frac{2Q}{m_B}\Bigr)^3

    Notes
    -----
    Valid for: every m_X.
    Differs from print: P-wave in Eq. (9), double pole in Eq. (B6).
    """
    f_plus = b_to_k_f_plus(sm.form_factors, _before_threshold(m_B, m_K, m_X))
    return _p_wave(m_B, m_K, m_X, coupling2, f_plus)


B_TO_K = MappingProxyType(  # Eq. (9)
    {
        "printed": _b_to_k_printed,
        "double_pole": _b_to_k_double_pole,
        "goldstone": _b_to_k_goldstone,
        "vector": _b_to_k_vector,
    }
)


def _b_to_kstar_printed(
    sm: StandardModel, m_B: Array, m_V: Array, m_X: ArrayLike, coupling2: ArrayLike
) -> Array:
    r"""Width of B -> K* X, Eq. (10), with f_{K*} = A_3.

    .. math:: \Gamma = \frac{m_B^3}{64\pi m_X^2}|g|^2 A_3^2(m_X^2)\Bigl(\frac{2Q}{m_B}\Bigr)^3

    Notes
    -----
    Valid for: m_X -> 0, where A_3 = A_0.
    Differs from print: nothing.
    """
    a_3 = b_to_kstar_a3(sm.form_factors, m_B, m_V, _before_threshold(m_B, m_V, m_X))
    return _p_wave(m_B, m_V, m_X, coupling2, a_3)


def _b_to_kstar_goldstone(
    sm: StandardModel, m_B: Array, m_V: Array, m_X: ArrayLike, coupling2: ArrayLike
) -> Array:
    """Width of B -> K* X by Goldstone equivalence.  Differs from print: A_0 for A_3 in Eq. (10)."""
    a_0 = b_to_kstar_a0(sm.form_factors, _before_threshold(m_B, m_V, m_X))
    return _p_wave(m_B, m_V, m_X, coupling2, a_0)


def _b_to_kstar_vector(
    sm: StandardModel, m_B: Array, m_V: Array, m_X: ArrayLike, coupling2: ArrayLike
) -> Array:
    r"""Width of B -> K* X for a massive vector, from its helicity amplitudes.

    .. math:: \Gamma = \frac{Q|g|^2}{32\pi m_B^2}(H_0^2+H_+^2+H_-^2),\quad
              H_0 = \frac{(m_B^2-m_V^2-q^2)(m_B+m_V)A_1 - \lambda A_2/(m_B+m_V)}{2m_V m_X},\quad
              H_\pm = (m_B+m_V)A_1 \mp \frac{2m_B Q V}{m_B+m_V}

    with q^2 = m_X^2 and lambda = 4 m_B^2 Q^2.

    Notes
    -----
    Valid for: every m_X.
    Differs from print: all three helicities instead of Eq. (10).
    """
    q2 = _before_threshold(m_B, m_V, m_X)
    Q = two_body_momentum(m_B, m_V, m_X)
    total = m_B + m_V
    a_1, a_2 = b_to_kstar_a1(sm.form_factors, q2), b_to_kstar_a2(sm.form_factors, q2)
    v = b_to_kstar_v(sm.form_factors, q2)
    longitudinal = (m_B**2 - m_V**2 - q2) * total * a_1 - 4 * m_B**2 * Q**2 * a_2 / total
    h_0 = longitudinal / (2 * m_V * jnp.asarray(m_X))
    h_plus, h_minus = total * a_1 - 2 * m_B * Q * v / total, total * a_1 + 2 * m_B * Q * v / total
    return Q * coupling2 / (32 * jnp.pi * m_B**2) * (h_0**2 + h_plus**2 + h_minus**2)


B_TO_KSTAR = MappingProxyType(  # Eq. (10)
    {"printed": _b_to_kstar_printed, "goldstone": _b_to_kstar_goldstone, "vector": _b_to_kstar_vector}
)
