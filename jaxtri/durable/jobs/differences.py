"""Where two nested values differ, in words."""

import json
from collections.abc import Iterator
from typing import Any

LONGEST = 60  # characters of a value that is shown


def differences(then: Any, now: Any, where: str = "") -> Iterator[str]:
    """Describe where two nested values differ, one line each."""
    if isinstance(then, dict) and isinstance(now, dict):
        for name in dict.fromkeys([*then, *now]):
            inner = f"{where}.{name}" if where else str(name)
            yield from differences(then.get(name, "nothing"), now.get(name, "nothing"), inner)
    elif then != now:
        yield f"{where.removeprefix('configuration.')}: {_short(then)} -> {_short(now)}"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
