// Suggests names while somebody types. The search works without it.
const box = document.getElementById("q");
const list = document.getElementById("suggestions");
let asked = 0;
let timer;

async function suggest() {
  const words = box.value.trim();
  if (words.length < 2) {
    list.replaceChildren();
    return;
  }
  const mine = ++asked;
  try {
    const answer = await fetch(`/api/suggest?q=${encodeURIComponent(words)}`, { headers: { Accept: "application/json" } });
    if (!answer.ok || mine !== asked) return;
    const found = await answer.json();
    list.replaceChildren(
      ...found.results.map((person) => {
        const option = document.createElement("option");
        option.value = person.name ?? "";
        return option;
      }),
    );
  } catch {
    // No suggestions, then: the form still searches.
  }
}

box?.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(suggest, 150);
});
