// SPDX-License-Identifier: EUPL-1.2
/** Words of signing in at an organisation's own provider: key: [Bulgarian, English]. */

import { addWords } from "../language.js";

addWords({
  organisations_yours: ["За служители", "For employees"],
  organisation_in: ["Вход през {name}", "Sign in with {name}"],
});
