// SPDX-License-Identifier: EUPL-1.2
/** One of my buildings in the list: what flows now, today against a usual day, what is wrong, how fresh it is. */

import { html, nothing } from "lit";
import { alertKindOf, kindOf } from "../kinds.js";
import { language, named, t } from "../language.js";
import { amountText, NOTHING, quantity } from "../units.js";
import { byUtility } from "../usage.js";
import "./age.js";
import { icon } from "./icons.js";
import { rangeBar, usualText } from "./usual_bar.js";

/** Draw a building; `uses` are its usual days where they are known, `isLive` whether what is said of now is of now. */
export function buildingCard(item, uses, isLive) {
  const { premises_id, name, kind, address, open_alerts } = item;
  const href = `#/premises/${encodeURIComponent(premises_id)}`;
  const today = byUtility(item.today);
  return html`
    <li>
      <article class="card building home-card ${open_alerts ? "has-alerts" : ""}" data-premises=${premises_id}>
        <header>
          <span class="building-icon">${icon(kindOf(kind))}</span>
          <span><h2><a class="home-link" href=${href}>${named(name)}</a></h2><small>${t(kindOf(kind))} · ${named(address)}</small></span>
        </header>
        ${alertLine(item)}
        ${freshNotes(item.freshness)}
        ${today.length && isRead(item.freshness) ? html`
          <ul class="home-uses">${today.map((one) => use(one, flowOf(item, one.utility, isLive), uses?.find(({ utility }) => utility === one.utility)))}</ul>` : nothing}
        ${item.freshness?.newest_read_at ? html`<p class="home-age"><iskar-age .at=${Date.parse(item.freshness.newest_read_at)} .words=${"home_newest"}></iskar-age></p>` : nothing}
      </article>
    </li>`;
}

/** Whether anything was read here at all; of a list kept by an earlier release that isn't known. */
const isRead = (freshness) => !freshness || freshness.meters > freshness.unread;

function alertLine({ open_alerts, worst_alert }) {
  if (!open_alerts) return html`<p class="building-alerts" data-open-alerts="0">${icon("check")}${t("no_alerts")}</p>`;
  if (!worst_alert) return html`<p class="building-alerts" data-open-alerts=${open_alerts}>${icon("alert")}${t("open_alerts", { n: open_alerts })}</p>`;
  return html`
    <p class="building-alerts" data-open-alerts=${open_alerts}>
      <a class="home-alert" href="#/alerts/${encodeURIComponent(worst_alert.alert_id)}">${icon("alert")}<span>${t(alertKindOf(worst_alert, "other_alert"))}</span></a>
      ${open_alerts > 1 ? html`<span class="home-more">${t("home_more_alerts", { n: open_alerts - 1 })}</span>` : nothing}
    </p>`;
}

function freshNotes(freshness) {
  if (!freshness) return nothing;
  if (!freshness.meters) return html`<p class="home-note">${t("first_no_meters")}</p>`;
  const [first, ...others] = freshness.silent;
  return html`
    ${freshness.unread ? html`<p class="home-note" data-unread=${freshness.unread}>${t("first_unread", { n: freshness.unread })}
      ${isRead(freshness) ? nothing : t("first_unread_do")}</p>` : nothing}
    ${first ? html`<p class="home-note" data-silent=${freshness.silent.length}>${silentText(first)}
      ${others.length ? t("home_silent_more", { n: others.length }) : nothing} ${t("home_silent_do")}</p>` : nothing}`;
}

const silentText = ({ name, read_at }) => html`
  <iskar-age .at=${Date.parse(read_at)} .words=${"home_silent"} .fields=${{ name: named(name) }}></iskar-age>`;

function flowOf({ flows }, utility, isLive) {
  const flow = isLive ? flows?.find((one) => one.utility === utility) : null;
  if (!flow || flow.reading === null) return null;
  const amount = amountText(flow.reading, flow.unit, language());
  return flow.quality.includes("missing") ? t("home_at_least", { amount }) : amount;
}

function use({ utility, unit, usage }, flow, compared) {
  const { figure, unit: written } = quantity(usage, unit, language());
  const usual = compared?.usual;
  return html`
    <li class="u-${utility}" data-utility=${utility}>
      <h3>${icon(utility)}${t(utility)}</h3>
      <dl>
        <div class="home-today"><dt>${t("today")}</dt><dd><b>${figure}</b> ${written}</dd></div>
        <div class="home-flow"><dt>${t("home_now")}</dt><dd>${flow ?? NOTHING}</dd></div>
      </dl>
      ${usual ? rangeBar(compared.amount, usual.low, usual.median, usual.high) : nothing}
      ${compared && compared.reason !== "nothing_today" ? html`<p class="home-usual">${usualText(compared)}</p>` : nothing}
    </li>`;
}
