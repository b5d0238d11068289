// A training run's loss and validation accuracy by epoch, in the admin.

const history = JSON.parse(document.getElementById("run-history")?.textContent || "[]");
const style = getComputedStyle(document.documentElement);
const colour = (name) => style.getPropertyValue(name).trim();
const LINES = ["--primary", "--expr-happiness", "--expr-fear"];

function draw(canvas) {
  const accuracy = canvas.dataset.curve === "accuracy";
  const keys = accuracy ? Object.keys(history[0]).filter((key) => key.startsWith("accuracy/")) : ["loss"];
  const ticks = { color: colour("--ink-muted") };
  new window.Chart(canvas, {
    type: "line",
    data: {
      labels: history.map((figures) => figures.epoch),
      datasets: keys.map((key, index) => ({
        label: accuracy ? `${key.slice("accuracy/".length)}, %` : "training loss",
        data: history.map((figures) => (accuracy ? 100 * figures[key] : figures[key])),
        borderColor: colour(LINES[index % LINES.length]),
        backgroundColor: colour(LINES[index % LINES.length]),
        borderWidth: 2,
        pointRadius: history.length < 3 ? 4 : 1,
        borderDash: index === 1 ? [6, 3] : [],
      })),
    },
    options: {
      maintainAspectRatio: false,
      animation: false,
      interaction: { mode: "index", intersect: false },
      scales: {
        x: { title: { display: true, text: "Epoch", ...ticks }, ticks, grid: { display: false } },
        y: { ticks, grid: { color: colour("--line") } },
      },
      plugins: { legend: { position: "bottom", labels: { ...ticks, boxWidth: 18, boxHeight: 2 } } },
    },
  });
}

if (history.length) document.querySelectorAll("[data-curve]").forEach(draw);
