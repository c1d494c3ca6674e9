// Answers appear by themselves: every few seconds this page is fetched anew, and what differs in the parts marked with
// data-again (their value is the page's own address) is put in. Forms stand outside of them: what is half typed stays.
"use strict";

const EVERY_MS = 4000;

function bring(part, fresh) {
  const children = [...fresh.children];
  children.forEach((child, place) => {
    const old = part.children[place];
    if (!old) part.append(child);
    else if (old.outerHTML !== child.outerHTML) old.replaceWith(child);
  });
  while (part.children.length > children.length) part.lastElementChild.remove();
}

async function again(part) {
  const answer = await fetch(part.dataset.again);
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById(part.id);
  if (fresh) bring(part, fresh);
}

for (const part of document.querySelectorAll("[data-again]")) {
  setInterval(() => document.hidden || again(part).catch(() => {}), EVERY_MS);
}
for (const words of document.querySelectorAll("[data-by-itself]")) words.hidden = false;
