// SPDX-License-Identifier: EUPL-1.2
/** Light or dark: as the phone has it, or as chosen here. `first.js` does the same before the first paint. */

import { forget, recall, remember } from "./store.js";

export const THEMES = ["phone", "light", "dark"];

const BARS = { light: "#f5f6f3", dark: "#0f1517" }; // --ground in tokens.css
const darkness = matchMedia("(prefers-color-scheme: dark)");

/** What is chosen on this phone, one of THEMES. */
export const theme = () => recall("theme")?.content ?? "phone";

/** Choose one of THEMES; the phone keeps it. */
export function paint(chosen) {
  if (chosen === "phone") forget("theme");
  else remember("theme", chosen, Date.now());
  apply(chosen);
}

function apply(chosen) {
  const shown = chosen === "phone" ? (darkness.matches ? "dark" : "light") : chosen;
  document.documentElement.dataset.theme = shown;
  document.querySelector("meta[name=theme-color]").content = BARS[shown];
}

darkness.addEventListener("change", () => apply(theme()));
apply(theme());
