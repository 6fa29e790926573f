// Starts the challenge, says what happens and goes on by itself. Without this script the page works too: the second
// form waits instead of working. When the work cannot be done here, this script waits and presses that button.
import "./altcha/altcha.min.js";

const work = document.getElementById("work");
const wait = document.getElementById("wait");
const status = document.getElementById("status");
const bar = document.getElementById("bar");
const widget = document.querySelector("altcha-widget");
const waitMs = Number(wait.dataset.waitS) * 1000;
const endMs = Number(wait.dataset.answerWithinS) * 1000;
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

function waitInstead() {
  if (sent) return;
  bar.hidden = true;
  // A second more than asked: the server counts whole seconds.
  const left = Math.max(0, waitMs + 1000 - (performance.now() - started));
  say(`The quick check does not work in this browser. We go on by ourselves in ${Math.ceil(left / 1000)} seconds.`);
  setTimeout(() => send(wait, "Thank you. The page opens now."), left);
}

// The widget sends nothing anywhere: the answer is a hidden field of the form. It also offers to record how the mouse
// moves; we do not want to know.
globalThis.$altcha.algorithms.set("PBKDF2/SHA-256", () => new Worker(new URL("altcha/pbkdf2.js", import.meta.url)));
widget.configure({ humanInteractionSignature: false, hideFooter: true, hideLogo: true, minDuration: 0 });

async function begin() {
  if (!globalThis.isSecureContext || !globalThis.Worker) {
    waitInstead();
    return;
  }
  say("Checking your browser. This takes a few seconds, and you need not do anything.");
  bar.hidden = false;
  try {
    const answer = await widget.verify();
    if (!answer || !answer.payload) {
      waitInstead();
      return;
    }
    bar.hidden = true;
    // The widget writes its hidden field a moment after it has the answer; this field is ours and there at once.
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

// A page that has been left open too long cannot be answered any more: say so instead of failing.
setTimeout(() => {
  if (!sent) {
    sent = true;
    bar.hidden = true;
    say("This page has been open for too long. Please load it again.");
  }
}, endMs);

// Coming back with the Back button shows this page as it was left: start afresh.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

begin();
