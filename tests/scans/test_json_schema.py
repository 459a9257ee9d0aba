"""JSON Schemas for editors.  Oracle: the library jsonschema on every shipped file, and on wrong ones."""

import json
import tomllib

import jsonschema
import pytest

from jaxtri.scans.json_schema import TABLES, json_schema
from jaxtri.tables.reader import FOLDER
from places import SCANS

FOLDERS = {
    "model": FOLDER / "models",
    "search": FOLDER / "searches",
    "treatment": FOLDER / "treatments",
    "scan": SCANS,
}
FILES = [(kind, path) for kind, folder in FOLDERS.items() for path in sorted(folder.glob("*.toml"))]
WRONG = {  # what an editor must underline
    "model": {"charges": {"e": "one"}},
    "search": {"channel": "K -> X"},
    "treatment": {"k_to_pi": "scalar"},
    "scan": {"precision": "float16"},
}


@pytest.mark.parametrize(("kind", "path"), FILES, ids=lambda one: getattr(one, "stem", one))
def test_shipped_files_obey_and_name_their_schema(kind, path):
    text = path.read_text()
    jsonschema.validate(tomllib.loads(text), json.loads(json_schema(kind)))
    named = text.splitlines()[0].removeprefix("#:schema ")
    assert (path.parent / named).resolve() == (FOLDER / "schemas" / f"{kind}.json").resolve()


@pytest.mark.parametrize("kind", TABLES)
def test_the_shipped_schemas_are_what_the_command_prints(kind):
    assert (FOLDER / "schemas" / f"{kind}.json").read_text() == json_schema(kind) + "\n"


@pytest.mark.parametrize("kind", TABLES)
def test_wrong_files_are_seen(kind):
    data = tomllib.loads(next(path for one, path in FILES if one == kind).read_text())
    validator = jsonschema.Draft202012Validator(json.loads(json_schema(kind)))
    assert list(validator.iter_errors(data)) == []
    for key, value in WRONG[kind].items():
        wrong = data[key] | value if isinstance(value, dict) else value
        assert list(validator.iter_errors(data | {key: wrong}))
    assert list(validator.iter_errors(data | {"no_such_key": 1}))
