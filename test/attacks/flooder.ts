import { connect } from 'node:net'

/**
 * `node flooder.ts PORT FIRST AGAIN`: a process of its own, so that whom it attacks cannot slow it
 * down. Sends the bytes of FIRST once, waits for an answer, then those of AGAIN for ever; both in
 * hexadecimal.
 */
const [port = '0', first = '', again = ''] = process.argv.slice(2)
const many = Buffer.concat(Array.from({ length: 5_000 }, () => Buffer.from(again, 'hex')))
const socket = connect(Number(port), '127.0.0.1')
socket.on('error', () => process.exit(0))
socket.on('close', () => process.exit(0))
socket.write(Buffer.from(first, 'hex'))
socket.once('data', pour)

function pour(): void {
  socket.pause() // it takes no answers
  while (socket.write(many));
  socket.once('drain', pour)
}
