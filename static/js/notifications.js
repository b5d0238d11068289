// The bell's number, pushed over a socket. Without the socket the page shows what it was loaded with.

const bell = document.querySelector("[data-bell]");
const SLOWEST = 60_000;
const FINAL = 4401; // not signed in (any more)

function show(unread) {
  const number = bell.querySelector("[data-bell-number]");
  number.hidden = unread === 0;
  number.textContent = unread > 99 ? "99+" : unread;
  bell.setAttribute("aria-label", (unread ? bell.dataset.some : bell.dataset.none).replace("#", unread));
}

let wait = 1000;

function listen() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(`${scheme}//${location.host}/ws/notifications/`);
  socket.addEventListener("message", (event) => {
    wait = 1000;
    show(JSON.parse(event.data).unread);
  });
  socket.addEventListener("close", (event) => {
    if (event.code === FINAL) return;
    // Spread out, so that a restarted server is not met by everybody at once.
    setTimeout(listen, wait * (0.5 + Math.random()));
    wait = Math.min(wait * 2, SLOWEST);
  });
}

if (bell) listen();
