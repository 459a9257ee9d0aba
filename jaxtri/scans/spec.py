"""A scan file, checked and turned into records and axes before any work starts."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jaxtri.errors import InputError, gather, unknown_name
from jaxtri.limits.excluded_couplings import LIGHTEST
from jaxtri.limits.recast_points import chosen_recasts, recast_labels
from jaxtri.limits.search_tables import SETS, SearchLabel
from jaxtri.limits.searches import SearchSet, with_projections
from jaxtri.model.anomalies import anomalons_of, anomaly_coefficients
from jaxtri.model.correlations import INDEPENDENT, Correlations, known_correlations
from jaxtri.model.dark_matter import DarkMatter, load_dark_matter
from jaxtri.model.fermions import FERMIONS
from jaxtri.model.gauge_model import GaugeModel, load_model
from jaxtri.model.standard_model import StandardModel, input_values, load_standard_model
from jaxtri.model.treatment import (
    CHOICES,
    Treatment,
    load_treatment,
    refused_channels,
    require_described,
)
from jaxtri.scans.arrays import ARRAYS, REDUCTIONS, USUAL
from jaxtri.scans.axes import (
    Axis,
    axis_values,
    further_axis,
    require_ascending,
    require_separate,
    sets_charges,
)
from jaxtri.scans.favoured_checks import MuonChoice, muon_choice, require_lines, summary_of
from jaxtri.scans.look import checked_look
from jaxtri.scans.schema import FigureChoice, SearchChoice, SpecTable
from jaxtri.scans.spec_checks import (
    require_distinct,
    require_free,
    require_recast_axes,
    require_usual_masses,
)
from jaxtri.tables.reader import check, parse, read_text

GROUPS_OF_ARRAYS = {"all": USUAL, "reductions": REDUCTIONS}
RENAMED = {"boundary": "g_X_range"}  # in format 3
LOWEST = {"m_X": LIGHTEST, "g_X": 1e-13}  # below, the width underflows in float32


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
    projections: SearchSet  # of which there may be none; they exclude nothing
    recasts: tuple[str, ...] = ()  # names of earlier searches, recast to the model
    m_X: npt.NDArray[np.float64]  # [GeV]
    g_X: npt.NDArray[np.float64]
    precision: (
        str  # "float32" or "float64", of stored cells; axes and what depends on m_X alone are always float64
    )
    figure: FigureChoice
    axes: tuple[Axis, ...] = ()  # further axes, outermost first
    arrays: tuple[str, ...] = USUAL  # those to store
    compression: str = "gzip"  # or "none"
    curves: bool = True  # whether exact boundaries are traced besides; only in a plane
    correlations: Correlations = INDEPENDENT  # of the inputs, for error bands
    dark_matter: tuple[DarkMatter, ...] = ()  # one a relic line: the scan file's, else the model's
    muon_g2: MuonChoice | None = None  # the band of the muon's moment

    @property
    def labels(self) -> tuple[SearchLabel, ...]:
        """Labels of all searches that exclude: those of decays of Z, B and K, then the recast ones."""
        return (*self.searches.labels, *recast_labels(self.recasts))

    @property
    def sizes(self) -> dict[str, int]:
        """Number of nodes by axis, in the order of the dimensions of every array."""
        return {one.name: len(one) for one in self.axes} | {"m_X": len(self.m_X), "g_X": len(self.g_X)}

    @property
    def traces_curves(self) -> bool:
        """Whether exact boundaries are traced: where they are wanted, in a plane."""
        return self.curves and not self.axes

    @property
    def sets_charges(self) -> bool:
        """Whether an axis changes charges."""
        return sets_charges(self.axes)

    def chosen(self, name: str | None) -> tuple[Treatment, ...]:
        """Return all treatments, or the one of a name.

        Raises
        ------
        InputError
            If there is none of that name.
        """
        if name is None:
            return self.treatments
        for one in self.treatments:
            if one.name == name:
                return (one,)
        raise unknown_name(self.name, "treatment in this scan", name, [one.name for one in self.treatments])

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
                "m_nu_R": float(self.model.m_nu_R),
                "charges": dict(zip(FERMIONS, self.model.charge.tolist(), strict=True)),
                "anomalies": anomaly_coefficients(self.model),
                "anomalons": anomalons_of(self.model),
            }
            | self._mixing(),
            "treatment": {"name": treatment.name}
            | {key: getattr(treatment, key) for key in CHOICES}
            | {"refused": refused_channels(self.model, treatment)},
            "searches": {
                "set": self.searches.set_name,
                "limits": {label.name: label.limit for label in self.labels},
                "conditions": {label.name: json.loads(label.conditions) for label in self.labels},
            }
            | self._reading()
            | self._projected(),
            "axes": {name: _axis_summary(getattr(self, name)) for name in ("m_X", "g_X")},
            "further_axes": {one.name: one.summary() for one in self.axes},
            "precision": self.precision,
            "arrays": list(self.arrays),
            "compression": self.compression,
            "curves": self.curves,
            "inputs": input_values(self.sm),
        } | summary_of(self.dark_matter, self.muon_g2)

    @property
    def has_favoured(self) -> bool:
        """Whether a plane has anything to draw besides exclusions."""
        return not self.axes and (bool(self.dark_matter) or self.muon_g2 is not None)

    def _mixing(self) -> dict[str, float]:
        """Kinetic mixing of the model over g_X, where there is any."""
        mixing = float(self.model.kinetic_mixing)
        return {"kinetic_mixing": mixing} if mixing else {}

    def _reading(self) -> dict[str, Any]:
        """How measurements are read, and to which level limits are converted, where the scan file says so."""
        labels = (*self.searches.labels, *self.projections.labels)
        read = {one.measurement for one in labels} - {"", SETS[self.searches.set_name]}
        converted = {one.confidence for one in labels if one.published_confidence is not None}
        said = (("measurement", read), ("confidence", converted))
        return {key: one for key, some in said for one in some}

    def _projected(self) -> dict[str, Any]:
        """Conditions of projections, where there are any."""
        conditions = {one.name: json.loads(one.conditions) for one in self.projections.labels}
        return {"projections": conditions} if conditions else {}

    def fingerprint(self, treatment: Treatment) -> str:
        """SHA-256 of the resolved configuration and of every bit of every axis."""
        digest = hashlib.sha256(json.dumps(self.configuration(treatment), sort_keys=True).encode())
        digest.update(self.m_X.tobytes() + self.g_X.tobytes())
        for axis in self.axes:
            digest.update(axis.values.tobytes())
            for name in sorted(axis.parameters):
                digest.update(axis.parameters[name].tobytes())
        return digest.hexdigest()


Source = str | Path | Mapping[str, Any] | Spec  # a scan file, its content, or what was loaded from it


def load_spec(source: str | Path | Mapping[str, Any]) -> Spec:
    """Read a scan file with one model, or take its content as a mapping.

    Parameters
    ----------
    source
        Path to a TOML file, or the same content as nested dictionaries.

    Raises
    ------
    InputError
        For everything that is wrong with it, each with its place, its value and what is allowed.
    """
    specs = load_specs(source)
    if len(specs) > 1:
        named = ", ".join(one.model.name for one in specs)
        raise InputError(
            f"{specs[0].name}: models {named}; only jaxtri scan, run and load_specs take several"
        )
    return specs[0]


def as_spec(source: Source) -> Spec:
    """Return a specification as it is, and load anything else with `load_spec`."""
    return source if isinstance(source, Spec) else load_spec(source)


def load_specs(source: str | Path | Mapping[str, Any]) -> tuple[Spec, ...]:
    """Read a scan file; one `Spec` for each of its models.

    Parameters
    ----------
    source
        As for `load_spec`.
    """
    if isinstance(source, Mapping):
        name, text, data, folder = "scan", json.dumps(source, indent=1, default=str), dict(source), Path()
    else:
        path = Path(source)
        text = read_text(path)
        name, data, folder = path.stem, parse(text, str(path)), path.parent
    table = check(data, SpecTable, str(source) if not isinstance(source, Mapping) else "scan")
    given = data["models"] if table.models is not None else [data["model"]]
    sm, (searches, projections), recasts, *loaded = gather(
        lambda: _inputs(name, table),
        lambda: _searches(table.searches, folder),
        lambda: chosen_recasts(table.searches.recast),
        *(lambda one=one: load_model(one, relative_to=folder, anomalons=table.anomalons) for one in given),
        *(lambda one=one: load_treatment(one, relative_to=folder) for one in table.treatments),
    )
    models, treatments = loaded[: len(given)], loaded[len(given) :]
    require_distinct(name, "treatments", [one.name for one in treatments])
    require_distinct(name, "models", [one.name for one in models])
    gather(*(lambda m=m, t=t: require_described(m, t) for m in models for t in treatments))
    correlations = known_correlations(table.correlations)
    known = {"treatment": [one.name for one in treatments]}
    known["search"] = [one.name for some in (searches, projections) for one in some.labels] + list(recasts)
    require_distinct(name, "searches", known["search"])
    figure = checked_look(name, table.figure, folder, known)
    m_X, g_X = _plane(name, table, folder)
    if not table.unusual_inputs:
        require_usual_masses(name, m_X, 2 * float(sm.m_t))
    axes = tuple(
        gather(
            *(
                lambda k=k, v=v: further_axis(k, v, sm, correlations, folder, unusual=table.unusual_inputs)
                for k, v in table.axes.further.items()
            )
        )
    )
    require_separate(axes, table.inputs)
    require_recast_axes(name, axes, recasts)
    gather(*(lambda one=one: require_free(axes, models, one) for one in treatments))
    arrays = _arrays(name, table.arrays)
    dark_matter, muon_g2 = tuple(map(load_dark_matter, table.dark_matter)), muon_choice(table.muon_g2)
    for model in models:
        require_lines(name, [one.name for one in axes], arrays, dark_matter, model.dark_matter, muon_g2)
    return tuple(
        Spec(
            name=name,
            title=table.title,
            text=text,
            sm=sm,
            model=model,
            treatments=tuple(one.for_model(model) for one in treatments),
            searches=searches,
            projections=projections,
            recasts=recasts,
            m_X=m_X,
            g_X=g_X,
            precision=table.precision,
            figure=figure,
            axes=axes,
            arrays=arrays,
            compression=table.compression,
            curves=table.curves,
            correlations=correlations,
            dark_matter=dark_matter or model.dark_matter,
            muon_g2=muon_g2,
        )
        for model in models
    )


def _inputs(name: str, table: SpecTable) -> StandardModel:
    """Inputs of a scan; errors name it."""
    try:
        return load_standard_model(table.inputs, unusual=table.unusual_inputs)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error


def _plane(name: str, table: SpecTable, folder: Path) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Values of m_X and g_X."""
    found = []
    for axis, given in (("m_X", table.axes.m_X), ("g_X", table.axes.g_X)):
        values = axis_values(given, f"axes.{axis}", folder=folder)
        fixed = axis == "m_X" and bool(table.axes.further)  # a map of two further axes, at one mass
        require_ascending(values, f"{name}: axes.{axis}", one=fixed)
        if values[0] < LOWEST[axis]:
            raise InputError(
                f"{name}: axes.{axis} starts at {values[0]:g}; at least {LOWEST[axis]:g} is allowed"
            )
        found.append(values)
    return found[0], found[1]


def _arrays(where: str, chosen: str | list[str]) -> tuple[str, ...]:
    """Names of the arrays to store, in the order of the file."""
    wanted: set[str] = set()
    for name in [chosen] if isinstance(chosen, str) else chosen:
        if name not in (*ARRAYS, *GROUPS_OF_ARRAYS):
            if name in RENAMED:
                raise InputError(f'{where}: arrays: "{name}" is called "{RENAMED[name]}" now')
            raise unknown_name(f"{where}: arrays", "array", name, (*ARRAYS, *GROUPS_OF_ARRAYS))
        wanted.update(GROUPS_OF_ARRAYS.get(name, (name,)))
    return tuple(name for name in ARRAYS if name in wanted)


def _searches(choice: SearchChoice, folder: Path) -> tuple[SearchSet, SearchSet]:
    files = [folder / name for name in choice.files]
    named = choice.set, choice.measurement, choice.only, choice.exclude
    return with_projections(*named, files, choice.confidence)


def _axis_summary(values: npt.NDArray[np.float64]) -> dict[str, float | int]:
    return {"min": float(values[0]), "max": float(values[-1]), "points": len(values)}
