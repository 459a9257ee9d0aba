r"""Neutrino tridents: what an X that couples to muons and their neutrinos does to nu_mu N -> nu_mu mu+ mu- N.

X adds to the vector coupling of the contact interaction of neutrinos and muons, with its propagator:

.. math:: C_V = \tfrac12 + 2s_w^2,\quad C_A = \tfrac12,\qquad
          C_V \to C_V + \frac{v^2 g_X^2\, x_\mu x_{\nu_\mu}}{K^2 + m_X^2},\quad v^2 = \frac{1}{\sqrt2 G_F}

K^2 is the squared momentum that the neutrino loses.  V and A do not interfere in the cross section: with the
nucleus's photon they make pairs of opposite charge parity.  So two means over the events of a vector
interaction and one ratio of cross sections say everything (tables/tridents.toml, tridents.csv).
"""

from dataclasses import dataclass
from functools import cache

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jaxtri.errors import unknown_name
from jaxtri.model.fermions import FERMIONS
from jaxtri.model.gauge_model import GaugeModel
from jaxtri.model.standard_model import StandardModel
from jaxtri.numerics.arrays import FloatArray
from jaxtri.tables.reader import FOLDER, read, read_columns
from jaxtri.tables.schema import TridentsTable

C_A = 0.5


@dataclass(frozen=True, kw_only=True)
class Tridents:
    """One measurement of tridents over the Standard Model, and what the prediction with X needs."""

    name: str  # key in tables/tridents.toml
    title: str
    experiment: str
    value: float  # measured cross section over that of the Standard Model
    error: float  # 1 sigma
    energy: float  # of the neutrinos [GeV]
    axial_over_vector: float  # cross sections of an axial and of a vector contact interaction
    reference: str
    locator: str
    log_m_X: FloatArray  # (mass,) nodes, ln of [GeV]
    log_mean: FloatArray  # (mass,) ln <1/(K^2 + m_X^2)>, over the events of a vector interaction [GeV^-2]
    log_mean_square: FloatArray  # (mass,) ln <1/(K^2 + m_X^2)^2> [GeV^-4]


@cache
def load_tridents(name: str) -> Tridents:
    """Return a measurement of neutrino tridents.

    Parameters
    ----------
    name
        A key of tables/tridents.toml, such as "ccfr_1991".

    Raises
    ------
    InputError
        If there is none of that name.
    """
    known = read(FOLDER / "tridents.toml", TridentsTable).root
    if name not in known:
        raise unknown_name("tables/tridents.toml", "measurement of tridents", name, known)
    logs = [np.log(column) for column in read_columns(FOLDER / f"tridents_{name}.csv").values()]
    return Tridents(
        name=name, **known[name].model_dump(), log_m_X=logs[0], log_mean=logs[1], log_mean_square=logs[2]
    )


def trident_terms(
    sm: StandardModel, model: GaugeModel, tridents: Tridents, m_X: ArrayLike
) -> tuple[Array, Array]:
    r"""Coefficients of the cross section over that of the Standard Model, 1 + a_1 g_X^2 + a_2 g_X^4.

    .. math:: a_1 = \frac{2 C_V}{D}\, v^2 x_\mu x_{\nu_\mu} \langle (K^2 + m_X^2)^{-1} \rangle,\qquad
              a_2 = \frac{(v^2 x_\mu x_{\nu_\mu})^2}{D} \langle (K^2 + m_X^2)^{-2} \rangle,\qquad
              D = C_V^2 + \rho C_A^2

    with rho the axial over the vector cross section.  For m_X^2 far above K^2 and rho = 1 this is

    .. math:: \frac{\sigma}{\sigma_{SM}} = \frac{1 + (1 + 4s_w^2 + 2v^2 g_X^2 x_\mu x_{\nu_\mu}/m_X^2)^2}
              {1 + (1 + 4s_w^2)^2}.

    Parameters
    ----------
    sm, model
        Measured inputs and charges.
    tridents
        `load_tridents`.
    m_X
        Mass of X [GeV], positive; any shape.

    Returns
    -------
    tuple
        a_1, of the sign of x_mu x_nu_mu, and a_2, of the shape of m_X.

    Notes
    -----
    Valid for: neutrinos of one energy on one nucleus, photons of the nucleus real: couplings good to about
    5 %, against published ones.  Below 1 keV the means are those at 1 keV (a_2 rises with -ln m_X).
    Differs from print: the paper has no tridents.  Source: arXiv:1406.2332.
    """
    charge = dict(zip(FERMIONS, model.charge, strict=True))
    x, log_m = charge["mu"] * charge["nu_mu"], jnp.log(jnp.asarray(m_X, dtype=float))
    v2, C_V = 1 / (jnp.sqrt(2.0) * sm.G_F), 0.5 + 2 * sm.sw2
    mean, mean_square = (
        jnp.exp(jnp.interp(log_m, tridents.log_m_X, column))
        for column in (tridents.log_mean, tridents.log_mean_square)
    )
    total = C_V**2 + tridents.axial_over_vector * C_A**2
    return 2 * C_V * v2 * x * mean / total, (v2 * x) ** 2 * mean_square / total


def trident_coupling(
    sm: StandardModel, model: GaugeModel, tridents: Tridents, m_X: ArrayLike, *, sigmas: float
) -> Array:
    r"""Coupling above which X makes more tridents than were measured.

    .. math:: 1 + a_1 g_X^2 + a_2 g_X^4 = \frac{\sigma}{\sigma_{SM}} + n\,\delta

    Parameters
    ----------
    sm, model, tridents, m_X
        As for `trident_terms`.
    sigmas
        Number n of errors delta above the measured value; the sum must exceed 1.

    Returns
    -------
    Array
        The one positive root, of the shape of m_X; infinite where X does not couple muons and muon neutrinos.

    Notes
    -----
    Valid for: as `trident_terms`.  For x_mu x_nu_mu < 0 the cross section first falls with g_X; couplings
    at which it would be too small are not counted as excluded.
    Differs from print: the paper has no tridents.
    """
    a_1, a_2 = trident_terms(sm, model, tridents, m_X)
    couples = a_2 > 0
    a_1, a_2 = jnp.where(couples, a_1, 1.0), jnp.where(couples, a_2, 1.0)
    excess = tridents.value + sigmas * tridents.error - 1
    root = jnp.sqrt(a_1**2 + 4 * a_2 * excess)
    adds = a_1 > 0  # then the difference of root and a_1 would cancel
    squared = jnp.where(adds, 2 * excess / (root + jnp.abs(a_1)), (root - a_1) / (2 * a_2))
    return jnp.where(couples, jnp.sqrt(squared), jnp.inf)
