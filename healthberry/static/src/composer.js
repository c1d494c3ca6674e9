// The composer: keeps the draft on the server while one types, copies a reply to sites that take it only there, and comes back
// when a reply went out or failed. The stream never replaces it, so nothing typed here is lost to news.

const PAUSE = 600;
const RETRY = 5000;
const LEAVING_AT_MOST = 60000; // bytes: browsers send no more than 64 KB after a page has gone

const find = (selector) => document.querySelector(selector);
const field = () => find("#text");

// Drafts -----------------------------------------------------------------------------------------------------------

const kept = new WeakMap(); // field -> the words that the server surely has
const sent = new WeakMap(); // request -> the words that it carries
let timer;

// Until the server has the words, this tab keeps them too: a reload may overtake what is sent while the page goes.
const keyOf = (text) => {
  const { member, conversation } = text.closest("#composer").dataset;
  return `healthberry-draft:${member}:${conversation}`;
};

const bringBack = (text) => {
  const key = keyOf(text);
  const words = sessionStorage.getItem(key);
  const member = key.slice(0, key.lastIndexOf(":"));
  for (const other of Object.keys(sessionStorage)) {
    if (other.startsWith("healthberry-draft:") && !other.startsWith(member)) sessionStorage.removeItem(other);
  }
  if (words === text.value) sessionStorage.removeItem(key);
  else if (words !== null) text.value = words;
};

// A draft that is saved after its reply was published would bring the words back: from then on nothing is saved.
const isPublishing = (text) => text?.form.dataset.publishing !== undefined;

const isDirty = (text) => text !== null && !isPublishing(text) && text.value !== (kept.get(text) ?? text.defaultValue);

const save = () => {
  clearTimeout(timer);
  const text = field();
  if (isDirty(text)) text.dispatchEvent(new Event("draft"));
};

const later = (pause) => {
  clearTimeout(timer);
  timer = setTimeout(save, pause);
};

const say = (words) => {
  const place = find("#saved");
  if (!place) return;
  place.textContent = words;
  place.classList.add("saved--not");
};

// The page goes, or another conversation takes its place: no answer is waited for.
const saveAndLeave = () => {
  clearTimeout(timer);
  const text = field();
  if (!isDirty(text)) return;
  const words = text.value;
  const body = new URLSearchParams(new FormData(text.form));
  if (body.toString().length > LEAVING_AT_MOST) return;
  fetch(text.dataset.beacon, { method: "POST", body, keepalive: true, headers: { "X-Leaving": "true" } })
    .then((answer) => answer.ok && kept.set(text, words))
    .catch(() => {});
};

document.addEventListener("input", (event) => {
  if (event.target !== field() || isPublishing(field())) return;
  sessionStorage.setItem(keyOf(event.target), event.target.value);
  later(PAUSE);
});
document.addEventListener("focusout", (event) => {
  if (event.target === field()) save();
});
// How to answer belongs to the draft: words meant for one person must not come back as public ones.
document.addEventListener("change", (event) => {
  const text = field();
  if (event.target.name === "way" && event.target.form === text?.form && text.value && !isPublishing(text)) {
    text.dispatchEvent(new Event("draft"));
  }
});
window.addEventListener("pagehide", saveAndLeave);
// Whoever comes back to the page may have left it where nothing could be saved.
document.addEventListener("visibilitychange", () => (document.hidden ? saveAndLeave() : save()));
window.addEventListener("online", save);

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (ctx.sourceElement === field()) sent.set(ctx, new URLSearchParams(ctx.request.body).get("text"));
});
document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  if (ctx.sourceElement?.id === "reply-form" && ctx.response.status < 300) sessionStorage.removeItem(keyOf(field()));
  if (!sent.has(ctx) || ctx.sourceElement !== field()) return;
  if (ctx.response.status >= 500) notSaved();
  if (ctx.response.status >= 300) return;
  kept.set(ctx.sourceElement, sent.get(ctx));
  if (isDirty(field())) later(PAUSE);
  else sessionStorage.removeItem(keyOf(field()));
});
document.addEventListener("htmx:error", (event) => {
  if (event.detail?.ctx?.sourceElement === field() && field()) notSaved();
});

// Still there after its answer: it was not published, and its words go on being saved.
document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  const form = ctx.sourceElement;
  if (form?.id !== "reply-form" || form !== field()?.form) return;
  delete form.dataset.publishing;
  save();
});

const notSaved = () => {
  say(navigator.onLine ? "Not saved yet: trying again" : "Not saved: you are offline");
  later(RETRY);
};

// Tabs -------------------------------------------------------------------------------------------------------------

const choose = (tab) => {
  for (const one of tab.parentElement.querySelectorAll('[role="tab"]')) {
    const chosen = one === tab;
    one.setAttribute("aria-selected", String(chosen));
    one.tabIndex = chosen ? 0 : -1;
    find(`#${one.getAttribute("aria-controls")}`).hidden = !chosen;
  }
};

document.addEventListener("click", (event) => {
  const tab = event.target.closest('#composer [role="tab"]');
  if (tab) choose(tab);
});
document.addEventListener("keydown", (event) => {
  const tab = event.target.closest?.('#composer [role="tab"]');
  if (!tab || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
  const other = tab.nextElementSibling ?? tab.previousElementSibling;
  choose(other);
  other.focus();
});
// Control and Enter publish or add, from the keyboard.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  const form = event.target.closest?.("#reply-form, #note-form");
  if (form && !form.querySelector("button:not(noscript button):disabled")) form.requestSubmit();
});

// Copying to a site that takes replies only there -------------------------------------------------------------------------

const copy = async (words) => {
  try {
    await navigator.clipboard.writeText(words);
    return true;
  } catch {
    return copyOldWay(words);
  }
};

const copyOldWay = (words) => {
  const carrier = document.createElement("textarea");
  carrier.value = words;
  carrier.className = "nhsuk-u-visually-hidden";
  document.body.append(carrier);
  carrier.select();
  const done = document.execCommand("copy");
  carrier.remove();
  return done;
};

// Browsers let us write to the clipboard only while a click is answered, so that it is begun there; but the words follow only
// once the server has taken the reply: what it stops must not be left where it can be pasted.
const copyOnceTaken = (words) => {
  let answer;
  const taken = new Promise((take, refuse) => (answer = { take, refuse }));
  taken.catch(() => {});
  const put = async () => {
    const blob = taken.then(() => new Blob([words], { type: "text/plain" }));
    blob.catch(() => {});
    await navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
    return true;
  };
  const begun = put().catch(() => false);
  return { ...answer, done: async () => (await begun) || copy(words) };
};

let copying = null; // the site that is opened once the server has taken the reply, and the words on their way to the clipboard

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.id !== "reply-form") return;
  clearTimeout(timer);
  form.dataset.publishing = "yes";
  copying?.refuse();
  copying = form.dataset.assisted === undefined ? null : { site: form.dataset.assisted, ...copyOnceTaken(form.text.value.trim()) };
});

const openSite = async () => {
  const { site, take, done } = copying;
  copying = null;
  take();
  const copied = await done();
  const opened = site ? window.open(site, "_blank") : null;
  if (opened) opened.opener = null;
  if (copied) find('#reply-state [data-act="copied"]')?.requestSubmit();
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  if (await copy(find(button.dataset.copy).textContent)) button.lastChild.textContent = "Copied";
});

// What should not be public: its entry in the list leads to the words in the field, where they can be changed.
document.addEventListener("click", (event) => {
  const link = event.target.closest("#found [data-find]");
  const text = field();
  if (!link || !text) return;
  const words = link.dataset.find;
  const at = text.value.startsWith(words, Number(link.dataset.at)) ? Number(link.dataset.at) : text.value.indexOf(words);
  if (at < 0) return;
  event.preventDefault();
  text.focus();
  text.setSelectionRange(at, at + words.length);
  text.scrollIntoView({ block: "nearest" });
});

// How the reply gets on --------------------------------------------------------------------------------------------------

const stateNow = () => find("#reply-state")?.dataset;

// The words of a reply that failed are put back into the field: only while they stand there is showing them twice idle.
const compare = () => {
  const failed = find('#reply-state[data-state="failed"]');
  failed?.classList.toggle("going--same", find("#reply-text").textContent.trim() === field()?.value.trim());
};
document.addEventListener("input", compare);

// The channel fell silent, or is read again, while somebody writes: the words stay, the button follows.
const hold = () => {
  const held = find("#held");
  const button = find("#reply-form .composer__foot > .nhsuk-button");
  if (!held || !button || find("#why-not")) return;
  button.disabled = held.dataset.held !== undefined;
  if (button.disabled) button.setAttribute("aria-describedby", "held");
  else button.removeAttribute("aria-describedby");
};
let conversation = find("#thread")?.dataset.conversation;
let wasBusy = stateNow()?.busy !== undefined;

let composer = find("#composer");
// A composer may also come as one piece of an answer to something else.
const tookPlace = () => composer !== (composer = find("#composer"));

const begin = (words = true) => {
  const text = field();
  if (text && words) bringBack(text);
  if (isDirty(text)) later(0);
  find("#news, #found")?.focus();
};

document.addEventListener("htmx:before:swap", ({ detail: { tasks } }) => {
  if (tasks?.some((task) => task.target?.id === "main")) saveAndLeave();
});
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  const state = stateNow();
  const isBusy = state?.busy !== undefined;
  const same = find("#thread")?.dataset.conversation === conversation;
  conversation = find("#thread")?.dataset.conversation;
  if (copying && state?.state === "written") openSite();
  else if (copying && ctx.sourceElement?.id === "reply-form") {
    copying.refuse();
    copying = null;
  }
  if (same && wasBusy && !isBusy && conversation && !field()?.value) {
    htmx.ajax("GET", `/conversations/${conversation}/composer`, { target: "#composer", swap: "outerHTML" });
  }
  wasBusy = isBusy;
  hold();
  if (tookPlace()) begin(["composer", "main"].includes(ctx.target?.id));
  compare();
});
begin();
compare();

// The link of an alert leads to the composer; the browser's own jump there, which ends before the page is shown, takes the focus away.
const startWriting = () => location.hash === "#reply" && field()?.focus();
window.addEventListener("pageshow", () => setTimeout(startWriting));
