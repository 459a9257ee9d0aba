"""What each kind of table may hold: checked at the file's edge, before anything is computed."""

import re
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

Real = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Positive = Annotated[Real, Field(gt=0)]
RESERVED = ("search", "channel", "final_state", "edge", "provenance", "boundaries", "parameters")
Probability = Annotated[Real, Field(gt=0, le=1)]
Text = Annotated[str, Field(strict=True, min_length=1)]


def _ascending(value: list[float]) -> list[float]:
    """Refuse a window whose ends are the wrong way round."""
    if value[0] >= value[1]:
        raise ValueError("must be [low, high] with low < high")
    return value


Window = Annotated[
    list[Annotated[Real, Field(ge=0)]], Field(min_length=2, max_length=2), AfterValidator(_ascending)
]

Range = Annotated[list[Real], Field(min_length=2, max_length=2), AfterValidator(_ascending)]


def _fraction(value: Any) -> Any:
    """Turn the text "p/q" into a number; anything else is left for the type check."""
    if isinstance(value, str):
        try:
            return float(Fraction(value))
        except (ValueError, ZeroDivisionError, OverflowError):
            raise ValueError('not a number; write 0.5, -1 or "1/3"') from None
    return value


Charge = Annotated[Real, BeforeValidator(_fraction)]


def _either(**kinds: Any) -> Any:
    """Tell the alternatives of a value apart by its Python type, so that an error speaks of one only."""

    def tag(value: Any) -> str | None:
        if isinstance(value, BaseModel):
            return "<table>"
        if isinstance(value, bool):
            return None
        return next((f"<{name}>" for name, kind in kinds.items() if isinstance(value, kind)), None)

    words = {
        "name": "a name or a path",
        "table": "a table",
        "number": "a number",
        "list": "a list of numbers",
        "names": "a list of names",
    }
    allowed = " or ".join(words[name] for name in kinds)
    return Discriminator(tag, custom_error_type="other_type", custom_error_message=f"give {allowed}")


class Strict(BaseModel):
    """A table in which an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Quantity(Strict):
    """A measured or fitted input: value, 1 sigma error, unit, where it comes from."""

    value: Real | list[Real]
    error: Annotated[Real, Field(ge=0)] | list[Real] | None = None
    unit: str
    reference: Text
    note: str | None = None


class Correlation(Strict):
    """Correlation coefficient of two inputs."""

    inputs: Annotated[list[Text], Field(min_length=2, max_length=2)]
    value: Annotated[Real, Field(gt=-1, lt=1)]
    reference: Text
    note: str | None = None


class CorrelationTable(Strict):
    """Correlations between inputs; pairs that are not listed are independent."""

    correlations: list[Correlation] = []


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


class ModelTable(Strict):
    """A U(1)_X model."""

    title: Text
    name: Text | None = None
    charges: Charges
    neutrinos: Literal["chiral", "dirac", "majorana"]
    right_handed_neutrinos: list[Charge] = []
    m_nu_R: Annotated[Real, Field(ge=0)] | None = None
    previous_limits: Text | None = None
    reference: str | None = None

    @model_validator(mode="after")
    def _partners(self) -> "ModelTable":
        heavy = self.neutrinos == "majorana"
        if heavy and (self.m_nu_R is None or not self.right_handed_neutrinos):
            raise ValueError('neutrinos = "majorana" needs m_nu_R [GeV] and right_handed_neutrinos')
        if not heavy and self.m_nu_R is not None:
            raise ValueError('m_nu_R belongs to neutrinos = "majorana"')
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


class Flight(Strict):
    """Length (or proper time) that decides whether X decays where the search looks."""

    length_m: Positive | None = None
    tau_ps: Positive | None = None
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


class SearchValues(Strict):
    """The part of a search that a search set may override."""

    kind: Literal["limit", "measurement"] | None = None
    limit: Probability | None = None
    value: Probability | None = None
    stat_up: Positive | None = None
    stat_down: Positive | None = None
    syst: Annotated[Real, Field(ge=0)] | None = None
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
    kind: Literal["limit", "measurement"]
    m_X: Window
    reference: Text
    locator: Text
    bibtex: Text
    sets: list[Literal["printed", "corrected"]] = ["printed", "corrected"]
    printed: SearchValues | None = None

    @model_validator(mode="after")
    def _complete(self) -> "SearchTable":
        if self.kind == "limit" and (self.limit is None or self.confidence is None):
            raise ValueError('kind = "limit" needs limit and confidence')
        if self.kind == "measurement" and (self.value is None or self.stat_up is None):
            raise ValueError('kind = "measurement" needs value and stat_up')
        if (self.final_state == "invisible") != (self.escape is not None):
            raise ValueError('final_state = "invisible", and no other, needs escape')
        if self.final_state == "invisible" and (self.prompt is not None or self.tau_ps is not None):
            raise ValueError('final_state = "invisible" takes escape only')
        if self.final_state != "invisible" and (self.prompt is None) == (self.tau_ps is None):
            raise ValueError("a visible final state needs either prompt or tau_ps")
        return self

    def in_set(self, name: str) -> "SearchTable":
        """Return the search with the values that a search set uses."""
        if name != "printed" or self.printed is None:
            return self
        override = self.printed.model_dump(exclude_unset=True)
        own = self.model_dump(exclude_unset=True, exclude={"printed"})
        return SearchTable.model_validate(own | override)


Points = Annotated[int, Field(strict=True, ge=2, le=10_000_000)]
Seed = Annotated[int, Field(strict=True, ge=0)]


class AnyAxis(Strict):
    """An axis with one coordinate: spacing, ends and number of points, the values themselves, or a file."""

    min: Real | None = None
    max: Real | None = None
    points: Points | None = None
    spacing: Literal["log", "linear"] | None = None
    values: Annotated[list[Real], Field(min_length=2)] | None = None
    file: Text | None = None

    def _require_one_coordinate(self) -> None:
        """Raise unless the values are given in exactly one way."""
        ends = (self.min, self.max, self.points, self.spacing)
        if self.values is not None or self.file is not None:
            if any(part is not None for part in ends) or (self.values is not None and self.file is not None):
                raise ValueError("give either values, or file, or min, max, points and spacing")
        elif self.min is None or self.max is None or self.points is None or self.spacing is None:
            raise ValueError("give min, max, points and spacing, or values, or file")
        elif self.min >= self.max:
            raise ValueError(f"min = {self.min} must be below max = {self.max}")
        elif self.spacing == "log" and self.min <= 0:
            raise ValueError(f"min = {self.min} must be positive on a logarithmic axis")
        for i, (low, high) in enumerate(pairwise(self.values or []), start=1):
            if low >= high:
                raise ValueError(f"values must ascend, but values[{i}] = {high} follows {low}")


class Axis(AnyAxis):
    """Axis of m_X or g_X: all values are positive."""

    min: Positive | None = None
    max: Positive | None = None
    values: Annotated[list[Positive], Field(min_length=2)] | None = None

    @model_validator(mode="after")
    def _ends_or_values(self) -> "Axis":
        self._require_one_coordinate()
        return self


class FurtherAxis(AnyAxis):
    """Any other axis: one parameter, a direction of charges, or several parameters jointly."""

    parameter: Text | None = None
    direction: Annotated[dict[str, Charge], Field(min_length=1)] | None = None
    sobol: Annotated[dict[str, Range], Field(min_length=1)] | None = None
    nuisance: Annotated[list[Text], Field(min_length=1)] | Literal["all"] | None = None
    seed: Seed | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> "FurtherAxis":
        if self.sobol is None and self.nuisance is None:
            if self.seed is not None:
                raise ValueError("seed belongs to sobol or nuisance")
            if self.parameter is not None and self.direction is not None:
                raise ValueError("give either parameter or direction")
            self._require_one_coordinate()
            return self
        others = (self.min, self.max, self.spacing, self.values, self.file, self.parameter, self.direction)
        if any(part is not None for part in others) or (self.sobol is not None and self.nuisance is not None):
            raise ValueError("sobol or nuisance takes points and seed, and nothing else")
        if self.points is None:
            raise ValueError("give points")
        return self


class Axes(BaseModel):
    """The axes of a scan: m_X and g_X, and any further ones by a name of the user's."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, FurtherAxis] = Field(init=False)

    m_X: Axis
    g_X: Axis

    @model_validator(mode="after")
    def _names(self) -> "Axes":
        for name in self.further:
            if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) or name in RESERVED:
                raise ValueError(
                    f'axis "{name}": use letters, digits and _, and none of {", ".join(RESERVED)}'
                )
        return self

    @property
    def further(self) -> dict[str, FurtherAxis]:
        """Axes besides m_X and g_X, in the order of the file."""
        return self.__pydantic_extra__


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


class SearchChoice(Strict):
    """Which searches a scan uses and how it reads measurements."""

    set: Literal["printed", "corrected"]
    measurement: Literal["central", "gauss"] | None = None
    only: list[Text] | None = None
    exclude: list[Text] = []
    files: list[Text] = []


class FigureChoice(Strict):
    """How the figure of a scan looks."""

    title: Text | None = None
    palette: Literal["paper", "okabe-ito"] = "paper"


Kind = TypeVar("Kind", bound=Strict)
NameOr = Annotated[
    Annotated[Text, Tag("<name>")] | Annotated[Kind, Tag("<table>")], _either(name=str, table=dict)
]
NumberOrList = Annotated[
    Annotated[Real, Tag("<number>")] | Annotated[list[Real], Tag("<list>")],
    _either(number=(int, float), list=list),
]
NamesOr = Annotated[
    Annotated[Literal["all", "reductions"], Tag("<name>")]
    | Annotated[list[Text], Field(min_length=1), Tag("<names>")],
    _either(name=str, names=list),
]


class SpecTable(Strict):
    """A scan file."""

    title: Text
    model: NameOr[ModelTable] | None = None
    models: Annotated[list[NameOr[ModelTable]], Field(min_length=1)] | None = None
    treatments: Annotated[list[NameOr[Choice]], Field(min_length=1)]
    searches: SearchChoice
    axes: Axes
    precision: Literal["float32", "float64"] = "float32"
    arrays: NamesOr = "all"
    compression: Literal["gzip", "none"] = "gzip"
    curves: Annotated[bool, Field(strict=True)] = True
    inputs: dict[str, NumberOrList] = {}
    correlations: list[Correlation] = []
    figure: FigureChoice = FigureChoice()

    @model_validator(mode="after")
    def _one_or_more_models(self) -> "SpecTable":
        if (self.model is None) == (self.models is None):
            raise ValueError("give either model, or models as a list")
        return self
