import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import type { NodeId } from '../../src/primitives/ids.ts'
import { accept } from '../../src/transport/websocket-server.ts'
import { needs } from '../needs.ts'
import { createAuthority } from '../support/certificates.ts'
import { startSource } from '../support/sockets.ts'

/** What somebody else's scanner finds at a listener. */
async function scan(port: number): Promise<string> {
  const child = spawn('/usr/bin/sslscan', ['--no-colour', '--show-certificate', `127.0.0.1:${port}`], { stdio: ['ignore', 'pipe', 'inherit'] }) // biome-ignore format: one line
  return text(child.stdout)
}

test('sslscan finds no protocol below TLS 1.2, no weak cipher or group, no renegotiation', async (t) => {
  if (!needs(t, '/usr/bin/sslscan')) return
  const authority = await createAuthority()
  const server = await authority.issue({ addresses: ['127.0.0.1'], commonName: 'NN01' })
  const tls = { ...server, clientCa: authority.certificate }
  const acceptor = accept({ nodeId: 'NN01' as NodeId, port: 0, tls })
  await startSource(t, acceptor)

  const report = await scan(acceptor.port)

  for (const old of ['SSLv2', 'SSLv3', 'TLSv1.0', 'TLSv1.1']) {
    assert.match(report, new RegExp(`^${old}\\s+disabled$`, 'm'), report)
  }
  for (const current of ['TLSv1.2', 'TLSv1.3']) {
    assert.match(report, new RegExp(`^${current}\\s+enabled$`, 'm'), report)
  }
  assert.match(report, /renegotiation not supported/i)
  assert.doesNotMatch(report, /^TLSv1.[23] vulnerable/m)
  assert.doesNotMatch(report, /ffdhe|\b(?:40|56|64|80|112) bits/)
  const ciphers = [...report.matchAll(/^(?:Preferred|Accepted)\s+(\S+)\s+(\d+) bits\s+(\S+)/gm)]
  assert.ok(ciphers.length >= 4, report)
  for (const [line, , bits, name = ''] of ciphers) {
    assert.ok(Number(bits) >= 128, line)
    assert.match(name, /^(?:TLS_|ECDHE-).*(?:GCM|POLY1305)/, line)
  }
})
