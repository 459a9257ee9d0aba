"""The command `previous`.  Oracle: `previous_limits` itself."""

import json

import numpy as np
import pytest

from jaxtri.limits.recast_limits import previous_limits

SCAN = """title = "t"
model = "baryon"
treatments = ["ward"]
searches = {set = "printed"}
[anomalons]
mass = "infinite"
[axes]
m_X = {values = [0.01, 0.02]}
g_X = {values = [1e-6, 1e-3]}
"""


def test_it_says_what_is_excluded_and_why_not(tmp_path, in_process):
    code, out, _ = in_process(tmp_path, "previous", "baryon")
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "baryon: 1 of 53 earlier searches exclude something"
    assert [line.split()[0] for line in lines[2:3]] == ["na62_2019_inv"]
    assert "babar_2016_4mu, belle2_2020_mumu_inv: x_mu = 0: muons do not radiate X" in " ".join(out.split())
    assert "ccfr_1991_trident: x_mu x_nu_mu = 0: X does not connect muons with muon neutrinos" in " ".join(
        out.split()
    )
    assert max(map(len, lines)) <= 110
    assert "|epsilon / g_X| = 0.0093" in " ".join(out.split())


def test_a_scan_file_is_read_for_its_model(tmp_path, in_process):
    (tmp_path / "mine.toml").write_text(SCAN)
    code, out, _ = in_process(tmp_path, "previous", "mine.toml", "--json")
    found = json.loads(out)
    assert (code, found["model"], len(found["limits"])) == (0, "baryon", 53)
    (one,) = [limit for limit in found["limits"] if not limit["why"]]
    (known,) = [limit for limit in previous_limits("baryon") if not limit.why]
    np.testing.assert_allclose(one["g_lower"], known.g_lower, rtol=1e-12)


@pytest.mark.long
def test_one_mass(tmp_path, in_process):
    code, out, _ = in_process(tmp_path, "previous", "b_minus_l", "--m-X", "0.05")
    assert code == 0
    assert "na64_2023_inv" in out
    assert "no data at these masses" in out


def test_an_unknown_model_is_named(tmp_path, in_process):
    code, _, said = in_process(tmp_path, "previous", "baryons")
    assert code == 2
    assert "did you mean baryon" in said
