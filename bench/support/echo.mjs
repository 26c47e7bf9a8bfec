// Baseline: the `ws` package in its documented default configuration, echoing; with the files of a
// certificate and its key as arguments on a server of node:https.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { WebSocketServer } from 'ws'

const [certificate, key] = process.argv.slice(2)
const https = certificate
  ? createServer({ cert: readFileSync(certificate), key: readFileSync(key) })
  : undefined
const server = new WebSocketServer(https ? { server: https } : { port: 0, host: '127.0.0.1' })
server.on('connection', (socket) => {
  socket.on('error', () => {})
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
})
server.on('listening', () =>
  console.log(JSON.stringify({ port: (https ?? server).address().port })),
)
https?.listen(0, '127.0.0.1')
