"""What one search says of one point."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one search says of one point."""

    name: str
    excluded: bool
    ratio: (
        float  # predicted signal over limit; 0 where the search has no data or does not count X; may be NaN
    )
    probability: float  # of decay in flight, as the search needs it; NaN where its limit holds it
    reason: str
