// The search of a copy on files: looks through the records that the page's scripts brought, on this machine only.
// In: window.records ([file, title, kind, line, folded words]). The address's ?q= is the question.
const list = document.getElementById("found");
const said = document.getElementById("said");
const box = document.getElementById("q");
const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().split(/[^\p{L}\p{N}]+/u).filter(Boolean);
const MOST = 100;

function show() {
  const words = plain(box.value);
  const all = (window.records || []).filter((r) => words.every((w) => r[4].includes(w)));
  list.replaceChildren(
    ...all.slice(0, MOST).map(([file, title, kind, line]) => {
      const entry = document.createElement("li");
      const head = document.createElement("h3");
      const link = document.createElement("a");
      link.href = file;
      link.textContent = title;
      head.append(link);
      const meta = document.createElement("p");
      meta.className = "meta";
      meta.textContent = kind + (line ? " · " + line : "");
      entry.append(head, meta);
      return entry;
    })
  );
  said.textContent = said.dataset.said.replace("{n}", all.length).replace("{m}", Math.min(all.length, MOST));
}

box.value = new URLSearchParams(location.search).get("q") || "";
box.form.hidden = false;
box.form.addEventListener("submit", (event) => event.preventDefault());
box.addEventListener("input", show);
show();
