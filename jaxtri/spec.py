"""A scan file, checked and turned into records and axes before any work starts."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jaxtri.covariance import INDEPENDENT, Correlations, known_correlations
from jaxtri.errors import InputError, gather
from jaxtri.gauge_model import GaugeModel, anomaly_coefficients, load_model
from jaxtri.search import SearchSet, load_searches
from jaxtri.standard_model import FERMIONS, StandardModel, input_values, load_standard_model
from jaxtri.tables import check, parse, read_text
from jaxtri.tables.schema import Axis, FigureChoice, SearchChoice, SpecTable
from jaxtri.treatment import CHOICES, Treatment, load_treatment, require_described

LOWEST = {"m_X": 1e-9, "g_X": 1e-13}  # GeV; below, the width underflows in float32


@dataclass(frozen=True, kw_only=True)
class Spec:
    """Everything a scan needs; built by `load_spec`."""

    name: str  # stem of the scan file
    title: str
    text: str  # the scan file, verbatim
    sm: StandardModel
    model: GaugeModel
    treatments: tuple[Treatment, ...]
    searches: SearchSet
    m_X: npt.NDArray[np.float64]  # [GeV]
    g_X: npt.NDArray[np.float64]
    precision: str  # "float32" or "float64", of the fields; axes and mass columns are always float64
    figure: FigureChoice
    correlations: Correlations = INDEPENDENT  # of the inputs, for error bands

    def configuration(self, treatment: Treatment) -> dict[str, Any]:
        """Return the resolved configuration of one treatment of this scan, as plain data."""
        return {
            "title": self.title,
            "model": {
                "name": self.model.name,
                "title": self.model.title,
                "previous_limits": self.model.previous_limits,
                "neutrinos": self.model.neutrinos,
                "right_handed_neutrinos": list(self.model.right_handed_neutrinos),
                "charges": dict(zip(FERMIONS, self.model.charge.tolist(), strict=True)),
                "anomalies": anomaly_coefficients(self.model),
            },
            "treatment": {"name": treatment.name} | {key: getattr(treatment, key) for key in CHOICES},
            "searches": {
                "set": self.searches.set_name,
                "limits": {label.name: label.limit for label in self.searches.labels},
                "conditions": {label.name: json.loads(label.conditions) for label in self.searches.labels},
            },
            "axes": {name: _axis_summary(getattr(self, name)) for name in ("m_X", "g_X")},
            "precision": self.precision,
            "inputs": input_values(self.sm),
        }

    def fingerprint(self, treatment: Treatment) -> str:
        """SHA-256 of the resolved configuration and of every bit of both axes."""
        digest = hashlib.sha256(json.dumps(self.configuration(treatment), sort_keys=True).encode())
        digest.update(self.m_X.tobytes() + self.g_X.tobytes())
        return digest.hexdigest()


def load_spec(source: str | Path | Mapping[str, Any]) -> Spec:
    """Read a scan file, or take its content as a mapping.

    Parameters
    ----------
    source
        Path to a TOML file, or the same content as nested dictionaries.

    Raises
    ------
    InputError
        For everything that is wrong with it, each with its place, its value and what is allowed.
    """
    if isinstance(source, Mapping):
        name, text, data, folder = "scan", json.dumps(source, indent=1, default=str), dict(source), Path()
    else:
        path = Path(source)
        text = read_text(path)
        name, data, folder = path.stem, parse(text, str(path)), path.parent
    table = check(data, SpecTable, str(source) if not isinstance(source, Mapping) else "scan")
    given = table.model if isinstance(table.model, str) else data["model"]
    model, sm, searches, *treatments = gather(
        lambda: load_model(given, relative_to=folder),
        lambda: load_standard_model(table.inputs),
        lambda: _searches(table.searches, folder),
        *(lambda one=one: load_treatment(one, relative_to=folder) for one in table.treatments),
    )
    gather(*(lambda one=one: require_described(model, one) for one in treatments))
    repeated = {one.name for one in treatments if sum(one.name == other.name for other in treatments) > 1}
    if repeated:
        raise InputError(f"{name}: treatments named {', '.join(sorted(repeated))} more than once; rename one")
    m_X, g_X = axis_values(table.axes.m_X), axis_values(table.axes.g_X)
    for axis, values in (("m_X", m_X), ("g_X", g_X)):
        if values[0] < LOWEST[axis]:
            raise InputError(
                f"{name}: axes.{axis} starts at {values[0]:g}; at least {LOWEST[axis]:g} is allowed"
            )
    return Spec(
        name=name,
        title=table.title,
        text=text,
        sm=sm,
        model=model,
        treatments=tuple(treatments),
        searches=searches,
        m_X=m_X,
        g_X=g_X,
        precision=table.precision,
        figure=table.figure,
        correlations=known_correlations(table.correlations),
    )


def axis_values(axis: Axis) -> npt.NDArray[np.float64]:
    """Return the nodes of an axis, built once in NumPy float64; the ends are exact."""
    if axis.values is not None:
        return np.array(axis.values)
    assert axis.min is not None
    assert axis.max is not None
    assert axis.points is not None
    space = np.geomspace if axis.spacing == "log" else np.linspace
    values = space(axis.min, axis.max, axis.points)
    values[0], values[-1] = axis.min, axis.max
    return values


def _searches(choice: SearchChoice, folder: Path) -> SearchSet:
    files = [folder / name for name in choice.files]
    return load_searches(
        choice.set, measurement=choice.measurement, only=choice.only, exclude=choice.exclude, files=files
    )


def _axis_summary(values: npt.NDArray[np.float64]) -> dict[str, float | int]:
    return {"min": float(values[0]), "max": float(values[-1]), "points": len(values)}
