// SPDX-License-Identifier: EUPL-1.2
/** A browser in words people know it by: "Chrome, Android". */

/** @type {[RegExp, string][]} */
const BROWSERS = [[/EdgA?\//, "Edge"], [/OPR\//, "Opera"], [/SamsungBrowser\//, "Samsung Internet"], [/Firefox\/|FxiOS\//, "Firefox"], [/Chrome\/|CriOS\//, "Chrome"], [/Safari\//, "Safari"]];
/** @type {[RegExp, string][]} */
const SYSTEMS = [[/iPhone/, "iPhone"], [/iPad/, "iPad"], [/Android/, "Android"], [/Windows/, "Windows"], [/Mac OS X|Macintosh/, "Mac"], [/CrOS/, "ChromeOS"], [/Linux/, "Linux"]];

/** What a browser says of itself, as people call it; `unknown` for what is none we know. */
export function deviceOf(agent, unknown) {
  const named = [BROWSERS, SYSTEMS].map((known) => known.find(([sign]) => sign.test(agent))?.[1]);
  return named.filter(Boolean).join(", ") || unknown;
}
