import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startChain, startExecutable, startNode, temporaryFolder } from '../end-to-end/processes.ts'
import { needs } from '../needs.ts'
import { CHROMIUM, open, PATIENCE, startBrowser } from './chromium.ts'

const NIGHT = { name: 'night', version: 1, allow: [{ actions: 'Reset', to: 'CS*' }] }

test('who is no admin reads what holds and who changed it, and is offered no change', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const folder = temporaryFolder(t)
  const csms = await startNode(t, folder, { nodeId: 'CSMS01', role: 'csms', listen: [{ port: 0, insecure: true }], data: folder, http: { port: 0 }, log: 'silent' }) // biome-ignore format: one line
  const made = startExecutable(t, 'login', csms.file, '--api-token', 'desk', '--role', 'admin')
  assert.equal(await made.ended, 0, made.errors())
  const put = async (path: string, body: object) => {
    const headers = { authorization: `Bearer ${made.output().trim()}`, 'content-type': 'application/json' } // biome-ignore format: one line
    const answer = await fetch(csms.console + path, { method: 'PUT', headers, body: JSON.stringify(body) }) // biome-ignore format: one line
    assert.equal(answer.status, 200, await answer.text())
  }
  await put('api/users/vera', { role: 'technician', password: 'vera’s password' })
  await put('api/roles/night', { document: NIGHT, expectedVersion: 0, confirmWithinS: 900 }) // biome-ignore format: one line
  const browser = await startBrowser(t)
  const { page, complaints } = await open(browser, `${csms.console}roles/night?part=history`, { sign: '[data-room="login"]' }) // biome-ignore format: one line
  await page.getByLabel('Name').fill('vera')
  await page.getByLabel('Password').fill('vera’s password')
  await page.getByRole('button', { name: 'Log in' }).click()

  await page.locator('[data-event="changed"]').getByText('token desk, at CSMS01').waitFor(PATIENCE)
  await page.getByRole('button', { name: 'Text' }).click()
  const editor = page.getByRole('textbox', { name: 'Text of the user role' })
  await editor.waitFor(PATIENCE)
  assert.equal(await editor.getAttribute('readonly'), '')
  for (const room of [
    'roles/night?part=text',
    'roles?part=new',
    'keys?open=key:invite',
    'policies',
  ]) {
    await page.goto(csms.console + room)
    await page.locator('[data-trial]').waitFor(PATIENCE)
    const offered = page.getByRole('button', { name: /^(Try|Put in force|New|Delete|Invite|Revoke|Renew)/ }) // biome-ignore format: one line
    assert.equal(await offered.count(), 0, room)
  }
  assert.deepEqual(complaints, [])
})

test('a node that signs nothing says in each of these rooms what that means', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { csms } = await startChain(t, 0, { isSigned: false })
  const browser = await startBrowser(t)
  const sign = '[data-empty="insecure"]'
  for (const room of ['keys', 'policies', 'roles', 'policies/default']) {
    const { page, complaints } = await open(browser, csms.console + room, { sign })
    assert.match((await page.locator(sign).textContent()) ?? '', /^Insecure: this node signs nothing and obeys whatever comes\. ?Take insecure out/) // biome-ignore format: one line
    assert.deepEqual(complaints, [])
    await page.close()
  }
})
