"""What a user gets wrong: one JaxtriError that says where, what was found and what is allowed.

Oracle: the fragments beside each mistake, taken from the rule of the house for messages.
"""

import copy
import re
import subprocess
import sys
from pathlib import Path

import pytest

from jaxtri.errors import InputError, JaxtriError, StorageError, unknown_name
from jaxtri.limits.searches import load_searches
from jaxtri.model.fermions import FERMIONS
from jaxtri.model.gauge_model import load_model
from jaxtri.model.standard_model import load_standard_model
from jaxtri.model.treatment import load_treatment
from jaxtri.physics.production.channels import branching_ratio
from jaxtri.scans.spec import load_spec
from jaxtri.tables.reader import LARGEST
from toml_text import written

REMOVED = object()
INF, NAN = float("inf"), float("nan")
AXIS = {"min": 1e-3, "max": 90.0, "points": 40, "spacing": "log"}
CHARGES = dict.fromkeys(FERMIONS[:6], -1) | dict.fromkeys(FERMIONS[6:], "1/3")
IN_PLACE = {"title": "in place", "neutrinos": "chiral", "charges": CHARGES}
SPEC = {
    "title": "small",
    "model": IN_PLACE,
    "treatments": ["matched"],
    "searches": {"set": "printed"},
    "axes": {"m_X": AXIS, "g_X": AXIS},
    "inputs": {"m_t": 173.0},
}
ARTICLE = {
    "title": "a search",
    "experiment": "E",
    "channel": "K+ -> pi+ X",
    "final_state": "mu+ mu-",
    "kind": "limit",
    "limit": 1e-9,
    "confidence": 0.9,
    "m_X": [0.22, 0.35],
    "prompt": {"tau_ps": 1.0, "locator": "p. 1"},
    "reference": "arXiv:0000.00000",
    "locator": "p. 1",
    "bibtex": "@article{a, title = {a}}",
}


def changed(start, *changes):
    """Return a copy with values replaced at dotted keys."""
    data = copy.deepcopy(start)
    for place, value in changes:
        *parents, last = place.split(".")
        table = data
        for parent in parents:
            table = table.setdefault(parent, {})
        if value is REMOVED:
            del table[last]
        else:
            table[last] = value
    return data


def message_of(source, kind=InputError, load=load_spec):
    with pytest.raises(JaxtriError) as caught:
        load(source)
    assert type(caught.value) is kind
    return str(caught.value)


def test_the_unchanged_scan_is_accepted(tmp_path):  # so every refusal below is the change's own
    assert load_spec(SPEC).model.charge[6] == 1 / 3
    assert load_spec(written(tmp_path / "scan.toml", SPEC)).name == "scan"
    files = [written(tmp_path / "mine.toml", ARTICLE)]
    assert "mine" in [label.name for label in load_searches("printed", files=files).labels]


NUMBERS = ["text", "", "1/0", "nan", "inf", "1/3/4", True, NAN, INF, [1], {}]
MISTAKES = [  # place, value, fragments of the message: where, what was found, what is allowed
    *(
        (f"model.charges.{f}", x, (f"charges.{f}", repr(x), "number"))
        for f, x in zip("et" * 6, NUMBERS, strict=False)
    ),
    ("model.charges.t", REMOVED, ("charges.t is missing", "required")),
    ("model.charges", REMOVED, ("charges is missing", "required")),
    ("model.charges", [1] * 12, ("charges", "[1, 1,", "valid dictionary")),
    ("model.charges.x", 1, ("charges", 'no key "x"', "known: b, c, d, e, mu")),
    ("model.neutrinos", "sterile", ("neutrinos", "'sterile'", "'chiral', 'dirac' or 'majorana'")),
    ("model.right_handed_neutrinos", ["x"], ("right_handed_neutrinos.0", "'x'", 'write 0.5, -1 or "1/3"')),
    ("model.right_handed_neutrinos", -1, ("right_handed_neutrinos", "-1", "valid list")),
    ("model.title", 3, ("title", "3", "valid string")),
    ("model.titel", "x", ("model", 'no key "titel"', "did you mean title?")),
    (
        "model",
        "b_minus",
        ("tables/models", 'no model "b_minus"', "did you mean b_minus_l", "b3_minus_l2, b"),
    ),
    ("model", "", ("model", "''", "at least 1 character")),
    ("model", 3, ("model", "3", "give a name or a path or a table")),
    ("model", REMOVED, ("scan: give either model, or models as a list",)),
    ("models", ["b_minus_l"], ("scan: give either model, or models as a list",)),
    ("model.neutrinos", "majorana", ("needs m_nu_R [GeV] and right_handed_neutrinos",)),
    ("model.m_nu_R", 1.0, ("m_nu_R belongs to neutrinos",)),
    ("treatments", ["matchd"], ("treatments", 'no treatment "matchd"', "did you mean matched?")),
    ("treatments", [], ("treatments", "[]", "at least 1 item")),
    ("treatments", "matched", ("treatments", "'matched'", "valid list")),
    ("treatments", [1], ("treatments.0", "1", "give a name or a path or a table")),
    (
        "treatments",
        ["matched", "matched"],
        ("scan: treatments", "named matched more than once", "rename one"),
    ),
    ("treatments", [{"base": "figure", "name": "matched"}, "matched"], ("named matched more than once",)),
    ("treatments", [{"base": "matchd", "name": "m"}], ('no treatment "matchd"', "did you mean matched?")),
    ("treatments", [{"base": "matched"}], ("treatments.0", "name is missing", "required")),
    ("treatments", [{"base": "matched", "name": "a/b"}], ("treatments.0", "name = 'a/b'", "A-Za-z0-9_.+-")),
    (
        "treatments",
        [{"base": "matched", "name": "m", "b_to_q": "x"}],
        ('no key "b_to_q"', "did you mean b_to_k"),
    ),
    (
        "treatments",
        [{"base": "matched", "name": "m", "k_to_pi": "vektor"}],
        (
            'treatments "m": k_to_pi',
            'no choice "vektor"',
            "did you mean vector?",
            "known: bracket, goldstone",
        ),
    ),
    ("searches", REMOVED, ("searches is missing", "required")),
    ("searches", "printed", ("searches", "'printed'", "valid dictionary")),
    ("searches.set", "printd", ("searches.set", "'printd'", "'corrected', '2026' or 'binned'")),
    (
        "searches.measurement",
        "mean",
        ("searches.measurement", "'mean'", "'central', 'gauss', 'sm_subtracted'"),
    ),
    ("searches.confidence", 95, ("searches.confidence", "95", "less than 1")),
    ("searches.only", ["na62_2022_kpi"], ('no search "na62_2022_kpi"', "did you mean na62_2022_kpi_mumu")),
    ("searches.exclude", ["na62_2022_kpi"], ('no search "na62_2022_kpi"', "did you mean na62_2022_kpi_mumu")),
    ("searches.only", "na62_2022_kpi_mumu", ("searches.only", "'na62_2022_kpi_mumu'", "valid list")),
    ("searches.only", [], ("searches", 'none of the set "printed" is left', "give at least one")),
    ("searches.onyl", [], ("searches", 'no key "onyl"', "did you mean only?")),
    ("axes", REMOVED, ("axes is missing", "required")),
    ("axes.m_X", REMOVED, ("axes.m_X is missing", "required")),
    ("axes.m_X", 3, ("axes.m_X", "3", "valid dictionary")),
    ("axes.m_x", AXIS, ("axes.m_x", 'no parameter "m_x"', "did you mean m_")),
    ("axes.m_X.step", 1, ("axes.m_X", 'no key "step"', "known: file, max, min, points, spacing, values")),
    ("axes.m_X.spacing", "lin", ("axes.m_X.spacing", "'lin'", "'log' or 'linear'")),
    (
        "axes.m_X.spacing",
        REMOVED,
        ("axes.m_X", "'points': 40", "give min, max, points and spacing, or values"),
    ),
    ("axes.m_X", {}, ("axes.m_X", "{}", "give min, max, points and spacing, or values")),
    (
        "axes.m_X",
        AXIS | {"values": [1.0, 2.0]},
        ("axes.m_X", "[1.0, 2.0]", "give either values, or file, or min"),
    ),
    ("axes.m_X.min", 90.0, ("axes.m_X", "min = 90.0 must be below max = 90.0")),
    ("axes.g_X.min", 91.0, ("axes.g_X", "min = 91.0 must be below max = 90.0")),
    *(("axes.m_X.min", x, ("axes.m_X.min", repr(x), "greater than 0")) for x in (0, 0.0, -1.0)),
    *(("axes.m_X.max", x, ("axes.m_X.max", repr(x), "finite number")) for x in (NAN, INF)),
    *(("axes.g_X.min", x, ("axes.g_X.min", repr(x), "valid number")) for x in ("1", True, [1.0])),
    *(("axes.m_X.points", x, ("m_X.points", repr(x), "greater than or equal to 2")) for x in (0, 1, -3)),
    *(("axes.m_X.points", x, ("m_X.points", repr(x), "valid integer")) for x in (True, 2.0, "3")),
    ("axes.m_X.points", 10**8, ("m_X.points", "100000000", "less than or equal to 10000000")),
    ("axes.m_X", {"values": []}, ("m_X.values", "[]", "at least 1 item")),
    *((name, {"values": [1.0]}, (name, "at least two positive")) for name in ("axes.m_X", "axes.g_X")),
    *(
        ("axes.g_X", {"values": x}, ("axes.g_X", repr(x), "values must ascend"))
        for x in ([2.0, 1.0], [1.0, 1.0])
    ),
    ("axes.m_X", {"values": [0.0, 1.0]}, ("m_X.values.0", "0.0", "greater than 0")),
    ("axes.m_X", {"values": [1.0, NAN]}, ("m_X.values.1", "nan", "finite number")),
    ("axes.m_X", {"values": [1.0, "2"]}, ("m_X.values.1", "'2'", "valid number")),
    ("precision", "float16", ("precision", "'float16'", "'float32' or 'float64'")),
    ("title", "", ("title", "''", "at least 1 character")),
    ("titel", "x", ("scan", 'no key "titel"', "did you mean title?")),
    ("figure.palette", "red", ("figure.palette", "'red'", "'okabe-ito', 'paper' or 'blue'")),
    ("figure", 1, ("figure", "1", "valid dictionary")),
    ("inputs", 1, ("inputs", "1", "valid dictionary")),
    ("inputs.m_top", 173.0, ("inputs", '"m_top"', "did you mean m_t")),
    *(("inputs.m_t", x, ("inputs.m_t", repr(x), "give a number or a list")) for x in ("173", True, {})),
    *(("inputs.m_t", x, ("inputs.m_t", repr(x), "finite number")) for x in (NAN, INF)),
    *(("inputs.m_t", x, ("inputs: m_t", f"{x} GeV", "give a positive number")) for x in (0.0, -1.0)),
    *(
        (f"inputs.{name}", -1.0, (name, "-1.0", "positive"))
        for name in ("tau_KL", "G_F", "Gamma_Z", "B_K_fplus_m2")
    ),
    ("inputs.m_t", [173.0], ("inputs.m_t", "[173.0]", "give one number in GeV")),
    ("inputs.lump_mass", 1.7, ("inputs.lump_mass", "1.7", "give a list of 4 in GeV")),
    ("inputs.lump_mass", [1.7], ("inputs.lump_mass", "[1.7]", "give a list of 4 in GeV")),
    ("inputs.lump_mass", [1.7, 1.7, 1.7, -1.7], ("lump_mass", "-1.7", "give a positive number")),
]


@pytest.mark.parametrize(("place", "value", "fragments"), MISTAKES)
def test_a_mistake_is_named_with_what_is_allowed(place, value, fragments):
    message = message_of(changed(SPEC, (place, value)))
    assert all(fragment in message for fragment in fragments), message


@pytest.mark.parametrize(("place", "value", "fragments"), MISTAKES[:12:3])
def test_so_it_is_in_a_file(tmp_path, place, value, fragments):
    message = message_of(written(tmp_path / "scan.toml", changed(SPEC, (place, value))))
    assert all(fragment in message for fragment in (str(tmp_path / "scan.toml"), *fragments)), message


SEARCH_MISTAKES = [
    ("channel", "K+ -> pi X", ("mine.toml: channel", '"K+ -> pi X"', "did you mean K+ -> pi+ X")),
    ("final_state", "gamma gamma", ("mine.toml: final_state", "'gamma gamma'", "'invisible'")),
    ("limit", 3.0, ("mine.toml: limit", "3.0", "less than or equal to 1")),
    ("limit", 0.0, ("mine.toml: limit", "0.0", "greater than 0")),
    ("limit", REMOVED, ("mine.toml", "needs limit and confidence")),
    ("confidence", 90.0, ("mine.toml: confidence", "90.0", "less than 1")),
    ("kind", "measurement", ("mine.toml", "needs value and stat_up")),
    ("m_X", [0.35, 0.22], ("mine.toml", "[0.35, 0.22]", "low < high")),
    ("m_X", [0.22], ("mine.toml: m_X", "[0.22]", "at least 2 items")),
    ("m_X", [-1.0, 1.0], ("mine.toml: m_X.0", "-1.0", "greater than or equal to 0")),
    ("m_X_vetoes", [[0.3, 0.4], [0.2, 0.3]], ("mine.toml", "vetoes cover all of m_X", "nothing is left")),
    ("q2_vetoes", [[0.0, 1.0]], ("mine.toml", "vetoes cover all of m_X", "nothing is left")),
    ("reference", REMOVED, ("mine.toml: reference is missing", "required")),
    ("prompt", REMOVED, ("mine.toml", "needs either prompt or tau_ps")),
    ("prompt.length_m", 1.0, ("mine.toml: prompt", "either length_m or tau_ps")),
    ("prompt.gamma_parent", 2.0, ("mine.toml: prompt", "tau_ps needs neither")),
    ("final_state", "invisible", ("mine.toml", "needs escape")),
    ("luminosity", 1.0, ("mine.toml", 'no key "luminosity"', "known: bibtex")),
    ("printed.limt", 1e-9, ("mine.toml.printed", 'no key "limt"', "did you mean limit")),
]


@pytest.mark.parametrize(("place", "value", "fragments"), SEARCH_MISTAKES)
def test_a_mistake_in_a_search_of_ones_own(tmp_path, place, value, fragments):
    written(tmp_path / "mine.toml", changed(ARTICLE, (place, value)))
    scan = written(tmp_path / "scan.toml", changed(SPEC, ("searches.files", ["mine.toml"])))
    message = message_of(scan)
    assert all(fragment in message for fragment in fragments), message


def test_all_mistakes_are_reported_at_once():
    wrong = [
        ("model.charges.e", "one"),
        ("axes.m_X.points", 0),
        ("axes.g_X.max", NAN),
        ("searches.set", "old"),
        ("colour", "red"),
    ]
    lines = message_of(changed(SPEC, *wrong)).splitlines()
    for place in ("charges.e", "axes.m_X.points", "axes.g_X.max", "searches.set", "colour"):
        assert sum(bool(re.search(rf"\b{place}( = |\")", line)) for line in lines) >= 1, place
    assert all(line.startswith("scan") for line in lines)


def test_all_unknown_names_are_reported_at_once():
    wrong = [
        ("model", "b_minus"),
        ("treatments", ["matchd"]),
        ("searches.only", ["na61"]),
        ("inputs.m_top", 1.0),
    ]
    message = message_of(changed(SPEC, *wrong))
    assert all(name in message for name in ("b_minus", "matchd", "na61", "m_top"))


@pytest.mark.parametrize(
    ("place", "value"), [("model.charges.e", "x"), ("inputs.m_t", "x"), ("model", 3), ("treatments", [3])]
)
def test_a_mistake_is_one_sentence_without_words_of_the_checker(place, value):
    message = message_of(changed(SPEC, (place, value)))
    assert len(message.splitlines()) == 1
    assert not re.search(r"constrained-str|ModelTable|Choice|\bfloat\b|dictionary|instance of", message)


def test_a_long_axis_that_does_not_ascend_is_a_short_message():
    values = [float(i) for i in range(1, 5001)]
    values[2500] = 1.0
    assert len(message_of(changed(SPEC, ("axes.m_X", {"values": values})))) < 500


def test_a_charge_that_is_too_large():
    assert "charges.e" in message_of(changed(SPEC, ("model.charges.e", "1e400")))


def test_a_path_with_a_null():
    assert r"a\x00.toml" in message_of(changed(SPEC, ("model", "a\0.toml")))


def test_previous_limits_that_are_not_there_are_refused_before_the_scan():
    assert "no_such.csv" in message_of(changed(SPEC, ("model.previous_limits", "no_such.csv")))


def test_a_search_outside_the_set_is_not_silently_dropped():
    outside = "belle_2021_bplus_kplus_ee"  # of the corrected set alone
    message = message_of(changed(SPEC, ("searches.only", ["na62_2022_kpi_mumu", outside])))
    assert outside in message


@pytest.mark.parametrize("treatment", ["printed", "figure"])
@pytest.mark.parametrize(
    ("charges", "why"),
    [
        ({"e": 0}, "X_t = 0.333333 and is not anomaly-free"),
        (
            dict.fromkeys(FERMIONS[:6], -0.5) | dict.fromkeys(FERMIONS[6:], "1/6"),
            "X_t = 0.166667 and is anomaly-free",
        ),
    ],
    ids=["anomalous", "half of B - L"],
)
def test_formulas_without_charges_refuse_other_models(treatment, charges, why):
    other = changed(SPEC, ("treatments", ["matched", treatment]), ("model.charges", CHARGES | charges))
    message = message_of(other)
    assert f'treatment "{treatment}"' in message
    assert why in message
    assert "use matched" in message
    assert load_spec(changed(other, ("treatments", ["matched"]))).treatments[0].name == "matched"
    assert load_spec(changed(other, ("model.charges", CHARGES))).treatments[1].name == treatment


def bytes_in(name, content):
    def make(folder):
        (folder / name).write_bytes(content)
        return folder / name

    return make


def a_folder(folder):
    (folder / "scan.toml").mkdir()
    return folder / "scan.toml"


FILES = {
    "not UTF-8": (
        bytes_in("scan.toml", b'title = "caf\xe9"\n'),
        InputError,
        "byte 12 is not UTF-8 text; save",
    ),
    "UTF-16": (bytes_in("scan.toml", "title = 1".encode("utf-16")), InputError, "not UTF-8 text"),
    "too large": (
        bytes_in("scan.toml", b"#" * (LARGEST + 1)),
        InputError,
        f"{LARGEST + 1} bytes; .* at most {LARGEST}",
    ),
    "invalid": (bytes_in("scan.toml", b"title = \n"), InputError, r"not valid TOML: .*line 1"),
    "a key twice": (bytes_in("scan.toml", b"a = 1\na = 2\n"), InputError, r"not valid TOML: .*line 2"),
    "binary": (bytes_in("scan.toml", b"\x89HDF\r\n\x1a\n"), InputError, "byte 0 is not UTF-8 text"),
    "deeply nested": (
        bytes_in("scan.toml", b"a = " + b"[" * 10**5 + b"]" * 10**5),
        InputError,
        "not valid TOML",
    ),
    "deeply dotted": (bytes_in("scan.toml", b"a." * 3000 + b"a = 1"), InputError, 'no key "a"'),
    "empty": (bytes_in("scan.toml", b""), InputError, "title is missing"),
    "a folder": (a_folder, StorageError, r"cannot be read \(Is a directory\)"),
    "missing": (lambda folder: folder / "scan.toml", StorageError, r"cannot be read \(No such file"),
    "below a file": (lambda folder: bytes_in("a", b"")(folder) / "scan.toml", StorageError, "cannot be read"),
    "a long name": (
        lambda folder: folder / ("x" * 300 + ".toml"),
        StorageError,
        r"cannot be read \(File name too",
    ),
}


@pytest.mark.parametrize(("make", "kind", "words"), FILES.values(), ids=FILES)
def test_a_scan_file_that_cannot_be_read(tmp_path, make, kind, words):
    path = make(tmp_path)
    message = message_of(path, kind)
    assert message.startswith(str(path))
    assert re.search(words, message), message


def test_the_largest_file_is_read(tmp_path):  # so "too large" is about the size
    path = written(tmp_path / "scan.toml", SPEC)
    with path.open("a") as file:
        file.write("#" * (LARGEST - path.stat().st_size))
    assert load_spec(path).title == "small"


@pytest.mark.parametrize("key", ["model", "treatments", "searches.files"])
def test_a_named_file_is_looked_for_beside_the_scan_file(tmp_path, key):
    value = "sub/mine.toml" if key == "model" else ["sub/mine.toml"]
    message = message_of(written(tmp_path / "scan.toml", changed(SPEC, (key, value))), StorageError)
    assert message.startswith(str(tmp_path / "sub" / "mine.toml"))


PYTHON = {
    "model": (lambda: load_model("b_minus"), 'no model "b_minus"'),
    "treatment": (lambda: load_treatment("match"), 'no treatment "match"'),
    "set": (lambda: load_searches("print"), 'no search set "print"'),
    "measurement": (lambda: load_searches("printed", measurement="mean"), 'no measurement "mean"'),
    "input": (lambda: load_standard_model({"m_tt": 1.0}), 'no Standard Model input "m_tt"; did you mean'),
    "tuple": (lambda: load_standard_model({"lump_mass": (1.0, 2.0)}), "give a list of 4 in GeV"),
    "text": (lambda: load_standard_model({"m_t": "173"}), "'173': input should be a valid number"),
    "channel": (
        lambda: branching_ratio("Z -> X", None, None, None, 1.0, 1.0),
        'no channel "Z -> X"; did you mean',
    ),
}


@pytest.mark.parametrize(("call", "words"), PYTHON.values(), ids=PYTHON)
def test_python_functions_check_their_arguments(call, words):
    with pytest.raises(InputError) as caught:
        call()
    assert words in str(caught.value)


def test_without_64_bit_floats_nothing_runs():
    code = (
        "import jaxtri\ntry: jaxtri.load_model('b_minus_l')\nexcept jaxtri.JaxtriError as error: print(error)"
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert 'jax.config.update("jax_enable_x64", True)' in run.stdout


def test_the_nearest_names_come_first():
    message = str(unknown_name("here", "fruit", "appel", ["pear", "apple", "plum"]))
    assert message == 'here: no fruit "appel"; did you mean apple? known: apple, pear, plum'
    assert "did you mean" not in str(unknown_name("here", "fruit", "xyz", ["pear", "apple"]))


@pytest.mark.parametrize(("kind", "base", "code"), [(InputError, ValueError, 2), (StorageError, OSError, 4)])
def test_errors_are_of_one_family(kind, base, code):
    assert issubclass(kind, JaxtriError)
    assert issubclass(kind, base)
    assert kind.exit_code == code
    assert JaxtriError.exit_code == 1


def test_every_error_raised_is_of_the_family():
    """No room raises a bare ValueError: what a user can cause is ours, what he cannot is an assertion."""
    package = Path(sys.modules["jaxtri"].__file__).parent
    allowed = {
        "DamagedTile",
        "ForeignTile",
        "InputError",
        "InterruptedScan",
        "NotAScan",
        "StorageError",
        "UnresolvedError",
        "unknown_name",
        "KeyError",
        "AttributeError",
        "ValueError",
    }
    for path in package.rglob("*.py"):
        raised = set(re.findall(r"^ +raise (\w+)\(", path.read_text(), flags=re.MULTILINE))
        # pydantic turns the ValueErrors of its checkers into ours
        checker = path.name in (
            "schema.py",
            "curve_schema.py",
            "recast_schema.py",
            "dark_matter_schema.py",
            "fields.py",
        )
        assert raised <= allowed - (set() if checker else {"ValueError"}), path.name
