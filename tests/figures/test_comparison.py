"""What a scan adds to earlier limits; above all Figure 3, on the axes of scans/figure_3.toml.

Oracle: tests/pointwise.py.  At one mass, the couplings that each search excludes are bisected in plain
Python from the public rates and the tables' limits, and what the CSV file of earlier limits covers is
taken away.  Published: the text around Fig. 3 of arXiv:2401.02483, Sec. IV.
"""

import dataclasses
import functools
import itertools
import math
import tomllib

import numpy as np
import pytest

import pointwise
from jaxtri import load_model, load_spec, scan
from jaxtri.errors import InputError
from jaxtri.figures.comparison import bounding_box, compare, improvements
from jaxtri.figures.shown import leading_searches
from jaxtri.limits.previous import previous_limits, previously_excluded
from jaxtri.scans.record import Header, Scan
from places import SCANS

SCAN_FILE = SCANS / "figure_3.toml"
TREATMENTS = ("printed", "figure", "matched")
GROUPS = ("Z", "B", "K")
DISPLACED = "lhcb_2017_bplus_kplus_mumu_displaced"
LIST = np.geomspace(1e-9, 1.0, 181).tolist()  # of couplings, 20 a decade, between which edges are bisected
EVERY = 10  # the oracle looks at every tenth mass
M_X, G_X = (
    np.geomspace(axis["min"], axis["max"], axis["points"])
    for axis in map(tomllib.loads(SCAN_FILE.read_text())["axes"].get, ("m_X", "g_X"))
)
STEP_M = M_X[1] / M_X[0]  # ratio of neighbouring masses
STEP_G = math.log10(G_X[1] / G_X[0])  # decades between neighbouring couplings
SINGLE = 1e-3  # of a step; roundings of float32 in ln r, 1e-5
CURVE = 2e-3  # of ln m_X or decades: vertices are exact, straight lines between them off by 1e-4, and two
# curves may cross at a small angle
SEGMENTS = pointwise.previous_segments()
SEARCHES = pointwise.searches("printed")


@pytest.fixture(scope="module")
def figure_3():
    return scan(dataclasses.replace(load_spec(SCAN_FILE), curves=False))


@functools.cache
def at_mass(treatment, m_X):
    return pointwise.point(treatment, m_X, 1e-4)


@functools.cache
def excluded(treatment, letter, m_X):
    """Couplings that the searches of a group exclude at one mass."""
    chosen = [search for search in SEARCHES.values() if search.channel[0] == letter]
    found = [pointwise.excluded_intervals(search, at_mass(treatment, m_X), LIST) for search in chosen]
    return pointwise.without([interval for one in found for interval in one], [])


@functools.cache
def new(treatment, letter, m_X):
    """The same, less what was excluded before."""
    return pointwise.without(excluded(treatment, letter, m_X), pointwise.previous_intervals(SEGMENTS, m_X))


def decades(intervals):
    return sum(math.log10(high / low) for low, high in intervals)


def widest(intervals):
    return max((math.log10(high / low) for low, high in intervals), default=0.0)


def coarse(m_X):
    return [float(mass) for mass in m_X[::EVERY]]


def new_cells(one, letter):
    """At each mass of a scan, the number of couplings that a group excludes and nothing did before."""
    before = previously_excluded(previous_limits(one.header.configuration), one["m_X"], one["g_X"])
    return np.sum((one.group(letter) > 0) & ~before, axis=1)


@pytest.mark.long
@pytest.mark.parametrize("treatment", TREATMENTS)
@pytest.mark.parametrize("letter", GROUPS)
def test_new_couplings_of_figure_3(figure_3, treatment, letter):
    counts = new_cells(figure_3[treatment], letter)
    most = int(np.argmax(counts))
    for position in {*range(0, len(M_X), EVERY), most}:
        intervals = new(treatment, letter, float(M_X[position]))
        # an interval between the ends of the axis holds as many couplings as steps, give or take one
        miscount = abs(counts[position] - decades(intervals) / STEP_G)
        assert miscount <= len(intervals) * (1 + SINGLE), M_X[position]
    found = improvements(figure_3[treatment])[letter]
    np.testing.assert_allclose(max((one.dex for one in found), default=0.0), counts[most] * STEP_G)


@pytest.mark.long
@pytest.mark.parametrize("treatment", TREATMENTS)
@pytest.mark.parametrize("letter", GROUPS)
def test_ranges_of_figure_3(figure_3, treatment, letter):
    found = improvements(figure_3[treatment])[letter]
    for low, high in (one.m_X for one in found):
        for m_X in (low, high):  # something new at both ends
            assert widest(new(treatment, letter, m_X)) > 0
        for m_X in (low / STEP_M, high * STEP_M):  # a step further nothing that a coupling step resolves
            assert m_X < M_X[0] or widest(new(treatment, letter, m_X)) < STEP_G
    for m_X in coarse(M_X):
        inside = any(one.m_X[0] <= m_X <= one.m_X[1] for one in found)
        assert inside or widest(new(treatment, letter, m_X)) < STEP_G


def first_and_last(found):
    return found[0].m_X[0], found[-1].m_X[1]


# Ends of the ranges by continuous bisection in the mass, between a mass with something new and one
# without: (treatment, group, which end, inside, outside).
RANGE_ENDS = [
    ("printed", "B", 0, 0.02, 0.012),
    ("printed", "B", 1, 4.7, 5.0),
    ("printed", "K", 1, 0.35, 0.38),
    ("figure", "B", 0, 0.02, 0.012),
    ("figure", "B", 1, 2.5, 3.0),
    ("figure", "K", 1, 0.35, 0.38),
]


@pytest.mark.long
@pytest.mark.parametrize(("treatment", "letter", "end", "inside", "outside"), RANGE_ENDS)
def test_crossing_masses_of_figure_3(figure_3, treatment, letter, end, inside, outside):
    found = first_and_last(improvements(figure_3[treatment])[letter])[end]

    def edge(width):
        is_new = lambda m_X: widest(new(treatment, letter, m_X)) > width  # noqa: E731
        return math.log(pointwise.bisection(is_new, inside, outside, steps=25))

    step, sign = math.log(STEP_M), 1 if end else -1
    # Beyond the second edge nothing is new; up to the first one it is wider than a step of coupling.
    assert sign * (edge(STEP_G) - math.log(found)) < step
    assert sign * (math.log(found) - edge(0.0)) < 1e-6
    assert abs(math.log(found) - edge(STEP_G)) < 4 * step  # the two edges nearly coincide


@pytest.mark.long
@pytest.mark.parametrize("treatment", ["printed", "figure"])
def test_corners_of_the_island(figure_3, treatment):
    region = bounding_box(figure_3[treatment], DISPLACED)
    search = SEARCHES[DISPLACED]

    def wedge(m_X):
        return pointwise.excluded_intervals(search, at_mass(treatment, m_X), LIST)

    assert search.m_X[0] <= region.m_X[0] < search.m_X[0] * STEP_M  # where the search starts
    inside = 0.5 if treatment == "figure" else 1.5
    tip = pointwise.bisection(lambda m_X: bool(wedge(m_X)), inside, 4.6, steps=30)
    resolved = pointwise.bisection(lambda m_X: widest(wedge(m_X)) > STEP_G, inside, 4.6, steps=30)
    assert resolved / STEP_M < region.m_X[1] <= tip
    assert tip / resolved < STEP_M**4
    low = min(wedge(m_X)[0][0] for m_X in M_X if region.m_X[0] <= m_X <= region.m_X[1] and wedge(m_X))
    high = max(wedge(m_X)[0][1] for m_X in M_X if region.m_X[0] <= m_X <= region.m_X[1] and wedge(m_X))
    assert 0 <= math.log10(region.g_X[0] / low) < STEP_G
    assert 0 <= math.log10(high / region.g_X[1]) < STEP_G


@pytest.fixture(scope="module")
def exact():
    """Figure 3 on a grid of four points: what is said of it comes from its curves."""
    return scan(dataclasses.replace(load_spec(SCAN_FILE), m_X=M_X[[0, -1]], g_X=G_X[[0, -1]]))


@pytest.mark.parametrize("treatment", TREATMENTS)
@pytest.mark.parametrize("letter", GROUPS)
def test_ranges_from_curves_are_exact(exact, treatment, letter):
    found = improvements(exact[treatment])[letter]
    for one in found:
        for edge, outwards in ((one.m_X[0], 1 - CURVE), (one.m_X[1], 1 + CURVE)):
            assert widest(new(treatment, letter, edge / outwards)) > 0
            assert (
                not M_X[0] < edge * outwards < M_X[-1] or widest(new(treatment, letter, edge * outwards)) == 0
            )
    most = 0.0
    for m_X in coarse(M_X):
        gain = decades(new(treatment, letter, m_X))
        most = max(most, gain)
        assert (gain > CURVE) <= any(one.m_X[0] <= m_X <= one.m_X[1] for one in found)
    best = max((one.dex for one in found), default=0.0)
    assert most - CURVE < best < most + 0.3  # between two of these masses there may be more


@pytest.mark.parametrize("treatment", ["printed", "figure"])
def test_an_island_from_curves_is_exact(exact, treatment):
    region = bounding_box(exact[treatment], DISPLACED)
    wedges = {
        m_X: pointwise.excluded_intervals(SEARCHES[DISPLACED], at_mass(treatment, m_X), LIST)
        for m_X in np.geomspace(*region.m_X, 60).tolist()[1:-1]
    }
    some = [one[0] for one in wedges.values() if one]  # the omega may cut it in two
    assert len(some) > 40
    low, high = min(one[0] for one in some), max(one[1] for one in some)
    assert region.g_X[0] <= low < region.g_X[0] * 1.05
    assert region.g_X[1] >= high > region.g_X[1] / 1.05
    for m_X in (region.m_X[0] * (1 - CURVE), region.m_X[1] * (1 + CURVE)):
        assert pointwise.excluded_intervals(SEARCHES[DISPLACED], at_mass(treatment, m_X), LIST) == []


@pytest.mark.long
def test_the_searches_that_lead_cover_their_group(exact, figure_3):
    """The first one has the largest area by counting cells; those named are among those of the grid."""
    for treatment in TREATMENTS:
        one = figure_3[treatment]
        for letter in GROUPS:
            areas = {}
            for label, ratio in zip(one.header.searches, one["log10_ratio"], strict=True):
                if label["channel"][0] == letter and (ratio > 0).any():
                    areas[f"{label['experiment']} {label['final_state']}"] = np.count_nonzero(ratio > 0)
            found = leading_searches(exact[treatment], letter)
            assert set(found) <= set(areas)
            assert len(found) == len(set(found))
            assert not found or areas[found[0]] > 0.9 * max(areas.values())


def test_no_island_when_the_normalisation_is_matched(exact):
    assert bounding_box(exact["matched"], DISPLACED) is None
    search = SEARCHES[DISPLACED]
    for m_X in coarse(M_X):
        assert pointwise.excluded_intervals(search, at_mass("matched", m_X), LIST) == []


def test_paper_around_figure_3(exact):
    """Z constrains nothing new; B and K do "from ~20 MeV to ~2 GeV"; a "small island" from LHCb."""
    found = improvements(exact["figure"])
    assert found["Z"] == []
    low_B, high_B = first_and_last(found["B"])
    main_K = max(found["K"], key=lambda one: one.m_X[1] / one.m_X[0])
    assert 0.01 < low_B < 0.03
    assert 1 < high_B < 3
    assert 0.01 < main_K.m_X[0] < 0.03
    assert 0.35 < main_K.m_X[1] < 0.37  # where K -> pi X closes
    assert max(one.dex for one in found["B"]) > 1  # "several orders of magnitude"
    assert main_K.dex > 1
    island = bounding_box(exact["figure"], DISPLACED)
    assert island.m_X[1] < 1
    assert math.log10(island.g_X[1] / island.g_X[0]) < 1


def test_printed_formulas_overshoot_figure_3(exact):
    printed, figure = (improvements(exact[name]) for name in ("printed", "figure"))
    assert printed["Z"] == []
    assert first_and_last(printed["B"])[1] > 4.5 > first_and_last(figure["B"])[1]
    assert first_and_last(printed["K"])[0] < 0.0015
    for letter in "BK":
        assert max(one.dex for one in printed[letter]) > max(one.dex for one in figure[letter]) + 0.5
    big, small = (bounding_box(exact[name], DISPLACED) for name in ("printed", "figure"))
    assert big.m_X[1] > 2 * small.m_X[1]


def test_matched_adds_next_to_nothing(exact):
    found = improvements(exact["matched"])
    assert found["Z"] == []
    assert found["B"] == []
    assert all(one.dex < 0.05 for one in found["K"])


@pytest.mark.parametrize("letter", GROUPS)
def test_all_would_be_new_without_earlier_limits(letter):  # so the tests above are able to fail
    m_X = 0.0103
    assert widest(excluded("figure", letter, m_X)) > 1
    assert widest(new("figure", letter, m_X)) == 0


def test_table_has_what_was_found(exact):
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in compare(exact).splitlines()]
    assert lines[0][1:] == list(TREATMENTS)
    assert [line[0] for line in lines[2:]] == ["Z decays", "B decays", "K decays", f"island: {DISPLACED}"]
    assert lines[2][1:] == ["none"] * 3
    [one] = improvements(exact["figure"])["B"]
    assert lines[3][2] == f"{one.m_X[0]:.3g}–{one.m_X[1]:.3g} ({one.dex:.2g} dex)"
    island = bounding_box(exact["figure"], DISPLACED)
    assert lines[5][2].startswith(f"m_X {island.m_X[0]:.3g}–{island.m_X[1]:.3g}, g_X {island.g_X[0]:.2g}–")
    assert lines[5][3] == "none"


@pytest.mark.long
def test_leading_searches_of_figure_3(figure_3):
    """By counting cells: each excluded cell of a group goes to the search that excludes most there."""
    one = figure_3["figure"]
    for letter in GROUPS:
        indices = [i for i, each in enumerate(one.header.searches) if each["channel"][0] == letter]
        ratios = one["log10_ratio"][indices]
        names = [
            f"{one.header.searches[i]['experiment']} {one.header.searches[i]['final_state']}" for i in indices
        ]
        winners = np.argmax(ratios, axis=0)[np.max(ratios, axis=0) > 0]
        areas = dict.fromkeys(names, 0)
        for position, count in zip(*np.unique(winners, return_counts=True), strict=True):
            areas[names[position]] += int(count)
        expected = sorted((name for name in areas if areas[name]), key=lambda name: -areas[name])
        assert leading_searches(one, letter) == expected[:4]
        assert leading_searches(one, letter, most=1) == expected[:1]


def covered(m_X, g_X):
    """Whether one point was excluded before, in plain Python."""
    return any(low < g_X < high for low, high in pointwise.previous_intervals(SEGMENTS, m_X))


@pytest.fixture(scope="module")
def earlier(exact):
    return previous_limits(exact["figure"].header.configuration)


def test_previously_excluded_point_by_point(earlier):
    nodes = sorted({first[0] for first, _ in SEGMENTS})[::4]
    m_X = np.unique([*np.geomspace(5e-4, 150.0, 61), *nodes])
    g_X = np.geomspace(3e-9, 3.0, 67)
    expected = [[covered(mass, g) for g in g_X] for mass in m_X]
    np.testing.assert_array_equal(previously_excluded(earlier, m_X, g_X), expected)
    assert 0.2 < np.mean(expected) < 0.9


def test_neighbouring_limits_are_joined_by_straight_lines(earlier):
    name = "NA64 B-L"
    [one] = [limit for limit in earlier if limit.search == name]
    m_X = np.sqrt(one.m_X[:-1] * one.m_X[1:])
    middle = np.sqrt(one.g_low[:-1] * one.g_low[1:])
    for mass, g_X in zip(m_X, middle, strict=True):
        grid = previously_excluded([one], np.array([mass]), g_X * np.array([1 - 1e-9, 1 + 1e-9]))
        np.testing.assert_array_equal(grid, [[False, True]])
    assert np.max(np.abs(middle / ((one.g_low[:-1] + one.g_low[1:]) / 2) - 1)) > 1e-3  # straight without logs


def test_pieces_end_where_masses_are_far_apart(earlier):
    for limit in earlier:
        assert all(1 < b / a < pointwise.WIDEST_GAP for a, b in itertools.pairwise(limit.m_X))
    rows = sum(len(limit.m_X) for limit in earlier)
    lines = (pointwise.TABLES / "previous_limits/b_minus_l.csv").read_text().splitlines()
    assert rows == sum(not line.startswith("#") for line in lines) - 1


def test_nothing_is_covered_beyond_the_ends_of_a_limit(earlier):
    for limit in earlier:
        ends = np.array([limit.m_X[0] * (1 - 1e-9), limit.m_X[-1] * (1 + 1e-9)])
        assert not previously_excluded([limit], ends, np.geomspace(1e-9, 1, 10)).any()


def made_up(mask):
    """A scan of two B searches and a K search; the first B search excludes where the mask says."""
    m_X, g_X = np.geomspace(0.1, 1.0, mask.shape[0]), np.geomspace(1e-4, 1.0, mask.shape[1])
    labels = [("B+ -> K+ X", "one"), ("B+ -> K+ X", "two"), ("K+ -> pi+ X", "three")]
    ratio = np.full((3, *mask.shape), -np.inf)
    ratio[0] = np.where(mask, 1.0, -1.0)
    header = Header(
        title="made up",
        treatment="matched",
        scan_file="",
        configuration={"model": {"previous_limits": None}},
        fingerprint="",
        searches=tuple(
            {"name": name, "channel": channel, "experiment": name, "final_state": "e+ e-", "tau_window_s": ()}
            for channel, name in labels
        ),
        inputs={},
        versions={},
        axes={"m_X": m_X, "g_X": g_X, "search": tuple(name for _, name in labels)},
    )
    return Scan(header=header, arrays={"log10_ratio": ratio, "status": np.ones(ratio.shape[1:])})


def test_rectangle():
    mask = np.zeros((91, 81), dtype=bool)
    mask[30:61, 20:41] = True
    one = made_up(mask)
    [found] = improvements(one)["B"]
    np.testing.assert_allclose(found.m_X, (one["m_X"][30], one["m_X"][60]))
    np.testing.assert_allclose(found.dex, 21 * 0.05)
    region = bounding_box(one, "one")
    assert region.m_X == found.m_X
    assert region.g_X == (one["g_X"][20], one["g_X"][40])
    assert bounding_box(one, "two") is None
    assert improvements(one)["K"] == improvements(one)["Z"] == []
    assert leading_searches(one, "B") == ["one e+ e-"]
    assert leading_searches(one, "K") == []


@pytest.mark.parametrize(("gap", "ranges"), [(1, 1), (2, 2)])
def test_small_gaps_are_bridged(gap, ranges):
    mask = np.zeros((91, 81), dtype=bool)  # 2.6 % a step of mass: one missing mass is 5.2 % wide
    mask[20:30, 40] = mask[29 + gap : 60, 40:42] = True
    found = improvements(made_up(mask))["B"]
    assert len(found) == ranges
    assert found[-1].dex == pytest.approx(0.1)


def own_model(folder, previous):
    """A copy of B-L in a folder of one's own, with another table of earlier limits."""
    shipped = (pointwise.TABLES / "models" / "b_minus_l.toml").read_text()
    path = folder / "own.toml"
    path.write_text(shipped.replace("previous_limits/b_minus_l.csv", previous))
    return path


def test_earlier_limits_of_ones_own(tmp_path):
    lines = ["search,experiment,reference,kind,m_X,g_low,g_high"]
    lines += ["mine,me,none,visible,0.10,1e-4,1e-2", "mine,me,none,visible,0.12,1e-3,"]
    (tmp_path / "own.csv").write_text("\n".join(lines))
    model = load_model(own_model(tmp_path, "own.csv"))
    [limit] = previous_limits({"model": {"previous_limits": model.previous_limits}})
    middle = np.sqrt(0.10 * 0.12)
    found = previously_excluded([limit], np.array([0.10, middle, 0.12]), np.array([2e-4, 4e-4, 5e-3, 0.5]))
    expected = [[True, True, True, False], [False, True, True, True], [False, False, True, True]]
    np.testing.assert_array_equal(found, expected)


def test_unknown_table_of_earlier_limits(tmp_path):
    with pytest.raises(InputError, match=r"did you mean previous_limits/b_minus_l\.csv"):
        load_model(own_model(tmp_path, "previous_limits/b_minus.csv"))


def test_model_without_earlier_limits():
    assert previous_limits({"model": {"previous_limits": None}}) == []


def test_a_column_says_where_no_earlier_limits_are_known(exact):
    one = exact["matched"]
    model = one.header.configuration["model"] | {"previous_limits": None}
    header = dataclasses.replace(one.header, configuration=one.header.configuration | {"model": model})
    without = dataclasses.replace(one, header=header)
    mixed = compare({"known": one, "not": without}).splitlines()
    assert mixed[0] == "| new exclusion, m_X in GeV | known | not (no earlier limits known: all exclusion) |"
    _, _, known, unknown, _ = (cell.strip() for cell in mixed[3].split("|"))
    assert known == "none"
    assert "dex" in unknown
    assert compare({"not": without}).startswith("| exclusion (no earlier limits known), m_X in GeV | not |")
