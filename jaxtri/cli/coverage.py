"""The command `coverage`: whether the favoured region of a plane is excluded, as a table or JSON."""

import argparse
import dataclasses
import json

from jaxtri.cli import text as texts
from jaxtri.scans.coverage import coverage as coverage_of
from jaxtri.scans.coverage import coverage_table
from jaxtri.scans.spec import load_spec


def coverage(arguments: argparse.Namespace) -> str:
    """Relic lines inside the muon's band, the band and the plot against B and K decays."""
    found = coverage_of(load_spec(arguments.spec), sets=arguments.sets)
    if arguments.json:
        return json.dumps([texts.plain(dataclasses.asdict(one)) for one in found], indent=1)
    return coverage_table(found)
