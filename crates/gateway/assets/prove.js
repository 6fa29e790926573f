// Starts the challenge, says what happens and goes on by itself. Without this script the page works too: the second
// form waits instead of working. When the work cannot be done here, this script waits and presses that button.
const work = document.getElementById("work");
const wait = document.getElementById("wait");
const status = document.getElementById("status");
const bar = document.getElementById("bar");
const waitMs = Number(wait.dataset.waitS) * 1000;
const started = performance.now();
let sent = false;

function say(text) {
  status.textContent = text;
}

function send(form, text) {
  if (sent) return;
  sent = true;
  say(text);
  form.requestSubmit ? form.requestSubmit() : form.submit();
}

// What does not agree, in words of a short list; the values themselves stay here. The part in brackets is left out of the
// comparison: privacy browsers name one system to all sites and another to scripts, and that is their good right.
function oddities() {
  if (work.dataset.agent === undefined) return "";
  const bare = (agent) => agent.replace(/\([^)]*\)/, "");
  const odd = [];
  if (navigator.webdriver) odd.push("webdriver");
  if (bare(navigator.userAgent) !== bare(work.dataset.agent)) odd.push("agent");
  return odd.join(" ");
}
for (const field of document.querySelectorAll("input[data-odd]")) field.value = oddities();

// A second more than asked: the server counts whole seconds.
const left = () => Math.max(0, waitMs + 1000 - (performance.now() - started));

function waitInstead() {
  if (sent) return;
  bar.hidden = true;
  say(`The quick check does not work in this browser. We go on by ourselves in ${Math.ceil(left() / 1000)} seconds.`);
}

// Whatever becomes of the work, the page goes on when the wait is over: nobody depends on a fast phone.
setTimeout(() => send(wait, "Thank you. The page opens now."), left());

// Loads the widget and gives it the challenge that the form carries. It is made here and not written in the page, so
// that the settings are in force from its first moment: it would otherwise begin to note how the mouse moves, which we
// do not want to know. It sends nothing anywhere.
async function makeWidget() {
  await import("./altcha/altcha.min.js");
  globalThis.$altcha.algorithms.set("PBKDF2/SHA-256", () => new Worker(new URL("altcha/pbkdf2.js", import.meta.url)));
  globalThis.$altcha.defaults.set({
    auto: "off",
    display: "invisible",
    hideFooter: true,
    hideLogo: true,
    humanInteractionSignature: false,
    minDuration: 0,
    name: "hedgerow-altcha", // not read; named so that all fields of ours begin alike
  });
  const widget = document.createElement("altcha-widget");
  widget.setAttribute("challenge", work.dataset.challenge);
  const loaded = new Promise((resolve) => widget.addEventListener("load", resolve, { once: true }));
  work.append(widget);
  await loaded;
  return widget;
}

async function begin() {
  if (!globalThis.isSecureContext || !globalThis.Worker) {
    waitInstead();
    return;
  }
  say("Checking your browser. This takes a few seconds, and you need not do anything.");
  bar.hidden = false;
  try {
    const widget = await makeWidget();
    const answer = await widget.verify();
    if (!answer || !answer.payload) {
      waitInstead();
      return;
    }
    bar.hidden = true;
    // The widget writes its own hidden field a moment later; this one is there at once.
    work.querySelector("input[data-answer]").value = answer.payload;
    send(work, "Thank you. The page opens now.");
  } catch {
    waitInstead();
  }
}

// Pressing the button too early would only bring a page that says so.
wait.addEventListener("submit", (event) => {
  if (!sent && performance.now() - started < waitMs) {
    event.preventDefault();
    waitInstead();
  }
});

// Coming back with the Back button shows this page as it was left: start afresh.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

begin();
