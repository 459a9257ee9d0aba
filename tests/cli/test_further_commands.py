"""Commands on scans with further axes, started in this process.

Oracle: the library called in memory, exit codes that --help lists.
"""

import numpy as np
import pytest

import jaxtri

MODELS = 'models = ["b_minus_l", "b3_minus_l2"]'
DRAWN = 'nuisance = ["ckm_A"], points = 2, seed = 1'
SPEC = """title = "the top quark's mass"
models = ["b_minus_l", "b3_minus_l2"]
treatments = ["matched"]
searches.set = "corrected"
arrays = ["g_X_range", "log10_ratio", "status", "excluded"]
compression = "none"
axes.m_t = {values = [160.0, 172.0]}
axes.draw = {nuisance = ["ckm_A"], points = 2, seed = 1}
axes.m_X = {min = 1e-3, max = 1.0, points = 12, spacing = "log"}
axes.g_X = {min = 1e-7, max = 1.0, points = 9, spacing = "log"}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("further")
    (place / "top.toml").write_text(SPEC)
    (place / "one.toml").write_text(SPEC.replace(MODELS, 'model = "b_minus_l"'))
    return place


@pytest.fixture
def ask(folder, in_process):
    return lambda line: in_process(folder, *line.split())


@pytest.fixture
def written(ask, folder):
    if not (folder / "top_b3_minus_l2_matched.h5").exists():
        code, out, err = ask("scan top.toml --quiet")
        assert (code, err) == (0, "")
        assert out == "wrote top_b_minus_l_matched.h5, top_b3_minus_l2_matched.h5\n"
    return folder


def test_one_file_a_model(written, folder):
    for spec in jaxtri.load_specs(folder / "top.toml"):
        in_memory = jaxtri.scan(spec)["matched"]
        stored = jaxtri.open_scan(folder / f"top_{spec.model.name}_matched.h5")
        for name in in_memory.header.arrays:
            np.testing.assert_array_equal(stored[name], in_memory[name])


def test_info_names_the_axes(written, ask):
    code, out, _ = ask("info top_b_minus_l_matched.h5")
    assert code == 0
    assert (
        "  m_t: 2 points from 160 to 172, sets m_t\n  draw: 2 points from 0 to 1, sets ckm_A\n  m_X:" in out
    )


def test_pictures_of_a_plane_and_along_an_axis(written, ask, folder):
    assert ask("plot top_b_minus_l_matched.h5 --at draw=0 -o along")[0] == 0
    assert ask("plot top_b_minus_l_matched.h5 --at m_t=171 --at draw=0 -o plane")[0] == 0
    assert ask("plot top_b_minus_l_matched.h5 --at draw=1 --at m_t=160")[0] == 0
    stems = "along", "plane", "top_b_minus_l_matched_draw=1_m_t=160"
    assert all((folder / f"{stem}.pdf").read_bytes()[:4] == b"%PDF" for stem in stems)


ONE = "top_b_minus_l_matched.h5"
WRONG = {
    "both axes": (
        "plot top_b_minus_l_matched.h5 -o no",
        2,
        "axes m_t, draw, m_X have several nodes, and a map has two; choose nodes",
    ),
    "no number": ("plot top_b_minus_l_matched.h5 --at m_t -o no", 2, "--at m_t: give NAME=VALUE"),
    "no axis": (
        "plot top_b_minus_l_matched.h5 --at m_b=4 -o no",
        2,
        'no further axis "m_b"; did you mean m_t',
    ),
    "outside": (
        f"plot {ONE} --at m_t=1 -o no",
        2,
        "m_t = 1.0: give a value from 160 to 172",
    ),
    "two planes": (f"plot {ONE} --at m_t=160 --at m_t=172 -o no", 2, "--at m_t=172: m_t is given twice"),
    "two scans": (
        "plot top_b_minus_l_matched.h5 top_b3_minus_l2_matched.h5 --at draw=0 --style curves -o no",
        2,
        "are drawn of one scan at a time",
    ),
    "several models": ("boundary top.toml", 2, "models b_minus_l, b3_minus_l2; only jaxtri scan, run"),
    "one file": ("scan top.toml -o one.h5", 2, "2 models times 1 treatments make one file each"),
    "neither file nor folder": ("scan one.toml -o run/", 2, "-o run/: neither an existing folder nor"),
    "no workers": ("scan top.toml --force --workers 0", 2, "--workers 0: give 1 or more"),
    "a part": ("scan top.toml --force --shard 3/2", 2, "part 3/2: give i/n with 1 <= i <= n"),
    "memory": ("scan top.toml --force --memory 1MB", 2, "this scan needs at least"),
    "nothing to merge": ("merge top.toml -o . --force", 2, "no tiles of it in"),
    "no folder": ("merge top.toml nowhere --force", 4, "nowhere: no such folder"),
    "no scan": ("info folder", 2, "no plan.json here"),
}


@pytest.mark.parametrize(("line", "code", "words"), WRONG.values(), ids=WRONG)
def test_refusals(written, ask, folder, line, code, words):
    (folder / "folder").mkdir(exist_ok=True)
    found, out, err = ask(line)
    assert (found, out) == (code, "")
    assert words in err
    assert err.startswith("jaxtri: ")


def test_run_and_boundary_need_a_plane(ask, folder):
    for line, words in (
        ("run one.toml", "axes m_t, draw, m_X have several nodes, and a map has two"),
        ("boundary one.toml", "curves lie in"),
    ):
        code, _, err = ask(line)
        assert code == 2
        assert words in err


PLANES = """title = "two models"
models = ["b_minus_l", "baryon"]
treatments = ["figure", "matched"]
searches.set = "printed"
searches.only = ["belle_2017_bk_invisible", "na62_2021_kpi_invisible_low"]
figure.panels = "models"
axes.m_X = {min = 1e-2, max = 1.0, points = 6, spacing = "log"}
axes.g_X = {min = 1e-7, max = 1.0, points = 6, spacing = "log"}
"""


def test_run_draws_several_models(ask, folder):
    """One picture for all; a column of the table for each; the same picture from the files."""
    text = PLANES.replace('["figure", "matched"]', '["matched"]').replace('"models"', '"together"')
    (folder / "planes.toml").write_text(text)
    code, out, _ = ask("run planes.toml --quiet")
    assert code == 0
    names = [f"planes_{model}_matched.h5" for model in ("b_minus_l", "baryon")]
    wrote, head, *_ = out.splitlines()
    assert wrote == f"wrote {', '.join(names)}, planes.pdf, planes.png"
    assert [words.split(" (")[0] for words in head.split(" | ")][1:] == [
        "b_minus_l, matched",
        "baryon, matched",
    ]
    code, _, err = ask(f"plot {' '.join(names)} --panels together -o again")
    assert (code, err) == (0, "")
    assert (folder / "again.png").read_bytes() == (folder / "planes.png").read_bytes()
    assert ask(f"plot {' '.join(names)} -o apart")[0] == 0
    assert (folder / "apart.png").read_bytes() != (folder / "planes.png").read_bytes()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            PLANES.replace('"baryon"]', '"b1_minus_l2", "b3_minus_l2"]')
            .replace('"figure", "matched"', '"ward", "matched"')
            .replace('"models"', '"together"'),
            "6 scans in one panel: at most 5 can be told apart",
        ),
        (
            PLANES.replace('"models"', '"all"'),
            "figure.panels = 'all': input should be 'each', 'treatments', 'models' or 'together'",
        ),
        (
            SPEC.replace("axes.draw", "axes.m_b").replace(DRAWN, "values = [4.1]")
            + 'figure.panels = "models"\n',
            "figure: panels belongs to the (m_X, g_X) plane",
        ),
    ],
    ids=["too many", "unknown", "further axes"],
)
def test_run_refuses_panels_before_it_works(ask, folder, text, words):
    (folder / "refused.toml").write_text(text)
    code, out, err = ask("run refused.toml")
    assert (code, out) == (2, "")
    assert words in err
    assert not list(folder.glob("refused_*"))


def test_run_needs_what_it_draws(ask, folder):
    plane = [line for line in SPEC.splitlines() if not line.startswith(("axes.m_t", "axes.draw", "arrays"))]
    text = "\n".join(plane).replace(MODELS, 'model = "b_minus_l"')
    (folder / "plane.toml").write_text('curves = false\narrays = ["lifetime", "status"]\n' + text)
    code, _, err = ask("run plane.toml")
    assert code == 2
    assert "run draws curves, or log10_ratio; leave curves out of the scan file" in err
