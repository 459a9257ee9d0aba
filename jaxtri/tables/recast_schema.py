"""What the tables of searches for a dark photon hold: a row of each, checked before anything is computed."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from jaxtri.tables.fields import Strict, Text

REFERENCE_MODELS = ("dark photon", "B-L", "L_mu - L_tau")
DUMP_LENGTHS = ("L_shield_m", "L_decay_m")


def _or_nothing(value: Any) -> Any:
    """Turn an empty cell of a CSV file into nothing."""
    return None if value == "" else value


Number = Annotated[float, Field(gt=0, allow_inf_nan=False)]
MaybeNumber = Annotated[Number | None, BeforeValidator(_or_nothing)]
MaybeText = Annotated[Text | None, BeforeValidator(_or_nothing)]
Production = Literal[
    "ee", "e_brem", "mu_brem", "p_brem", "pi0_gamma", "eta_gamma", "phi_eta", "lhcb", "cms", "faser",
    "nu_e_scattering",
]  # fmt: skip
FinalState = Literal["ee", "mumu", "ee+mumu", "pipi", "mumu+pipi", "invisible", "none"]


class DarkPhotonSearch(Strict):
    """A row of dark_photon/searches.csv: what decides how a limit is recast."""

    search: Text
    experiment: Text
    kind: Literal["prompt", "dump", "invisible", "displaced", "nu_e"]
    reference_model: Literal["dark photon", "B-L", "L_mu - L_tau"]
    decays_assumed: Literal["all", "leptons", "invisible"]
    production: Production
    final_state: FinalState
    window: Literal["none", "kloe_eta", "kloe_photon", "fixed_energy", "lhcb", "cms"]
    length_m: MaybeNumber
    energy_GeV: MaybeNumber
    L_shield_m: MaybeNumber
    L_decay_m: MaybeNumber
    neutrino: Annotated[Literal["solar", "nu_e", "nu_mu"] | None, BeforeValidator(_or_nothing)]
    beam: Text
    confidence: Annotated[float, Field(gt=0, lt=1)]
    confidence_checked: Literal["yes", "no"]
    reference: Text
    locator: Text
    read_from: Text
    status: Literal[
        "official", "collaboration's numbers, converted", "digitised", "digitised, coarse", "coarse"
    ]
    darkcast_id: MaybeText
    note: MaybeText

    @model_validator(mode="after")
    def _complete(self) -> "DarkPhotonSearch":
        needed = {
            "dump": DUMP_LENGTHS, "nu_e": ("neutrino",), "kloe_eta": ("length_m",),
            "kloe_photon": ("length_m",),
            "fixed_energy": ("length_m", "energy_GeV"),
        }  # fmt: skip
        for chosen in (self.kind, self.window):
            missing = [name for name in needed.get(chosen, ()) if getattr(self, name) is None]
            if missing:
                raise ValueError(f"{chosen} needs {' and '.join(missing)}")
        if (self.kind == "nu_e") != (self.final_state == "none"):
            raise ValueError("final_state = none belongs to kind = nu_e")
        return self


class DarkCastSearch(DarkPhotonSearch):
    """A table of a user's: a search that searches.csv does not describe, whose limit is a DarkCast file."""

    experiment: Text = "unknown"
    production: Text  # type: ignore[assignment]  # or the name of a .prd file
    length_m: MaybeNumber = None
    energy_GeV: MaybeNumber = None
    L_shield_m: MaybeNumber = None
    L_decay_m: MaybeNumber = None
    neutrino: Annotated[Literal["solar", "nu_e", "nu_mu"] | None, BeforeValidator(_or_nothing)] = None
    beam: Text = "unknown"
    confidence_checked: Literal["yes", "no"] = "no"
    read_from: Text = "a DarkCast folder of the user's"
    status: Literal["digitised"] = "digitised"
    darkcast_id: MaybeText = None
    note: MaybeText = None


class DarkPhotonLimit(Strict):
    """A row of dark_photon/limits.csv: low < coupling < high is excluded at one mass; or an end of a hole."""

    search: Text
    m_X: Number
    low: MaybeNumber
    high: MaybeNumber
    spread: Annotated[Annotated[float, Field(ge=0)] | None, BeforeValidator(_or_nothing)]
    flag: Annotated[Literal["edge", "hole_from", "hole_to"] | None, BeforeValidator(_or_nothing)]

    @property
    def is_hole(self) -> bool:
        """Whether the row is an end of a window without data."""
        return self.flag in ("hole_from", "hole_to")

    @model_validator(mode="after")
    def _ascending(self) -> "DarkPhotonLimit":
        if self.is_hole != (self.low is None):
            raise ValueError("give low, or flag = hole_from or hole_to without it")
        if self.high is not None and (self.low is None or self.high < self.low):
            raise ValueError(f"high = {self.high:g} is below low")
        return self


class ProductionFractions(Strict):
    """A row of dark_photon/production.csv: fractions of the rate of a dark photon at one mass."""

    set: Literal["lhcb", "cms", "faser"]
    m_X: Number
    pi0_gamma: Annotated[float, Field(ge=0, le=1)]
    rho: Annotated[float, Field(ge=0, le=1)]
    eta_gamma: Annotated[float, Field(ge=0, le=1)]
    omega_pi0: Annotated[float, Field(ge=0, le=1)]
    omega: Annotated[float, Field(ge=0, le=1)]
    phi: Annotated[float, Field(ge=0, le=1)]
    dd: Annotated[float, Field(ge=0, le=1)]
    uu: Annotated[float, Field(ge=0, le=1)]
    ss: Annotated[float, Field(ge=0, le=1)]
    cc: Annotated[float, Field(ge=0, le=1)]
    bb: Annotated[float, Field(ge=0, le=1)]
