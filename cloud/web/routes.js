// SPDX-License-Identifier: EUPL-1.2
/** Which view an address shows, to whom, and the module it is loaded from when it is first asked for. */

import { html } from "lit";
import { mayShare } from "./who.js";

const PLANNERS = ["utility", "operator", "municipality"]; // whom demand is for
const KEEPERS = ["utility", "operator"]; // who may set limits

const ANYBODY = {}; // without a role

const isPlanner = (user) => PLANNERS.includes(user.role);
const isOwner = (user) => !isPlanner(user);

const PASSWORD = { address: /^#\/password\/([\w-]+)$/, load: () => import("./views/new_password.js"), show: ([link]) => html`<iskar-new-password .link=${link}></iskar-new-password>` };
const SIGN_IN = { load: () => import("./views/sign_in.js"), show: (_, { notice }) => html`<iskar-sign-in .notice=${notice}></iskar-sign-in>` };
const SECOND_FACTOR = { load: () => import("./views/second_factor.js"), show: () => html`<iskar-second-factor></iskar-second-factor>` };

/** What an address shows that no route knows. */
const HOME = { load: () => import("./views/buildings.js"), show: () => html`<iskar-buildings></iskar-buildings>` };

/** The first whose address fits and which is for the user shows; `show` gets the address's parts, decoded, and {user, notice}. */
const ROUTES = [
  { address: /^#\/demand$/, isFor: isPlanner, load: () => import("./views/demand.js"), show: () => html`<iskar-demand></iskar-demand>` },
  { address: /^#\/datasets$/, isFor: isPlanner, load: () => import("./views/datasets.js"), show: () => html`<iskar-datasets></iskar-datasets>` },
  { address: /^#\/demand\/([^/]+)$/, isFor: isPlanner, load: () => import("./views/demand_series.js"), show: ([id], { user }) => html`<iskar-demand-series .seriesId=${id} .mayKeep=${KEEPERS.includes(user.role)}></iskar-demand-series>` },
  { address: /^#\/alerts$/, isFor: isOwner, load: () => import("./views/alerts.js"), show: () => html`<iskar-all-alerts></iskar-all-alerts>` },
  { address: /^#\/alerts\/([^/]+)$/, load: () => import("./views/alert.js"), show: ([id]) => html`<iskar-alert .alertId=${id}></iskar-alert>` },
  { address: /^#\/notices$/, load: () => import("./views/notices.js"), show: () => html`<iskar-notices></iskar-notices>` },
  { address: /^#\/account$/, load: () => import("./views/account.js"), show: (_, { user }) => html`<iskar-account .user=${user}></iskar-account>` },
  { address: /^#\/account\/data$/, load: () => import("./views/my_data.js"), show: (_, { user }) => html`<iskar-my-data .user=${user}></iskar-my-data>` },
  { address: /^#\/premises\/([^/]+)\/meters\/([^/]+)(?:\/(\d{4}-\d\d-\d\d))?$/, load: () => import("./views/meter.js"), show: ([premisesId, id, day]) => html`<iskar-meter-page .premisesId=${premisesId} .servicePointId=${id} .day=${day ?? null}></iskar-meter-page>` },
  { address: /^#\/premises\/([^/]+)\/saving$/, load: () => import("./views/saving.js"), show: ([id]) => html`<iskar-saving .premisesId=${id}></iskar-saving>` },
  { address: /^#\/premises\/([^/]+)\/papers$/, load: () => import("./views/papers.js"), show: ([id]) => html`<iskar-papers .premisesId=${id}></iskar-papers>` },
  { address: /^#\/premises\/([^/]+)\/rules$/, load: () => import("./views/rules.js"), show: ([id]) => html`<iskar-rules .premisesId=${id}></iskar-rules>` },
  { address: /^#\/premises\/([^/]+)\/people$/, load: () => import("./views/people.js"), show: ([id], { user }) => html`<iskar-people .premisesId=${id} .user=${user}></iskar-people>` },
  { address: /^#\/premises\/([^/]+)$/, load: () => import("./views/building.js"), show: ([id]) => html`<iskar-building .premisesId=${id}></iskar-building>` },
];

/** The sections people move between: where, its words, its icon, the addresses that belong to it. */
const SECTIONS = [
  { address: "#/", words: "nav_buildings", icon: "residential", own: /^(#\/?|#\/premises\/.*)?$/ },
  { address: "#/alerts", words: "nav_alerts", icon: "alert", own: /^#\/(alerts|notices)/, isFor: isOwner },
  { address: "#/demand", words: "nav_demand", icon: "forecast", own: /^#\/demand/, isFor: isPlanner },
  { address: "#/datasets", words: "nav_datasets", icon: "stack", own: /^#\/datasets/, isFor: isPlanner },
  { address: "#/account", words: "nav_account", icon: "person", own: /^#\/account/ },
];

/** The views of one building: the address's last part, its words, and of whom and which building it is. */
export const TABS = [
  { part: "", words: "tab_now" },
  { part: "saving", words: "tab_saving" },
  { part: "papers", words: "tab_papers" },
  { part: "rules", words: "tab_rules" },
  { part: "people", words: "tab_people", isFor: mayShare },
];

/** The route of an address for a user, null for nobody, and the parts of the address: {route, parts}. */
export function routeOf(hash, user) {
  const link = hash.match(PASSWORD.address);
  if (link) return { route: PASSWORD, parts: [link[1]] };
  if (!user) return { route: SIGN_IN, parts: [] };
  if (user.needsSecondFactor) return { route: SECOND_FACTOR, parts: [] };
  for (const route of ROUTES) {
    const match = hash.match(route.address);
    if (match && (route.isFor?.(user) ?? true)) return { route, parts: match.slice(1).map((part) => part && decoded(part)) };
  }
  return { route: HOME, parts: [] };
}

/** Load the view while the server says who we are, `known` so far: an address of its own is mostly opened by somebody signed in. */
export function loadAhead(hash, known) {
  if (!known && hash.length <= "#/".length) return;
  const { route } = routeOf(hash, known ?? ANYBODY);
  route.load().catch(() => {}); // the view asks for it again, and says what is wrong
}

/** The sections of a user. */
export const sectionsOf = (user) => SECTIONS.filter(({ isFor }) => isFor?.(user) ?? true);

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a lone % in an address somebody typed: such a thing doesn't exist, as the view will say
  }
}
