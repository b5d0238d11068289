// Which block is being read, and for how many seconds it has been so far.
export class PlaceInLesson {
  constructor() {
    this.blocks = [...document.querySelectorAll("[data-block-id]")];
    this.seconds = new Map();
    setInterval(() => {
      const block = this.current();
      if (block && !document.hidden) this.seconds.set(block, (this.seconds.get(block) || 0) + 0.5);
    }, 500);
  }

  current() {
    const middle = innerHeight * 0.4;
    const before = this.blocks.filter((block) => block.getBoundingClientRect().top <= middle);
    return before.at(-1) || this.blocks[0];
  }

  now() {
    const block = this.current();
    return block ? { block: Number(block.dataset.blockId), place_seconds: this.seconds.get(block) || 0 } : {};
  }
}
