"""Files of limit curves: every example of the guide is read, what is unclear is refused.

Oracle: the numbers of each example, typed again.
"""

import re
import sys

import numpy as np
import pytest

from jaxtri.errors import InputError, StorageError
from jaxtri.limits.curve_files import read_curve_columns
from jaxtri.limits.curve_grids import grid_of
from jaxtri.limits.limit_curves import read_limit_curve
from places import ROOT

nan = np.nan
PAGE = (ROOT / "jaxtri" / "tables" / "README.md").read_text()
EXAMPLE = re.compile(r"here\s`(\w+\.\w+)`:\n\n```\w+\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
EXAMPLES = dict(EXAMPLE.findall(PAGE))
CM = 1 / 0.0299792458  # ps that light needs for a centimetre
HELD = {  # file: masses, lifetimes, limits
    "own.csv": (
        [0.22, 0.24, 0.26, 0.28, 0.30],
        [10, 100, 1000],
        [[1e-10, 2e-10, 8e-10]] * 2 + [[2e-10, 3e-10, nan]] + [[2e-10, 3e-10, 9e-10]] * 2,
    ),
    "digitised.csv": ([0.05, 0.1, 0.1352], [], [[2.2e-9], [2.25e-9], [2.4e-9]]),
    "long.csv": ([0.5, 1.0], [0.1 * CM, CM], [[3e-8, 4e-8], [5e-8, nan]]),
    "hepdata.yaml": ([0.1, 0.12], [], [[2e-9], [3e-9]]),
    "hepdata.csv": ([0.1, 0.12], [], [[2e-9], [3e-9]]),
    "columns.lmt": ([0.1, 0.12], [], [[2e-9], [3e-9]]),
}
PLAIN = "0.05,2.2e-9\n0.10,2.25e-9\n0.15,2.4e-9\n"
ROUNDING = 1e-15  # one or two products


def read(folder, text, name="mine.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return read_limit_curve(path)


def same(curve, m_X, tau_ps, limit):
    np.testing.assert_allclose(curve.m_X, m_X, rtol=ROUNDING)
    np.testing.assert_allclose(curve.tau_ps, tau_ps, rtol=ROUNDING)
    np.testing.assert_allclose(curve.limit, limit, rtol=ROUNDING)


def test_the_guide_has_an_example_of_each_format():
    assert EXAMPLES.keys() == HELD.keys()


@pytest.mark.parametrize("name", HELD)
def test_examples_of_the_guide(tmp_path, name):
    same(read(tmp_path, EXAMPLES[name], name), *HELD[name])


def test_the_keys_at_the_head_of_the_example(tmp_path):
    curve = read(tmp_path, EXAMPLES["own.csv"], "own.csv")
    assert (curve.reference, curve.locator, curve.confidence, curve.spin) == (
        "none: invented", "Fig. 1", 0.90, 0,
    )  # fmt: skip
    assert (curve.tau, curve.below, curve.above, curve.holes) == (
        "knot",
        "constant",
        "masked",
        ((0.26, 0.28),),
    )


MENDED = {
    "with a header": "m_X,limit\n" + PLAIN,
    "names of other tools": "mass_GeV,limit_BR\n" + PLAIN,
    "byte-order mark": "\ufeff" + PLAIN,
    "line ends of Windows": PLAIN.replace("\n", "\r\n"),
    "semicolons": PLAIN.replace(",", ";"),
    "semicolons and decimal commas": PLAIN.replace(",", ";").replace(".", ","),
    "blanks and decimal commas": PLAIN.replace(",", "  ").replace(".", ","),
    "tabs": PLAIN.replace(",", "\t"),
    "blanks around": PLAIN.replace(",", " , "),
    "empty lines and comments": "# by hand\n\n" + PLAIN.replace("\n", "\n\n") + ",,\n"[:0],
    "descending": "".join(reversed(PLAIN.splitlines(keepends=True))),
    "an equal row": PLAIN + "0.15,2.4e-9\n",
    "MeV": "m_X [MeV],limit\n50,2.2e-9\n100,2.25e-9\n150,2.4e-9\n",
    "MeV in brackets of another kind": "mass (MeV),UL\n50,2.2e-9\n100,2.25e-9\n150,2.4e-9\n",
    "MeV in the name": "m_MeV,UL\n50,2.2e-9\n100,2.25e-9\n150,2.4e-9\n",
    "a unit of HEPData": "$m_X$ [MeV/$c^2$],BR(K+ -> pi+ X)\n50,2.2e-9\n100,2.25e-9\n150,2.4e-9\n",
    "percent": "m_X,limit [%]\n0.05,2.2e-7\n0.10,2.25e-7\n0.15,2.4e-7\n",
    "percent in cells": "m_X,limit\n0.05,2.2e-7%\n0.10,2.25e-7 %\n0.15,2.4e-7%\n",
    "a power of ten": "m_X,limit [10^-9]\n0.05,2.2\n0.10,2.25\n0.15,2.4\n",
    "a comma at the end of every line": "m_X,UL,\n" + PLAIN.replace("\n", ",\n"),
    "a quote left open": 'm_X,"UL\n' + PLAIN,
    "quotes": PLAIN.replace("0.05", '"0.05"'),
    "no limit at an end": PLAIN + "0.20,\n0.25,nan\n0.3,inf\n",
}


@pytest.mark.parametrize("text", MENDED.values(), ids=MENDED)
def test_what_can_mean_one_thing_is_mended(tmp_path, text):
    same(read(tmp_path, text), [0.05, 0.10, 0.15], [], [[2.2e-9], [2.25e-9], [2.4e-9]])


WIDE = "m_X [GeV],tau_ps=10,100\n0.1,1e-9,2e-9\n0.2,3e-9,4e-9\n"
SAME_GRID = {
    "with names": WIDE,
    "with units": "m_X,10 ps,0.1 ns\n0.1,1e-9,2e-9\n0.2,3e-9,4e-9\n",
    "every one named": "mass_GeV,tau_ps=10,tau_ps=100\n0.1,1e-9,2e-9\n0.2,3e-9,4e-9\n",
    "in seconds": "mass_GeV,tau_s=1e-11,tau_s=1e-10\n0.1,1e-9,2e-9\n0.2,3e-9,4e-9\n",
    "backwards": "m_X,100,10\n0.2,4e-9,3e-9\n0.1,2e-9,1e-9\n",
    "in rows": "m_X,tau [ps],UL\n0.1,10,1e-9\n0.2,10,3e-9\n0.2,100,4e-9\n0.1,100,2e-9\n",
    "in rows, twice the same": "m_X,tau_ns,UL\n"
    + 2 * "0.1,0.01,1e-9\n"
    + "0.2,0.01,3e-9\n0.2,0.1,4e-9\n0.1,0.1,2e-9\n",
}


@pytest.mark.parametrize("text", SAME_GRID.values(), ids=SAME_GRID)
def test_lifetimes_stand_across_or_in_rows(tmp_path, text):
    same(read(tmp_path, text), [0.1, 0.2], [10, 100], [[1e-9, 2e-9], [3e-9, 4e-9]])


REFUSED = {
    "unsorted": (
        "0.1,1e-9\n0.3,1e-9\n0.2,1e-9\n",
        "line 3: m_X = 0.2 GeV is out of order beside 0.3 GeV; sort",
    ),
    "one mass with two limits": (
        "0.1,1e-9\n0.1,2e-9\n0.2,1e-9\n",
        "line 2: m_X = 0.1 GeV has another limit in line 1",
    ),
    "one cell with two limits": (
        "m_X,tau [ps],UL\n0.1,1,1e-9\n0.2,1,1e-9\n0.1,1,2e-9\n",
        "line 4: m_X = 0.1 GeV and 1 ps have another limit in line 2",
    ),
    "zero": ("0.1,1e-9\n0.2,0\n", "line 2, column 2: limit = 0 is not in (0, 1]"),
    "negative": ("0.1,1e-9\n0.2,-1e-9\n", "line 2, column 2: limit = -1e-09 is not in (0, 1]"),
    "above 1": ("0.1,1e-9\n0.2,3.2\n", "line 2, column 2: limit = 3.2 is not in (0, 1]"),
    "above 1 in a grid": (WIDE + "0.3,1e-9,2\n", "line 4, column 3: limit = 2 is not in (0, 1]"),
    "ragged": (WIDE + "0.3,1e-9\n", "line 4 has 2 columns; give 3"),
    "decimal commas": (
        "m_X,limit\n0,1,2,3e-9\n",
        "line 2 has 4 columns; give 2 as above; decimal commas need semicolons",
    ),
    "text": (WIDE + "0.3,1e-9,low\n", "line 4, column 3 is 'low'; give a number"),
    "MeV": ("1,1e-9\n260,1e-9\n", "line 2, column 1: m_X = 260 GeV; give masses from 0 to 91.2 GeV"),
    "a negative mass": ("-0.1,1e-9\n0.2,1e-9\n", "line 1, column 1: m_X = -0.1 GeV; give masses from 0"),
    "no mass": (",1e-9\n0.2,1e-9\n0.3,1e-9\n", "line 1, column 1: m_X = nan GeV; give masses"),
    "an unknown unit of mass": ("m_X [kg],UL\n0.1,1e-9\n", "masses in 'kg'; give them in GeV"),
    "an unknown unit of limits": (
        "m_X,UL [pb]\n0.1,1e-9\n0.2,1e-9\n",
        "limits in 'pb'; give branching ratios",
    ),
    "an unknown unit of lifetimes": (
        "m_X,10 y,100 y\n0.1,1e-9,2e-9\n",
        "column 2 is '10 y'; give lifetimes as tau_ps=0.1",
    ),
    "lifetimes in s": (
        "m_X,1e-13,1e-12\n0.1,1e-9,2e-9\n0.2,1e-9,2e-9\n",
        "lifetimes up to 1e-12 ps; if they are in s",
    ),
    "lifetimes out of order": (
        "m_X,1,3,2\n0.1,1e-9,1e-9,1e-9\n",
        "column 4 is for 2 ps, after 3 ps; lifetimes ascend",
    ),
    "lifetime 0": ("m_X,0,100\n0.1,1e-9,2e-9\n0.2,1e-9,2e-9\n", "a lifetime is 0 ps; say offset_ps"),
    "several columns without names": (
        "0.1,1e-9,2e-9\n0.2,1e-9,2e-9\n",
        "no header, and 3 columns, not 2; name them",
    ),
    "no mass among the names": ("x,UL\n0.1,1e-9\n", "no column is a mass among 'x', 'UL'"),
    "two limits": ("m_X,UL,expected\n0.1,1e-9,1e-9\n", "which column holds the limit is not clear among"),
    "an unknown key": ("# bellow = constant\n" + WIDE, 'line 1: no key "bellow"; did you mean below?'),
    "a key twice": ("# spin = 0\n# spin = 1\n" + WIDE, "line 2: spin is given twice"),
    "a wrong value of a key": (
        "# above = linear\n" + WIDE,
        "above = 'linear': input should be 'constant', 'masked'",
    ),
    "a hole the wrong way round": ("# holes = [[0.3, 0.2]]\n" + WIDE, "must be [low, high] with low < high"),
    "one mass": ("0.1,1e-9\n", "no two neighbouring masses have limits"),
    "holes everywhere": ("# holes = [[0.0, 1.0]]\n" + WIDE, "no two neighbouring masses have limits"),
    "cut away": ("# last_mass = 0.01\n" + WIDE, "no two neighbouring masses have limits"),
    "a negative lifetime": ("m_X,-1,10\n0.1,1e-9,1e-9\n", "column 2 is for -1 ps; give 0 or more"),
    "a negative lifetime in a row": ("m_X,tau,UL\n0.1,-1,1e-9\n", "line 2, column 2: lifetime -1 ps; give 0"),
    "nothing": ("# nothing\n", "holds no numbers; give rows of m_X [GeV] and limit"),
    "a header alone": ("m_X,UL\n", "holds no numbers"),
    "edges of one bin": ("# tau = lower_edge\nm_X,1\n0.1,1e-9\n0.2,1e-9\n", "needs at least two lifetimes"),
    "two continuations": (
        "# above = decay_scaling\n# offset_ps = 1.0\n" + WIDE,
        'above = "decay_scaling" does not go with offset_ps',
    ),
    "two tables": ("m_X,UL\n0.1,1e-9\nm_X,UL\n0.1,2e-9\n", "line 4 begins a second table"),
    "two tables with other masses": (
        "m_X,UL\n0.1,1e-9\nm_X,other\n0.2,2e-9\n",
        "line 4 begins a second table",
    ),
}


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_unclear_is_refused(tmp_path, text, words):
    with pytest.raises(InputError) as raised:
        read(tmp_path, text)
    message = str(raised.value)
    assert words in message
    assert message.startswith(f"{tmp_path / 'mine.csv'}: ")
    assert "\n" not in message


VARIABLES = (
    "independent_variables:\n- header: {name: m, units: GEV}\n  values: [{value: 0.1}, {value: 0.2}]\n"
)
UPPER = "dependent_variables:\n- header: {name: UL}\n  values: [{value: 1e-9}, {value: 2e-9}]\n"
WRONG_YAML = {
    "a submission": ("name: one\n---\nname: two\n", "not one document of YAML; name one of the data files"),
    "another file": ("a: 1\n", "is no HEPData table; it holds independent_variables and dependent_variables"),
    "no header": (VARIABLES + "dependent_variables:\n- values: [{value: 1}]\n", "has a header and values"),
    "lengths": (
        VARIABLES + UPPER.replace(", {value: 2e-9}", ""),
        "different lengths, or empty (m [GEV] 2, UL 1)",
    ),
    "text": (VARIABLES + UPPER.replace("2e-9", "much"), "value 2 of UL is much"),
    "no mass": (VARIABLES.replace("0.2", "'-'") + UPPER, "value 2 of m [GEV] is -; give a number"),
    "no values": (
        "independent_variables:\n- {header: {name: m, units: GEV}, values: []}\n"
        "dependent_variables:\n- {header: {name: UL}, values: []}\n",
        "or empty (m [GEV] 0, UL 0)",
    ),
    "broken": (VARIABLES + "  - [\n", "line 4: not one document of YAML"),
}


@pytest.mark.parametrize(("text", "words"), WRONG_YAML.values(), ids=WRONG_YAML)
def test_other_yaml_is_refused(tmp_path, text, words):
    same(read(tmp_path, VARIABLES + UPPER, "good.yaml"), [0.1, 0.2], [], [[1e-9], [2e-9]])
    with pytest.raises(InputError) as raised:
        read(tmp_path, text, "mine.yaml")
    assert words in str(raised.value)


def test_yaml_of_mass_and_lifetime(tmp_path):
    both = (
        "independent_variables:\n- header: {name: tau, units: NS}\n  values: [1, 1, 10, 10]\n"
        "- header: {name: M, units: MEV}\n  values: [100, 200, 100, 200]\n"
        "dependent_variables:\n- header: {name: UL}\n  values: [1e-9, 2e-9, 3e-9, 4e-9]\n"
    )
    same(read(tmp_path, both, "both.yml"), [0.1, 0.2], [1e3, 1e4], [[1e-9, 3e-9], [2e-9, 4e-9]])


def test_yaml_needs_pyyaml(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(InputError, match=r"needs PyYAML: pip install jaxtri\[hepdata\]"):
        read(tmp_path, EXAMPLES["hepdata.yaml"], "mine.yaml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0.1 2e-9 1e-3\n0.2 2e-9 1e5\n", "line 1, column 3 is 0.001, an upper edge of excluded couplings"),
        ("mass lower\n0.1 2e-9\n", "holds two columns, mass [GeV] and limit, and no header"),
        ("0.1 2.5\n0.2 1e5\n", "line 1, column 2: limit = 2.5 is not in (0, 1]"),
    ],
)
def test_other_lmt_is_refused(tmp_path, text, words):
    with pytest.raises(InputError) as raised:
        read(tmp_path, text, "mine.lmt")
    assert words in str(raised.value)


def test_no_limit_at_1e5_and_more_in_darkcasts_columns(tmp_path):
    curve = read(
        tmp_path,
        "0.1 1e-9 1e5\n0.2 1e-9 1e5\n0.3 1e5 1e5\n0.4 2e6 1e5\n0.5 1e-9 1e5\n0.6 1e-9 1e5\n",
        "a.lmt",
    )
    assert np.isnan(curve.limit[:, 0]).tolist() == [False, False, True, True, False, False]
    assert curve.known[:, 0].tolist() == [True, False, False, False, True]
    with pytest.raises(InputError, match=r"limit = 100000 is not in \(0, 1\]"):  # elsewhere it is a mistake
        read(tmp_path, "0.1,1e-9\n0.2,1e5\n")


def test_a_column_can_be_chosen(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("m_X,UL [1e-9],expected\n0.1,1,3e-9\n0.2,2,4e-9\n")
    for name, scale in (("UL", 1e-9), ("UL [1e-9]", 1e-9)):
        assert grid_of(read_curve_columns(path, "mine"), name).limit[:, 0].tolist() == [scale, 2 * scale]
    assert grid_of(read_curve_columns(path, "mine"), "expected").limit[:, 0].tolist() == [3e-9, 4e-9]


def test_a_file_that_is_not_there_or_not_text(tmp_path):
    with pytest.raises(StorageError, match=r"nowhere\.csv: cannot be read"):
        read_limit_curve(tmp_path / "nowhere.csv")
    with pytest.raises(InputError, match="byte 0 is not UTF-8 text; save the file as UTF-8"):
        read(tmp_path, PLAIN, encoding="utf-16")
