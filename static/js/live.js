// A running class, from its socket: a message a second, complete in itself, so a lost one costs nothing.

import { gettext } from "./words.js";

const root = document.querySelector("[data-live]");
const find = (name) => root.querySelector(`[data-live-${name}]`);
const STATES = ["engaged", "confused", "frustrated", "bored", "delighted", "unsure"];
const LOOKS = {
  engaged: gettext("looks engaged"),
  confused: gettext("looks confused"),
  frustrated: gettext("looks frustrated"),
  bored: gettext("looks bored"),
  delighted: gettext("looks delighted"),
  unsure: gettext("unsure"),
};
const [WIDTH, HEIGHT, STEP, STEPS] = [600, 200, 10, 60];
const FINAL = [4401, 4404]; // not signed in (any more), not theirs (any more)
const SILENCE = 6000; // without a message for so long, the connection is not one
const SLOWEST = 15_000;
const percent = (share) => `${Math.round(100 * share)}%`;
const time = (seconds, more = {}) =>
  new Date(1000 * seconds).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", ...more });

function say(status, words) {
  const line = find("status");
  if (line.dataset.status === status && line.textContent === words) return; // a screen reader hears changes only
  line.dataset.status = status;
  line.textContent = words;
}

function draw(trend, now) {
  const svg = find("trend");
  const end = Math.floor(now / STEP) * STEP + STEP;
  const step = WIDTH / STEPS;
  const boxes = Object.fromEntries(STATES.map((name) => [name, ""]));
  for (const [at, ...shares] of trend) {
    const x = WIDTH - ((end - at) / STEP) * step;
    let base = HEIGHT;
    STATES.forEach((name, index) => {
      const top = base - shares[index] * HEIGHT;
      if (base - top > 0.1) boxes[name] += `M${x} ${base}h${step}V${top}h-${step}z`;
      base = top;
    });
  }
  svg.querySelectorAll(":scope > path").forEach((path) => path.remove());
  for (const name of STATES) {
    for (const [attribute, value] of [["class", `fill-${name}`], ["fill", `url(#weave-${name})`]]) {
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute(attribute, value);
      path.setAttribute("d", boxes[name]);
      svg.append(path);
    }
  }
}

function tabulate(trend) {
  const rows = trend.filter(([at], index) => at % 60 === 0 || index === trend.length - 1);
  find("rows").replaceChildren(
    ...rows.reverse().map(([at, ...shares]) => {
      const row = document.createElement("tr");
      const head = document.createElement("th");
      head.scope = "row";
      head.textContent = time(at, { second: "2-digit" });
      row.append(head);
      for (const share of shares) row.insertCell().textContent = percent(share);
      return row;
    }),
  );
}

function summarise(message) {
  const told = STATES.slice(0, -1)
    .filter((name) => message.states[name] >= 0.05)
    .sort((a, b) => message.states[b] - message.states[a])
    .map((name) => `${LOOKS[name]} ${percent(message.states[name])}`);
  const mostly = told.length ? told.join(", ") : gettext("there is no telling how it goes");
  return gettext("%(cameras)s cameras together: %(mostly)s of the last minute.", {
    cameras: message.cameras,
    mostly,
  });
}

function offers({ shown, accepted }) {
  if (!shown) return gettext("Support in the last ten minutes: offered to fewer than five students.");
  if (!accepted) return gettext("Support in the last ten minutes: offered to %(shown)s students or more.", { shown });
  return gettext("Support in the last ten minutes: offered to %(shown)s students or more, taken up by %(accepted)s or more.", {
    shown,
    accepted,
  });
}

let drawn = "";

function show(message) {
  find("waiting").hidden = true;
  find("few").hidden = message.status !== "few";
  find("class").hidden = message.status === "few";
  find("class").classList.toggle("is-old", message.status === "held");
  if (message.status === "few") return say("few", gettext("Connected."));
  const at = time(message.as_of);
  if (message.status === "held") say("held", gettext("As it was at %(at)s: fewer than five of these cameras are on.", { at }));
  else say("shown", gettext("Live"));
  for (const [name, share] of Object.entries(message.expressions)) {
    const row = root.querySelector(`[data-live-expression="${name}"]`);
    row.querySelector(".bar-fill").style.setProperty("--share", share);
    row.querySelector(".live-share").textContent = percent(share);
  }
  find("summary").textContent = summarise(message);
  find("offers").textContent = offers(message.offers);
  const now = Math.floor(Date.now() / 1000);
  const key = `${Math.floor(now / STEP)} ${message.trend.length} ${message.trend.at(-1)}`;
  if (key === drawn) return;
  drawn = key;
  draw(message.trend, now);
  tabulate(message.trend);
}

let wait = 500;
find("waiting").hidden = false;

function listen() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(`${scheme}//${location.host}${root.dataset.live}`);
  let silence = setTimeout(() => lost(), SILENCE);
  let over = false;

  function lost(final = "") {
    if (over) return;
    over = true;
    clearTimeout(silence);
    socket.close();
    find("class").classList.add("is-old");
    if (final) return say("away", final);
    say("away", gettext("Reconnecting…"));
    // Spread out, so that a restarted server is not met by everybody at once.
    setTimeout(listen, wait * (0.5 + Math.random()));
    wait = Math.min(wait * 2, SLOWEST);
  }

  socket.addEventListener("message", (event) => {
    if (over) return;
    clearTimeout(silence);
    silence = setTimeout(() => lost(), SILENCE);
    const message = JSON.parse(event.data);
    if (message.type !== "class") return;
    wait = 500;
    show(message);
  });
  socket.addEventListener("close", (event) => {
    if (FINAL.includes(event.code)) lost(event.reason || gettext("This class is not yours to watch any more."));
    else lost();
  });
}

listen();
