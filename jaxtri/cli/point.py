"""The commands `point` and `limit`: one mass, as text or JSON."""

import argparse
import dataclasses
import json
import math
from typing import Any

from jaxtri.cli import text as texts
from jaxtri.errors import unknown_name
from jaxtri.model.treatment import Treatment
from jaxtri.scans.point import excluded_couplings
from jaxtri.scans.point import point as point_at
from jaxtri.scans.spec import Spec, load_spec


def point(arguments: argparse.Namespace) -> str:
    """Everything at one point."""
    spec = load_spec(arguments.spec)
    points = [
        point_at(spec, one, arguments.m_X, arguments.g_X) for one in _treatments(spec, arguments.treatment)
    ]
    if arguments.json:
        return json.dumps([_plain(dataclasses.asdict(one)) for one in points], indent=1)
    return "\n".join([texts.model_of(spec), *map(texts.point_text, points)])


def limit(arguments: argparse.Namespace) -> str:
    """Excluded couplings of every search at one mass."""
    spec = load_spec(arguments.spec)
    found = {
        one.name: excluded_couplings(spec, one, arguments.m_X)
        for one in _treatments(spec, arguments.treatment)
    }
    if arguments.json:
        return json.dumps({"m_X": arguments.m_X, "excluded": found}, indent=1)
    return "\n".join(texts.limit_text(name, arguments.m_X, limits) for name, limits in found.items())


def _treatments(spec: Spec, name: str | None) -> tuple[Treatment, ...]:
    """All treatments of a scan, or the one that was asked for."""
    if name is None:
        return spec.treatments
    for one in spec.treatments:
        if one.name == name:
            return (one,)
    raise unknown_name("--treatment", "treatment in this scan", name, [one.name for one in spec.treatments])


def _plain(value: Any) -> Any:
    """For JSON: complex numbers as [real, imaginary], infinities (a stable X) as null."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, complex):
        return [value.real, value.imag]
    return None if isinstance(value, float) and not math.isfinite(value) else value
