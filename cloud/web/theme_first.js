// SPDX-License-Identifier: EUPL-1.2
// Before the first paint, so before any module: the theme that this phone chose, or the phone's own.
{
  let chosen = null;
  try {
    chosen = JSON.parse(localStorage.getItem("iskar/theme") ?? "null")?.content;
  } catch {
    // no storage, no choice
  }
  const isDark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
}
