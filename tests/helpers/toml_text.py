"""Nested data written as TOML, which the standard library only reads."""

import json


def toml(value):
    """Write one value."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if value is None:
        raise ValueError("TOML has no null")
    return repr(value) if isinstance(value, float) else json.dumps(value)


def written(path, data):
    """Write a table to a file, and return its path."""
    path.write_text("".join(f"{json.dumps(key)} = {toml(value)}\n" for key, value in data.items()))
    return path
