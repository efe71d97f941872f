// SPDX-License-Identifier: EUPL-1.2
// Session: one client of the only backend there is.
//
// Clients take turns: one keeps the backend from its first message to the end of its transaction.
// Its prepared statements carry its number in their names, because the backend has one list.

import {
  CANCEL_REQUEST, Framer, GSS_REQUEST, SSL_REQUEST, each, int32, message, text, typeOf,
} from './messages.mjs'

const COPY_IN = /^\s*copy\s[\s\S]*\sfrom\s+stdin/i
const LISTEN = /^[QP]....\0?\s*listen\s/is
const ENDS_A_BATCH = new Set(['Q', 'S', 'H', 'F'])  // Query, Sync, Flush, FunctionCall
const LEFT_BEHIND = [  // by pg_dump and pg_restore, for the only backend there is
  'set search_path to public', 'reset row_security', 'reset check_function_bodies', 'reset restrict_nonsystem_relation_kind',
]
const PARAMETERS = {
  server_encoding: 'UTF8', client_encoding: 'UTF8', DateStyle: 'ISO, MDY', TimeZone: 'UTC',
  integer_datetimes: 'on', standard_conforming_strings: 'on', IntervalStyle: 'postgres',
}

export class Session {
  #backend
  #socket
  #number
  #framer = new Framer()
  #batch = []
  #statements = new Set()
  #isCopying = false
  #isOpen = true
  #turn = Promise.resolve()  // what this client asked for is done in its order
  isListening = false

  constructor(backend, socket, number) {
    this.#backend = backend
    this.#socket = socket
    this.#number = number
  }

  receive(chunk) {
    for (const one of this.#framer.push(chunk)) {
      if (one[0] === 0) this.#start(one)
      else this.#take(one)
    }
  }

  /** Pass on what another client notified. */
  notify(notification) {
    if (this.#isOpen) this.#socket.write(notification)
  }

  /** Roll back what the client left open, and forget its statements. */
  async close() {
    this.#isOpen = false
    await this.#turn
    await this.#backend.acquire(this)
    const forget = [...this.#statements].map((name) => `deallocate "${name}"`)
    for (const query of ['rollback', ...LEFT_BEHIND, ...forget]) await this.#backend.run(message('Q', text(query)))
    this.#backend.release(this)
  }

  #start(request) {
    const code = request.readInt32BE(4)
    if (code === SSL_REQUEST || code === GSS_REQUEST) this.#socket.write('N')
    else if (code === CANCEL_REQUEST) this.#socket.end()
    else {
      const told = Object.entries({ server_version: this.#backend.version, ...PARAMETERS })
      this.#socket.write(Buffer.concat([
        message('R', int32(0)),
        ...told.map(([name, setting]) => message('S', text(name), text(setting))),
        message('K', int32(this.#number, 0)),
        message('Z', Buffer.from('I')),
      ]))
    }
  }

  #take(one) {
    const type = typeOf(one)
    if (type === 'X') this.#socket.end()
    else if (this.#isCopying) {
      this.#batch.push(one)
      if (type === 'c' || type === 'f') {
        this.#isCopying = false
        this.#flush()
      }
    } else if (type === 'Q' && COPY_IN.test(one.toString('utf8', 5, 4096))) {
      // The backend wants command and rows at once, the client an answer between them.
      this.#batch.push(one)
      this.#isCopying = true
      const isBinary = /binary/i.test(one.toString('utf8', 5))
      const answer = message('G', Buffer.from([isBinary ? 1 : 0, 0, 0]))
      this.#turn = this.#turn.then(() => this.#socket.write(answer))
    } else {
      if (LISTEN.test(one.toString('latin1', 0, 64))) this.isListening = true
      this.#batch.push(this.#named(one, type))
      if (ENDS_A_BATCH.has(type)) this.#flush()
    }
  }

  #flush() {
    const batch = Buffer.concat(this.#batch)
    this.#batch = []
    this.#turn = this.#turn.then(() => this.#run(batch)).catch((error) => {
      console.error(error)
      this.#socket.destroy()
    })
  }

  async #run(batch) {
    if (!this.#isOpen) return
    await this.#backend.acquire(this)
    const isCopy = ['c', 'f'].includes(typeOf([...each(batch)].at(-1)))
    const answer = []
    for (const one of each(await this.#backend.run(batch))) {
      const type = typeOf(one)
      if (type === 'A') this.#backend.notify(one)
      else if (!(type === 'G' && isCopy)) answer.push(one)
    }
    const ready = answer.findLast((one) => typeOf(one) === 'Z')
    if (this.#isOpen) this.#socket.write(Buffer.concat(answer))
    if (ready !== undefined && ready[5] === 'I'.charCodeAt(0)) this.#backend.release(this)
  }

  /** Return Parse, Bind, Describe and Close with the statement's name made the client's own. */
  #named(one, type) {
    const start = type === 'B' ? one.indexOf(0, 5) + 1 : type === 'P' ? 5 : 6
    if (!('PB'.includes(type) || ('DC'.includes(type) && one[5] === 'S'.charCodeAt(0)))) return one
    const end = one.indexOf(0, start)
    if (end === start) return one
    const name = `client${this.#number}_${one.toString('utf8', start, end)}`
    if (type === 'P') this.#statements.add(name)
    if (type === 'C') this.#statements.delete(name)
    return message(type, one.subarray(5, start), text(name), one.subarray(end + 1))
  }
}
