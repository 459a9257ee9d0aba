"""What a table of charges is: its anomalies, whether it is universal, and which treatments mean something."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from jaxtri.errors import InputError
from jaxtri.model.anomalies import (
    HYPERCHARGE,
    SU2,
    anomalons_of,
    are_universal,
    broken_doublets,
    cautions,
    exact_anomalies,
    rational,
    standing,
    verdict,
)
from jaxtri.model.fermions import COLOURS, ELECTRIC_CHARGE, FERMIONS, WEAK_ISOSPIN
from jaxtri.model.gauge_model import GaugeModel, load_model
from jaxtri.model.treatment import load_treatment, refused_channels, require_described
from jaxtri.tables.reader import names

IGNORES = {  # what each premise leaves out, by choice of decoupling
    "paper": "It ignores that k_mu M^mu = 0 for a massive fermion with a vector-like charge, so that no mass "
    "of a Standard Model fermion reaches the divergence of X's current.",
    "ward": "It ignores QCD, which lowers the charm part of the penguin by a factor between 1/3 and 1, light "
    "mesons in Z -> gamma X below 1 GeV, and a finite mass of anomalons inside the W loop.",
}


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What is known of a model before anything is computed."""

    name: str
    title: str
    charges: Mapping[str, Fraction]  # by name of the fermion, the same for both chiralities: vector-like
    right_handed_neutrinos: tuple[Fraction, ...]
    anomalies: Mapping[str, Fraction]  # exact coefficients by name
    anomalons: float | str | None  # mass [GeV], or "infinite"; None without them
    universal_quarks: bool
    universal_leptons: bool
    broken_doublets: tuple[str, ...]  # whose members have different charges
    triangle_sum: Fraction  # sum of N_c X Q T3: Z -> gamma X with every fermion massless
    A: Fraction  # 1/4 sum of N_c X over left-handed fermions: the anomalous XWW vertex
    standing: str  # one line
    treatments: Mapping[str, str]  # by name: what the treatment means for the model, and what it ignores
    refused: Mapping[str, str]  # reason by channel of which `ward` has no rate
    cautions: tuple[str, ...]


def audit(model: str | Path | dict[str, Any] | GaugeModel) -> Audit:
    """Return what a table of charges is, and which treatments mean something for it.

    Parameters
    ----------
    model
        As for `load_model`, or a loaded model.

    Returns
    -------
    Audit
        Exact anomaly coefficients, universality, and one sentence for each shipped treatment.

    Raises
    ------
    InputError
        If there is no such model, or a charge is missing, axial or not a number.
    """
    known = model if isinstance(model, GaugeModel) else load_model(model)
    values = dict(zip(FERMIONS, np.asarray(known.charge).tolist(), strict=True))
    charges = {name: rational(value) for name, value in values.items()}
    anomalies, anomalons = exact_anomalies(known), anomalons_of(known)
    rounded = {name: float(value) for name, value in anomalies.items()}
    weights = zip(FERMIONS, COLOURS, ELECTRIC_CHARGE, WEAK_ISOSPIN, strict=True)
    return Audit(
        name=known.name,
        title=known.title,
        charges=charges,
        right_handed_neutrinos=tuple(rational(one) for one in known.right_handed_neutrinos),
        anomalies=anomalies,
        anomalons=anomalons,
        universal_quarks=are_universal(values[quark] for quark in "udscbt"),
        universal_leptons=all(
            are_universal(values[one] for one in kind) for kind in (FERMIONS[:3], FERMIONS[3:6])
        ),
        broken_doublets=tuple(broken_doublets(values)),
        triangle_sum=sum(
            (charges[name] * Fraction(n * Q * T).limit_denominator(6) for name, n, Q, T in weights),
            Fraction(0),
        ),
        A=anomalies[SU2] / 2,
        standing=standing(rounded, anomalons),
        treatments={name: _meaning(name, known, rounded) for name in names("treatments")},
        refused=refused_channels(known, load_treatment("ward")),
        cautions=tuple(cautions(values)),
    )


def _meaning(name: str, model: GaugeModel, anomalies: dict[str, float]) -> str:
    """What a treatment means for a model, or why it is refused."""
    treatment = load_treatment(name)
    try:
        require_described(model, treatment)
    except InputError as error:
        return f"refused. {error}"
    choice = treatment.decoupling
    if choice == "ward":
        head = "meaningful"
    elif anomalies[SU2] or anomalies[HYPERCHARGE]:
        head = "not meaningful"
    else:
        head = "the paper's premise, every slip corrected" if name == "matched" else "reproduces the paper"
    said = verdict(anomalies, choice)
    return f"{head}. {said[:1].upper()}{said[1:]}. {IGNORES[choice]}"
