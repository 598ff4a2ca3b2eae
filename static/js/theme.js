// The light / dark switch. The choice lives in a cookie, which Django renders as <html data-theme>: no flash.
const root = document.documentElement;
const button = document.querySelector("[data-theme-switch]");
const night = matchMedia("(prefers-color-scheme: dark)");

const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : night.matches);
const show = () => button?.setAttribute("aria-pressed", String(isDark()));

button?.removeAttribute("hidden");
button?.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax${secure}`;
  show();
});
night.addEventListener("change", show);
show();
