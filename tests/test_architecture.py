"""The rooms and who may enter them.  Oracles: import-linter; the syntax tree; the files git knows."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import jaxtri
from places import PATIENCE_S, ROOT

LINT = Path(sys.executable).with_name("lint-imports")
UPSIDE_DOWN = """[importlinter]
root_package = jaxtri
[importlinter:contract:1]
name = upside down
type = layers
layers =
    jaxtri.errors
    jaxtri.cli
"""
SYSTEM = {"dev", "etc", "proc", "sys", "usr", "bin"}  # the same on every machine


def lint(*options):
    command = [LINT, "--no-cache", *options]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=PATIENCE_S)


def test_imports_go_one_way():
    done = lint()
    assert done.returncode == 0, done.stdout
    assert "Contracts: 21 kept, 0 broken." in done.stdout


def test_an_import_the_wrong_way_is_seen(tmp_path):  # so the test above is able to fail
    (tmp_path / "contract.ini").write_text(UPSIDE_DOWN)
    done = lint("--config", tmp_path / "contract.ini")
    assert done.returncode == 1
    assert "jaxtri.cli is not allowed to import jaxtri.errors" in done.stdout


def imported(path):
    """Top names of everything that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").split(".")[0]


@pytest.mark.parametrize("path", sorted(ROOT.glob("tests/reference/*.py")), ids=lambda path: path.stem)
def test_reference_scripts_are_independent(path):
    names = set(imported(path))
    assert names
    assert not names & {"jaxtri", "importlib", "jax"}
    assert "jaxtri" in set(imported(Path(__file__)))  # where it would be seen


def said(tree):
    """Names that docstrings set in single backticks, without folders and endings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef):
            for name in re.findall(r"(?<!`)`([\w./]+)`(?!`)", ast.get_docstring(node) or ""):
                yield re.split(r"[./]", name.removesuffix(".py").removesuffix(".toml"))[-1]


def known(path, tree):
    """Names of a file, its folder, and all that it defines, calls or spells out."""
    yield from (path.stem, path.parent.name)
    for node in ast.walk(tree):
        for field in ("name", "arg", "id", "attr", "value"):
            if isinstance(value := getattr(node, field, None), str):
                yield value


def test_docstrings_speak_of_what_there_is():
    trees = {path: ast.parse(path.read_text()) for path in (ROOT / "jaxtri").rglob("*.py")}
    there = {name for path, tree in trees.items() for name in known(path, tree)}
    gone = {(path.name, name) for path, tree in trees.items() for name in said(tree) if name not in there}
    assert gone == set()
    assert list(said(ast.parse('"""As `figures/no_such_room.py`."""'))) == ["no_such_room"]
    assert "no_such_room" not in there


def test_no_public_name_is_a_wing():
    """A package of that name would replace the function as soon as it is imported."""
    wings = {path.name for path in (ROOT / "jaxtri").iterdir()}
    assert {"scans", "boundary", "durable"} <= wings
    assert not wings & set(jaxtri.__all__)


def repository_files():
    """Text files that git knows, or will: path, content."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git repository: an unpacked source distribution")
    for name in map(os.fsdecode, filter(None, listed.split(b"\0"))):
        content = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b"\0"
        if b"\0" not in content[:8000]:
            yield name, content.decode("utf-8", errors="replace")


def machine_folders():
    """A pattern for any path that starts in a folder of the machine that runs this."""
    tops = {path.name for path in Path("/").iterdir() if path.is_dir() and not path.is_symlink()} - SYSTEM
    tops |= {"home", "Users"}
    return re.compile(r"(?<![\w.*)}\]>/~-])/(?:" + "|".join(map(re.escape, sorted(tops))) + r")/\w")


def test_no_file_mentions_a_folder_of_this_machine():
    pattern = machine_folders()
    found = [
        f"{name}:{number}: {line.strip()[:80]}"
        for name, text in repository_files()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


def test_a_folder_of_this_machine_would_be_seen():
    assert machine_folders().search(f"see {'/'.join(['', 'home', 'someone'])}")
    assert not machine_folders().search("tables/models and https://example.org/home/page")
    assert len(list(repository_files())) > 50
