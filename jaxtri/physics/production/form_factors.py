r"""Eqs. (B2), (B3), (B4), (B6): form factors of B -> K, B -> K* and K -> pi at q^2 = m_X^2."""

from jax import Array

from jaxtri.model.standard_model import FormFactors, StandardModel


def b_to_k_f_plus_single_pole(ff: FormFactors, q2: Array) -> Array:
    r"""Return f_+ of B -> K as Eq. (B6) prints it.

    .. math:: f_+ = \frac{r_1}{1-q^2/m^2} + \frac{r_2}{1-q^2/m^2}

    Parameters
    ----------
    ff
        Form-factor parameters.
    q2
        Momentum transfer squared [GeV^2].

    Notes
    -----
    Valid for: q2 = 0 only; kept to reproduce the print.
    Differs from print: nothing; the source has the second denominator squared.
    """
    return (ff.B_K_fplus_r1 + ff.B_K_fplus_r2) / (1 - q2 / ff.B_K_fplus_m2)


def b_to_k_f_plus(ff: FormFactors, q2: Array) -> Array:
    r"""Return f_+ of B -> K, Eq. (B6) with its square restored.

    .. math:: f_+ = \frac{r_1}{1-q^2/m^2} + \frac{r_2}{(1-q^2/m^2)^2}

    Parameters
    ----------
    ff
        Form-factor parameters.
    q2
        Momentum transfer squared [GeV^2], 0 to (m_B - m_K)^2.

    Notes
    -----
    Valid for: the whole decay region; 12 % uncertainty at q2 = 0.
    Differs from print: the second denominator is squared (hep-ph/0406232).
    """
    pole = 1 - q2 / ff.B_K_fplus_m2
    return ff.B_K_fplus_r1 / pole + ff.B_K_fplus_r2 / pole**2


def b_to_k_f_zero(ff: FormFactors, q2: Array) -> Array:
    r"""Return f_0 of B -> K, the form factor of the divergence of the current.

    .. math:: f_0 = \frac{r_2}{1-q^2/m^2}

    Parameters
    ----------
    ff
        Form-factor parameters.
    q2
        Momentum transfer squared [GeV^2], 0 to (m_B - m_K)^2.

    Notes
    -----
    Valid for: the whole decay region.
    Differs from print: the paper has no f_0; source hep-ph/0406232.
    """
    return ff.B_K_fzero_r2 / (1 - q2 / ff.B_K_fzero_m2)


def b_to_kstar_a0(ff: FormFactors, q2: Array) -> Array:
    r"""Return A_0 of B -> K*, the form factor of the divergence of the axial current.

    .. math:: A_0 = \frac{r_1}{1-q^2/m_R^2} + \frac{r_2}{1-q^2/m^2}

    Parameters
    ----------
    ff
        Form-factor parameters.
    q2
        Momentum transfer squared [GeV^2], 0 to (m_B - m_K*)^2.

    Notes
    -----
    Valid for: the whole decay region.
    Differs from print: the paper uses A_3 in its place; source hep-ph/0412079.
    """
    return ff.B_Kstar_A0_r1 / (1 - q2 / ff.B_Kstar_A0_mR**2) + ff.B_Kstar_A0_r2 / (1 - q2 / ff.B_Kstar_A0_m2)


def b_to_kstar_a1(ff: FormFactors, q2: Array) -> Array:
    r"""Return A_1 of B -> K*, Eq. (B3).

    .. math:: A_1 = \frac{r_2}{1-q^2/m^2}

    Parameters
    ----------
    ff
        Form-factor parameters.
    q2
        Momentum transfer squared [GeV^2].

    Notes
    -----
    Valid for: the whole decay region.
    Differs from print: nothing.
    """
    return ff.B_Kstar_A1_r2 / (1 - q2 / ff.B_Kstar_A1_m2)


def b_to_kstar_a2(ff: FormFactors, q2: Array) -> Array:
    r"""Return A_2 of B -> K*, Eq. (B4).

    .. math:: A_2 = \frac{r_1}{1-q^2/m^2} + \frac{r_2}{(1-q^2/m^2)^2}

    Parameters
    ----------
    ff
        Form-factor parameters.
    q2
        Momentum transfer squared [GeV^2].

    Notes
    -----
    Valid for: the whole decay region.
    Differs from print: nothing.
    """
    pole = 1 - q2 / ff.B_Kstar_A2_m2
    return ff.B_Kstar_A2_r1 / pole + ff.B_Kstar_A2_r2 / pole**2


def b_to_kstar_a3(ff: FormFactors, m_B: Array, m_V: Array, q2: Array) -> Array:
    r"""Return A_3 of B -> K*, Eq. (B2).

    .. math:: A_3 = \frac{m_B+m_V}{2m_V} A_1 - \frac{m_B-m_V}{2m_V} A_2

    Parameters
    ----------
    ff
        Form-factor parameters.
    m_B, m_V
        Masses of the B and of the K* [GeV].
    q2
        Momentum transfer squared [GeV^2].

    Notes
    -----
    Valid for: the whole decay region; but A_3 drops out of the amplitude that Eq. (10) needs.
    Differs from print: nothing.
    """
    a_1, a_2 = b_to_kstar_a1(ff, q2), b_to_kstar_a2(ff, q2)
    return (m_B + m_V) / (2 * m_V) * a_1 - (m_B - m_V) / (2 * m_V) * a_2


def b_to_kstar_v(ff: FormFactors, q2: Array) -> Array:
    r"""Return V of B -> K*.

    .. math:: V = \frac{r_1}{1-q^2/m_R^2} + \frac{r_2}{1-q^2/m^2}

    Parameters
    ----------
    ff
        Form-factor parameters.
    q2
        Momentum transfer squared [GeV^2].

    Notes
    -----
    Valid for: the whole decay region.
    Differs from print: the paper needs no V; source hep-ph/0412079.
    """
    return ff.B_Kstar_V_r1 / (1 - q2 / ff.B_Kstar_V_mR**2) + ff.B_Kstar_V_r2 / (1 - q2 / ff.B_Kstar_V_m2)


def k_to_pi_form_factor(sm: StandardModel, slope: Array, q2: Array) -> Array:
    r"""Return f_+ or f_0 of K -> pi: f(0) (1 + slope q^2 / m_{pi+}^2).

    .. math:: f(q^2) = f(0) \Bigl(1 + \lambda \frac{q^2}{m_{\pi^+}^2}\Bigr)

    Parameters
    ----------
    sm
        Measured inputs.
    slope
        lambda_+ or lambda_0 of the charged or neutral kaon.
    q2
        Momentum transfer squared [GeV^2], 0 to (m_K - m_pi)^2.

    Notes
    -----
    Valid for: the whole decay region.
    Differs from print: Eqs. (11), (12) have no form factor, as if it were 1.
    """
    return sm.form_factors.K_pi_f_at_0 * (1 + slope * q2 / sm.m_pi_plus**2)
