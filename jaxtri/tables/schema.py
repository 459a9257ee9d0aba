"""What each kind of table may hold: checked at the file's edge, before anything is computed."""

from fractions import Fraction
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
    neutrinos: Literal["chiral", "dirac"]
    right_handed_neutrinos: list[Charge] = []
    previous_limits: Text | None = None
    reference: str | None = None


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


class Axis(Strict):
    """An axis of a scan: spacing, ends and number of points, or the values themselves."""

    min: Positive | None = None
    max: Positive | None = None
    points: Annotated[int, Field(strict=True, ge=2, le=10_000_000)] | None = None
    spacing: Literal["log", "linear"] | None = None
    values: Annotated[list[Positive], Field(min_length=2)] | None = None

    @model_validator(mode="after")
    def _ends_or_values(self) -> "Axis":
        ends = (self.min, self.max, self.points, self.spacing)
        if self.values is not None:
            if any(part is not None for part in ends):
                raise ValueError("give either values or min, max, points and spacing")
            for i, (low, high) in enumerate(zip(self.values, self.values[1:], strict=False), start=1):
                if low >= high:
                    raise ValueError(f"values must ascend, but values[{i}] = {high} follows {low}")
        elif self.min is None or self.max is None or self.points is None or self.spacing is None:
            raise ValueError("give min, max, points and spacing, or values")
        elif self.min >= self.max:
            raise ValueError(f"min = {self.min} must be below max = {self.max}")
        return self


class Axes(Strict):
    """The two axes of a scan."""

    m_X: Axis
    g_X: Axis


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


class SpecTable(Strict):
    """A scan file."""

    title: Text
    model: NameOr[ModelTable]
    treatments: Annotated[list[NameOr[Choice]], Field(min_length=1)]
    searches: SearchChoice
    axes: Axes
    precision: Literal["float32", "float64"] = "float32"
    inputs: dict[str, NumberOrList] = {}
    correlations: list[Correlation] = []
    figure: FigureChoice = FigureChoice()
