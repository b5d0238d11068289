// "How is this going?", the offers that follow, and what is done in the page. Nothing here stops the lesson.

import { place } from "./place_in_lesson.js";

const SEND_EVERY_MS = 15_000;
const IDLE_MS = 90_000;
const MOST_EVENTS = 50;
const REREAD_MS = 2000; // scrolled back to an earlier block and stayed there
const ASK_EVERY_MS = 15 * 60_000;
const EXERCISE_MS = 30 * 60_000; // exercises left alone for so long are nobody's any more, as on the server
const READ_FIRST_SECONDS = 8; // a block's end that was never read towards is no end
const ASKED = "attune:asked";

// When somebody at this browser was last asked, or said it unasked. A browser may keep nothing; then a visit is all.
const lastAsked = {
  get() {
    try {
      return Number(localStorage.getItem(ASKED) || 0);
    } catch {
      return 0;
    }
  },
  set() {
    try {
      localStorage.setItem(ASKED, String(Date.now()));
    } catch {
      // as said above
    }
  },
};

// Whether a quiz is being answered in this page: an exam from its beginning to its end, whatever part of the page is
// read; exercises from the first answer on.
const openQuiz = {
  answeredAt: -Infinity,
  get isExam() {
    return Boolean(document.querySelector("form[data-quiz=exam][data-save-url]:not([data-over])"));
  },
  get isOpen() {
    return this.isExam || performance.now() - this.answeredAt < EXERCISE_MS;
  },
};

class SupportPanel {
  constructor(root) {
    this.root = root;
    this.lesson = root.dataset.lessonId;
    this.words = JSON.parse(document.getElementById("support-panel-words").textContent);
    this.corner = document.querySelector("[data-support-corner]");
    this.find = (name) => root.querySelector(`[data-support-${name}]`);
    this.find("ask").addEventListener("click", () => this.open(this.find("words").hidden));
    this.find("words").addEventListener("click", (event) => this.report(event.target.closest("[data-state]")));
    this.find("replies").addEventListener("click", (event) => this.reply(event.target.closest("[data-reply]")));
    this.find("place").addEventListener("click", (event) => this.goBack(event));
    this.find("kind").addEventListener("click", () => this.sayKindly());
    this.find("question-form").addEventListener("submit", (event) => this.sendQuestion(event));
    this.find("why").addEventListener("click", () => this.explain());
    this.find("close").addEventListener("click", () => this.close());
    root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && root.classList.contains("support-docked")) this.close();
    });
    this.corner.addEventListener("click", () => this.dock());
    // Where the panel is out of sight, a button in the corner leads to it; it waits, and covers no text.
    this.observer = new IntersectionObserver((entries) => this.isSeen(entries.at(-1).isIntersecting));
    this.observer.observe(root);
    document.addEventListener("attune:message", ({ detail }) => {
      if (detail.type === "support" && !openQuiz.isOpen) this.offer(detail);
    });
    document.addEventListener("input", ({ target }) => {
      if (!target.closest("form[data-quiz][data-save-url]")) return;
      openQuiz.answeredAt = performance.now();
      if (this.waitsForReply) this.withdraw();
    });
  }

  // Not the student's answer: an offer that a quiz came before.
  withdraw() {
    this.find("card").hidden = true;
    if (!this.inView) this.wait("");
  }

  isSeen(inView) {
    this.inView = inView;
    this.corner.hidden = inView;
    if (inView) this.wait("");
  }

  open(wanted) {
    this.find("words").hidden = !wanted;
    this.find("ask").setAttribute("aria-expanded", String(wanted));
  }

  wait(words) {
    this.corner.toggleAttribute("data-waiting", Boolean(words));
    this.corner.querySelector("span").textContent = words || this.words.title;
  }

  // Asks by opening the row. Whoever reads on has lost nothing: nothing moves to it, and nothing waits for it.
  ask() {
    lastAsked.set();
    this.open(true);
    if (!this.inView) this.wait(this.words.title);
  }

  get isOffering() {
    return !this.find("card").hidden;
  }

  // Docked, it is in sight wherever the page stands; its own place is observed anew when it goes back there.
  dock() {
    this.observer.unobserve(this.root);
    this.root.classList.add("support-docked");
    this.isSeen(true);
    if (!this.isOffering) this.open(true);
    const first = this.isOffering ? this.find("replies").querySelector("button") : this.find("words").firstElementChild;
    (first.offsetParent ? first : this.find("ask")).focus();
  }

  undock() {
    if (!this.root.classList.contains("support-docked")) return;
    this.root.classList.remove("support-docked");
    this.isSeen(false);
    this.corner.focus();
    this.observer.observe(this.root);
  }

  // Who closes an offer has answered it: not now, and so the next one waits longer.
  close() {
    if (this.waitsForReply) this.dismiss();
    this.undock();
  }

  get waitsForReply() {
    return this.isOffering && !this.find("replies").hidden;
  }

  async dismiss() {
    if (await this.respond("dismissed")) this.find("card").hidden = true;
  }

  async report(button) {
    if (!button) return;
    for (const other of this.find("words").children) other.setAttribute("aria-pressed", String(other === button));
    lastAsked.set();
    try {
      const answer = await this.send("POST", `/api/v1/lessons/${this.lesson}/self-reports/`, {
        state: button.dataset.state,
        ...place.now(),
      });
      this.find("note").textContent = this.words.thanks;
      if (answer.support && !openQuiz.isExam) this.offer(answer.support);
    } catch (error) {
      button.setAttribute("aria-pressed", "false");
      this.find("note").textContent = error.sentence || this.words.not_saved;
    }
  }

  offer(message) {
    this.shown = message;
    this.find("question").textContent = message.question;
    const label = (reply, words) => {
      this.root.querySelector(`[data-reply="${reply}"]`).textContent = words;
    };
    label("accepted", message.accept);
    label("fine", message.replies.fine);
    label("dont_ask", message.replies.dont_ask);
    this.root.querySelector('[data-reply="break"]').hidden = message.action === "break";
    for (const name of ["offer", "discuss", "question-form", "place", "reason"]) this.find(name).hidden = true;
    this.find("replies").hidden = false;
    this.find("kind").hidden = !message.kind_word;
    this.find("card").hidden = false;
    this.reveal();
    if (!this.inView) this.wait(this.words.waiting);
  }

  // Scrolls the column or sheet that the panel lies in, never the page.
  reveal() {
    const box = this.root.classList.contains("support-docked") ? this.root : this.root.closest(".side");
    if (!box || box.scrollHeight <= box.clientHeight) return;
    const hidden = this.find("card").getBoundingClientRect().bottom - box.getBoundingClientRect().bottom;
    if (hidden > 0) box.scrollTop += hidden + 16;
  }

  async respond(response) {
    try {
      await this.send("POST", `/api/v1/support/${this.shown.id}/response/`, { response });
    } catch {
      this.find("note").textContent = this.words.not_saved;
      return false;
    }
    this.find("note").textContent = "";
    return true;
  }

  async reply(button) {
    if (!button || !this.shown) return;
    const choice = button.dataset.reply;
    if (!(await this.respond(choice === "break" ? "snoozed" : choice))) return;
    if (choice === "fine" || choice === "dont_ask") {
      this.find("card").hidden = true;
      this.undock();
      return;
    }
    this.show(choice === "break" ? this.shown.break_offer : this.shown.offer);
    if (choice !== "accepted") return;
    this.showPlace();
    this.showAsking();
  }

  async sayKindly() {
    if (!(await this.respond("accepted"))) return;
    this.find("kind").hidden = true;
    this.show(this.shown.kind_word);
  }

  show(words) {
    this.find("replies").hidden = true;
    this.find("offer").textContent = words;
    this.find("offer").hidden = false;
    this.reveal();
  }

  showPlace() {
    const goal = this.shown.place;
    if (!goal) return;
    const link = this.find("place").querySelector("a");
    link.href = `#block-${goal.block}`;
    link.textContent = this.video() ? goal.watch : goal.read;
    this.find("place").hidden = false;
  }

  // Words to begin with lie ready: in the discussion, or here for the tutor. It is the student who sends them.
  showAsking() {
    const { ask } = this.shown;
    if (!ask) return;
    this.find("discuss").querySelector("a").href = ask.url;
    this.find("discuss").hidden = !ask.url;
    this.find("question-form").querySelector("textarea").value = ask.words;
    this.find("question-form").hidden = Boolean(ask.url);
    this.reveal();
  }

  async sendQuestion(event) {
    event.preventDefault();
    const form = this.find("question-form");
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      const words = form.querySelector("textarea").value;
      await this.send("POST", `/api/v1/support/${this.shown.id}/question/`, { words });
      form.hidden = true;
      this.find("note").textContent = "";
      this.find("offer").textContent = this.words.sent;
    } catch (error) {
      this.find("note").textContent = error.sentence || this.words.not_sent;
    } finally {
      button.disabled = false;
    }
  }

  video() {
    return document.querySelector(`#block-${this.shown.place.block} [data-video]`);
  }

  goBack(event) {
    if (!event.target.closest("a")) return;
    const detail = this.shown.place.seconds;
    this.video()?.dispatchEvent(new CustomEvent("attune:seek", { detail }));
    this.undock(); // or it would stand before what it leads to
  }

  async explain() {
    const line = this.find("reason");
    try {
      line.textContent = (await this.send("GET", `/api/v1/support/${this.shown.id}/reason/`)).reason;
    } catch {
      line.textContent = this.words.no_reason;
    }
    line.hidden = false;
    this.reveal();
  }

  // Throws an error that carries the server's sentence, where there is one for the reader.
  async send(method, url, body, keepalive = false) {
    const response = await fetch(url, {
      method,
      keepalive,
      headers: {
        "Content-Type": "application/json",
        "X-CSRFToken": this.root.querySelector("[name=csrfmiddlewaretoken]").value,
      },
      body: body && JSON.stringify(body),
    });
    if (response.ok) return response.status === 204 ? {} : response.json();
    const { detail } = await response.json().catch(() => ({}));
    throw Object.assign(new Error(response.status), { sentence: [400, 429].includes(response.status) ? [detail].flat()[0] : "" });
  }
}

// Asks "How is this going?" at the end of a block: once a visit, once in fifteen minutes, never in a quiz or before one.
class BlockEnds {
  constructor(panel) {
    this.panel = panel;
    this.timer = setInterval(() => this.look(), 1000);
  }

  look() {
    if (document.hidden || this.panel.isOffering || openQuiz.isOpen || !this.isEnd(place.block())) return;
    if (Date.now() - lastAsked.get() < ASK_EVERY_MS) return;
    clearInterval(this.timer);
    this.panel.ask();
  }

  isEnd(block) {
    if (!block || place.read(block) < READ_FIRST_SECONDS) return false;
    const bottom = block.getBoundingClientRect().bottom;
    if (bottom < 0 || bottom > innerHeight) return false;
    const next = place.blocks[place.blocks.indexOf(block) + 1];
    return ![block, next].some(isQuiz) && !place.blocks.some((other) => isQuiz(other) && isInView(other));
  }
}

function isQuiz(block) {
  return block?.dataset.blockKind === "quiz";
}

function isInView(block) {
  const { top, bottom } = block.getBoundingClientRect();
  return top < innerHeight && bottom > 0;
}

// What is done in the page, sent in batches.
class Behaviour {
  constructor(panel) {
    this.panel = panel;
    this.events = [];
    setInterval(() => this.flush(), SEND_EVERY_MS);
    addEventListener("pagehide", () => this.flush(true));
    document.addEventListener("visibilitychange", () => {
      this.note(document.hidden ? "left_tab" : "returned");
      if (document.hidden) this.flush(true);
    });
    this.watchIdle();
    this.watchVideos();
    this.watchRereading();
  }

  note(kind, block) {
    if (this.events.length < MOST_EVENTS) this.events.push({ kind, ...place.now(block) });
  }

  async flush(leaving = false) {
    if (!this.events.length) return;
    const events = this.events.splice(0, MOST_EVENTS);
    // Not tried again: late behaviour says nothing about now.
    await this.panel.send("POST", `/api/v1/lessons/${this.panel.lesson}/behaviour/`, { events }, leaving).catch(() => {});
  }

  watchIdle() {
    let timer;
    const awake = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        const watching = place.blocks.some((block) => place.plays(block));
        if (!document.hidden && !watching) this.note("idle");
      }, IDLE_MS);
    };
    for (const name of ["pointermove", "pointerdown", "keydown", "scroll"]) addEventListener(name, awake, { passive: true });
    awake();
  }

  watchVideos() {
    for (const video of document.querySelectorAll("#lesson video")) {
      let last = 0;
      video.addEventListener("timeupdate", () => {
        if (!video.seeking) last = video.currentTime;
      });
      video.addEventListener("seeking", () => {
        if (video.currentTime < last - 2) this.note("rewind", video.closest("[data-block-id]") || undefined);
        last = video.currentTime;
      });
    }
    // Of another site's player: video.js hears its time.
    document.addEventListener("attune:rewind", ({ target }) => this.note("rewind", target));
  }

  watchRereading() {
    let here = place.blocks.indexOf(place.atLine());
    let timer;
    addEventListener(
      "scroll",
      () => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          const now = place.blocks.indexOf(place.atLine());
          if (now < here) this.note("reread");
          here = now;
        }, REREAD_MS);
      },
      { passive: true },
    );
  }
}

const root = document.querySelector("[data-support]");
if (root) {
  const panel = new SupportPanel(root);
  new BlockEnds(panel);
  new Behaviour(panel);
}
