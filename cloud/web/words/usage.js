// SPDX-License-Identifier: EUPL-1.2
/** Words of the charts of use: key: [Bulgarian, English]; a pair within is [one, more] of `{n}`. */

import { addWords } from "../language.js";

addWords({
  now_title: ["Сега", "Now"],
  now_of: ["по {n} от {of} измервателя", "by {n} of {of} meters"],
  usage_period: ["Период", "Period shown"],
  usage_by_day: ["Ден", "Day"],
  usage_by_week: ["Седмица", "Week"],
  usage_by_month: ["Месец", "Month"],
  usage_by_year: ["Година", "Year"],
  usage_by_years: ["10 год.", "10 yrs"],
  usage_ten_years: ["Последните десет години", "The last ten years"],
  usage_days: ["По дни", "By day"],
  previous_week: ["Предишна седмица", "Previous week"],
  next_week: ["Следваща седмица", "Next week"],
  previous_month: ["Предишен месец", "Previous month"],
  next_month: ["Следващ месец", "Next month"],
  usage_odd_day: ["Смяна на часа: {when} има {n} часа.", "Clocks change: {when} has {n} hours."],
  days_missing: [["За {n} ден няма данни.", "За {n} дни няма данни."], ["{n} day is missing.", "{n} days are missing."]],
  days_estimated: [["{n} ден е с изчислени или непълни данни.", "{n} дни са с изчислени или непълни данни."], ["{n} day is estimated or incomplete.", "{n} days are estimated or incomplete."]],
  compared: ["{when}: {amount}.", "{when}: {amount}."],
  compared_so_far: ["{when}, за същото време: {amount}.", "{when}, over the same time: {amount}."],
  compared_more: ["Сега е с {share} % повече.", "Now it is {share} % more."],
  compared_less: ["Сега е с {share} % по-малко.", "Now it is {share} % less."],
  compared_same: ["Сега е почти същото.", "Now it is about the same."],
  compared_only_hours: [["Сравнен е {n} час, известен и в двете години.", "Сравнени са {n} часа, известни и в двете години."], ["Compared is {n} hour that is known in both years.", "Compared are {n} hours that are known in both years."]],
  compared_only_days: [["Сравнен е {n} ден, известен и в двете години.", "Сравнени са {n} дни, известни и в двете години."], ["Compared is {n} day that is known in both years.", "Compared are {n} days that are known in both years."]],
  compared_only_months: [["Сравнен е {n} месец, известен и в двете години.", "Сравнени са {n} месеца, известни и в двете години."], ["Compared is {n} month that is known in both years.", "Compared are {n} months that are known in both years."]],
  year_ago: ["преди година", "a year ago"],
  year_ago_amount: ["преди година {amount}", "{amount} a year ago"],
  exchanged: ["{when}: сменен измервател, № {before} с № {after}.", "{when}: meter exchanged, no. {before} for no. {after}."],
  exchanged_here: ["сменен измервател", "meter exchanged"],
  legend_exchange: ["сменен измервател", "meter exchanged"],
});
