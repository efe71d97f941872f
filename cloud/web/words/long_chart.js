// SPDX-License-Identifier: EUPL-1.2
/** Words of the chart over ten years: key: [Bulgarian, English]. */

import { addWords } from "../language.js";

addWords({
  long_total: ["От {from} досега: {amount}.", "Since {from}: {amount}."],
  long_most: ["Най-много през {year} г.: {amount}.", "Most in {year}: {amount}."],
  long_back: ["По-рано", "Earlier"],
  long_on: ["По-късно", "Later"],
  long_in: ["Приближи", "Zoom in"],
  long_out: ["Отдалечи", "Zoom out"],
  long_all: ["Всички години", "All years"],
  long_range: ["от най-малко до най-много за час", "from least to most in an hour"],
  long_mean: ["средно за час", "mean of an hour"],
  long_by_day: ["По-старите часове се пазят само като дни: за тях виждаш средното за деня.", "Older hours are kept only as days: of them you see the day's mean."],
  long_per_hour: ["{unit}/ч", "{unit}/h"],
  long_year: ["Година", "Year"],
  long_help: [
    "Стрелките местят, плюс и минус приближават и отдалечават, нула показва всички години.",
    "Arrow keys move, plus and minus zoom, zero shows all years.",
  ],
});
