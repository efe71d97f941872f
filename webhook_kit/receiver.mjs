// SPDX-License-Identifier: EUPL-1.2
// A receiver to begin with: ISKAR_WEBHOOK_KEYS='whsec_…' node receiver.mjs [PORT]
import { createServer } from "node:http"

import { Receiver, RefusedError } from "./iskar_webhooks.mjs"

const MAX_BODY_BYTES = 1_000_000
const keys = (process.env.ISKAR_WEBHOOK_KEYS ?? "").split(/\s+/).filter(Boolean)
const receiver = new Receiver(keys)

const server = createServer(async (request, response) => {
  const parts = []
  let length = 0
  for await (const part of request) {
    length += part.length
    if (length > MAX_BODY_BYTES) return response.writeHead(413).end()
    parts.push(part)
  }
  try {
    await receiver.take(request.headers, Buffer.concat(parts), (event) => {
      console.log(JSON.stringify(event, null, 2))
    })
    response.writeHead(204).end()
  } catch (error) {
    if (!(error instanceof RefusedError || error instanceof SyntaxError)) throw error
    console.error(`Refused: ${error.message}`)
    response.writeHead(401).end()
  }
})
server.listen(Number(process.argv[2] ?? 8000), "127.0.0.1", () => {
  console.log(`Listening on http://127.0.0.1:${server.address().port}`)
})
