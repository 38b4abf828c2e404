/**
 * The document of one panel. Its spans are made once; a step of the layer, another method or a pin changes
 * classes, one custom property and labels. Nothing that has a size changes, so no line ever breaks anew.
 */
class Text {
  constructor(data, actions) {
    this.data = data;
    this.spans = data.units.map((unit, index) => this.span(unit, index));
    this.node = el("div", {
      class: ["text", data.annotators?.kind].filter(Boolean).join(" "), role: "listbox", dir: "auto", "aria-multiselectable": "true",
      "aria-label": data.labels.text + "; left and right move between words, up and down between layers, "
        + "enter pins a word",
    });
    this.fill();
    this.listen(actions);
    this.reachable = -1;
    this.reach(0);
  }

  span(unit, index) {
    const seen = !/^[\p{Z}\p{C}]*$/u.test(unit);
    const endless = unit.length > 400;
    const span = el("span", { role: "option", tabindex: "-1", class: "unit" });
    span.textContent = endless ? shown(unit, 120) : seen ? unit : unseen(unit);
    if (endless) span.append(el("small", {}, ` ${unit.length.toLocaleString("en")} characters`));
    if (!seen) span.classList.add("unseen");
    if (/[\u202A-\u202E\u2066-\u2069]/.test(unit)) span.classList.add("turned");
    const kind = this.data.kinds ? this.data.kinds[index] : 0;
    if (kind) span.classList.add(["", "special", "query", "unread"][kind]);
    const { joins } = this.data;
    span.classList.toggle("joined", Boolean(joins && joins[index]));
    span.classList.toggle("ends", Boolean(joins && joins[index + 1]));
    span.unit = index;
    return span;
  }

  fill() {
    const { joins, windows, annotators } = this.data;
    this.spans.forEach((span, index) => {
      if (windows && (index === 0 || windows[index] !== windows[index - 1])) {
        if (windows[this.spans.length - 1] > 0) {
          this.node.append(el("div", { class: "window", "aria-hidden": "true" }, `window ${windows[index] + 1}`));
        }
      } else if (index && !(joins && joins[index])) this.node.append(lined(annotators?.spaces[index], " "));
      this.node.append(lined(annotators?.lines[index], span, annotators?.notes[index]));
    });
  }

  listen(actions) {
    const unitOf = (event) => event.target.closest(".unit, .lines")?.unit;
    this.node.addEventListener("pointerover", (event) => actions.point(unitOf(event) ?? -1));
    this.node.addEventListener("pointerleave", () => actions.point(-1));
    this.node.addEventListener("click", (event) => unitOf(event) !== undefined && actions.pin(unitOf(event)));
    this.node.addEventListener("focusin", (event) => {
      if (unitOf(event) === undefined) return;
      this.reach(unitOf(event));
      actions.rest(unitOf(event));
    });
    this.node.addEventListener("focusout", () => actions.rest(-1));
    this.node.addEventListener("keydown", (event) => this.key(event, actions));
  }

  key(event, actions) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = this.reachable, last = this.spans.length - 1;
    const moves = {
      ArrowRight: at + 1, ArrowLeft: at - 1, PageDown: at + 20, PageUp: at - 20, Home: 0, End: last,
    };
    if (event.key in moves) this.focus(Math.min(last, Math.max(0, moves[event.key])));
    else if (event.key === "ArrowDown") actions.step(1);
    else if (event.key === "ArrowUp") actions.step(-1);
    else if (event.key === "Enter" || event.key === " ") actions.pin(at);
    else if (event.key === "Escape") actions.unpin();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Makes one word the tab stop of the text. */
  reach(index) {
    if (!this.spans.length) return;
    this.spans[this.reachable]?.setAttribute("tabindex", "-1");
    this.reachable = index;
    this.spans[index].setAttribute("tabindex", "0");
  }

  focus(index) {
    this.reach(index);
    this.spans[index].focus({ preventScroll: true });
    this.reveal(index);
  }

  /** Scrolls the text, and only the text, until the word is visible. */
  reveal(index) {
    within(this.node, this.spans[index]);
  }

  paint(panel, step) {
    const row = rowAt(panel, step), { human } = this.data;
    const scores = row < 0 ? null : panel.scores[row], marks = row < 0 ? null : panel.marks[row];
    const peak = scores ? peakOf(scores) : 0;
    this.spans.forEach((span, index) => {
      const score = scores ? scores[index] : 0, mark = marks ? marks[index] : REST;
      const partly = row >= 0 && isPartly(panel, row, index);
      span.style.setProperty("--g", mark >= DROPPED_HERE ? 0 : darkness(score, peak).toFixed(3));
      const classes = span.classList, marked = Boolean(human && human[index]);
      classes.toggle("against", score < 0 && mark < DROPPED_HERE);
      classes.toggle("chosen", mark === CHOSEN);
      classes.toggle("partly", partly);
      classes.toggle("alarm", Boolean(human) && !marked && mark === CHOSEN && panel.alarms);
      classes.toggle("dropped", mark === DROPPED_HERE);
      classes.toggle("gone", mark === DROPPED_BEFORE);
      classes.toggle("found", marked && mark === CHOSEN);
      classes.toggle("lost", marked && mark !== CHOSEN);
      span.setAttribute("aria-label", this.say(index, mark, score, marked, partly));
    });
  }

  say(index, mark, score, marked, partly) {
    const { units, kinds, labels } = this.data, kind = kinds ? kinds[index] : 0;
    const word = shown(units[index]);
    if (kind) return `${word}: ${labels.kinds[kind]}, score ${number(score)}`;
    const verdict = !this.data.human ? "" : labels.verdicts[(marked ? 2 : 0) + (mark === CHOSEN ? 1 : 0)];
    const what = labels.marks[mark] + (partly ? " in part" : "");
    const who = this.data.annotators?.notes[index];
    return `${word}: ${what}${verdict ? ", " + verdict : ""}, score ${number(score)}${who ? ", " + who : ""}`;
  }

  point(index) {
    this.spans[this.pointed]?.classList.remove("pointed");
    this.pointed = index;
    this.spans[index]?.classList.add("pointed");
  }

  pins(isPinned) {
    this.spans.forEach((span, index) => {
      const on = isPinned(index);
      span.classList.toggle("pinned", on);
      span.setAttribute("aria-selected", String(on));
    });
  }
}

/** A word, or the space between two, with the lines of the annotators who marked it. */
function lined(lines, content, title) {
  if (!lines) return content;
  const node = el("span", { class: lines, role: "presentation", title }, content);
  node.unit = content.unit;
  return node;
}
