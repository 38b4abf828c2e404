"""Tiny corpora in the formats of the real ones, with harmless words."""

import csv
import json


def write_csv(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_jsonl(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def post(name, labels, masks, words=("red", "big", "dog", "ran")):
    """A row of HateXplain's processed files; the labels are numbers there."""
    who = {"label": labels, "annotator_id": [7, 8, 9], "target": [["None"]] * 3}
    return {"id": name, "annotators": str(who), "rationales": str(masks), "post_tokens": str(list(words))}


def hatexplain(folder, *rows):
    rows = rows or (
        post("two_masks", [0, 2, 2], [[0, 1, 1, 0], [0, 0, 1, 0]]),
        post("normal", [1, 1, 0], []),
        post("three_labels_two_masks", [0, 0, 2], [[1, 0, 0, 0], [0, 0, 0, 1]]),
        post("all_differ", [0, 1, 2], [[1, 0, 0, 0], [1, 0, 0, 1]]),
    )
    write_csv(folder / "hatexplain" / "df_val_processed.csv", rows)
    return folder


def hatexplain_whole(folder):
    def whole(name, labels, masks):
        said = [{"label": label, "annotator_id": n, "target": []} for n, label in enumerate(labels, 7)]
        words = ["red", "big", "dog", "ran"]
        return {"post_id": name, "annotators": said, "rationales": masks, "post_tokens": words}

    posts = [
        whole("a", ["offensive", "hatespeech", "offensive"], [[0, 1, 1, 0], [0, 0, 1, 0]]),
        whole("b", ["normal", "normal", "normal"], []),
    ]
    (folder / "dataset.json").write_text(json.dumps({each["post_id"]: each for each in posts}))
    (folder / "post_id_divisions.json").write_text(json.dumps({"train": ["b"], "val": ["a"], "test": []}))
    return folder


def annotation(number, comment, worker, *, everything=False, nothing=False):
    row = {"annotation": number, "comment_id": comment, "worker": worker, "country": "X"}
    return {**row, "all toxic": everything, "not toxic": nothing}


def span(number, start, end):
    return {"annotation": number, "type": "T", "start": start, "end": end}


def toxic_raw(folder, annotations=None, spans=None):
    comments = [
        {"comment_id": "20", "comment_text": "the soup was cold, and salty"},
        {"comment_id": "21", "comment_text": "no comment"},
    ]
    annotations = annotations or [
        annotation(1, "20", "ann"),
        annotation(2, "20", "bob", nothing=True),
        annotation(3, "20", "cem", everything=True, nothing=True),
        annotation(4, "21", "ann", everything=True),
        annotation(5, "21", "bob"),
        annotation(6, "21", "cem"),
        annotation(7, "20", "ann", nothing=True),
    ]
    spans = spans or [span(1, 13, 18), span(1, 15, 17), span(1, 30, 40), span(2, 4, 8), span(6, 3, 99)]
    write_csv(folder / "comments.csv", comments)
    write_csv(folder / "annotations.csv", annotations)
    write_csv(folder / "spans.csv", spans)
    return folder


def toxic_spans(folder, *rows):
    rows = rows or (
        {"spans": "[4, 5, 6, 7, 9, 10, 11]", "text": "the soup was cold"},
        {"spans": "[]", "text": "no comment"},
    )
    write_csv(folder / "tsd_train.csv", rows)
    write_csv(folder / "tsd_trial.csv", rows[:1])
    return folder


def question(name, stem, right="B"):
    choices = [
        {"label": letter, "text": text}
        for letter, text in zip("ABC", ["a big box", "sea", "sky"], strict=True)
    ]
    return {"answerKey": right, "id": name, "question": {"choices": choices, "stem": stem}}


def highlight(name, selected):
    return {"id": name, "explanation": {"open-ended": "since it swims", "selected": selected}}


def cose(folder, questions=None, highlights=None):
    stem = "Where does a fish, or a small whale, live?"
    questions = questions or [question(str(n), stem) for n in range(5)]
    highlights = highlights or [
        highlight("0", "small whale"),
        highlight("1", "fish,or a"),
        highlight("2", "Question: Where does"),
        highlight("3", "whale,fish"),
        highlight("4", "Question"),
    ]
    write_jsonl(folder / "v1.0" / "train_rand_split.jsonl", questions)
    write_jsonl(folder / "v1.0" / "cose_train_v1.0.jsonl", highlights)
    return folder


ABSTRACT = "TITLE: Tea and sleep\n\nRESULTS: Tea drinkers slept less. No change in weight."


def prompt(number, article="100"):
    return {
        "PromptID": number,
        "PMCID": article,
        "Outcome": "hours of sleep",
        "Intervention": "tea",
        "Comparator": "warm water",
    }


def evidence(user, number, code, quoted="Tea drinkers slept less", **change):
    start = ABSTRACT.find(quoted)
    row = {
        "UserID": user,
        "PromptID": number,
        "PMCID": "100",
        "Valid Label": True,
        "Valid Reasoning": True,
        "Label": "significantly increase",
        "Annotations": quoted,
        "Label Code": code,
        "In Abstract": "UNK",
        "Evidence Start": start,
        "Evidence End": start + len(quoted),
    }
    return {**row, **change}


BEHIND = {"Evidence Start": 4000, "Evidence End": 4010}


def evidence_inference(folder, annotations=None):
    annotations = annotations or [
        evidence(0, 1, -1),
        evidence(0, 1, -1, "No change"),
        evidence(1, 1, -1, **BEHIND),
        evidence(2, 1, 1, **{"Valid Label": False}),
        evidence(0, 2, 1),
        evidence(1, 2, 0),
        evidence(0, 3, 0, **BEHIND),
    ]
    write_csv(
        folder / "v2_prompts.csv", [prompt(1), prompt(2), prompt(3), prompt(4, "101"), prompt(5, "200")]
    )
    write_csv(folder / "v2_annotations.csv", annotations)
    write_jsonl(folder / "abstracts.jsonl", [{"pmcid": "100", "text": ABSTRACT}])
    (folder / "ev2_train_article_ids.txt").write_text("100\n101\n")
    (folder / "ev2_validation_article_ids.txt").write_text("200\n")
    return folder


def answer(text, sentence, who, label, mask, original, number=1):
    row = {"QID": "Q1", "text_id": text, "sentence": sentence, "original_label": original, "label": label}
    return {**row, "label_index": number, "rationale_binary": str(mask), "annotator_ID": who}


def fair_sst(folder, *rows):
    rows = rows or (
        answer(5, "a good film", 1, "no sentiment", [0, 1, 0], "positive", 0),
        answer(5, "a good film", 2, "positive", [0, 1, 1], "positive"),
        answer(6, "a dull film", 1, "negative", [0, 1, 0], "negative", 2),
        answer(6, "a dull film", 2, "negative", [0, 1, 1], "negative", 2),
        answer(6, "a dull film", 3, "positive", [1, 0, 0], "negative", 1),
    )
    write_csv(folder / "SST_annot_after_processing.csv", rows)
    return folder


def fair_cose(folder):
    asked = "where do fish live ?"
    rows = [
        answer(0, asked, 1, "sea", [0, 0, 1, 1, 0], "B", 2),
        answer(0, asked, 2, "box", [0, 0, 1, 0, 0], "B", 1),
        answer(0, asked, 3, "sea", [0, 0, 0, 0, 0], "B", 2),
        answer(1, asked, 1, "sky", [1, 0, 0, 0, 0], "E", 3),
    ]
    write_csv(folder / "cose_annot_after_processing.csv", rows)
    return folder


PARAGRAPH = "Fish live in the sea (not the sky). Birds do not."


def expmrc(folder, evidences=("Fish live in the sea", "Fish live in the sea (not the sky)"), **change):
    asked = {
        "id": "q1",
        "question": "Where do fish live?",
        "answers": [{"text": "the sea", "answer_start": 13}],
    }
    asked = {**asked, "evidences": list(evidences), **change}
    content = {"data": [{"title": "Fish", "paragraphs": [{"context": PARAGRAPH, "qas": [asked]}]}]}
    (folder / "expmrc-squad-dev.json").write_text(json.dumps({"version": "x", **content}))
    return folder


def vihos(folder, *rows):
    rows = rows or (
        {"": "0", "content": "món này ngon quá", "index_spans": "[8, 9, 10, 11, 12, 13]"},
        {"": "1", "content": "đẹp quá", "index_spans": "[]"},
        {"": "2", "content": "trời đẹp", "index_spans": "[4]"},
    )
    write_csv(folder / "dev.csv", rows)
    return folder
