"""Every way to spoil a saved JSON by one entry."""


def hollow(value):
    """Spoils one entry after the other, in place: gone, or of another type; of lists only the first."""
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(entries):
        for other in (None, "x", -1, {}):
            if other != inner:
                value[key] = other
                yield
        value[key] = inner
        if isinstance(value, dict):
            del value[key]
            yield
            value[key] = inner
        if isinstance(inner, dict | list) and not (isinstance(value, list) and key):
            yield from hollow(inner)
