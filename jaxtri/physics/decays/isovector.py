r"""The isovector current, r_rho != 0: hadrons of isospin 1 as measured in e+e- annihilation.

No sum of resonances with few parameters describes them: rho-omega mixing at 0.78 GeV, four pions at
1.1-2 GeV.  What is used is the measured ratio R itself, with the errors of the measurements as inputs.
"""

from functools import cache
from types import MappingProxyType

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jaxtri.model.standard_model import StandardModel
from jaxtri.numerics.arrays import FloatArray
from jaxtri.numerics.safe import sqrt_or_zero
from jaxtri.tables.reader import FOLDER, read_columns

COLUMNS = MappingProxyType({"mass": "m_GeV", "ratio": "R"})
SCALE_CHANGES = 1.0  # GeV; between the two scales of `isovector_scale`, and their errors


@cache
def _measured_ratio() -> tuple[FloatArray, FloatArray]:
    """Masses [GeV], ascending, and ln R at them: tables/isovector.csv."""
    columns = read_columns(FOLDER / "isovector.csv")
    m, log_R = columns[COLUMNS["mass"]], np.log(columns[COLUMNS["ratio"]])
    m.flags.writeable = log_R.flags.writeable = False
    return m, log_R


def isovector_ratio(sm: StandardModel, m_X: ArrayLike) -> Array:
    r"""R of the isovector current for a coupling r_rho = 1.

    .. math:: \ln R = \text{linear in } m_X,\qquad
              R = R_1 \Bigl(\frac{\beta_\pi(m_X)}{\beta_\pi(m_1)}\Bigr)^3 \text{ below the first point } m_1

    Parameters
    ----------
    sm
        Measured inputs; ``hadrons.isovector_scale`` multiplies R up to 1 GeV, and above.
    m_X
        Mass of X [GeV], positive.

    Returns
    -------
    Array
        R, dimensionless; exactly 0 up to 2 m_pi, constant above the last point, 2 GeV.

    Notes
    -----
    Valid for: m_X < 2 GeV; 3 % up to 1 GeV, 10 % above (the errors of ``isovector_scale``).
    Differs from print: not in the paper.
    """
    m_X = jnp.asarray(m_X, dtype=float)
    m, log_R = _measured_ratio()
    scale = jnp.where(m_X < SCALE_CHANGES, sm.hadrons.isovector_scale[0], sm.hadrons.isovector_scale[1])
    speed = sqrt_or_zero(1 - (2 * sm.m_pi_plus / jnp.minimum(m_X, m[0])) ** 2)
    at_first = sqrt_or_zero(1 - (2 * sm.m_pi_plus / m[0]) ** 2)
    opening = jnp.where(at_first > 0, speed / jnp.where(at_first > 0, at_first, 1.0), 0.0) ** 3
    opening = jnp.where(m_X < m[0], opening, 1.0)
    is_open = m_X > 2 * sm.m_pi_plus
    return jnp.where(is_open, scale * opening * jnp.exp(jnp.interp(m_X, m, log_R)), 0.0)
