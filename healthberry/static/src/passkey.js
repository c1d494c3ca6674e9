// Passkeys. A form with data-passkey holds what the browser is asked for; the browser's answer goes into its field
// "credential", and then it is sent as any form is. Without this script, or in a browser without passkeys, what needs
// them stays hidden.
(() => {
  "use strict";
  if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON) return;

  const asks = {
    create: (options) =>
      navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) }),
    get: (options) => navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) }),
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const says = form.querySelector("[data-passkey-says]");
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      says.textContent = "";
      try {
        const answer = await asks[form.dataset.passkey](JSON.parse(form.dataset.options));
        form.elements.credential.value = JSON.stringify(answer.toJSON());
        form.submit();
      } catch {
        // Refused, out of time, or none there: the browser does not say which.
        says.textContent = "No passkey was used. Try again, or go another way.";
      }
    });
  }
  for (const excuse of document.querySelectorAll("[data-no-passkeys]")) excuse.hidden = true;
})();
