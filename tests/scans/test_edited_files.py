"""Scan files, models, searches, curves and calls with a random mistake: one sentence, or what was written.

Oracle: the family of errors, and the record of what was read.  A change that is accepted is seen in it.
"""

import copy
import dataclasses
import math
import random
import tomllib
import warnings

import numpy as np
import pytest

import jaxtri
from jaxtri.errors import JaxtriError
from jaxtri.limits.limit_curves import read_limit_curve
from jaxtri.tables.reader import FOLDER
from places import SCANS
from small_plane import SMALL
from toml_text import written

EDITS, QUICK_EDITS = 600, 30  # of scan files, and of tables
TEXTS, QUICK_TEXTS = 1000, 50  # edits of the characters of a curve
CALLS, QUICK_CALLS = 400, 30
LONG = pytest.mark.long
SHIPPED = {path.name: path.read_text() for path in sorted(SCANS.glob("*.toml"))}
MODELS = {path.name: path.read_text() for path in sorted((FOLDER / "models").glob("*.toml"))}
SEARCHES = {path.name: path.read_text() for path in sorted((FOLDER / "searches").glob("*.toml"))}
CURVES = {path.name: path.read_text() for path in sorted((FOLDER / "curves").glob("*.csv"))}
LONGER = "a" * 5000  # than any file system takes
JUNK = [
    None, True, -1, 0, 1, 3, 7, 10**9, 10**30, -0.0, 0.5, 1e-300, 1e300, 5e-324, math.nan, math.inf,
    -math.inf,
    "", " ", "x", "1/3", "1/0", "nan", "B - L", "\u00e9\u2028\t", LONGER, [], [[]], [1], ["x", "x"], {},
    {"x": 1}, {"min": 1, "max": 2}, [1e-3, 1e-2], [2, 1],
]  # fmt: skip
COMMENTS = {"model": ("reference",), "search": ()}  # keys that say where a table is from, and no more
IGNORED = ("text", "padded")  # as it was written; what is made of the rest
CHARACTERS = [*',;\t-e\n09."\ufeff\u2212#', "", "nan", "inf", "1e9"]


def places(data, so_far=()):
    """Every key and item of nested data."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield (*so_far, key)
        yield from places(value, (*so_far, key))


def edited(data, chance):
    """A copy of nested data with one change, and what it was."""
    data = copy.deepcopy(data)
    place = chance.choice(list(places(data)))
    inside = data
    for key in place[:-1]:
        inside = inside[key]
    kind = chance.choice(["replaced", "replaced", "scaled", "removed", "renamed", "added", "doubled"])
    before = inside[place[-1]]
    if kind == "removed":
        del inside[place[-1]]
    elif kind == "renamed" and isinstance(inside, dict):
        inside[f"{place[-1]}_"] = inside.pop(place[-1])
    elif kind == "added" and isinstance(inside, dict):
        inside[chance.choice(["x", "min", "title", "limit", "m_X", ""])] = chance.choice(JUNK)
    elif kind == "doubled" and isinstance(inside, list):
        inside.append(copy.deepcopy(before))
    elif kind == "scaled" and isinstance(before, int | float) and not isinstance(before, bool):
        inside[place[-1]] = before * chance.choice([-1, 1e-12, 1e-3, 0.9, 1.1, 1e3, 1e12])
    else:
        inside[place[-1]] = chance.choice(JUNK)
    return data, (place, kind)


def answer(function, *arguments, **options):
    """What a function returns, or None where it raises an error of ours; nothing else may come out."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return function(*arguments, **options)
        except JaxtriError as error:
            said = str(error)
            assert said.strip()
            assert "Traceback" not in said
            assert len(said) < 5000
            return None


def read_search(path):
    """A search as two sets read it: what one replaces the other takes."""
    return [jaxtri.load_searches(one, files=[path], only=[path.stem]) for one in ("printed", "corrected")]


def content(record):
    """Everything in a record, to be compared; arrays by their bytes."""
    if hasattr(record, "shape"):
        array = np.asarray(record)
        return str(array.dtype), array.shape, array.tobytes()
    if dataclasses.is_dataclass(record):
        return [(key, content(value)) for key, value in vars(record).items() if key not in IGNORED]
    if isinstance(record, dict):
        return [(key, content(value)) for key, value in record.items()]
    if isinstance(record, list | tuple):
        return [content(one) for one in record]
    return repr(record)


@pytest.mark.parametrize("count", [QUICK_EDITS, pytest.param(EDITS, marks=LONG)])
def test_an_edited_scan_file_is_refused_or_read(count, monkeypatch):
    monkeypatch.chdir(SCANS)
    refused, silent = 0, []
    whole = {name: tomllib.loads(text) for name, text in SHIPPED.items()}
    known = {name: [content(one) for one in jaxtri.load_specs(data)] for name, data in whole.items()}
    for seed in range(count):
        chance = random.Random(seed)
        name = chance.choice(list(whole))
        data, change = edited(whole[name], chance)
        found = answer(jaxtri.load_specs, data)
        refused += found is None
        same = found is not None and [content(one) for one in found] == known[name]
        if same and data != whole[name]:
            silent.append((seed, name, change))
    assert refused > count / 4
    assert silent == []


@pytest.mark.parametrize("count", [QUICK_EDITS, pytest.param(EDITS, marks=LONG)])
def test_an_edited_model_or_search_is_refused_or_read(count, tmp_path):
    refused, silent = 0, []
    readers = {
        "model": (MODELS, lambda path: jaxtri.load_model(path)),
        "search": (SEARCHES, read_search),
    }
    for seed in range(count):
        chance = random.Random(seed)
        kind = chance.choice(list(readers))
        texts, read = readers[kind]
        name = chance.choice(list(texts))
        data = tomllib.loads(texts[name])
        path = tmp_path / f"my_{name}"
        changed, change = edited(data, chance)
        known = answer(read, written(path, data))
        try:
            written(path, changed)
        except ValueError:  # TOML has no such value
            continue
        found = answer(read, path)
        refused += found is None
        if change[0][0] in COMMENTS[kind] or None in (found, known):
            continue
        if changed != data and content(found) == content(known):
            silent.append((seed, name, change))
    assert refused > count / 4
    assert silent == []


@pytest.mark.parametrize("count", [QUICK_TEXTS, pytest.param(TEXTS, marks=LONG)])
def test_an_edited_curve_is_refused_or_read(count, tmp_path):
    """A change of a few characters anywhere in the file."""
    refused = 0
    for seed in range(count):
        chance = random.Random(seed)
        text = CURVES[chance.choice(list(CURVES))]
        lines = text.splitlines(keepends=True)
        for _ in range(chance.randint(1, 3)):
            i = chance.randrange(len(lines))
            at = chance.randrange(len(lines[i]))
            lines[i] = lines[i][:at] + chance.choice(CHARACTERS) + lines[i][at + chance.randint(0, 3) :]
        path = tmp_path / "curve.csv"
        path.write_text("".join(lines), encoding="utf-8")
        found = answer(read_limit_curve, path)
        refused += found is None
        if found is not None:
            assert np.all(np.diff(found.m_X) > 0)
            assert np.all(np.diff(found.tau_ps) > 0)
            finite = found.limit[np.isfinite(found.limit)]
            assert np.all((finite > 0) & (finite <= 1)), seed
    assert 0 < refused < count


@pytest.mark.parametrize("count", [QUICK_CALLS, pytest.param(CALLS, marks=LONG)])
def test_a_call_with_any_numbers_is_refused_or_answered(count, monkeypatch):
    """No NaN is a verdict, and nothing but our own errors is raised."""
    monkeypatch.chdir(SCANS)
    spec = jaxtri.load_spec("figure_3.toml")
    numbers = [one for one in JUNK if isinstance(one, int | float)] + [1e-3, 0.05, 0.3, 1.0, 5.0, 50.0, 100.0]
    answered = 0
    for seed in range(count):
        chance = random.Random(seed)
        m_X, g_X = chance.choice(numbers), chance.choice(numbers)
        treatment = chance.choice(["printed", "figure", "matched", "none", ""])
        call = chance.choice([jaxtri.point, jaxtri.excluded_couplings])
        arguments = (m_X, g_X) if call is jaxtri.point else (m_X,)
        found = answer(call, spec, *arguments, treatment=treatment)
        if found is None:
            continue
        answered += 1
        assert 0 < m_X < math.inf
        for one in found.values():
            if call is jaxtri.point:
                assert all(each.ratio >= 1 for each in one.verdicts if each.excluded)  # NaN is no verdict
                assert all(each.reason for each in one.verdicts)
                assert 0 < g_X < math.inf
            else:
                assert all(low < high for some in one.values() for low, high in some)
    assert answered > count / 50


@pytest.mark.parametrize(
    "path", [LONGER, "a/" * 3000, "a\0b", "nowhere.toml"], ids=["long", "deep", "nul", "none"]
)
def test_what_is_no_path_is_refused_where_a_file_is_named(path):
    charges = {"title": "t", "neutrinos": "chiral", "charges": {"e": 1}}
    plane = SMALL["axes"] | {"m_X": {"file": path}}
    for function, argument in (
        (jaxtri.load_spec, path),
        (jaxtri.load_model, path),
        (jaxtri.load_treatment, path),
        (jaxtri.load_model, charges | {"previous_limits": path}),
        (jaxtri.load_spec, SMALL | {"axes": plane}),
        (jaxtri.load_spec, SMALL | {"figure": {"curves": [{"file": path, "label": "x"}]}}),
        (jaxtri.load_spec, SMALL | {"searches": {"set": "printed", "files": [path]}}),
        (jaxtri.open_scan, path),
        (lambda name: jaxtri.write_scan(SMALL, name), path),
        (lambda name: jaxtri.merge_scans(SMALL, [name], "x.h5"), path),
    ):
        with pytest.raises(JaxtriError):
            function(argument)
