// Pages that say what they want to hear about are told at once. In a page:
//   <section hx-get="/today/figures" hx-trigger="live" hx-swap="outerHTML" data-live-on="status">
// Words that change under somebody's fingers are a trap: a part with the focus in it waits.
// Less than the second between two statuses: one that comes a little early must not be missed.
const LEAST_MS = 700;
const parts = () => document.querySelectorAll("[data-live-on]");
const last = new WeakMap();

function tell(kind) {
  if (document.hidden) return;
  for (const part of parts()) {
    if (!part.dataset.liveOn.split(" ").includes(kind)) continue;
    if (part.contains(document.activeElement)) continue;
    const now = performance.now();
    if (now - (last.get(part) ?? -LEAST_MS) < LEAST_MS) continue;
    last.set(part, now);
    part.dispatchEvent(new CustomEvent("live"));
  }
}

function say(sentence) {
  const place = document.getElementById("live-message");
  if (place && sentence) place.textContent = sentence;
}

if (document.body.dataset.csrf && (parts().length || document.querySelector("[data-live]"))) {
  const stream = new EventSource("/live");
  stream.addEventListener("status", (event) => {
    const status = JSON.parse(event.data);
    document.documentElement.dataset.gateway = status.running ? "running" : "stopped";
    tell("status");
  });
  for (const kind of ["alarm", "case"]) {
    stream.addEventListener(kind, (event) => {
      say(JSON.parse(event.data).sentence);
      tell(kind);
    });
  }
  addEventListener("pagehide", () => stream.close());
}
