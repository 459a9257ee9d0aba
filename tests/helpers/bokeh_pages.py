"""What lies in a page of Bokeh's, read out of its text by `json`, `base64` and `gzip`."""

import base64
import gzip
import json
import re

import numpy as np


def decoded(value):
    """Arrays of Bokeh's JSON as arrays; everything else as it is."""
    if isinstance(value, dict) and value.get("type") == "ndarray":
        raw = base64.b64decode(value["array"]["data"])
        raw = gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw
        return np.frombuffer(raw, value["dtype"]).reshape(value["shape"])
    if isinstance(value, dict):
        return {key: decoded(one) for key, one in value.items()}
    return [decoded(one) for one in value] if isinstance(value, list) else value


def in_page(page, key):
    """Tables that a page holds: those with a column or entry of this name, in the order of the page."""
    text = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)[1]
    found = []

    def look(value):
        if isinstance(value, dict):
            entries = dict(value["entries"]) if value.get("type") == "map" and "entries" in value else {}
            if key in entries:
                found.append(entries)
            for one in value.values():
                look(one)
        elif isinstance(value, list):
            for one in value:
                look(one)

    look(decoded(json.loads(text)))
    return found
