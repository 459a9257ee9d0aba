"""Limits in bins of q2: which bin decides, what is masked, and that nothing is bridged.

Oracle: the files of bins read by the csv module, and the narrowest bin that contains m_X^2 looked for in a
list; sums over the bins of a paper against its total.
"""

import csv
import itertools
import math

import jax.numpy as jnp
import numpy as np
import pytest

import jaxtri
from jaxtri import load_searches
from jaxtri.errors import InputError
from jaxtri.limits.binned_limits import read_binned_limit
from jaxtri.limits.search_tables import SETS, chosen_tables
from jaxtri.numerics.interpolation import row_at, value_at
from jaxtri.tables.reader import FOLDER

CLOSE = 1e-14  # of a limit that went through its logarithm
STRAIGHT = 2e-4  # ln g_X: a curve between two of its vertices
MISS = 1e-2
HEADER = "q2_min,q2_max,value,error_up,error_down,sm_value,sm_error,sm_reference\n"
SHIPPED = sorted(path.stem for path in (FOLDER / "bins").glob("*.csv"))
OWN = """
title = "bins of one's own"
experiment = "Own"
channel = "B+ -> K+ X"
final_state = "mu+ mu-"
kind = "measurement"
bins = "own.csv"
m_X = [0.2, 4.0]
sets = ["binned"]
prompt = {tau_ps = 1.0, locator = "made up"}
reference = "none"
locator = "none"
bibtex = "none"
"""
BINS = HEADER + "1,4,8e-8,1e-8,,,,\n1,2,2e-8,1e-9,,5e-8,1e-9,made up\n2,3,4e-8,1e-9,,,,\n9,12,3e-8,1e-9,,,,\n"
SCAN = {
    "title": "bins of one's own",
    "model": "b_minus_l",
    "treatments": ["matched"],
    "axes": {
        "m_X": {"min": 0.9, "max": 3.6, "points": 24, "spacing": "log"},
        "g_X": {"min": 1e-4, "max": 1.0, "points": 24, "spacing": "log"},
    },
}


def rows_of(name):
    lines = (FOLDER / "bins" / f"{name}.csv").read_text().splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def expected(rows, q2, mode):
    """Limit at q2 by looking through a list; NaN where no bin has one."""
    found = []
    for row in rows:
        low, high, value, up = (float(row[key]) for key in ("q2_min", "q2_max", "value", "error_up"))
        limit = value + 1.645 * up
        if mode == "binned_central":
            limit = value
        if mode == "binned_sm_subtracted":
            if not row["sm_value"]:
                continue
            sigma = math.sqrt(up**2 + float(row["sm_error"]) ** 2)
            limit = max(0.0, value - float(row["sm_value"])) + 1.645 * sigma
        if low <= q2 < high:
            found.append((high - low, limit))
    return min(found)[1] if found else math.nan


def written(folder, text=OWN, bins=BINS):
    (folder / "own.toml").write_text(text)
    (folder / "own.csv").write_text(bins)
    return [folder / "own.toml"]


def limits_at(searches, position, masses):
    """Limits of one search at masses, NaN where it has none."""
    table = type(searches.curves)(**{name: x[position] for name, x in vars(searches.curves).items()})
    known = [value_at(row_at(table, m), 0.0) for m in masses]
    return np.array([math.exp(y) if ok else math.nan for y, ok in known]) * float(searches.limit[position])


@pytest.mark.parametrize("mode", ["binned_gauss", "binned_central", "binned_sm_subtracted"])
@pytest.mark.parametrize("name", SHIPPED)
def test_the_narrowest_bin_decides(name, mode):
    rows = rows_of(name)
    if mode == "binned_sm_subtracted" and not any(row["sm_value"] for row in rows):
        with pytest.raises(InputError, match=rf"bins/{name}.csv: no bin has a sm_value and sm_error"):
            read_binned_limit(FOLDER / "bins" / f"{name}.csv", mode)
        return
    searches = load_searches("binned", only=[name], measurement=mode)
    q2 = np.random.default_rng(7).uniform(0.05, 23.5, 60)
    truth = np.array([expected(rows, one, mode) for one in q2])
    found = limits_at(searches, 0, np.sqrt(q2))
    np.testing.assert_array_equal(np.isnan(found), np.isnan(truth))
    np.testing.assert_allclose(found, truth, rtol=CLOSE)
    assert np.isfinite(truth).sum() > 8
    if mode == "binned_gauss":  # the widest, or a neighbour, is another number
        assert np.nanmax(np.abs(np.roll(found, 1) / found - 1)) > MISS


@pytest.mark.parametrize("q2", [3.0969**2, 3.6861**2])
def test_charmonium_is_never_looked_at(q2):
    searches = load_searches("binned")
    for i, label in enumerate(searches.labels):
        assert np.isnan(limits_at(searches, i, [math.sqrt(q2)]))[0], label.name


def test_the_phi_is_a_gap_of_narrow_bins():
    searches = load_searches("binned", only=["lhcb_2014_bplus_kplus_mumu"])
    assert np.isnan(limits_at(searches, 0, [1.0195])[0])


def test_bins_of_a_paper_add_up_to_its_wide_bin():
    """LHCb 2014: seven bins from 15 to 22 GeV^2, and one of all of them; 1.1-6 likewise."""
    rows = rows_of("lhcb_2014_bplus_kplus_mumu")
    value = {(float(r["q2_min"]), float(r["q2_max"])): float(r["value"]) for r in rows}
    for low, high in ((15.0, 22.0), (1.1, 6.0)):
        narrow = sum(v for (a, b), v in value.items() if low <= a and b <= high and (a, b) != (low, high))
        assert abs(narrow / value[low, high] - 1) < 0.02  # rounding of 19 printed rates
    assert abs(value[15.0, 22.0] / 8.47e-8 - 1) < 1e-3  # 12.1e-9 per GeV^2


def test_every_file_names_its_sources():
    used = {
        one.bins.split("/")[-1][:-4]: one.reference for one in chosen_tables("binned")[1].values() if one.bins
    }
    assert used.keys() == set(SHIPPED)
    for name, reference in used.items():
        head = [line for line in (FOLDER / "bins" / f"{name}.csv").read_text().splitlines() if line[0] == "#"]
        assert head[0].startswith(f"# {reference}: ")
        assert "numbers as collected" in head[1]
        assert any(row["sm_value"] for row in rows_of(name)) == (len(head) == 3)


def test_the_other_sets_are_what_they_were():
    sets = {name: chosen_tables(name)[1] for name in SETS}
    assert {name: len(some) for name, some in sets.items()} == {
        "printed": 27, "corrected": 29, "2026": 26, "binned": 8
    }  # fmt: skip
    for name in ("printed", "corrected"):
        assert load_searches(name).curves is None
        shared = sets[name].keys() & sets["binned"].keys()
        assert shared <= {"babar_2012_bk_ll", "belle_2021_bplus_kplus_ee", "belle_2021_bplus_kplus_mumu"}
    assert not sets["2026"].keys() & sets["binned"].keys()


@pytest.fixture(scope="module")
def traced(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bins")
    [path] = written(folder)
    scan = SCAN | {"searches": {"set": "binned", "only": ["own"], "files": [str(path)]}}
    return scan, jaxtri.scan(scan)["matched"]


def test_curves_end_at_the_edges_of_bins(traced):
    """1-2, 2-3, 3-4 (of the wide bin) and 9-12 GeV^2: four curves, each at its own limit."""
    _, scan = traced
    curves = sorted(scan.boundaries.of("own"), key=lambda one: one.m_X[0])
    ends = [(one.m_X[0], one.m_X[-1]) for one in curves]
    np.testing.assert_allclose(ends, np.sqrt([(1, 2), (2, 3), (3, 4), (9, 12)]), rtol=1e-15)
    assert scan.boundaries.unresolved == 0
    jump = math.log(curves[1].g_X[0] / curves[0].g_X[-1])
    np.testing.assert_allclose(jump, math.log((4e-8 + 1.645e-9) / (2e-8 + 1.645e-9)) / 2, rtol=1e-6)
    walls = scan.boundaries.walls["B"]
    assert np.sum(np.abs(walls[:, 0] / math.sqrt(2) - 1) < 1e-15) == 1  # where one bin takes over


def test_grid_limit_and_curves_agree(traced):
    scan, found = traced
    excluded, log10_ratio = np.asarray(found["excluded"]), np.asarray(found["log10_ratio"])[0]
    for i, m_X in enumerate(found["m_X"]):
        [interval] = jaxtri.excluded_couplings(scan, float(m_X))["matched"].values()
        has_bin = not math.isnan(expected(csv.DictReader(BINS.splitlines()), m_X**2, "binned_gauss"))
        assert bool(interval) == has_bin
        assert np.isneginf(log10_ratio[i]).all() != has_bin
        if has_bin:
            inside = (found["g_X"] > interval[0][0]) & (found["g_X"] < interval[0][1])
            np.testing.assert_array_equal(excluded[i] == 1, inside)
            if 1.0 < m_X < 1.04:  # beside the phi a curve bends too much for a straight line
                continue
            edge = [
                np.interp(np.log(m_X), np.log(one.m_X), np.log(one.g_X), np.nan, np.nan)
                for one in found.boundaries.of("own")
            ]
            assert np.nanmin(np.abs(np.array(edge) - math.log(interval[0][0]))) < STRAIGHT


def test_one_point_of_the_boundary(sm, b_minus_l, treatments, tmp_path):
    searches = load_searches("binned", only=["own"], files=written(tmp_path))
    at = [
        jaxtri.boundary_coupling("own", sm, b_minus_l, treatments["matched"], searches, m) for m in (1.2, 1.5)
    ]
    assert jnp.all(jnp.isfinite(jnp.array(at)))
    gap = jaxtri.boundary_coupling("own", sm, b_minus_l, treatments["matched"], searches, 2.5)
    assert jnp.isnan(gap)


def test_the_prediction_of_a_bin_is_subtracted(tmp_path):
    searches = load_searches(
        "binned", only=["own"], files=written(tmp_path), measurement="binned_sm_subtracted"
    )
    found = limits_at(searches, 0, np.sqrt([1.5, 2.5]))
    np.testing.assert_allclose(found[0], 1.645 * math.hypot(1e-9, 1e-9), rtol=CLOSE)  # 2e-8 below 5e-8
    assert np.isnan(found[1])  # of that bin there is no prediction: nothing is said


def test_a_level_of_ones_own(tmp_path):
    searches = load_searches("binned", only=["own"], files=written(tmp_path), confidence=0.9)
    np.testing.assert_allclose(limits_at(searches, 0, [1.2]), [2e-8 + 1.2815516e-9], rtol=1e-8)
    assert (searches.labels[0].confidence, searches.labels[0].published_confidence) == (0.9, None)


@pytest.mark.parametrize("name", SHIPPED)
def test_validated_in_its_set(name):
    found = jaxtri.validate(name, set_name="binned")
    assert (found.disagreements, found.at_nodes, found.at_midpoints) == (0, 0.0, 0.0)
    bins = [(float(row["q2_min"]), float(row["q2_max"])) for row in rows_of(name)]
    edges = sorted({edge for pair in bins for edge in pair})
    gaps = [(a, b) for a, b in itertools.pairwise(edges) if not any(c <= a and b <= d for c, d in bins)]
    np.testing.assert_allclose(found.holes, np.sqrt(gaps), rtol=1e-15)


def test_the_example_of_the_guide(tmp_path):
    page = (FOLDER / "README.md").read_text()
    text = page.split("An invented `my_bins.csv`:\n\n```csv\n")[1].split("```")[0]
    files = written(tmp_path, bins=text)
    said = {"binned_gauss": 5.8e-8, "binned_sm_subtracted": 5.07e-8}
    for mode, limit in said.items():
        searches = load_searches("binned", only=["own"], files=files, measurement=mode)
        found = limits_at(searches, 0, [1.5, math.sqrt(7.0)])
        np.testing.assert_allclose(found[0], limit, rtol=5e-3)
        assert np.isnan(found[1])


BAD = {
    "as wide": (OWN, HEADER + "1,3,2e-8,1e-9,,,,\n2,4,2e-8,1e-9,,,,\n", "bins 1-3 and 2-4 GeV^2 overlap"),
    "twice": (OWN, HEADER + "1,3,2e-8,1e-9,,,,\n1,3,3e-8,1e-9,,,,\n", "bins 1-3 and 1-3 GeV^2 overlap"),
    "backwards": (OWN, HEADER + "3,1,2e-8,1e-9,,,,\n", "line 2: q2_max = 1 is not above q2_min = 3"),
    "half a prediction": (OWN, HEADER + "1,3,2e-8,1e-9,,1e-8,,\n", "line 2: give sm_value, sm_error and"),
    "no error": (OWN, HEADER + "1,3,2e-8,0,,,,\n", "line 2: error_up = '0'"),
    "other columns": (OWN, "q2_min,q2_max,value\n1,2,3e-8\n", "own.csv: the columns are q2_min,q2_max,value"),
    "none": (OWN, HEADER, "own.csv: no bin has a value above 0"),
    "no file": (OWN.replace("own.csv", "other.csv"), BINS, "other.csv: cannot be read"),
    "no value": (OWN.replace('bins = "own.csv"', ""), BINS, "needs value and stat_up, or bins"),
    "a limit": (
        OWN.replace('"measurement"', '"limit"') + "limit = 1e-9\nconfidence = 0.9\n",
        BINS,
        'bins belongs to kind = "measurement"',
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "bins", "words"), BAD.values(), ids=BAD)
def test_refuses(tmp_path, text, bins, words):
    with pytest.raises((InputError, OSError)) as raised:
        load_searches("binned", only=["own"], files=written(tmp_path, text, bins))
    assert words in str(raised.value)
    assert str(tmp_path) in str(raised.value)


def test_bins_alone_are_no_number(tmp_path):
    with pytest.raises(InputError, match="own holds bins of q2 alone, no value of all of them"):
        load_searches("binned", only=["own"], files=written(tmp_path), measurement="gauss")
