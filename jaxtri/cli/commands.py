"""Every command by its name."""

import argparse
from collections.abc import Callable

from jaxtri.cli.boundary import boundary
from jaxtri.cli.catalogue import models, schema, searches, treatments
from jaxtri.cli.files import cite, compare, info, plot
from jaxtri.cli.point import limit, point
from jaxtri.cli.scan import merge, run, scan

COMMANDS: dict[str, Callable[[argparse.Namespace], str]] = {
    "run": run,
    "scan": scan,
    "merge": merge,
    "plot": plot,
    "point": point,
    "limit": limit,
    "boundary": boundary,
    "info": info,
    "compare": compare,
    "models": models,
    "searches": searches,
    "treatments": treatments,
    "cite": cite,
    "schema": schema,
}
