// A lesson's videos: go on where they were left (on any device), note what really ran, speed, captions' transcript.

import { recorded, sayState, send } from "./lesson_report.js";
import { place } from "./place_in_lesson.js";
import { gettext } from "./words.js";

const LAST_HUNDREDTH = 99;
const REPORT_MS = 5000;
const clockTime = (seconds) =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

// What ran of a video, as bits: skipping ahead leaves the skipped part out.
class Watch {
  constructor(box) {
    this.url = box.closest("[data-block-url]").dataset.blockUrl;
    this.ran = BigInt(`0x${box.dataset.watched || "0"}`);
    this.at = Number(box.dataset.second);
    this.previous = null;
    this.sentAt = Date.now();
    this.changed = false;
    if (!recorded) return;
    document.addEventListener("visibilitychange", () => document.hidden && this.report());
    window.addEventListener("pagehide", () => this.report());
  }

  // The video is at `second` of `duration`; `jumped` when somebody moved it there.
  note(second, duration, jumped = false) {
    if (!(duration > 0)) return;
    const now = Math.min(LAST_HUNDREDTH, Math.floor((second / duration) * 100));
    const from = jumped || this.previous === null ? now : this.previous;
    for (let bit = from; bit <= now; bit += 1) this.ran |= 1n << BigInt(bit);
    this.previous = now;
    this.at = Math.floor(second);
    this.length = Math.ceil(duration);
    this.changed = true;
    if (Date.now() - this.sentAt >= REPORT_MS) this.report();
  }

  report() {
    if (!recorded || !this.changed) return;
    this.changed = false;
    this.sentAt = Date.now();
    send(this.url, { watched: this.ran.toString(16), second: this.at, length: this.length }).catch(() => {
      this.changed = true;
      sayState(gettext("Not saved, will try again"));
    });
  }
}

// The second that an address like "?at=200#block-12" asks for in this video, or null.
function askedFor(box) {
  const second = Number.parseInt(new URLSearchParams(location.search).get("at"), 10);
  const isMeant = location.hash.slice(1) === box.closest("[data-block-id]").id;
  return isMeant && second >= 0 ? second : null;
}

function play(box, video) {
  const watch = new Watch(box);
  const tools = box.querySelector("[data-video-tools]");
  tools.hidden = false;
  tools.querySelector("[data-speed]").addEventListener("change", (event) => {
    video.playbackRate = Number(event.target.value);
  });
  const resume = () => {
    const asked = askedFor(box);
    if (asked !== null) {
      video.currentTime = asked;
      return;
    }
    if (watch.at < 5 || watch.at > video.duration - 5) return;
    video.currentTime = watch.at;
    tools.querySelector("[data-resumed]").textContent = gettext("Goes on at %(time)s", { time: clockTime(watch.at) });
  };
  if (video.readyState >= HTMLMediaElement.HAVE_METADATA) resume();
  else video.addEventListener("loadedmetadata", resume, { once: true });
  let jumped = true;
  video.addEventListener("seeking", () => (jumped = true));
  video.addEventListener("timeupdate", () => {
    if (video.paused || video.seeking) return;
    watch.note(video.currentTime, video.duration, jumped);
    jumped = false;
  });
  video.addEventListener("ended", () => {
    watch.note(video.duration, video.duration, jumped);
    watch.report();
  });
  video.addEventListener("pause", () => watch.report());
  box.addEventListener("attune:seek", ({ detail }) => (video.currentTime = detail));
  const transcript = box.querySelector("[data-transcript]");
  if (transcript) showTranscript(transcript, video);
}

function showTranscript(box, video) {
  const element = video.querySelector("track");
  const list = box.querySelector("[data-cues]");
  const rows = [];
  const fill = () => {
    for (const cue of element.track.cues ?? []) {
      const row = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      const time = document.createElement("span");
      time.className = "cue-time";
      time.textContent = clockTime(cue.startTime);
      const words = cue.text.replace(/<[^>]*>/g, "").replace(/\s+/g, " ");
      button.append(time, words);
      button.addEventListener("click", () => {
        video.currentTime = cue.startTime;
        video.play();
      });
      row.append(button);
      list.append(row);
      rows.push({ row, button, cue, words: words.toLowerCase() });
    }
  };
  if (element.track.cues?.length) fill();
  else element.addEventListener("load", fill, { once: true });
  element.track.addEventListener("cuechange", () => {
    for (const { button, cue } of rows) {
      if (video.currentTime >= cue.startTime && video.currentTime < cue.endTime) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  });
  const found = box.querySelector("[data-found]");
  box.querySelector("[data-find]").addEventListener("input", (event) => {
    const wanted = event.target.value.trim().toLowerCase();
    let hits = 0;
    for (const { row, words } of rows) {
      row.hidden = !words.includes(wanted);
      hits += !row.hidden;
    }
    found.textContent = wanted ? gettext("%(hits)s of %(lines)s lines", { hits, lines: rows.length }) : "";
  });
}

// The two players tell their time by messages; no script of theirs is loaded into this page.
const OUTSIDE = {
  youtube: {
    origin: "https://www.youtube-nocookie.com",
    hellos: [{ event: "listening", id: 1, channel: "widget" }],
    seek: (second) => ({ event: "command", func: "seekTo", args: [second, true] }),
    read: (said) => said.info && [said.info.currentTime, said.info.duration],
  },
  vimeo: {
    origin: "https://player.vimeo.com",
    hellos: ["timeupdate", "seeked"].map((value) => ({ method: "addEventListener", value })),
    seek: (second) => ({ method: "setCurrentTime", value: second }),
    read: (said) => ["timeupdate", "seeked"].includes(said.event) && [said.data.seconds, said.data.duration],
  },
};

function listen(box, frame) {
  const site = OUTSIDE[frame.dataset.outside];
  const block = box.closest("[data-block-id]");
  const watch = new Watch(box);
  let duration = 0;
  let last = null;
  const say = (words) => frame.contentWindow.postMessage(JSON.stringify(words), site.origin);
  const greet = () => site.hellos.forEach(say);
  box.addEventListener("attune:seek", ({ detail }) => say(site.seek(detail)));
  frame.addEventListener("load", greet);
  greet();
  window.addEventListener("message", (event) => {
    if (event.origin !== site.origin || event.source !== frame.contentWindow) return;
    let said;
    try {
      said = typeof event.data === "string" ? JSON.parse(event.data) : event.data;
    } catch {
      return;
    }
    if (said.event === "ready") greet();
    const [second, length] = site.read(said) || [];
    if (length) duration = length;
    if (typeof second !== "number") return;
    place.tell(block, second);
    watch.note(second, duration, Math.abs(second - last) > 4);
    if (last !== null && second < last - 2) block.dispatchEvent(new CustomEvent("attune:rewind", { bubbles: true }));
    last = second;
  });
}

for (const box of document.querySelectorAll("[data-video]")) {
  const video = box.querySelector("video");
  const frame = box.querySelector("iframe[data-outside]");
  if (video) play(box, video);
  else if (frame) listen(box, frame);
}
