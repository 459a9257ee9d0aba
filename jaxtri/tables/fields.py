"""Kinds of values that the schemas of tables share."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Real = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Positive = Annotated[Real, Field(gt=0)]
Probability = Annotated[Real, Field(gt=0, le=1)]
Text = Annotated[str, Field(strict=True, min_length=1)]
Name = Annotated[  # it becomes part of the names of files
    Text, Field(pattern=r"^[^/\\\x00-\x1f]*[^/\\\x00-\x1f. ][^/\\\x00-\x1f]*$")
]


def ascending(value: list[float]) -> list[float]:
    """Refuse a window whose ends are the wrong way round."""
    if value[0] >= value[1]:
        raise ValueError("must be [low, high] with low < high")
    return value


Window = Annotated[
    list[Annotated[Real, Field(ge=0)]], Field(min_length=2, max_length=2), AfterValidator(ascending)
]


class Strict(BaseModel):
    """A table in which an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
