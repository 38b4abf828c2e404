/** The list of layers with what each selects: a radio group, a slider and a player share the step. */
class Layers {
  constructor(data, actions) {
    this.data = data;
    this.slider = el("input", {
      type: "range", min: 0, max: data.layers.length - 1, step: 1, "aria-label": "Layer", class: "slider",
    });
    this.slider.addEventListener("input", () => actions.go(Number(this.slider.value)));
    this.rows = data.names.map((layer, step) => this.row(layer, step, actions));
    const many = data.layers.length > 7 || data.panels.length > 1;
    this.list = el("div", { class: many ? "layers many" : "layers", role: "radiogroup", "aria-label": "Layers" }, ...this.rows);
    this.list.addEventListener("keydown", (event) => this.key(event, actions));
    this.player = el("button", { type: "button", class: "play" });
    this.player.addEventListener("click", () => actions.play());
    const back = el("button", { type: "button", "aria-label": "previous layer" }, "◀");
    const forth = el("button", { type: "button", "aria-label": "next layer" }, "▶");
    back.addEventListener("click", () => actions.step(-1));
    forth.addEventListener("click", () => actions.step(1));
    const single = data.layers.length < 2;
    const controls = el("div", { class: "controls", hidden: single }, back, this.player, forth,
      el("span", { class: "hint" }, "keys ↑ ↓"));
    this.now = el("div", { class: "now" });
    this.node = el("section", { class: "card side-layers", "aria-label": "layers" },
      el("h2", {}, data.labels.layers), this.now, el("div", { class: "slide", hidden: single }, this.slider),
      this.list, controls);
  }

  row(layer, step, actions) {
    const bars = this.data.panels.map((panel, place) => {
      const row = rowAt(panel, step), level = row < 0 ? null : panel.levels[row];
      const fill = el("i");
      fill.style.width = (level ? 100 * level.share : 0) + "%";
      return el("span", { class: "level" },
        el("span", { class: "count" }, level ? level.count : "not scored"),
        el("span", { class: place ? "bar second" : "bar" }, fill),
        el("span", { class: "caption" }, level ? level.caption : ""));
    });
    const button = el("button", { type: "button", role: "radio", tabindex: "-1", class: "layer" },
      el("b", {}, layer), ...bars);
    button.addEventListener("click", () => actions.go(step));
    return button;
  }

  key(event, actions) {
    const steps = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };
    if (event.key in steps) actions.step(steps[event.key], true);
    else if (event.key === "Home") actions.go(0, true);
    else if (event.key === "End") actions.go(this.rows.length - 1, true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  paint(step, playing, focus) {
    this.rows.forEach((row, index) => {
      row.setAttribute("aria-checked", String(index === step));
      row.setAttribute("tabindex", index === step ? "0" : "-1");
    });
    if (focus) this.rows[step].focus({ preventScroll: true });
    within(this.list, this.rows[step]);
    this.slider.value = step;
    this.slider.setAttribute("aria-valuetext", this.data.names[step]);
    this.now.textContent = this.data.names[step];
    this.player.textContent = playing ? "❚❚ pause" : "▶ play";
  }
}

/** The metrics of the current layer, with the same rows for every method. */
class Facts {
  constructor(data) {
    this.data = data;
    this.title = el("h2");
    this.body = el("tbody");
    this.node = el("section", { class: "card side-facts" }, this.title,
      el("table", { class: "facts" }, this.head(), this.body), "");
  }

  head() {
    if (this.data.panels.length < 2) return "";
    const names = this.data.panels.map((panel) => el("th", { scope: "col" }, panel.title));
    return el("thead", {}, el("tr", {}, el("td"), ...names));
  }

  paint(step) {
    const { panels } = this.data;
    this.title.textContent = this.data.names[step];
    const columns = panels.map((panel) => (rowAt(panel, step) < 0 ? [] : panel.facts[rowAt(panel, step)]));
    const groups = Math.max(...columns.map((facts) => facts.length), 0);
    const rows = Array.from({ length: groups }, (_, at) => this.group(columns.map((facts) => facts.at(at - groups))));
    this.body.replaceChildren(...rows.flat());
  }

  /** A heading and the numbers under it, the same rows for each panel. */
  group(columns) {
    const titles = [...new Set(columns.flatMap((group) => (group ? [group.title] : [])))];
    const names = [...new Set(columns.flatMap((group) => (group ? group.rows.map((row) => row[0]) : [])))];
    const value = (group, name) => (group?.rows.find((row) => row[0] === name) || [0, "–"])[1];
    const heading = el("tr", { class: "group" },
      el("th", { scope: "rowgroup", colspan: columns.length + 1 }, titles.join(", ")));
    return [heading, ...names.map((name) => el("tr", {}, el("th", { scope: "row" }, name),
      ...columns.map((group) => el("td", {}, value(group, name)))))];
  }
}

/** The model's prediction for the whole document, and after some words are removed. */
class Prediction {
  constructor(data) {
    this.data = data;
    this.body = el("div");
    this.node = el("section", { class: "card side-prediction", hidden: !data.prediction },
      el("h2", {}, "Prediction"), this.body);
  }

  paint(step) {
    const { prediction, panels } = this.data;
    if (!prediction) return;
    const extra = panels.flatMap((panel) => {
      const row = rowAt(panel, step), bars = row < 0 || !panel.perturbed ? [] : panel.perturbed[row];
      return bars.map(([name, p]) => [panels.length > 1 ? `${panel.title}: ${name}` : name, p]);
    });
    this.body.replaceChildren(
      ...[...prediction.bars, ...extra].map(([name, p]) => this.bar(name, p)),
      el("p", { class: prediction.wrong ? "note wrong" : "note" }, prediction.note));
  }

  bar(name, p) {
    const fill = el("i");
    fill.style.width = 100 * p + "%";
    return el("div", { class: "probability" }, el("span", {}, name), el("b", {}, p.toFixed(2)),
      el("span", { class: "bar dark" }, fill));
  }
}

/** The word under the pointer, the focus, or the pin: its score and threshold in each layer. */
class Card {
  constructor(data) {
    this.data = data;
    this.node = el("section", { class: "card side-word", "aria-label": "word" });
    if (data.panels.length === 1) this.node.style.minHeight = `${130 + 21 * data.layers.length}px`;
  }

  paint(step, unit, pinned) {
    if (unit < 0) {
      this.node.replaceChildren(el("h2", {}, "Word"),
        el("p", { class: "note" }, `Point at a word to see its score in each layer. Click, or press enter, to pin it.`));
      return;
    }
    const { units, human, annotators, kinds, labels, panels } = this.data, kind = kinds ? kinds[unit] : 0;
    const about = kind ? labels.kinds[kind] : !human ? "" : human[unit] ? "human rationale" : "not in the human rationale";
    this.node.replaceChildren(
      el("h2", { class: "word", dir: "auto" }, shown(units[unit], 40)),
      el("p", { class: "note" }, [about, pinned ? "pinned" : "",
        annotators?.notes[unit], this.data.notes[unit]].filter(Boolean).join(" · ")),
      ...panels.flatMap((panel) => this.panel(panel, step, unit)));
  }

  panel(panel, step, unit) {
    const row = rowAt(panel, step);
    const head = this.data.panels.length > 1 ? [el("h3", {}, panel.title)] : [];
    const line = row < 0 ? "not scored at this layer" : this.verdict(panel, row, unit);
    return [...head, el("p", { class: "line" }, line), this.ladder(panel, step, unit)];
  }

  verdict(panel, row, unit) {
    const threshold = thresholdAt(panel, row, unit), score = panel.scores[row][unit];
    const best = panel.best ? panel.best[row][unit] : null;
    const parts = [`score ${number(score)}`];
    if (threshold !== null && threshold !== undefined) {
      parts.push(best === null ? `threshold ${number(threshold)}`
        : `${this.data.labels.units === "tokens" ? "policy score" : "best token"} ${number(best)} ${best >= threshold ? "≥" : "<"} ${number(threshold)}`);
    }
    parts.push(markOf(this.data.labels, panel, row, unit));
    if (panel.ranks) parts.push(panel.ranks[row][unit]);
    return parts.join(" · ");
  }

  ladder(panel, step, unit) {
    const peak = Math.max(...panel.scores.map((scores) => Math.abs(scores[unit])), 1e-12);
    const rungs = this.data.layers.map((layer, index) => {
      const row = rowAt(panel, index);
      if (row < 0) return "";
      const score = panel.scores[row][unit], mark = panel.marks[row][unit], fill = el("i");
      fill.style.width = (100 * Math.abs(score)) / peak + "%";
      if (score < 0) fill.className = "against";
      return el("tr", { class: index === step ? "here" : "" }, el("th", { scope: "row" }, layer),
        el("td", {}, el("span", { class: "bar" }, fill)), el("td", { class: "value" }, number(score)),
        el("td", { class: "sign", title: markOf(this.data.labels, panel, row, unit) },
          isPartly(panel, row, unit) ? "◐" : ["", "●", "✕", "·"][mark]));
    });
    return el("table", { class: "ladder", "aria-label": "score in each layer" }, el("tbody", {}, ...rungs));
  }
}
