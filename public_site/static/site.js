// What a browser can add to pages that work without it: a menu that folds, copying, filtering a long list, printing.
// Nothing is sent and nothing is kept. Read the functions in order.

/** Fold the main menu on a narrow screen behind a button. */
function menu(nav, button) {
  const show = (open) => {
    button.setAttribute("aria-expanded", String(open));
    nav.toggleAttribute("data-closed", !open);
  };
  button.hidden = false;
  button.addEventListener("click", () => show(nav.hasAttribute("data-closed")));
  show(false);
}

/** Copy the text of the element that a button names, and say so where a screen reader hears it. */
function copying(button) {
  const target = document.getElementById(button.dataset.copy);
  if (!target || !navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText("value" in target ? target.value : target.textContent.trim());
    const said = button.textContent;
    button.textContent = button.dataset.done;
    setTimeout(() => (button.textContent = said), 2000);
  });
}

/** Letters without accents and case, as the search of the server compares them. */
const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/** Put a box over a long list that shows only the entries that hold what is typed. */
function filtering(list) {
  const input = document.createElement("input");
  input.type = "search";
  input.placeholder = list.dataset.narrow;
  input.setAttribute("aria-label", list.dataset.narrow);
  list.before(input);
  input.addEventListener("input", () => {
    const wanted = folded(input.value.trim());
    for (const entry of list.children) entry.hidden = !folded(entry.textContent).includes(wanted);
  });
}

/** Print from a button; without scripts there is no button. */
function printing(button) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

document.documentElement.classList.add("js");
const button = document.querySelector("button.menu");
if (button) menu(document.getElementById("menu"), button);
document.querySelectorAll("button[data-copy]").forEach(copying);
document.querySelectorAll("[data-narrow]").forEach(filtering);
document.querySelectorAll("button[data-print]").forEach(printing);
