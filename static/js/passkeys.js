// Passkeys: <form data-passkey="get|create"> with a hidden input "credential", a button [data-go] and a place for words [data-said].
// The browser's options come from a data block (data-options="its id") or, with a GET that asks for JSON, from the form's address.
// Conversions to and from JSON are allauth's (mfa/js/webauthn-json.js).
const { webauthnJSON } = globalThis;
const canUse = Boolean(globalThis.PublicKeyCredential && webauthnJSON?.supported());

const optionsFor = async (form) => {
  if (form.dataset.options) return JSON.parse(document.getElementById(form.dataset.options).textContent);
  const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(answer.statusText);
  return answer.json();
};

const ask = async (form) => {
  const options = await optionsFor(form);
  if (form.dataset.passkey === "get") return webauthnJSON.get(options.request_options);
  const wanted = options.creation_options;
  Object.assign(wanted.publicKey.authenticatorSelection, {
    residentKey: "required", requireResidentKey: true, userVerification: "required",
  });
  return webauthnJSON.create(wanted);
};

document.querySelectorAll("form[data-passkey]").forEach((form) => {
  const button = form.querySelector("[data-go]");
  const said = form.querySelector("[data-said]");
  const tell = (words) => { said.textContent = words; said.hidden = !words; };
  if (!canUse) { tell(form.dataset.unable); return; }

  tell("");
  button.hidden = false;
  button.addEventListener("click", async (event) => {
    event.preventDefault();
    button.disabled = true;
    tell("");
    try {
      form.elements.credential.value = JSON.stringify(await ask(form));
      form.submit();
    } catch (error) {
      button.disabled = false;
      // Closing the browser's own window is a choice, not a mistake.
      tell(error.name === "NotAllowedError" ? form.dataset.closed : form.dataset.failed);
    }
  });
});
