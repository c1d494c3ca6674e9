// Search as you type (ARIA 1.2 combobox with a list). Without this script the same list is one of plain links.
// htmx fetches the list; this gives it the roles, the keys and the spoken words.
(() => {
  "use strict";
  const form = document.querySelector("[data-combobox]");
  if (!form) return;
  const input = form.querySelector("input");
  const says = form.querySelector("[data-combobox-says]");
  const unlisted = document.querySelector("[data-unlisted]");
  let active = -1;
  let saying = 0;

  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", "hits");

  const list = () => document.getElementById("hits");
  const options = () => [...list().querySelectorAll("[data-href]")];

  // An option may hold no link of its own: the whole of it leads there. What was split among several providers is a
  // group, and each of these an option.
  function dress() {
    const hits = list();
    hits.setAttribute("role", "listbox");
    hits.setAttribute("aria-label", "Organisations");
    for (const item of hits.children) {
      const links = [...item.querySelectorAll("a")];
      const words = links.map(unlinked);
      if (links.length < 2) {
        offer(item, links[0]?.href);
        continue;
      }
      item.setAttribute("role", "presentation");
      item.append(grouped(item));
      words.forEach((word, index) => {
        word.id = `${item.id}-${index + 1}`;
        offer(word, links[index].href);
      });
    }
    active = -1;
    input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-expanded", String(hits.children.length > 0));
    announce(options().length);
  }

  function unlinked(link) {
    const words = document.createElement("span");
    words.className = link.className;
    words.textContent = link.textContent;
    link.replaceWith(words);
    return words;
  }

  // A list item may not be a group itself.
  function grouped(item) {
    const group = document.createElement("div");
    group.className = "option__group";
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", item.textContent.replace(/\s+/g, " ").trim());
    group.append(...item.childNodes);
    return group;
  }

  function offer(element, href) {
    element.setAttribute("role", "option");
    element.setAttribute("aria-selected", "false");
    if (href) element.dataset.href = href;
    else element.setAttribute("aria-disabled", "true");
  }

  function announce(count) {
    clearTimeout(saying);
    if (!input.value.trim()) return;
    // After a pause, so that it is not said between two keys.
    saying = setTimeout(() => {
      says.textContent = count === 0 ? "Nothing found" : count === 1 ? "1 organisation" : `${count} organisations`;
    }, 600);
  }

  function mark(index) {
    const found = options();
    found[active]?.setAttribute("aria-selected", "false");
    active = found.length ? (index + found.length) % found.length : -1;
    if (active < 0) return;
    found[active].setAttribute("aria-selected", "true");
    found[active].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", found[active].id);
  }

  function close() {
    list().replaceChildren();
    dress();
  }

  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const chosen = options()[active];
    if (event.key === "ArrowDown") mark(active + 1);
    else if (event.key === "ArrowUp") mark(active < 0 ? -1 : active - 1);
    else if (event.key === "Enter" && chosen) location.assign(chosen.dataset.href);
    else if (event.key === "Enter" && options().length) mark(0);
    else if (event.key === "Escape" && list().children.length) close();
    else return;
    event.preventDefault();
  });

  form.addEventListener("click", (event) => {
    const option = event.target.closest("[data-href]");
    if (option) location.assign(option.dataset.href);
  });

  input.addEventListener("input", () => {
    if (unlisted) {
      const address = new URL(unlisted.href);
      address.searchParams.set("organisation", input.value);
      unlisted.href = address.href;
    }
  });

  document.addEventListener("htmx:after:swap", () => {
    if (list() && !list().hasAttribute("role")) dress();
  });
  dress();
})();
