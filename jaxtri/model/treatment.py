"""A treatment: one named choice for every equation that the literature disputes.

No function has a default treatment.  `printed` takes every formula as arXiv:2401.02483 prints it,
`figure` repairs what must be repaired to reproduce the text around its Fig. 3, `matched` grants the
paper's premise and corrects every slip.  The premise itself (that Standard Model masses decouple from
the divergence of X's current) is disputed; the README says how.
"""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal, get_args, get_type_hints

import jax
import numpy as np
from jax.core import Tracer

from jaxtri.errors import InputError, unknown_name
from jaxtri.model.anomalies import ZERO, is_anomaly_free
from jaxtri.model.fermions import FERMIONS
from jaxtri.model.gauge_model import GaugeModel
from jaxtri.tables.reader import locate, read
from jaxtri.tables.schema import NOT_YET, Choice, TreatmentTable

STATIC = {"static": True}
TOP = FERMIONS.index("t")


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class Treatment:
    """One named choice per equation; all static."""

    name: str = field(metadata=STATIC)
    title: str = field(metadata=STATIC)
    decoupling: Literal["paper", "paper_doublet"] = field(metadata=STATIC)
    z_to_gamma: Literal["eq5", "eq4", "mass_basis"] = field(metadata=STATIC)
    fcnc_prefactor: Literal["printed", "figure", "matched"] = field(metadata=STATIC)
    loop_argument: Literal["ratio", "squared"] = field(metadata=STATIC)
    k_to_pi: Literal["printed", "bracket", "goldstone", "vector"] = field(metadata=STATIC)
    b_to_k: Literal["printed", "double_pole", "goldstone", "vector"] = field(metadata=STATIC)
    b_to_kstar: Literal["printed", "goldstone", "vector"] = field(metadata=STATIC)
    emission: Literal["none"] = field(metadata=STATIC)


CHOICES = tuple(f.name for f in fields(Treatment) if f.name not in ("name", "title"))


def load_treatment(name: str | Path | Choice, *, relative_to: Path | None = None) -> Treatment:
    """Return a treatment: a shipped one by name, a TOML file by path, or a switched copy of one.

    Parameters
    ----------
    name
        ``"printed"``, ``"figure"``, ``"matched"``, a path, or a base with choices that replace its own.
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
    if name in NOT_YET:
        raise InputError(f'treatment "{name}": {NOT_YET[str(name)]}')
    path = locate("treatments", name, relative_to=relative_to)
    table = read(path, TreatmentTable)
    return _treatment(path.stem, table.title, {key: getattr(table, key) for key in CHOICES}, path.name)


def _treatment(name: str, title: str, values: dict[str, str], where: str) -> Treatment:
    """Check every choice against what its equation offers."""
    hints = get_type_hints(Treatment)
    for key, value in values.items():
        if value in NOT_YET:
            raise InputError(f'{where}: {key} = "{value}": {NOT_YET[value]}')
        if value not in get_args(hints[key]):
            raise unknown_name(f"{where}: {key}", "choice", value, get_args(hints[key]))
    return Treatment(name=name, title=title, **values)  # type: ignore[arg-type]  # checked just above


def require_described(model: GaugeModel, treatment: Treatment) -> None:
    """Raise where a treatment's formulas hold no charges and the model is not the one they were made for.

    Eq. (5) and the prefactor of Eq. (6) as printed are numbers for an anomaly-free model with
    X_t = 1/3; any other model would silently get the limits of B - L.

    Raises
    ------
    InputError
        With the choice, the reason and a treatment that does hold the charges.
    """
    fixed = charge_free_choices(treatment)
    if not fixed or isinstance(model.charge, Tracer):
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
