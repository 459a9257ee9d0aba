"""The commands that list what is shipped: models, searches, treatments."""

import argparse
from typing import NamedTuple

from jaxtri.cli import text as texts
from jaxtri.model.anomalies import anomaly_coefficients
from jaxtri.model.fermions import FERMIONS
from jaxtri.tables.reader import locate, names, read
from jaxtri.tables.schema import ModelTable, TreatmentTable


class _Charges(NamedTuple):
    """What anomalies depend on."""

    charge: list[float]
    right_handed_neutrinos: tuple[float, ...]


def schema(arguments: argparse.Namespace) -> str:
    """JSON Schema of a kind of file."""
    from jaxtri.scans.json_schema import json_schema  # it needs JAX

    return json_schema(arguments.kind)


def models(arguments: argparse.Namespace) -> str:
    """Shipped models with their charges' anomalies."""
    lines = []
    for name in names("models"):
        table = read(locate("models", name), ModelTable)
        charges = [getattr(table.charges, fermion) for fermion in FERMIONS]
        anomalies = anomaly_coefficients(_Charges(charges, table.partners))
        lines += [f"{name}: {table.title}", texts.anomaly_text(anomalies)]
    return "\n".join(lines)


def searches(arguments: argparse.Namespace) -> str:
    """Searches of a set: limit, confidence level, reference."""
    from jaxtri.limits.search_tables import chosen_tables, curves_of, label_of  # they need NumPy

    mode, tables, _ = chosen_tables(arguments.set)
    curves = curves_of(tables, mode=mode)
    labels = [label_of(name, table, mode, curves.get(name)) for name, table in tables.items()]
    width = max(len(label.name) for label in labels)
    lines = []
    for label in labels:
        level = f"{100 * label.confidence:.0f} % CL" if label.confidence else "central"
        what = f"{label.channel}, {label.final_state}"
        sign = "from" if label.name in curves else "<"  # a curve begins at its smallest limit
        limit = f"{sign:<{4 if curves else 1}} {label.limit:<9.4g}"
        lines.append(f"{label.name:<{width}}  {what:<28} {limit} {level:<8} {label.reference}")
    return "\n".join(lines)


def treatments(arguments: argparse.Namespace) -> str:
    """Shipped treatments with their choices."""
    lines = []
    for name in names("treatments"):
        table = read(locate("treatments", name), TreatmentTable).model_dump()
        lines.append(f"{name}: {table.pop('title')}")
        lines += [f"  {key} = {value}" for key, value in table.items()]
    return "\n".join(lines)
