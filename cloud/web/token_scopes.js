// SPDX-License-Identifier: EUPL-1.2
/** What a program's token may be allowed to, by its person's role: as in cloud/kit/auth/rights.py. */

const SCOPES = {
  owner: [
    "see_premises", "see_demand", "acknowledge", "label", "switch_rules", "client_numbers", "subscribe", "budget", "accesses",
  ],
  utility: ["see_premises", "see_demand", "keep_demand", "subscribe", "webhooks"],
  municipality: ["see_districts", "see_demand"],
  operator: [
    "see_premises", "see_districts", "see_demand", "keep_demand", "acknowledge", "label", "switch_rules", "client_numbers",
    "register", "correct", "subscribe", "budget", "audit", "accesses", "operate", "webhooks", "rotate",
  ],
};

/** The rights that a person of this role may give a token; none where the role makes no tokens. */
export const scopesOf = (role) => SCOPES[role] ?? [];
