"""Anomaly coefficients of a U(1)_X, in exact rational numbers, and what they say of a model."""

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import cache
from typing import Any, Protocol

from jaxtri.model.fermions import COLOURS, ELECTRIC_CHARGE, FERMIONS, WEAK_ISOSPIN

ZERO = 1e-9  # charges such as 0.3333333333 are the fraction that is this near, and what they sum to is 0
LARGEST_DENOMINATOR = 1000
SU2, HYPERCHARGE = "SU(2)^2 U(1)_X", "U(1)_Y^2 U(1)_X"
DOUBLETS = (("nu_e", "e"), ("nu_mu", "mu"), ("nu_tau", "tau"), ("u", "d"), ("c", "s"), ("t", "b"))


class Charged(Protocol):
    """A `GaugeModel`, or its table: charges of the fermions and of right-handed neutrinos."""

    @property
    def charge(self) -> Any:
        """X charges, in the order of `fermions.FERMIONS`."""

    @property
    def right_handed_neutrinos(self) -> Any:
        """X charges of the right-handed neutrinos."""


def rational(charge: float) -> Fraction:
    """The fraction with a small denominator that a charge means, or the number itself."""
    near = Fraction(charge).limit_denominator(LARGEST_DENOMINATOR)
    return near if abs(float(near) - charge) < ZERO else Fraction(repr(charge))


def exact_anomalies(model: Charged) -> dict[str, Fraction]:
    """Return the anomaly coefficients of a model with known (not traced) charges.

    Left-handed fields count +, right-handed ones -; X is vector-like, so that only the electroweak
    charges tell the chiralities apart:

    * ``SU(2)^2 U(1)_X``: 1/2 sum over left-handed fermions of N_c X (a doublet counts N_c X);
    * ``U(1)_Y^2 U(1)_X``: sum of N_c X (Y_L^2 - Y_R^2), Y_R = Q, Y_L = Q - T3;
    * ``U(1)_Y U(1)_X^2``: sum of N_c X^2 (Y_L - Y_R);
    * ``gravity^2 U(1)_X`` and ``U(1)_X^3``: from the neutrinos and their right-handed partners.

    Returns
    -------
    dict
        Exact coefficient by name.
    """
    return dict(_exact_anomalies(_numbers(model.charge), _numbers(model.right_handed_neutrinos)))


def _numbers(values: Any) -> tuple[float, ...]:
    """Numbers of an array or a sequence; listing models must not wait for NumPy."""
    return tuple(map(float, values.tolist() if hasattr(values, "tolist") else values))


@cache
def _exact_anomalies(given: tuple[float, ...], right_handed: tuple[float, ...]) -> Mapping[str, Fraction]:
    """`exact_anomalies` of charges: public functions ask for them at every call."""
    charges, partners = [rational(one) for one in given], [rational(one) for one in right_handed]
    colours, electric, isospin = (
        [Fraction(one).limit_denominator(6) for one in values]
        for values in (COLOURS, ELECTRIC_CHARGE, WEAK_ISOSPIN)
    )
    fields = list(zip(charges, colours, electric, isospin, strict=True))
    neutrinos = [charges[FERMIONS.index(one)] for one in ("nu_e", "nu_mu", "nu_tau")]
    return {
        SU2: _sum(n * X for X, n, _, _ in fields) / 2,
        HYPERCHARGE: _sum(n * X * ((Q - T) ** 2 - Q**2) for X, n, Q, T in fields),
        "U(1)_Y U(1)_X^2": _sum(n * X**2 * ((Q - T) - Q) for X, n, Q, T in fields),
        "gravity^2 U(1)_X": _sum(neutrinos) - _sum(partners),
        "U(1)_X^3": _sum(X**3 for X in neutrinos) - _sum(X**3 for X in partners),
    }


def _sum(values: Iterable[Fraction]) -> Fraction:
    return sum(values, Fraction(0))


def anomaly_coefficients(model: Charged) -> dict[str, float]:
    """Return `exact_anomalies` as numbers; 0 is exactly 0."""
    return {name: float(value) for name, value in exact_anomalies(model).items()}


def is_anomaly_free(model: Charged) -> bool:
    """Return whether both mixed electroweak anomalies of X cancel among Standard Model fermions."""
    coefficients = exact_anomalies(model)
    return not (coefficients[SU2] or coefficients[HYPERCHARGE])


def broken_doublets(charges: Mapping[str, float]) -> list[str]:
    """Doublets whose members have different charges, as "up/down"."""
    return [f"{up}/{down}" for up, down in DOUBLETS if abs(charges[up] - charges[down]) > ZERO]


def are_universal(charges: Iterable[float]) -> bool:
    """Whether all charges are one."""
    known = list(charges)
    return max(known) - min(known) <= ZERO


def standing(anomalies: Mapping[str, float], anomalons: float | str | None) -> str:
    """Whether a model stands on its own, in a few words.

    Parameters
    ----------
    anomalies
        From `anomaly_coefficients`.
    anomalons
        Their mass [GeV], "infinite", or None without them.
    """
    mixed = [f"{key} = {anomalies[key]:.6g}" for key in (SU2, HYPERCHARGE) if abs(anomalies[key]) > ZERO]
    if not mixed:
        return "vector-like, and anomaly-free among Standard Model fermions"
    cancelled = "nothing given cancels it"
    if anomalons is not None:
        cancelled = f"anomalons of {_mass(anomalons)} cancel it"
    return f"anomalous ({', '.join(mixed)}); {cancelled}"


def anomalons_of(model: Any) -> float | str | None:
    """Mass of a model's anomalons [GeV], or "infinite"; None without them."""
    if not model.has_anomalons:
        return None
    mass = float(model.m_anomalon)
    return mass if math.isfinite(mass) else "infinite"


def _mass(anomalons: float | str) -> str:
    infinite = isinstance(anomalons, str) or math.isinf(anomalons)
    return "infinite mass" if infinite else f"mass {anomalons:g} GeV"


def verdict(anomalies: Mapping[str, float], decoupling: str) -> str:
    """What a choice of ``decoupling`` means for a model with these anomalies, in one line."""
    anomalous = any(abs(anomalies[key]) > ZERO for key in (SU2, HYPERCHARGE))
    if decoupling == "ward":
        if anomalous:
            return "enhanced by the anomaly that heavy fermions cancel"
        return "no enhancement: only conserved currents emit X"
    if anomalous:
        return "disputed premise: the top decouples; what cancels the anomaly is not counted"
    return "disputed premise: the top's mass decouples from X"


def cautions(charges: Mapping[str, float]) -> list[str]:
    """What every treatment leaves out for a model, one sentence each; none for B - L.

    Parameters
    ----------
    charges
        By name of the fermion.
    """
    found = []
    broken = broken_doublets(charges)
    if broken:
        found.append(
            f"charges differ within the doublets {', '.join(broken)}: X then breaks SU(2), "
            "and W bosons emit it besides"
        )
    if not are_universal(charges[quark] for quark in "udscbt"):
        found.append("quark charges are not universal: flavour change at tree level is not included")
    return found
