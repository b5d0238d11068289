// A guided tour over a page (courses/welcome): asked for once, left by Escape or a button, walked by keyboard.

import { gettext } from "./words.js";

const tour = document.querySelector("[data-tour]");
const key = `tour-${tour?.dataset.tour}`;
const target = (stop) => document.querySelector(stop.dataset.tourStop);
// What is not there, or folded away on a small screen, is passed over.
const stops = [...(tour?.querySelectorAll("[data-tour-stop]") ?? [])].filter((stop) => target(stop)?.offsetParent);
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const small = matchMedia("(max-width: 900px)"); // there the card takes the lower half
let at = -1;

function remembered() {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // storage is forbidden here; the tour asks again another time
  }
}

// Whatever lies under the card can be scrolled out from under it.
function makeRoom() {
  document.body.style.paddingBlockEnd = tour.hidden ? "" : `${innerHeight - tour.getBoundingClientRect().top}px`;
}

function show(next) {
  for (const stop of stops) target(stop).classList.remove("tour-here");
  tour.querySelector("[data-tour-ask]").hidden = next >= 0;
  for (const [number, stop] of stops.entries()) stop.hidden = number !== next;
  at = next;
  const stop = stops[at];
  if (!stop) return;
  stop.querySelector("[data-tour-count]").textContent = gettext("%(n)s of %(all)s", { n: at + 1, all: stops.length });
  stop.querySelector("[data-tour-back]").hidden = at === 0;
  stop.querySelector("[data-tour-next]").hidden = at === stops.length - 1;
  makeRoom();
  target(stop).classList.add("tour-here");
  target(stop).scrollIntoView({ block: small.matches ? "start" : "center", behavior: calm.matches ? "auto" : "smooth" });
  stop.focus({ preventScroll: true });
}

function end() {
  show(-1);
  tour.hidden = true;
  makeRoom();
  try {
    localStorage.setItem(key, "seen");
  } catch {
    // see remembered()
  }
  document.querySelector("#main").focus({ preventScroll: true });
}

if (tour && stops.length && !remembered()) {
  tour.hidden = false;
  makeRoom();
  tour.addEventListener("click", (event) => {
    if (event.target.closest("[data-tour-next]")) show(at + 1);
    if (event.target.closest("[data-tour-back]")) show(at - 1);
    if (event.target.closest("[data-tour-end]")) end();
  });
  document.addEventListener("keydown", (event) => {
    // Elsewhere, Escape is for whatever has the focus there.
    const here = document.activeElement === document.body || tour.contains(document.activeElement);
    if (event.key === "Escape" && !tour.hidden && here) end();
  });
}
