"""The command `validate`: what it prints, writes and refuses."""

import json

import pytest

NUMBER, CURVE = "e777_1992_kpi_ee", "na62_2025_kpi_mumu"


def test_it_says_what_a_search_is(tmp_path, in_process):
    code, out, _ = in_process(tmp_path, "validate", NUMBER, CURVE, NUMBER)
    lines = out.splitlines()
    assert code == 0
    assert [line for line in lines if not line.startswith(" ")] == [
        f"{NUMBER} (set 2026): one number at every mass: nothing is interpolated",
        f"{CURVE} (set 2026): a curve of mass and lifetime",
    ]
    assert "  limit 1.1e-08" in lines
    assert any(line.startswith("  at 0 ps: from 2.45e-11 at 0.2161 GeV; |ln| ") for line in lines)
    assert "0 where publication and interpolation disagree" in out
    assert "  below 0 ps constant, above 1e+05 ps masked: |ln| " in out
    assert not list(tmp_path.iterdir())


def test_json(tmp_path, in_process):
    code, out, _ = in_process(tmp_path, "validate", CURVE, "--json")
    (found,) = json.loads(out)
    assert (code, found["search"], found["disagreements"], found["confidence"]) == (0, CURVE, 0, 0.9)
    assert found["at_midpoints"] < 1e-12
    assert [one["tau_ps"] for one in found["lifetimes"]] == [0, 100, 1000, 1e4, 1e5]
    assert "limit" not in found


def test_pictures_are_written_once(tmp_path, in_process):
    code, out, _ = in_process(tmp_path, "validate", NUMBER, "-o", ".")
    assert (code, out.splitlines()[-1]) == (0, "wrote 2 pictures to .")
    assert {path.name for path in tmp_path.iterdir()} == {f"{NUMBER}.pdf", f"{NUMBER}.png"}
    code, _, said = in_process(tmp_path, "validate", NUMBER, "-o", ".")
    assert (code, "--force" in said) == (4, True)
    assert in_process(tmp_path, "validate", NUMBER, "-o", ".", "--force")[0] == 0


@pytest.mark.long
def test_a_whole_set_has_a_sheet(tmp_path, in_process):
    code, out, _ = in_process(tmp_path, "validate", "--set", "2026", "-o", ".")
    assert (code, out.splitlines()[-1]) == (0, "wrote 54 pictures to .")
    assert (tmp_path / "searches_2026.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "exit_code", "words"),
    [
        (["na62_2025_kpi_mum"], 2, "did you mean na62_2025_kpi_mumu"),
        ([], 2, "name a search, or give --set printed, corrected, 2026 or binned"),
        (["babar_2012_bk_ll", "--set", "2026"], 2, 'is not in the set "2026"; it is in printed, corrected'),
        (["--set", "2025"], 2, "did you mean 2026"),
        ([NUMBER, "-o", "nowhere"], 4, "nowhere: no such folder; make it first"),
        (["nowhere.toml"], 4, "nowhere.toml: cannot be read"),
    ],
)
def test_refuses_in_one_sentence(tmp_path, in_process, arguments, exit_code, words):
    code, out, said = in_process(tmp_path, "validate", *arguments)
    assert (code, out, len(said.splitlines())) == (exit_code, "", 1)
    assert words in said
