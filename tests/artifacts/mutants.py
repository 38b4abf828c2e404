"""Edits that a hand or a bad disk makes to saved results: of JSON values and of Parquet cells."""

import copy
import json

import pyarrow as pa
import pyarrow.parquet as pq

ODD = (None, True, "x", "", -1, 0, 7, 0.5, -2.5, 1e300, 10**30, [], {}, [None], {"x": 1}, [[1]], "NaN")


def places(value, path=()):
    """Every place in a JSON value, the whole aside."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def mutate_json(content, generator):
    """A copy with one value deleted, repeated, replaced, nudged or exchanged; never the seal."""
    content = copy.deepcopy(content)
    # long lists would take all the draws: as many from each depth and first key
    found = [place for place in places(content) if place[0] != "seal"]
    groups = {}
    for place in found:
        groups.setdefault(tuple(key for key in place if isinstance(key, str)), []).append(place)
    place = generator.choice(groups[generator.choice(sorted(groups))])
    holder = content
    for key in place[:-1]:
        holder = holder[key]
    key, kind = place[-1], generator.choice(("delete", "odd", "odd", "nudge", "exchange", "repeat"))
    if kind == "delete":
        del holder[key]
    elif kind == "nudge" and isinstance(holder[key], int | float) and not isinstance(holder[key], bool):
        holder[key] += generator.choice((1, -1, 0.25))
    elif kind == "exchange":
        other = generator.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        holder[key], holder[other] = holder[other], holder[key]
    elif kind == "repeat" and isinstance(holder, list):
        holder.insert(key, copy.deepcopy(holder[key]))
    else:
        holder[key] = copy.deepcopy(generator.choice(ODD))
    return content


def mutate_parquet(path, generator):
    """Rewrites a table with one cell, row or column changed."""
    table = pq.read_table(path)
    if not table.num_rows:
        return False
    name, row = generator.choice(table.column_names), generator.randrange(table.num_rows)
    field, values = table.schema.field(name), table[name].to_pylist()
    kind = generator.choice(("cell", "cell", "cell", "null", "drop row", "double row", "reverse", "rename"))
    if kind == "drop row":
        table = table.take([n for n in range(table.num_rows) if n != row])
    elif kind == "double row":
        table = table.take([*range(table.num_rows), row])
    elif kind == "reverse":
        table = table.take(list(range(table.num_rows))[::-1])
    elif kind == "rename":
        table = table.rename_columns([n + "x" if n == name else n for n in table.column_names])
    else:
        values[row] = None if kind == "null" else _other(values[row], generator)
        place = table.column_names.index(name)
        table = table.set_column(place, field, pa.array(values, field.type))
    pq.write_table(table, path)
    return True


def _other(value, generator):
    """Another value of the same type; of a missing one the type is not known."""
    if value is None:
        return None
    if isinstance(value, list):
        return generator.choice((value[:-1], value[::-1], [*value, *value], [], _each(value, generator)))
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + generator.choice((1, -1, 1000))
    if isinstance(value, float):
        return generator.choice((value + 0.25, -value, float("nan"), float("inf")))
    return f"{value}x"


def _each(values, generator):
    changed = list(values)
    if changed:
        place = generator.randrange(len(changed))
        changed[place] = _other(changed[place], generator)
    return changed


def write(path, content):
    """Plain JSON, as an editor would save it."""
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
