// SPDX-License-Identifier: EUPL-1.2
/** The cloud's routes of rules: which watch a meter, their switches, and how they would have fared. */

import { call } from "./api.js";

const BACKTEST_TIMEOUT_MS = 240_000; // a year of a minute's meter takes half a minute; others may be before us

const at = (servicePointId) => `/service-points/${encodeURIComponent(servicePointId)}`;

export const rulesOf = async (servicePointId) => (await call("GET", `${at(servicePointId)}/rules`)).items;

/** Switch a rule on or off; resolves to the rule. */
export const switchRule = (servicePointId, kind, isOn) =>
  call("PUT", `${at(servicePointId)}/rules/${encodeURIComponent(kind)}`, { is_on: isOn });

/** What all rules of a meter would have found in its last days: {readings, findings}. */
export const backtest = (servicePointId, days) =>
  call("POST", `${at(servicePointId)}/backtest`, { days }, BACKTEST_TIMEOUT_MS);
