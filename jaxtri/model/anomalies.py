"""Anomaly coefficients of a U(1)_X."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from jaxtri.model.fermions import COLOURS, ELECTRIC_CHARGE, WEAK_ISOSPIN

ZERO = 1e-9  # anomaly coefficients of charges such as 0.3333333333 vanish to this


class Charged(Protocol):
    """A `GaugeModel`, or its table: charges of the fermions and of right-handed neutrinos."""

    @property
    def charge(self) -> Any:
        """X charges, in the order of `fermions.FERMIONS`."""

    @property
    def right_handed_neutrinos(self) -> Any:
        """X charges of the right-handed neutrinos."""


def anomaly_coefficients(model: Charged) -> dict[str, float]:
    """Return the anomaly coefficients of a model with known (not traced) charges.

    Left-handed fields count +, right-handed ones -; X is vector-like, so that only the electroweak
    charges tell the chiralities apart:

    * ``SU(2)^2 U(1)_X``: 1/2 sum over left-handed fermions of N_c X (a doublet counts N_c X);
    * ``U(1)_Y^2 U(1)_X``: sum of N_c X (Y_L^2 - Y_R^2), Y = Q - T3;
    * ``gravity^2 U(1)_X`` and ``U(1)_X^3``: from the neutrinos and their right-handed partners.

    Returns
    -------
    dict
        Coefficient by name; 0 to rounding where the anomaly cancels.
    """
    charge = np.asarray(model.charge, dtype=float)
    colours, electric, isospin = (np.array(x) for x in (COLOURS, ELECTRIC_CHARGE, WEAK_ISOSPIN))
    neutrinos = charge[3:6]
    partners = np.array(model.right_handed_neutrinos)
    return {
        "SU(2)^2 U(1)_X": float(np.sum(colours * charge) / 2),
        "U(1)_Y^2 U(1)_X": float(np.sum(colours * charge * ((electric - isospin) ** 2 - electric**2))),
        "gravity^2 U(1)_X": float(np.sum(neutrinos) - np.sum(partners)),
        "U(1)_X^3": float(np.sum(neutrinos**3) - np.sum(partners**3)),
    }


def is_anomaly_free(model: Charged) -> bool:
    """Return whether both mixed electroweak anomalies of X cancel among Standard Model fermions."""
    coefficients = anomaly_coefficients(model)
    return all(abs(coefficients[name]) < ZERO for name in ("SU(2)^2 U(1)_X", "U(1)_Y^2 U(1)_X"))


DOUBLETS = (("nu_e", "e"), ("nu_mu", "mu"), ("nu_tau", "tau"), ("u", "d"), ("c", "s"), ("t", "b"))


def cautions(charges: Mapping[str, float], anomalies: Mapping[str, float]) -> list[str]:
    """What the shipped formulas leave out for a model, one sentence each; none for B - L.

    Parameters
    ----------
    charges
        By name of the fermion.
    anomalies
        From `anomaly_coefficients`.
    """
    found = []
    mixed = [key for key in ("SU(2)^2 U(1)_X", "U(1)_Y^2 U(1)_X") if abs(anomalies[key]) > ZERO]
    if mixed:
        found.append(
            f"not anomaly-free ({', '.join(mixed)}): heavy fermions must cancel it, "
            "and no shipped treatment counts them"
        )
    broken = [f"{up}/{down}" for up, down in DOUBLETS if charges[up] != charges[down]]
    if broken:
        found.append(
            f"charges differ within the doublets {', '.join(broken)}: X then breaks SU(2), "
            "and W bosons emit it besides"
        )
    if any(charges[quark] != charges["u"] for quark in "dscbt"):
        found.append("quark charges are not universal: flavour change at tree level is not included")
    return found
