"""The commands that list what is shipped: models, searches, treatments."""

import argparse

from jaxtri.cli import text as texts
from jaxtri.limits.searches import load_searches
from jaxtri.model.anomalies import anomaly_coefficients
from jaxtri.model.gauge_model import load_model
from jaxtri.model.treatment import CHOICES, NOT_YET, load_treatment
from jaxtri.scans.json_schema import json_schema
from jaxtri.tables.reader import names


def schema(arguments: argparse.Namespace) -> str:
    """JSON Schema of a kind of file."""
    return json_schema(arguments.kind)


def models(arguments: argparse.Namespace) -> str:
    """Shipped models with their charges' anomalies."""
    lines = []
    for name in names("models"):
        model = load_model(name)
        lines += [f"{name}: {model.title}", texts.anomaly_text(anomaly_coefficients(model))]
    return "\n".join(lines)


def searches(arguments: argparse.Namespace) -> str:
    """Searches of a set: limit, confidence level, reference."""
    labels = load_searches(arguments.set).labels
    width = max(len(label.name) for label in labels)
    lines = []
    for label in labels:
        level = f"{100 * label.confidence:.0f} % CL" if label.confidence else "central"
        what = f"{label.channel}, {label.final_state}"
        lines.append(f"{label.name:<{width}}  {what:<28} < {label.limit:<9.4g} {level:<8} {label.reference}")
    return "\n".join(lines)


def treatments(arguments: argparse.Namespace) -> str:
    """Shipped treatments with their choices."""
    lines = []
    for name in names("treatments"):
        one = load_treatment(name)
        lines.append(f"{name}: {one.title}")
        lines += [f"  {key} = {getattr(one, key)}" for key in CHOICES]
    return "\n".join([*lines, *(f"{name}: {reason}" for name, reason in NOT_YET.items())])
