// SPDX-License-Identifier: EUPL-1.2
/** Which units somebody reads water and gas in; the phone keeps it. All else has the unit that suits its size. */

import { recall, remember } from "./store.js";

export const AUTOMATIC = "auto";

/** The units to choose from, by utility; the first is that of who never chose. */
export const UNIT_CHOICES = { water: [AUTOMATIC, "l", "m³"], gas: ["m³", "kWh"] };

const changes = new EventTarget();
let current = { ...recall("units")?.content };

/** The unit chosen for a utility; null where there is nothing to choose. */
export function chosenUnit(utility) {
  const units = UNIT_CHOICES[utility];
  if (!units) return null;
  return units.includes(current[utility]) ? current[utility] : units[0];
}

/** Whether gas is to be shown as energy. */
export const isGasEnergy = () => chosenUnit("gas") === "kWh";

export function chooseUnit(utility, unit) {
  current = { ...current, [utility]: unit };
  remember("units", current, Date.now());
  changes.dispatchEvent(new Event("change"));
}

/** Call `listener` at every change; returns the function that ends it. */
export function onUnits(listener) {
  changes.addEventListener("change", listener);
  return () => changes.removeEventListener("change", listener);
}
