// SPDX-License-Identifier: EUPL-1.2
/** Which language the page speaks, and the words in it; `words/` adds them, each part its own. */

import { recall, remember } from "./store.js";

export const LANGUAGES = ["bg", "en"];

const PLURALS = Object.fromEntries(LANGUAGES.map((code) => [code, new Intl.PluralRules(code)]));
const WORDS = new Map(); // key: [Bulgarian, English]
const changes = new EventTarget();
let current = recall("language")?.content ?? preferred(navigator.languages);
document.documentElement.lang = current;

/** Make words known under their keys; a key means one thing in the whole app. */
export function addWords(words) {
  for (const [key, entry] of Object.entries(words)) {
    if (WORDS.has(key)) throw new Error(`There are words for ${key} already.`);
    WORDS.set(key, entry);
  }
}

/** All words known so far: [key, [Bulgarian, English]]. */
export const allWords = () => [...WORDS];

/** The first language of the browser that we speak; English for anybody else. */
export function preferred(languages) {
  const spoken = languages.map((tag) => tag.slice(0, 2).toLowerCase());
  return spoken.find((tag) => LANGUAGES.includes(tag)) ?? "en";
}

export const language = () => current;

export function speak(chosen) {
  current = chosen;
  remember("language", chosen, Date.now());
  document.documentElement.lang = chosen;
  changes.dispatchEvent(new Event("change"));
}

/** Call `listener` at every change; returns the function that ends it. */
export function onLanguage(listener) {
  changes.addEventListener("change", listener);
  return () => changes.removeEventListener("change", listener);
}

/** The words under `key`, with `{name}` replaced from `fields` and the plural by `fields.n`. */
export function t(key, fields = {}) {
  const entry = WORDS.get(key);
  if (entry === undefined) throw new Error(`There are no words for ${key}.`);
  const words = entry[LANGUAGES.indexOf(current)];
  const form = typeof words === "string"
    ? words
    : words[PLURALS[current].select(fields.n) === "one" ? 0 : 1];
  return form.replace(/\} %/g, "}\u00a0%").replace(/\{(\w+)\}/g, (_, name) => fields[name]);
}

/** Words for a name the API gives: {bg, en} or one text for both. */
export function named(name) {
  return typeof name === "string" ? name : name?.[current] ?? name?.en ?? "";
}
