"""The command `relic`.  Oracle: the function that it calls, and couplings of an independent program."""

import json

import numpy as np
import pytest

SPEC = """title = "relic lines"
model = "b3_minus_l2"
treatments = ["matched"]
searches = {set = "corrected", only = ["na62_2021_kpi_invisible_low"]}
axes.m_X = {min = 1e-3, max = 1.0, points = 12, spacing = "log"}
axes.g_X = {min = 1e-7, max = 1.0, points = 9, spacing = "log"}
"""
LINES = """
[[dark_matter]]
m_chi = 0.005
x_N = 5
temperature = "common"

[[dark_matter]]
m_chi = 0.010
x_N = 10
temperature = "common"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("relic")
    (place / "lines.toml").write_text(SPEC + LINES)
    (place / "none.toml").write_text(SPEC)
    (place / "unit.toml").write_text(SPEC + LINES.replace("0.005", "5.0"))
    return place


@pytest.fixture
def ask(folder, in_process):
    return lambda line: in_process(folder, *line.split())


def test_lines_as_json(ask):
    code, out, err = ask("relic lines.toml --m-X 0.0201 --json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["m_X"] == 0.0201
    assert [(one["m_chi"], one["x_N"], one["temperature"]) for one in found["lines"]] == [
        (0.005, 5.0, "common"),
        (0.01, 10.0, "common"),
    ]
    np.testing.assert_allclose(found["lines"][1]["g_X"], [7.5068e-8], 1e-3)
    assert [one["kinetic_equilibrium_assumed"] for one in found["lines"]] == [False, True]
    assert found["n_eff_measured"] == {"value": 2.99, "error": 0.17}
    assert [round(one["n_eff_chi"], 2) for one in found["lines"]] == [4.56, 3.39]
    assert all(one["n_eff"] > one["n_eff_chi"] for one in found["lines"])
    for one in found["lines"]:
        np.testing.assert_allclose(one["omega_h2"], [0.12], 1e-6)
        np.testing.assert_allclose(sum(one["channels"][0].values()), 1.0, 1e-12)


def test_lines_as_text(ask):
    code, out, _ = ask("relic lines.toml --m-X 0.0201")
    assert code == 0
    head, first, second, light, heavy = out.splitlines()
    assert head == "m_X = 0.0201 GeV, model b3_minus_l2: couplings with Omega h^2 = 0.12"
    assert first.startswith("  m_chi = 0.005 GeV, x_N = 5, temperature common: g_X = ")
    assert "kinetic equilibrium assumed" not in first
    assert second.endswith("; kinetic equilibrium assumed, which fails here")
    assert "chi chibar -> nu nubar 1" in second
    for said, alone in ((light, "4.56"), (heavy, "3.39")):
        assert said.endswith(f"(neutrino_bath), {alone} with chi alone; measured 2.99 +- 0.17")


def test_what_is_wrong_is_said(ask):
    code, _, err = ask("relic none.toml --m-X 0.02")
    assert code == 2
    assert "none: no dark matter; add a table [[dark_matter]]" in err
    code, _, err = ask("relic unit.toml --m-X 0.02")
    assert code == 2
    assert "unit.toml: dark_matter.0: m_chi = 5 GeV (is it in MeV?)" in err or "is it in MeV?" in err
    code, _, err = ask("relic lines.toml --m-X -1")
    assert code == 2
