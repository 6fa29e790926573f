// Draws each table of hours as a chart. The table stays for whoever does not see the chart, and holds the numbers.
import uPlot from "./vendor/uPlot.esm.js";

const SERIES = ["People", "To strangers", "People a week before"];
const HEIGHT = 220;

function read(table) {
  const rows = [...table.querySelectorAll("tr[data-at]")];
  const columns = [rows.map((row) => Number(row.dataset.at))];
  for (let i = 0; i < SERIES.length; i++) {
    columns.push(rows.map((row) => Number(row.querySelectorAll("[data-n]")[i].dataset.n)));
  }
  return columns;
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

// Nothing is said of an hour as long as the pointer is at none.
const value = (_, n) => (n == null ? "" : n);

function options(width) {
  const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
  return {
    width,
    height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1e3), "Etc/UTC"),
    cursor: { drag: { x: false, y: false } },
    scales: { y: { range: (_, __, most) => [0, Math.max(5, most * 1.05)] } },
    axes: [{ ...axis, values: (_, ticks) => ticks.map((t) => new Date(t * 1e3).toISOString().slice(11, 16)), space: 64 }, { ...axis, size: 56 }],
    series: [
      { label: "UTC", value: (_, t) => (t == null ? "" : new Date(t * 1e3).toISOString().slice(5, 16).replace("T", ", ")) },
      { label: SERIES[0], value, stroke: colour("--accent"), width: 2, fill: colour("--calm-ground") },
      { label: SERIES[1], value, stroke: colour("--watch"), width: 2, dash: [2, 3] },
      { label: SERIES[2], value, stroke: colour("--quiet"), width: 1, dash: [8, 4] },
    ],
  };
}

function draw(place) {
  const table = document.getElementById(place.dataset.course);
  if (!table) return;
  const data = read(table);
  if (!data[0].length) return;
  place.replaceChildren();
  new uPlot(options(place.clientWidth), data, place);
}

const drawAll = () => document.querySelectorAll("[data-course]").forEach(draw);
let waiting;
addEventListener("resize", () => {
  clearTimeout(waiting);
  waiting = setTimeout(drawAll, 150);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
drawAll();
