// The page of workers renews its figures every few seconds, while somebody looks; what it cannot renew it says.

import { clock, gettext } from "./words.js";

const INTERVAL = 5000;
const place = document.querySelector("[data-workers]");
const stale = document.querySelector("[data-stale]");
let renewed = clock();

function say(words) {
  if (stale.textContent !== words) stale.textContent = words; // a screen reader hears changes only
}

// Whoever is at a link or a scrolled table with the keyboard stays there.
function replace(html) {
  const reachable = () => [...place.querySelectorAll("a, [tabindex]")];
  const focused = reachable().indexOf(document.activeElement);
  place.innerHTML = html;
  if (focused >= 0) reachable()[focused]?.focus({ preventScroll: true });
}

// A line that is being copied must not vanish under the pointer.
function isSelecting() {
  const selection = document.getSelection();
  return !selection.isCollapsed && place.contains(selection.anchorNode);
}

async function renew() {
  try {
    const answer = await fetch(place.dataset.workers, { signal: AbortSignal.timeout(2 * INTERVAL) });
    if (answer.redirected || !answer.ok) {
      return say(gettext("These figures are from %(at)s: you are not signed in as an administrator any more, or the server has an error. Reload the page.", { at: renewed }));
    }
    replace(await answer.text());
    renewed = clock();
    say("");
  } catch {
    say(gettext("These figures are from %(at)s; the server does not answer. Trying again.", { at: renewed }));
  }
}

async function follow() {
  if (document.visibilityState === "visible" && !isSelecting()) await renew();
  setTimeout(follow, INTERVAL);
}

setTimeout(follow, INTERVAL);
