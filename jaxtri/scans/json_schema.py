"""JSON Schema of every TOML that a user writes: editors complete and check files that name it."""

import json
from typing import Any, get_args, get_type_hints

from pydantic import BaseModel

from jaxtri.errors import unknown_name
from jaxtri.model.treatment import CHOICES, Treatment
from jaxtri.scans.arrays import ARRAYS
from jaxtri.scans.schema import SpecTable
from jaxtri.scans.spec import GROUPS_OF_ARRAYS
from jaxtri.tables.schema import CHANNEL_NAMES, ModelTable, SearchTable, TreatmentTable

TABLES: dict[str, type[BaseModel]] = {
    "scan": SpecTable,
    "model": ModelTable,
    "search": SearchTable,
    "treatment": TreatmentTable,
}
DRAFT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(kind: str) -> str:
    """Return the JSON Schema of a kind of file, as text.

    Parameters
    ----------
    kind
        "scan", "model", "search" or "treatment".

    Raises
    ------
    InputError
        If there is no such kind.
    """
    if kind not in TABLES:
        raise unknown_name("schema", "kind of file", kind, TABLES)
    schema: dict[str, Any] = {"$schema": DRAFT} | TABLES[kind].model_json_schema()
    names = {"channel": CHANNEL_NAMES, "arrays": (*ARRAYS, *GROUPS_OF_ARRAYS)}
    hints = get_type_hints(Treatment)
    names |= {choice: get_args(hints[choice]) for choice in CHOICES}
    for table in (schema, *schema.get("$defs", {}).values()):
        for key, entry in table.get("properties", {}).items():
            if key in names:
                _enumerate(entry, names[key])
    return json.dumps(schema, indent=1, ensure_ascii=False)


def _enumerate(entry: dict[str, Any], names: tuple[str, ...]) -> None:
    """Say which texts are allowed wherever an entry, or an item of its list, is any text."""
    for one in (entry, *entry.get("anyOf", ()), *entry.get("oneOf", ())):
        item = one.get("items", one)
        if item.get("type") == "string" and "enum" not in item:
            item["enum"] = list(names)
