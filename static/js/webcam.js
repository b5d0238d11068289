// The camera in a lesson: to the session's socket, at the pace the server asks for, go JPEGs or, where the student has
// chosen to have them read on this device, what was read and no picture. And what comes back.

import { chosenMode, rememberMode, restoreMode } from "./on_device_choice.js";
import { place } from "./place_in_lesson.js";
import { gettext } from "./words.js";

const PACE_MS = { fastest: 550, first: 1000, slowest: 5000 }; // the server takes two frames a second and no more
const ANSWER_WITHIN_MS = 4000; // the server answers or drops within three seconds
const MOST_BYTES_A_SECOND = 25_000;
const MOST_OF_A_CORE = 0.25; // what reading on this device may take
const LONGEST_SIDE = 480;
const JPEG_QUALITY = 0.7;
const RECONNECT_MS = [500, 1000, 2000, 4000, 8000];

const WHERE = {
  server: gettext("Read on the server: each picture is gone within seconds."),
  device: gettext("Read on this device: pictures never leave it."),
};

const BLOCKED = gettext("The camera is blocked for this page. Allow it in the address bar, then start again.");
const MISSING = gettext("No camera was found. Plug one in, or go on without: the lesson is the same.");
const SILENT = gettext("The camera did not start. Plug it in again or restart the browser, then try again.");

// What to do about an error, by the name that browsers give it; their own words would be in another language.
const PROBLEMS = {
  NotAllowedError: BLOCKED,
  SecurityError: BLOCKED,
  NotFoundError: MISSING,
  OverconstrainedError: MISSING,
  NotReadableError: gettext("Another program is using the camera. Close it there, then start again."),
  TypeError: gettext("The server did not answer. Check the network, then start again."), // what fetch and import throw
};

// One sentence for the student. What is thrown here, as plain errors, is one already.
function sentenceOf(error) {
  return error.name === "Error" ? error.message : (PROBLEMS[error.name] ?? SILENT);
}

class CameraPanel {
  constructor(root) {
    this.root = root;
    this.find = (name) => root.querySelector(`[data-camera-${name}]`);
    this.rows = new Map([...root.querySelectorAll("[data-expression]")].map((row) => [row.dataset.expression, row]));
    this.canvas = document.createElement("canvas");
    // Frames are taken from this element and not from the preview: a browser pauses a video that is out of sight,
    // and most of the time a reader has scrolled away from the panel.
    this.source = document.createElement("video");
    this.source.muted = true;
    this.source.playsInline = true;
    restoreMode(this.root);
    this.find("start").addEventListener("click", () => this.start());
    this.find("stop").addEventListener("click", () => this.stop(gettext("Camera off.")));
    this.find("pause").addEventListener("click", () => this.togglePause());
    this.find("hide").addEventListener("click", () => this.togglePreview());
    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
      if (event.key.toLowerCase() !== "p" || typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
      this.togglePause();
    });
    window.addEventListener("pagehide", () => this.stop(gettext("Camera off.")));
  }

  async start() {
    this.find("start").disabled = true;
    this.showError("");
    this.mode = chosenMode(this.root);
    rememberMode(this.mode);
    if (this.mode === "device" && !(await this.prepareReader())) return;
    const readerGone = () => this.mode === "device" && !this.reader; // it failed meanwhile, and that was said
    try {
      await this.openCamera();
      if (readerGone()) return this.release();
      const wanted = { lesson: Number(this.root.dataset.lessonId), mode: this.mode };
      this.session = await this.post("/api/v1/lesson-sessions/", wanted);
    } catch (error) {
      this.release();
      this.closeReader();
      this.show("off", gettext("Camera off."));
      this.showError(sentenceOf(error));
      this.find("start").disabled = false;
      return;
    }
    this.find("where").textContent = WHERE[this.mode];
    Object.assign(this, { sequence: 0, answered: 0, dropped: 0, bytes: 0, latency: null, pace: PACE_MS.first });
    Object.assign(this, { inFlight: null, attempt: 0, stopping: false, running: true });
    if (readerGone()) return this.turnOff(gettext("Camera off."));
    this.show("on", gettext("Camera on."));
    this.connect();
    this.schedule(0);
  }

  // The reader of this device, loaded now that it is chosen. Returns whether the camera may go on.
  async prepareReader() {
    const mine = {};
    this.preparing = mine; // another, or nothing, once the student has changed their mind
    this.show("preparing", gettext("Getting ready."));
    try {
      const [{ OnDeviceReader }, config] = await Promise.all([
        import(this.root.dataset.reader),
        this.get(this.root.dataset.readerConfig),
      ]);
      if (this.preparing !== mine) return false;
      this.model = config.model;
      this.reader = new OnDeviceReader(config, {
        onProgress: (bytes) => this.showProgress(bytes, config.bytes),
        onFailed: (sentence) => this.preparing || this.readerFailed(sentence),
      });
      await this.reader.ready;
    } catch (error) {
      if (this.preparing === mine) this.readerFailed(sentenceOf(error));
      return false;
    }
    this.preparing = null;
    this.find("line").textContent = gettext("Waiting for the camera.");
    this.find("stop").hidden = true;
    return true;
  }

  // Pictures are never sent because reading here failed: the other way is offered, and waits for the student's click.
  readerFailed(sentence) {
    this.turnOff(gettext("Camera off."));
    const server = this.root.querySelector("[name=camera-mode][value=server]");
    if (server) server.checked = true;
    const instead = server
      ? gettext("No picture was sent. Start again to have them read on the server.")
      : gettext("So the camera cannot be used here; the lesson is the same without it.");
    this.showError(`${sentence} ${instead}`);
  }

  closeReader() {
    this.preparing = null;
    this.reader?.close();
    this.reader = null;
  }

  async openCamera() {
    if (!navigator.mediaDevices) throw new Error(gettext("The camera works over https or on localhost only."));
    const stream = await navigator.mediaDevices.getUserMedia({
      video: { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: "user" },
      audio: false,
    });
    this.release();
    this.stream = stream;
    stream.getVideoTracks()[0].addEventListener("ended", () => this.stop(gettext("The camera was switched off.")));
    this.source.srcObject = stream;
    await this.source.play();
    this.find("preview").srcObject = stream;
  }

  async togglePause() {
    if (!this.running || this.changing) return;
    if (this.stream) {
      this.release();
      return this.show("paused", gettext("Paused. Nothing is seen or sent."));
    }
    this.changing = true;
    try {
      await this.openCamera();
      if (!this.running) return this.release(); // stopped meanwhile: nothing else would put the light out
      this.showError("");
      const open = this.socket.readyState === WebSocket.OPEN;
      this.show(open ? "on" : "reconnecting", open ? gettext("Camera on.") : gettext("Reconnecting."));
    } catch (error) {
      if (!this.running) return;
      this.release();
      this.showError(sentenceOf(error));
    } finally {
      this.changing = false;
    }
  }

  connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/ws/lesson-sessions/${this.session.id}/`);
    this.socket = socket;
    socket.addEventListener("message", (event) => this.receive(JSON.parse(event.data)));
    socket.addEventListener("close", (event) => {
      if (this.stopping || socket !== this.socket) return;
      this.inFlight = null;
      if (event.code >= 4400) return this.stop(event.reason || gettext("The camera has stopped."));
      if (this.stream) this.show("reconnecting", gettext("Reconnecting."));
      const wait = RECONNECT_MS[Math.min(this.attempt++, RECONNECT_MS.length - 1)];
      this.reconnect = setTimeout(() => this.connect(), wait);
    });
  }

  receive(message) {
    if (message.type === "ready") {
      this.attempt = 0;
      if (this.stream) this.show("on", gettext("Camera on."));
    } else if (message.type === "closed") {
      this.stop(message.message);
    }
    if (message.type === "state") this.find("line").textContent = gettext("Camera on. %(words)s.", { words: message.words });
    // What is for other parts of the page, such as support.
    document.dispatchEvent(new CustomEvent("attune:message", { detail: message }));
    if (!["reading", "dropped", "refused"].includes(message.type)) return;
    if (message.sequence === this.inFlight?.sequence) this.inFlight = null;
    if (message.type === "reading") {
      this.answered += 1;
      this.latency = message.latency_ms;
      this.showReading(message);
    } else {
      this.dropped += 1;
      if (message.type === "refused") {
        this.find("words").textContent = message.message;
        this.pace = Math.min(PACE_MS.slowest, this.pace * 2);
      }
    }
    if (message.pace_ms) this.pace = Math.min(PACE_MS.slowest, Math.max(PACE_MS.fastest, message.pace_ms));
    this.find("facts").textContent = this.facts();
  }

  facts() {
    const [count, dropped, sent] = [this.answered, this.dropped, inWords(this.bytes)];
    const parts = [count === 1 ? gettext("1 picture read") : gettext("%(count)s pictures read", { count })];
    if (dropped) parts.push(gettext("%(dropped)s passed over", { dropped }));
    if (this.latency !== null) parts.push(`${this.latency} ms`);
    parts.push(gettext("%(sent)s sent", { sent }));
    return parts.join(" · ");
  }

  // The next frame after `wait` ms; then at the server's pace, and no faster than the line is meant to carry.
  schedule(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(async () => {
      const bytes = await this.capture();
      const rest = this.reader ? this.reader.ms * (1 / MOST_OF_A_CORE - 1) : 0;
      if (this.running) this.schedule(Math.max(this.pace, (1000 * bytes) / MOST_BYTES_A_SECOND, rest));
    }, wait);
  }

  // Sends the present frame, or what it was read as, and returns how many bytes it took.
  async capture() {
    const video = this.source;
    if (!this.stream || document.hidden || this.socket.readyState !== WebSocket.OPEN || !video.videoWidth) return 0;
    const now = performance.now();
    if (this.inFlight && now - this.inFlight.sentAt < ANSWER_WITHIN_MS) return 0;
    const sequence = ++this.sequence;
    this.inFlight = { sequence, sentAt: now };
    const message = this.mode === "device" ? await this.readHere(sequence) : await this.picture(sequence);
    if (!message || !this.stream || this.socket.readyState !== WebSocket.OPEN) {
      this.inFlight = null;
      return 0;
    }
    this.inFlight = { sequence, sentAt: performance.now() };
    this.socket.send(message);
    const bytes = message.size ?? message.length;
    this.bytes += bytes;
    return bytes;
  }

  // What this device reads in the present frame, as a text message; nothing when the reader has failed.
  async readHere(sequence) {
    const here = place.now();
    const began = performance.now();
    const answer = await this.reader.read(this.source).catch(() => null); // told through onFailed
    if (!answer) return null;
    const { outcome, reason, probabilities } = answer;
    // With enough digits that no two readings of a living face are the same (emotion/inference/stillness.py).
    const shares = Object.entries(probabilities ?? {}).filter(([, share]) => share !== null);
    return JSON.stringify({
      type: "reading",
      sequence,
      outcome,
      reason,
      probabilities: Object.fromEntries(shares.map(([name, share]) => [name, Number(share.toFixed(6))])),
      ...here,
      latency_ms: Math.round(performance.now() - began),
      model: this.model,
    });
  }

  // The present frame with its head, as a binary message; nothing when the browser makes no JPEG of it.
  async picture(sequence) {
    const video = this.source;
    const scale = Math.min(1, LONGEST_SIDE / Math.max(video.videoWidth, video.videoHeight));
    this.canvas.width = Math.round(video.videoWidth * scale);
    this.canvas.height = Math.round(video.videoHeight * scale);
    this.canvas.getContext("2d").drawImage(video, 0, 0, this.canvas.width, this.canvas.height);
    const here = place.now();
    const jpeg = await new Promise((resolve) => this.canvas.toBlob(resolve, "image/jpeg", JPEG_QUALITY));
    if (!jpeg) return null;
    const head = new TextEncoder().encode(JSON.stringify({ sequence, ...here }));
    const length = new Uint8Array([head.length >> 8, head.length & 255]);
    return new Blob([length, head, jpeg]);
  }

  showReading({ words, probabilities }) {
    this.find("words").textContent = words;
    const shares = probabilities || {};
    const leading = Object.keys(shares).reduce((a, b) => ((shares[b] ?? 0) > (shares[a] ?? 0) ? b : a), "");
    for (const [name, row] of this.rows) {
      const share = shares[name] ?? 0;
      row.querySelector(".bar-fill").style.setProperty("--share", share.toFixed(3));
      row.querySelector(".bar-value").textContent = `${Math.round(100 * share)}%`;
      row.toggleAttribute("data-leading", name === leading);
    }
  }

  stop(line) {
    if (this.running || this.preparing) this.turnOff(line);
  }

  turnOff(line) {
    const ending = this.running;
    Object.assign(this, { stopping: true, running: false });
    clearTimeout(this.timer);
    clearTimeout(this.reconnect);
    this.release();
    this.closeReader();
    this.show("off", line);
    this.find("start").disabled = false;
    if (ending) this.endSession();
  }

  endSession() {
    this.socket?.close(1000);
    fetch(`/api/v1/lesson-sessions/${this.session.id}/end/`, {
      method: "POST",
      keepalive: true, // the page may be on its way out
      headers: { "X-CSRFToken": this.csrfToken() },
    }).catch(() => {}); // the session then ends with its consent or the retention job
  }

  release() {
    // This, and nothing less, is what puts the camera's light out.
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.find("preview").srcObject = null;
    this.source.srcObject = null;
  }

  togglePreview() {
    const video = this.find("preview");
    video.classList.toggle("camera-preview-hidden");
    const hidden = video.classList.contains("camera-preview-hidden");
    this.find("hide").setAttribute("aria-pressed", String(hidden));
    if (!hidden) video.play().catch(() => {}); // out of sight, it stood still
  }

  show(state, line) {
    this.root.dataset.state = state;
    this.find("line").textContent = line;
    const on = state !== "off";
    const paused = state === "paused";
    const preparing = state === "preparing";
    this.find("live").hidden = !on || paused || preparing;
    this.find("progress").hidden = !preparing;
    this.find("progress").value = 0;
    this.find("choice")?.toggleAttribute("hidden", on);
    this.find("start").hidden = on;
    this.find("stop").hidden = !on;
    this.find("pause").hidden = !on || preparing;
    this.find("pause").setAttribute("aria-pressed", String(paused));
    this.find("pause-word").textContent = paused ? gettext("Go on") : gettext("Pause");
    this.find("hide").hidden = !on || paused || preparing;
  }

  // Some servers send the program unpacked, and then more comes than was announced.
  showProgress(bytes, expected) {
    const loaded = Math.min(bytes, expected);
    this.find("progress").value = loaded / expected;
    const [here, all] = [loaded, expected].map((size) => (size / 1e6).toFixed(1));
    this.find("line").textContent = loaded < expected ? gettext("Getting ready: %(here)s of %(all)s MB.", { here, all }) : gettext("Getting ready: trying it out.");
  }

  showError(sentence) {
    this.find("error").textContent = sentence;
    this.find("error").hidden = !sentence;
  }

  csrfToken() {
    return this.root.querySelector("[name=csrfmiddlewaretoken]").value;
  }

  async post(url, body) {
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": this.csrfToken() },
      body: JSON.stringify(body),
    });
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new Error(answer.detail || gettext("The server did not start a session. Please try again."));
    return answer;
  }

  async get(url) {
    const response = await fetch(url);
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new Error(answer.detail || gettext("The server did not say how to read here. Please try again."));
    return answer;
  }
}

function inWords(bytes) {
  if (bytes < 1000) return gettext("%(bytes)s bytes", { bytes });
  return bytes < 1e6 ? `${Math.round(bytes / 1000)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

document.querySelectorAll("[data-camera]").forEach((root) => {
  if (root.querySelector("[data-camera-start]")) new CameraPanel(root);
});
