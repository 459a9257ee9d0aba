"""Every command as a user starts it: a subprocess, its output, its files and its exit code.

Oracles: the exit codes that --help lists, the library called in memory, bytes before and after.
"""

import dataclasses
import functools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

import numpy as np
import pytest

import jaxtri
from jaxtri.__main__ import main
from jaxtri.cli.commands import ROOMS
from jaxtri.cli.parser import EXAMPLES, parser
from jaxtri.cli.text import point_text
from jaxtri.figures import comparison, figure, page, reach, sheet
from jaxtri.io import hdf5_scan
from jaxtri.scans import point
from jaxtri.scans.arrays import USUAL
from jaxtri.scans.spec import load_spec
from jaxtri.tables.reader import names
from places import PATIENCE_S, PROGRAM, SCANS, begun

HEAVY = {"jax", "jaxlib", "numpy", "matplotlib", "h5py", "pydantic"}
PNG, PDF = b"\x89PNG", b"%PDF"
SPEC = """title = "U(1)_{B-L}: small"
model = "b_minus_l"
treatments = ["figure", "matched"]
searches.set = "printed"
axes.m_X = {min = 1e-3, max = 90.0, points = 40, spacing = "log"}
axes.g_X = {min = 1e-9, max = 1.0, points = 30, spacing = "log"}
"""
ONE = SPEC.replace('"figure", ', "")
LARGE = ONE.replace("points = 40", "points = 2000").replace("points = 30", "points = 4000").replace(
    "searches.set", 'searches.only = ["l3_1991_zgamma_ee"]\nsearches.set'
)  # fmt: skip
BARYON = ONE.replace(
    'model = "b_minus_l"',
    'model.title = "baryon number"\nmodel.neutrinos = "chiral"\n'
    + "".join(f"model.charges.{lepton} = 0\n" for lepton in ("e", "mu", "tau", "nu_e", "nu_mu", "nu_tau"))
    + "".join(f'model.charges.{quark} = "1/3"\n' for quark in "udscbt"),
)
INTERRUPTIBLE = """import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits "ignored"
from jaxtri.__main__ import command_line
command_line()
"""


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli")
    for name, text in (("small", SPEC), ("one", ONE), ("baryon", BARYON)):
        (folder / f"{name}.toml").write_text(text)
    return folder


@pytest.fixture(scope="session")
def run(place):
    environment = os.environ | {"XDG_CACHE_HOME": str(place / "cache")}

    def start(*arguments, cwd=place, program=(PROGRAM,)):
        command = [*program, *map(str, arguments)]
        return subprocess.run(
            command, cwd=cwd, env=environment, check=False, capture_output=True, text=True, timeout=PATIENCE_S
        )

    return start


@pytest.fixture(scope="session")
def first(run, place):
    """The one `jaxtri run` that every other test reads."""
    done = run("run", "small.toml")
    assert done.returncode == 0, done.stderr
    return done


QUESTIONS = {  # commands that only read, two at a time
    "point": "point small.toml --m-X 0.3 --g-X 2e-6 --treatment matched",
    "limit json": "limit small.toml --m-X 0.05 --treatment figure --json",
    "info": "info small_matched.h5",
    "cite": "cite small_matched.h5",
    "compare": "compare small_figure.h5 small_matched.h5",
    "models": "models",
    "searches": "searches --set corrected",
    "treatments": "treatments",
    "dry run": "run small.toml --dry-run -o empty",
    "dry scan": "scan one.toml --dry-run -o empty/one.h5",
    "run again": "run small.toml",
    "one file": "scan small.toml -o two.h5",
}
REFUSED = {  # command, exit code, words
    "no scan file": ("run nowhere.toml", 4, "nowhere.toml: cannot be read (No such file or directory)"),
    "no scan": ("info nowhere.h5", 4, "nowhere.h5: no such file"),
    "not a scan": ("cite small.toml", 2, "small.toml: not a jaxtri scan"),
    "no folder": ("run small.toml -o nowhere", 4, "nowhere: no such folder; make it first"),
    "no folder of the file": ("scan one.toml -o nowhere/one.h5", 4, "nowhere: cannot be written"),
    "a file as folder": ("scan one.toml -o small.toml/one.h5", 4, "small.toml: cannot be written (Not a dir"),
    "a picture there": ("plot small_matched.h5 -o small", 4, "small.pdf: exists"),
    "no treatment": (
        "limit small.toml --m-X 1 --treatment matchd",
        2,
        'no treatment in this scan "matchd"; did',
    ),
    "no mass": ("point one.toml --m-X -1 --g-X 1", 2, "m_X = -1.0: give a positive number in GeV"),
    "not a mass": ("limit one.toml --m-X nan", 2, "m_X = nan: give a positive number in GeV"),
    "no coupling": ("point one.toml --m-X 1 --g-X 0", 2, "g_X = 0.0: give a positive number"),
    "no set": ("searches --set old", 2, 'no search set "old"; known: 2026, binned, corrected, printed'),
}


@pytest.fixture(scope="session")
def answers(first, run, place):
    (place / "empty").mkdir()
    before = {path.name: path.read_bytes() for path in place.iterdir() if path.is_file()}
    with ThreadPoolExecutor(2) as pool:
        waiting = {name: pool.submit(run, *line.split()) for name, line in QUESTIONS.items()}
        found = {name: one.result() for name, one in waiting.items()}
    after = {path.name: path.read_bytes() for path in place.iterdir() if path.is_file()}
    assert before == after, "commands that only read, or are refused, touch no file"
    return found


@pytest.fixture(scope="session")
def spec(place):
    return load_spec(place / "small.toml")


def test_run_writes_arrays_figure_and_table(first, place):
    outputs = ["small_figure.h5", "small_matched.h5", "small.pdf", "small.png"]
    written, *table = first.stdout.splitlines()
    assert written == "wrote " + ", ".join(outputs)
    assert (place / "small.pdf").read_bytes().startswith(PDF)
    assert (place / "small.png").read_bytes().startswith(PNG)
    scans = {name: hdf5_scan.open_scan(place / f"small_{name}.h5") for name in ("figure", "matched")}
    assert "\n".join(table) == comparison.compare(scans)
    fingerprint = scans["figure"].header.fingerprint.encode()
    assert fingerprint in (place / "small.png").read_bytes()


def test_progress_and_anomalies_go_to_stderr(first):
    assert first.stderr.startswith("model b_minus_l: vector-like, and anomaly-free")
    for name in ("figure", "matched"):
        assert re.search(
            rf"^small_{name}: 1200 of 1200 cells, .* Mcell/s, \d+ MB/s, 0 s left$", first.stderr, re.M
        )


def test_a_scan_file_is_what_the_library_computes(first, place, spec):
    for name, in_memory in jaxtri.scan(spec).items():
        scan = hdf5_scan.open_scan(place / f"small_{name}.h5")
        assert scan.header.fingerprint == in_memory.header.fingerprint
        assert scan.header.scan_file == SPEC
        assert scan.header.arrays == in_memory.header.arrays == USUAL
        for field in USUAL:  # the same machine, the same kernels: the same bits
            np.testing.assert_array_equal(scan[field], in_memory[field], err_msg=field)
        assert len(scan.boundaries.curves) == len(in_memory.boundaries.curves) > 0
        for search in scan["search"]:
            pairs = zip(scan.boundaries.of(search), in_memory.boundaries.of(search), strict=True)
            for stored, traced in pairs:
                np.testing.assert_array_equal(stored.g_X, traced.g_X, err_msg=search)


@pytest.fixture
def ask(first, place, in_process):
    return functools.partial(in_process, place)


@pytest.mark.parametrize("name", QUESTIONS)
def test_exit_code_and_streams(answers, name):
    code, silent = {"one file": (2, "stdout")}.get(name, (0, "stderr"))
    assert answers[name].returncode == code
    assert getattr(answers[name], silent) == ""


@pytest.mark.parametrize(("command", "code", "words"), REFUSED.values(), ids=REFUSED)
def test_refusals(ask, command, code, words):
    found, out, err = ask(*command.split())
    assert (found, out) == (code, "")
    (sentence,) = err.splitlines()
    assert sentence.startswith("jaxtri: ")
    assert words in sentence


def test_what_is_there_already_is_said_and_let_alone(answers):
    there = "small_figure.h5, small_matched.h5, small.pdf, small.png: already complete; "
    assert (
        answers["run again"].stdout == f"{there}use --force to recompute\n"
    )  # `answers` saw no byte changed


@pytest.mark.parametrize("dry", [[], ["--dry-run"]], ids=["scan", "dry run"])
def test_an_output_of_another_scan_is_refused_with_what_differs(ask, dry):
    code, out, err = ask("scan", "baryon.toml", "-o", "small_matched.h5", *dry)
    first, *lines = err.splitlines()
    advice = "choose another output or pass --force to replace it. Then -> now:"
    assert (code, out, first) == (4, "", f"jaxtri: small_matched.h5: exists, of another scan; {advice}")
    assert any("model.name" in line for line in lines)


def test_a_dry_run_of_what_is_there_says_so(ask):
    there = "small_figure.h5, small_matched.h5, small.pdf, small.png: already complete; "
    assert ask("run", "small.toml", "--dry-run") == (0, f"{there}use --force to recompute\n", "")


def test_a_dry_run_of_a_part_is_of_its_tiles(answers, ask, place):
    code, out, _ = ask("scan", "one.toml", "--dry-run", "--part", "1/2", "-o", "empty/one.h5")
    work, would = out.splitlines()
    assert code == 0
    assert "part 1 of 2: 1200 cells, " in work
    assert work.endswith(", 1 tile")
    assert would == "would write empty/one.h5.parts"
    assert list((place / "empty").iterdir()) == []
    _, out, _ = ask("scan", "one.toml", "--dry-run", "--shard", "2/2", "-o", "empty/one.h5")
    assert "part 2 of 2: 0 cells, " in out


def test_only_a_picture_that_lacks_is_drawn(run, place, first):
    folder = place / "lacking"
    folder.mkdir()
    for path in ("small_figure.h5", "small_matched.h5", "small.pdf"):
        shutil.copy(place / path, folder)
    before = (folder / "small.pdf").stat().st_mtime_ns
    done = run("run", "small.toml", "-o", "lacking", "--quiet")
    assert done.stdout.splitlines()[0] == "wrote lacking/small.png"
    assert (folder / "small.pdf").stat().st_mtime_ns == before
    assert (folder / "small.png").read_bytes().startswith(PNG)


def test_several_files_do_not_go_into_one(answers):
    assert "two.h5: 2 treatments make one file each; name an existing folder" in answers["one file"].stderr


@pytest.mark.parametrize(
    ("name", "cells", "outputs"),
    [
        (
            "dry run",
            "2 treatments, 27 searches: 2400 cells",
            "small_figure.h5 small_matched.h5 small.pdf small.png",
        ),
        ("dry scan", "1 treatment, 27 searches: 1200 cells", "one.h5"),
    ],
)
def test_a_dry_run_says_what_it_would_write_and_writes_nothing(answers, place, name, cells, outputs):
    work, would = answers[name].stdout.splitlines()
    assert work.startswith(f"40 x 30 points (m_X, g_X), {cells}")
    assert would == "would write " + ", ".join(f"empty/{output}" for output in outputs.split())
    assert list((place / "empty").iterdir()) == []


def test_force_and_quiet_and_folder(first, run, place):
    folder = place / "again"
    folder.mkdir()
    (folder / "small_matched.h5").write_bytes(b"old")
    assert run("scan", "small.toml", "-o", "again", "--quiet").returncode == 4
    assert [path.name for path in folder.iterdir()] == ["small_matched.h5"]
    done = run("scan", "small.toml", "-o", "again", "--quiet", "--force")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(list(folder.iterdir())) == 2
    assert (folder / "small_matched.h5").read_bytes() == (place / "small_matched.h5").read_bytes()


def test_scan_writes_one_file_where_it_is_told(first, run, place):
    done = run("scan", "one.toml", "-o", "empty.h5", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "wrote empty.h5\n", "")
    scan, other = hdf5_scan.open_scan(place / "empty.h5"), hdf5_scan.open_scan(place / "small_matched.h5")
    np.testing.assert_array_equal(scan["log10_ratio"], other["log10_ratio"])
    assert scan.header.fingerprint == other.header.fingerprint  # the treatment's, not the scan's
    (place / "empty.h5").unlink()


def strict(text):
    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_point(answers, spec):
    one = point.point(spec, 0.3, 2e-6)[spec.treatments[1].name]
    text = answers["point"].stdout
    assert "m_X = 0.3 GeV, g_X = 2e-06, treatment matched: not excluded" in text
    assert f"width {one.width:.6g} GeV, lifetime {one.lifetime:.6g} s" in text
    assert all(f"BR({name}) = {value:.6g}" in text for name, value in one.branching_ratios.items())
    assert sum(verdict.name in text for verdict in one.verdicts) == 27


def test_point_lists_the_strongest_first_and_what_has_no_rate_last(spec):
    some = point.point(spec, 0.3, 2e-6)[spec.treatments[1].name]
    first, *others = some.verdicts
    refused = dataclasses.replace(first, ratio=float("nan"), reason="refused")
    lines = point_text(dataclasses.replace(some, verdicts=(refused, *others))).splitlines()
    ratios = [float(line.split()[2]) for line in lines if "signal/limit" in line]
    assert ratios == sorted(ratios, reverse=True)
    assert next(i for i, line in enumerate(lines) if line.endswith("refused")) > lines.index(
        [line for line in lines if "signal/limit" in line][-1]
    )


def test_point_as_json(ask, spec):
    code, out, err = ask("point", "small.toml", "--m-X", 0.3, "--g-X", 2e-6, "--json")
    figure, matched = strict(out)
    assert (code, err) == (0, "")
    assert [figure["treatment"], matched["treatment"]] == ["figure", "matched"]
    one = point.point(spec, 0.3, 2e-6)[spec.treatments[1].name]
    assert matched["branching_ratios"] == one.branching_ratios
    assert matched["triangle_sum"] == [one.triangle_sum.real, one.triangle_sum.imag]
    assert sum(matched["x_branching_ratios"].values()) == pytest.approx(1, 1e-12)
    ratios = {verdict["name"]: verdict["ratio"] for verdict in figure["verdicts"]}
    assert ratios["lhcb_2017_bplus_kplus_mumu_displaced"] > 1


def test_limit(ask):
    code, out, err = ask("limit", "small.toml", "--m-X", 0.05)
    assert (code, err) == (0, "")
    figure, matched = out.split("m_X = 0.05 GeV, treatment ")[1:]
    assert figure.startswith("figure: excluded couplings up to ")
    assert matched.startswith("matched: excluded couplings up to ")
    assert figure.splitlines()[0].endswith(", where X is as wide as its mass")
    strongest = [float(x) for x in re.findall(r"g_X > (\S+)", figure)]
    assert strongest == sorted(strongest)
    assert len(strongest) == 7
    assert "nothing excluded, or no data here: l3_1991_zgamma_ee" in figure


def test_limit_as_json_is_where_the_scan_changes_sign(answers, place):
    found = strict(answers["limit json"].stdout)
    assert found["m_X"] == 0.05
    assert list(found["excluded"]) == ["figure"]
    scan = hdf5_scan.open_scan(place / "small_figure.h5")
    column_of = np.argmin(np.abs(scan["m_X"] - 0.05))
    row = list(scan["search"]).index("na62_2021_kpi_invisible_low")
    excluded = scan["g_X"][scan["log10_ratio"][row, column_of] > 0]
    ((low, high),) = found["excluded"]["figure"]["na62_2021_kpi_invisible_low"]
    assert (
        excluded[0] / 2.1 < low < excluded[0] * 1.2
    )  # the axis steps by a factor 2, the mass differs by 10 %
    assert high >= 1


def test_info(answers, place):
    scan = hdf5_scan.open_scan(place / "small_matched.h5")
    text = answers["info"].stdout
    for words in (
        "U(1)_{B-L}: small",
        "model b_minus_l, treatment matched, searches printed",
        "charges e -1, mu -1",
        "m_X: 40 points from 0.001 to 90",
        "g_X: 30 points from 1e-09 to 1",
        f"{100 * np.mean(scan['excluded'] == 1):.2f} % excluded",
        scan.header.fingerprint,
        f"jaxtri {version('jaxtri')}",
    ):
        assert words in text


def test_cite_is_bibtex(answers, place):
    text = answers["cite"].stdout
    keys = re.findall(r"@\w+\{([^,]+),", text)
    assert keys[0] == "SmithTait2024"
    assert len(keys) == len(set(keys)) == text.count("@")
    searches = hdf5_scan.open_scan(place / "small_matched.h5").header.searches
    assert set(keys[1:]) == {re.match(r"@\w+\{([^,]+),", one["bibtex"].strip())[1] for one in searches}
    depth = 0
    for letter in text:
        depth += (letter == "{") - (letter == "}")
        assert depth >= 0
        assert letter != "@" or depth == 0, "entries are not inside each other"
    assert depth == 0


def test_compare_is_the_table_of_the_run(answers, first):
    assert answers["compare"].stdout == first.stdout.split("\n", 1)[1]
    assert answers["compare"].stdout.startswith("| new exclusion, m_X in GeV | figure | matched |\n")


def test_lists(answers):
    models, treatments = answers["models"].stdout, answers["treatments"].stdout
    assert re.findall(r"^(\w+): ", models, flags=re.MULTILINE) == names("models")
    free = "SU(2)^2 U(1)_X 0, U(1)_Y^2 U(1)_X 0, U(1)_Y U(1)_X^2 0, gravity^2 U(1)_X 0, U(1)_X^3 0"
    assert models.count(free) == len(names("models")) - 2  # baryon, protophobic
    listed = re.findall(r"^(\w+): ", treatments, flags=re.MULTILINE)
    assert listed == names("treatments")
    assert "  k_to_pi = vector" in treatments
    lines = answers["searches"].stdout.splitlines()
    assert [line.split()[0] for line in lines] == [
        one.name for one in jaxtri.load_searches("corrected").labels
    ]
    assert re.search(
        r"^na62_2022_kpi_mumu +K\+ -> pi\+ X, mu\+ mu- +< \S+ +95 % CL +arXiv:2209\.05076$", lines[-1]
    )


def test_plot(first, run, place):
    done = run(
        "plot", "small_matched.h5", "-o", "empty_plot", "--palette", "okabe-ito", "--title", "My 5 % title"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "wrote empty_plot.pdf, empty_plot.png\n", "")
    picture = (place / "empty_plot.png").read_bytes()
    assert picture.startswith(PNG)
    assert picture != (place / "small.png").read_bytes()
    assert (place / "empty_plot.pdf").read_bytes().startswith(PDF)
    for suffix in ("pdf", "png"):
        (place / f"empty_plot.{suffix}").unlink()


def test_plot_of_chosen_searches_in_one_panel_and_on_a_page(first, ask, place):
    code, out, err = ask(
        "plot", "small_figure.h5", "small_matched.h5", "--panels", "together", "--html", "--caption",
        "-o", "both", "--searches", "belle_2017_bk_invisible", "na62_2021_kpi_invisible_low",
    )  # fmt: skip
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "wrote both.pdf, both.png, both.html"
    assert lines[2].startswith("Curves b_minus_l, figure: 90 % and 95 % CL limits")
    assert [line.split(":")[0] for line in lines[-3:]] == ["B decays", "K decays", "Grey"]
    assert sum("Disputed premise" in line for line in lines) == 2  # under either treatment
    page = (place / "both.html").read_text()
    assert "b_minus_l, matched: NA62 invisible" in page
    assert "l3_1997_zgamma_invisible" not in page
    for suffix in ("pdf", "png", "html"):
        (place / f"both.{suffix}").unlink()


def test_plot_draws_curves_of_ones_own(first, ask, place):
    """Oracle: the caption of the same plot without them."""
    (place / "mine.csv").write_text("m_X,g_X\n0.1,1e-5\n1,1e-4\n")
    own = ["--curve", "mine.csv", "theirs $2026$", "dashed", "--curve", "mine.csv", "ours"]
    code, out, err = ask("plot", "small_figure.h5", "-o", "own", "--caption", *own)
    assert (code, err) == (0, "")
    assert out.splitlines()[-2:] == ["Black, dashed: theirs $2026$.", "Black, solid: ours."]
    picture = (place / "own.png").read_bytes()
    _, without, _ = ask("plot", "small_figure.h5", "-o", "own", "--caption", "--force")
    assert out.splitlines()[:-2] == without.splitlines()
    assert (place / "own.png").read_bytes() != picture
    for suffix in ("pdf", "png"):
        (place / f"own.{suffix}").unlink()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--curve", "mine.csv"], "--curve mine.csv: give a CSV file, a label in quotes"),
        (["--curve", "mine.csv", "my", "own", "curve"], "--curve mine.csv my own curve: give a CSV file, a"),
        (["--curve", "mine.csv", "mine", "dotdash"], "curves.0.style = 'dotdash': input should be 'solid'"),
        (["--curve", "none.csv", "mine"], "none.csv: cannot be read (No such file or directory)"),
        (["--curve", "mine.csv", "$\\frac$"], "--curve "),
        (["--curve", "negative.csv", "mine"], "negative.csv: line 3: g_X = -0.0001"),
        (
            ["--searches", "l3_1997_zgama_invisible"],
            'no search "l3_1997_zgama_invisible"; did you mean l3_1997_zg',
        ),
        (["--treatments", "printed"], 'no treatment "printed"; known: figure, matched'),
        (["--html"], "a page (html) needs Bokeh: pip install 'jaxtri[html]'"),
    ],
)
def test_what_cannot_be_plotted_is_said_before_anything_is_drawn(
    first, ask, place, monkeypatch, options, words
):
    monkeypatch.setattr(page.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(figure, "draw_scans", None)
    (place / "mine.csv").write_text("m_X,g_X\n0.1,1e-5\n1,1e-4\n")
    (place / "negative.csv").write_text("m_X,g_X\n0.1,1e-5\n1,-1e-4\n")
    code, _, err = ask("plot", "small_figure.h5", "small_matched.h5", "-o", "never", *options)
    assert code == (4 if "cannot be read" in words else 2)
    assert words in err
    assert not list(place.glob("never*"))


def test_run_writes_a_page_where_the_scan_file_asks_for_one(ask, place):
    (place / "paged.toml").write_text(
        ONE.replace("searches", 'figure.html = true\nsearches.only = ["l3_1997_zgamma_invisible"]\nsearches')
    )
    code, out, err = ask("run", "paged.toml", "--quiet")
    assert (code, err) == (0, "")
    assert out.startswith("wrote paged_matched.h5, paged.pdf, paged.png, paged.html\n")
    (place / "paged.html").unlink()
    before = (place / "paged.png").stat().st_mtime_ns
    assert ask("run", "paged.toml", "--quiet")[1].startswith("wrote paged.html\n")
    assert (place / "paged.png").stat().st_mtime_ns == before
    assert "l3_1997_zgamma_invisible" in (place / "paged.html").read_text()


@pytest.mark.parametrize(
    "line",
    [
        "",
        "draw",
        "run",
        "run small.toml --points 3",
        "point small.toml --m-X 1",
        "point small.toml --m-X one --g-X 1",
        "limit small.toml",
        "searches",
        "plot small.h5 --palette grey",
        "compare",
        "scan small.toml folder",
        "merge small.toml -o . folder --frce",
    ],
)
def test_wrong_usage(line, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(line.split())
    assert capsys.readouterr().err.startswith("usage: jaxtri")


def test_every_command_is_in_the_help(run):
    text = run("--help").stdout
    assert set(re.findall(r"^    ([a-z]+)\b", text, flags=re.MULTILINE)) == set(ROOMS)
    assert all(code in text for code in ("0 done", "1 internal", "2 wrong usage", "4 file cannot", "130"))


@pytest.mark.parametrize("example", re.findall(r"^  jaxtri (.+?)(?:  .*| > .*)?$", EXAMPLES, re.MULTILINE))
def test_every_example_of_the_help_parses(example):
    assert parser().parse_args(example.split()).command in ROOMS


def test_version(run):
    for program in ([PROGRAM], [sys.executable, "-m", "jaxtri"]):
        assert run("--version", program=program).stdout == f"jaxtri {version('jaxtri')}\n"
    assert version("jaxtri") == jaxtri.__version__


@pytest.mark.parametrize(
    ("line", "imported"),
    [
        ("--help", set()),
        ("models", {"pydantic"}),
        ("treatments", {"pydantic"}),
        ("searches --set printed", {"pydantic"}),
        ("searches --set 2026", {"numpy", "pydantic"}),
        ("schema scan", HEAVY - {"matplotlib", "h5py"}),  # so the set can be fuller
        (f"scan {SCANS / 'figure_3.toml'} --dry-run", HEAVY - {"matplotlib"}),
    ],
)
def test_lists_import_nothing_heavy(run, line, imported):
    code = (
        "import sys; from jaxtri.__main__ import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    modules = run("-c", code, *line.split(), program=(sys.executable,)).stderr.split()
    assert HEAVY & set(modules) == imported


def test_a_run_that_was_stopped_while_it_drew_goes_on(first, place, tmp_path, in_process):
    again = shutil.copytree(place, tmp_path / "again")
    (again / "small.png").unlink()
    before = {path.name: path.stat().st_mtime_ns for path in again.glob("*.h5")}
    code, out, _ = in_process(again, "run", "small.toml", "--quiet")
    written, *table = out.splitlines()
    assert (code, written, table) == (0, "wrote small.png", first.stdout.splitlines()[1:])
    assert {path.name: path.stat().st_mtime_ns for path in again.glob("*.h5")} == before
    assert (again / "small.png").read_bytes() == (place / "small.png").read_bytes()


def test_interrupted(tmp_path, first, place):
    (tmp_path / "large.toml").write_text(LARGE)
    command = [sys.executable, "-c", INTERRUPTIBLE, "scan", "large.toml"]
    environment = os.environ | {"XDG_CACHE_HOME": str(place / "cache")}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with begun(command, cwd=tmp_path, env=environment, **pipes) as process:
        deadline = time.monotonic() + PATIENCE_S
        while not list(tmp_path.glob("*.parts/plan.json")) and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130, err
    assert out == ""
    assert err.splitlines()[-1].endswith(
        "jaxtri: interrupted; finished tiles are kept; the same command resumes"
    )
    assert "Traceback" not in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["large.toml", "large_matched.h5.parts"]
    assert not list(tmp_path.glob("*.parts/.*"))  # no half-written tile


def test_a_reader_that_goes_away(place):
    gone, output = os.pipe()
    os.close(gone)  # as `| head` does once it has its lines
    try:
        done = subprocess.run(
            [PROGRAM, "models"],
            stdout=output,
            stderr=subprocess.PIPE,
            cwd=place,
            check=False,
            timeout=PATIENCE_S,
        )
    finally:
        os.close(output)
    assert done.returncode == 0
    assert done.stderr == b""


def test_a_stable_x_is_excluded_by_invisible_searches(place):
    spec = load_spec(place / "baryon.toml")
    one = point.point(spec, 0.05, 1e-3)[spec.treatments[0].name]  # below the lightest hadronic final state
    assert one.lifetime == float("inf")
    assert "na62_2021_kpi_invisible_low" in one.excluded_by


def test_the_json_of_a_stable_x_is_json(ask):
    code, out, _ = ask("point", "baryon.toml", "--m-X", 0.05, "--g-X", 1e-3, "--json")
    assert code == 0
    strict(out)


BROKEN = {
    "the folder itself": ("plot small_matched.h5 -o .", 4),
    "no formula": (r"plot small_matched.h5 -o formula --title $\nothing$", 2),
    "a long name": (f"info {'x' * 300}.h5", 4),
}


@pytest.mark.parametrize(("command", "code"), BROKEN.values(), ids=BROKEN)
def test_no_command_ends_in_a_traceback(ask, command, code):
    found, _, err = ask(*command.split())
    assert found == code
    assert err.startswith("jaxtri: ")


def test_scans_with_other_searches_can_be_compared(ask, place):
    (place / "other.toml").write_text(
        ONE.replace("searches", 'searches.only = ["l3_1991_zgamma_ee"]\nsearches')
    )
    assert ask("scan", "other.toml", "-o", "other.h5", "--quiet", "--force")[0] == 0
    assert ask("compare", "small_matched.h5", "other.h5")[0] == 0


def test_compare_says_what_each_search_reaches(ask, place):
    code, out, _ = ask("compare", "small_matched.h5", "--reach")
    table = reach.reach_table(hdf5_scan.open_scan(place / "small_matched.h5"))
    assert (code, out) == (0, f"matched:\n\n{table}\n")
    code, _, said = ask("compare", "small_matched.h5", "--reach", "--previous", "none")
    assert (code, "leave --previous out" in said) == (2, True)


def test_compare_says_beyond_which_limits(ask):
    default, chosen = (ask("compare", "small_matched.h5", *some)[1] for some in ((), ("--previous", "table")))
    assert chosen == f"{default}\nearlier limits: the table of the model\n"


def test_a_file_named_twice_is_two_panels(ask, monkeypatch):
    panels = []
    monkeypatch.setattr(figure, "draw_scans", lambda scans, **options: panels.extend(scans))
    monkeypatch.setattr(sheet, "save", lambda *some, **options: [])
    assert ask("plot", "small_matched.h5", "small_matched.h5", "-o", "twice")[0] == 0
    assert len(panels) == 2


def test_a_picture_survives_a_full_disk(first, run, place):
    (place / "kept.pdf").write_bytes((place / "small.pdf").read_bytes())
    code = (
        "import resource, signal, sys\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))\n"
        "from jaxtri.__main__ import main\nsys.exit(main(sys.argv[1:]))"
    )
    done = run("-c", code, "plot", "small_matched.h5", "-o", "kept", "--force", program=(sys.executable,))
    assert done.returncode == 4
    assert (place / "kept.pdf").read_bytes() == (place / "small.pdf").read_bytes()
