/** The component: texts, strips and side cards that share one layer, one current word and the pins. */
class WordsView {
  constructor(root) {
    this.host = root.querySelector(".words-view");
    this.key = (event) => this.onDocumentKey(event);
    document.addEventListener("keydown", this.key);
    this.resize = new ResizeObserver(() => this.paintStrips());
    this.resize.observe(this.host);
    this.step = 0;
    this.pins = new Set();
  }

  close() {
    document.removeEventListener("keydown", this.key);
    this.resize.disconnect();
    this.pause();
    window.clearTimeout(this.timer);
  }

  /** Takes new data; the texts are kept while the document and the number of panels stay the same. */
  show(data, tell) {
    this.tell = tell;
    if (data.version === this.data?.version) return;
    const sameText = data.text === this.data?.text;
    if (!this.data) this.layer = data.layer;
    if (data.document !== this.data?.document) this.pins = new Set(data.pins);
    if (!sameText) this.pointed = this.rested = -1;
    this.data = data;
    this.step = this.nearest(this.layer);
    this.build(sameText);
    this.paint();
  }

  nearest(layer) {
    const steps = this.data.layers.map((_, step) => step);
    if (!steps.length || layer === null || layer === undefined) return 0;
    const far = (step) => Math.abs(Number(this.data.layers[step]) - Number(layer)) || 0;
    return steps.reduce((best, step) => (far(step) < far(best) ? step : best), 0);
  }

  build(keepTexts) {
    const { data } = this, actions = this.actions();
    this.texts = keepTexts ? this.texts : data.panels.map(() => new Text(data, actions));
    this.texts.forEach((text) => { text.data = data; });
    this.strips = data.panels.map(() => new Strip(data, actions));
    this.layers = new Layers(data, actions);
    this.facts = new Facts(data);
    this.prediction = new Prediction(data);
    this.card = new Card(data);
    this.heads = data.panels.map(() => el("h2"));
    if (keepTexts) this.rehouse();
    else this.house();
  }

  house() {
    const { data } = this;
    this.homes = this.texts.map((text) => el("div", { class: "card text-card" }, text.node));
    this.middle = el("div", { class: "middle" }, ...this.homes);
    this.side = el("div", { class: "side" });
    this.left = el("div", { class: "left" });
    this.host.replaceChildren(this.left, this.middle, this.side);
    this.host.classList.toggle("beside", data.panels.length > 1);
    this.rehouse();
  }

  /** Rebuilds headings, strips and side cards around the texts, which are kept. */
  rehouse() {
    this.homes.forEach((home, index) => {
      const text = this.texts[index].node;
      for (const child of [...home.children]) if (child !== text) child.remove();
      text.before(this.heads[index]);
      const strip = el("div", { class: "fall" }, el("h3", {}, this.data.labels.strip), this.strips[index].node);
      home.append(legend(this.data.panels[index]), annotatorsLegend(this.data.annotators), strip);
    });
    const wrong = this.data.prediction?.wrong;
    this.middle.querySelector(":scope > .wrong")?.remove();
    if (wrong) this.middle.prepend(el("p", { class: "wrong", role: "note" }, wrong));
    this.left.replaceChildren(this.layers.node);
    this.side.replaceChildren(this.facts.node, this.card.node, this.prediction.node);
  }

  actions() {
    return {
      go: (step, focus) => this.go(step, focus),
      step: (by, focus) => this.go(this.step + by, focus),
      point: (unit) => this.point(unit),
      rest: (unit) => { this.rested = unit; this.paintWord(); },
      pin: (unit) => this.pin(unit),
      unpin: () => this.repin(() => this.pins.clear()),
      show: (unit) => this.texts.forEach((text) => text.reveal(unit)),
      play: () => (this.playing ? this.pause() : this.play()),
    };
  }

  go(step, focus) {
    const inside = Math.min(this.data.layers.length - 1, Math.max(0, step));
    if (inside === this.step) return focus && this.layers.paint(this.step, this.playing, true);
    this.step = inside;
    this.paint(focus);
    this.layer = this.data.layers[this.step];
    if (!this.playing) this.send("layer", this.layer);
  }

  play() {
    if (this.step === this.data.layers.length - 1) this.go(0);
    this.playing = window.setInterval(() => {
      this.go(this.step + 1);
      if (this.step === this.data.layers.length - 1) this.pause();
    }, 800);
    this.layers.paint(this.step, true);
  }

  pause() {
    if (!this.playing) return;
    window.clearInterval(this.playing);
    this.playing = 0;
    this.layers.paint(this.step, false);
    this.send("layer", this.layer);
  }

  /** The left and right keys step the layers while nothing else has the focus. */
  onDocumentKey(event) {
    if (document.activeElement !== document.body || event.ctrlKey || event.metaKey || event.altKey) return;
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by && this.data) this.go(this.step + by);
  }

  point(unit) {
    if (unit === this.pointed) return;
    this.pointed = unit;
    this.paintWord();
  }

  wordOf(unit) {
    return this.data.words ? this.data.words[unit] : unit + this.data.offset;
  }

  pin(unit) {
    const word = this.wordOf(unit);
    if (word < 0) return;
    this.repin(() => this.pins.delete(word) || this.pins.add(word));
  }

  repin(change) {
    change();
    this.paintPins();
    this.send("pins", { document: this.data.document, words: [...this.pins].sort((a, b) => a - b) });
  }

  /** Reports values to Python after the user pauses, of each name only the last. */
  send(name, value) {
    this.pending = { ...this.pending, [name]: value };
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      const pending = this.pending;
      this.pending = {};
      for (const [key, last] of Object.entries(pending)) this.tell(key, last);
    }, 250);
  }

  paint(focus) {
    const { data, step } = this;
    this.texts.forEach((text, index) => {
      text.paint(data.panels[index], step);
      this.heads[index].textContent = data.panels[index].headings[step];
    });
    this.layers.paint(step, this.playing, focus);
    this.facts.paint(step);
    this.prediction.paint(step);
    paintLegends(this.homes, data, step);
    this.paintPins();
  }

  paintPins() {
    const pinned = (unit) => this.pins.has(this.wordOf(unit));
    this.texts.forEach((text) => text.pins(pinned));
    this.paintStrips();
    this.paintWord();
  }

  paintStrips() {
    if (!this.data) return;
    const style = getComputedStyle(this.host), read = (name) => style.getPropertyValue(name).trim();
    const colours = {
      model: read("--model"), edge: read("--model-edge"), human: read("--human"), ink: read("--ink"),
      quiet: read("--quiet"), sans: style.fontFamily,
    };
    const pinned = (unit) => this.pins.has(this.wordOf(unit));
    this.strips.forEach((strip, index) => strip.paint(this.data.panels[index], pinned, colours));
    this.frame();
  }

  frame() {
    const unit = this.pointed >= 0 ? this.pointed : this.rested ?? -1;
    this.strips.forEach((strip) => strip.frame(this.step, unit));
  }

  /** Shows the current word: under the pointer, else with the keyboard focus, else the last pin. */
  paintWord() {
    const live = this.pointed >= 0 ? this.pointed : this.rested ?? -1;
    const last = [...this.pins].at(-1);
    const kept = last === undefined ? -1 : this.data.units.findIndex((_, unit) => this.wordOf(unit) === last);
    const unit = live >= 0 ? live : kept;
    this.texts.forEach((text) => text.point(live));
    this.card.paint(this.step, unit, unit >= 0 && this.pins.has(this.wordOf(unit)));
    this.frame();
  }
}

/** The legend: each sign with its meaning and its number of words at this layer. */
function legend(panel) {
  return el("div", { class: "legend", role: "note", "aria-label": "legend" },
    ...panel.legend.map(([look, text]) => el("span", { class: "entry" },
      el("span", { class: "unit " + look }, text), el("span", { class: "tally" }))));
}

/** Who marked words of this document, and whose marks are the human rationale. */
function annotatorsLegend(annotators) {
  if (!annotators) return "";
  return el("div", { class: `annotators ${annotators.kind}`, role: "note", "aria-label": "Annotators" },
    ...annotators.legend.map(([lines, text]) => el("span", {}, lines ? el("span", { class: lines }) : "", text)));
}

function paintLegends(homes, data, step) {
  homes.forEach((home, index) => {
    const panel = data.panels[index], row = rowAt(panel, step), tallies = row < 0 ? [] : panel.tallies[row];
    home.querySelectorAll(".tally").forEach((node, at) => { node.textContent = tallies[at] ?? ""; });
  });
}

const VIEWS = new WeakMap();

export default function render({ parentElement, data, setStateValue }) {
  if (!VIEWS.has(parentElement)) VIEWS.set(parentElement, new WordsView(parentElement));
  VIEWS.get(parentElement).show(data, setStateValue);
  return () => {
    VIEWS.get(parentElement)?.close();
    VIEWS.delete(parentElement);
  };
}
