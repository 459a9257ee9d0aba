"""Further axes of a scan: what each node of an axis sets, and the records with those values in place.

An axis sets one parameter at a time (an input, a charge, the mass of the right-handed neutrinos), moves all
charges along a direction, or sets several parameters jointly (samples from a file, a Sobol sequence,
draws of the inputs within their errors).
"""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax import Array

from jaxtri.errors import InputError, unknown_name
from jaxtri.model.correlations import Correlations, input_errors, normal_draws
from jaxtri.model.fermions import FERMIONS
from jaxtri.model.gauge_model import GaugeModel
from jaxtri.model.standard_model import (
    StandardModel,
    input_entries,
    input_range,
    input_values,
    replaced,
    require_order,
    require_usual,
)
from jaxtri.scans.schema import AnyAxisTable, AxisTable, FurtherAxisTable
from jaxtri.tables.fields import LARGEST_CHARGE
from jaxtri.tables.reader import read_columns

CHARGE = "X_"  # X_t is the charge of the top quark
MASS_NU_R = "m_nu_R"
SHIFT = "charges_"  # charges_tilt, (node, fermion): what the axis tilt adds to all charges


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One further axis."""

    name: str
    values: npt.NDArray[np.float64]  # coordinate of every node; a number from 0 on for joint samples
    unit: str
    parameters: Mapping[str, npt.NDArray[np.float64]]  # (node,), or (node, ...) for inputs that are lists
    joint: bool = False  # nodes are samples: their order means nothing

    def __len__(self) -> int:
        """Number of nodes."""
        return len(self.values)

    def summary(self) -> dict[str, Any]:
        """What the configuration says of it; the nodes themselves enter the fingerprint besides."""
        return {
            "min": float(self.values.min()),
            "max": float(self.values.max()),
            "points": len(self.values),
            "sets": sorted(self.parameters),
            "joint": self.joint,
        }


def axis_values(axis: AnyAxisTable, where: str, *, folder: Path = Path()) -> npt.NDArray[np.float64]:
    """Return the nodes of an axis with one coordinate, built once in NumPy float64; the ends are exact.

    Raises
    ------
    InputError
        If a file of values is not what it must be.
    """
    if axis.values is not None:
        return np.array(axis.values)
    if axis.file is not None:
        positive = isinstance(axis, AxisTable)
        columns = read_columns(folder / axis.file, positive=positive, ascending=True)
        if len(columns) != 1:
            raise InputError(f"{axis.file}: {len(columns)} columns; {where} needs one")
        return next(iter(columns.values()))
    assert axis.min is not None
    assert axis.max is not None
    assert axis.points is not None
    space = np.geomspace if axis.spacing == "log" else np.linspace
    values = space(axis.min, axis.max, axis.points)
    values[0], values[-1] = axis.min, axis.max
    return values


def require_ascending(values: npt.NDArray[np.float64], where: str, *, one: bool = False) -> None:
    """Raise unless values are positive and ascend, as those of m_X and g_X must; ``one`` may be enough."""
    if len(values) < 2 - one or not np.all(np.diff(values) > 0) or values[0] <= 0:
        wanted = "positive values that ascend" if one else "at least two positive values that ascend"
        raise InputError(f"{where}: give {wanted}")


def further_axis(
    name: str,
    table: FurtherAxisTable,
    sm: StandardModel,
    correlations: Correlations,
    folder: Path,
    *,
    unusual: bool = False,
) -> Axis:
    """Build one further axis of a checked table; ``unusual`` inputs as in `load_standard_model`.

    Raises
    ------
    InputError
        If a parameter is unknown, or a value is not allowed for it.
    """
    where = f"axes.{name}"
    if table.sobol is not None:
        assert table.points is not None
        parameters = _sobol(table.sobol, table.points, table.seed)
    elif table.nuisance is not None:
        assert table.points is not None
        parameters = _draws(table.nuisance, table.points, table.seed or 0, sm, correlations, where)
    elif table.file is not None and table.parameter is None and table.direction is None:
        parameters = read_columns(folder / table.file)
    else:
        axis = _single(name, table, sm, folder)
        _require_usual(where, axis.parameters, unusual)
        return axis
    for parameter, nodes in parameters.items():
        _check_parameter(where, parameter, nodes, sm)
    _require_usual(where, parameters, unusual or table.nuisance is not None)
    count = len(next(iter(parameters.values())))
    numbers = np.arange(count, dtype=float)
    return Axis(name=name, values=numbers, unit="1", parameters=parameters, joint=True)


def _single(name: str, table: FurtherAxisTable, sm: StandardModel, folder: Path) -> Axis:
    """An axis with one coordinate: a parameter, or the distance along a direction of charges."""
    values = axis_values(table, f"axes.{name}", folder=folder)
    if table.direction is not None:
        step = np.array([table.direction.get(fermion, 0.0) for fermion in FERMIONS])
        for fermion in table.direction:
            if fermion not in FERMIONS:
                raise unknown_name(f"axes.{name}.direction", "fermion", fermion, FERMIONS)
        return Axis(name=name, values=values, unit="1", parameters={SHIFT + name: values[:, None] * step})
    parameter = table.parameter or name
    _check_parameter(f"axes.{name}", parameter, values, sm)
    return Axis(name=name, values=values, unit=_unit(parameter), parameters={parameter: values})


def _unit(parameter: str) -> str:
    if parameter == MASS_NU_R:
        return "GeV"
    known = input_entries()
    return known[parameter].unit if parameter in known else "1"


def _check_parameter(where: str, parameter: str, values: npt.NDArray[Any], sm: StandardModel) -> None:
    """Raise unless a parameter is known and all its values are allowed."""
    known = input_values(sm)
    charges = [f"{CHARGE}{fermion}" for fermion in FERMIONS]
    if parameter not in (*known, *charges, MASS_NU_R):
        raise unknown_name(where, "parameter", parameter, [*known, *charges, MASS_NU_R])
    if parameter in charges:
        low, high = -LARGEST_CHARGE, LARGEST_CHARGE
    elif parameter == MASS_NU_R:
        low, high = 0.0, np.inf
    else:
        if np.ndim(known[parameter]) != np.ndim(values) - 1:
            raise InputError(f"{where}: {parameter} is a list; an axis sets inputs that are one number")
        low, high = input_range(parameter)
    wrong = ~((values >= low) if parameter == MASS_NU_R else (values > low)) | ~(values < high)
    if wrong.any():
        found = values[wrong].flat[0]
        raise InputError(f"{where}: {parameter} = {found:g}; allowed are values between {low:g} and {high:g}")
    for end in (np.min(values), np.max(values)) if parameter in known else ():
        require_order(where, known | {parameter: end})


def _require_usual(where: str, parameters: Mapping[str, npt.NDArray[np.float64]], unusual: bool) -> None:
    """Raise where a node of an axis is far from its table."""
    if unusual:
        return
    known = input_entries()
    for name, values in parameters.items():
        if name in known:
            require_usual(where, name, known[name], values)


def _sobol(
    ranges: Mapping[str, list[float]], points: int, seed: int | None
) -> dict[str, npt.NDArray[np.float64]]:
    """A Sobol sequence in a box; scrambled if there is a seed."""
    from scipy.stats import qmc  # takes half a second

    sampler = qmc.Sobol(len(ranges), scramble=seed is not None, seed=seed)
    unit = sampler.random_base2(int(np.ceil(np.log2(points))))[:points]
    low, high = np.array(list(ranges.values())).T
    return dict(zip(ranges, (low + unit * (high - low)).T, strict=True))


def _draws(
    chosen: list[str] | str, points: int, seed: int, sm: StandardModel, correlations: Correlations, where: str
) -> dict[str, npt.NDArray[np.float64]]:
    """Normal draws of inputs around the values of the scan; node 0 has the values themselves."""
    values, errors = input_values(sm), input_errors(sm)
    names = [name for name in errors if np.any(errors[name] > 0)] if chosen == "all" else list(chosen)
    for name in names:
        if name not in values:
            raise unknown_name(f"{where}.nuisance", "input", name, values)
        if not np.any(errors[name] > 0):
            raise InputError(f"{where}.nuisance: {name} has no error in its table; leave it out")
    drawn = normal_draws(values, errors, correlations, points, seed)
    for name in names:
        drawn[name][0] = values[name]
    return {name: drawn[name] for name in names}


def with_parameters(
    sm: StandardModel, model: GaugeModel, parameters: Mapping[str, Array]
) -> tuple[StandardModel, GaugeModel]:
    """Return the records with some values replaced: one node of some axes; differentiable."""
    charge = model.charge
    for name, value in parameters.items():
        if name.startswith(CHARGE):
            charge = charge.at[FERMIONS.index(name.removeprefix(CHARGE))].set(value)
    for name, value in parameters.items():
        if name.startswith(SHIFT):
            charge = charge + value
    mass = parameters.get(MASS_NU_R, model.m_nu_R)
    inputs = {
        name: value
        for name, value in parameters.items()
        if not name.startswith((CHARGE, SHIFT)) and name != MASS_NU_R
    }
    changed = dataclasses.replace(model, charge=jnp.asarray(charge), m_nu_R=jnp.asarray(mass))
    return replaced(sm, inputs), changed


def sets_charges(axes: tuple[Axis, ...]) -> bool:
    """Whether any axis changes charges."""
    return any(sets_charge(name) for axis in axes for name in axis.parameters)


def sets_charge(name: str) -> bool:
    """Whether a parameter of an axis is a charge, or shifts charges."""
    return name.startswith((CHARGE, SHIFT))


def require_separate(axes: tuple[Axis, ...], inputs: Iterable[str] = ()) -> None:
    """Raise where two axes, or an axis and the inputs that are given, set the same parameter."""
    seen = dict.fromkeys(inputs, "inputs")
    for axis in axes:
        for name in axis.parameters:
            if name in seen:
                raise InputError(f"axes.{axis.name} and {seen[name]} both set {name}; leave one out")
            seen[name] = f"axes.{axis.name}"
