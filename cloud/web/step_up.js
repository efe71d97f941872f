// SPDX-License-Identifier: EUPL-1.2
/** Sensitive things ask once more who it is; then the call is repeated as if nothing had happened. */

import { RefusedError, UnreachableError } from "./api.js";

/** The person closed the question: nothing was done. */
export class CancelledError extends Error {}

/** Do `work`; where the server wants to know once more who it is, ask, and do it again. */
export async function shownAnew(work) {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RefusedError) || error.code !== "step-up-needed") throw error;
  }
  await ask();
  return work();
}

async function ask() {
  try {
    await import("./components/step_up_dialog.js");
  } catch (cause) {
    throw new UnreachableError("The question could not be loaded.", { cause });
  }
  const dialog = document.createElement("iskar-step-up");
  document.querySelector("iskar-app").append(dialog);
  try {
    await dialog.answered;
  } finally {
    dialog.remove();
  }
}
