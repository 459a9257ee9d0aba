"""The measured inputs of the Standard Model, as records whose every number is a differentiable leaf."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jaxtri.errors import InputError, unknown_name
from jaxtri.numerics.arrays import FloatArray
from jaxtri.numerics.jax_settings import require_x64
from jaxtri.tables.fields import Quantity
from jaxtri.tables.reader import FOLDER, parse, read_text
from jaxtri.tables.reader import check as check_table

RANGES = {  # where the formulas that use them hold; CKM sines stay below 1
    "sw2": (0, 1),
    "alpha_0": (0, 1),
    "alpha_mZ": (0, 1),
    "alpha_s_mZ": (0, 0.5),
    "ckm_lambda": (0, 1),
    "ckm_A": (0, 4),
    "ckm_rhobar": (-1, 1),
    "ckm_etabar": (-1, 1),
}
PIONS, KAONS = ("m_pi_plus", "m_pi_plus"), ("m_K_plus", "m_K_plus")
OMEGA = (*PIONS, "m_pi0")
DECAYS = (  # resonances, and what formulas take them to decay to, or the masses at which a shape begins
    ("m_rho", PIONS), ("m_rho", ("m_eta",)), ("m_omega", OMEGA), ("m_omega", ("m_eta",)), ("m_phi", OMEGA),
    ("m_phi", KAONS), ("m_phi", ("m_K0", "m_K0")), ("excited_omega_mass", OMEGA), ("kaon_rho_mass", PIONS),
    ("kaon_phi_mass", KAONS),
)  # fmt: skip
LUMPS = (  # the same of each broad resonance, in the order of `lump_mass`
    ("m_Kstar_plus", "m_K_plus"), ("m_eta", "m_phi"), ("m_omega", *PIONS), ("m_eta", "m_omega"),
)  # fmt: skip
LIKELY = {  # units that are taken for ours, and how many times larger numbers are in them
    "GeV": {"MeV": 1e3, "keV": 1e6, "eV": 1e9, "TeV": 1e-3},
    "GeV^2": {"MeV^2": 1e6, "TeV^2": 1e-6},
    "GeV^-2": {"MeV^-2": 1e-6, "TeV^-2": 1e6},
    "s": {"ps": 1e12, "ns": 1e9, "fs": 1e15, "us": 1e6, "ms": 1e3},
    "nb": {"pb": 1e3, "ub": 1e-3},
}


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class FormFactors:
    """Parameters of the hadronic form factors; formulas in physics/form_factors.py."""

    B_K_fplus_r1: Array  # dimensionless
    B_K_fplus_r2: Array  # dimensionless
    B_K_fplus_m2: Array  # [GeV^2]
    B_K_fzero_r2: Array  # dimensionless
    B_K_fzero_m2: Array  # [GeV^2]
    B_Kstar_A0_r1: Array  # dimensionless
    B_Kstar_A0_r2: Array  # dimensionless
    B_Kstar_A0_mR: Array  # [GeV]
    B_Kstar_A0_m2: Array  # [GeV^2]
    B_Kstar_A1_r2: Array  # dimensionless
    B_Kstar_A1_m2: Array  # [GeV^2]
    B_Kstar_A2_r1: Array  # dimensionless
    B_Kstar_A2_r2: Array  # dimensionless
    B_Kstar_A2_m2: Array  # [GeV^2]
    B_Kstar_V_r1: Array  # dimensionless
    B_Kstar_V_r2: Array  # dimensionless
    B_Kstar_V_mR: Array  # [GeV]
    B_Kstar_V_m2: Array  # [GeV^2]
    K_pi_f_at_0: Array  # dimensionless
    K_pi_lambda_plus_charged: Array  # dimensionless
    K_pi_lambda_plus_neutral: Array  # dimensionless
    K_pi_lambda_zero_charged: Array  # dimensionless
    K_pi_lambda_zero_neutral: Array  # dimensionless
    K_pi_a_plus: Array  # dimensionless
    K_pi_b_plus: Array  # dimensionless
    K_pi_kappa: Array  # dimensionless
    m_u_constituent: Array  # [GeV]


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class Hadrons:
    """Parameters of X -> hadrons; formulas in physics/hadrons.py."""

    m_rho: Array  # [GeV]
    Gamma_rho: Array  # [GeV]
    Bee_rho: Array  # dimensionless
    m_omega: Array  # [GeV]
    Gamma_omega: Array  # [GeV]
    Bee_omega: Array  # dimensionless
    m_phi: Array  # [GeV]
    Gamma_phi: Array  # [GeV]
    Bee_phi: Array  # dimensionless
    B_omega_3pi: Array  # dimensionless
    B_omega_pi0gamma: Array  # dimensionless
    B_omega_etagamma: Array  # dimensionless
    B_omega_pipi: Array  # dimensionless
    B_phi_3pi: Array  # dimensionless
    B_phi_pi0gamma: Array  # dimensionless
    B_phi_etagamma: Array  # dimensionless
    B_phi_KK: Array  # dimensionless
    phi_charged_kaons: Array  # dimensionless
    B_rho_pi0gamma: Array  # dimensionless
    B_rho_etagamma: Array  # dimensionless
    phase_rho_pi0gamma: Array  # [deg]
    phase_phi_pi0gamma: Array  # [deg]
    phase_phi_etagamma: Array  # [deg]
    phase_phi_3pi: Array  # [deg]
    excited_omega_mass: Array  # (2,) [GeV]
    excited_omega_width: Array  # (2,) [GeV]
    excited_omega_BB: Array  # (2,) dimensionless
    excited_omega_phase: Array  # (2,) [deg]
    kaon_rho_mass: Array  # (3,) [GeV]
    kaon_rho_width: Array  # (3,) [GeV]
    kaon_rho_weight: Array  # (3,) dimensionless
    kaon_omega_mass: Array  # (3,) [GeV]
    kaon_omega_width: Array  # (3,) [GeV]
    kaon_omega_weight: Array  # (3,) dimensionless
    kaon_phi_mass: Array  # (2,) [GeV]
    kaon_phi_width: Array  # (2,) [GeV]
    kaon_phi_weight: Array  # (2,) dimensionless
    lump_mass: Array  # (4,) [GeV]
    lump_width: Array  # (4,) [GeV]
    lump_peak_nb: Array  # (4,) [nb]
    isovector_scale: Array  # (2,) dimensionless
    switch_mass: Array  # [GeV]
    switch_width: Array  # [GeV]
    m_eta: Array  # [GeV]
    open_charm: Array  # [GeV]
    open_beauty: Array  # [GeV]


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class StandardModel:
    """Masses, couplings, CKM parameters and lifetimes, with the hadronic inputs as two records inside."""

    m_e: Array  # [GeV]
    m_mu: Array  # [GeV]
    m_tau: Array  # [GeV]
    m_u: Array  # [GeV]
    m_d: Array  # [GeV]
    m_s: Array  # [GeV]
    m_c: Array  # [GeV]
    m_b: Array  # [GeV]
    m_t: Array  # [GeV]
    m_Z: Array  # [GeV]
    Gamma_Z: Array  # [GeV]
    m_W: Array  # [GeV]
    G_F: Array  # [GeV^-2]
    alpha_0: Array  # dimensionless
    alpha_mZ: Array  # dimensionless
    sw2: Array  # dimensionless
    alpha_s_mZ: Array  # dimensionless
    ckm_lambda: Array  # dimensionless
    ckm_A: Array  # dimensionless
    ckm_rhobar: Array  # dimensionless
    ckm_etabar: Array  # dimensionless
    m_B_plus: Array  # [GeV]
    m_B0: Array  # [GeV]
    tau_B_plus: Array  # [s]
    tau_B0: Array  # [s]
    m_K_plus: Array  # [GeV]
    tau_K_plus: Array  # [s]
    m_K0: Array  # [GeV]
    tau_KL: Array  # [s]
    m_pi_plus: Array  # [GeV]
    m_pi0: Array  # [GeV]
    m_Kstar_plus: Array  # [GeV]
    m_Kstar0: Array  # [GeV]
    form_factors: FormFactors
    hadrons: Hadrons


Record = TypeVar("Record", FormFactors, Hadrons, StandardModel)
TABLES = ("standard_model", "form_factors", "hadrons")


def load_standard_model(inputs: Mapping[str, Any] | None = None, *, unusual: bool = False) -> StandardModel:
    """Return the Standard Model inputs of the shipped tables (PDG 2026 where it has them).

    Parameters
    ----------
    inputs
        Values that replace those of the tables, for example ``{"m_t": 173.0}``; every name of
        tables/standard_model.toml, form_factors.toml and hadrons.toml is allowed.
    unusual
        Take values that are far from those of the tables: else a mass, width or lifetime may differ by a
        factor of 10, any other input by 10 standard deviations.

    Raises
    ------
    InputError
        If a name is unknown, a value is not a number, far from its table or beyond what a formula can take,
        or a list has the wrong length.
    """
    require_x64()
    tables = {name: input_table(name) for name in TABLES}
    for name, value in (inputs or {}).items():
        known = _replace(tables, name, value)
        if not unusual:
            require_usual("inputs", name, known, np.asarray(value, dtype=float))
    _require_sines(tables["standard_model"])
    require_order("inputs", {name: one.value for table in tables.values() for name, one in table.items()})
    values = {
        name: {key: jax.device_put(np.asarray(entry.value, dtype=float)) for key, entry in table.items()}
        for name, table in tables.items()
    }
    return StandardModel(
        **values["standard_model"],
        form_factors=FormFactors(**values["form_factors"]),
        hadrons=Hadrons(**values["hadrons"]),
    )


def require_usual(where: str, name: str, entry: Quantity, values: FloatArray) -> None:
    """Raise where an input is far from its table: a factor of 10 (what has a unit) or 10 sigma (the rest).

    Raises
    ------
    InputError
        With the input's value in the table, and the unit that was probably meant.
    """
    known, found = np.broadcast_arrays(np.asarray(entry.value, dtype=float), np.asarray(values, dtype=float))
    if entry.unit in LIKELY or entry.error is None:
        far = (np.abs(found) > 10 * np.abs(known)) | (10 * np.abs(found) < np.abs(known))
        allowed = "within a factor of 10"
    else:
        far = np.abs(found - known) > np.maximum(10 * _errors(entry), 0.01 * np.abs(known))
        allowed = "within 10 standard deviations"
    if not far.any():
        return
    value, reference = float(found[far].flat[0]), float(known[far].flat[0])
    unit = "" if entry.unit == "1" else f" {entry.unit}"
    raise InputError(
        f"{where}: {name} = {value:g}{unit}{_likely(entry.unit, value, reference)}, but the table has "
        f"{reference:g}{unit}; give a value {allowed}, or unusual_inputs = true in the scan file"
    )


def _errors(entry: Quantity) -> FloatArray:
    """One standard deviation of an input, of each number of a list; the larger side where it is lopsided."""
    error = np.asarray(entry.error, dtype=float)
    return np.asarray(error if isinstance(entry.value, list) else error.max())


def _likely(unit: str, value: float, reference: float) -> str:
    """The unit in which a number would be near that of the table, as a question."""
    meant = [
        other
        for other, size in LIKELY.get(unit, {}).items()
        if reference and 0.1 < abs(value / reference / size) < 10
    ]
    return f" (is it in {meant[0]}?)" if meant else ""


def require_order(where: str, values: Mapping[str, Any]) -> None:
    """Raise where a resonance is not heavier than what it decays to: its shape has no phase space then.

    Raises
    ------
    InputError
        With both masses.
    """
    single = [(name, float(np.min(values[name])), parts) for name, parts in DECAYS]
    lumps = [("lump_mass", mass, parts) for mass, parts in zip(values["lump_mass"], LUMPS, strict=True)]
    for name, mass, parts in single + lumps:
        threshold = sum(float(values[part]) for part in parts)
        if mass <= threshold:
            raise InputError(
                f"{where}: {name} = {mass:g} GeV, and {' + '.join(parts)} = {threshold:g} GeV, to which it "
                "decays; give masses with which it can"
            )


def _require_sines(table: Mapping[str, Quantity]) -> None:
    """Raise where the Wolfenstein parameters make a sine of the CKM matrix exceed 1."""
    names = ("ckm_lambda", "ckm_A", "ckm_rhobar", "ckm_etabar")
    lam, A, rho, eta = (np.asarray(table[name].value, dtype=float) for name in names)
    s_23, apex = A * lam**2, rho + 1j * eta
    s_13 = A * lam**3 * abs(apex) * np.sqrt(np.maximum(1 - s_23**2, 0)) / np.sqrt(1 - lam**2)
    s_13 = s_13 / abs(1 - s_23**2 * apex)
    for name, sine in (("s_23", s_23), ("s_13", s_13)):
        if not sine < 1:
            given = ", ".join(f"{key} = {table[key].value}" for key in names)
            raise InputError(f"inputs: {given} give {name} = {sine:.3g}; a sine of the CKM matrix is below 1")


def input_table(name: str) -> dict[str, Quantity]:
    """Return one table of inputs with errors, units and references, in the order of the file."""
    where = f"tables/{name}.toml"
    data = parse(read_text(FOLDER / f"{name}.toml"), where)
    return {key: check_table(entry, Quantity, f"{where}: {key}") for key, entry in data.items()}


def input_entries() -> dict[str, Quantity]:
    """Return every input of all tables by name."""
    return {name: entry for table in TABLES for name, entry in input_table(table).items()}


def input_values(record: FormFactors | Hadrons | StandardModel) -> dict[str, Any]:
    """Return every input of a record as plain numbers and lists, by name."""
    values: dict[str, Any] = {}
    for field in fields(record):
        value = getattr(record, field.name)
        if isinstance(value, FormFactors | Hadrons):
            values |= input_values(value)
        else:
            values[field.name] = jnp.asarray(value).tolist()
    return values


def _replace(tables: dict[str, dict[str, Quantity]], name: str, value: Any) -> Quantity:
    """Put a user's value in place of a table's; return what the table has."""
    for table in tables.values():
        if name in table:
            entry = table[name]
            known = entry.value
            shape = f"a list of {len(known)}" if isinstance(known, list) else "one number"
            if isinstance(value, list) != isinstance(known, list) or (
                isinstance(known, list) and len(known) != len(value)
            ):
                raise InputError(f"inputs.{name} = {value!r}: give {shape} in {entry.unit}")
            table[name] = check_table({**entry.model_dump(), "value": value}, Quantity, f"inputs: {name}")
            _require_positive(name, table[name])
            return entry
    raise unknown_name(
        "inputs", "Standard Model input", name, [key for table in tables.values() for key in table]
    )


def _require_positive(name: str, entry: Quantity) -> None:
    """Masses, widths and lifetimes are positive; other inputs may have either sign."""
    values = entry.value if isinstance(entry.value, list) else [entry.value]
    low, high = _range(name, entry)
    if low == 0 and high == math.inf and any(value <= 0 for value in values):
        raise InputError(f"inputs: {name} = {entry.value} {entry.unit}: give a positive number")
    if not all(low < value < high for value in values):
        raise InputError(f"inputs: {name} = {entry.value}: give a number between {low} and {high}")


def _range(name: str, entry: Quantity) -> tuple[float, float]:
    positive = entry.unit in ("GeV", "s", "GeV^2", "GeV^-2")
    return RANGES.get(name, (0 if positive else -math.inf, math.inf))


def input_range(name: str) -> tuple[float, float]:
    """Return the open interval in which an input may lie; infinite where there is no bound."""
    return _range(name, input_entries()[name])


def replaced(sm: StandardModel, values: Mapping[str, ArrayLike]) -> StandardModel:
    """Return a record with some inputs, of any of its parts, replaced; names and values are not checked."""

    def of(record: Any) -> dict[str, Array]:
        return {f.name: jnp.asarray(values[f.name]) for f in fields(record) if f.name in values}

    form_factors, hadrons = (
        replace(sm.form_factors, **of(sm.form_factors)),
        replace(sm.hadrons, **of(sm.hadrons)),
    )
    own: dict[str, Any] = of(sm)
    return replace(sm, form_factors=form_factors, hadrons=hadrons, **own)
