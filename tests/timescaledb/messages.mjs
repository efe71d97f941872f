// SPDX-License-Identifier: EUPL-1.2
// Messages of PostgreSQL's wire protocol 3.0: a type, a length that counts itself, the content.
// Source: PostgreSQL documentation, "Message Formats".

export const SSL_REQUEST = 80877103
export const GSS_REQUEST = 80877104
export const CANCEL_REQUEST = 80877102

export function int32(...numbers) {
  const bytes = Buffer.alloc(4 * numbers.length)
  numbers.forEach((number, place) => bytes.writeInt32BE(number, 4 * place))
  return bytes
}

export function text(string) {
  return Buffer.from(`${string}\0`)
}

export function message(type, ...parts) {
  const content = Buffer.concat(parts)
  return Buffer.concat([Buffer.from(type), int32(content.length + 4), content])
}

export function typeOf(bytes) {
  return String.fromCharCode(bytes[0])
}

/** Yield each message in `bytes`, all of which are complete. */
export function* each(bytes) {
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + bytes.readInt32BE(at + 1)
    yield bytes.subarray(at, end)
    at = end
  }
}

/** Cuts what arrives into messages; the first of a connection have no type. */
export class Framer {
  #waiting = []
  #length = 0
  #needed = 0
  hasStarted = false

  /** Return the messages that are complete with `chunk`. */
  push(chunk) {
    this.#waiting.push(chunk)
    this.#length += chunk.length
    if (this.#length < this.#needed) return []
    let bytes = Buffer.concat(this.#waiting)
    const found = []
    for (;;) {
      const head = this.hasStarted ? 1 : 0
      this.#needed = bytes.length < head + 4 ? head + 4 : head + bytes.readInt32BE(head)
      if (bytes.length < this.#needed) break
      const one = bytes.subarray(0, this.#needed)
      if (!this.hasStarted && one.readInt32BE(4) >> 16 === 3) this.hasStarted = true
      found.push(one)
      bytes = bytes.subarray(this.#needed)
    }
    this.#waiting = [bytes]
    this.#length = bytes.length
    return found
  }
}
