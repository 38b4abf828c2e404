// Shared by the files of this component; Python joins them into one module, in the order words.py lists them.
// Text of documents reaches the page through textContent and setAttribute only, never as markup.

/** The states of a word at one layer; panels.py has the same numbers. */
const REST = 0, CHOSEN = 1, DROPPED_HERE = 2, DROPPED_BEFORE = 3;

function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") node.className = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children);
  return node;
}

/** Formats a score for people: three significant digits with the sign. */
function number(value) {
  if (value === null || value === undefined) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size >= 0.001 ? size.toFixed(size >= 0.1 ? 3 : 4) : size.toExponential(1);
  return (value < 0 ? "−" : "") + text;
}

/** Formats a word for headings and labels: a very long one is cut, an invisible one named by code point. */
function shown(word, most = 60) {
  if (/^[\p{Z}\p{C}]*$/u.test(word)) return unseen(word);
  const letters = Array.from(word.length > 4 * most ? word.slice(0, 4 * most) : word);
  return letters.length > most ? letters.slice(0, most).join("") + "…" : word;
}

function unseen(word) {
  const points = Array.from(word).slice(0, 3);
  return "⟨" + (points.map((c) => "U+" + c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")).join(" ")
    || "empty") + "⟩";
}

/** Opacity of a score's background: its share of the largest score of the row, as in the report. */
function darkness(score, peak) {
  return peak > 0 ? Math.abs(score) / peak : 0;
}

function peakOf(scores) {
  let peak = 0;
  for (const score of scores) if (Math.abs(score) > peak) peak = Math.abs(score);
  return peak;
}

/** Returns the row of a panel's arrays for a step of the slider; -1 if the method has no such layer. */
function rowAt(panel, step) {
  return panel.rows[step] ?? -1;
}

function thresholdAt(panel, row, unit) {
  const line = panel.thresholds ? panel.thresholds[row] : null;
  return Array.isArray(line) ? line[unit] : line;
}

/** Whether a dropping model keeps some of a word's tokens and not others. */
function isPartly(panel, row, unit) {
  return Boolean(panel.parts && panel.parts[row][unit]);
}

/** Describes the state of a word. */
function markOf(labels, panel, row, unit) {
  return labels.marks[panel.marks[row][unit]] + (isPartly(panel, row, unit) ? " in part" : "");
}

/** Scrolls a list, and only the list, until a row is visible. */
function within(list, row) {
  const box = list.getBoundingClientRect(), at = row.getBoundingClientRect();
  if (at.top < box.top) list.scrollTop += at.top - box.top - 4;
  else if (at.bottom > box.bottom) list.scrollTop += at.bottom - box.bottom + 4;
}
