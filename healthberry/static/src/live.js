// Live pages: the mark that says whether changes arrive, what is new above the list, and coming back after a cut.
// The stream itself is htmx's: every message says what it replaces. Nothing moves under a finger: what is new waits above the
// list until somebody asks for it, or the reader is at the top and does nothing.

const SILENCE = 40000; // the server says something every 15 s; a machine that slept finds a dead connection
const PATIENCE = 2000; // shorter cuts are not worth a word
const FIRST_RETRY = 1000;
const LONGEST_RETRY = 15000;

const find = (selector) => document.querySelector(selector);
const isStream = (element) => element instanceof Element && element.id === "stream";

// The mark ---------------------------------------------------------------------------------------------------------

let worrying;
let over = false; // signed out: nothing is tried any more
let leaving = false; // signing out from this very tab, which leads elsewhere
document.addEventListener("submit", (event) => {
  leaving ||= event.target.matches("[data-signs-out]");
});

const say = (words, off) => {
  const mark = find("#live");
  if (!mark) return;
  if (mark.textContent !== words) mark.textContent = words;
  mark.classList.toggle("live--off", off);
};

const connected = () => {
  clearTimeout(worrying);
  worrying = undefined;
  say("Live", false);
};

const lost = () => {
  worrying ??= setTimeout(() => document.hidden || over || say("Not live: reconnecting", true), PATIENCE);
};

const refused = () => {
  over = true;
  clearTimeout(worrying);
  say("Not live: reload this page", true);
};

// What the page shows is not for whoever sits before it next. Words that were being written are kept in this tab, unless
// somebody signed out: see composer.js.
const signedOut = () => {
  over = true;
  if (leaving) return;
  location.replace(`/signin?next=${encodeURIComponent(location.pathname + location.search)}`);
};

// The connection -----------------------------------------------------------------------------------------------------

let connection; // htmx's own, with its reader
let heardAt = Date.now();
let last; // the newest change that this page has, kept when another view takes the place of the stream
let failures = 0;

const after = (address) => Number(new URL(address, location.href).searchParams.get("after") ?? 0);

const connectAgain = () => {
  if (over || !connection || document.hidden || Date.now() - heardAt < SILENCE) return;
  heardAt = Date.now();
  lost();
  connection.reader?.cancel();
};

document.addEventListener("htmx:sse:before:connection", (event) => {
  if (over) event.preventDefault();
  else if (event.detail.connection.attempt > 0) lost();
});
const begin = (found) => {
  connection = found;
  heardAt = Date.now();
  failures = 0;
  connected();
};

document.addEventListener("htmx:sse:after:connection", ({ detail }) => begin(detail.connection));
document.addEventListener("htmx:sse:before:message", () => {
  heardAt = Date.now();
});
document.addEventListener("htmx:sse:error", ({ detail }) => {
  if (detail.status === 401) signedOut();
  else if (detail.status === 403) refused();
  else lost();
});
document.addEventListener("htmx:sse:close", ({ detail }) => {
  const { lastEventId, url } = detail.connection;
  last = Number(lastEventId) || after(url);
});
document.addEventListener("signed-out", signedOut);

// A stream that takes another's place begins where that one ended: the list beside it was not loaded anew.
document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  if (!isStream(ctx.sourceElement) || last === undefined) return;
  if (last < after(ctx.request.action)) ctx.request.headers["Last-Event-ID"] = String(last);
});

// htmx comes back by itself, but not where the very first attempt fails.
document.addEventListener("htmx:finally:request", ({ target, detail: { ctx } }) => {
  if (!isStream(ctx.sourceElement) || over || ctx.response?.raw.headers.get("Content-Type")?.includes("event-stream")) return;
  const status = ctx.response?.status;
  if (status === 401) signedOut();
  if ([401, 403, 404].includes(status)) return;
  lost();
  const pause = Math.min(FIRST_RETRY * 2 ** failures++, LONGEST_RETRY);
  setTimeout(() => target.isConnected && htmx.ajax("GET", ctx.request.action, { source: target, swap: "none" }), pause);
});

// This script may come when the stream is open already.
const open = find("#stream")?._htmx?.sse;
if (open) begin(open);

htmx.config.sse = { reconnectMaxDelay: LONGEST_RETRY };
setInterval(connectAgain, SILENCE / 4);
document.addEventListener("visibilitychange", connectAgain);
window.addEventListener("online", () => connection?.delayCanceller?.());

// What is new ----------------------------------------------------------------------------------------------------------

let loaded = ""; // many came or went ("more", "erased"): only loading the list anew can show it
let reloading = false;
let lastReload = 0;
let touchedAt = 0;

const rows = () => [...document.querySelectorAll("#rows > .item")];
const waiting = () => [...document.querySelectorAll("#arrivals > .item")];
const place = (row) => row.dataset.place; // texts that compare as the server orders the list

const isAtRest = () => {
  const list = find("#rows");
  const atTop = list.scrollTop < 8 && document.scrollingElement.scrollTop < 8;
  const touched = list.matches(":hover") || list.contains(document.activeElement) || Date.now() - touchedAt < 3000;
  return !document.hidden && atTop && !touched;
};

// Keeps among the arrivals what the list does not show and would show: each once, none that belongs below its end.
const sort = () => {
  const shown = new Set(rows().map((row) => row.id));
  const oldest = find("#more") && rows().length ? place(rows().at(-1)) : "";
  const known = new Set();
  for (const row of waiting().reverse()) {
    const useless = shown.has(row.id) || known.has(row.id) || row.matches(".item--left") || place(row) < oldest;
    if (useless) row.remove();
    known.add(row.id);
  }
  for (const mark of document.querySelectorAll("#arrivals > [data-loaded]")) {
    loaded = mark.dataset.loaded;
    mark.remove();
  }
};

const announce = () => {
  const button = find("#announce");
  const count = waiting().length;
  const words = count
    ? `${count} new ${count === 1 ? "conversation" : "conversations"}. Show ${count === 1 ? "it" : "them"}`
    : { more: "More conversations were loaded. Show them", erased: "Conversations were erased. Show the list" }[loaded];
  button.hidden = !words;
  if (words && button.textContent !== words) button.textContent = words;
};

const show = () => {
  const list = find("#rows");
  for (const row of waiting()) {
    const below = rows().find((other) => place(other) <= place(row));
    list.insertBefore(row, below ?? find("#rows > :not(.item)"));
    htmx.process(row); // it answers to the list's own rules only now
  }
};

const reload = async () => {
  if (reloading) return;
  reloading = true;
  loaded = "";
  lastReload = Date.now();
  const open = find("#thread");
  const beside = open ? "#entries:innerMorph,#thread-head:outerMorph,#details:outerMorph,#reply-state:outerMorph" : undefined;
  const list = { source: "#list", target: "#list-body", select: "#list-body", selectOOB: beside, swap: "outerMorph" };
  try {
    await htmx.ajax("GET", location.pathname + location.search, list);
  } finally {
    reloading = false;
  }
};

const look = () => {
  if (!find("#arrivals")) return;
  sort();
  const rest = isAtRest();
  if (rest) show();
  if (loaded && (rest || !rows().length)) setTimeout(reload, Math.max(lastReload + 2000 - Date.now(), 0));
  announce();
};

document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (isStream(ctx.sourceElement)) look();
});
document.addEventListener("click", (event) => {
  if (!event.target.closest?.("#announce")) return;
  const focus = document.activeElement === find("#announce");
  if (loaded) reload();
  show();
  announce();
  find("#rows").scrollTop = 0;
  if (focus) find("#rows .item__link")?.focus();
});
for (const kind of ["touchstart", "wheel", "keydown"]) {
  document.addEventListener(kind, () => (touchedAt = Date.now()), { passive: true });
}
// Too much was missed to be told one by one.
document.addEventListener("reload", (event) => {
  if (!isStream(event.target)) return;
  if (find("#list-body")) reload();
  else location.reload();
});

// Other conversations than before are there for whoever looks: all that is shown here may be none of them.
document.addEventListener("limited", (event) => {
  if (isStream(event.target)) location.reload();
});

// The conversation -------------------------------------------------------------------------------------------------------

// An answer to a form may come later than what the stream tells of its consequences. What is older than what stands there
// already, of the same conversation, is left out.
const VERSIONED = ["reply-state", "thread-head", "details", "entries"];
const asOf = (place) => (place?.matches?.("[data-as-of]") ? place : place?.querySelector?.("[data-as-of]"))?.dataset.asOf.split(" ");

const isOutdated = ({ target, fragment }) => {
  if (!VERSIONED.includes(target?.id)) return false;
  const [shown, coming] = [asOf(target), asOf(fragment)];
  return Boolean(shown && coming && shown[0] === coming[0] && Number(coming[1]) < Number(shown[1]));
};

document.addEventListener("htmx:before:swap", ({ detail: { tasks } }) => {
  for (const task of tasks?.filter(isOutdated) ?? []) tasks.splice(tasks.indexOf(task), 1);
});

// Who reads the end of a conversation goes on reading there when something is added.
let atEnd = false;
const messages = () => find("#messages");
document.addEventListener("htmx:before:swap", ({ detail: { ctx } }) => {
  const area = messages();
  if (isStream(ctx.sourceElement)) atEnd = area && area.scrollHeight - area.scrollTop - area.clientHeight < 40;
});
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (isStream(ctx.sourceElement) && atEnd) messages().scrollTop = messages().scrollHeight;
});
