// Tells the server what was seen, watched or written in a block, and the page what is left to do.
// Every number only grows on the server, so a report that comes twice or late does no harm.

import { outlivesPage } from "./keepalive.js";
import { keep, sent } from "./offline.js";
import { clock, gettext } from "./words.js";

const article = document.querySelector("[data-lesson-id]");
const note = document.querySelector("[data-save-state]");
const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value;

export const recorded = Boolean(article?.dataset.progressUrl && token); // not for a teacher's preview

export function sayState(text) {
  if (note) note.textContent = text;
}

export function saySaved(isoTime) {
  sayState(gettext("Saved %(time)s", { time: clock(isoTime) }));
}

// keepalive: a report sent while the page closes still arrives. Without a network it is kept here and sent later.
// What the server refuses is an error with its `status` and its `answer`.
export async function send(url, fields) {
  const body = new URLSearchParams(fields);
  let response;
  try {
    response = await fetch(url, {
      method: "POST",
      keepalive: outlivesPage(body),
      headers: { "X-CSRFToken": token, Accept: "application/json" },
      body,
    });
  } catch (error) {
    await keep(url, { form: fields });
    throw error;
  }
  if (!response.ok) {
    throw Object.assign(new Error(response.status), { status: response.status, answer: await response.json().catch(() => ({})) });
  }
  sent(url);
  const answer = await response.json();
  saySaved(answer.saved_at);
  if (answer.remaining) showRemaining(answer.remaining);
  return answer;
}

function showRemaining(items) {
  const box = document.querySelector("[data-remaining]");
  const before = box.hidden ? 0 : box.querySelectorAll("li").length;
  box.querySelector("ul").replaceChildren(
    ...items.map((item) => {
      const line = document.createElement("li");
      const link = document.createElement("a");
      link.href = `#block-${item.block}`;
      link.textContent = item.title;
      line.append(link, `, ${item.words}`);
      return line;
    }),
  );
  box.hidden = items.length === 0;
  if (before > 0 && items.length === 0) tickLesson();
}

function tickLesson() {
  const tick = document.querySelector(".outline-item[aria-current] .tick");
  const picture = tick?.querySelector("use");
  if (!picture) return;
  tick.className = "tick tick-done";
  picture.setAttribute("href", picture.getAttribute("href").replace(/#.*/, "#check-circle-fill"));
  tick.querySelector("svg").setAttribute("aria-label", gettext("Done"));
  sayState(gettext("All done here"));
}
