/** The map of all words: one column per word in reading order, one row per layer, the human rationale above. */
class Strip {
  constructor(data, actions) {
    this.data = data;
    this.canvas = el("canvas", { role: "img" });
    this.rowFrame = el("div", { class: "row-frame" });
    this.columnFrame = el("div", { class: "column-frame", hidden: true });
    this.node = el("div", { class: "strip" }, this.canvas, this.rowFrame, this.columnFrame);
    this.node.addEventListener("pointermove", (event) => actions.point(this.at(event).unit));
    this.node.addEventListener("pointerleave", () => actions.point(-1));
    this.node.addEventListener("click", (event) => {
      const { unit, step } = this.at(event);
      if (step >= 0) actions.go(step);
      if (unit >= 0) actions.show(unit);
    });
  }

  /** Sizes in CSS pixels; more words than pixels share columns. */
  measure() {
    const rows = this.data.layers.length, count = Math.max(1, this.data.units.length);
    this.left = 26;
    this.top = 14;
    this.high = rows > 16 ? 7 : rows > 8 ? 10 : 13;
    this.width = this.node.clientWidth;
    this.height = this.top + rows * this.high + 2;
    this.column = Math.min(26, (this.width - this.left - 2) / count);
    this.wide = Math.max(1, this.column - (this.column > 5 ? 1 : 0));
  }

  at(event) {
    const box = this.node.getBoundingClientRect();
    const unit = Math.floor((event.clientX - box.left - this.left) / this.column);
    const step = Math.floor((event.clientY - box.top - this.top) / this.high);
    const inside = unit >= 0 && unit < this.data.units.length;
    const onRow = inside && step >= 0 && step < this.data.layers.length;
    return { unit: inside ? unit : -1, step: onRow ? step : -1 };
  }

  x(index) {
    return this.left + index * this.column;
  }

  paint(panel, pinned, colours) {
    this.measure();
    if (this.width <= 0) return;
    const ratio = window.devicePixelRatio || 1, { canvas } = this;
    canvas.width = Math.round(this.width * ratio);
    canvas.height = Math.round(this.height * ratio);
    this.node.style.height = this.height + "px";
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.head(pen, pinned, colours);
    this.data.layers.forEach((_, step) => this.row(pen, panel, step, colours));
    canvas.setAttribute("aria-label",
      `${panel.title}: heat map of ${this.data.units.length} ${this.data.labels.units} by `
      + `${this.data.layers.length} layers; every value is in the word's own label`);
  }

  head(pen, pinned, colours) {
    const { human, units } = this.data;
    pen.fillStyle = colours.human;
    if (human) human.forEach((on, index) => on && pen.fillRect(this.x(index), this.top - 7, this.wide, 3.5));
    pen.fillStyle = colours.ink;
    units.forEach((_, index) => pinned(index) && this.pin(pen, this.x(index) + this.wide / 2));
  }

  pin(pen, middle) {
    pen.beginPath();
    pen.moveTo(middle - 3, 0);
    pen.lineTo(middle + 3, 0);
    pen.lineTo(middle, 5);
    pen.fill();
  }

  row(pen, panel, step, colours) {
    const y = this.top + step * this.high, row = rowAt(panel, step);
    pen.globalAlpha = 1;
    pen.fillStyle = colours.quiet;
    pen.font = "10px " + colours.sans;
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    if (this.high >= 10 || step % 2 === 0) {
      pen.fillText(this.data.layers[step], this.left - 6, y + this.high / 2 + 0.5);
    }
    if (row < 0) return;
    const scores = panel.scores[row], marks = panel.marks[row], peak = peakOf(scores);
    for (const index of this.visible(scores)) {
      this.cell(pen, this.x(index), y, marks[index], scores[index], peak, colours, isPartly(panel, row, index));
    }
    pen.globalAlpha = 1;
  }

  /** Draws every word if there is room, else the strongest of the words that share a pixel. */
  visible(scores) {
    if (this.column >= 1) return scores.keys();
    const strongest = new Map();
    scores.forEach((score, index) => {
      const pixel = Math.floor(index * this.column), other = strongest.get(pixel);
      if (other === undefined || Math.abs(score) > Math.abs(scores[other])) strongest.set(pixel, index);
    });
    return strongest.values();
  }

  cell(pen, x, y, mark, score, peak, colours, partly) {
    if (mark === DROPPED_BEFORE) return;
    if (mark === DROPPED_HERE) {
      pen.globalAlpha = 1;
      pen.strokeStyle = colours.quiet;
      pen.setLineDash([2, 2]);
      pen.strokeRect(x + 0.5, y + 1.5, Math.max(1, this.wide - 1), this.high - 3);
      pen.setLineDash([]);
      return;
    }
    pen.globalAlpha = darkness(score, peak);
    pen.fillStyle = score < 0 ? colours.ink : colours.model;
    pen.fillRect(x, y + 1, this.wide, this.high - 2);
    if (mark !== CHOSEN || this.column < 3) return;
    pen.globalAlpha = 1;
    pen.fillStyle = colours.edge;
    pen.fillRect(x, y + this.high - 3, partly ? this.wide / 2 : this.wide, 2);
  }

  /** Moves only the frames: hovering never repaints the map. */
  frame(step, unit) {
    const across = this.data.units.length * this.column;
    place(this.rowFrame, this.left - 2, this.top + step * this.high - 1, across + 4, this.high + 2);
    this.columnFrame.hidden = unit < 0;
    if (unit < 0) return;
    const high = this.data.layers.length * this.high + 10;
    place(this.columnFrame, this.x(unit) - 1, this.top - 9, Math.max(3, this.wide + 2), high);
  }
}

function place(node, left, top, width, height) {
  Object.assign(node.style, {
    left: left + "px", top: top + "px", width: width + "px", height: height + "px",
  });
}
