"""A scan as jobs: the functions that `durable` is given, one job for each model and treatment."""

import functools
import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from jaxtri.boundary.record import Boundaries
from jaxtri.durable.jobs.job import IDENTITY, Job
from jaxtri.errors import JaxtriError
from jaxtri.io.file_names import Outputs
from jaxtri.io.hdf5_layout import write_head, write_tail
from jaxtri.io.hdf5_scan import open_scan
from jaxtri.numerics.threads import InBackground
from jaxtri.scans.favoured_lines import favoured
from jaxtri.scans.in_memory import boundaries
from jaxtri.scans.provenance import header, plan_of
from jaxtri.scans.record import Header
from jaxtri.scans.spec import Spec
from jaxtri.scans.tiles import Decays, TileTask


def jobs_of(specs: tuple[Spec, ...], outputs: Outputs) -> list[Job]:
    """One job an output."""
    jobs = []
    for spec in specs:
        traced = InBackground(partial(boundaries, spec))  # of all treatments together
        shared: Decays = {}
        lines = functools.cache(partial(favoured, spec)) if spec.has_favoured else _none
        for one in spec.treatments:
            top, task = header(spec, one), TileTask(spec, one, shared)
            curves = partial(_curves, spec, one.name, traced)
            jobs.append(
                Job(
                    output=outputs[spec.model.name, one.name],
                    plan=plan_of(top),
                    title=top.title,
                    identity=_identity(top),
                    compute=task,
                    write_head=partial(write_head, header=top),
                    write_tail=partial(write_tail, header=top, curves=curves, lines=lines),
                    identity_of=identity_of,
                    device=top.versions["device"],
                    aside=traced.begin if spec.traces_curves else _none,
                    start_worker=task.start_worker,
                )
            )
    return jobs


def _none() -> None:
    """No lines."""


def _curves(spec: Spec, treatment: str, traced: Any) -> Boundaries | None:
    """Curves of one treatment, where a scan has them."""
    return traced()[treatment] if spec.traces_curves else None


def _identity(top: Header) -> dict[str, Any]:
    """What decides whether a scan is the same as another, as JSON gives it back."""
    versions = {name: one for name, one in top.versions.items() if name != "device"}  # tiles may mix devices
    said = (top.configuration, top.fingerprint, versions)
    return dict(json.loads(json.dumps(dict(zip(IDENTITY, said, strict=True)))))


def identity_of(path: Path) -> Mapping[str, Any] | None:
    """Return what a finished file says that it is; None if it is no scan."""
    try:
        return _identity(open_scan(path).header)
    except JaxtriError:
        return None
