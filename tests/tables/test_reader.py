"""The shipped tables: each loads, each number has a unit and a source.

Oracles: the fields of the records and the units in their comments; anomalies summed by hand over the
chiral multiplets of one generation, Q(3, 1/6), u(3, 2/3), d(3, -1/3), L(1, -1/2), e(1, -1).
"""

import csv
import dataclasses
import itertools
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from jaxtri.cli.text import citations
from jaxtri.errors import InputError
from jaxtri.limits.previous import previous_limits, previously_excluded
from jaxtri.limits.search_tables import SETS, chosen_tables, curves_of, label_of
from jaxtri.limits.searches import load_searches
from jaxtri.limits.statistics import upper_limit
from jaxtri.model import standard_model
from jaxtri.model.anomalies import anomaly_coefficients, is_anomaly_free
from jaxtri.model.fermions import FERMIONS
from jaxtri.model.gauge_model import load_model
from jaxtri.model.standard_model import FormFactors, Hadrons, StandardModel, input_table, input_values
from jaxtri.model.treatment import load_treatment
from jaxtri.physics.production.channels import AVERAGES, CHANNELS
from jaxtri.tables import reader
from jaxtri.tables.dark_matter_schema import CosmologyTable
from jaxtri.tables.schema import (
    CorrelationTable,
    ModelTable,
    MomentsTable,
    SearchTable,
    TreatmentTable,
    TridentsTable,
)

RECORDS = {"standard_model": StandardModel, "form_factors": FormFactors, "hadrons": Hadrons}
OTHERS = {
    "correlations": CorrelationTable, "cosmology": CosmologyTable, "muon_g2": MomentsTable,
    "electron_g2": MomentsTable, "tridents": TridentsTable,
}  # fmt: skip
SCHEMAS = {"models": ModelTable, "treatments": TreatmentTable, "searches": SearchTable}
SHIPPED = sorted(str(path.relative_to(reader.FOLDER)) for path in reader.FOLDER.rglob("*.toml"))
FIELD = re.compile(r"^    (\w+): Array  # (?:\((\d+),\) )?(.+)$", flags=re.MULTILINE)
COMMENTS = {
    name: (length, unit) for name, length, unit in FIELD.findall(Path(standard_model.__file__).read_text())
}
ROUNDING = 1e-12  # sums of a dozen thirds
PRINTED = 6e-4  # derived entries are written with three or four digits
BIBTEX = re.compile(r"@(article|inproceedings)\{([\w:.+-]+),")


def entries():
    return {name: entry for table in RECORDS for name, entry in input_table(table).items()}


def listed(value):
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("name", SHIPPED)
def test_every_file_loads(name):
    path = reader.FOLDER / name
    if path.parent == reader.FOLDER:
        assert input_table(path.stem) if path.stem in RECORDS else reader.read(path, OTHERS[path.stem])
    else:
        assert reader.read(path, SCHEMAS[path.parent.name]).title
        assert path.stem in reader.names(path.parent.name)


def test_every_kind_of_file_is_there():
    assert {Path(name).parent.name for name in SHIPPED} == {"", *SCHEMAS}
    assert {"b3_minus_l2", "b_minus_l", "baryon"} < set(reader.names("models"))
    assert reader.names("treatments") == ["figure", "matched", "printed", "ward"]


@pytest.mark.parametrize("name", RECORDS)
def test_keys_are_the_fields_of_the_record(name):
    inner = {"form_factors", "hadrons"}
    assert list(input_table(name)) == [
        f.name for f in dataclasses.fields(RECORDS[name]) if f.name not in inner
    ]


@pytest.mark.parametrize("name", entries())
def test_every_entry_has_a_unit_and_a_source(name):
    entry = entries()[name]
    length, unit = COMMENTS[name]
    assert (f"[{entry.unit}]" if entry.unit != "1" else "dimensionless") == unit
    assert len(listed(entry.value)) == int(length or 1)
    assert isinstance(entry.value, list) == bool(length)
    assert re.search(r"\d{4}|choice|SND|Ball, Zwicky|what B_", entry.reference)  # a year, a paper or a reason
    if entry.error is not None:
        values = np.abs(listed(entry.value)) if isinstance(entry.value, list) else abs(entry.value)
        assert np.all((np.array(listed(entry.error)) > 0) & (np.array(listed(entry.error)) < values))


def test_derived_entries_follow_from_the_others():
    value = {name: entry.value for name, entry in entries().items()}
    assert value["alpha_mZ"] == pytest.approx(1 / 127.930, PRINTED)
    assert value["phi_charged_kaons"] == pytest.approx(0.501 / (0.501 + 0.336), abs=PRINTED)
    rest = sum(value[f"B_phi_{mode}"] for mode in ("3pi", "pi0gamma", "etagamma"))
    assert value["B_phi_KK"] == pytest.approx(1 - rest, ROUNDING)
    assert sum(value[f"B_omega_{mode}"] for mode in ("3pi", "pi0gamma", "etagamma", "pipi")) <= 1
    assert sum(value["kaon_phi_weight"]) == pytest.approx(1, ROUNDING)  # the charge of the kaon
    for isospin in ("rho", "omega"):
        assert sum(value[f"kaon_{isospin}_weight"]) == pytest.approx(1, ROUNDING)


def test_an_input_can_be_replaced():
    changed = input_values(
        standard_model.load_standard_model({"m_t": 173, "lump_mass": [1.5, 2.0, 3.0, 4.0]})
    )
    shipped = input_values(standard_model.load_standard_model())
    assert {name for name in shipped if changed[name] != shipped[name]} == {"m_t", "lump_mass"}
    assert changed["m_t"] == 173.0


def model_with(right_handed_neutrinos=(), **charges):
    """A model with charges by fermion or by group of fermions, 0 elsewhere."""
    groups = {
        "quarks": "u d s c b t",
        "leptons": "e mu tau nu_e nu_mu nu_tau",
        "L_mu": "mu nu_mu",
        "L_tau": "tau nu_tau",
    }
    each = dict.fromkeys(FERMIONS, 0)
    for name, charge in charges.items():
        each |= dict.fromkeys(groups.get(name, name).split(), charge)
    table = {"title": "t", "neutrinos": "chiral", "charges": each}
    return load_model(table | {"right_handed_neutrinos": [*right_handed_neutrinos]})


SUMS = {  # SU(2)^2, U(1)_Y^2, gravity^2, cubic, by hand
    "B": ({"quarks": "1/3"}, (3, -3 / 2, 0, 0)),  # 3 * 3/3;  3 * (2/36 - 4/9 - 1/9)
    "L": ({"leptons": 1}, (3, -3 / 2, 3, 3)),  # 3;  3 * (2/4 - 1)
    "B - L": ({"quarks": "1/3", "leptons": -1}, (0, 0, -3, -3)),
    "B - L, nu_R": ({"quarks": "1/3", "leptons": -1, "right_handed_neutrinos": [-1, -1, -1]}, (0, 0, 0, 0)),
    "B - L, -4 -4 5": ({"quarks": "1/3", "leptons": -1, "right_handed_neutrinos": [-4, -4, 5]}, (0, 0, 0, 0)),
    "L_mu - L_tau": ({"L_mu": 1, "L_tau": -1}, (0, 0, 0, 0)),
    "L_mu": ({"L_mu": 1}, (1, -1 / 2, 1, 1)),
    "L_mu, doubled": ({"L_mu": 2}, (2, -1, 2, 8)),
    "top": ({"t": 1}, (3 / 2, -5 / 4, 0, 0)),  # 3/2;  3 * (1/36 - 4/9)
    "electron": ({"e": 1}, (1 / 2, -3 / 4, 0, 0)),  # 1/4 - 1
    "neutrino": ({"nu_e": 1, "right_handed_neutrinos": ["1/2"]}, (1 / 2, 1 / 4, 1 / 2, 7 / 8)),
}


@pytest.mark.parametrize(("charges", "expected"), SUMS.values(), ids=SUMS)
def test_anomaly_coefficients(charges, expected):
    model = model_with(**charges)
    found = anomaly_coefficients(model)
    names = ("SU(2)^2 U(1)_X", "U(1)_Y^2 U(1)_X", "gravity^2 U(1)_X", "U(1)_X^3")
    np.testing.assert_allclose([found[name] for name in names], expected, rtol=ROUNDING, atol=ROUNDING)
    assert is_anomaly_free(model) == (expected[:2] == (0, 0))


@pytest.mark.parametrize("name", reader.names("models"))
def test_shipped_models_have_the_name_of_their_file(name):
    assert load_model(name).name == name


@pytest.mark.parametrize(
    ("written", "charge"),
    [("1/3", 1 / 3), ("-2/3", -2 / 3), ("0.5", 0.5), ("2", 2.0), (-1, -1.0), (0.25, 0.25), ("1e-3", 1e-3)],
)
def test_charges_are_numbers_or_fractions(written, charge):
    model = model_with(mu=written, right_handed_neutrinos=[written])
    assert model.charge.tolist() == [charge if name == "mu" else 0.0 for name in FERMIONS]
    assert model.right_handed_neutrinos == (charge,)


@pytest.mark.parametrize("name", reader.names("treatments"))
def test_treatments_have_their_own_name_and_title(name):
    treatment = load_treatment(name)
    assert treatment.name == name
    assert treatment.title == tomllib.loads((reader.FOLDER / f"treatments/{name}.toml").read_text())["title"]


def search_tables():
    return {
        name: reader.read(reader.locate("searches", name), SearchTable) for name in reader.names("searches")
    }


@pytest.mark.parametrize("name", reader.names("searches"))
def test_every_search_is_possible_and_cited(sm, name):
    plain = search_tables()[name]
    for table in (plain.in_set(one) for one in plain.sets):
        M, m_D = CHANNELS[AVERAGES.get(table.channel, (table.channel,))[0]].masses(sm)
        assert 0 <= table.m_X[0] < table.m_X[1] <= float(M - m_D) * 1.001, "a window where X can be produced"
        assert all(low < high for low, high in [*(table.q2_vetoes or []), *(table.m_X_vetoes or [])])
        assert table.tau_ps is None or table.tau_ps[0] < table.tau_ps[1]
        assert table.reference
        assert table.locator
        assert BIBTEX.match(table.bibtex.strip())
        assert table.bibtex.count("{") == table.bibtex.count("}")
        if isinstance(table.limit, float) or table.value is not None:
            assert upper_limit(table, "central") <= upper_limit(table, "gauss") < 1e-2


def test_a_bibtex_key_means_one_entry():
    both = [table.in_set(one).bibtex.strip() for table in search_tables().values() for one in table.sets]
    keys = [BIBTEX.match(entry)[2] for entry in set(both)]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("name", SETS)
def test_a_set_holds_the_searches_that_name_it(name):
    mode, tables, _ = chosen_tables(name)
    curves = curves_of(tables, mode=mode)
    labels = tuple(label_of(key, table, mode, curves.get(key)) for key, table in tables.items())
    assert {label.name for label in labels} == {
        key for key, one in search_tables().items() if name in one.sets
    }
    parents = [key for key, _ in itertools.groupby(label.channel[0] for label in labels)]
    assert parents == (["B"] if name == "binned" else ["Z", "B", "K"])
    cited = citations(tuple(dataclasses.asdict(label) for label in labels))
    assert {BIBTEX.match(label.bibtex.strip())[2] for label in labels} <= {
        key for _, key in BIBTEX.findall(cited)
    }


def test_the_sets_differ_where_a_table_says_so():
    limits = {
        name: {one.name: one.limit for one in load_searches(name).labels} for name in ("printed", "corrected")
    }
    same = limits["printed"].keys() & limits["corrected"].keys()
    for name in same:
        table = search_tables()[name]
        overridden = table.printed is not None and {"limit", "value"} & table.printed.model_fields_set
        differs = limits["printed"][name] != limits["corrected"][name]
        assert differs == (bool(overridden) or table.kind == "measurement"), name


def b_minus_l_limits():
    lines = (reader.FOLDER / "previous_limits" / "b_minus_l.csv").read_text().splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def test_previous_limits_are_sane():
    rows = b_minus_l_limits()
    assert len(rows) > 1000
    for row in rows:
        assert list(row) == ["search", "experiment", "reference", "kind", "m_X", "g_low", "g_high"]
        assert all(row[key] for key in ("search", "experiment", "reference", "kind"))
        assert re.search(r"\d{4}\.\d{4,5}|hep-ex/\d{7}|\(\d{4}\)\d+", row["reference"])
        assert 1e-6 < float(row["m_X"]) < 1e3
        assert 0 < float(row["g_low"]) < float(row["g_high"] or "inf")
    for _, some in itertools.groupby(rows, lambda row: row["search"]):
        assert np.all(np.diff([float(row["m_X"]) for row in some]) > 0), "masses ascend within a search"
    names = [name for name, _ in itertools.groupby(row["search"] for row in rows)]
    assert len(names) == len(set(names)), "a search is in one place"


def test_previous_limits_cover_what_the_table_says():
    limits = previous_limits({"model": {"previous_limits": "previous_limits/b_minus_l.csv"}})
    rows = b_minus_l_limits()
    assert sum(len(limit.m_X) for limit in limits) == len(rows)
    for row in rows[::37]:
        m_X, low, high = (float(row[key] or "inf") for key in ("m_X", "g_low", "g_high"))
        inside = np.array([low * 1.0001, min(high * 0.9999, 1.0)])
        assert previously_excluded(limits, np.array([m_X]), inside).all(), row["search"]
    assert not previously_excluded(limits, np.array([0.01, 1.0]), np.array([1e-12, 1e-11])).any()
    assert previous_limits({"model": {"previous_limits": None}}) == []


def test_previous_limits_are_a_shipped_table_or_a_file_beside_the_model(tmp_path):
    shipped = (reader.FOLDER / "models" / "b_minus_l.toml").read_text()
    own = tmp_path / "mine.toml"
    own.write_text(shipped.replace("previous_limits/b_minus_l.csv", "mine.csv"))
    with pytest.raises(InputError, match=r"mine\.csv.*known: previous_limits/b_minus_l\.csv"):
        load_model(own)
    (tmp_path / "mine.csv").write_text(
        "# a comment\nsearch,experiment,reference,kind,m_X,g_low,g_high\n"
        "S,E,r,k,0.1,1e-5,1e-3\nS,E,r,k,0.11,1e-5,\n"
    )
    (limit,) = previous_limits({"model": {"previous_limits": load_model(own).previous_limits}})
    assert (limit.search, limit.m_X.tolist(), limit.g_high.tolist()) == ("S", [0.1, 0.11], [1e-3, np.inf])
    covered = previously_excluded([limit], np.array([0.05, 0.1, 0.105]), np.array([1e-6, 1e-4, 1e-2]))
    assert covered.tolist() == [[False] * 3, [False, True, False], [False, True, True]]


HEAD = "search,experiment,reference,kind,m_X,g_low,g_high\n"
WRONG_TABLES = {
    "another layout": ("m,g\n0.1,1e-5\n", "the columns are m,g; give search,experiment"),
    "semicolons": (
        HEAD.replace(",", ";") + "S;E;r;k;0,1;1e-5;\n",
        "separated by commas, with decimal points",
    ),
    "decimal commas": (HEAD + "S,E,r,k,0,1,1e-5,\n", "line 2: 8 columns; give 7"),
    "no number": (
        HEAD + "# a comment\nS,E,r,k,heavy,1e-5,\n",
        "line 3: m_X = 'heavy': input should be a",
    ),
    "negative": (HEAD + "S,E,r,k,-0.1,1e-5,\n", "line 2: m_X = '-0.1': input should be greater than 0"),
    "the wrong way round": (HEAD + "S,E,r,k,0.1,1e-3,1e-5\n", "line 2: g_high = 1e-05 is not above g_low"),
    "no name": (HEAD + ",E,r,k,0.1,1e-5,\n", "line 2: search = ''"),
    "nan": (HEAD + "S,E,r,k,0.1,nan,\n", "line 2: g_low = 'nan'"),
    "nothing": ("", "the columns are ; give search"),
}


@pytest.mark.parametrize(("text", "words"), WRONG_TABLES.values(), ids=WRONG_TABLES)
def test_a_wrong_table_of_earlier_limits_is_named_when_the_model_is_read(tmp_path, text, words):
    shipped = (reader.FOLDER / "models" / "b_minus_l.toml").read_text()
    (tmp_path / "mine.toml").write_text(shipped.replace("previous_limits/b_minus_l.csv", "mine.csv"))
    (tmp_path / "mine.csv").write_text(text)
    with pytest.raises(InputError) as caught:
        load_model(tmp_path / "mine.toml")
    assert f"{tmp_path / 'mine.csv'}: " in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize("name", ["a/b", "", ".", "..", "two\nlines", "back\\slash"])
def test_a_name_that_no_file_can_have_is_refused(name):
    shipped = tomllib.loads((reader.FOLDER / "models" / "b_minus_l.toml").read_text())
    with pytest.raises(InputError, match="model: name = "):
        load_model(shipped | {"name": name})
    assert load_model(shipped | {"name": "U(1)_B, Belle' Ü"}).name == "U(1)_B, Belle' Ü"


def test_a_charge_is_bounded():
    shipped = tomllib.loads((reader.FOLDER / "models" / "b_minus_l.toml").read_text())
    shipped["charges"] |= {"t": 1e160}
    with pytest.raises(InputError, match=r"charges\.t = 1e\+160: input should be less than or equal to 1000"):
        load_model(shipped)


def test_the_readme_names_every_channel_and_key():
    readme = (reader.FOLDER / "README.md").read_text()
    assert all(f'"{channel}"' in readme for channel in [*CHANNELS, *AVERAGES])
    stated = {
        "title",
        "experiment",
        "confidence",
        "stat_up",
        "value",
        "limit",
        "stat_down",
        "syst",
        "note",
        "printed",
    }
    assert all(f"`{key}`" in readme for key in set(SearchTable.model_fields) - stated)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("m_X [MeV]\n10\n100\n", r"column 'm_X \[MeV\]' is in MeV; masses and energies are read in GeV"),
        ("m_X_keV\n10\n100\n", "is in keV"),
        ('"0.01"\n0.1\n', r'line 1 is "0.01"; give a finite number'),
        ("0.01 GeV\n0.1\n", "line 1 is 0.01 GeV; give a finite number"),
        ("1.0D-2\n0.1\n", "line 1 is 1.0D-2; give a finite number"),
        ("0.1\n1_0\n", "line 2 is 1_0; give a finite number"),
        ("0.1,\n0.2,\n", "first line is '0.1,'; give a header that names every column once"),
    ],
)
def test_no_first_line_of_a_file_of_numbers_is_swallowed(tmp_path, text, message):
    (tmp_path / "axis.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        reader.read_columns(tmp_path / "axis.csv")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("m_X\n# GeV\n0.1\n\n-0.2\n", "line 5: m_X = -0.2; give positive numbers"),
        ("0.1\n0.2\n0.2\n", "line 3: column 1 = 0.2 follows 0.2; values ascend"),
        ("a,b\n1,2\n3,1\n", "line 3: b = 1 follows 2; values ascend"),
    ],
)
def test_values_are_refused_by_line_and_name(tmp_path, text, message):
    (tmp_path / "axis.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        reader.read_columns(tmp_path / "axis.csv", positive=True, ascending=True)
    assert len(reader.read_columns(tmp_path / "axis.csv")) > 0
