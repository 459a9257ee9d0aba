"""What a scan says of itself: configuration, inputs with their sources, searches, versions."""

import hashlib
import json
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import jax

from jaxtri.durable.storage.tiling import Plan, make_plan
from jaxtri.model.standard_model import StandardModel, input_entries, input_values
from jaxtri.model.treatment import Treatment
from jaxtri.physics.decays.widths import FINAL_STATES
from jaxtri.scans.arrays import LABELS, RANGE_ENDS, array_plans
from jaxtri.scans.record import Header
from jaxtri.scans.spec import Spec
from jaxtri.tables.schema import CHANNEL_NAMES


def header(spec: Spec, treatment: Treatment) -> Header:
    """Describe a scan before, or without, computing it."""
    return Header(
        title=spec.title,
        treatment=treatment.name,
        scan_file=spec.text,
        configuration=spec.configuration(treatment),
        fingerprint=spec.fingerprint(treatment),
        searches=tuple(asdict(label) for label in spec.labels),
        projections=tuple(asdict(label) for label in spec.projections.labels),
        inputs=_inputs(spec.sm),
        versions=versions() | {"device": jax.devices()[0].device_kind},
        axes={one.name: one.values for one in spec.axes}
        | {"m_X": spec.m_X, "g_X": spec.g_X}
        | {
            "search": tuple(label.name for label in spec.labels),
            "channel": CHANNEL_NAMES,
            "final_state": FINAL_STATES,
            "range_end": RANGE_ENDS,
        }
        | ({"dark_matter": tuple(one.label for one in spec.dark_matter)} if spec.dark_matter else {}),
        arrays=spec.arrays,
        parameters={one.name: one.parameters for one in spec.axes},
        units={one.name: one.unit for one in spec.axes},
    )


def plan_of(top: Header) -> Plan:
    """Cut a scan into tiles; its key tells apart what must not be mixed in one file."""
    key = hashlib.sha256(top.fingerprint.encode())
    key.update(json.dumps(versions(), sort_keys=True).encode())
    sizes = {name: len(values) for name, values in top.axes.items()}
    return make_plan(
        {name: size for name, size in sizes.items() if name not in LABELS},
        array_plans(top.arrays, sizes, top.configuration["precision"]),
        compression=top.configuration["compression"],
        key=key.hexdigest(),
    )


def versions() -> dict[str, str]:
    """Versions of what decides the last bit of a number, besides the device."""
    return {name: version(name) for name in ("jaxtri", "jax", "jaxlib", "numpy", "h5py")}


def _inputs(sm: StandardModel) -> dict[str, Any]:
    """Every input as used, with the error, unit and reference of its table."""
    used = input_values(sm)
    entries = {}
    for name, entry in input_entries().items():
        known = entry.model_dump()
        changed = {} if used[name] == known["value"] else {"reference": "scan file", "error": None}
        entries[name] = known | {"value": used[name]} | changed
    return entries
