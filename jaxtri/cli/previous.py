"""The command `previous`: what earlier searches exclude for a model, as text or JSON."""

import argparse
import dataclasses
import json
import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from jaxtri.cli import text as texts
from jaxtri.limits.recast_limits import RecastLimit, previous_limits
from jaxtri.model.fermions import FERMIONS
from jaxtri.model.gauge_model import GaugeModel, load_model
from jaxtri.model.mixing import induced_mixing
from jaxtri.model.standard_model import StandardModel, load_standard_model
from jaxtri.scans.spec import load_spec
from jaxtri.tables.reader import parse, read_text

WIDTH = 110  # characters of a line
LOW = 1e-3  # GeV; down to which loops are followed


def previous(arguments: argparse.Namespace) -> str:
    """Recast every earlier search to a model."""
    path = Path(arguments.model)
    scan = path.suffix == ".toml" and "axes" in parse(read_text(path), str(path))
    spec = load_spec(path) if scan else None
    model = spec.model if spec else load_model(arguments.model)
    masses = None if arguments.m_X is None else np.array([arguments.m_X])
    found = previous_limits(model, m_X=masses, sm=spec.sm if spec else None, darkcast=arguments.darkcast)
    if arguments.json:
        limits = [texts.plain(dataclasses.asdict(one)) for one in found]
        return json.dumps({"model": model.name, "limits": limits}, indent=1)
    text = previous_text(model.name, found)
    return "\n".join([text, *_on_mixing(spec.sm if spec else load_standard_model(), model)])


def _on_mixing(sm: StandardModel, model: GaugeModel) -> list[str]:
    """What neglecting kinetic mixing does to a model without a coupling to electrons."""
    size = abs(float(induced_mixing(sm, model.unnamed(), LOW, sm.m_Z)))
    if model.charge[FERMIONS.index("e")] != 0 or model.kinetic_mixing != 0 or size == 0:
        return []
    return [
        textwrap.fill(
            f"kinetic mixing is taken as 0, which decides here: loops of fermions below the Z induce about "
            f"|epsilon / g_X| = {size:.2g}, with which searches with electrons exclude something too; give "
            "kinetic_mixing in the model file",
            WIDTH,
            subsequent_indent="    ",
        )
    ]


def previous_text(name: str, found: Sequence[RecastLimit]) -> str:
    """The answer for a reader: what is excluded first, then what is not, and why."""
    some, none = [one for one in found if not one.why], [one for one in found if one.why]
    head = ("search", "kind", "m_X [GeV]", "strongest g_X", "at", "status")
    rows = [head, *map(_row, some)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    lines = [f"{name}: {len(some)} of {len(found)} earlier searches exclude something"]
    lines += [
        "  " + "  ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    by_reason: dict[str, list[str]] = {}
    for one in none:
        by_reason.setdefault(one.why, []).append(one.search)
    lines += ["nothing excluded by:"] if none else []
    for why, searches in by_reason.items():
        lines.append(textwrap.fill(f"  {', '.join(searches)}: {why}", WIDTH, subsequent_indent="    "))
    return "\n".join(lines)


def _row(one: RecastLimit) -> tuple[str, ...]:
    """Cells of a search that excludes something."""
    best = int(np.argmin(one.g_lower))
    upper = "" if np.isinf(one.g_upper[best]) else f" to {one.g_upper[best]:.3g}"
    masses = f"{one.m_X.min():.4g} to {one.m_X.max():.4g}" if len(one.m_X) > 1 else f"{one.m_X[0]:.4g}"
    return (
        one.search,
        one.kind,
        masses,
        f"{one.g_lower[best]:.3g}{upper}",
        f"{one.m_X[best]:.4g}",
        one.status,
    )
