// Says when there is no network, and keeps what was written meanwhile in this browser until the server has it.
// One entry an address: the newest text or number, and of a quiz the newest answer to each question. The server
// takes each of them twice without harm, and decides: what came too late is told, not hidden, and a text that differs
// from one kept elsewhere meanwhile stays here until its writer chose, on the lesson's page.

import { gettext } from "./words.js";

const STORE = "unsent";
const root = document.documentElement;
const person = root.dataset.person ?? "";
const line = document.querySelector("[data-offline]");

const opened = new Promise((resolve, reject) => {
  const request = indexedDB.open("attune", 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "url" });
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});
opened.catch(() => {}); // a private window without storage: the page works, and keeps nothing

async function inStore(mode, act) {
  const store = (await opened).transaction(STORE, mode).objectStore(STORE);
  return new Promise((resolve, reject) => {
    const request = act(store);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

const all = async () => (await inStore("readonly", (store) => store.getAll())).filter((entry) => entry.person === person);

// `form` is a dictionary of fields, `quiz` what the quiz's page sends; resolves to whether it is kept.
export async function keep(url, { form, quiz }) {
  try {
    const path = new URL(url, location.href).pathname;
    const before = await inStore("readonly", (store) => store.get(path));
    const same = before?.person === person && before.quiz?.number === quiz?.number;
    if (quiz && same && before.quiz) quiz = { ...quiz, answers: { ...before.quiz.answers, ...quiz.answers } };
    await inStore("readwrite", (store) => store.put({ url: path, person, form, quiz }));
    return true;
  } catch {
    return false;
  }
}

export async function sent(url) {
  await inStore("readwrite", (store) => store.delete(new URL(url, location.href).pathname)).catch(() => {});
}

export async function kept(url) {
  const path = new URL(url, location.href).pathname;
  return (await all().catch(() => [])).find((entry) => entry.url === path);
}

function say(words, link) {
  line.querySelector("[data-offline-words]").textContent = words;
  const way = line.querySelector("[data-offline-way]");
  way.hidden = !link;
  if (link) way.href = link;
  line.hidden = false;
}

const hasFormFor = (path) => [...document.querySelectorAll("form[data-reflection]")].some((form) => new URL(form.action).pathname === path);

async function sendAll() {
  const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value;
  if (!person || !token || !navigator.onLine) return;
  let arrived = 0;
  let differs = null;
  for (const entry of await all()) {
    if (hasFormFor(entry.url)) continue; // which sends it itself
    const headers = { "X-CSRFToken": token, Accept: "application/json" };
    if (entry.quiz) headers["Content-Type"] = "application/json";
    let response;
    try {
      const body = entry.quiz ? JSON.stringify(entry.quiz) : new URLSearchParams(entry.form);
      response = await fetch(entry.url, { method: "POST", headers, body, redirect: "error" });
    } catch {
      return; // gone again, or signed out: it stays
    }
    if (response.status >= 500 || [401, 403, 429].includes(response.status)) return; // not now; it stays
    const answer = response.status === 409 ? await response.json() : {};
    if (answer.theirs) {
      differs = answer;
      continue;
    }
    await sent(entry.url);
    if (response.ok) arrived += 1;
    else {
      say(`${gettext("Something you wrote while offline came too late.")} ${answer.detail ?? ""}`);
      return;
    }
  }
  if (differs) say(differs.detail, differs.where);
  else if (arrived) say(gettext("You are back. What you wrote while offline is saved."));
}

function showState() {
  if (navigator.onLine) line.hidden = true;
  else say(gettext("You are offline. Lessons you have opened can be read; answers and reflections are kept here and sent when you are back."));
}

// What another person left in this browser goes, and so does all that could be read once nobody is signed in.
async function forgetOthers() {
  if (navigator.onLine && localStorage.getItem("person") !== person) {
    await caches.delete("attune-lessons-1");
    if (person) {
      for (const entry of await inStore("readonly", (store) => store.getAll())) if (entry.person !== person) await sent(entry.url);
    }
    localStorage.setItem("person", person);
  }
}

if (line) {
  showState();
  addEventListener("offline", showState);
  addEventListener("online", () => {
    showState();
    sendAll().catch(() => {});
  });
}
if ("serviceWorker" in navigator) {
  // Before the worker may keep this page: else this would throw away what it just kept.
  forgetOthers()
    .catch(() => {})
    .then(() => navigator.serviceWorker.register(root.dataset.worker, { scope: "/" }))
    .catch(() => {});
}
if (line) sendAll().catch(() => {});
