// SPDX-License-Identifier: EUPL-1.2
/** What came of comparing a bill: a sentence, the figures beside one another, and the reasons. */

import { html, nothing } from "lit";
import { dateText, midnight } from "../calendar.js";
import { language, t } from "../language.js";
import { decimal, euroText, NOTHING, symbol } from "../units.js";
import { icon } from "./icons.js";

const DAYS = ["day", "shown_on", "first", "last", "valid_from"];
const FIGURES = ["billed", "ours", "before", "after", "start", "end", "amount"];
const FACTORS = ["billed_kwh_per_m3", "our_kwh_per_m3"];

/** Draw a comparison; `found.billed` has the figures that were typed in. */
export function checkedBill(found) {
  const { billed } = found;
  const unit = symbol(found.unit === "m3" ? "m³" : found.unit, language());
  const { reasons } = found;
  return html`
    <div class="verdict verdict-${found.verdict}" data-verdict=${found.verdict}>
      <h3>${icon(found.verdict === "agrees" ? "check" : "alert")}${t(`verdict_${found.verdict}`)}</h3>
      <table class="figures">
        <caption class="visually-hidden">${t("check_table")}</caption>
        <thead><tr><td></td><th scope="col">${t("check_billed")}</th><th scope="col">${t("check_ours")}</th><th scope="col">${t("check_difference")}</th></tr></thead>
        <tbody>
          ${row(t("check_row_start"), unit, billed.start_register, found.start.register)}
          ${row(t("check_row_end"), unit, billed.end_register, found.end.register)}
          ${row(t("check_row_use"), unit, found.billedUsage, found.usage)}
          ${row(t("check_row_total"), "€", found.billedTotal, found.ourTotal)}
        </tbody>
      </table>
      ${found.quality.length ? html`<p class="note">${found.quality.map((one) => t(`q_${one}`)).join(", ")}</p>` : nothing}
      ${reasons.length ? html`<h4>${t("check_reasons")}</h4>
        <ul class="why">${reasons.map((one) => html`<li data-reason=${one.code}><span>${why(one, unit)}</span>${part(one, unit)}</li>`)}</ul>` : nothing}
    </div>`;
}

/** A line of the table; what one side doesn't tell is a dash, and so is the difference. */
function row(words, unit, billed, ours) {
  const [theirs, known] = [billed ?? null, ours ?? null];
  const difference = theirs === null || known === null ? null : theirs - known;
  const write = (figure) => figureText(figure, unit === "€" ? 2 : 0);
  return html`
    <tr><th scope="row">${words}, ${unit}</th><td>${write(theirs)}</td><td>${write(known)}</td><td>${signed(difference, write)}</td></tr>`;
}

function figureText(figure, least) {
  if (figure === null) return NOTHING;
  return new Intl.NumberFormat(language(), { minimumFractionDigits: least, maximumFractionDigits: 2 }).format(figure);
}

const amount = (figure, unit) => (figure === null ? NOTHING : `${decimal(figure, 2, language())}\u00a0${unit}`);

const euro = (figure) => euroText(figure, language()) ?? NOTHING;

function signed(figure, write) {
  if (figure === null) return NOTHING;
  return figure > 0 ? `+${write(figure)}` : write(figure);
}

/** How much of the difference a reason makes up, where that is known. */
function part({ usagePart, eurPart }, unit) {
  const known = [usagePart ? signed(usagePart, (one) => amount(one, unit)) : null, eurPart ? signed(eurPart, euro) : null].filter(Boolean);
  return known.length ? html`<b>${known.join(", ")}</b>` : nothing;
}

/** A reason in words, with the figures that it rests on. */
function why({ code, evidence }, unit) {
  const fields = {};
  for (const [name, told] of Object.entries(evidence)) fields[name] = written(name, told, unit);
  fields.n = Number(evidence.days ?? 0);
  fields.what = evidence[`what_${language()}`];
  for (const name of ["before", "after"]) fields[name] ??= NOTHING;
  return t(code === "exchanged" && evidence.left_out ? `why_exchanged_${evidence.left_out}` : `why_${code}`, fields);
}

function written(name, told, unit) {
  if (DAYS.includes(name)) return date(midnight(told));
  if (name === "at" || name.endsWith("_at")) return date(Date.parse(told));
  if (FIGURES.includes(name)) return amount(Number(told), unit);
  if (FACTORS.includes(name)) return decimal(Number(told), 4, language());
  return name === "total" ? euro(Number(told)) : told;
}

const date = (at) => dateText(at, language(), { day: "numeric", month: "long", year: "numeric" });
