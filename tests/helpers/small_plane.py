"""A small (m_X, g_X) plane that tests of pictures, pages and names of files share."""

SMALL = {
    "title": "U(1)_{B-L}: small",
    "model": "b_minus_l",
    "treatments": ["figure"],
    "searches": {"set": "printed"},
    "axes": {
        "m_X": {"min": 1e-3, "max": 90.0, "points": 60, "spacing": "log"},
        "g_X": {"min": 1e-9, "max": 1.0, "points": 80, "spacing": "log"},
    },
}
