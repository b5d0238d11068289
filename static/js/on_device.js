// The page's side of reading faces in this browser. The worker, its runtime and the networks (about 6 MB) are fetched
// when a reader is made, and not before.
//
//   const { OnDeviceReader } = await import(url of this file);
//   const reader = new OnDeviceReader(config, { onProgress: (bytes) => ..., onFailed: (sentence) => ... });
//   await reader.ready;                      // rejects, with a sentence for the student, when this browser cannot
//   const { outcome, reason, probabilities, face } = await reader.read(video);
//   reader.close();

import { gettext } from "./words.js";

const LONGEST_SIDE = 640;
const STALLED_AFTER_MS = 30_000; // of loading in which not a byte came
const ANSWER_WITHIN_MS = 10_000;

export class OnDeviceReader {
  constructor(config, { onProgress = () => {}, onFailed = () => {} } = {}) {
    this.onProgress = onProgress;
    this.onFailed = onFailed;
    this.waiting = new Map(); // id -> { resolve, reject, timer }
    this.lastId = 0;
    this.ms = null; // what the latest frame took in the worker
    this.ready = new Promise((resolve, reject) => Object.assign(this, { resolveReady: resolve, rejectReady: reject }));
    this.ready.catch(() => {}); // also told through onFailed
    try {
      this.worker = new Worker(new URL("on_device_worker.js", import.meta.url), { type: "module" });
    } catch (error) {
      this.fail(gettext("Reading on this device does not work here: %(why)s.", { why: error.message }));
      return;
    }
    this.worker.addEventListener("message", ({ data }) => this.receive(data));
    const broken = () => this.fail(gettext("Reading on this device does not work here: its program could not be started."));
    this.worker.addEventListener("error", broken);
    this.worker.addEventListener("messageerror", broken);
    this.watchLoading();
    const absolute = Object.entries(config.urls).map(([name, url]) => [name, new URL(url, document.baseURI).href]);
    this.worker.postMessage({ type: "start", config: { ...config, urls: Object.fromEntries(absolute) } });
  }

  // `source` is a playing <video>, an ImageBitmap or ImageData. Rejects when the reader has failed or is closed.
  async read(source) {
    await this.ready;
    const frame = source instanceof HTMLVideoElement ? await this.grab(source) : source;
    if (!this.worker) throw new Error(this.failure || gettext("The reader is closed."));
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      const late = () => this.fail(gettext("Reading on this device takes too long here."));
      this.waiting.set(id, { resolve, reject, timer: setTimeout(late, ANSWER_WITHIN_MS) });
      this.worker.postMessage({ type: "read", id, frame }, frame instanceof ImageBitmap ? [frame] : []);
    });
  }

  close() {
    clearTimeout(this.stalled);
    this.worker?.terminate();
    this.worker = null;
    this.rejectReady(new Error(gettext("The reader is closed.")));
    for (const { reject, timer } of this.waiting.values()) {
      clearTimeout(timer);
      reject(new Error(this.failure || gettext("The reader is closed.")));
    }
    this.waiting.clear();
  }

  grab(video) {
    const scale = Math.min(1, LONGEST_SIDE / Math.max(video.videoWidth, video.videoHeight));
    if (scale === 1) return createImageBitmap(video);
    const [resizeWidth, resizeHeight] = [video.videoWidth, video.videoHeight].map((side) => Math.round(side * scale));
    return createImageBitmap(video, { resizeWidth, resizeHeight, resizeQuality: "high" });
  }

  receive(message) {
    if (message.type === "progress") {
      this.watchLoading();
      this.onProgress(message.loaded);
    } else if (message.type === "ready") {
      clearTimeout(this.stalled);
      this.resolveReady(message);
    } else if (message.type === "failed") {
      this.fail(message.message);
    } else if (message.type === "result") {
      const { resolve, timer } = this.waiting.get(message.id);
      this.waiting.delete(message.id);
      clearTimeout(timer);
      this.ms = message.ms;
      resolve(message.result);
    }
  }

  watchLoading() {
    clearTimeout(this.stalled);
    this.stalled = setTimeout(
      () => this.fail(gettext("Reading on this device does not work here: it took too long to load.")),
      STALLED_AFTER_MS,
    );
  }

  fail(sentence) {
    if (this.failure) return;
    this.failure = sentence;
    this.rejectReady(new Error(sentence));
    this.close();
    this.onFailed(sentence);
  }
}
