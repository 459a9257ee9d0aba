"""The commands `point` and `limit`: one mass, as text or JSON."""

import argparse
import dataclasses
import json

from jaxtri.cli import text as texts
from jaxtri.scans.point import excluded_and_highest, projected_couplings
from jaxtri.scans.point import point as point_at
from jaxtri.scans.spec import load_spec


def point(arguments: argparse.Namespace) -> str:
    """Everything at one point."""
    spec = load_spec(arguments.spec)
    found = point_at(spec, arguments.m_X, arguments.g_X, treatment=arguments.treatment)
    if arguments.json:
        return json.dumps([texts.plain(dataclasses.asdict(one)) for one in found.values()], indent=1)
    return "\n".join([texts.model_of(spec), *map(texts.point_text, found.values())])


def limit(arguments: argparse.Namespace) -> str:
    """Excluded couplings of every search at one mass."""
    spec = load_spec(arguments.spec)
    known = excluded_and_highest(spec, arguments.m_X, arguments.treatment)
    later = projected_couplings(spec, arguments.m_X, arguments.treatment)
    if arguments.json:
        found = {"excluded": {name: limits for name, (limits, _) in known.items()}}
        found |= {"projected": later} if any(later.values()) else {}
        return json.dumps({"m_X": arguments.m_X} | found, indent=1)
    return "\n".join(texts.limit_text(name, arguments.m_X, *one, later[name]) for name, one in known.items())
