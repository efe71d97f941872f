// SPDX-License-Identifier: EUPL-1.2
// Verify webhooks of Iskar with Node.js 18 or newer; nothing to install.
//
//   const receiver = new Receiver(["whsec_…"])   // or "whpk_…", the public key
//   await receiver.take(request.headers, body, handle)   // body: a Buffer, as it came
//
// `handle` is called with each event once; if it throws, the event comes again. Answer 2xx once
// `take` has returned, also to a repetition; 401 to RefusedError; 503 with Retry-After to
// UnderWayError, for the event may yet fail; 500 to what `handle` throws.
// Source: Standard Webhooks 1.0.
import { createHmac, createPublicKey, timingSafeEqual, verify } from "node:crypto"

const TOLERANCE_S = 300
const REMEMBERED = 100_000
const ED25519 = Buffer.from("302a300506032b6570032100", "hex") // SubjectPublicKeyInfo, RFC 8410

export const COME_BACK_S = 5 // for Retry-After while an earlier request is being handled

export class RefusedError extends Error {}
export class UnderWayError extends Error {}

export class Receiver {
  #keys
  #seen = new Set()
  #underWay = new Set()
  #now

  constructor(keys, now = () => Date.now() / 1000) {
    if (keys.length === 0) throw new Error("Give at least one key.")
    this.#keys = keys.map(keyFrom)
    this.#now = now
  }

  async take(headers, body, handle) {
    const id = this.verify(headers, body)
    if (this.#seen.has(id)) return false
    if (this.#underWay.has(id)) throw new UnderWayError("An earlier request is being handled.")
    this.#underWay.add(id)
    try {
      await handle(JSON.parse(body.toString("utf8")))
    } finally {
      this.#underWay.delete(id)
    }
    this.#seen.add(id)
    if (this.#seen.size > REMEMBERED) this.#seen.delete(this.#seen.values().next().value)
    return true
  }

  verify(headers, body) {
    const id = headers["webhook-id"]
    const attemptedAt = headers["webhook-timestamp"]
    const signatures = headers["webhook-signature"]
    if (!id || !attemptedAt || !signatures) throw new RefusedError("A header is missing.")
    if (!/^[0-9]{1,12}$/.test(attemptedAt)) throw new RefusedError("The time can't be read.")
    if (Math.abs(this.#now() - Number(attemptedAt)) > TOLERANCE_S) {
      throw new RefusedError("The request is more than five minutes old, or from the future.")
    }
    const signed = Buffer.concat([Buffer.from(`${id}.${attemptedAt}.`), body])
    const told = signatures.split(" ").map((one) => one.split(","))
    const isRight = told.some(([version, signature]) =>
      this.#keys.some((key) => key(version, Buffer.from(signature ?? "", "base64"), signed)),
    )
    if (!isRight) throw new RefusedError("No signature is right.")
    return id
  }
}

function keyFrom(told) {
  if (told.startsWith("whpk_")) {
    const der = Buffer.concat([ED25519, Buffer.from(told.slice(5), "base64")])
    const key = createPublicKey({ key: der, format: "der", type: "spki" })
    return (version, signature, signed) => version === "v1a" && verify(null, signed, key, signature)
  }
  const secret = Buffer.from(told.replace(/^whsec_/, ""), "base64")
  if (secret.length === 0) throw new Error("The secret is empty.")
  return (version, signature, signed) => {
    const expected = createHmac("sha256", secret).update(signed).digest()
    return version === "v1" && signature.length === expected.length && timingSafeEqual(signature, expected)
  }
}
