// A quiz's questions: more rows for choices, and the ids of saved choices, so that the next save finds them.

function saysSomething(row) {
  return ["text", "match", "feedback"].some((name) => row.querySelector(`[name=choice-${name}]`)?.value.trim());
}

for (const box of document.querySelectorAll("[data-choices]")) {
  const form = box.closest("form");
  const more = box.querySelector("[data-add-choice]");
  if (more) {
    more.hidden = false;
    more.addEventListener("click", () => {
      const rows = box.querySelectorAll("[data-choice]");
      const row = rows[rows.length - 1].cloneNode(true);
      for (const field of row.querySelectorAll("input, select")) field.value = "";
      more.before(row);
      row.querySelector("[name=choice-text]").focus();
    });
  }
  if (["single", "true_false"].includes(form.elements.kind.value)) {
    // Ticking one as right makes the others wrong.
    box.addEventListener("change", (event) => {
      if (event.target.name !== "choice-right" || event.target.value !== "1") return;
      for (const other of box.querySelectorAll("[name=choice-right]")) if (other !== event.target) other.value = "";
    });
  }
  // Rows may be added while a save is on its way, so the ids go to those that were sent.
  let sent = [];
  form.addEventListener("autosaving", () => {
    sent = [...box.querySelectorAll("[data-choice]")].filter(saysSomething);
  });
  form.addEventListener("autosaved", ({ detail }) => {
    sent.forEach((row, i) => (row.querySelector("[name=choice-id]").value = detail.choices[i] ?? ""));
  });
}
