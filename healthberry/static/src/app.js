// What every page needs and HTML alone can't do. No handler stands in the pages themselves.
(() => {
  "use strict";

  // A notice goes when its cross is pressed.
  document.addEventListener("click", (event) => {
    const closer = event.target.closest("[data-close]");
    if (closer) document.querySelector(closer.dataset.close)?.remove();
  });

  // A menu closes when one looks elsewhere, follows a link to another part of this page (which it may cover), or presses
  // Escape, which gives the focus back.
  document.addEventListener("click", (event) => {
    const leadsOn = event.target.closest("a[href^='#']");
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (leadsOn || !menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = event.target.closest?.("details.menu[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  // A second press of a button that was just pressed changes nothing twice.
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button?.matches("[data-prevent-double-click]")) return;
    if (button.dataset.pressed) event.preventDefault();
    button.dataset.pressed = "yes";
    setTimeout(() => delete button.dataset.pressed, 1500);
  });

  // Whoever signs out leaves no words in this browser, those that the server has not got yet included.
  document.addEventListener("submit", (event) => {
    if (event.target.matches("[data-signs-out]")) sessionStorage.clear();
  });

  // Where a form has errors, they are read and reached first.
  document.querySelector(".nhsuk-error-summary")?.setAttribute("tabindex", "-1");
  document.querySelector(".nhsuk-error-summary")?.focus();

  // A switch that is its own form is sent as soon as it is changed.
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-send-on-change]")) event.target.form.requestSubmit();
  });

  // "4 min" grows old on a page that stays open.
  const relative = (then) => {
    const minutes = Math.floor((Date.now() - then) / 60000);
    if (minutes < 1) return "Now";
    if (minutes < 60) return `${minutes} min`;
    return minutes < 24 * 60 ? `${Math.floor(minutes / 60)} h` : null;
  };
  const day = (date) => date.toLocaleDateString("en-GB", { timeZone: "Europe/London" });
  setInterval(() => {
    for (const words of document.querySelectorAll("time [data-relative]")) {
      const then = new Date(words.parentElement.dateTime);
      const now = relative(then);
      if (now && day(then) === day(new Date()) && words.textContent !== now) words.textContent = now;
    }
  }, 30000);

  // What htmx could not fetch at all: no answer came, so the server could not say it.
  document.addEventListener("htmx:error", (event) => {
    const place = document.getElementById("notice");
    const streaming = event.target.matches?.("[hx-sse\\:connect]");
    if (!place || streaming || event.detail?.ctx?.response) return;
    const notice = document.createElement("div");
    notice.className = "notice notice--trouble";
    notice.id = "notice-text";
    const words = document.createElement("p");
    words.textContent = navigator.onLine
      ? "HealthBerry did not answer. What you typed is still here. Try again in a moment."
      : "You are offline. What you typed is still here. Try again when you are connected.";
    notice.append(words);
    place.replaceChildren(notice);
  });
})();
