"""What each table, shipped or of a user, may hold: checked before anything is computed."""

import math
import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, RootModel, Tag, model_validator

from jaxtri.tables.curve_schema import CurveOf, Limit, or_nothing, prediction
from jaxtri.tables.dark_matter_schema import DarkMatterTable
from jaxtri.tables.fields import Charge, Name, Positive, Real, Strict, Text, Window


class MomentTable(Strict):
    """Measured minus predicted anomalous magnetic moment, 1 sigma, where it comes from."""

    title: Text
    value: Real
    error: Annotated[Real, Field(gt=0)]
    reference: Text
    locator: Text


class MomentsTable(RootModel[dict[str, MomentTable]]):
    """Differences by the year of the measurement, or by what the prediction takes."""


class TridentTable(MomentTable):
    """Measured cross section of neutrino tridents over the predicted one, and what X needs for its own."""

    experiment: Text
    energy: Positive
    axial_over_vector: Positive


class TridentsTable(RootModel[dict[str, TridentTable]]):
    """Measurements of neutrino tridents, by experiment and year."""


class Correlation(Strict):
    """Correlation coefficient of two inputs."""

    inputs: Annotated[list[Text], Field(min_length=2, max_length=2)]
    value: Annotated[Real, Field(gt=-1, lt=1)]
    reference: Text
    note: str | None = None


class CorrelationTable(Strict):
    """Correlations between inputs; pairs that are not listed are independent."""

    correlations: list[Correlation] = Field(default=[])


class Charges(Strict):
    """One X charge per Standard Model fermion, the same for both chiralities."""

    e: Charge
    mu: Charge
    tau: Charge
    nu_e: Charge
    nu_mu: Charge
    nu_tau: Charge
    u: Charge
    d: Charge
    s: Charge
    c: Charge
    b: Charge
    t: Charge

    @model_validator(mode="before")
    @classmethod
    def _vector_like(cls, given: Any) -> Any:
        found = [key for key in given if re.search("axial|_[LR]$", key)] if isinstance(given, dict) else []
        if found:
            raise ValueError(
                f"{', '.join(found)}: axial charges are refused, because masses break an axial current and "
                "enhance X by (E / m_X)^2 at tree level; give one vector-like charge per fermion"
            )
        return given


class AnomalonTable(Strict):
    """Heavy fermions that cancel the anomalies of a model; their masses keep electroweak symmetry."""

    mass: Annotated[
        Annotated[Positive, Tag("number")] | Annotated[Literal["infinite"], Tag("name")],
        Discriminator(
            lambda value: "name" if isinstance(value, str) else "number",
            custom_error_type="mass",
            custom_error_message='give a mass in GeV, or "infinite"',
        ),
    ]

    @property
    def m(self) -> float:
        """Mass [GeV]."""
        return math.inf if self.mass == "infinite" else self.mass


class ModelTable(Strict):
    """A U(1)_X model."""

    title: Text
    name: Name | None = None
    charges: Charges
    neutrinos: Literal["chiral", "dirac", "majorana"]
    right_handed_neutrinos: list[Charge] = Field(default=[])
    m_nu_R: Annotated[Real, Field(ge=0)] | None = None
    anomalons: AnomalonTable | None = None
    kinetic_mixing: Annotated[Real, Field(ge=-1, le=1)] = 0.0
    dark_matter: list[DarkMatterTable] = Field(default=[])
    previous_limits: Text | None = None
    reference: str | None = None

    @property
    def partners(self) -> tuple[float, ...]:
        """Charges of the right-handed neutrinos: those given, or those of light Dirac neutrinos."""
        return self._left() if self.neutrinos == "dirac" else tuple(self.right_handed_neutrinos)

    def _left(self) -> tuple[float, ...]:
        return self.charges.nu_e, self.charges.nu_mu, self.charges.nu_tau

    @model_validator(mode="after")
    def _partners(self) -> "ModelTable":
        heavy = self.neutrinos == "majorana"
        if heavy and (self.m_nu_R is None or not self.right_handed_neutrinos):
            raise ValueError('neutrinos = "majorana" needs m_nu_R [GeV] and right_handed_neutrinos')
        if not heavy and self.m_nu_R is not None:
            raise ValueError('m_nu_R belongs to neutrinos = "majorana"')
        given = self.right_handed_neutrinos
        if self.neutrinos == "dirac" and given and sorted(given) != sorted(self._left()):
            raise ValueError(
                f'neutrinos = "dirac" with right_handed_neutrinos = {given}: light partners have '
                f"the charges of the neutrinos, {list(self._left())}; leave the list out"
            )
        return self


class TreatmentTable(Strict):
    """A named set of choices, one per equation; the values are checked where the treatment is loaded."""

    title: Text
    decoupling: Text
    z_to_gamma: Text
    fcnc_prefactor: Text
    loop_argument: Text
    k_to_pi: Text
    b_to_k: Text
    b_to_kstar: Text
    emission: Text
    interference: Text = "none"
    long_distance: Text = "rates_add"


class PreviousLimitRow(Strict):
    """A row of a table of couplings excluded before: g_low < g_X < g_high at one mass."""

    search: Text
    experiment: Text
    reference: str
    kind: str
    m_X: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    g_low: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    g_high: Annotated[Annotated[float, Field(gt=0)] | None, BeforeValidator(or_nothing)]

    @model_validator(mode="after")
    def _ascending(self) -> "PreviousLimitRow":
        if self.g_high is not None and self.g_high <= self.g_low:
            raise ValueError(f"g_high = {self.g_high:g} is not above g_low = {self.g_low:g}")
        return self


class Flight(Strict):
    """Length (or proper time) that decides whether X decays where the search looks."""

    length_m: Positive | None = None
    tau_ps: Positive | None = None
    length_range_m: Window | None = None
    tau_range_ps: Window | None = None
    gamma_parent: Annotated[Real, Field(ge=1)] | None = None
    beta_gamma_parent: Annotated[Real, Field(ge=0)] | None = None
    locator: Text

    @model_validator(mode="after")
    def _one_length_one_boost(self) -> "Flight":
        if (self.length_m is None) == (self.tau_ps is None):
            raise ValueError("give either length_m or tau_ps")
        boosts = (self.gamma_parent is not None) + (self.beta_gamma_parent is not None)
        if boosts != (self.length_m is not None):
            raise ValueError("length_m needs gamma_parent or beta_gamma_parent, tau_ps needs neither")
        return self

    @model_validator(mode="after")
    def _range(self) -> "Flight":
        given = ("length_m", self.length_m, "length_range_m", self.length_range_m)
        for key, value, name, window in (given, ("tau_ps", self.tau_ps, "tau_range_ps", self.tau_range_ps)):
            if window is None:
                continue
            if value is None:
                raise ValueError(f"{name} goes with {key}")
            if not 0 < window[0] <= value <= window[1]:
                raise ValueError(f"{name} = {window} does not hold {key} = {value:g}, or begins at 0")
        return self

    @property
    def spread(self) -> tuple[float, ...]:
        """Shortest and longest length, or time, over the one that is used; empty where no range is given."""
        window, value = self.length_range_m or self.tau_range_ps, self.length_m or self.tau_ps
        return () if window is None or value is None else (window[0] / value, window[1] / value)


CHANNEL_NAMES = (  # decays that produce X, then the isospin averages of two of them
    "Z -> gamma X", "B+ -> K+ X", "B0 -> K0 X", "B0 -> K*0 X", "B+ -> K*+ X", "K+ -> pi+ X", "KL -> pi0 X",
    "B -> K X", "B -> K* X",
)  # fmt: skip


class SearchValues(Strict):
    """The part of a search that a search set may override."""

    kind: Literal["limit", "measurement", "projection"] | None = None
    limit: Limit | None = None
    curve: CurveOf | None = None
    value: Annotated[Real, Field(gt=-1, le=1)] | None = None
    stat_up: Positive | None = None
    stat_down: Positive | None = None
    syst: Annotated[Real, Field(ge=0)] | None = None
    sm_value: Annotated[Real, Field(ge=0, le=1)] | None = None
    sm_error: Annotated[Real, Field(ge=0)] | None = None
    sm_reference: Text | None = None
    bins: Text | None = None
    confidence: Annotated[Real, Field(gt=0, lt=1)] | None = None
    m_X: Window | None = None
    q2_vetoes: list[Window] | None = None
    m_X_vetoes: list[Window] | None = None
    tau_ps: Window | None = None
    escape: Flight | None = None
    prompt: Flight | None = None
    reference: Text | None = None
    locator: Text | None = None
    note: Text | None = None
    bibtex: Text | None = None


class SearchTable(SearchValues):
    """One experimental search."""

    title: Text
    experiment: Text
    channel: Text
    final_state: Literal["invisible", "e+ e-", "mu+ mu-", "tau+ tau-", "l+ l-", "hadrons"]
    kind: Literal["limit", "measurement", "projection"]
    m_X: Window
    reference: Text
    locator: Text
    bibtex: Text
    sets: list[Literal["printed", "corrected", "2026", "binned"]] = Field(default=["printed", "corrected"])
    printed: SearchValues | None = None

    @model_validator(mode="after")
    def _complete(self) -> "SearchTable":
        given = (self.limit is not None) + (self.curve is not None)
        if self.kind != "measurement" and (not given or self.confidence is None):
            raise ValueError(f'kind = "{self.kind}" needs limit and confidence, or curve and confidence')
        if given > 1:
            raise ValueError("give limit or curve, not both")
        self._complete_measurement()
        self._leave_masses()
        if self.curve is None:  # the lifetimes of a file are not known yet
            self.check_flight(isinstance(self.limit, list) and len(self.limit[0]) == 3)
        return self

    def _leave_masses(self) -> None:
        """Refuse vetoes that leave no mass."""
        in_q2 = [(math.sqrt(low), math.sqrt(high)) for low, high in self.q2_vetoes or ()]
        reach, end = self.m_X
        for low, high in sorted([*in_q2, *((low, high) for low, high in self.m_X_vetoes or ())]):
            reach = max(reach, high) if low <= reach else reach
        if reach >= end:
            raise ValueError(f"vetoes cover all of m_X = {self.m_X}: nothing is left to exclude")

    def _complete_measurement(self) -> None:
        """Refuse a measurement without a number, and what belongs to measurements elsewhere."""
        own = {"bins": self.bins, "sm_value": self.sm_value}
        if self.kind != "measurement":
            for key in (key for key, value in own.items() if value is not None):
                raise ValueError(f'{key} belongs to kind = "measurement"')
            return
        if (self.value is None) != (self.stat_up is None) or (self.value is None and self.bins is None):
            raise ValueError('kind = "measurement" needs value and stat_up, or bins')
        if self.curve is not None:
            raise ValueError('curve belongs to kind = "limit"')
        if self.value is None and self.sm_value is not None:
            raise ValueError("sm_value goes with value; predictions of bins stand in their file")
        prediction(self.sm_value, self.sm_error, self.sm_reference)

    def check_flight(self, has_lifetimes: bool) -> None:
        """Refuse a search without a condition on the lifetime of X, or with two of them."""
        given = [key for key in ("escape", "prompt", "tau_ps") if getattr(self, key) is not None]
        if has_lifetimes:
            if given:
                raise ValueError(f"the limit is given for lifetimes: leave {' and '.join(given)} out")
            return
        if (self.final_state == "invisible") != (self.escape is not None):
            raise ValueError('final_state = "invisible", and no other, needs escape')
        if self.final_state == "invisible" and len(given) > 1:
            raise ValueError('final_state = "invisible" takes escape only')
        if self.final_state != "invisible" and (self.prompt is None) == (self.tau_ps is None):
            raise ValueError("a visible final state needs either prompt or tau_ps")

    def in_set(self, name: str) -> "SearchTable":
        """Return the search with the values that a search set uses."""
        if name != "printed" or self.printed is None:
            return self
        override = self.printed.model_dump(exclude_unset=True)
        other = {"limit", "curve"} if {"limit", "curve"} & override.keys() else set()
        own = self.model_dump(exclude_unset=True, exclude={"printed"} | other)
        return SearchTable.model_validate(own | override)


class Choice(Strict):
    """A shipped treatment with some of its choices switched; its name becomes part of a file name."""

    base: Text
    name: Annotated[Text, Field(pattern=r"^[A-Za-z0-9_.+-]+$")]
    decoupling: Text | None = None
    z_to_gamma: Text | None = None
    fcnc_prefactor: Text | None = None
    loop_argument: Text | None = None
    k_to_pi: Text | None = None
    b_to_k: Text | None = None
    b_to_kstar: Text | None = None
    emission: Text | None = None
    interference: Text | None = None
    long_distance: Text | None = None
