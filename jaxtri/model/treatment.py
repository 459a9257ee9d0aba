"""A treatment: one named choice for every equation that the literature disputes.

No function has a default treatment.  `printed` takes every formula as arXiv:2401.02483 prints it,
`figure` repairs what must be repaired to reproduce the text around its Fig. 3, `matched` grants the
paper's premise, that Standard Model masses decouple from the divergence of X's current, and corrects
every slip, `ward` is what the Ward identities of a vector-like current require instead.
"""

from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Literal, get_args, get_type_hints

import jax
import numpy as np
from jax.core import Tracer

from jaxtri.errors import InputError, unknown_name
from jaxtri.model.anomalies import (
    SU2,
    ZERO,
    anomaly_coefficients,
    are_universal,
    broken_doublets,
    is_anomaly_free,
)
from jaxtri.model.fermions import FERMIONS
from jaxtri.model.gauge_model import GaugeModel
from jaxtri.tables.reader import locate, read
from jaxtri.tables.schema import CHANNEL_NAMES, Choice, TreatmentTable

STATIC = {"static": True}
TOP = FERMIONS.index("t")
QUARKS = [FERMIONS.index(quark) for quark in "udscbt"]


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class Treatment:
    """One named choice per equation; all static."""

    name: str = field(metadata=STATIC)
    title: str = field(metadata=STATIC)
    decoupling: Literal["paper", "paper_doublet", "ward"] = field(metadata=STATIC)
    z_to_gamma: Literal["eq5", "eq4", "mass_basis"] = field(metadata=STATIC)
    fcnc_prefactor: Literal["printed", "figure", "matched"] = field(metadata=STATIC)
    loop_argument: Literal["ratio", "squared"] = field(metadata=STATIC)
    k_to_pi: Literal["printed", "bracket", "goldstone", "vector"] = field(metadata=STATIC)
    b_to_k: Literal["printed", "double_pole", "goldstone", "vector"] = field(metadata=STATIC)
    b_to_kstar: Literal["printed", "goldstone", "vector"] = field(metadata=STATIC)
    emission: Literal["none", "one_loop"] = field(metadata=STATIC)
    interference: Literal["derived", "none", "opposite"] = field(metadata=STATIC)
    long_distance: Literal["rates_add", "destructive", "constructive"] = field(metadata=STATIC)
    refused: tuple[str, ...] = field(default=(), metadata=STATIC)  # channels without a rate; see `for_model`

    def for_model(self, model: GaugeModel) -> "Treatment":
        """Return the treatment that has no rate where `refused_channels` refuses one."""
        return replace(self, refused=tuple(refused_channels(model, self)))


CHOICES = tuple(f.name for f in fields(Treatment) if f.name not in ("name", "title", "refused"))


def load_treatment(name: str | Path | Choice, *, relative_to: Path | None = None) -> Treatment:
    """Return a treatment: a shipped one by name, a TOML file by path, or a switched copy of one.

    Parameters
    ----------
    name
        ``"printed"``, ``"figure"``, ``"matched"``, ``"ward"``, a path, or a base with
        choices that replace its own.
    relative_to
        Folder that a relative path starts from; the working directory by default.

    Raises
    ------
    InputError
        If there is no such treatment or no such choice.
    """
    if isinstance(name, Choice):
        base = load_treatment(name.base, relative_to=relative_to)
        switched = {key: getattr(name, key) for key in CHOICES if getattr(name, key) is not None}
        title = f"{name.base} with " + ", ".join(f"{key} = {value}" for key, value in switched.items())
        values = {key: getattr(base, key) for key in CHOICES} | switched
        return _treatment(name.name, title, values, f'treatments "{name.name}"')
    path = locate("treatments", name, relative_to=relative_to)
    table = read(path, TreatmentTable)
    return _treatment(path.stem, table.title, {key: getattr(table, key) for key in CHOICES}, path.name)


def _treatment(name: str, title: str, values: dict[str, str], where: str) -> Treatment:
    """Check every choice against what its equation offers."""
    hints = get_type_hints(Treatment)
    for key, value in values.items():
        if value not in get_args(hints[key]):
            raise unknown_name(f"{where}: {key}", "choice", value, get_args(hints[key]))
    _require_consistent(values, where)
    return Treatment(name=name, title=title, **values)  # type: ignore[arg-type]  # checked just above


def _require_consistent(values: dict[str, str], where: str) -> None:
    """Raise where choices contradict each other."""
    needed = {"decoupling": "ward"} if values["emission"] == "one_loop" else {}
    if values["decoupling"] == "ward":
        needed |= {"z_to_gamma": "mass_basis", "fcnc_prefactor": "matched"}
    for key, value in needed.items():
        if values[key] != value:
            ground = 'emission = "one_loop"' if key == "decoupling" else 'decoupling = "ward"'
            raise InputError(f'{where}: {ground} needs {key} = "{value}", not "{values[key]}"')


def require_described(model: GaugeModel, treatment: Treatment, channel: str | None = None) -> None:
    """Raise where a treatment has no formulas for a model, or none for one of its channels.

    Eq. (5) and the prefactor of Eq. (6) as printed are numbers for an anomaly-free model with
    X_t = 1/3; any other model would silently get the limits of B - L.  What `ward` refuses is said by
    `refused_channels`; a model of which every channel is refused is refused.

    Raises
    ------
    InputError
        With the choice, the reason and a cure.
    """
    if isinstance(model.charge, Tracer):
        return
    refused = refused_channels(model, treatment)
    if channel in refused:
        raise InputError(f'treatment "{treatment.name}", {channel}: {refused[str(channel)]}')
    if len(refused) == len(CHANNEL_NAMES):
        raise InputError(f'treatment "{treatment.name}", model "{model.name}": {refused[CHANNEL_NAMES[0]]}')
    fixed = charge_free_choices(treatment)
    if not fixed:
        return
    top = float(np.asarray(model.charge)[TOP])
    if abs(top - 1 / 3) > ZERO or not is_anomaly_free(model):
        raise InputError(
            f'treatment "{treatment.name}": {" and ".join(fixed)} hold no charges and describe anomaly-free '
            f'models with X_t = 1/3 only, but "{model.name}" has X_t = {top:g} and is '
            f"{'' if is_anomaly_free(model) else 'not '}anomaly-free; use matched"
        )


def charge_free_choices(treatment: Treatment) -> list[str]:
    """Return the choices of a treatment whose formulas are numbers for one set of charges."""
    fixed = [f'z_to_gamma = "{treatment.z_to_gamma}"'] if treatment.z_to_gamma == "eq5" else []
    if treatment.fcnc_prefactor in ("printed", "figure"):
        fixed.append(f'fcnc_prefactor = "{treatment.fcnc_prefactor}"')
    return fixed


def refused_channels(model: GaugeModel, treatment: Treatment) -> dict[str, str]:
    """Return the channels of which a treatment has no rate for a model, with the reason.

    Only ``decoupling = "ward"`` refuses any: all where charges break SU(2)_L or an anomaly is not cancelled,
    meson decays where CKM mixing breaks the current of X, K_L where nothing is known of long distances.

    Parameters
    ----------
    model
        With known (not traced) charges.
    treatment
        The choices.

    Returns
    -------
    dict
        Reason by name of the channel; empty for every other choice.
    """
    if treatment.decoupling != "ward" or isinstance(model.charge, Tracer):
        return {}
    broken = broken_doublets(dict(zip(FERMIONS, np.asarray(model.charge).tolist(), strict=True)))
    if broken:
        reason = (
            f"charges differ within the doublets {', '.join(broken)}, so that X breaks SU(2)_L and W bosons "
            "emit it besides; production is not known for such a model (a dark photon: use its decays)"
        )
        return dict.fromkeys(CHANNEL_NAMES, reason)
    mixed = anomaly_coefficients(model)[SU2]
    if mixed and not model.has_anomalons:
        reason = (
            f"SU(2)^2 U(1)_X = {mixed:.6g} is not cancelled; say which heavy fermions do, as in [anomalons] "
            'mass = 1000.0 (GeV) or mass = "infinite", in the model or the scan file'
        )
        return dict.fromkeys(CHANNEL_NAMES, reason)
    quarks = np.asarray(model.charge)[QUARKS]
    if not are_universal(quarks):
        reason = (
            "quark charges are not universal, so that CKM mixing breaks the current of X: flavour change at "
            "tree level, or divergent at one loop, depends on the model"
        )
        return {name: reason for name in CHANNEL_NAMES if not name.startswith("Z")}
    if treatment.emission == "one_loop" and not mixed and np.any(quarks != 0):
        return {"KL -> pi0 X": "emission by light quarks at long distances is not known for K_L"}
    return {}
