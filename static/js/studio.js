// The authors' pages: what is written is saved within a second, rows are dragged or moved by their arrows, files upload
// with their progress shown, Markdown is previewed. Without it each form has its button.

import { fetchAlive, outlivesPage } from "./keepalive.js";
import { clock, gettext } from "./words.js";

const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value;
const WAIT_MS = 700;
const RETRY_MS = 4000;

async function post(url, body, leaving = false) {
  const response = await (leaving ? fetchAlive : fetch)(url, {
    method: "POST",
    headers: { "X-CSRFToken": token, Accept: "application/json" },
    body,
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw Object.assign(new Error(answer.detail || gettext("The server answered %(status)s.", { status: response.status })), { status: response.status, answer });
  return answer;
}

// --- Autosave ---

const unsaved = new Set();

class Autosave {
  constructor(form) {
    this.form = form;
    this.state = (form.closest("[data-row]") ?? form).querySelector("[data-autosave-state]") ?? form.querySelector("[data-autosave-state]");
    this.saved = this.written();
    this.sent = null; // what is on its way
    this.turn = 0;
    this.answered = 0; // the latest turn that was saved
    this.unanswered = new Set(); // turns that may have arrived or not
    form.addEventListener("input", () => this.soon());
    form.addEventListener("change", () => this.soon());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.now();
    });
    window.addEventListener("pagehide", () => this.now(true));
    document.addEventListener("visibilitychange", () => document.hidden && this.now(true));
    const typed = this.form.querySelectorAll("textarea, input:is(:not([type]), [type=text], [type=url], [type=number])");
    if ([...typed].some((field) => field.value !== field.defaultValue)) {
      this.saved = null; // before this script was there
      this.soon();
    }
  }

  written() {
    const fields = new URLSearchParams(new FormData(this.form));
    fields.delete("version"); // what the server hands out is nothing that somebody wrote
    fields.delete("choice-id");
    return fields.toString();
  }

  say(text) {
    this.state.textContent = text;
  }

  soon(wait = WAIT_MS) {
    clearTimeout(this.timer);
    if (this.written() === this.saved) return;
    unsaved.add(this);
    this.timer = setTimeout(() => this.now(), wait);
  }

  // One save at a time. On the way out there is no waiting for the one before: what was written since goes after it,
  // and says so.
  async now(leaving = false) {
    clearTimeout(this.timer);
    const written = this.written();
    if (this.stopped || written === this.saved || written === this.sent || (this.sent !== null && !leaving)) return;
    this.form.dispatchEvent(new CustomEvent("autosaving"));
    const body = this.body();
    const turn = ++this.turn;
    this.sent = written;
    this.unanswered.add(turn);
    try {
      const answer = await post(this.form.action, body, leaving);
      for (const earlier of this.unanswered) if (earlier <= turn) this.unanswered.delete(earlier);
      if (turn < this.answered) return;
      this.answered = turn;
      this.saved = written;
      this.failed = false;
      this.form.dispatchEvent(new CustomEvent("autosaved", { detail: answer }));
      this.took(answer);
      this.say(gettext("Saved %(time)s", { time: clock(answer.saved_at) }));
      if (this.written() === written) unsaved.delete(this);
    } catch (error) {
      if (error.status < 500) this.unanswered.delete(turn);
      if (turn < this.turn) return; // what follows it tells
      this.failed = true;
      if (error.status === 409) this.overtaken(error.answer);
      else if (error.status === 422) this.say(gettext("Not saved: %(why)s", { why: error.message }));
      else {
        this.say(gettext("Not saved, trying again"));
        this.timer = setTimeout(() => this.now(), RETRY_MS);
      }
    } finally {
      if (turn === this.turn) this.sent = null;
    }
    if (!this.stopped && this.sent === null && this.written() !== written) this.soon();
  }

  body() {
    const body = new URLSearchParams(new FormData(this.form));
    if (this.unanswered.size && body.has("version")) body.set("follows", this.unanswered.size);
    return body;
  }

  // Whether leaving now would lose words: they were refused, or are too many to be sent from a page that closes.
  get isAtRisk() {
    return this.stopped || (this.written() !== this.saved && (this.failed || !outlivesPage(this.body())));
  }

  // A block's version moves on with each save, its note about what is missing with it.
  took(answer) {
    const version = this.form.elements.version;
    if (version && answer.version) version.value = Math.max(version.value, answer.version);
    const value = this.form.elements.rule_value;
    if (value && answer.rule_value && document.activeElement !== value) {
      value.value = answer.rule_value;
      this.saved = this.written();
    }
    showMissing(this.form.closest("[data-row]"), answer.missing);
  }

  // Somebody else saved this part: both texts stay on the page until its author chooses.
  overtaken(answer) {
    this.stopped = true;
    this.say(answer.detail);
    const box = document.createElement("div");
    box.className = "overtaken";
    box.setAttribute("role", "alert");
    const words = document.createElement("p");
    words.textContent = gettext("Somebody else changed this part meanwhile. Yours is still here.");
    const mine = button(gettext("Save mine over it"), () => go());
    const theirs = button(gettext("Take theirs"), () => {
      for (const [name, value] of Object.entries(answer.theirs)) {
        if (this.form.elements[name]) this.form.elements[name].value = value;
      }
      go();
    });
    const text = document.createElement("pre");
    text.textContent = answer.theirs.body;
    const go = () => {
      this.form.elements.version.value = answer.version;
      this.saved = null;
      this.unanswered.clear();
      this.stopped = false;
      box.remove();
      this.now();
    };
    box.append(words, text, mine, theirs);
    this.form.prepend(box);
  }
}

function button(label, press) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "button";
  made.textContent = label;
  made.addEventListener("click", press);
  return made;
}

function showMissing(row, missing) {
  const note = row?.querySelector("[data-missing]");
  if (!note || missing === undefined) return;
  note.hidden = !missing;
  note.textContent = gettext("%(missing)s Until then students don't see this part.", { missing });
}

window.addEventListener("beforeunload", (event) => {
  for (const autosave of unsaved) autosave.now(true);
  if ([...unsaved].some((autosave) => autosave.isAtRisk)) event.preventDefault(); // the browser asks whether to stay
});

// Ctrl+S saves at once what would be saved within a second.
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "s") return;
  event.preventDefault();
  for (const autosave of unsaved) autosave.now();
});

// --- Completion rules ---

function watchRule(select) {
  const box = select.form.querySelector("[data-rule-value]");
  select.addEventListener("change", () => {
    box.hidden = !["seen", "watched"].includes(select.value);
    box.querySelector("[data-rule-unit]").textContent = select.value === "watched" ? gettext("Percent") : gettext("Seconds");
    select.form.elements.rule_value.value = 0; // the usual value of the rule comes back with the save
  });
}

// --- Order ---

async function moveRow(list, row) {
  const kind = list.dataset.sortable;
  const next = row.nextElementSibling?.closest("[data-row]");
  const fields = new URLSearchParams({ kind, pk: row.dataset.row, before: next?.dataset.row ?? "" });
  if (list.dataset.module) fields.set("module", list.dataset.module);
  try {
    await post(document.querySelector("form[data-moves]").action, fields);
  } catch (error) {
    alert(gettext("The new order was not kept: %(why)s", { why: error.message }));
    location.reload();
  }
}

function sortable(list) {
  globalThis.Sortable?.create(list, {
    group: list.dataset.sortable,
    handle: "[data-handle]",
    draggable: "[data-row]",
    animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 150,
    onEnd: ({ item, to, from, newIndex, oldIndex }) => {
      if (to !== from || newIndex !== oldIndex) moveRow(to, item);
    },
  });
}

// The arrows move a row in place, and the focus stays on the arrow.
function moveByArrows(form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const row = form.closest("[data-row]");
    const list = row.parentElement;
    const up = event.submitter.value === "up";
    const rows = [...list.children].filter((child) => child.matches("[data-row]"));
    const other = rows[rows.indexOf(row) + (up ? -1 : 1)];
    if (!other) return;
    if (up) other.before(row);
    else other.after(row);
    event.submitter.focus();
    await moveRow(list, row);
  });
}

// --- Files ---

function upload(form) {
  const input = form.querySelector("input[type=file]");
  const state = form.querySelector("[data-upload-state]");
  const bar = form.querySelector("[data-upload-progress]");
  input.addEventListener("change", () => {
    if (!input.files.length) return;
    const request = new XMLHttpRequest(); // it tells how far an upload is; fetch does not
    request.open("POST", form.action);
    request.setRequestHeader("X-CSRFToken", token);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.upload.addEventListener("progress", ({ loaded, total }) => (bar.value = total ? loaded / total : 0));
    request.addEventListener("loadend", () => {
      bar.hidden = true;
      const answer = request.response ?? {};
      input.value = "";
      if (request.status !== 200) {
        state.textContent = answer.detail ?? gettext("The upload did not arrive. Please try once more.");
        return;
      }
      const link = document.createElement("a");
      link.href = answer.url;
      link.textContent = answer.name;
      state.replaceChildren(link);
      const row = form.closest("[data-row]");
      row.querySelector("[name=version]").value = answer.version;
      showMissing(row, answer.missing);
      const picture = form.querySelector("[data-upload-picture]");
      if (picture) Object.assign(picture, { src: answer.url, hidden: false });
    });
    bar.hidden = false;
    state.textContent = gettext("Uploading %(name)s", { name: input.files[0].name });
    request.send(new FormData(form));
  });
}

// --- Markdown ---

const MARKS = [
  [gettext("Bold"), "**", "**", "bold words"],
  [gettext("Italic"), "*", "*", "words"],
  [gettext("Heading"), "\n### ", "\n", "A heading"],
  [gettext("List"), "\n- ", "\n", "first"],
  [gettext("Link"), "[", "](https://)", "words"],
  [gettext("Code"), "`", "`", "code"],
  [gettext("Formula"), "$", "$", "x^2"],
  [gettext("Callout"), "\n::: tip ", "\nWords.\n:::\n", "Title"],
];

function markdown(area) {
  const bar = document.createElement("div");
  bar.className = "marks";
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", gettext("Formatting"));
  for (const [label, before, after, example] of MARKS) {
    bar.append(button(label, () => {
      const { selectionStart: start, selectionEnd: end, value } = area;
      const words = value.slice(start, end) || example;
      area.setRangeText(before + words + after, start, end, "end");
      area.setSelectionRange(start + before.length, start + before.length + words.length);
      area.focus();
      area.dispatchEvent(new Event("input", { bubbles: true }));
    }));
  }
  const shown = document.createElement("div");
  shown.className = "prose preview";
  shown.hidden = true;
  const toggle = button(gettext("Preview"), async () => {
    if (shown.hidden) {
      const { html } = await post("/studio/preview/", new URLSearchParams({ text: area.value }));
      shown.innerHTML = html; // sanitised by the server, as in the lesson
    }
    shown.hidden = !shown.hidden;
    area.hidden = !shown.hidden;
    toggle.textContent = shown.hidden ? gettext("Preview") : gettext("Write");
    toggle.setAttribute("aria-pressed", String(!shown.hidden));
  });
  toggle.setAttribute("aria-pressed", "false");
  toggle.classList.add("preview-toggle");
  bar.append(toggle);
  area.before(bar);
  area.after(shown);
  const fit = () => {
    area.style.height = "auto";
    area.style.height = `${Math.max(area.scrollHeight + 2, 90)}px`;
  };
  area.addEventListener("input", fit);
  requestAnimationFrame(fit);
}

document.querySelectorAll("form[data-autosave]").forEach((form) => new Autosave(form));
document.querySelectorAll("[data-rule]").forEach(watchRule);
document.querySelectorAll("[data-sortable]").forEach(sortable);
document.querySelectorAll("form[data-moves]").forEach(moveByArrows);
document.querySelectorAll("form[data-upload]").forEach(upload);
document.querySelectorAll("textarea[data-markdown]").forEach(markdown);
document.querySelectorAll("form[data-confirm]").forEach((form) =>
  form.addEventListener("submit", (event) => {
    if (!confirm(form.dataset.confirm)) event.preventDefault();
  }),
);

// A part that was just added waits for its title.
if (/^#block-\d+$/.test(location.hash)) document.querySelector(`${location.hash} [name=title]`)?.select();
