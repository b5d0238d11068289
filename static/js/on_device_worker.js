// Reads faces in this browser: what emotion/inference/engine.py does on the server, with the same two networks.
// Nothing is sent from here; all it fetches is its own program and the networks.
//
// In:  { type: "start", config }         config as emotion/inference/on_device.py makes it, with `urls`
//      { type: "read", id, frame }       an ImageBitmap (closed here) or ImageData
// Out: { type: "progress", loaded }      bytes so far
//      { type: "ready", bytes, load_ms, test_ms }
//      { type: "failed", message }       one sentence for a person; nothing comes after it
//      { type: "result", id, result, ms }   result as FrameResult: outcome, reason, probabilities, face

import {
  cropLevel,
  cropSquare,
  faceSquare,
  grey,
  judgeCrop,
  picture,
  resize,
  roundEven,
  withoutAlpha,
} from "./on_device_picture.js";

class Reader {
  constructor(config) {
    this.config = config;
    this.canvas = new OffscreenCanvas(1, 1);
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    this.anchors = anchorCentres();
    this.loaded = 0;
  }

  async load() {
    const { urls } = this.config;
    const [ort, wasm, detector, model] = await Promise.all([
      import(urls.runtime),
      this.fetch(urls.wasm),
      this.fetch(urls.detector),
      this.fetch(urls.model),
    ]);
    Object.assign(ort.env.wasm, { wasmBinary: wasm, numThreads: 1, proxy: false });
    const options = { executionProviders: ["wasm"], intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 };
    this.ort = ort;
    this.detector = await ort.InferenceSession.create(detector, options);
    this.model = await ort.InferenceSession.create(model, options);
  }

  async fetch(url) {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`The server answered ${response.status} for ${new URL(response.url).pathname}`);
    const counter = new TransformStream({
      transform: (chunk, controller) => {
        this.loaded += chunk.byteLength;
        postMessage({ type: "progress", loaded: this.loaded });
        controller.enqueue(chunk);
      },
    });
    const bytes = new Uint8Array(await new Response(response.body.pipeThrough(counter)).arrayBuffer());
    if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes; // some servers have a .gz file unpacked by the browser
    const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(unpacked).arrayBuffer());
  }

  // Known inputs whose answers are known. A runtime can be wrong without an error, and so can a canvas: some browsers
  // give back noise, to keep pages from recognising them.
  async test() {
    const { known, input, expressions } = this.config;
    const shown = ramps(64, 64, [[3, 1, 7], [1, 2, 90], [2, 3, 30]]);
    const pixels = new ImageData(64, 64);
    for (let i = 0; i < 64 * 64; i += 1) {
      pixels.data.set(shown.data.subarray(3 * i, 3 * i + 3), 4 * i);
      pixels.data[4 * i + 3] = 255;
    }
    const seen = this.pixels(await createImageBitmap(pixels));
    if (seen.data.some((value, i) => Math.abs(value - shown.data[i]) > 2)) {
      throw new Error("This browser does not let the page see the camera's picture as it is");
    }
    const { side } = this.config.detector;
    const { scores } = await this.detectRaw(ramps(side, side, known.detector.ramps));
    for (const { at, logit } of known.detector.logits) {
      if (!(Math.abs(scores[at] - logit) <= 0.02 * Math.max(1, Math.abs(logit)))) {
        throw new Error("This browser finds faces otherwise than it should");
      }
    }
    for (const { ramps: steps, probabilities } of known.faces) {
      const answer = await this.classify(ramps(input.size, input.size, steps));
      const strays = expressions.some(
        (name) =>
          (answer[name] === null) !== (probabilities[name] === null) ||
          !(Math.abs(answer[name] - probabilities[name]) <= known.tolerance),
      );
      if (strays) throw new Error("This browser reads a known picture otherwise than it should");
    }
  }

  async read(frame) {
    const { rules, crop: framing, input } = this.config;
    const image = this.pixels(frame);
    const faces = (await this.detect(image)).sort((a, b) => area(b) - area(a));
    if (!faces.length) return result("no_face");
    const [face, ...others] = faces;
    if (others.some((other) => area(other) >= rules.second_face_share * area(face))) return result("several_faces");
    if (face.width < rules.smallest_face) return result("unclear", { face, reason: "too_small" });
    if (Math.abs(face.tilt) > rules.largest_tilt) return result("unclear", { face, reason: "tilted" });
    const square = faceSquare(face, framing);
    const cut =
      Math.abs(face.tilt) < rules.level_from
        ? cropSquare(image, square, input.size)
        : cropLevel(image, square, face, input.size);
    if (!cut) return result("unclear", { reason: "unreadable" });
    const crop = input.channels === 1 ? grey(cut) : cut;
    const reason = judgeCrop(crop, rules);
    if (reason) return result("unclear", { face, reason });
    return result("face", { face, probabilities: await this.classify(crop) });
  }

  pixels(frame) {
    if (frame instanceof ImageData) return withoutAlpha(frame);
    const { width, height } = frame;
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    this.context.drawImage(frame, 0, 0);
    frame.close();
    return withoutAlpha(this.context.getImageData(0, 0, width, height));
  }

  // Faces of a picture, the best first.
  async detect(image) {
    const { side, threshold, overlap } = this.config.detector;
    // Letterboxed: the net was trained on undistorted faces.
    const scale = side / Math.max(image.width, image.height);
    const width = Math.max(1, roundEven(image.width * scale));
    const height = Math.max(1, roundEven(image.height * scale));
    const small = resize(image, width, height);
    const left = (side - width) >> 1;
    const top = (side - height) >> 1;
    const canvas = picture(side, side, 3);
    for (let y = 0; y < height; y += 1) {
      canvas.data.set(small.data.subarray(3 * y * width, 3 * (y + 1) * width), 3 * ((top + y) * side + left));
    }
    const { scores, boxes } = await this.detectRaw(canvas);
    const least = -Math.log(1 / threshold - 1);
    const found = [];
    for (let i = 0; i < scores.length; i += 1) {
      if (!(scores[i] > least)) continue;
      const at = (column) => boxes[16 * i + column];
      const [w, h] = [at(2), at(3)];
      const x = at(0) + this.anchors[2 * i] * side - w / 2;
      const y = at(1) + this.anchors[2 * i + 1] * side - h / 2;
      found.push({
        x: (x - left) / scale,
        y: (y - top) / scale,
        width: w / scale,
        height: h / scale,
        score: 1 / (1 + Math.exp(-scores[i])),
        tilt: (Math.atan2(at(7) - at(5), at(6) - at(4)) * 180) / Math.PI, // of the line through the eyes
      });
    }
    found.sort((a, b) => b.score - a.score);
    const chosen = [];
    for (const face of found) if (chosen.every((other) => shared(face, other) <= overlap)) chosen.push(face);
    return chosen;
  }

  async detectRaw(square) {
    const { side } = this.config.detector;
    const tensor = new this.ort.Tensor("float32", planes(square, 127.5, [1], [1]), [1, 3, side, side]);
    const answer = await this.detector.run({ image: tensor }, ["regressors", "classificators"]);
    return { boxes: answer.regressors.data, scores: answer.classificators.data };
  }

  // Probabilities by name; null for what the network has no class for.
  async classify(crop) {
    const { input, head, classes, expressions, temperature } = this.config;
    const values = planes(crop, 255, input.mean, input.std);
    const tensor = new this.ort.Tensor("float32", values, [1, input.channels, input.size, input.size]);
    const answer = await this.model.run({ [input.name]: tensor }, [head]);
    const logits = Array.from(answer[head].data, (logit) => logit / temperature);
    const largest = Math.max(...logits);
    const shares = logits.map((logit) => Math.exp(logit - largest));
    const sum = shares.reduce((a, b) => a + b, 0);
    const byName = new Map(classes.map((name, column) => [name, shares[column] / sum]));
    return Object.fromEntries(expressions.map((name) => [name, byName.get(name) ?? null]));
  }
}

const result = (outcome, { reason = "", probabilities = null, face = null } = {}) => ({
  outcome,
  reason,
  probabilities,
  face,
});

const area = (face) => face.width * face.height;

// Intersection over union.
function shared(a, b) {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  const common = Math.max(0, width) * Math.max(0, height);
  return common / (area(a) + area(b) - common);
}

// Two anchors per cell of a 16x16 grid, then six per cell of an 8x8 grid: x, y of each in 0..1.
function anchorCentres() {
  const centres = [];
  for (const [cells, perCell] of [[16, 2], [8, 6]]) {
    for (let y = 0; y < cells; y += 1) {
      for (let x = 0; x < cells; x += 1) {
        for (let i = 0; i < perCell; i += 1) centres.push((x + 0.5) / cells, (y + 0.5) / cells);
      }
    }
  }
  return Float32Array.from(centres);
}

// (H, W, C) bytes -> (C, H, W) floats: divided by `most`, less the mean, by the std. `mean` and `std` are one for each
// channel or one for all. Every step is rounded to 32 bits as on the server: an int8 network tells the difference.
function planes({ data, width, height, channels }, most, mean, std) {
  const pixels = width * height;
  const out = new Float32Array(channels * pixels);
  for (let c = 0; c < channels; c += 1) {
    const [m, s] = [Math.fround(mean[c % mean.length]), Math.fround(std[c % std.length])];
    const levels = Float32Array.from({ length: 256 }, (_, level) => Math.fround(Math.fround(level / most) - m) / s);
    for (let i = 0; i < pixels; i += 1) out[c * pixels + i] = levels[data[i * channels + c]];
  }
  return out;
}

// A picture that needs no file: each channel rises by dx a column and dy a row from its start, and begins anew at 256.
function ramps(width, height, steps) {
  const out = picture(width, height, steps.length);
  for (let y = 0, to = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      for (const [dx, dy, start] of steps) out.data[to++] = (dx * x + dy * y + start) & 255;
    }
  }
  return out;
}

let reader = null;

onmessage = async ({ data: message }) => {
  const began = performance.now();
  try {
    if (message.type === "start") {
      const starting = new Reader(message.config);
      await starting.load();
      const loadedAt = performance.now();
      await starting.test();
      reader = starting;
      const [load_ms, test_ms] = [loadedAt - began, performance.now() - loadedAt];
      postMessage({ type: "ready", bytes: starting.loaded, load_ms, test_ms });
    } else if (message.type === "read") {
      const answer = await reader.read(message.frame);
      postMessage({ type: "result", id: message.id, result: answer, ms: performance.now() - began });
    }
  } catch (error) {
    postMessage({ type: "failed", message: `Reading on this device does not work here: ${error?.message ?? error}.` });
    close();
  }
};
