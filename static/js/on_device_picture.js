// Pictures as OpenCV handles them on the server, so that a face read here is read as it is there.
// A picture is { data, width, height, channels } with one byte a channel, row by row; colours are red, green, blue.

export const picture = (width, height, channels) => ({
  data: new Uint8ClampedArray(width * height * channels),
  width,
  height,
  channels,
});

// Halves go to the even number, as in Python's round and OpenCV's cvRound.
export function roundEven(value) {
  const rounded = Math.round(value);
  return rounded % 2 !== 0 && rounded - value === 0.5 ? rounded - 1 : rounded;
}

export function withoutAlpha({ data, width, height }) {
  const out = picture(width, height, 3);
  for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
    out.data[to] = data[from];
    out.data[to + 1] = data[from + 1];
    out.data[to + 2] = data[from + 2];
  }
  return out;
}

// OpenCV's weights, of 32768.
export function grey(source) {
  if (source.channels === 1) return source;
  const out = picture(source.width, source.height, 1);
  for (let from = 0, to = 0; to < out.data.length; from += 3, to += 1) {
    out.data[to] = (source.data[from] * 9798 + source.data[from + 1] * 19235 + source.data[from + 2] * 3735 + 16384) >> 15;
  }
  return out;
}

// INTER_AREA to shrink, INTER_LINEAR to enlarge, to the last bit: one level of one pixel can move an int8 network's
// answer by two hundredths.
export function resize(source, width, height) {
  if (source.width === width && source.height === height) return source;
  return source.width >= width && source.height >= height ? shrunk(source, width, height) : enlarged(source, width, height);
}

// Sums are of 32 bits and in OpenCV's order.
function shrunk(source, width, height) {
  const columns = areaTaps(source.width, width);
  const rows = areaTaps(source.height, height);
  const { data, channels } = source;
  const out = picture(width, height, channels);
  const line = new Float32Array(width * channels); // one row of the source at the result's width
  const sums = new Float32Array(width * channels);
  let inLine = -1;
  for (let y = 0; y < height; y += 1) {
    sums.fill(0);
    for (let i = rows.starts[y]; i < rows.starts[y + 1]; i += 1) {
      if (inLine !== rows.places[i]) narrow(data, rows.places[i] * source.width * channels, channels, columns, line);
      inLine = rows.places[i];
      const weight = rows.weights[i];
      for (let j = 0; j < sums.length; j += 1) sums[j] += Math.fround(weight * line[j]);
    }
    const scale = Math.fround(columns.scale * rows.scale);
    const round = scale === 0.25 ? Math.round : roundEven; // of two by two pixels, halves go up
    for (let j = 0; j < sums.length; j += 1) out.data[y * sums.length + j] = round(Math.fround(sums[j] * scale));
  }
  return out;
}

function narrow(data, start, channels, { starts, places, weights }, line) {
  line.fill(0);
  for (let x = 0, to = 0; x < starts.length - 1; x += 1, to += channels) {
    for (let i = starts[x]; i < starts[x + 1]; i += 1) {
      const from = start + places[i] * channels;
      const weight = weights[i];
      for (let c = 0; c < channels; c += 1) line[to + c] += Math.fround(weight * data[from + c]);
    }
  }
}

// Place p of the result is made of `places` with `weights`, from number starts[p] to before starts[p + 1], times `scale`.
function joined(taps, scale = 1) {
  const starts = new Int32Array(taps.length + 1);
  taps.forEach((of, i) => (starts[i + 1] = starts[i] + of.length));
  const flat = taps.flat();
  const places = Int32Array.from(flat, ([place]) => place);
  return { starts, places, weights: Float32Array.from(flat, ([, weight]) => weight), scale };
}

function areaTaps(from, to) {
  const scale = from / to;
  if (Number.isInteger(scale)) {
    // Summed whole and divided once.
    const taps = (place) => Array.from({ length: scale }, (_, i) => [place * scale + i, 1]);
    return joined(Array.from({ length: to }, (_, place) => taps(place)), 1 / scale);
  }
  return joined(
    Array.from({ length: to }, (_, place) => {
      const start = place * scale;
      const end = start + scale;
      const cell = Math.min(scale, from - start);
      const last = Math.min(Math.floor(end), from - 1);
      const first = Math.min(Math.ceil(start), last);
      const taps = [];
      if (first - start > 1e-3) taps.push([first - 1, (first - start) / cell]);
      for (let i = first; i < last; i += 1) taps.push([i, 1 / cell]);
      if (end - last > 1e-3) taps.push([last, Math.min(end - last, 1, cell) / cell]);
      return taps;
    }),
  );
}

// Weights are of 2048, and what a row has in excess of 16 bits is cut off.
function enlarged(source, width, height) {
  const columns = linearTaps(source.width, width);
  const rows = linearTaps(source.height, height);
  const { data, channels } = source;
  const out = picture(width, height, channels);
  for (let y = 0, to = 0; y < height; y += 1) {
    const [row0, row1, above, below] = rows[y];
    const starts = [row0 * source.width * channels, row1 * source.width * channels];
    for (let x = 0; x < width; x += 1) {
      const [column0, column1, before, after] = columns[x];
      for (let c = 0; c < channels; c += 1, to += 1) {
        const [first, second] = starts.map(
          (start) => (before * data[start + column0 * channels + c] + after * data[start + column1 * channels + c]) >> 4,
        );
        out.data[to] = (((above * first) >> 16) + ((below * second) >> 16) + 2) >> 2;
      }
    }
  }
  return out;
}

function linearTaps(from, to) {
  const scale = from / to;
  return Array.from({ length: to }, (_, place) => {
    const middle = Math.fround((place + 0.5) * scale - 0.5);
    const first = Math.floor(middle);
    const share = middle - first;
    const weights = [roundEven((1 - share) * 2048), roundEven(share * 2048)];
    return [clamp(first, from - 1), clamp(first + 1, from - 1), ...weights];
  });
}

// A detector's box -> the square that frames the face as the training set does.
export function faceSquare(face, crop) {
  const box = (face.width + face.height) / 2;
  const side = crop.scale * box;
  return {
    left: face.x + face.width / 2 - side / 2,
    top: face.y + face.height / 2 - crop.shift_up * box - side / 2,
    side,
  };
}

// Beyond the border, edge pixels repeat. Null when the square lies outside the picture.
export function cropSquare(source, { left, top, side }, size) {
  const x0 = roundEven(left);
  const y0 = roundEven(top);
  const length = Math.max(1, roundEven(side));
  if (x0 >= source.width || y0 >= source.height || x0 + length <= 0 || y0 + length <= 0) return null;
  const { channels } = source;
  const patch = picture(length, length, channels);
  for (let y = 0, to = 0; y < length; y += 1) {
    const row = clamp(y0 + y, source.height - 1) * source.width;
    for (let x = 0; x < length; x += 1) {
      const from = (row + clamp(x0 + x, source.width - 1)) * channels;
      for (let c = 0; c < channels; c += 1, to += 1) patch.data[to] = source.data[from + c];
    }
  }
  return resize(patch, size, size);
}

// Like cropSquare, with the picture first turned about the face's middle so that its eyes come level.
export const cropLevel = (source, square, face, size) => resize(turn(source, square, face, size), size, size);

// warpAffine: places in 1/1024 of a pixel, rounded to 1/32; weights of 32 * 32. It rounds halves up.
export function turn(source, { left, top, side }, face, size) {
  const between = Math.floor(Math.min(Math.max(roundEven(side), size), 4 * size));
  const zoom = between / side;
  const angle = (face.tilt * Math.PI) / 180;
  const [middleX, middleY] = [face.x + face.width / 2, face.y + face.height / 2];
  // Back from the result to the source: the inverse of a turn by `angle` and an enlargement by `zoom`.
  const cos = Math.cos(angle) / zoom;
  const sin = Math.sin(angle) / zoom;
  const [pivotX, pivotY] = [(middleX - left) * zoom, (middleY - top) * zoom];
  const startX = middleX - cos * pivotX + sin * pivotY;
  const startY = middleY - sin * pivotX - cos * pivotY;
  const { data, width, height, channels } = source;
  const level = picture(between, between, channels);
  for (let y = 0, to = 0; y < between; y += 1) {
    const rowX = roundEven((startX - sin * y) * 1024) + 16;
    const rowY = roundEven((startY + cos * y) * 1024) + 16;
    for (let x = 0; x < between; x += 1) {
      const fromX = (rowX + roundEven(cos * x * 1024)) >> 5;
      const fromY = (rowY + roundEven(sin * x * 1024)) >> 5;
      const [dx, dy] = [fromX & 31, fromY & 31];
      const x0 = clamp(fromX >> 5, width - 1) * channels;
      const x1 = clamp((fromX >> 5) + 1, width - 1) * channels;
      const y0 = clamp(fromY >> 5, height - 1) * width * channels;
      const y1 = clamp((fromY >> 5) + 1, height - 1) * width * channels;
      for (let c = 0; c < channels; c += 1, to += 1) {
        const above = (32 - dx) * data[y0 + x0 + c] + dx * data[y0 + x1 + c];
        const below = (32 - dx) * data[y1 + x0 + c] + dx * data[y1 + x1 + c];
        level.data[to] = ((32 - dy) * above + dy * below + 512) >> 10;
      }
    }
  }
  return level;
}

const clamp = (value, most) => Math.min(Math.max(value, 0), most);

// Why a crop cannot be read: too_dark, too_bright or too_blurred; else nothing.
export function judgeCrop(crop, rules) {
  const light = grey(crop);
  const level = mean(light.data) / 255;
  if (level < rules.darkest) return "too_dark";
  if (level > rules.brightest) return "too_bright";
  return sharpness(light) < rules.blurriest ? "too_blurred" : "";
}

// Variance of the Laplacian over that of the picture, at 48 px.
function sharpness(source) {
  const small = resize(source, 48, 48);
  const mirrored = (place) => 47 - Math.abs(47 - Math.abs(place));
  const at = (x, y) => small.data[mirrored(y) * 48 + mirrored(x)];
  const edges = new Float64Array(48 * 48);
  for (let y = 0; y < 48; y += 1) {
    for (let x = 0; x < 48; x += 1) {
      edges[y * 48 + x] = at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1) - 4 * at(x, y);
    }
  }
  return variance(edges) / Math.max(1, variance(small.data));
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

function variance(values) {
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / values.length;
}
