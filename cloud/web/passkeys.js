// SPDX-License-Identifier: EUPL-1.2
/** Passkeys: what the server and the browser tell each other, between JSON and bytes. */

export const available = () => "PublicKeyCredential" in window;

/** Make a passkey; resolves to what the server is to be sent. */
export async function make(options) {
  const credential = await navigator.credentials.create({ publicKey: {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: options.excludeCredentials.map((one) => ({ ...one, id: bytes(one.id) })),
  } });
  return sent(credential, ["clientDataJSON", "attestationObject"]);
}

/** Show a passkey; resolves to what the server is to be sent. */
export async function show(options) {
  const credential = await navigator.credentials.get({ publicKey: {
    ...options,
    challenge: bytes(options.challenge),
    allowCredentials: [],
  } });
  return sent(credential, ["clientDataJSON", "authenticatorData", "signature", "userHandle"]);
}

function sent(credential, parts) {
  const response = Object.fromEntries(parts
    .filter((part) => credential.response[part])
    .map((part) => [part, text(credential.response[part])]));
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response };
}

const bytes = (base64url) =>
  Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));

const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
