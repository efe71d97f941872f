// SPDX-License-Identifier: EUPL-1.2
/** What is shown before there is something to show, or when there is nothing any more; each says what to do next. */

import { html, nothing } from "lit";
import { t } from "../language.js";
import { icon } from "./icons.js";

/** An account without a building yet. */
export const emptyAccount = (email) => html`
  <section class="card first-hour" data-first="account">
    <span class="building-icon">${icon("residential")}</span>
    <h2>${t("first_title")}</h2>
    <p>${t("first_ask", { email: email ?? t("email") })}</p>
    <p role="status">${t("first_by_itself")}</p>
  </section>`;

/** A building of which no meter was ever read, or that has none; nothing once one was, for the others say it themselves. */
export function waitingForReadings(points) {
  const hung = points.filter((point) => point.meter);
  if (hung.some((point) => point.read_at)) return nothing;
  return html`
    <p class="card first-note" role="status" data-first="readings">
      ${hung.length ? `${t("first_unread", { n: hung.length })} ${t("first_unread_do")}` : t("first_no_meters")}</p>`;
}

/** A building that is not the reader's any more. */
export const buildingGone = () => html`
  <section class="card first-hour" role="alert" data-first="gone">
    <h1>${t("gone_title")}</h1>
    <p>${t("gone")}</p>
    <a class="primary first-way" href="#/">${t("gone_home")}</a>
  </section>`;
