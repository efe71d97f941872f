// SPDX-License-Identifier: EUPL-1.2
/** An error as a sentence the person in front of the screen can act on. */

import { UnreachableError } from "./api.js";
import { t } from "./language.js";

/** `own` has keys of words for codes that mean something of their own here. */
export function problemText(error, own = {}) {
  if (own[error.code]) return t(own[error.code]);
  if (error instanceof UnreachableError) return t("unreachable");
  if (error.status === 404 || error.status === 403) return t("not_found");
  if (error.code === "not-signed-in") return t("signed_out_meanwhile");
  if (error.status === 429) return error.retryAfterS ? t("too_many_attempts", { n: error.retryAfterS }) : t("too_many");
  if (error.status) return t("server_error", { n: error.status });
  throw error; // a fault of ours belongs on the console, not in a polite sentence
}
