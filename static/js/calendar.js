// Left and right turn the month, as its two arrows do.

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const backwards = document.dir === "rtl" ? "ArrowRight" : "ArrowLeft";
  if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
  event.preventDefault();
  document.querySelector(`[data-month="${event.key === backwards ? "previous" : "next"}"]`).click();
});

const address = document.getElementById("feed-url");
address?.addEventListener("focus", () => address.select());
