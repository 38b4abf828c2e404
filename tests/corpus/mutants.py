"""Small corpora in every format, and seeded ways to break them."""

import copy
import csv
import io
import json
import random

FORMATS = ("eraser", "docs.jsonl", "jsonl", "json", "csv", "tsv", "squad")
WORDS = [
    "good",
    "bad",
    "film",
    "the",
    "a",
    "naïve",
    "x-ray",
    "¡so!",
    "\U0001f600",
    "e\u0301t",
    "A",
    "1999",
    ",",
    '"q"',
]
NASTY = [
    None, True, False, 0, 1, -1, 2, 3, 7, 2.0, 0.5, -0.0, 1e17, 10**9, 10**19, "", " ", "0", "a", "good",
    "None", "false", "\u00a0", "a\u0000b", "\x1b[31m", "x" * 1200, "[0, 1]", "film", "../x", "\u2028",
    "\ud800", "d1", "d0_premise", [], {}, [0], [1], [0, 0, 0], [1, 1, 1, 1], [1.0, 0.0], ["", "a"],
    ["a b", "c"], [[0, 1]], [[0, 1], [1, 0]], [[1, 1]], [[0, 1, 2]], [True, False], [[True, 2]],
    ["good"], [["good"]],
    {"start": 0, "end": 1}, [{"start": 0, "end": 1}], [{"start": 0, "end": 1, "text": "bad"}],
    [{"start": 0, "end": 1, "group": 10**9}],
]  # fmt: skip
RAW = [
    '"', '""', "\\", "\n", "\r", "\r\n", "\t", ",", "{", "}", "[", "]", ":", "\u00a0", "\ufeff", "\0", "NaN",
    "1e999", "-1", "null", " ", "  ", "\\ud800", "\\u0041", "#", "\x85", "\u2028", "\x1f",
]  # fmt: skip


def text_of(rng, least=1):
    words = [rng.choice(WORDS) for _ in range(rng.randint(least, 7))]
    return rng.choice([" ", " ", "  ", "\t"]).join(words)


def span_in(rng, size):
    start = rng.randrange(size)
    return [start, rng.randint(start + 1, size)]


def table_rows(rng):
    rows = []
    for number in range(rng.randint(1, 4)):
        text = text_of(rng)
        words = text.split()
        row = {"id": rng.choice([f"r{number}", number, f"r:{number}"]), "text": text}
        if rng.random() < 0.3:
            row["words"] = words
            if rng.random() < 0.5:
                del row["text"]
        row["label"] = rng.choice(["POS", "NEG", 1, 0.5, None, True])
        row["query"] = rng.choice([None, "is it ?", ["is", "it"]])
        kind = rng.choice(["mask", "spans", "objects", "quote", "chars", "utf16", "none", "nothing"])
        row.update(marks(rng, kind, text, words, "text" in row))
        rows.append(row)
    return rows


def marks(rng, kind, text, words, has_text):
    start, end = span_in(rng, len(words))
    if kind == "mask":
        return {"rationale": [rng.randint(0, 1) for _ in words]}
    if kind == "spans":
        return {"rationale": [[start, end], span_in(rng, len(words))]}
    if kind == "objects":
        quoted = " ".join(words[start:end])
        return {"rationale": [{"start": start, "end": end, "group": rng.randint(0, 3), "text": quoted}]}
    if kind == "quote":
        return {"rationale": rng.choice([words[start], [" ".join(words[start:end])]])}
    if kind in ("chars", "utf16") and has_text:
        first, last = span_in(rng, len(text))
        if kind == "chars":
            return {"rationale_chars": [[first, last]]}
        units = [len(text[:place].encode("utf-16-le")) // 2 for place in (first, last)]
        return {"rationale_chars": [{"start": units[0], "end": units[1], "text": text[first:last]}]}
    return {} if kind == "none" else {"rationale": []}


def eraser_parts(rng, single_file):
    """Annotations, and the text of each document."""
    texts, rows = {}, []
    for number in range(rng.randint(1, 3)):
        name = rng.choice([f"d{number}", f"a.txt:{number}", number + 40])
        pair = rng.random() < 0.3
        names = [f"{name}_premise", f"{name}_hypothesis"] if pair else [str(rng.choice([name, f"d{number}"]))]
        names = [n.split(":")[0] if not pair and rng.random() < 0.5 else n for n in names]
        for docid in names:
            lines = [" ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 5))) for _ in range(2)]
            texts.setdefault(docid, lines)
        row = {
            "annotation_id": name,
            "classification": rng.choice(["POS", "NEG", True, None, 0.4]),
            "query": rng.choice(["", None, []]) if pair else rng.choice(["", "is it ?", ["is", "it"]]),
            "query_type": None,
            "docids": rng.choice([None, names]),
            "evidences": rng.choice(
                [None, [], [[evidence(rng, texts, rng.choice(names)) for _ in range(2)]]]
            ),
        }
        if rng.random() < 0.15:
            del row["docids"]
        rows.append(row)
    return rows, {docid: "\n".join(lines) + ("" if single_file else "\n") for docid, lines in texts.items()}


def evidence(rng, texts, docid):
    lines = [line.split(" ") for line in texts[docid]]
    words = [word for line in lines for word in line]
    start, end = span_in(rng, len(words))
    piece = {"docid": docid, "start_token": start, "end_token": end, "start_sentence": -1, "end_sentence": -1}
    piece["text"] = rng.choice([" ".join(words[start:end]), ""])
    if rng.random() < 0.2:
        piece.update(start_token=-1, end_token=-1, text="")
        piece.update(rng.choice([{}, {"start_sentence": 0, "end_sentence": 1}, {"end_sentence": 0}]))
    return piece


def squad_content(rng):
    articles, units = [], rng.choice([0.0, 0.0, 1.0, 0.3])  # how often an offset counts UTF-16 code units
    for title in ("T", "U"):
        paragraphs = []
        for number in range(rng.randint(1, 2)):
            context, questions = text_of(rng, 3), []
            for place in range(rng.randint(1, 2)):
                answers = []
                if rng.random() < 0.7:
                    word = rng.choice(context.split())
                    start = context.index(word)
                    if rng.random() < units:
                        start = len(context[:start].encode("utf-16-le")) // 2
                    answers = [{"text": word, "answer_start": start}]
                question = {"id": f"{title}{number}{place}", "question": "what is it ?", "answers": answers}
                questions.append({**question, "is_impossible": not answers})
            paragraphs.append({"context": context, "qas": questions})
        articles.append({"title": title, "paragraphs": paragraphs})
    return {"version": "v2.0", "data": articles}


# breaking


def paths_in(value, path=()):
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from paths_in(value[key], (*path, key))
    elif isinstance(value, list):
        for place, entry in enumerate(value):
            yield from paths_in(entry, (*path, place))


def break_value(rng, value):
    """One value, key or list entry somewhere inside is replaced, dropped, doubled or moved."""
    value = copy.deepcopy(value)
    path = rng.choice([p for p in paths_in(value) if p])
    parent = value
    for step in path[:-1]:
        parent = parent[step]
    last, how = path[-1], rng.random()
    if how < 0.6:
        parent[last] = copy.deepcopy(rng.choice(NASTY))
    elif how < 0.75:
        del parent[last]
    elif how < 0.85 and isinstance(parent, dict):
        parent[rng.choice([f" {last}", f"{last} ", str(last).upper(), "docids", "words", "text"])] = (
            parent.pop(last)
        )
    elif isinstance(parent[last], int) and not isinstance(parent[last], bool):
        parent[last] += rng.choice([-2, -1, 1, 2, 5])
    elif isinstance(parent, list):
        parent.insert(last, copy.deepcopy(parent[last]))
    else:
        parent[last] = [parent[last]]
    return value


def break_text(rng, text):
    """One place of the file is cut, doubled, exchanged or gets something that means something."""
    place, other = rng.randint(0, len(text)), rng.randint(0, len(text))
    low, high = sorted((place, min(other, place + 12)))
    how = rng.random()
    if how < 0.5:
        return text[:place] + rng.choice(RAW) + text[place:]
    if how < 0.65:
        return text[:low] + text[high:]
    if how < 0.8:
        return text[:high] + text[low:high] + text[high:]
    if how < 0.9:
        return text[:place]
    return text.replace(
        *rng.choice([("\n", "\r\n"), ('"', "'"), (",", ", "), ("[", "[["), ("0", "1"), ("\t", "  ")])
    )


def twice(rng, line):
    """A key of one object stands twice."""
    key = rng.choice(
        ['"annotation_id"', '"label"', '"text"', '"evidences"', '"rationale"', '"id"', '"answers"']
    )
    place = line.find("{")
    return line[: place + 1] + f"{key}: {json.dumps(rng.choice(NASTY))}, " + line[place + 1 :]


def encoded(rng, text):
    text = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    how = rng.random()
    if how < 0.9:
        return text.encode("utf-8")
    if how < 0.94:
        return text.encode(rng.choice(["utf-16", "utf-8-sig"]))
    content = bytearray(text.encode("utf-8"))
    if content:
        content[rng.randrange(len(content))] = rng.randrange(256)
    return bytes(content)


def json_line(rng, row):
    line = json.dumps(row, ensure_ascii=rng.random() < 0.5 or "\\ud8" in json.dumps(row))
    return twice(rng, line) if rng.random() < 0.05 else line


def cells(rows):
    names = list(dict.fromkeys(name for row in rows for name in row))
    yield names
    for row in rows:
        values = (row.get(name) for name in names)
        yield [json.dumps(v) if isinstance(v, list | dict) else "" if v is None else str(v) for v in values]


def delimited(rng, rows, separator):
    if separator == "\t" and rng.random() < 0.4:
        plain = [
            [cell.replace("\t", " ").replace("\n", " ").replace("\r", " ") for cell in row]
            for row in cells(rows)
        ]
        return "".join("\t".join(row) + "\n" for row in plain)
    out = io.StringIO(newline="")
    quoting = rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    csv.writer(
        out, delimiter=separator, quoting=quoting, lineterminator=rng.choice(["\n", "\r\n"])
    ).writerows(cells(rows))
    return out.getvalue()


def mutant(seed, kind, folder):
    """Writes one broken (or, one time in ten, sound) corpus into ``folder``; returns what to load."""
    rng = random.Random(f"{kind}-{seed}")
    broken = rng.random() < 0.9
    in_value = broken and rng.random() < 0.65
    if kind in ("eraser", "docs.jsonl"):
        return eraser_mutant(rng, kind, folder, broken, in_value)
    content = squad_content(rng) if kind == "squad" else table_rows(rng)
    for _ in range(rng.randint(1, 2) if in_value else 0):
        content = break_value(rng, content) if any(paths_in(content)) and content else content
    suffix = "json" if kind == "squad" else kind
    if kind == "jsonl":
        rows = content if isinstance(content, list) else [content]
        text = "".join(json_line(rng, row) + "\n" for row in rows)
    elif suffix == "json":
        text = json_line(rng, content)
    else:
        rows = [row for row in content if isinstance(row, dict)] or [{"text": "a"}]
        text = delimited(rng, rows, "," if kind == "csv" else "\t")
    if broken and not in_value:
        text = break_text(rng, text)
    path = folder / f"mine.{suffix}"
    path.write_bytes(encoded(rng, text) if broken else text.encode("utf-8", "replace"))
    return path


def eraser_mutant(rng, kind, folder, broken, in_value):
    rows, texts = eraser_parts(rng, kind == "docs.jsonl")
    documents = [{"docid": docid, "document": text} for docid, text in texts.items()]
    for _ in range(rng.randint(1, 2) if in_value else 0):
        if rng.random() < 0.8 and rows:
            rows = break_value(rng, rows)
        elif kind == "docs.jsonl" and documents:
            documents = break_value(rng, documents)
    lines = "".join(json_line(rng, row) + "\n" for row in rows)
    files = {"val.jsonl": lines}
    if kind == "docs.jsonl":
        files["docs.jsonl"] = "".join(json_line(rng, row) + "\n" for row in documents)
    else:
        (folder / "docs").mkdir()
        files |= {f"docs/{docid}": text for docid, text in texts.items()}
    chosen = rng.choice(list(files))
    for name, text in files.items():
        if broken and not in_value and name == chosen:
            text = break_text(rng, text)
        (folder / name).write_bytes(
            encoded(rng, text) if broken and name == chosen else text.encode("utf-8", "replace")
        )
    return folder
