// Words in the page's language: from the catalogue that lms/urls.py serves, which an English page does without.

const catalogue = globalThis.django?.gettext ?? ((words) => words);

// `%(name)s` in the words takes the value of that name.
export function gettext(words, values = {}) {
  return catalogue(words).replace(/%\((\w+)\)s/g, (_, name) => values[name]);
}

export function clock(isoTime) {
  const options = { hour: "2-digit", minute: "2-digit" };
  return (isoTime ? new Date(isoTime) : new Date()).toLocaleTimeString([], options);
}
