// A draft is kept within a second of the last keystroke, and goes along when it is handed in. Without this file each
// form has its button.

import { fetchAlive, outlivesPage } from "./keepalive.js";
import { clock, gettext } from "./words.js";

const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value;
const WAIT_MS = 700;

async function post(form, body) {
  const response = await fetchAlive(form.action, {
    method: "POST",
    headers: { "X-CSRFToken": token, Accept: "application/json" },
    body,
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw Object.assign(new Error(answer.detail ?? ""), { told: answer.detail });
  return answer;
}

function keepDraft(form) {
  const field = form.querySelector("textarea");
  const state = form.querySelector("[data-draft-state]");
  let kept = field.defaultValue; // something may have been typed before this script was there
  let sent = null; // what is on its way
  let failed = false;
  let timer = null;
  const keep = async () => {
    clearTimeout(timer);
    const text = field.value;
    if (text === kept || text === sent) return;
    sent = text;
    try {
      const answer = await post(form, new URLSearchParams({ text }));
      if (sent !== text) return; // a later one is on its way
      kept = text;
      failed = false;
      state.textContent = gettext("Saved %(time)s", { time: clock(answer.saved_at) });
    } catch (error) {
      if (sent !== text) return;
      failed = true;
      state.textContent = error.told ?? gettext("Not saved yet; it stays here and is tried again.");
      if (!error.told) timer = setTimeout(keep, 3000);
    } finally {
      if (sent === text) sent = null;
    }
  };
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(keep, WAIT_MS);
  });
  if (field.value !== kept) timer = setTimeout(keep, WAIT_MS);
  field.addEventListener("blur", keep);
  window.addEventListener("pagehide", keep);
  // Words that were refused, or are too many to be sent from a page that closes: the browser asks whether to stay.
  window.addEventListener("beforeunload", (event) => {
    keep();
    const isAtRisk = failed || !outlivesPage(new URLSearchParams({ text: field.value }));
    if (field.value !== kept && isAtRisk && !("goes" in field.dataset)) event.preventDefault();
  });
  document.addEventListener("visibilitychange", () => document.hidden && keep());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    keep();
  });
  return field;
}

for (const box of document.querySelectorAll("[data-assignment]")) {
  const draft = box.querySelector("[data-draft]");
  const field = draft && keepDraft(draft);
  const handIn = box.querySelector("[data-hand-in]");
  // What stands in the field is what is handed in, saved or not.
  handIn?.addEventListener("submit", () => {
    handIn.querySelector("button").disabled = true;
    if (!field) return;
    field.dataset.goes = "";
    const text = document.createElement("input");
    Object.assign(text, { type: "hidden", name: "text", value: field.value });
    handIn.append(text);
  });
  const upload = box.querySelector("[data-add-file]");
  if (upload) {
    upload.querySelector("[data-file-button]").hidden = true;
    const input = upload.querySelector("input[type=file]");
    const state = upload.querySelector("[data-file-state]");
    input.addEventListener("change", async () => {
      state.textContent = gettext("Uploading %(name)s", { name: input.files[0].name });
      try {
        await post(upload, new FormData(upload));
        location.reload();
      } catch (error) {
        state.textContent = error.told ?? gettext("The upload did not arrive. Please try once more.");
        input.value = "";
      }
    });
  }
}
