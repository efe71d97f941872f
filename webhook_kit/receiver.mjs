// SPDX-License-Identifier: EUPL-1.2
// A receiver to begin with: ISKAR_WEBHOOK_KEYS='whsec_…' node receiver.mjs [PORT]
import { realpathSync } from "node:fs"
import { createServer } from "node:http"
import { argv, env } from "node:process"
import { fileURLToPath } from "node:url"

import { COME_BACK_S, Receiver, RefusedError, UnderWayError } from "./iskar_webhooks.mjs"

const MAX_BODY_BYTES = 1_000_000

// Do what is to be done with an event: here, print it. Take long work to a queue of yours.
function print(event) {
  console.log(JSON.stringify(event, null, 2))
}

// 204 to what was handled, now or before, 401 to what is not to be believed; 503 while it is being
// handled, for that may fail, 500 if it did: then it comes again.
export function endpoint(receiver, handle = print) {
  return async (request, response) => {
    const parts = []
    let length = 0
    try {
      for await (const part of request) {
        length += part.length
        if (length > MAX_BODY_BYTES) return response.writeHead(413).end()
        parts.push(part)
      }
      await receiver.take(request.headers, Buffer.concat(parts), handle)
      response.writeHead(204).end()
    } catch (error) {
      if (error instanceof RefusedError) {
        console.error(`Refused: ${error.message}`)
        response.writeHead(401).end()
      } else if (error instanceof UnderWayError) {
        response.writeHead(503, { "Retry-After": String(COME_BACK_S) }).end()
      } else {
        console.error(error)
        response.writeHead(500).end()
      }
    }
  }
}

export function serve(keys, port, handle) {
  const server = createServer(endpoint(new Receiver(keys), handle))
  server.listen(port, "127.0.0.1", () => {
    console.log(`Listening on http://127.0.0.1:${server.address().port}`)
  })
}

if (realpathSync(argv[1]) === fileURLToPath(import.meta.url)) {
  const keys = (env.ISKAR_WEBHOOK_KEYS ?? "").split(/\s+/).filter(Boolean)
  serve(keys, Number(argv[2] ?? 8000))
}
