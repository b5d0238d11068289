// Remembers the place in the lesson, counts how long a block was in view where that matters, keeps what is written,
// and moves between lessons by keyboard. The page works without it.

import { keep as keepHere, kept as keptHere, sent as forgetHere } from "./offline.js";
import { recorded, sayState, send } from "./lesson_report.js";
import { clock, gettext } from "./words.js";

const article = document.querySelector("[data-lesson-id]");
const SETTLE_MS = 1500; // a block counts as the place once the reader stays there this long
const REPORT_SECONDS = 5;
const READING_BAND = "-25% 0px -45% 0px"; // the part of the window where people read

let lastSaved = null;

async function savePlace(blockId) {
  try {
    await send(article.dataset.progressUrl, { block: blockId });
  } catch {
    sayState(gettext("Not saved, will try again"));
    lastSaved = null;
  }
}

function watchPlace() {
  const inView = new Set();
  let timer = null;
  const observer = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (entry.isIntersecting) inView.add(entry.target);
        else inView.delete(entry.target);
      }
      const blocks = [...article.querySelectorAll("[data-block-id]")].filter((block) => inView.has(block));
      const current = blocks[0]?.dataset.blockId;
      clearTimeout(timer);
      if (!current || current === lastSaved) return;
      timer = setTimeout(() => {
        lastSaved = current;
        savePlace(current);
      }, SETTLE_MS);
    },
    { rootMargin: READING_BAND },
  );
  for (const block of article.querySelectorAll("[data-block-id]")) observer.observe(block);
}

// Counts the seconds in which the block touches the reading band of a page that is looked at.
function countSeen(block) {
  let seconds = Number(block.dataset.seen);
  let reported = seconds;
  let inView = false;
  new IntersectionObserver(([entry]) => (inView = entry.isIntersecting), { rootMargin: "-10% 0px" }).observe(block);
  const report = () => {
    if (seconds === reported) return;
    const sent = seconds;
    send(block.dataset.blockUrl, { seconds: sent }).then(
      (answer) => {
        reported = Math.max(reported, sent);
        if (!answer.remaining.some((item) => item.block === Number(block.dataset.blockId))) clearInterval(counting);
      },
      () => sayState(gettext("Not saved, will try again")),
    );
  };
  const counting = setInterval(() => {
    if (!inView || document.hidden) return;
    seconds += 1;
    if (seconds - reported >= REPORT_SECONDS) report();
  }, 1000);
  document.addEventListener("visibilitychange", () => document.hidden && report());
}

// Kept within a second of the last keystroke, and at once when the page is left. Each text goes with the version it was
// written over, so that it never replaces what another device kept meanwhile: then both stand here until one is chosen.
function keepReflection(form) {
  const field = form.querySelector("textarea");
  const over = form.elements.over;
  const state = form.querySelector("[data-reflection-state]");
  const box = form.querySelector("[data-elsewhere]");
  let page = Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(16)).join("");
  let kept = field.value;
  let elsewhere = null; // the other text, until one is chosen
  let timer = null;
  if (!box.hidden) { // handed in before this script was there
    elsewhere = { text: box.querySelector("[data-elsewhere-text]").textContent, version: over.value };
    over.value = "";
  }

  const keep = async () => {
    clearTimeout(timer);
    const fields = { text: field.value, over: over.value, page };
    if (fields.text === kept) return;
    if (elsewhere) {
      await keepHere(form.action, { form: fields });
      return;
    }
    try {
      const answer = await send(form.action, fields);
      kept = fields.text;
      over.value = answer.version;
      state.textContent = gettext("Kept %(time)s.", { time: clock(answer.saved_at) });
    } catch (error) {
      if (error.answer?.theirs) {
        await keepHere(form.action, { form: fields });
        showBoth(error.answer.theirs);
        return;
      }
      state.textContent = navigator.onLine
        ? gettext("Not kept yet; it stays here and is tried again.")
        : gettext("Kept on this device; it is sent when you are back.");
      timer = setTimeout(keep, 3000);
    }
  };

  function showBoth(theirs) {
    elsewhere = theirs;
    state.textContent = "";
    box.querySelector("[data-elsewhere-text]").textContent = theirs.text;
    box.hidden = false;
  }

  function choose(text) {
    field.value = text;
    over.value = elsewhere.version;
    elsewhere = null;
    box.hidden = true;
    field.focus();
  }

  // Written here without a network, or not chosen yet, before this page was loaded.
  keptHere(form.action).then((entry) => {
    if (!entry?.form || field.value !== kept) return;
    field.value = entry.form.text;
    over.value = entry.form.over ?? "";
    page = entry.form.page ?? page;
    keep();
  });
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(keep, 800);
  });
  field.addEventListener("blur", keep);
  window.addEventListener("pagehide", keep);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (elsewhere) {
      choose(field.value);
      kept = null; // also where it is what stood here at first
    }
    keep();
  });
  box.querySelector("[data-elsewhere-take]").addEventListener("click", (event) => {
    event.preventDefault();
    kept = elsewhere.text;
    choose(kept);
    forgetHere(form.action);
  });
}

// Shift with an arrow, so that no single key is taken from anyone.
function moveByKeyboard() {
  document.addEventListener("keydown", (event) => {
    if (!event.shiftKey || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.target.closest("input, textarea, select, video, [contenteditable]") || !getSelection().isCollapsed) return;
    const rtl = document.documentElement.dir === "rtl";
    const wanted = { ArrowRight: rtl ? "prev" : "next", ArrowLeft: rtl ? "next" : "prev" }[event.key];
    const link = wanted && document.querySelector(`link[rel="${wanted}"]`);
    if (link) location.assign(link.href);
  });
}

if (article && recorded) {
  watchPlace();
  article.querySelectorAll("[data-seen]").forEach(countSeen);
  article.querySelectorAll("form[data-reflection]").forEach(keepReflection);
}
moveByKeyboard();
