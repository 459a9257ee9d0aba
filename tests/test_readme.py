"""The guides: tables are computed again, commands run or parse, names exist.  Oracle: the code itself."""

import dataclasses
import os
import re
import shlex
import subprocess
import sys
import tomllib
from typing import get_args, get_type_hints

import pytest

import jaxtri
import readme
from jaxtri.cli.parser import parser
from jaxtri.figures import comparison
from jaxtri.limits.search_tables import chosen_tables
from jaxtri.model.treatment import CHOICES, Treatment
from jaxtri.scans import schema as scan_files
from jaxtri.scans.arrays import ARRAYS
from jaxtri.tables import curve_schema, dark_matter_schema, fields
from jaxtri.tables import schema as tables
from places import ROOT

NAMES = (
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "scans/README.md",
    "benchmarks/README.md",
    "jaxtri/tables/README.md",
)
PAGES = {name: (ROOT / name).read_text() for name in NAMES}
README, SCANS, TABLES = PAGES["README.md"], PAGES["scans/README.md"], PAGES["jaxtri/tables/README.md"]
LINES = 200  # of the README
RECAST = {0.002: 1.4e-6, 0.2: 1.0e-4, 0.3: 9e-5, 2.0: 6.6e-4}  # m_X [GeV]: lowest excluded g_X
TWO_DIGITS = 0.05  # of a number rounded to two digits, 1.0 at worst
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
CHECKED = {  # guide: the tables whose keys it names
    "scans/README.md": (
        scan_files.SpecTable,
        scan_files.SearchChoice,
        scan_files.FigureChoice,
        scan_files.AxisTable,
        scan_files.FurtherAxisTable,
        tables.Correlation,
    ),
    "jaxtri/tables/README.md": (
        fields.Quantity,
        dark_matter_schema.DarkMatterTable,
        dark_matter_schema.RightHandedTable,
        tables.Correlation,
        tables.CorrelationTable,
        tables.ModelTable,
        tables.Charges,
        tables.TreatmentTable,
        tables.SearchTable,
        tables.Flight,
        curve_schema.CurveFile,
    ),
}
MEASURED = {
    "README.md": {"compare"},
    "scans/README.md": {"window", "changes", "reach", "third"},
    "benchmarks/README.md": {"triangle", "speed", "scans", "boundaries", "recast", "start"},
}


def fenced(page, language):
    """Blocks of a language."""
    return [text for tag, text in FENCED.findall(PAGES[page]) if tag == language]


def commands():
    """Every command line of jaxtri in a block: page, line without what a shell adds."""
    return [
        (page, re.sub(r"\$\{\w+:\+(.*?)\}", r"\1", line).split(" >")[0])
        for page in PAGES
        for _, text in FENCED.findall(PAGES[page])
        for line in re.findall(r"^(?:arguments += )?jaxtri (.+)$", text, flags=re.MULTILINE)
    ]


def links():
    """Every link to a file or a heading of the project: page, path, heading."""
    return [
        (page, path, heading)
        for page, text in PAGES.items()
        for path, heading in re.findall(r"\]\((?!http)([^)#]*)#?([^)]*)\)", text)
    ]


def headings(text):
    """Headings as links name them."""
    found = re.findall(r"^#+ (.+)$", FENCED.sub("", text), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in found}


def test_the_readme_is_short():
    assert len(README.splitlines()) <= LINES


def test_the_comparison_table_is_what_the_command_prints():
    written = README.split("<!-- compare -->\n")[1].split("\n<!-- end of compare -->")[0]
    spec = jaxtri.load_spec(ROOT / "scans" / "figure_3.toml")  # the grid does not enter: four points will do
    spec = dataclasses.replace(spec, m_X=spec.m_X[[0, -1]], g_X=spec.g_X[[0, -1]])
    assert written == comparison.compare(jaxtri.scan(spec))


def between_marks(page, name):
    """What stands between two marks of a page."""
    return PAGES[page].split(f"<!-- {name} -->\n")[1].split(f"\n<!-- end of {name} -->")[0]


@pytest.mark.long
def test_the_tables_of_2026_are_what_the_commands_say():
    for name, content in readme.of_2026().items():
        assert between_marks("scans/README.md", name) == content


def test_the_table_of_2026_lists_every_search_with_its_source():
    _, tables, _ = chosen_tables("2026")
    rows = [
        row.strip("| ").split(" | ") for row in between_marks("scans/README.md", "reach").splitlines()[2:]
    ]
    assert [row[0] for row in rows] == list(tables)
    for row, table in zip(rows, tables.values(), strict=True):
        assert row[1:3] == [f"{100 * table.confidence:g} %", table.reference]


def test_couplings_of_the_third_generation_are_those_of_an_independent_recast():
    """Oracle: an independent recast, to two digits; tests/limits/test_timed_couplings.py computes again."""
    rows = [
        row.strip("| ").split(" | ") for row in between_marks("scans/README.md", "third").splitlines()[2:6]
    ]
    assert {float(m_X): float(recast) for m_X, _, _, recast in rows} == RECAST
    assert [leader.split("_")[0] for _, leader, _, _ in rows] == ["na62", "na62", "lhcb", "lhcb"]
    for _, _, g_X, recast in rows:
        assert abs(float(g_X) / float(recast) - 1) < TWO_DIGITS


@pytest.mark.parametrize("page", MEASURED)
def test_measured_tables_stand_between_their_marks(page):
    assert set(re.findall(r"<!-- (\w+) -->\n(?s:.+?)<!-- end of \1 -->", PAGES[page])) == MEASURED[page]


@pytest.mark.parametrize(("page", "line"), commands())
def test_every_command_parses(page, line):
    assert parser().parse_args(shlex.split(line, comments=True)).command


def test_commands_of_the_benchmarks_name_scripts_and_find_benchmarks():
    """Of what pytest times: every benchmark, none deselected; a mark that nothing has finds none."""
    named = re.findall(r"^\| `(python|pytest) ([^`]+)` \|", PAGES["benchmarks/README.md"], flags=re.MULTILINE)
    scripts = [line.split()[0] for program, line in named if program == "python"]
    assert len(scripts) > 5
    assert all((ROOT / path).is_file() for path in scripts)
    (timed,) = [line for program, line in named if program == "pytest"]
    tried = shlex.split(f"{sys.executable} -m pytest {timed} --collect-only -q -p no:cacheprovider")
    alone = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    found = subprocess.run(tried, cwd=ROOT, env=alone, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "deselected" not in found.stdout
    files = {line.partition("::")[0] for line in found.stdout.splitlines() if "::" in line}
    assert files >= {path for path in scripts if "def bench_" in (ROOT / path).read_text()}
    none = subprocess.run([*tried, "-m", "long"], cwd=ROOT, env=alone, capture_output=True, check=False)
    assert none.returncode == 5


def test_there_are_commands():
    assert len(commands()) > 12
    assert {page for page, _ in commands()} == {"README.md", "scans/README.md", "jaxtri/tables/README.md"}


@pytest.mark.parametrize("page", PAGES)
def test_examples_in_python_name_what_is_public(page):
    for text in fenced(page, "python"):
        compile(text, page, "exec")
        assert set(re.findall(r"\bjaxtri\.(\w+)", text)) <= set(jaxtri.__all__)


def test_the_readme_names_every_public_name():
    assert all(f"`{name}`" in README for name in jaxtri.__all__)


def test_the_worked_example_says_what_the_command_says(tmp_path, in_process):
    section = TABLES.split("## A worked example")[1].split("\n## ")[0]
    files = re.findall(r"`(\w+\.toml)`[^`]*```toml\n(.*?)^```$", section, flags=re.MULTILINE | re.DOTALL)
    assert len(files) == 3
    for name, text in files:
        (tmp_path / name).write_text(text)
    shown = re.findall(
        r"```bash\njaxtri ([^\n]+)\n```\n\n```\n(.*?)^```$", section, flags=re.MULTILINE | re.DOTALL
    )
    assert [line.split()[0] for line, _ in shown] == ["limit", "point"]
    for line, text in shown:
        code, out, _ = in_process(tmp_path, *shlex.split(line))
        assert (code, out) == (0, text)


def test_the_table_of_arrays_names_every_array():
    section = SCANS.split("## HDF5 layout")[1].split("\n## ")[0]
    assert set(ARRAYS) <= set(re.findall(r"`(\w+)`", section.split("| group |")[0]))


@pytest.mark.parametrize("page", CHECKED)
def test_every_key_is_named(page):
    keys = {key for table in CHECKED[page] for key in table.model_fields}
    assert not [key for key in keys if f"`{key}`" not in PAGES[page]]


@pytest.mark.parametrize("choice", CHOICES)
def test_the_table_of_choices_names_every_form(choice):
    row = re.search(rf"^\| `{choice}` \|.*$", TABLES, flags=re.MULTILINE)[0]
    assert all(f"`{form}`" in row for form in get_args(get_type_hints(Treatment)[choice]))


def test_every_dependency_is_justified():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    section = README.split("## Dependencies")[1].split("##")[0]
    names = [re.split(r"[<>=\[]", requirement)[0] for requirement in project["dependencies"]]
    assert all(name in section for name in [*names, *project["optional-dependencies"]])


@pytest.mark.parametrize(("page", "path", "heading"), links())
def test_every_linked_file_and_heading_exists(page, path, heading):
    target = (ROOT / page).parent / path if path else ROOT / page
    assert target.is_file()
    assert not heading or heading in headings(target.read_text())


def test_the_version_stands_in_one_place():
    cited = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(), flags=re.MULTILINE)[1]
    assert cited == jaxtri.__version__
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dynamic"] == ["version"]
