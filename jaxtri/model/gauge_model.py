"""The U(1)_X model: one charge per fermion, and the anomaly coefficients that decide what it means."""

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax import Array

from jaxtri.errors import unknown_name
from jaxtri.model.dark_matter import DarkMatter, load_dark_matter
from jaxtri.model.fermions import FERMIONS
from jaxtri.numerics.jax_settings import require_x64
from jaxtri.tables.previous_table import read_previous_limits
from jaxtri.tables.reader import FOLDER, check, locate, read
from jaxtri.tables.schema import AnomalonTable, ModelTable


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class GaugeModel:
    """A U(1)_X: the X charge of every Standard Model fermion, the same for both chiralities."""

    name: str = field(metadata={"static": True})
    title: str = field(metadata={"static": True})
    neutrinos: str = field(metadata={"static": True})  # "chiral", "dirac" (light partners), "majorana"
    previous_limits: str | None = field(metadata={"static": True})  # table of couplings excluded before
    right_handed_neutrinos: tuple[float, ...] = field(metadata={"static": True})  # their charges
    charge: Array  # (fermion,), in the order of fermions.FERMIONS
    m_nu_R: Array  # mass of the right-handed neutrinos [GeV]; only "majorana" ones have their own
    has_anomalons: bool = field(metadata={"static": True})  # heavy fermions that cancel anomalies
    m_anomalon: Array  # their mass [GeV]; infinite where it does not matter
    kinetic_mixing: Array  # epsilon / g_X: adds epsilon e Q to charges (`mixed`), not in production
    dark_matter: tuple[DarkMatter, ...] = ()  # that the model's file names; no rate depends on it

    def unnamed(self) -> "GaugeModel":
        """What rates are computed from: what is compiled for it serves every model with such neutrinos.

        Whether there are anomalons is told by their mass; partners of chiral or Dirac neutrinos have no rate.
        """
        partners = self.right_handed_neutrinos if self.neutrinos == "majorana" else ()
        return replace(
            self,
            name="",
            title="",
            previous_limits=None,
            dark_matter=(),
            right_handed_neutrinos=partners,
            has_anomalons=False,
        )


def load_model(
    name_or_path: str | Path | dict[str, Any],
    *,
    relative_to: Path | None = None,
    anomalons: float | str | AnomalonTable | None = None,
) -> GaugeModel:
    """Return a model: a shipped one by name, a TOML file by path, or charges written in place.

    Parameters
    ----------
    name_or_path
        ``"b_minus_l"``, ``"baryon"`` or another name of `jaxtri models`, a path to a file of the same form,
        or the content of one.
    relative_to
        Folder that a relative path starts from; the working directory by default.
    anomalons
        Mass [GeV] of heavy fermions that cancel anomalies, or ``"infinite"``; in place of the model's own.

    Raises
    ------
    InputError
        If there is no such model, or a charge is missing or not a number.
    """
    require_x64()
    if isinstance(name_or_path, dict):
        table, name = check(name_or_path, ModelTable, "model"), "inline"
    else:
        path = locate("models", name_or_path, relative_to=relative_to)
        table, name, relative_to = read(path, ModelTable), path.stem, path.parent
    if anomalons is None:
        anomalons = table.anomalons
    elif not isinstance(anomalons, AnomalonTable):
        anomalons = check({"mass": anomalons}, AnomalonTable, "anomalons")
    return GaugeModel(
        name=table.name or name,
        title=table.title,
        neutrinos=table.neutrinos,
        previous_limits=_previous_limits(table.previous_limits, relative_to),
        right_handed_neutrinos=table.partners,
        charge=jax.device_put(np.array([getattr(table.charges, one) for one in FERMIONS], dtype=float)),
        m_nu_R=jax.device_put(np.asarray(table.m_nu_R or 0.0, dtype=float)),
        has_anomalons=anomalons is not None,
        m_anomalon=jax.device_put(np.asarray(anomalons.m if anomalons else np.inf, dtype=float)),
        kinetic_mixing=jax.device_put(np.asarray(table.kinetic_mixing, dtype=float)),
        dark_matter=tuple(map(load_dark_matter, table.dark_matter)),
    )


def _previous_limits(name: str | None, relative_to: Path | None) -> str | None:
    """A shipped table by its name in the tables' folder, or the full path of a user's."""
    if name is None or os.path.isfile(FOLDER / name):
        return name
    own = (relative_to or Path()) / name
    if os.path.isfile(own):
        read_previous_limits(own)  # what is wrong with it is said before any work
        return str(own.absolute())
    known = [str(path.relative_to(FOLDER)) for path in FOLDER.glob("previous_limits/*.csv")]
    raise unknown_name("model: previous_limits", "table", name, known)
