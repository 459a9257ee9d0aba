"""Every command by its name; its room, and what that needs, is imported when it runs."""

import argparse
import importlib
from collections.abc import Callable

ROOMS = {
    "run": "run",
    "scan": "scan",
    "merge": "scan",
    "plot": "pictures",
    "point": "point",
    "limit": "point",
    "relic": "relic",
    "audit": "audit",
    "previous": "previous",
    "coverage": "coverage",
    "validate": "validate",
    "boundary": "boundary",
    "info": "files",
    "compare": "pictures",
    "models": "catalogue",
    "searches": "catalogue",
    "treatments": "catalogue",
    "cite": "files",
    "schema": "catalogue",
}
COMPUTE = (
    "run",
    "scan",
    "merge",
    "point",
    "limit",
    "relic",
    "boundary",
    "schema",
    "audit",
    "previous",
    "coverage",
    "validate",
)  # these need JAX
# those that put away what is begun when they are stopped
WRITING = ("run", "scan", "merge", "plot", "boundary", "audit", "validate")


def command_of(name: str) -> Callable[[argparse.Namespace], str]:
    """Return the function of a command."""
    if name in COMPUTE:
        from jaxtri.numerics.jax_settings import prepare

        prepare()
    room = importlib.import_module(f"jaxtri.cli.{ROOMS[name]}")
    found: Callable[[argparse.Namespace], str] = getattr(room, name)
    return found
