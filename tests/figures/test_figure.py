"""The picture: what is drawn where, in which colours, with which words, and what the files say.

Oracle: the arrays of the scan themselves, point by point; for the colours the simulation of colour
vision deficiency of Machado, Oliveira and Fernandes.
"""

import dataclasses
import itertools

import matplotlib
import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

import small_plane
from colour_vision import VISION, lab, linear
from drawing import draw_errors, draw_times
from jaxtri import boundaries, load_spec, scan
from jaxtri.errors import InputError, StorageError
from jaxtri.figures.figure import draw_scans
from jaxtri.figures.legend import wrapped
from jaxtri.figures.panels import FINEST, GREY, PALETTES, STACK, spacing, thinned
from jaxtri.figures.plane import draw
from jaxtri.figures.plane_words import caption
from jaxtri.figures.sheet import save
from jaxtri.figures.shown import grey_of, leading_searches, view_of
from jaxtri.figures.spreads import draw_axis, draw_bands, draw_spread, half_width
from jaxtri.limits.previous import previous_limits
from jaxtri.scans.schema import FigureChoice, OwnCurve

SMALL = small_plane.SMALL | {"curves": False}
NOTICEABLE = 2.3  # distance in CIE 1976 L*a*b* that is just noticed (Mahy, Van Eycken, Oosterlinck 1994)
APART = {"edge": 12 * NOTICEABLE, "face": 5 * NOTICEABLE}  # lines; pale areas, which are hatched besides


@pytest.fixture(scope="module")
def scans():
    """One panel a search set; the production rates are the same."""
    sets = {name: scan(SMALL | {"searches": {"set": name}})["figure"] for name in ("printed", "corrected")}
    return {"figure": sets["printed"], "second": sets["corrected"]}


@pytest.fixture(scope="module")
def drawn(scans):
    return draw_scans(scans, title=SMALL["title"])


def test_axes(scans, drawn):
    assert len(drawn.axes) == 2
    for axes, one in zip(drawn.axes, scans.values(), strict=True):
        assert axes.get_xscale() == axes.get_yscale() == "log"
        assert axes.get_xlabel() == r"$m_X$ [GeV]"
        assert axes.get_ylabel() == r"$g_X$"  # dimensionless
        np.testing.assert_allclose(axes.get_xlim(), one["m_X"][[0, -1]])
        np.testing.assert_allclose(axes.get_ylim(), one["g_X"][[0, -1]])


@pytest.mark.parametrize(
    ("panel", "named"),
    [
        (0, ("b_minus_l", "treatment: figure", "searches: printed", "90 % and 95 % CL", "central values")),
        (1, ("b_minus_l", "treatment: figure (second)", "searches: corrected", "90 % and 95 % CL")),
    ],
)
def test_titles_name_treatment_searches_and_confidence(drawn, panel, named):
    title = drawn.axes[panel].get_title()
    assert [words for words in named if words not in title] == []
    assert ("central" in title) == (panel == 0)
    assert drawn.get_suptitle() == r"$U(1)_{B-L}$: small"


def regions(axes, palette):
    """Drawn regions by group, told apart by their colours."""
    by_face = {style.face: letter for letter, style in PALETTES[palette].items()}
    found = {letter: [] for letter in PALETTES[palette]}
    for patch in axes.patches:
        letter = by_face[to_hex(patch.get_facecolor())]
        style = PALETTES[palette][letter]
        assert to_hex(patch.get_edgecolor()) == style.edge
        assert patch.get_hatch() == style.hatch
        found[letter].append(patch)
    return found


@pytest.mark.parametrize("palette", PALETTES)
def test_colours_of_the_groups(scans, palette):
    [axes] = draw_scans({"figure": scans["figure"]}, title="t", look=FigureChoice(palette=palette)).axes
    found = regions(axes, palette)
    assert set(found) == {"Z", "B", "K"}
    assert all(found.values())
    heights = [{patch.get_zorder() for patch in found[letter]} for letter in STACK]
    assert all(max(below) < min(above) for below, above in itertools.pairwise(heights))
    assert {style.hatch for style in PALETTES["paper"].values()} == {None}
    assert len({style.hatch for style in PALETTES["okabe-ito"].values()}) == 3


def clear(mask):
    """Points whose neighbours all agree with them: at least a cell away from an edge, and off the frame."""
    shifted = [np.roll(mask, shift, (0, 1)) for shift in itertools.product((-1, 0, 1), repeat=2)]
    agree = np.all(np.array(shifted) == mask, axis=0)
    agree[[0, -1]] = agree[:, [0, -1]] = False
    return agree


@pytest.mark.parametrize("letter", ["Z", "B", "K"])
def test_regions_cover_what_is_excluded(scans, drawn, letter):
    for axes, one in zip(drawn.axes, scans.values(), strict=True):
        mask = one.group(letter) > 0
        points = np.array([[m_X, g_X] for m_X in one["m_X"] for g_X in one["g_X"]])
        covered = np.zeros(len(points), dtype=bool)
        for patch in regions(axes, "okabe-ito")[letter]:
            covered |= patch.get_path().contains_points(points)
        covered = covered.reshape(mask.shape)
        sure = clear(mask)
        np.testing.assert_array_equal(covered[sure], mask[sure])
        assert 0.1 < np.mean(mask) < 0.9
        assert np.any(covered[sure] != np.roll(mask, 5, axis=1)[sure])


def test_exact_boundaries_are_drawn():
    """Oracle: the grid beside them, on which nothing disagrees a cell away from an edge."""
    one = dataclasses.replace(scan(SMALL)["figure"], boundaries=boundaries(SMALL)["figure"])
    [axes] = draw_scans({"figure": one}, title="t").axes
    points = np.array([[m_X, g_X] for m_X in one["m_X"] for g_X in one["g_X"]])
    assert len(axes.patches) == 3
    for letter, patch in zip(STACK, axes.patches, strict=True):
        mask = one.group(letter) > 0
        path, covered = patch.get_path(), np.zeros(len(points), dtype=bool)
        for ring in rings(path):
            covered |= ring.contains_points(points)
        covered = covered.reshape(mask.shape)
        np.testing.assert_array_equal(covered[clear(mask)], mask[clear(mask)])
        assert to_hex(patch.get_facecolor()) == PALETTES["okabe-ito"][letter].face
    drawn = [area for area in axes.collections if isinstance(area, LineCollection)]
    for letter, lines in zip(STACK, drawn, strict=True):
        curves = one.boundaries.groups[letter]
        inner = one.boundaries.walls[letter][:, 0]
        inner = (inner > one["m_X"][0]) & (inner < one["m_X"][-1])  # none along the edge of the window
        assert len(lines.get_segments()) == len(curves) + np.count_nonzero(inner)
        np.testing.assert_array_equal(lines.get_segments()[0][[0, -1], 1], curves[0].g_X[[0, -1]])


@pytest.fixture(scope="module")
def traced(scans):
    return dataclasses.replace(scans["figure"], boundaries=boundaries(SMALL)["figure"])


def panel(scan, **options):
    axes = Figure().subplots()
    draw(scan, axes, **options)
    return axes


def test_names_stand_on_their_regions(traced):
    """Each in what one sees of its group, without a line; none where a group is hidden; none upon another."""
    axes = panel(traced, labels=True)
    axes.figure.canvas.draw()
    boxes = []
    for text in axes.texts:
        letter = text.get_text()[0]
        assert text.get_text() == f"{letter} decays"
        m_X, g_X = axes.transData.inverted().transform(axes.transAxes.transform(text.get_position()))
        excluding = [
            group
            for group in "ZBK"
            for one in traced.boundaries.regions
            if labels_of(traced)[one.search] == group
            and matplotlib.path.Path(np.log(np.stack([one.m_X, one.g_X], axis=1))).contains_point(
                np.log([m_X, g_X])
            )
        ]
        assert excluding[0] == letter  # Z lies above B, B above K
        boxes.append(text.get_window_extent())
    assert {text.get_text()[0] for text in axes.texts} == {"Z", "B", "K"}
    assert not any(text.arrow_patch.get_visible() for text in axes.texts)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
    few = panel(traced, labels=True, searches=["belle_2017_bk_invisible"])
    assert [text.get_text() for text in few.texts] == ["Belle invisible"]


def test_names_of_narrow_regions_stand_beside_them_with_a_line(traced):
    """Six searches, some of them slivers: names are not upon each other, lines end on what they name."""
    names = [
        "babar_2009_b0_kstar0_ee_low", "babar_2009_bplus_kstarplus_ee_high", "belle_2021_bplus_kplus_ll",
        "lhcb_2013_bplus_kplus_mumu", "na62_2021_kpi_invisible_low", "na62_2022_kpi_mumu",
    ]  # fmt: skip
    axes = panel(traced, labels=True, searches=names)
    axes.figure.canvas.draw()
    shown = {one.search for one in traced.boundaries.regions if one.search in names}
    assert 4 <= len(axes.texts) <= len(shown)
    boxes = [Text.get_window_extent(text) for text in axes.texts]
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
    for box in boxes:
        assert axes.bbox.x0 <= box.x0
        assert box.x1 <= axes.bbox.x1
    lines = [text for text in axes.texts if text.arrow_patch.get_visible()]
    assert 0 < len(lines) < len(axes.texts)
    for text in lines:
        where = np.log(axes.transData.inverted().transform(axes.transAxes.transform(text.xy)))
        inside = [
            one.search
            for one in traced.boundaries.regions
            if one.search in names
            and matplotlib.path.Path(np.log(np.stack([one.m_X, one.g_X], axis=1))).contains_point(where)
        ]
        assert inside


def labels_of(scan):
    return {one["name"]: one["channel"][0] for one in scan.header.searches}


def test_some_searches_alone(traced):
    chosen = ["belle_2017_bk_invisible", "na62_2021_kpi_invisible_low"]
    axes = panel(traced, searches=chosen, previous=False)
    drawn = {to_hex(area.get_edgecolor()[0]): area for area in axes.collections}
    assert set(drawn) == {PALETTES["okabe-ito"][letter].edge for letter in "BK"}
    lines = drawn[PALETTES["okabe-ito"]["K"].edge].get_segments()
    walls = [one for one in lines if len(one) == 2 and one[0, 0] == one[1, 0]]
    assert len(walls) == 1  # where its data end, and not where the window begins
    assert len(lines) == len(traced.boundaries.of(chosen[1])) + len(walls)
    with pytest.raises(InputError, match="did you mean belle_2017_bk_invisible"):
        panel(traced, searches=["belle_2017_bk_invisble"])


def test_curves_without_regions_differ_in_their_dashes(traced):
    axes = panel(traced, style="curves", previous=False)
    assert not axes.patches
    lines = [area for area in axes.collections if isinstance(area, LineCollection)]
    assert len({str(area.get_linestyle()) for area in lines}) == len(lines) == 3
    with pytest.raises(InputError, match='no style "lines"'):
        panel(traced, style="lines")


def test_limits_that_are_given(traced):
    axes = panel(traced, xlim=[0.1, 1.0], ylim=[1e-7, 1e-3])
    assert (axes.get_xlim(), axes.get_ylim()) == ((0.1, 1.0), (1e-7, 1e-3))


def test_linear_axes_are_drawn_as_they_are():
    axes = {
        "m_X": {"min": 0.1, "max": 1.0, "points": 9, "spacing": "linear"},
        "g_X": {"min": 1e-6, "max": 1e-3, "points": 9, "spacing": "log"},
    }
    drawn = panel(scan(SMALL | {"axes": axes})["figure"])
    assert (drawn.get_xscale(), drawn.get_yscale()) == ("linear", "log")


@pytest.mark.parametrize(("size", "inches"), [("single", 86 / 25.4), ("double", 178 / 25.4)])
def test_a_figure_is_as_wide_as_columns(scans, tmp_path, size, inches):
    """Nothing reaches over the edge of the page."""
    some = {"figure": scans["figure"]} if size == "single" else scans
    figure = draw_scans(some, title="t", look=FigureChoice(size=size))
    assert abs(figure.get_figwidth() - inches) < 0.01
    save(figure, tmp_path / "narrow")
    figure.canvas.draw()
    for axes in figure.axes:
        for text in (axes.title, axes.xaxis.label, axes.yaxis.label, *axes.get_legend().get_texts()):
            box = text.get_window_extent()
            assert box.x0 >= 0, text.get_text()
            assert box.x1 <= figure.bbox.x1, text.get_text()


def overlapping(texts):
    boxes = [text.get_window_extent() for text in texts if text.get_text()]
    return [pair for pair in itertools.combinations(boxes, 2) if pair[0].overlaps(pair[1])]


def test_three_narrow_panels(scans, tmp_path):
    """Titles and legends stay within their panels, and on the page."""
    figure = draw_scans(scans | {"third": scans["figure"]}, title="t", look=FigureChoice(size="double"))
    save(figure, tmp_path / "three")
    figure.canvas.draw()
    texts = [text for axes in figure.axes for text in (axes.title, *axes.get_legend().get_texts())]
    assert overlapping(texts) == []
    assert all(text.get_window_extent().y0 >= 0 for text in texts)
    assert [text.get_text() for text in texts if text.get_window_extent().x1 > figure.bbox.x1] == []
    words = " ".join(["word"] * 40)
    assert "\n" not in wrapped(words, 7000.0, 5.0)  # so the test above is able to fail
    assert wrapped(words, 100.0, 5.0).count("\n") >= 3


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0.1, 1.0, ["0.1", "0.2", "0.3", "0.5", "1"]),
        (0.2, 3.0, ["0.2", "0.5", "1", "2"]),
        (0.12, 0.7, ["0.2", "0.3", "0.5"]),
        (1e-3, 1.0, [f"$\\mathdefault{{10^{{{n}}}}}$" for n in (-3, -2, -1, 0)]),
    ],
)
def test_masses_on_narrow_axes_are_decimals(traced, low, high, labels):
    axes = panel(traced, xlim=[low, high])
    axes.figure.canvas.draw()
    ticks = [
        label
        for which in (False, True)
        for label in axes.get_xticklabels(minor=which)
        if label.get_text() and low <= label.get_position()[0] * (1 + 1e-9) <= high * (1 + 2e-9)
    ]
    ticks.sort(key=lambda label: label.get_position()[0])
    assert [label.get_text() for label in ticks] == labels
    assert overlapping(ticks) == []


def test_small_couplings_are_on_a_log_axis():
    """Steps of 1e-11 are not equal for being small."""
    assert spacing(np.geomspace(1e-11, 1e-9, 20)) == "log"
    assert spacing(np.linspace(1e-11, 1e-9, 20)) == "linear"


def test_a_curve_of_ones_own(scans, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("m_X,g_X\n0.1,1e-5\n1,1e-4\n")
    look = {"curves": [{"file": "mine.csv", "label": "mine", "style": "dashed"}]}
    (tmp_path / "scan.toml").write_text("")
    given = load_spec(SMALL | {"figure": look | {"curves": [look["curves"][0] | {"file": str(path)}]}}).figure
    figure = draw_scans({"figure": scans["figure"]}, title="t", look=given)
    (line,) = figure.axes[0].lines
    np.testing.assert_array_equal(line.get_xydata(), [[0.1, 1e-5], [1, 1e-4]])
    assert line.get_linestyle() == "--"
    assert "mine" in [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert OwnCurve(file="f", label="l").style == "solid"
    for text, words in (
        ("m,g\n1,2\n", "columns are m, g; a curve has m_X and g_X"),
        ("m_X,g_X\n-1,2\n", "line 2: m_X = -1; give positive numbers"),
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=words):
            load_spec(SMALL | {"figure": {"curves": [{"file": str(path), "label": "mine"}]}})


def test_a_caption_names_what_is_seen(traced):
    said = caption({"figure": traced})
    for words in (
        "Panel b_minus_l, figure: 90 %",
        "L3 invisible [Phys. Lett. B 412",
        "NA62 invisible [arXiv:2103.15389]",
    ):
        assert words in said
    assert "Grey: excluded before, by A1 [1101.4091]" in said
    assert "BaBar mu+ mu-" not in said  # excludes nothing
    nothing = "None of its searches excludes anything that is shown."
    assert nothing not in said
    assert nothing in caption({"figure": traced}, FigureChoice(ylim=[traced["g_X"][0], traced["g_X"][1]]))


def test_lines_have_as_many_vertices_as_a_page_shows():
    """A line of many vertices with a spike: all of it within the finest step, its ends as they are."""
    x = np.linspace(0.0, 1.0, 20_001)
    spike = np.exp(-(((x - 0.5) / 1e-3) ** 2))
    line = np.stack([10 ** (4 * x), 10 ** (2 * spike)], axis=1)
    window = np.array([1.0, 1e4]), np.array([1.0, 1e3])
    few = thinned(line, window)
    assert 2 / FINEST < len(few) < 4 / FINEST
    np.testing.assert_array_equal(few[[0, -1]], line[[0, -1]])
    far = np.interp(x, np.log10(few[:, 0]) / 4, np.log10(few[:, 1]) / 3) - 2 * spike / 3
    assert np.abs(far).max() < FINEST
    coarse = line[::400]  # so this is able to fail
    assert np.abs(np.interp(x, x[::400], np.log10(coarse[:, 1]) / 3) - 2 * spike / 3).max() > 100 * FINEST


def rings(path):
    """The closed parts of a compound path."""
    starts = np.flatnonzero(path.codes == matplotlib.path.Path.MOVETO)
    return [matplotlib.path.Path(part) for part in np.split(path.vertices, starts[1:])]


def test_grey_is_what_was_excluded_before(scans, drawn):
    every = previous_limits(scans["figure"].header.configuration)
    (low, high), (bottom, _) = view = view_of(scans["figure"])
    limits = grey_of(scans["figure"], view)
    inside = [
        one for one in every if np.any((low <= one.m_X) & (one.m_X <= high) & (one.g_high > bottom))
    ]  # others are not seen
    assert [one.m_X.tolist() for one in limits] == [one.m_X.tolist() for one in inside]
    assert len(grey_of(scans["figure"], ((low, high), (bottom, 2 * bottom)))) < len(limits)
    top = SMALL["axes"]["g_X"]["max"]
    assert len(limits) > 20
    for axes in drawn.axes:
        [area] = axes.collections
        assert to_hex(area.get_facecolor()[0]) == to_hex(GREY)
        assert area.get_zorder() < min(patch.get_zorder() for patch in axes.patches)
        for path, limit in zip(area.get_paths(), limits, strict=True):
            corners = {(m, g) for m, g in path.vertices.tolist()}
            for m_X, low, high in zip(limit.m_X, limit.g_low, limit.g_high, strict=True):
                assert {(m_X, low), (m_X, min(high, top))} <= corners


MATHEMATICS = {"e+ e-": "$e^+e^-$", "mu+ mu-": r"$\mu^+\mu^-$", "l+ l-": r"$\ell^+\ell^-$"}


def typeset(name):
    for plain, symbol in MATHEMATICS.items():
        if name.endswith(" " + plain):
            return name.replace(plain, symbol)
    return name


@pytest.mark.parametrize("palette", PALETTES)
def test_legend_names_the_leading_searches(scans, palette):
    figure = draw_scans(scans, title="t", look=FigureChoice(palette=palette))
    for axes, one in zip(figure.axes, scans.values(), strict=True):
        legend = axes.get_legend()
        texts = [text.get_text() for text in legend.get_texts()]
        assert texts[-1] == "previous limits"
        for letter, text, handle in zip("ZBK", texts, legend.legend_handles, strict=False):
            leading = leading_searches(one, letter)
            assert leading
            assert text == f"{letter} decays: " + ", ".join(map(typeset, leading))
            assert to_hex(handle.get_facecolor()) == PALETTES[palette][letter].face
            assert to_hex(handle.get_edgecolor()) == PALETTES[palette][letter].edge
    assert "L3 invisible" in texts[0]


def without_earlier_limits(one):
    configuration = dict(one.header.configuration)
    configuration["model"] = configuration["model"] | {"previous_limits": None}
    return dataclasses.replace(one, header=dataclasses.replace(one.header, configuration=configuration))


def test_no_grey_without_earlier_limits(scans):
    [axes] = draw_scans({"figure": without_earlier_limits(scans["figure"])}, title="t").axes
    assert len(axes.collections) == 0
    assert "previous limits" not in [text.get_text() for text in axes.get_legend().get_texts()]


def test_nothing_excluded(scans):
    one = scans["figure"]
    arrays = one.arrays | {"log10_ratio": np.full_like(one["log10_ratio"], -np.inf)}
    [axes] = draw_scans({"figure": dataclasses.replace(one, arrays=arrays)}, title="t").axes
    assert len(axes.patches) == 0
    assert axes.get_legend().get_texts()[0].get_text() == "Z decays: nothing excluded"


def test_files_carry_the_fingerprint(tmp_path, scans, drawn):
    fingerprint = scans["figure"].header.fingerprint
    paths = save(drawn, tmp_path / "figure.3", fingerprint=fingerprint)
    assert [path.name for path in paths] == ["figure.3.pdf", "figure.3.png"]
    pdf, png = paths
    assert pdf.read_bytes().startswith(b"%PDF")
    assert f"/Keywords (jaxtri config_sha256 {fingerprint})".encode() in pdf.read_bytes()
    with Image.open(png) as image:
        assert image.format == "PNG"
        assert image.text["Description"] == f"jaxtri config_sha256 {fingerprint}"
        pixels = np.asarray(image.convert("RGB"))
    assert pixels.shape[1] > 1000
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 50  # not an empty page


def test_unwritable_place(tmp_path, drawn):
    with pytest.raises(StorageError, match=r"no_such_folder.*figure\.pdf: cannot be written"):
        save(drawn, tmp_path / "no_such_folder" / "figure")


def test_title_that_is_not_mathematics(tmp_path, scans):
    figure = draw_scans({"figure": scans["figure"]}, title=r"$\frac{1$")
    with pytest.raises(InputError, match="a title is not valid mathematics"):
        save(figure, tmp_path / "figure")
    assert list(tmp_path.iterdir()) == []


def test_settings_of_the_user_are_left_alone(scans):
    before = dict(matplotlib.rcParams)
    draw_scans({"figure": scans["figure"]}, title="t")
    assert dict(matplotlib.rcParams) == before


def test_convergence():
    nodes = np.array([2.0, 4.0, 8.0])
    curves = {"good": (nodes, 10.0**-nodes), "poor": (nodes, 1 / nodes)}
    [axes] = draw_errors(curves, title="rules").axes
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert axes.get_title() == "rules"
    assert "nodes" in axes.get_xlabel()
    assert "relative error" in axes.get_ylabel()
    for line, (name, (x, y)) in zip(axes.get_lines(), curves.items(), strict=True):
        assert line.get_label() == name
        np.testing.assert_array_equal(line.get_xydata(), np.stack([x, y], axis=1))
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["good", "poor"]


def closest(palette, part, vision):
    """Distance of the two most similar groups."""
    seen = [lab(VISION[vision] @ linear(getattr(style, part))) for style in PALETTES[palette].values()]
    return min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(seen, 2))


@pytest.mark.parametrize("part", APART)
@pytest.mark.parametrize("vision", VISION)
def test_okabe_ito_is_told_apart_by_everyone(part, vision):
    assert closest("okabe-ito", part, vision) > APART[part]


@pytest.mark.parametrize("part", APART)
def test_red_and_green_are_not(part):  # so the test above is able to fail
    assert closest("paper", part, "normal") > APART[part]
    assert closest("paper", part, "deuteranopia") < APART[part]


def test_lab_of_white_black_and_red():
    np.testing.assert_allclose(lab(linear("#ffffff")), [100, 0, 0], atol=1e-6)
    np.testing.assert_allclose(lab(linear("#000000")), [0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(lab(linear("#ff0000")), [53.24, 80.09, 67.20], atol=0.02)  # published


@pytest.fixture(scope="module")
def family():
    """A scan along the top's mass, reductions only."""
    axes = {"m_t": {"values": [100.0, 172.0, 300.0]}} | SMALL["axes"]
    return scan(SMALL | {"arrays": "reductions", "axes": axes, "treatments": ["matched"]})["matched"]


def test_a_further_axis_is_a_family_of_curves(family):
    drawn = draw_axis(family, title="top")
    axes, bar = drawn.axes
    (lines,) = (one for one in axes.collections if isinstance(one, LineCollection))
    segments, values = lines.get_segments(), lines.get_array()
    np.testing.assert_array_equal(values, [*family["m_t"], *family["m_t"]])
    assert len(segments) == 6
    inside = family["g_X_range"][1] < 0.999 * family["g_X"][-1]
    for node, segment in enumerate(segments[:3]):  # lowest couplings; the window's own edge is not drawn
        low = family["g_X_range"][0, node]
        x, y = np.asarray(segment).T
        drawn_there = np.isfinite(y)
        assert drawn_there.any()
        np.testing.assert_array_equal(y[drawn_there], low[np.isin(family["m_X"], x[drawn_there])])
    assert not inside.all()
    assert bar.get_ylabel() == "m_t [GeV]"
    assert axes.get_xlabel() == r"$m_X$ [GeV]"
    assert axes.get_xscale() == axes.get_yscale() == "log"


NODES = 100
M_X = np.geomspace(1e-3, 1.0, 4)
WINDOW = 1e-9, 1.0


def samples():
    """Lowest and highest edge, (edge, node, m_X): all, 90 %, 40 % and none of the nodes exclude something."""
    lowest = np.geomspace(1e-6, 1e-4, NODES)[:, None] * np.ones(4)
    for mass, some in enumerate((100, 90, 40, 0)):
        lowest[some:, mass] = np.nan
    highest = np.where(np.isnan(lowest), np.nan, WINDOW[1])
    shuffled = np.random.default_rng(1).permutation(NODES)
    return np.stack([lowest, highest])[:, shuffled]


def test_samples_are_drawn_by_how_they_spread():
    """Oracle: the k-th of a hundred nodes in order."""
    axes = Figure().subplots()
    spread = draw_spread(axes, M_X, samples(), WINDOW)
    ordered = np.geomspace(1e-6, 1e-4, NODES)
    for quantile, rank in ((0.025, 3), (0.16, 16), (0.5, 50), (0.84, 84), (0.975, 98)):
        expected = [ordered[rank - 1] if rank <= some else np.inf for some in (100, 90, 40, 0)]
        np.testing.assert_allclose(spread[quantile], expected, rtol=1e-14)
    median, at_the_window = (line.get_ydata() for line in axes.lines)
    np.testing.assert_allclose(median, [ordered[49], ordered[49], np.nan, np.nan], rtol=1e-14)
    assert np.isnan(at_the_window).all()
    np.testing.assert_allclose(half_width(spread), [np.log(ordered[83] / ordered[15]) / 2] * 2 + [np.nan] * 2)
    assert [one.get_text() for one in axes.get_legend().get_texts()] == [
        "95 % of the nodes", "68 % of the nodes", "median"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "cloud",
    [
        {"sobol": {"m_t": [170, 175]}, "points": 8},
        pytest.param({"nuisance": "all", "points": 5}, marks=pytest.mark.long),
    ],
)
def test_an_axis_of_samples_is_a_band_and_its_width(cloud):
    axes = {"cloud": cloud} | SMALL["axes"]
    one = scan(SMALL | {"arrays": "reductions", "axes": axes, "treatments": ["matched"]})["matched"]
    plane, widths = draw_axis(one, title="cloud").axes
    median, _ = plane.lines
    lowest = np.sort(np.where(np.isnan(one["g_X_range"][0]), np.inf, one["g_X_range"][0]), axis=0)
    expected = lowest[(len(lowest) + 1) // 2 - 1]
    drawn = np.isfinite(median.get_ydata())
    assert drawn.any()
    np.testing.assert_array_equal(median.get_ydata()[drawn], expected[drawn])
    assert f"{cloud['points']} nodes of cloud" in plane.get_title()
    assert widths.get_xlabel() == r"$m_X$ [GeV]"
    assert np.nanmin(widths.lines[0].get_ydata()) > 0


def bands(sigma, decades=9):
    m_X = np.array([1e-3, 1e-2, 1e-1, 1e-2])  # it turns back
    line = ("K", m_X, np.full(4, 1e-6), np.array([sigma, 2 * sigma, np.nan, sigma]))
    wide = ("B", m_X[:3], np.full(3, 1e-5), np.full(3, 1.0))
    window = np.geomspace(1e-3, 1.0, 3), np.geomspace(10.0**-decades, 1.0, 3)
    return draw_bands({"matched": [line, wide]}, window, title="t")


def test_bands_thinner_than_a_line_are_shown_widened():
    """Oracle: 2 sigma of ln g_X over ln 10, up and down; heights of bands on the page, in points."""
    plane, ratio, widths = bands(0.01).axes
    kaons = [
        one for one in ratio.collections if to_hex(one.get_facecolor()[0]) == PALETTES["okabe-ito"]["K"].face
    ]
    reach = max(np.nanmax(np.abs(one.get_paths()[0].vertices[:, 1])) for one in kaons)
    np.testing.assert_allclose(reach, 2 * 0.02 / np.log(10))
    assert {to_hex(area.get_facecolor()[0]) for area in ratio.collections} == {
        PALETTES["okabe-ito"][letter].face for letter in "BK"
    }
    edge = PALETTES["okabe-ito"]["K"].edge
    single = max(np.nanmax(line.get_ydata()) for line in ratio.lines if line.get_color() == edge)
    np.testing.assert_allclose(single, 0.02 / np.log(10))
    assert ratio.get_ylim()[1] > 2 / np.log(10)
    assert "central" in ratio.get_ylabel()
    assert widths.get_xlabel() == r"$m_X$ [GeV]"
    plane.figure.canvas.draw()
    thick = plane.transData.transform([[1e-2, 1e-6 * np.exp(0.04)], [1e-2, 1e-6 / np.exp(0.04)]])
    ends = ratio.transData.transform([[1e-2, 0.04 / np.log(10)], [1e-2, -0.04 / np.log(10)]])
    assert np.ptp(ends[:, 1]) > np.ptp(thick[:, 1])


def test_wide_bands_need_no_further_row():  # so the test above is able to fail
    assert len(bands(0.3).axes) == 2
    assert len(bands(0.01, decades=1).axes) == 2
    assert len(bands(0.01).axes) == 3


def test_one_further_axis_at_a_time(family, scans):
    with pytest.raises(InputError, match="choose nodes with --at until one is left"):
        draw_axis(scans["figure"], title="none")
    with pytest.raises(InputError, match="holds no curves and no log10_ratio, from which a plane is drawn"):
        draw_scans({"one": family.at(m_t=172)}, title="reductions hold no ratio of a group")


def test_times_are_drawn_beside_a_straight_line():
    drawn = draw_times([(1e5, 2.0), (5e8 + 5e4, 30.0), (1e9, 40.0)], title="t")
    measured, straight = drawn.axes[0].lines
    np.testing.assert_array_equal(measured.get_xydata(), [[1e5, 2.0], [5e8 + 5e4, 30.0], [1e9, 40.0]])
    np.testing.assert_allclose(straight.get_ydata(), [2.0, 21.0, 40.0])
