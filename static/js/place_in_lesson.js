// Where in the lesson somebody is: the block, and how far into its video, or how long it has been read so far. One for
// the whole page, so that a face, an answer and a rewind at the same moment are at the same place.

const STILL_PLAYING_MS = 2000; // players of other sites tell their time several times a second while they play
const LINE = 0.4; // of the window's height: what people read stands about there

class PlaceInLesson {
  constructor() {
    this.blocks = [...document.querySelectorAll("[data-block-id]")];
    this.seconds = new Map();
    this.outside = new Map(); // what another site's player told last, by block: { second, at }
    this.watched = null; // the block whose video played last, until the page is moved on
    setInterval(() => {
      const block = this.block();
      if (block && !document.hidden) this.seconds.set(block, this.read(block) + 0.5);
    }, 500);
    addEventListener("scroll", () => this.plays(this.watched) || (this.watched = null), { passive: true });
    // These do not bubble. A video of the page that is not in a block, such as the camera's, is not meant.
    document.addEventListener("play", ({ target }) => this.watch(target.closest("[data-block-id]")), { capture: true });
  }

  watch(block) {
    if (block) this.watched = block;
  }

  // Another site's player stands at `second`.
  tell(block, second) {
    const before = this.outside.get(block)?.second;
    if (second === before) return;
    this.outside.set(block, { second, at: before === undefined ? -Infinity : performance.now() });
    if (before !== undefined) this.watch(block);
  }

  plays(block) {
    const video = block?.querySelector("video");
    if (video) return !video.paused && !video.ended;
    return performance.now() - this.outside.get(block)?.at < STILL_PLAYING_MS;
  }

  // The video that plays in sight, wherever it stands; else what is at the line.
  block() {
    if (this.watched && isMostlyInView(this.watched.querySelector("video, iframe"))) return this.watched;
    return this.atLine();
  }

  atLine() {
    const above = this.blocks.filter((block) => block.getBoundingClientRect().top <= innerHeight * LINE);
    return above.at(-1) || this.blocks[0];
  }

  read(block) {
    return this.seconds.get(block) || 0;
  }

  second(block) {
    const video = block.querySelector("video");
    if (video) return video.currentTime;
    const outside = block.querySelector("[data-video]");
    return outside ? (this.outside.get(block)?.second ?? Number(outside.dataset.second)) : this.read(block);
  }

  now(block = this.block()) {
    return block ? { block: Number(block.dataset.blockId), place_seconds: this.second(block) } : { block: 0, place_seconds: 0 };
  }
}

function isMostlyInView(element) {
  const { top, bottom, height } = element.getBoundingClientRect();
  return Math.min(bottom, innerHeight) - Math.max(top, 0) > height / 2;
}

export const place = new PlaceInLesson();
