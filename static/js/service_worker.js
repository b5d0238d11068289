// Keeps the lessons that were opened, with their pictures, for reading without a network. Everything else goes to the
// server as if this were not here: nothing of the camera or of how a lesson felt, no API answer, nothing of the admin.

const LESSONS = "attune-lessons-1";
const FILES = "attune-files-1";
const OFFLINE = "/offline/";
const MOST_LESSONS = 40;
const NEVER = /^\/static\/(js\/(webcam|on_device|support|timeline)|vendor\/(onnxruntime-web|chart\.js)|css\/(emotion|support|lesson_climate))/;
const NOT_KEPT = /<!--not-kept-->.*?<!--\/not-kept-->/gs; // panels of other apps, and their scripts

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(FILES).then((cache) => cache.add(OFFLINE)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const drop = async () => {
    for (const name of await caches.keys()) if (![LESSONS, FILES].includes(name)) await caches.delete(name);
    await self.clients.claim();
  };
  event.waitUntil(drop());
});

async function keepLesson(request, response) {
  const text = (await response.text()).replace(NOT_KEPT, "");
  const cache = await caches.open(LESSONS);
  const path = new URL(request.url).pathname;
  await cache.delete(path); // so that what was read last stands last
  await cache.put(path, new Response(text, { headers: { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": response.headers.get("Content-Security-Policy") ?? "default-src 'self'" } }));
  const kept = await cache.keys();
  for (const old of kept.slice(0, Math.max(0, kept.length - MOST_LESSONS))) await cache.delete(old);
}

// The server first, always: what is kept is for when it cannot be reached.
async function lesson(event) {
  const path = new URL(event.request.url).pathname;
  try {
    const response = await fetch(event.request);
    if (response.ok && !response.redirected) event.waitUntil(keepLesson(event.request, response.clone()));
    else if (!response.ok) await (await caches.open(LESSONS)).delete(path); // no longer theirs to read
    return response;
  } catch {
    return (await (await caches.open(LESSONS)).match(path)) ?? offline();
  }
}

async function offline() {
  return (await caches.match(OFFLINE)) ?? Response.error();
}

async function file(event, name) {
  try {
    const response = await fetch(event.request);
    if (response.status === 200) {
      const copy = response.clone();
      event.waitUntil(caches.open(name).then((cache) => cache.put(event.request, copy)));
    }
    return response;
  } catch {
    return (await caches.match(event.request)) ?? Response.error();
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.method !== "GET") {
    if (url.pathname === "/accounts/logout/") event.waitUntil(caches.delete(LESSONS));
    if (request.mode === "navigate") event.respondWith(fetch(request).catch(offline));
    return;
  }
  if (request.mode === "navigate") {
    const isLesson = /^\/lessons\/\d+\/$/.test(url.pathname);
    event.respondWith(isLesson ? lesson(event) : fetch(request).catch(offline));
  } else if (url.pathname.startsWith("/static/") || url.pathname === "/words.js") {
    if (!NEVER.test(url.pathname)) event.respondWith(file(event, FILES));
  } else if (url.pathname.startsWith("/files/") && request.destination === "image") {
    event.respondWith(file(event, LESSONS));
  }
});
