"""The README: its table is derived anew, its commands and names exist.  Oracle: the code it describes."""

import dataclasses
import re
import tomllib

import pytest

import jaxtri
from jaxtri.cli.parser import parser
from jaxtri.figures import comparison
from jaxtri.model.treatment import CHOICES
from jaxtri.scans.arrays import ARRAYS
from places import ROOT

README = (ROOT / "README.md").read_text()


def test_the_comparison_table_is_what_the_command_prints():
    written = README.split("<!-- compare -->\n")[1].split("\n<!-- end of compare -->")[0]
    spec = dataclasses.replace(jaxtri.load_spec(ROOT / "scans" / "figure_3.toml"), curves=False)
    assert written == comparison.compare(jaxtri.scan(spec))


@pytest.mark.parametrize("line", re.findall(r"^jaxtri (.+?)(?: +#.*)?$", README, flags=re.MULTILINE))
def test_every_command_parses(line):
    assert parser().parse_args(line.split(" >")[0].split()).command


def test_the_table_of_arrays_names_every_field():
    named = set(re.findall(r"`(\w+)`", README.split("## What a scan file")[1].split("`/provenance`")[0]))
    assert set(ARRAYS) <= named


def test_the_table_of_choices_names_every_choice():
    assert all(f"| `{choice}` |" in README for choice in CHOICES)


def test_every_dependency_is_justified():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    section = README.split("## Dependencies")[1].split("##")[0]
    names = [re.split(r"[<>=\[]", requirement)[0] for requirement in project["dependencies"]]
    assert all(name in section for name in [*names, *project["optional-dependencies"]])


@pytest.mark.parametrize("path", re.findall(r"\]\(((?!http)[^)]+)\)", README))
def test_every_linked_file_exists(path):
    assert (ROOT / path).is_file()
