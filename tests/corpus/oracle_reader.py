"""A second reader of every format, written from docs/data.md alone: slow, simple, and strict.

It shares no code with the package. A source is read to a list of records, or ``Refused`` says that no
reading of it is right.
"""

import json
import math
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path


class Refused(Exception):
    pass


@dataclass(frozen=True)
class Record:
    id: object  # with the type it has in the file
    docid: str
    words: tuple
    label: str | None
    query: tuple
    query_first: bool
    spans: tuple  # (start, end, group)
    annotated: bool


def refuse_unless(condition, why):
    if not condition:
        raise Refused(why)


# text and JSON


def text_of(path):
    content = Path(path).read_bytes()
    encoding = "utf-8-sig"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    if content.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        encoding = "utf-32"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise Refused("encoding") from error
    refuse_unless("\0" not in text, "NUL")
    return text


def json_of(text):
    def no_repeats(pairs):
        refuse_unless(len({key for key, _ in pairs}) == len(pairs), "a key twice")
        return dict(pairs)

    def no_constant(_):
        raise Refused("NaN")

    try:
        value = json.loads(text, object_pairs_hook=no_repeats, parse_constant=no_constant)
    except (ValueError, RecursionError) as error:
        raise Refused("JSON") from error
    walk(value, 1)
    return value


def walk(value, depth):
    refuse_unless(depth <= 101, "depth")
    if isinstance(value, float):
        refuse_unless(math.isfinite(value), "infinite")
    elif isinstance(value, str):
        refuse_unless(not any(0xD800 <= ord(c) <= 0xDFFF for c in value), "surrogate")
    elif isinstance(value, list):
        for entry in value:
            walk(entry, depth + 1)
    elif isinstance(value, dict):
        for key, entry in value.items():
            walk(key, depth)
            walk(entry, depth + 1)


def lines_of(text):
    return [line for line in re.split("\r\n|\r|\n", text) if line.strip()]


def objects_of(path):
    rows = [json_of(line) for line in lines_of(text_of(path))]
    refuse_unless(all(isinstance(row, dict) for row in rows), "objects")
    return rows


def is_int(value):
    return isinstance(value, int) and not isinstance(value, bool)


def checked_id(value):
    refuse_unless(isinstance(value, str) or is_int(value), "id type")
    if isinstance(value, str):
        refuse_unless(value.strip() != "" and len(value) <= 1000, "id length")
        refuse_unless(all(unicodedata.category(c) not in ("Cc", "Cs") for c in value), "id characters")
    else:
        refuse_unless(abs(value) < 10**18, "id size")
    return value


def label_of(value):
    if value is None or value == "":
        return None
    refuse_unless(isinstance(value, str | int | float), "label type")
    if isinstance(value, float) and value == int(value):
        value = int(value)
    return str(value)


def bare(text):
    return "".join(text.split())


# rationales


def mask_to_spans(mask):
    padded = [0, *map(int, mask), 0]
    starts = [i for i in range(len(mask)) if padded[i + 1] and not padded[i]]
    ends = [i for i in range(1, len(mask) + 1) if padded[i] and not padded[i + 1]]
    return [(start, end, 0) for start, end in zip(starts, ends, strict=True)]


def span_of(item):
    if isinstance(item, dict):
        group = item.get("group")
        group = 0 if group is None else group
        refuse_unless(is_int(group) and 0 <= group <= 9999, "group")
        text = item.get("text")
        refuse_unless(text is None or isinstance(text, str), "text of a span")
        item = [item.get("start"), item.get("end")]
    else:
        refuse_unless(isinstance(item, list) and len(item) == 2, "span shape")
        group, text = 0, None
    refuse_unless(is_int(item[0]) and is_int(item[1]), "span numbers")
    return item[0], item[1], group, text or None


def word_marks(value, words):
    if isinstance(value, str):
        value = [value]
    refuse_unless(isinstance(value, list), "rationale type")
    if all(isinstance(item, str) for item in value):
        return quoted_marks(value, words)
    if all(isinstance(item, int | float) for item in value):
        refuse_unless(all(item in (0, 1) for item in value) and len(value) == len(words), "mask")
        return mask_to_spans(value)
    if all(isinstance(item, list) and all(e in (0, 1) for e in item) for item in value):
        length = len(value[0])
        refuse_unless(not (length > 2 or length == len(words) == 2), "masks of annotators")
    found = []
    for start, end, group, text in map(span_of, value):
        refuse_unless(0 <= start < end <= len(words), "span place")
        if text is not None:
            refuse_unless(bare(text) == bare("".join(words[start:end])), "text of a span")
        found.append((start, end, group))
    return found


def quoted_marks(quotations, words):
    text, owner = "", []  # the words with one space between them, and the word of each character
    for number, word in enumerate(words):
        piece = " ".join(word.split()) + " "
        text += piece
        owner += [number] * len(piece)
    text = text[:-1]
    found = []
    for quotation in quotations:
        quoted = " ".join(quotation.split())
        refuse_unless(quoted != "", "empty quotation")
        hits = []
        for place in range(len(text) - len(quoted) + 1):
            end = place + len(quoted)
            before = place == 0 or not re.match(r"\w", text[place - 1]) or not re.match(r"\w", quoted[0])
            behind = end == len(text) or not re.match(r"\w", text[end]) or not re.match(r"\w", quoted[-1])
            if text[place:end] == quoted and before and behind:
                hits.append((owner[place], owner[end - 1] + 1, 0))
        refuse_unless(hits, "quotation not found")
        found += [hit for hit in hits if hit not in found]
    return found


def utf16_place(text, units):
    """The character that begins ``units`` code units after the start; None inside one or outside."""
    seen = 0
    for place, letter in enumerate([*text, ""]):
        if seen == units:
            return place
        seen += 2 if letter and ord(letter) > 0xFFFF else 1
    return None


def character_marks(value, text, bounds):
    refuse_unless(isinstance(value, list), "rationale type")
    spans = [span_of(item) for item in value]
    if any(quote and not (0 <= s <= e and bare(text[s:e]) == bare(quote)) for s, e, _, quote in spans):
        spans = [(utf16_place(text, s), utf16_place(text, e), g, quote) for s, e, g, quote in spans]
        for start, end, _, quote in spans:
            refuse_unless(start is not None and end is not None, "offsets")
            refuse_unless(quote is None or bare(text[start:end]) == bare(quote), "text of a span")
    found = []
    for start, end, group, _ in spans:
        refuse_unless(0 <= start < end <= len(text), "span place")
        words = [n for n, (a, b) in enumerate(bounds) if a < end and b > start]
        refuse_unless(words, "white space")
        found.append((words[0], words[-1] + 1, group))
    return found


# tables


def table_records(rows, columns_of_first):
    """``rows``: dicts of a table, None where a value is missing."""
    for name in ("text", "words", "label", "id", "query", "rationale", "rationale_chars"):
        for row in rows:
            refuse_unless(all(key == name or key.strip() != name for key in row), "blanks in a name")
    refuse_unless({"text", "words"} & set(columns_of_first), "columns")
    records, used = [], set()
    for number, row in enumerate(rows):
        record = table_record(row, number)
        refuse_unless(record.docid not in used, "id twice")
        used.add(record.docid)
        records.append(record)
    refuse_unless(records, "no rows")
    return records


def table_record(row, number):
    text, words = row.get("text"), row.get("words")
    refuse_unless(text is None or isinstance(text, str), "text type")
    bounds = None
    if words is not None:
        refuse_unless(isinstance(words, list) and all(isinstance(w, str) for w in words), "words type")
        refuse_unless(words and all(word.strip() for word in words), "blank words")
        if text is not None:
            refuse_unless(bare(text) == bare("".join(words)), "words beside text")
            letters = [i for i, c in enumerate(text) if c.strip()]
            bounds, used = [], 0
            for word in words:
                size = len(bare(word))
                bounds.append((letters[used], letters[used + size - 1] + 1))
                used += size
    else:
        refuse_unless(text is not None, "no text")
        bounds = [match.span() for match in re.finditer(r"\S+", text)]
        words = [text[a:b] for a, b in bounds]
        refuse_unless(words, "empty")
    given = row.get("id")
    if isinstance(given, float) and given == int(given):
        given = int(given)
    identifier = str(number) if given is None or given == "" else checked_id(given)
    query = row.get("query")
    if isinstance(query, list):
        refuse_unless(all(isinstance(word, str) for word in query), "query")
    else:
        refuse_unless(query is None or isinstance(query, str), "query")
        query = (query or "").split()
    marks, characters = row.get("rationale"), row.get("rationale_chars")
    refuse_unless(marks is None or characters is None, "both")
    spans = []
    if marks is not None:
        spans = word_marks(marks, words)
    elif characters is not None:
        refuse_unless(text is not None, "characters without text")
        spans = character_marks(characters, text, bounds)
    label = label_of(row.get("label"))
    annotated = marks is not None or characters is not None
    return Record(
        identifier, str(identifier), tuple(words), label, tuple(query), True, tuple(spans), annotated
    )


def read_jsonl(path):
    rows = objects_of(path)
    return table_records(rows, rows[0] if rows else ())


def read_json(path):
    rows = json_of(text_of(path))
    refuse_unless(isinstance(rows, list) and all(isinstance(row, dict) for row in rows), "list of objects")
    return table_records(rows, rows[0] if rows else ())


def split_delimited(text, separator, *, spaced=False):
    """RFC 4180: rows of fields; empty lines are left out.

    ``spaced``: blanks before a field are no part of it.
    """
    bare_field = f'[^"{separator}\r\n][^{separator}\r\n]*|'
    field = re.compile(
        f'{" *" if spaced else ""}(?:"((?:[^"]|"")*)"|({bare_field}))({separator}|\r\n|\r|\n|\\Z)'
    )
    rows, row, place, end = [], [], 0, None
    while end != "":
        match = field.match(text, place)
        refuse_unless(match, "quotes")
        quoted, plain, end = match.groups()
        refuse_unless(separator == "\t" or not re.match('[ \t]+"', plain or ""), "blank before a quote")
        row.append(plain if quoted is None else quoted.replace('""', '"'))
        place = match.end()
        if end != separator:
            if row != [""] or quoted is not None:
                rows.append(row)
            row = []
    return rows


def records_of_cells(rows):
    refuse_unless(rows, "empty")
    header = [name.strip() for name in rows[0]]
    refuse_unless(len(set(header)) == len(header), "columns")
    refuse_unless(all(len(row) == len(header) for row in rows), "fields")
    return table_records([dict(zip(header, map_cells(header, row), strict=True)) for row in rows[1:]], header)


def map_cells(header, row):
    for name, cell in zip(header, row, strict=True):
        if name in ("id", "label"):
            cell = cell.strip()
        if cell == "":
            yield None
        elif name in ("words", "rationale", "rationale_chars") and cell.lstrip().startswith("["):
            try:
                json.loads(cell)
            except (ValueError, RecursionError):
                yield cell
            else:
                yield json_of(cell)
        else:
            yield cell


def read_csv(path):
    text = text_of(path)
    return records_of_cells(split_delimited(text, ",", spaced=", " in re.split("[\r\n]", text)[0]))


def read_tsv(path):
    """One reading, or ``Refused``; where both readings are possible, only the quoted one can be right."""
    text = text_of(path)
    literal = [line.split("\t") for line in re.split("\r\n|\r|\n", text) if line]
    try:
        quoted = split_delimited(text, "\t")
        refuse_unless(len({len(row) for row in quoted}) == 1, "fields")
    except Refused:
        fields = [field for row in literal for field in row]
        doubled = [f for f in fields if re.fullmatch('"([^"]|"")*"', f) and '""' in f[1:-1]]
        refuse_unless(not doubled, "quoted in part")
        return records_of_cells(literal)
    if quoted != literal and len({len(row) for row in literal}) == 1:
        fields = [field for row in literal for field in row if '"' in field]
        refuse_unless(all(re.fullmatch('"([^"]|"")*"', field) for field in fields), "either")
    return records_of_cells(quoted)


# ERASER


def read_eraser(path):
    folder, split = Path(path), "val"
    refuse_unless((folder / "docs").is_dir() != (folder / "docs.jsonl").is_file(), "documents")
    documents = {}
    if (folder / "docs.jsonl").is_file():
        for row in objects_of(folder / "docs.jsonl"):
            refuse_unless("docid" in row and isinstance(row.get("document"), str), "a document")
            docid = str(checked_id(row["docid"]))
            refuse_unless(docid not in documents, "document twice")
            documents[docid] = [line.strip().split(" ") for line in row["document"].split("\n")]
    records, used = [], set()
    for row in objects_of(folder / f"{split}.jsonl"):
        found = annotation_records(row, documents, folder)
        refuse_unless(str(found[0].id) not in used, "id twice")
        used.add(str(found[0].id))
        records += found
    refuse_unless(records, "empty")
    return records


def sentences_of(docid, documents, folder):
    """The sentences of a document, each a list of words; None where there is no such document."""
    if (folder / "docs.jsonl").is_file():
        return documents.get(docid)
    path = folder / "docs" / docid
    if ".." in docid.split("/") or docid.startswith("/") or len(docid.encode()) > 255 or not path.is_file():
        return None
    lines = [line.strip() for line in re.split("\r\n|\r|\n", text_of(path))]
    return [[word for word in line.split(" ") if word] for line in lines if line]


def annotation_records(row, documents, folder):
    def there(docid):
        return sentences_of(docid, documents, folder) is not None

    identifier = checked_id(row.get("annotation_id"))
    name = str(identifier)
    groups = row.get("evidences")
    refuse_unless(groups is None or isinstance(groups, list), "evidences")
    refuse_unless(all(isinstance(group, list) for group in groups or []), "groups")
    pieces = [(number, piece) for number, group in enumerate(groups or []) for piece in group]
    refuse_unless(all(isinstance(piece, dict) for _, piece in pieces), "pieces")
    marked = list(dict.fromkeys(str(checked_id(piece.get("docid"))) for _, piece in pieces))
    query = asked_of(row.get("query"))
    names = names_of(name, row.get("docids"), marked, query, there)
    refuse_unless(names, "no document")
    pair = len(names) == 2 and not query
    if pair:
        names.sort(key=lambda docid: docid.endswith("hypothesis"))
    texts = {}
    for docid in names:
        refuse_unless(there(docid), "document")
        texts[docid] = sentences_of(docid, documents, folder)
        refuse_unless(any(word for line in texts[docid] for word in line), "empty document")
    label, spans = label_of(row.get("classification")), {docid: [] for docid in names}
    for number, piece in pieces:
        place = place_of(piece, texts[str(piece["docid"])])
        if place is not None:
            spans[str(piece["docid"])].append((*place, number))
    words = {docid: tuple(word for line in texts[docid] for word in line) for docid in names}
    return [
        Record(
            identifier,
            docid,
            words[docid],
            label,
            words[names[1 - number]] if pair else tuple(query),
            number == 1 if pair else True,
            tuple(spans[docid]),
            groups is not None,
        )
        for number, docid in enumerate(names)
    ]


def asked_of(query):
    if isinstance(query, list):
        refuse_unless(all(isinstance(word, str) for word in query), "query")
        query = [word for word in query if word.strip()]
    else:
        refuse_unless(query is None or isinstance(query, str), "query")
        query = (query or "").split()
    return [] if " ".join(query) == "What is the sentiment of this review?" else query


def names_of(name, listed, marked, query, there):
    refuse_unless(listed is None or isinstance(listed, list), "docids")
    names = list(dict.fromkeys(str(checked_id(docid)) for docid in listed or []))
    halves = [f"{name}_premise", f"{name}_hypothesis"]
    if not names and any(map(there, halves)):
        refuse_unless(all(map(there, halves)), "half a pair")
        names = halves
    if not names:
        others = [name, f"{name}_query"]
        if name[-2:-1] == "_":
            others += [name[:-2], f"{name[:-2]}_query"]
        others += [name.rsplit(":", 2)[0], name.split(":")[0]]
        names = [docid for docid in others if docid and there(docid)][:1]
    if query:
        return names + [docid for docid in marked if docid not in names]
    return without_query(names, marked, there)


def without_query(names, marked, there):
    def halves(docid):
        for ending in ("_premise", "_hypothesis"):
            if docid.endswith(ending) and docid != ending:
                stem = docid[: -len(ending)]
                return [f"{stem}_premise", f"{stem}_hypothesis"]
        return []

    if not names and marked:
        pair = [docid for docid in halves(marked[0]) if there(docid)]
        refuse_unless(len(pair) != 1, "half a pair")
        names = pair or (marked if len(marked) == 1 else [])
    elif len(names) == 1 and halves(names[0]) and all(map(there, halves(names[0]))):
        names = halves(names[0])
    refuse_unless(set(marked) <= set(names), "evidence elsewhere")
    return list(names)


def place_of(piece, sentences):
    """``[start, end)`` of a piece of evidence in words, None where it is left out."""
    words = [word for line in sentences for word in line]
    start, end = piece.get("start_token"), piece.get("end_token")
    first, last = (-1 if piece.get(key) is None else piece[key] for key in ("start_sentence", "end_sentence"))
    refuse_unless(all(map(is_int, (start, end, first, last))), "numbers")
    text = piece.get("text")
    if isinstance(text, list):
        refuse_unless(all(isinstance(w, str) for w in text) or all(isinstance(w, int) for w in text), "text")
        text = " ".join(text) if all(isinstance(w, str) for w in text) else ""
    refuse_unless(text is None or isinstance(text, str), "text")
    refuse_unless((first, last) != (-1, 0), "the last sentence")
    if start == end == -1:
        if first == last == -1:
            return None
        refuse_unless(0 <= first < last <= len(sentences), "sentences")
        start = sum(len(line) for line in sentences[:first])
        end = sum(len(line) for line in sentences[:last])
    refuse_unless(0 <= start <= end <= len(words), "place")
    if text and text.strip():
        refuse_unless(bare(text) == bare("".join(words[start:end])), "text of evidence")
    return None if start == end else (start, end)


# SQuAD


def read_squad(path):
    content = json_of(text_of(path))
    refuse_unless(isinstance(content, dict) and isinstance(content.get("data"), list), "data")
    records, used = [], set()
    for article in content["data"]:
        refuse_unless(isinstance(article, dict) and isinstance(article.get("paragraphs"), list), "article")
    of_file = counts_of(paragraph for article in content["data"] for paragraph in article["paragraphs"])
    for article in content["data"]:
        title = article.get("title")
        refuse_unless(title is None or isinstance(title, str), "title")
        for number, paragraph in enumerate(article["paragraphs"]):
            refuse_unless(isinstance(paragraph, dict), "paragraph")
            context, questions = paragraph.get("context"), paragraph.get("qas")
            refuse_unless(isinstance(context, str) and isinstance(questions, list), "paragraph")
            counts = counts_of([paragraph]) or of_file
            for question in questions:
                refuse_unless(isinstance(question, dict), "question")
                record = question_record(question, context, f"{title or ''}/{number}", counts)
                refuse_unless(str(record.id) not in used, "id twice")
                used.add(str(record.id))
                records.append(record)
    refuse_unless(records, "empty")
    return records


def runs_of(text):
    """Runs of letters and digits, and single signs; a mark belongs to what it combines with."""
    bounds, kind = [], " "
    for place, letter in enumerate(text):
        is_mark = unicodedata.category(letter)[0] == "M"
        now = " " if letter.isspace() else "w" if letter.isalnum() or letter == "_" else "s"
        if is_mark and kind != " ":
            bounds[-1][1] = place + 1
            kind = "w"
        elif now == "w" and kind == "w":
            bounds[-1][1] = place + 1
        else:
            if now != " ":
                bounds.append([place, place + 1])
            kind = now
    return [tuple(bound) for bound in bounds]


def answer_places(context, text, start):
    """Where an answer is by code points, and by UTF-16 code units."""
    places = [start, utf16_place(context, start)]
    return [p if p is not None and p >= 0 and context[p : p + len(text)] == text else None for p in places]


def counts_of(paragraphs):
    """0 for an answer that is found by code points alone, 1 for one by UTF-16 alone; malformed ones aside."""
    counts = set()
    for paragraph in paragraphs:
        try:
            context = paragraph["context"]
            answers = [
                answer
                for question in paragraph["qas"]
                if isinstance(question, dict) and isinstance(question.get("answers"), list)
                for answer in question["answers"]
            ]
        except (TypeError, KeyError):
            continue
        for answer in answers:
            text, start = (
                answer.get(k) if isinstance(answer, dict) else None for k in ("text", "answer_start")
            )
            if isinstance(context, str) and isinstance(text, str) and text.strip() and isinstance(start, int):
                places = answer_places(context, text, start)
                if places.count(None) == 1:
                    counts.add(places.index(None) ^ 1)
    return counts


def question_record(question, context, docid, counts):
    identifier = checked_id(question.get("id"))
    asked = question.get("question")
    refuse_unless(isinstance(asked, str), "question")
    impossible = question.get("is_impossible", False)
    refuse_unless(isinstance(impossible, bool), "is_impossible")
    answers = question.get("answers", [] if impossible else None)
    refuse_unless(isinstance(answers, list) and bool(answers) != impossible, "answers")
    bounds = runs_of(context)
    query = [asked[a:b] for a, b in runs_of(asked)]
    refuse_unless(bounds and query, "words")
    spans = []
    for number, answer in enumerate(answers):
        refuse_unless(isinstance(answer, dict), "answer")
        text, start = answer.get("text"), answer.get("answer_start")
        refuse_unless(isinstance(text, str) and is_int(start), "answer")
        places = answer_places(context, text, start)
        refuse_unless(len(set(places)) == 1 or len(counts) == 1, "code points or UTF-16")
        hit = places[min(counts, default=0) if len(counts) == 1 else 0]
        refuse_unless(hit is not None and text, "place of an answer")
        inside = [n for n, (a, b) in enumerate(bounds) if a < hit + len(text) and b > hit]
        refuse_unless(inside, "white space")
        spans.append((inside[0], inside[-1] + 1, number))
    words = tuple(context[a:b] for a, b in bounds)
    label = "answerable" if spans else "unanswerable"
    return Record(identifier, docid, words, label, tuple(query), True, tuple(spans), True)
