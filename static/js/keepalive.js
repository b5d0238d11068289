// A request that is kept alive arrives though its page closes. Browsers bound what all of them hold to 64 KB, which long
// texts can be once encoded, and refuse what is more: that one is sent in the usual way, from a page that stays.

const MOST_KEPT_ALIVE = 60_000;

export function outlivesPage(body) {
  return body instanceof URLSearchParams && body.toString().length < MOST_KEPT_ALIVE;
}

export async function fetchAlive(url, options) {
  if (!outlivesPage(options.body)) return fetch(url, options);
  try {
    return await fetch(url, { ...options, keepalive: true });
  } catch (error) {
    if (!navigator.onLine) throw error;
    return fetch(url, options); // others hold all the room there is
  }
}
