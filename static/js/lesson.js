// Remembers the place in the lesson. The page works without it.

const article = document.querySelector("[data-lesson-id]");
const note = document.querySelector("[data-save-state]");
const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value;
const SETTLE_MS = 1500; // a block counts as the place once the reader stays there this long

function saved(isoTime) {
  const time = new Date(isoTime).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  note.textContent = `Saved ${time}`;
}

async function savePlace(blockId) {
  try {
    const response = await fetch(article.dataset.progressUrl, {
      method: "POST",
      headers: { "X-CSRFToken": token },
      body: new URLSearchParams({ block: blockId }),
    });
    if (!response.ok) throw new Error(response.status);
    saved((await response.json()).saved_at);
  } catch {
    note.textContent = "Not saved, will try again";
    lastSaved = null;
  }
}

let lastSaved = null;
let timer = null;

function watchPlace() {
  const inView = new Set();
  const observer = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (entry.isIntersecting) inView.add(entry.target);
        else inView.delete(entry.target);
      }
      const blocks = [...article.querySelectorAll("[data-block-id]")].filter((block) => inView.has(block));
      const current = blocks[0]?.dataset.blockId;
      clearTimeout(timer);
      if (!current || current === lastSaved) return;
      timer = setTimeout(() => {
        lastSaved = current;
        savePlace(current);
      }, SETTLE_MS);
    },
    { rootMargin: "-25% 0px -45% 0px" }, // the band of the page where people read
  );
  for (const block of article.querySelectorAll("[data-block-id]")) observer.observe(block);
}

if (article && note && token && article.dataset.progressUrl) watchPlace();
