// The toggle in the top bar. The server writes the choice into <html>, so this file never has to hurry:
// it only saves the page load that the form behind the button would cost.

import { gettext } from "./words.js";

const root = document.documentElement;
const form = document.querySelector("[data-theme-form]");
const prefersDark = matchMedia("(prefers-color-scheme: dark)");

const shown = () => root.dataset.bsTheme || (prefersDark.matches ? "dark" : "light");

function offerTheOther() {
  const other = shown() === "dark" ? "light" : "dark";
  const button = form.querySelector("button");
  button.value = other;
  button.setAttribute("aria-label", other === "light" ? gettext("Switch to light colours") : gettext("Switch to dark colours"));
}

if (form) {
  offerTheOther();
  prefersDark.addEventListener("change", offerTheOther);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const theme = form.querySelector("button").value;
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `theme=${theme}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
    root.dataset.bsTheme = theme;
    offerTheOther();
    // Charts and canvases draw with colours they read once.
    document.dispatchEvent(new CustomEvent("attune:theme", { detail: { theme } }));
  });
}
