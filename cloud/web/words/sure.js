// SPDX-License-Identifier: EUPL-1.2
/** Words of a button that asks first: key: [Bulgarian, English]. */

import { addWords } from "../language.js";

addWords({
  sure_yes: ["Да", "Yes"],
  sure_no: ["Не", "No"],
});
