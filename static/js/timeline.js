// Expressions along a lesson, or by the lessons of a course, drawn from the JSON beside. Without this, the table says it.

import { gettext } from "./words.js";

const EXPRESSIONS = {
  neutral: gettext("neutral"),
  happiness: gettext("happiness"),
  surprise: gettext("surprise"),
  sadness: gettext("sadness"),
  anger: gettext("anger"),
  disgust: gettext("disgust"),
  fear: gettext("fear"),
  contempt: gettext("contempt"),
};

// What a learning state looks like: by its own chart and legend, in colours of the same palette.
const STATES = {
  engaged: [gettext("looked engaged"), "--primary"],
  confused: [gettext("looked confused"), "--expr-fear"],
  frustrated: [gettext("looked frustrated"), "--expr-anger"],
  bored: [gettext("looked bored"), "--expr-sadness"],
  delighted: [gettext("looked delighted"), "--expr-happiness"],
  unsure: [gettext("looked unsure"), "--line"],
};

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

const LETTER_PIXELS = 7.5; // of Chart.js's 12 px type, on average and a little more

function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

// Up to `most` lines of so many letters; what has no room ends in an ellipsis.
function inLines(title, letters, most) {
  const lines = [];
  for (const word of title.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length === most || (lines.length && longer.length <= letters)) lines.splice(-1, 1, longer);
    else lines.push(word);
  }
  // Each in its own direction, whatever the page's is (Unicode's first strong isolate).
  return lines.map((line) => `\u2068${line.length > letters ? `${line.slice(0, letters - 1)}…` : line}\u2069`);
}

// What is along the axis: {points, labels, ticks}, where a tick without a text has no line either.
function ofLesson({ blocks, points }, width) {
  const titles = new Map(blocks.map((block) => [block.number, block.title]));
  const title = (point) => titles.get(point.block) || gettext("Elsewhere");
  // A title has the room of its own block; where that is too little for one, the line alone stands there.
  const tick = (point, index) => {
    if (points[index - 1]?.block === point.block) return "";
    const end = points.findIndex((other, place) => place > index && other.block !== point.block);
    const room = (width * ((end < 0 ? points.length : end) - index)) / points.length;
    const letters = Math.min(22, Math.floor(room / LETTER_PIXELS));
    return letters < 4 ? " " : inLines(title(point), letters, 3);
  };
  return {
    points,
    labels: points.map((point) => `${title(point)}, ${clock(point.seconds)}`),
    ticks: points.map(tick),
  };
}

function ofCourse(lessons, width) {
  const letters = Math.min(22, Math.floor((0.4 * width) / LETTER_PIXELS));
  return {
    points: lessons,
    labels: lessons.map((lesson) => lesson.title),
    ticks: lessons.map((lesson) => inLines(lesson.title, letters, 2)),
  };
}

function draw(figure) {
  const data = JSON.parse(document.getElementById(figure.dataset.timeline).textContent);
  const byLesson = figure.dataset.by === "lesson";
  const width = figure.clientWidth - 60;
  const along = byLesson ? ofCourse(data, width) : ofLesson(data, width);
  const bars = byLesson || along.points.length < 4; // an area needs a few points to be one
  if (byLesson) {
    for (const box of figure.querySelectorAll(".timeline-canvas")) box.style.height = `${110 + 34 * along.points.length}px`;
  }
  const [expressions, states] = [
    figure.querySelector("canvas:not([data-states])"),
    figure.querySelector("canvas[data-states]"),
  ];
  const areas = Object.entries(EXPRESSIONS).map(([name, label], index) => ({
    label,
    data: along.points.map((point) => (point.expressions ? 100 * point.expressions[name] : null)),
    borderColor: colour(`--expr-${name}`),
    backgroundColor: `${colour(`--expr-${name}`)}cc`,
    borderWidth: 1,
    fill: index ? "-1" : "origin", // down to the one below, so that each keeps its own colour
    pointRadius: 0,
    pointHitRadius: 8,
    tension: 0.25,
    spanGaps: false,
    maxBarThickness: byLesson ? 22 : 120,
  }));
  const band = Object.entries(STATES).map(([name, [label, token]]) => ({
    label,
    data: along.points.map((point) => (point.states ? 100 * point.states[name] : null)),
    backgroundColor: colour(token),
    // Side by side they are a band; a lesson of its own has bars.
    categoryPercentage: byLesson ? 0.8 : 1,
    barPercentage: 1,
    maxBarThickness: byLesson ? 22 : undefined,
  }));
  const drawn = [chart(expressions, bars ? "bar" : "line", areas, along, byLesson)];
  if (states) drawn.push(chart(states, "bar", band, along, byLesson));
  return drawn;
}

function chart(canvas, type, datasets, { labels, ticks }, byLesson) {
  const ink = colour("--ink-muted");
  const line = colour("--line");
  const places = {
    stacked: type === "bar",
    grid: { color: (context) => (ticks[context.index] && !byLesson ? line : "transparent") },
    ticks: {
      color: ink,
      autoSkip: false,
      maxRotation: 0,
      align: byLesson ? "center" : "start",
      callback: (_, index) => ticks[index],
    },
  };
  const shares = {
    stacked: true,
    min: 0,
    max: 100,
    grid: { color: line },
    ticks: { color: ink, stepSize: 25, callback: (value) => `${value}%` },
  };
  return new window.Chart(canvas, {
    type,
    data: { labels, datasets },
    options: {
      indexAxis: byLesson ? "y" : "x",
      maintainAspectRatio: false,
      animation: false,
      interaction: { mode: "index", axis: byLesson ? "y" : "x", intersect: false },
      scales: byLesson ? { x: shares, y: places } : { x: places, y: shares },
      plugins: {
        legend: { position: "bottom", labels: { color: ink, boxWidth: 12, boxHeight: 12 } },
        tooltip: { callbacks: { label: (item) => `${item.dataset.label} ${Math.round(item.raw)}%` } },
      },
    },
  });
}

// Charts are plain canvases: when the colours of the page change, they are drawn anew.
let charts = [];
function drawAll() {
  charts.forEach((chart) => chart.destroy());
  charts = [...document.querySelectorAll("[data-timeline]")].flatMap(draw);
}

drawAll();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
new MutationObserver(drawAll).observe(document.documentElement, { attributeFilter: ["data-bs-theme", "class"] });
