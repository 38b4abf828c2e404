"use strict";
const plots = [];
for (const data of document.querySelectorAll("script.figure")) {
  const { figure, config } = JSON.parse(data.textContent);
  const plot = document.getElementById(data.dataset.target);
  Plotly.newPlot(plot, figure.data, figure.layout, config);
  plots.push(plot);
  plot.on("plotly_hover", (event) => single(plot, event.points[0].data.legendgroup));
  plot.on("plotly_unhover", () => single(plot));
}

/* Fades every curve but those of one method; without a method, none. */
function single(plot, method) {
  for (const trace of plot._fullData) {
    const drawn = plot.querySelector(`.trace${trace.uid}`);
    if (drawn) drawn.style.opacity = !method || trace.legendgroup === method ? "" : "0.12";
  }
}

let closed = [];
addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open], .long)")];
  for (const details of closed) details.open = true;
  for (const plot of plots) Plotly.relayout(plot, { width: 680, autosize: false });
});
addEventListener("afterprint", () => {
  for (const details of closed) details.open = false;
  for (const plot of plots) Plotly.relayout(plot, { width: null, autosize: true });
});
