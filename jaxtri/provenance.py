"""What a scan says of itself: configuration, inputs with their sources, searches, versions."""

from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import jax

from jaxtri.channels import CHANNEL_NAMES
from jaxtri.fields import Header
from jaxtri.physics.x_decays import FINAL_STATES
from jaxtri.spec import Spec
from jaxtri.standard_model import TABLES, StandardModel, input_table, input_values
from jaxtri.treatment import Treatment


def header(spec: Spec, treatment: Treatment) -> Header:
    """Describe a scan before, or without, computing it."""
    return Header(
        title=spec.title,
        treatment=treatment.name,
        scan_file=spec.text,
        configuration=spec.configuration(treatment),
        fingerprint=spec.fingerprint(treatment),
        searches=tuple(asdict(label) for label in spec.searches.labels),
        inputs=_inputs(spec.sm),
        versions={name: version(name) for name in ("jaxtri", "jax", "jaxlib", "numpy", "h5py")}
        | {"device": jax.devices()[0].device_kind},
        axes={
            "m_X": spec.m_X,
            "g_X": spec.g_X,
            "search": tuple(label.name for label in spec.searches.labels),
            "channel": CHANNEL_NAMES,
            "final_state": FINAL_STATES,
        },
    )


def _inputs(sm: StandardModel) -> dict[str, Any]:
    """Every input as used, with the error, unit and reference of its table."""
    used = input_values(sm)
    entries = {}
    for table in TABLES:
        for name, entry in input_table(table).items():
            known = entry.model_dump()
            changed = {} if used[name] == known["value"] else {"reference": "scan file", "error": None}
            entries[name] = known | {"value": used[name]} | changed
    return entries
