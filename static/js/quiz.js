// Saves each answer on the server as it is given, shows the time left, and moves items to put in order. Without a network
// the answers are kept in the browser, and sent when it is back. Without it the form is saved and handed in by its buttons.

import { keep, kept, sent as takenBack } from "./offline.js";
import { clock, gettext } from "./words.js";

const TYPING_MS = 300; // a pause in typing this long is saved; with the request it stays within a second
const RETRY_MS = 3000;
const LAST_SAVE_MS = 1500; // before the time is up, so that the last answer still arrives

class Answers {
  constructor(form) {
    this.form = form;
    this.url = form.dataset.saveUrl;
    this.state = form.querySelector("[data-quiz-state]");
    this.dirty = new Set(); // names of questions, as in "q-7"
    this.busy = false;
    this.over = false;
    form.addEventListener("input", (event) => this.note(event.target, event.target.matches("[type=text]") ? TYPING_MS : 0));
    form.addEventListener("change", (event) => this.note(event.target, 0));
    form.addEventListener("focusout", () => this.dirty.size && this.save());
    form.addEventListener("submit", () => {
      this.over = true;
      clearTimeout(this.timer);
    });
    // Enter in a text field would press the form's first button.
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !event.target.matches("[type=text]")) return;
      event.preventDefault();
      this.save();
    });
    document.addEventListener("visibilitychange", () => document.hidden && this.save(true));
    window.addEventListener("pagehide", () => this.save(true));
    window.addEventListener("online", () => this.save());
    this.restore();
  }

  // What was given without a network, before this page was loaded.
  async restore() {
    const entry = await kept(this.url);
    if (entry?.quiz?.number !== Number(this.form.elements.number.value)) return;
    for (const [name, values] of Object.entries(entry.quiz.answers)) {
      for (const input of this.form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
        if (input.matches("[type=radio], [type=checkbox]")) input.checked = values.includes(input.value);
        else input.value = values.shift() ?? "";
      }
    }
    this.state.textContent = gettext("Kept on this device; it is sent when you are back.");
  }

  note(field, delay) {
    const question = field.closest("[data-question]")?.dataset.question;
    if (!question || this.over) return;
    this.dirty.add(question);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), delay);
  }

  fieldsOf(question) {
    const fields = {};
    for (const input of this.form.querySelector(`[data-question="${question}"]`).querySelectorAll("[name]")) {
      fields[input.name] ??= [];
      if (!input.matches("[type=radio], [type=checkbox]") || input.checked) fields[input.name].push(input.value);
    }
    return fields;
  }

  // Only one at a time, so that an older answer never lands on a newer one. When the page goes, there is no waiting.
  async save(leaving = false) {
    if (this.over || !this.dirty.size || (this.busy && !leaving)) return;
    clearTimeout(this.timer);
    const sent = [...this.dirty];
    this.dirty.clear();
    this.busy = true;
    const quiz = {
      number: Number(this.form.elements.number.value),
      answers: Object.assign({}, ...sent.map((question) => this.fieldsOf(question))),
    };
    try {
      const response = await fetch(this.url, {
        method: "POST",
        keepalive: leaving,
        headers: {
          "Content-Type": "application/json",
          "X-CSRFToken": this.form.querySelector("[name=csrfmiddlewaretoken]").value,
        },
        body: JSON.stringify(quiz),
      });
      if (response.status === 409) {
        takenBack(this.url);
        this.refuse((await response.json()).detail);
        return;
      }
      if (!response.ok) throw new Error(response.status);
      if (!this.dirty.size) takenBack(this.url);
      this.saved((await response.json()).saved_at);
    } catch {
      for (const question of sent) this.dirty.add(question);
      const isKept = await keep(this.url, { quiz });
      this.state.textContent = isKept && !navigator.onLine ? gettext("Kept on this device; it is sent when you are back.") : this.form.dataset.unsaved;
      this.timer = setTimeout(() => this.save(), RETRY_MS);
      return;
    } finally {
      this.busy = false;
    }
    if (this.dirty.size) this.save(); // given while the request was under way
  }

  saved(isoTime) {
    this.state.textContent = `${this.form.dataset.saved} ${clock(isoTime)}`;
  }

  // The attempt is over, or was handed in elsewhere: say so, and lead to how it stands.
  refuse(sentence) {
    this.over = true;
    this.form.dataset.over = "";
    this.state.textContent = "";
    const note = document.createElement("p");
    note.className = "question-note";
    note.setAttribute("role", "alert");
    const link = document.createElement("a");
    link.href = this.form.dataset.lessonUrl;
    link.textContent = this.form.dataset.reload;
    link.addEventListener("click", () => location.pathname === link.pathname && location.reload()); // not to its anchor
    note.append(`${sentence} `, link);
    this.form.prepend(note);
    note.scrollIntoView({ block: "center" });
  }
}

// Counts the seconds the server named, whatever time this device thinks it is.
function runClock(face, form, answers) {
  const words = face.querySelector("[data-clock-words]");
  const told = face.querySelector("[data-clock-told]");
  const end = Date.now() + face.dataset.seconds * 1000; // which goes on while the device sleeps
  const tellAt = new Map([
    [300, `5 ${form.dataset.minutesLeft}`],
    [60, form.dataset.oneMinuteLeft],
  ]);
  let lastSave = false;
  const tick = () => {
    const left = end - Date.now();
    const seconds = Math.max(0, Math.ceil(left / 1000));
    const minutes = Math.floor(seconds / 60);
    words.textContent = `${minutes}:${String(seconds % 60).padStart(2, "0")} ${form.dataset.left}`;
    face.classList.toggle("quiz-clock-short", seconds <= 60);
    if (tellAt.has(seconds)) told.textContent = tellAt.get(seconds);
    if (left < LAST_SAVE_MS && !lastSave) {
      lastSave = true;
      answers.save();
    }
    if (left > 0 || answers.over) return;
    clearInterval(timer);
    // The server hands in what was saved; this leads to the result.
    setTimeout(() => form.requestSubmit(form.querySelector("[data-hand-in]")), 1000);
  };
  const timer = setInterval(tick, 250);
  tick();
}

// Items to put in order: arrows move them, or a finger or mouse at their handle, and their fields follow. Without a script the fields are there themselves.
function arrange(list, answers) {
  const told = list.nextElementSibling;
  const items = () => [...list.querySelectorAll("[data-order-item]")];
  const place = (item) => Number(item.querySelector("select").value) || Infinity;
  for (const item of items().sort((a, b) => place(a) - place(b))) list.append(item);
  for (const item of items()) {
    item.querySelector("[data-moves]").hidden = false;
    item.querySelector("[data-order-handle]").hidden = false;
    item.querySelector("select").hidden = true;
  }
  list.classList.add("quiz-order-moved");
  const settle = (item) => {
    const order = items();
    order.forEach((each, i) => (each.querySelector("select").value = String(i + 1)));
    told.textContent = `${item.querySelector("label").textContent}: ${told.dataset.words} ${order.indexOf(item) + 1}`;
    answers?.note(item.querySelector("select"), 0);
  };
  whenSortable(list.dataset.sortableSrc, (Sortable) =>
    Sortable.create(list, { handle: "[data-order-handle]", animation: 0, onEnd: ({ item }) => settle(item) }),
  );
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-up], [data-down]");
    if (!button) return;
    const item = button.closest("[data-order-item]");
    const up = button.hasAttribute("data-up");
    const other = up ? item.previousElementSibling : item.nextElementSibling;
    if (other) up ? other.before(item) : other.after(item);
    button.focus();
    settle(item);
  });
}

// Only a page with something to put in order pays for the script that drags; without it the arrows do.
function whenSortable(src, then) {
  if (globalThis.Sortable) return then(globalThis.Sortable);
  const script = document.createElement("script");
  script.src = src;
  script.addEventListener("load", () => then(globalThis.Sortable));
  document.head.append(script);
}

for (const form of document.querySelectorAll("form[data-quiz]")) {
  const answers = form.dataset.saveUrl ? new Answers(form) : null;
  form.querySelectorAll("[data-order]").forEach((list) => arrange(list, answers));
  const keep = form.querySelector("[data-keep]");
  if (keep) keep.hidden = true; // each answer is saved by itself
  const face = form.parentElement.querySelector("[data-quiz-clock]");
  if (face && answers) runClock(face, form, answers);
}
