// A timeline of expressions along a lesson, drawn from the JSON beside it. Without this, its table says the same.

const EXPRESSIONS = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"];

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function draw(figure) {
  const { blocks, points } = JSON.parse(document.getElementById(figure.dataset.timeline).textContent);
  const titles = new Map(blocks.map((block) => [block.number, block.title]));
  const firstOfBlock = points.map((point, index) => index === 0 || points[index - 1].block !== point.block);
  const labels = points.map((point) => `${titles.get(point.block) || "Elsewhere"}, ${clock(point.seconds)}`);
  const few = points.length < 4;
  const ink = colour("--ink-muted");
  const line = colour("--line");
  return new window.Chart(figure.querySelector("canvas"), {
    type: few ? "bar" : "line", // an area needs a few points to be one
    data: {
      labels,
      datasets: EXPRESSIONS.map((name) => ({
        label: name,
        data: points.map((point) => (point.expressions ? 100 * point.expressions[name] : null)),
        borderColor: colour(`--expr-${name}`),
        backgroundColor: `${colour(`--expr-${name}`)}cc`,
        borderWidth: 1,
        fill: true,
        pointRadius: 0,
        pointHitRadius: 8,
        tension: 0.25,
        spanGaps: false,
        maxBarThickness: 120,
      })),
    },
    options: {
      maintainAspectRatio: false,
      animation: false,
      interaction: { mode: "index", intersect: false },
      scales: {
        x: {
          stacked: few,
          grid: { color: (context) => (firstOfBlock[context.index] ? line : "transparent") },
          ticks: {
            color: ink,
            autoSkip: false,
            maxRotation: 0,
            callback: (_, index) => {
              if (!firstOfBlock[index]) return "";
              const title = titles.get(points[index].block) || "Elsewhere";
              return title.length > 22 ? `${title.slice(0, 21)}…` : title;
            },
          },
        },
        y: {
          stacked: true,
          min: 0,
          max: 100,
          grid: { color: line },
          ticks: { color: ink, stepSize: 25, callback: (value) => `${value}%` },
        },
      },
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
  charts = [...document.querySelectorAll("[data-timeline]")].map(draw);
}

drawAll();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
new MutationObserver(drawAll).observe(document.documentElement, { attributeFilter: ["data-bs-theme", "class"] });
