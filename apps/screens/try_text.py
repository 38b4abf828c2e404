"""The page Try: scores any text with a model."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import streamlit as st

from rationale.corpus import Documents
from rationale.errors import ModelError
from rationale.loading.classifier import Classifier, load_classifier
from rationale.scores import METHODS, ScoreOptions, one_pass_methods, score_text
from rationale.scores.methods import decision_methods
from rationale.scores.recipe import read_recipe
from workbench.address import Address
from workbench.collection import Collection
from workbench.limits import MOST_WORDS, check_text, load_named, progress_note
from workbench.messages import messages
from workbench.reading import choose_beside, choose_method, choose_part, choose_units, show_words, toolbar
from workbench.settings import AppSettings

_TRIED = "try.collection"


@dataclass(frozen=True)
class Request:
    """A text to explain.

    Attributes:
        model: A hub id or a folder.
        text: The text.
        query: The other segment of a sentence pair; empty for none.
        methods: Score methods.
    """

    model: str
    text: str
    query: str
    methods: tuple[str, ...]


@st.cache_resource(max_entries=2, show_spinner="Loading the model …")
def classifier(model: str, device: str, dtype: str) -> Classifier:
    """Loads a model once."""
    return load_classifier(model, device=device, dtype=dtype)


def try_text() -> None:
    """Shows the page."""
    address = Address()
    with messages():
        settings = AppSettings.parse(sys.argv[1:])
        request = _form(settings)
        if request is not None:
            st.session_state[_TRIED] = _explain(request, settings)
            address.set("pins", None)
            address.set("part", None)
        tried: Collection | None = st.session_state.get(_TRIED)
        if tried is not None:
            _show(address, tried)
    address.write()


def _form(settings: AppSettings) -> Request | None:
    """Shows the form, and returns the request; None until it is sent."""
    with st.container(key="card.try"), st.form("try.form", border=True):
        text = _area("Text", "try.text", 110, f"Write or paste a text of up to {MOST_WORDS:,} words.")
        with toolbar():
            named = settings.model or _scored_with(settings)
            model = st.text_input("Model", named, key="try.model", width=360, persist_state="session")
            methods = st.multiselect(
                "Methods", list(METHODS), [*one_pass_methods()], key="try.methods", width="stretch",
                format_func=lambda name: METHODS.get(name).title, persist_state="session",
            )  # fmt: skip
        with st.expander("The model reads a second text (a question, a premise)"):
            query = _area("Second text", "try.query", 70, "")
        sent = st.form_submit_button("Explain", key="try.send", type="primary")
    if not sent:
        return None
    if not (model := (model or "").strip()):
        raise ModelError("no model was named", remedy="Name a hub id, or start the app with --model FOLDER.")
    check_text(text, query)
    return Request(model, text, query, tuple(methods) or one_pass_methods()[:1])


def _area(label: str, key: str, height: int, placeholder: str) -> str:
    return st.text_area(label, key=key, height=height, placeholder=placeholder, persist_state="session") or ""


def _scored_with(settings: AppSettings) -> str:
    """Returns the model of the open scores; empty if none are open."""
    folders = list(settings.folders().values())
    return read_recipe(folders[0]).model.name if folders else ""


def _explain(request: Request, settings: AppSettings) -> Collection:
    """Scores the text now, and returns it as a collection of one document."""
    known = {name for name in (settings.model, _scored_with(settings)) if name}
    model = load_named(request.model, known, lambda name: classifier(name, settings.device, settings.dtype))
    # a dropping model's own scores come first, chosen or not: the page opens on what it drops
    methods = tuple(dict.fromkeys((*decision_methods(model.policy), *request.methods)))
    options = ScoreOptions(methods=methods, batch_size=settings.batch_size, seed=settings.seed)
    with st.spinner(progress_note(check_text(request.text, request.query))):
        scores = score_text(model, request.text, query=request.query, options=options)
    return Collection("text", scores, Documents.of_text(request.text, request.query))


def _show(address: Address, tried: Collection) -> None:
    opened = tried.open(tried.keys[0])
    with toolbar():
        method = choose_method(address, tried)
        beside = choose_beside(address, tried, method)
        units = choose_units(address)
        part = choose_part(address, *opened, units)
    methods = [method] if beside is None else [method, beside]
    show_words(address, tried, opened, methods, "threshold", units, part, key="try")


try_text()
