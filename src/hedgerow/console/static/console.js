// The little that pages need beyond HTML: the form token for htmx, and a word where nobody pressed anything, so that a
// page that lies open keeps no session alive. Every page works without it.
document.addEventListener("htmx:configRequest", (event) => {
  const token = document.body.dataset.csrf;
  if (token) event.detail.headers["X-CSRF-Token"] = token;
  const pressed = event.detail.triggeringEvent;
  if (!pressed || pressed.type === "live") event.detail.headers["X-By-Itself"] = "yes";
});
