// Keyboard shortcuts of the inbox, which conversation is marked as open, and where the focus goes when one opens.
// Single keys never act while one types, and can be switched off for this browser (WCAG 2.1.4).

const SWITCH = "healthberry-shortcuts";
const find = (selector) => document.querySelector(selector);
const visible = (element) => element !== null && element.getClientRects().length > 0;

const areOn = () => localStorage.getItem(SWITCH) !== "off";

const isTyping = (event) =>
  event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, textarea, select, [contenteditable]");

// The list ---------------------------------------------------------------------------------------------------------

const links = () => [...document.querySelectorAll("#rows .item__link")].filter(visible);

const move = (step) => {
  const all = links();
  if (!all.length) return;
  const from = all.indexOf(document.activeElement?.closest?.(".item")?.querySelector(".item__link"));
  const start = from >= 0 ? from : all.findIndex((link) => link.getAttribute("aria-current"));
  const next = all[Math.max(0, Math.min(all.length - 1, start < 0 ? 0 : start + step))];
  next.focus();
  next.closest(".item").scrollIntoView({ block: "nearest" });
};

const markOpen = () => {
  for (const link of document.querySelectorAll("#rows .item__link")) {
    const open = link.pathname === location.pathname;
    link.closest(".item").classList.toggle("item--open", open);
    if (open) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
};

// The conversation ----------------------------------------------------------------------------------------------------

const openTab = (name) => {
  const tab = find(`#tab-${name}`);
  if (tab) tab.click();
  const field = find(name === "note" ? "#note" : "#text");
  if (visible(field)) field.focus();
};

const openMenu = (key) => {
  const summary = find(`[data-key="${key}"]`);
  if (!visible(summary)) return;
  summary.parentElement.open = true;
  summary.parentElement.querySelector("button")?.focus();
};

const press = (selector) => find(selector)?.form.requestSubmit(find(selector));

const showShortcuts = () => {
  const dialog = find("#shortcuts");
  find("#shortcuts-on").checked = areOn();
  dialog.showModal();
};

const acts = {
  j: () => move(1),
  k: () => move(-1),
  r: () => openTab("reply"),
  n: () => openTab("note"),
  a: () => press("#assign-me"),
  e: () => openMenu("close"),
  s: () => openMenu("snooze"),
  u: () => press("#mark-unread"),
  "/": () => find("#q")?.focus(),
  "?": showShortcuts,
};

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || isTyping(event) || document.querySelector("dialog[open]")) return;
  const inList = event.target.closest?.("#rows");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (inList && step) {
    event.preventDefault();
    move(step);
    return;
  }
  const act = areOn() && acts[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

document.addEventListener("change", (event) => {
  if (event.target.id === "shortcuts-on") localStorage.setItem(SWITCH, event.target.checked ? "on" : "off");
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-shortcuts]")) showShortcuts();
  const tab = event.target.closest("[data-tab]");
  if (!tab) return;
  event.preventDefault();
  openTab(tab.dataset.tab);
});

// What was chosen from a menu closes it.
document.addEventListener("submit", (event) => {
  const menu = event.target.closest("details.menu, details.more");
  if (menu) menu.open = false;
});

// What arrives in the conversation that one is looking at is read.
let lastRead = 0;
const readOn = () => {
  const form = find("#read");
  if (!form || document.hidden || !find(".item--open.item--unread") || Date.now() - lastRead < 2000) return;
  lastRead = Date.now();
  form.requestSubmit();
};
document.addEventListener("visibilitychange", readOn);

// Going back within the same list changes the conversation only: the list keeps its place.
let search = location.search;
document.addEventListener("htmx:after:history:update", () => (search = location.search));
document.addEventListener("htmx:before:history:restore", (event) => {
  const to = new URL(event.detail.path, location.href);
  if (to.search !== search || !/^\/(inbox$|conversations\/)/.test(to.pathname)) return;
  event.preventDefault();
  htmx.ajax("GET", event.detail.path, { target: "#main", swap: "innerHTML", headers: { "HX-Target": "main#main" } });
});

// After another conversation has opened, its title has the focus, so that a screen reader begins there; after it was left, its row.
let shown = find("#thread")?.dataset.conversation;
document.addEventListener("htmx:after:swap", () => {
  markOpen();
  readOn();
  const open = find("#thread")?.dataset.conversation;
  if (open === shown) return;
  if (open) find("#thread-title").focus({ preventScroll: true });
  else find(`#conversation-${CSS.escape(shown)} .item__link`)?.focus({ preventScroll: true });
  shown = open;
});
markOpen();
find("#rows .item--open")?.scrollIntoView({ block: "nearest" });
