import { connect } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'

/**
 * Many connections at once that ask for an upgrade as soon as they can, in a thread of their own.
 * Tells how many got which status: 503 counts only with Retry-After, and `none` ended without one.
 */
const { port, count, request } = workerData as { port: number; count: number; request: string }
const counts: Record<string, number> = {}
let open = count

function ended(answer: string): void {
  const [, status = 'none'] = /^HTTP\/1\.1 (\d+)/.exec(answer) ?? []
  const isWhole = status !== '503' || /\r\nRetry-After: \d+\r\n/i.test(answer)
  const key = isWhole ? status : 'nothing to come back by'
  counts[key] = (counts[key] ?? 0) + 1
  if (--open === 0) parentPort?.postMessage(counts)
}

for (let n = 0; n < count; n++) {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  let isTold = false
  const tell = () => {
    if (!isTold) ended(answer)
    isTold = true
  }
  socket.write(request.replace('/CS02', `/ST${n}`))
  socket.on('data', (chunk) => {
    answer += chunk.toString('latin1')
    if (answer.includes('\r\n\r\n')) tell()
  })
  socket.on('error', () => {})
  socket.on('close', tell)
}
