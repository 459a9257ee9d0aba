r"""Kinetic mixing of X with the photon: what it adds to charges, and how much of it loops induce.

Below the Z a mixing :math:`(\epsilon/2) F^{\mu\nu} X_{\mu\nu}` gives every fermion the coupling
:math:`g_X x_f + \epsilon e Q_f`.  A model holds epsilon / g_X, so that all couplings of X scale with g_X.
"""

from dataclasses import replace

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxtri.model.fermions import COLOURS, ELECTRIC_CHARGE, FERMIONS
from jaxtri.model.gauge_model import GaugeModel
from jaxtri.model.standard_model import StandardModel
from jaxtri.numerics.kernels import kernel

CONFINED = 0.3  # GeV; below, light quarks screen no more


def mixed(sm: StandardModel, model: GaugeModel) -> GaugeModel:
    r"""Return a model without mixing whose charges are those that X couples with.

    .. math:: x_f \to x_f + \frac{\epsilon}{g_X}\, e\, Q_f,\qquad e = \sqrt{4\pi\alpha}

    Parameters
    ----------
    sm, model
        Measured inputs and charges.

    Notes
    -----
    Valid for: m_X far below m_Z; first order in epsilon.
    Differs from print: the paper has no mixing.
    """
    e = jnp.sqrt(4 * jnp.pi * sm.alpha_0)
    charge = model.charge + model.kinetic_mixing * e * jnp.array(ELECTRIC_CHARGE)
    return replace(model, charge=charge, kinetic_mixing=jnp.zeros(()))


@kernel()
def induced_mixing(sm: StandardModel, model: GaugeModel, low: ArrayLike, high: ArrayLike) -> Array:
    r"""Mixing epsilon / g_X that loops of fermions add between two scales.

    .. math:: \frac{\epsilon}{g_X} = \frac{e}{12\pi^2} \sum_f N_c Q_f x_f
              \ln\frac{\mu_{high}^2}{\max(m_f, \mu_{low})^2}

    Parameters
    ----------
    sm, model
        Measured inputs and charges.
    low, high
        Scales [GeV]; light quarks stop at 0.3 GeV, and heavier fermions than ``high`` do not count.

    Notes
    -----
    Valid for: an estimate, to leading logarithm; where sum N_c Q x = 0 it depends on neither scale as long as
    all masses are between them, as for L_mu - L_tau: (e / 12 pi^2) ln(m_tau^2 / m_mu^2) = g_X / 70.
    Differs from print: the paper has no mixing.
    """
    e = jnp.sqrt(4 * jnp.pi * sm.alpha_0)
    masses = {name: getattr(sm, f"m_{name}") for name in FERMIONS if not name.startswith("nu_")}
    masses |= {name: jnp.maximum(masses[name], CONFINED) for name in "uds"}
    m = jnp.stack([jnp.asarray(masses.get(name, 1.0)) for name in FERMIONS])
    floor = jnp.minimum(jnp.maximum(m, low), high)
    weight = jnp.array(COLOURS) * jnp.array(ELECTRIC_CHARGE) * model.charge
    return e / (12 * jnp.pi**2) * jnp.sum(weight * 2 * jnp.log(high / floor))
