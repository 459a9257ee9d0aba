"""What a scan file may not ask for: checks that need more than one of its keys."""

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt

from jaxtri.errors import InputError
from jaxtri.model.gauge_model import GaugeModel
from jaxtri.model.treatment import Treatment, charge_free_choices
from jaxtri.scans.axes import MASS_NU_R, Axis, sets_charge, sets_charges
from jaxtri.tables.fields import repeated


def require_distinct(where: str, kind: str, names: Sequence[str]) -> None:
    """Raise where a name is given twice."""
    twice = repeated(names)
    if twice:
        raise InputError(f"{where}: {kind} named {', '.join(twice)} more than once; rename one")


def require_free(axes: tuple[Axis, ...], models: Sequence[GaugeModel], treatment: Treatment) -> None:
    """Raise where an axis changes what a treatment's formulas, or a model, do not hold."""
    if treatment.decoupling == "ward" and sets_charges(axes):
        raise InputError(
            f'treatment "{treatment.name}": an axis changes charges, and which channels have a rate depends '
            "on them; give models as a list"
        )
    fixed = charge_free_choices(treatment)
    if fixed and sets_charges(axes):
        raise InputError(
            f'treatment "{treatment.name}": {" and ".join(fixed)} hold no charges, '
            "but an axis of the scan changes them; use matched"
        )
    for model in models:
        if model.neutrinos != "majorana" and any(MASS_NU_R in one.parameters for one in axes):
            raise InputError(
                f'axis {MASS_NU_R}: the right-handed neutrinos of "{model.name}" have no mass of their own; '
                'give the model neutrinos = "majorana"'
            )


def require_recast_axes(name: str, axes: tuple[Axis, ...], recasts: Sequence[str]) -> None:
    """Raise where an axis changes what a recast takes as fixed: anything but charges."""
    for axis in axes if recasts else ():
        others = [one for one in axis.parameters if not sets_charge(one)]
        if others:
            raise InputError(
                f"{name}: axes.{axis.name} sets {', '.join(others)}; with searches.recast an axis may set "
                "charges only: leave recast out, or make one scan a value"
            )


def require_usual_masses(name: str, m_X: npt.NDArray[Any], highest: float) -> None:
    """Raise where an axis of masses goes on where no statement is made: it may be in MeV."""
    if m_X[-1] > highest:
        raise InputError(
            f"{name}: axes.m_X ends at {m_X[-1]:g} GeV; above 2 m_t = {highest:.4g} GeV nothing is said; if "
            f"these are MeV, give {m_X[0] / 1000:g} to {m_X[-1] / 1000:g}, else unusual_inputs = true"
        )
