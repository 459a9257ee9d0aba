"""The grey of a figure by computation.  Oracle: `previous_limits`, point by point."""

import dataclasses

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from jaxtri.errors import InputError
from jaxtri.figures.panels import GREY
from jaxtri.figures.plane import draw
from jaxtri.figures.plane_words import caption
from jaxtri.figures.selection import same_grey
from jaxtri.limits.previous import previous_limits as grey_of
from jaxtri.limits.previous import previously_excluded
from jaxtri.limits.recast_limits import previous_limits
from jaxtri.model.fermions import FERMIONS
from jaxtri.model.gauge_model import load_model
from jaxtri.scans.grey import VISIBLE_KINDS, model_of, with_grey
from jaxtri.scans.in_memory import scan
from jaxtri.scans.record import Scan
from jaxtri.scans.schema import FigureChoice
from jaxtri.tables.reader import check
from made_up_scan import made_up_header


def scan_of(name):
    """A scan without arrays of a shipped model with chiral neutrinos."""
    header, model = made_up_header(3, 4), load_model(name)
    configuration = dict(header.configuration)
    charges = dict(zip(FERMIONS, model.charge.tolist(), strict=True))
    configuration["model"] = configuration["model"] | {"name": name, "charges": charges}
    return Scan(header=dataclasses.replace(header, configuration=configuration), arrays={})


@pytest.fixture(scope="module")
def computed():
    return with_grey(scan_of("b3_minus_l2"), "computed")


def test_it_is_what_previous_limits_says(computed):
    grey = grey_of(computed.header.configuration)
    known = [one for one in previous_limits("b3_minus_l2") if not one.why]
    assert {one.search for one in grey} == {one.search for one in known}
    (four_muons,) = [one for one in known if one.search == "babar_2016_4mu"]
    for m_X, g in zip(four_muons.m_X, four_muons.g_lower, strict=True):
        inside = previously_excluded(grey, np.array([m_X]), g * np.array([1.001, 1.1]))
        assert inside.all(), m_X
    assert not previously_excluded(grey, np.array([0.31, 3.1]), np.array([1e-3])).any()  # vetoes of BaBar


def test_visible_decays_alone(computed):
    visible = grey_of(with_grey(scan_of("b3_minus_l2"), "visible").header.configuration)
    names = {one.search for one in visible}
    assert "belle2_2020_mumu_inv" in {one.search for one in grey_of(computed.header.configuration)} - names
    kinds = {one.search: one.kind for one in previous_limits("b3_minus_l2")}
    assert {kinds[name] for name in names} <= set(VISIBLE_KINDS)


def test_table_and_none():
    one = scan_of("b3_minus_l2")
    assert with_grey(one, "table") is one
    assert grey_of(with_grey(one, "none").header.configuration) == []


def test_the_model_is_rebuilt(computed):
    np.testing.assert_array_equal(
        model_of(computed.header.configuration).charge, load_model("b3_minus_l2").charge
    )
    stored = dict(computed.header.configuration["model"]) | {
        "neutrinos": "majorana", "right_handed_neutrinos": [-1.0], "m_nu_R": 0.1
    }  # fmt: skip
    assert model_of({"model": stored}).m_nu_R == 0.1


def test_two_models_do_not_share_a_grey(computed):
    other = with_grey(scan_of("protophobic"), "computed")
    assert same_grey({"a": computed, "b": with_grey(scan_of("b3_minus_l2"), "computed")})
    assert not same_grey({"a": computed, "b": other})


def test_the_caption_says_how_and_by_whom(computed):
    silent = dataclasses.replace(computed, header=dataclasses.replace(computed.header, searches=()))
    last = caption({"made_up": silent}).splitlines()[-1]
    assert last.startswith("Grey: excluded before (all searches, recast to the charges of b3_minus_l2), by ")
    assert "BaBar [arXiv:1606.03501]" in last
    assert "Grey" not in caption({"made_up": with_grey(silent, "none")})


@pytest.mark.long
def test_draw_takes_limits():
    spec = {
        "title": "t", "model": "b3_minus_l2", "treatments": ["figure"], "curves": False,
        "searches": {"set": "printed", "only": ["na62_2021_kpi_invisible_low"]},
        "axes": {"m_X": {"values": [0.001, 10.0]}, "g_X": {"values": [1e-9, 1e-3, 1.0]}},
    }  # fmt: skip
    one, known = scan(spec)["figure"], previous_limits("b3_minus_l2")
    shaded = []
    for drawn, choice in ((one, True), (one, known), (with_grey(one, "computed"), True), (one, False)):
        axes = Figure().subplots()
        draw(drawn, axes, previous=choice)
        grey = [
            area
            for area in axes.collections
            if len(area.get_facecolor()) and to_hex(area.get_facecolor()[0]) == to_hex(GREY)
        ]
        shaded.append(sum(len(area.get_paths()) for area in grey))
    pieces = sum(len(limit.pieces) for limit in known)
    assert pieces > 1
    assert shaded[0] == shaded[3]
    assert shaded[1] == shaded[2] == shaded[0] + pieces


def test_a_wrong_choice_is_refused():
    with pytest.raises(InputError, match=r"previous = 'all'"):
        check({"previous": "all"}, FigureChoice, "figure")
