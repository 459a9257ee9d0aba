"""A user's DarkCast folder.  Oracle: the shipped tables, written in its formats and read back.

The lifetime of a dark photon that decays to e+ e- and mu+ mu-, for couplings of a grid, is in closed form.
"""

import re

import numpy as np
import pytest

from jaxtri import load_standard_model, previous_limits
from jaxtri.errors import InputError, StorageError
from jaxtri.limits.dark_photon import displaced_limit, nodes_of, production_fractions, published_limits
from jaxtri.limits.darkcast import STATUS, darkcast_limits
from jaxtri.model.constants import HBAR

SAME = 1e-12  # of g: the same numbers, printed in full
ON_GRID = 1e-5  # of g, where lifetimes were couplings: lifetimes closer than 1e-6 are one
NAMES = {"rho": "rho0"} | {q * 2: f"{q}_{q}" for q in "duscb"}  # of mechanisms, there
SETS = {"lhcb": "LHCb_Aaij2017rft", "cms": "CMS_CMS2019kiy"}
MODEL = "protophobic"  # of which the displaced search excludes something


def line(*numbers):
    return " ".join(f"{float(one)!r:>24}" for one in numbers)


def limit_file(one):
    """Mass, lower and upper edge; 1e5 from the first to the last mass of a hole."""
    sided = one.search.kind == "dump"
    rows = [(m, low, high) for m, low, high in zip(one.m_X, one.low, one.high, strict=True)]
    rows += [(m, 1e5, 1e5) for hole in one.holes for m in hole]
    head = "#      mass       lower" + ("       upper" if sided else "")
    return "\n".join([head, *(line(*row[: 2 + sided]) for row in sorted(rows))]) + "\n"


def grid_file(sm, name):
    """Mass, coupling and r: the couplings at which the lifetimes of the shipped grid are those of leptons."""
    grid = displaced_limit(name)
    m_X = grid.m_X[:, None]
    e_squared, width = 4 * np.pi * float(sm.alpha_0), 0.0
    for m_l in (float(sm.m_e), float(sm.m_mu)):
        width += e_squared * (1 + 2 * m_l**2 / m_X**2) * np.sqrt(1 - 4 * m_l**2 / m_X**2) * m_X / (12 * np.pi)
    coupling = np.sqrt(HBAR / (grid.tau_ps * 1e-12 * width))
    rows = [
        line(m, coupling[i, k], np.exp(grid.log_r[i, k]))
        for i, m in enumerate(grid.m_X)
        for k in range(len(grid.tau_ps))[::-1]
        if np.isfinite(grid.log_r[i, k])
    ]
    return "\n".join(["#     mass          g          r", *rows]) + "\n"


def production_file(name):
    masses, shares = production_fractions()[name]
    head = " # mass " + " ".join(NAMES.get(one, one) for one in shares)
    rows = [line(m, *(share[i] for share in shares.values())) for i, m in enumerate(masses)]
    return "\n".join([head, *rows]) + "\n"


def write_checkout(folder):
    """A checkout with every limit that the shipped tables share with DarkCast."""
    limits = folder / "limits"
    limits.mkdir(parents=True)
    for one in published_limits():
        name = one.search.darkcast_id
        if name:
            displaced = one.search.kind == "displaced"
            text = grid_file(load_standard_model(), one.search.search) if displaced else limit_file(one)
            (limits / f"{name}.lmt").write_text(text)
            (limits / f"{name}.py").write_text("raise SystemExit('this must not run')\n")
    for name, file in SETS.items():
        (limits / f"{file}.prd").write_text(production_file(name))
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return write_checkout(tmp_path_factory.mktemp("checkout") / "darkcast")


@pytest.fixture
def small(tmp_path):
    """A checkout with two limits."""
    (tmp_path / "limits").mkdir()
    for one in published_limits():
        if one.search.search in ("a1_2011", "kek_1986"):
            (tmp_path / "limits" / f"{one.search.darkcast_id}.lmt").write_text(limit_file(one))
    return tmp_path


A1, KEK = "A1_Merkel2011ze.lmt", "KEK_Konaka1986cb.lmt"
GRID = "LHCb_Aaij2019bvg_displaced.lmt"


def test_limits_written_from_the_shipped_tables_are_the_shipped_ones(whole):
    shipped, read = previous_limits(MODEL), previous_limits(MODEL, darkcast=whole)
    assert [one.search for one in read] == [one.search for one in shipped]
    by_id = {one.search.search: one.search.darkcast_id for one in published_limits()}
    assert sum(map(bool, by_id.values())) == 42
    for one, other in zip(shipped, read, strict=True):
        assert (other.status == STATUS) == bool(by_id.get(one.search))
        tolerance = ON_GRID if one.kind == "displaced" else SAME
        np.testing.assert_array_equal(one.m_X, other.m_X)
        for edge in ("g_lower", "g_upper"):
            np.testing.assert_allclose(getattr(one, edge), getattr(other, edge), tolerance)
        assert len(one.pieces) == len(other.pieces)
        assert one.why == other.why
    (found,) = [one for one in read if one.kind == "displaced"]
    assert len(found.m_X) > 5


def test_nothing_is_bridged_and_no_python_runs(whole):
    found = {one.search.search: one for one in darkcast_limits(whole, load_standard_model()).sources.limits}
    for one in published_limits():
        assert found[one.search.search].holes == one.holes
    fractions = darkcast_limits(whole / "limits", load_standard_model()).sources.fractions
    for name in SETS:
        for mechanism, share in production_fractions()[name][1].items():
            np.testing.assert_array_equal(fractions[name][1][mechanism], share)


def test_another_limit_changes_its_own_search_alone(small):  # so the tests above are able to fail
    path = small / "limits" / A1
    (one,) = [one for one in published_limits() if one.search.search == "a1_2011"]
    path.write_text("\n".join(line(m, low / 2) for m, low in zip(one.m_X, one.low, strict=True)))
    for before, after in zip(
        previous_limits("b_minus_l"), previous_limits("b_minus_l", darkcast=small), strict=True
    ):
        factor = 2 if before.search == "a1_2011" else 1
        np.testing.assert_allclose(after.g_lower * factor, before.g_lower, SAME)


def test_a_mass_printed_twice_one_without_limit_and_mass_0(small):
    path = small / "limits" / A1
    path.write_text(
        "0 1e-3\n0.21 1e-3\n0.22 2e-3\n0.22 8e-3\n0.23 1e5\n0.24 4e-3\n0.25 1e7\n0.26 2e6\n0.27 1e-3\n"
    )
    sources = darkcast_limits(small, load_standard_model()).sources
    found = {one.search.search: one for one in sources.limits}
    np.testing.assert_allclose(found["a1_2011"].m_X, [0.21, 0.22, 0.24, 0.27])
    np.testing.assert_allclose(found["a1_2011"].low, [1e-3, 4e-3, 4e-3, 1e-3])
    assert found["a1_2011"].holes == ((0.22, 0.24), (0.25, 0.26))
    nodes = nodes_of(np.array([0.225, 0.245, 0.255]), sources)
    here = nodes.position == sources.limits.index(found["a1_2011"])
    np.testing.assert_allclose(nodes.m_X[here], [0.245])


OWN = """[Mine_2026]
kind = "prompt"
reference_model = "dark photon"
decays_assumed = "all"
production = "e_brem"
final_state = "ee"
window = "none"
confidence = 0.9
reference = "my paper"
locator = "Fig. 1"
"""


def test_an_unknown_limit_is_refused_with_what_to_give(small):
    text = (small / "limits" / A1).read_text()
    (small / "limits" / "Mine_2026.lmt").write_text(text)
    refused = previous_limits("b_minus_l", darkcast=small)[-1]
    assert (refused.search, refused.status, len(refused.m_X)) == ("Mine_2026", STATUS, 0)
    assert refused.why.startswith("refused: no search of the shipped table has this darkcast_id; give kind,")
    assert "in a table of this name in jaxtri.toml" in refused.why
    named = re.search(r"give (.*) \(of a beam dump", refused.why)[1].split(", ")
    assert set(named) == set(re.findall(r"^(\w+) =", OWN, flags=re.MULTILINE))
    (small / "jaxtri.toml").write_text(OWN)
    found = {one.search: one for one in previous_limits("b_minus_l", darkcast=small)}
    np.testing.assert_allclose(found["Mine_2026"].g_lower, found["a1_2011"].g_lower, SAME)
    assert not found["Mine_2026"].why


@pytest.mark.long
def test_production_fractions_of_a_user(small):
    (small / "limits" / "Mine_2026.lmt").write_text((small / "limits" / A1).read_text())
    (small / "limits" / "mine.prd").write_text("# mass e_brem mu_brem\n0.2 1 0\n0.4 1 0\n")
    (small / "jaxtri.toml").write_text(OWN.replace('"e_brem"', '"mine"'))
    found = {one.search: one for one in previous_limits("b_minus_l", darkcast=small)}
    np.testing.assert_allclose(found["Mine_2026"].g_lower, found["a1_2011"].g_lower, SAME)
    muonless = {one.search: one for one in previous_limits("l_mu_minus_l_tau", darkcast=small)}
    assert muonless["Mine_2026"].why == "no charges of what makes X: mine"


WRONG = {
    "a letter": (A1, "0.21 1e-3\n0.22 x\n", r"A1_Merkel2011ze\.lmt: line 2, column 2 is 'x'"),
    "masses": (A1, "# mass\n0.22 1e-3\n0.21 1e-3\n", r"line 3: mass 0\.21 GeV follows 0\.22"),
    "a negative limit": (A1, "0.21 -1e-3\n0.22 1e-3\n", r"line 1, column 2 is -0\.001; give positive"),
    "one column": (A1, "0.21\n0.22\n", r"1 columns; give mass \[GeV\], lower"),
    "no limit at all": (A1, "0.21 1e5\n0.22 1e5\n", "at least two masses with a limit below 1e5"),
    "rows of different length": (A1, "0.21 1e-3\n0.22 1e-3 1\n", "line 2 has 3 columns"),
    "a dump with one edge": (KEK, "# mass\n0.002 1e-6\n0.003 1e-6\n", r"\.lmt: line 2: no upper edge; a"),
    "edges the wrong way": (KEK, "0.002 1e-3 1e-6\n0.003 1e-6 1e-5\n", r"line 1: upper 1e-06 is below lower"),
    "no numbers": (A1, "# mass lower\n", "holds no numbers"),
    "a mechanism": ("x.prd", "# mass gluons\n1 1\n", r'x\.prd: line 1: no mechanism "gluons"'),
    "no header": ("x.prd", "1 1\n", r"x\.prd: line 1 is '1 1'; give # mass"),
    "a fraction": ("x.prd", "# mass e_e\n1 0.5\n2 1.5\n", r"x\.prd: line 3, column 2 is 1\.5; give"),
    "a column too few": ("x.prd", "# mass e_e rho0\n1 0.5\n2 1\n", r"2 columns; line 1 names 3"),
    "a grid of one mass": (GRID, "0.3 1e-5 1\n0.3 2e-5 1\n", "at least two masses"),
    "a grid out of order": (
        GRID, "0.3 2e-5 1\n0.3 1e-5 1\n0.4 1e-5 1\n", "line 2, column 2: couplings",
    ),
    "a key": ("../jaxtri.toml", OWN.replace("kind", "kidn"), 'no key "kidn"'),
    "a file that is not there": ("../jaxtri.toml", OWN, "there is no Mine_2026.lmt in"),
    "no table": ("../jaxtri.toml", "kind = 'prompt'", "jaxtri.toml: kind"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "text", "words"), WRONG.values(), ids=WRONG)
def test_a_file_that_is_wrong_is_named_with_its_line(small, name, text, words):
    (small / "limits" / name).write_text(text)
    with pytest.raises(InputError, match=words) as raised:
        darkcast_limits(small, load_standard_model())
    assert "\n" not in str(raised.value) or name.endswith("toml")


def test_no_folder(tmp_path):
    with pytest.raises(StorageError, match="no such folder"):
        previous_limits("b_minus_l", darkcast=tmp_path / "none")
    with pytest.raises(StorageError, match=r"holds no limits/\*\.lmt"):
        previous_limits("b_minus_l", darkcast=tmp_path)


def test_the_command(small, in_process):
    (small / "limits" / "Mine_2026.lmt").write_text("0.21 1e-3\n0.22 1e-3\n")
    code, out, _ = in_process(small, "previous", "b_minus_l", "--darkcast", ".")
    assert code == 0
    assert re.search(r"^  a1_2011 .* user's DarkCast file$", out, flags=re.MULTILINE)
    assert "Mine_2026: refused: no search of the shipped table" in " ".join(out.split())
    code, _, said = in_process(small, "previous", "b_minus_l", "--darkcast", "nowhere")
    assert (code, "no such folder" in said) == (4, True)
