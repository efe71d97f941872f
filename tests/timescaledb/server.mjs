// SPDX-License-Identifier: EUPL-1.2
// A real TimescaleDB for tests: PostgreSQL and the extension in WebAssembly, served on 127.0.0.1.
//
// Prints its port once it is ready, and ends when its standard input does. It has one database,
// `postgres`, in memory, and one backend, which clients use in turn: settings, temporary tables
// and session-wide locks are common to them, an open transaction makes all others wait, and there
// are no background workers. Notifications reach whoever listens.

import { createServer } from 'node:net'
import { PGlite } from '@electric-sql/pglite'
import { timescaledb } from '@electric-sql/pglite/timescaledb'
import { Session } from './session.mjs'

class Backend {
  #database
  #owner = null
  #waiting = []
  sessions = new Set()

  static async started() {
    const backend = new Backend()
    backend.#database = await PGlite.create({ extensions: { timescaledb } })
    await backend.#database.exec("create extension timescaledb; set timezone = 'UTC'")
    const { rows } = await backend.#database.query('show server_version')
    backend.version = rows[0].server_version
    return backend
  }

  /** Wait until the backend is `session`'s. */
  async acquire(session) {
    if (this.#owner === session) return
    if (this.#owner !== null) await new Promise((resolve) => this.#waiting.push({ session, resolve }))
    else this.#owner = session
  }

  release(session) {
    if (this.#owner !== session) return
    const next = this.#waiting.shift()
    this.#owner = next?.session ?? null
    next?.resolve()
  }

  async run(batch) {
    return Buffer.from(await this.#database.execProtocolRaw(batch, { syncToFs: false }))
  }

  notify(notification) {
    for (const session of this.sessions) if (session.isListening) session.notify(notification)
  }
}

const backend = await Backend.started()
let count = 0
const server = createServer({ noDelay: true }, (socket) => {
  const session = new Session(backend, socket, ++count)
  backend.sessions.add(session)
  socket.on('data', (chunk) => session.receive(chunk))
  socket.on('error', () => socket.destroy())  // the client is gone: 'close' follows
  socket.on('close', () => {
    backend.sessions.delete(session)
    session.close()
  })
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
process.stdin.on('end', () => process.exit()).resume()
