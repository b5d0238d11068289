// "How is this going?", the offers that follow, and what is done in the page. Nothing here stops the lesson.

const SEND_EVERY_MS = 15_000;
const IDLE_MS = 90_000;
const MOST_EVENTS = 50;
const REREAD_MS = 2000; // scrolled back to an earlier block and stayed there

class SupportPanel {
  constructor(root) {
    this.root = root;
    this.lesson = root.dataset.lessonId;
    this.find = (name) => root.querySelector(`[data-support-${name}]`);
    this.find("words").addEventListener("click", (event) => this.report(event.target.closest("[data-state]")));
    this.find("replies").addEventListener("click", (event) => this.reply(event.target.closest("[data-reply]")));
    this.find("why").addEventListener("click", () => this.explain());
    document.addEventListener("attune:message", ({ detail }) => {
      if (detail.type === "support") this.offer(detail);
    });
  }

  async report(button) {
    if (!button) return;
    for (const other of this.find("words").children) other.setAttribute("aria-pressed", String(other === button));
    try {
      const answer = await this.send("POST", `/api/v1/lessons/${this.lesson}/self-reports/`, {
        state: button.dataset.state,
        block: currentBlock(),
      });
      this.find("note").textContent = "Thank you.";
      if (answer.support) this.offer(answer.support);
    } catch {
      button.setAttribute("aria-pressed", "false");
      this.find("note").textContent = "Not saved. Please try again.";
    }
  }

  offer(message) {
    this.shown = message;
    this.find("question").textContent = message.question;
    const label = (reply, words) => {
      if (words) this.root.querySelector(`[data-reply="${reply}"]`).textContent = words;
    };
    label("accepted", message.accept);
    label("fine", message.replies?.fine);
    label("dont_ask", message.replies?.dont_ask);
    this.root.querySelector('[data-reply="break"]').hidden = message.action === "break";
    this.find("replies").hidden = false;
    this.find("offer").hidden = true;
    this.find("reason").hidden = true;
    this.find("card").hidden = false;
  }

  async reply(button) {
    if (!button || !this.shown) return;
    const { id, offer, break_offer } = this.shown;
    const choice = button.dataset.reply;
    const response = choice === "break" ? "snoozed" : choice;
    try {
      await this.send("POST", `/api/v1/support/${id}/response/`, { response });
    } catch {
      this.find("note").textContent = "Not saved. Please try again.";
      return;
    }
    this.find("note").textContent = "";
    if (choice === "fine" || choice === "dont_ask") {
      this.find("card").hidden = true;
      return;
    }
    this.find("replies").hidden = true;
    this.find("offer").textContent = choice === "break" ? break_offer : offer;
    this.find("offer").hidden = false;
  }

  async explain() {
    const line = this.find("reason");
    try {
      line.textContent = (await this.send("GET", `/api/v1/support/${this.shown.id}/reason/`)).reason;
    } catch {
      line.textContent = "The reason could not be fetched. Please try again.";
    }
    line.hidden = false;
  }

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
    if (!response.ok) throw new Error(response.status);
    return response.status === 204 ? {} : response.json();
  }
}

function currentBlock() {
  const blocks = [...document.querySelectorAll("[data-block-id]")];
  const above = blocks.filter((block) => block.getBoundingClientRect().top <= innerHeight * 0.4);
  return Number((above.at(-1) || blocks[0])?.dataset.blockId || 0);
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

  note(kind, seconds = 0) {
    if (this.events.length < MOST_EVENTS) this.events.push({ kind, block: currentBlock(), place_seconds: seconds });
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
        const watching = [...document.querySelectorAll("#lesson video")].some((video) => !video.paused);
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
        if (video.currentTime < last - 2) this.note("rewind", video.currentTime);
        last = video.currentTime;
      });
    }
  }

  watchRereading() {
    const order = [...document.querySelectorAll("[data-block-id]")].map((block) => Number(block.dataset.blockId));
    let here = order.indexOf(currentBlock());
    let timer;
    addEventListener(
      "scroll",
      () => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          const now = order.indexOf(currentBlock());
          if (now < here) this.note("reread");
          here = now;
        }, REREAD_MS);
      },
      { passive: true },
    );
  }
}

const root = document.querySelector("[data-support]");
if (root) new Behaviour(new SupportPanel(root));
