// SPDX-License-Identifier: EUPL-1.2
/** Words of what an authenticator app is told: key: [Bulgarian, English]. */

import { addWords } from "../language.js";

addWords({
  codes_scan: ["Сканирай с приложението си за кодове. Ако е на това устройство, отвори го направо.", "Scan this with your authenticator app. If it is on this device, open it straight away."],
  codes_picture: ["QR код за приложението за кодове", "QR code for the authenticator app"],
  codes_open_app: ["Отвори приложението", "Open the app"],
  codes_or_type: ["Не става? Въведи в него този ключ:", "Doesn't work? Enter this key there:"],
});
