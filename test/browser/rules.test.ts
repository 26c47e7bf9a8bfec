import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { commission, startChain, startExecutable, until } from '../end-to-end/processes.ts'
import { needs } from '../needs.ts'
import { CHROMIUM, findings, findingsAt, open, PATIENCE, startBrowser } from './chromium.ts'

const night = (version: number, actions: readonly string[]) => JSON.stringify({ name: 'night', version, allow: [{ actions, to: 'CS*' }] }, undefined, 2) // biome-ignore format: one line

test('a user role is tried and put in force in the page, confirmed by an owner elsewhere, and undone where nobody does', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { csms, folder } = await startChain(t, 0)
  const desk = { nodeId: 'DESK', role: 'networking-node', listen: [{ port: 0 }], uplinks: [{ url: csms.url, peerId: 'CSMS01' }], data: folder } // biome-ignore format: one line
  commission(folder, desk, csms.file, ['owner'])
  const askAsOwner = async (request: object) => {
    const sent = startExecutable(t, 'send', 'CSMS01', 'GetUserRoles', JSON.stringify(request), '--config', join(folder, 'DESK.yaml'), '--timeout', '20') // biome-ignore format: one line
    assert.equal(await sent.ended, 0, sent.output() + sent.errors())
    return sent.output()
  }
  assert.doesNotMatch(await askAsOwner({ name: 'night' }), /"version":1/)
  const browser = await startBrowser(t)
  const { page, complaints } = await open(browser, `${csms.console}roles?part=new`, { sign: '[data-rule="owner"]' }) // biome-ignore format: one line
  const editor = page.getByRole('textbox', { name: 'Text of the user role' })

  await editor.fill(
    '{\n  "name": "night", "version": 1,\n  "allow": [\n    {"actons": "Reset"}\n  ]\n}',
  )
  await page.getByRole('button', { name: 'Try' }).click()
  await page.getByText(/^Line 4: user role: .*actons/).waitFor(PATIENCE)
  assert.ok(complaints.splice(0).every((one) => one.includes('422')))
  await editor.fill(night(1, ['Reset']))
  await page.getByRole('button', { name: 'Try' }).click()
  await page.locator('[data-outcome="tried"] [data-differences]').waitFor(PATIENCE)
  assert.equal(await page.locator('[data-rule="night"]').count(), 0)

  await page.getByLabel('Trial, in seconds').fill('600')
  await page.getByRole('button', { name: 'Put in force' }).click()
  const trial = page.locator('[data-trial]')
  await trial
    .getByText(/night.*version 1.*left/)
    .first()
    .waitFor(PATIENCE)
  assert.match((await trial.textContent()) ?? '', /undoes itself unless, until then, an owner has signed something later that the new rules accept/) // biome-ignore format: one line
  const lamp = page.locator('[data-window="keys"]')
  await lamp.and(page.locator('[data-tone="warn"]')).waitFor(PATIENCE)
  assert.deepEqual(await findings(page), [])

  await lamp.click()
  await page.locator('[data-key][data-owner="DESK"]').waitFor(PATIENCE)
  assert.match((await trial.textContent()) ?? '', /Any message of DESK to this node does that/)
  await page.goBack()

  // What is signed in the second of the change might be the change itself.
  const told = await until('the question of an owner to confirm it', async () => {
    const output = await askAsOwner({ name: 'night' })
    const { keys } = (await (await fetch(`${csms.console}api/overview`)).json()) as { keys: { trialEndsAt?: string } } // biome-ignore format: one line
    return keys.trialEndsAt === undefined && output
  })
  assert.match(told, /"name":"night","version":1/)
  await trial.waitFor({ ...PATIENCE, state: 'detached' })
  await lamp.and(page.locator('[data-tone="normal"]')).waitFor(PATIENCE)

  await page.goto(`${csms.console}policies/default?part=text`)
  const policy = page.getByRole('textbox', { name: 'Text of the policy' })
  const before = await policy.inputValue()
  await policy.fill(
    before.replace('"in": [', '"in": [{"match": {"from": "DESK"}, "refuse": true},'),
  )
  // By the keyboard alone.
  await policy.press('Tab')
  await page.keyboard.press('Enter')
  await page.locator('[data-difference="GetUserRoles"]').getByText('refused: refused-by-rule').waitFor(PATIENCE) // biome-ignore format: one line
  assert.deepEqual(await findingsAt(page, 390), [])
  await page.setViewportSize({ width: 1440, height: 800 })

  await page.goto(`${csms.console}roles/night?part=text`)
  await editor.fill(night(1, ['Reset', 'UnlockConnector']))
  await page.getByLabel('Trial, in seconds').fill('2')
  await page.getByRole('button', { name: 'Put in force' }).click()
  await page.locator('[data-outcome="rolled-back"]').getByText('Nobody confirmed version 2 in time').waitFor(PATIENCE) // biome-ignore format: one line
  await page.getByRole('button', { name: 'Rules' }).click()
  await page.getByRole('cell', { name: 'CS*' }).waitFor(PATIENCE)
  assert.equal(await page.getByText('UnlockConnector').count(), 0)
  const remove = async (said: RegExp) => {
    await page.getByRole('button', { name: 'Delete role…' }).click()
    await page.locator('[data-ask]').getByText(/Keys that hold it may no more what it allows/).waitFor(PATIENCE) // biome-ignore format: one line
    await page.locator('[data-ask]').getByRole('button', { name: 'Delete role' }).click()
    await page.getByText(said).first().waitFor(PATIENCE)
  }
  await page.getByRole('button', { name: 'Text' }).click()
  await editor.fill(night(1, ['ClearCache']))
  await page.getByLabel('Trial, in seconds').fill('2')
  await page.getByRole('button', { name: 'Put in force' }).click()
  await remove(/the last change is not confirmed; it ends in/)
  assert.ok(complaints.splice(0).every((one) => one.includes('409')))
  await page.locator('[data-outcome="rolled-back"]').getByText('version 3').waitFor(PATIENCE)
  await remove(/There is no user role night here now/)
  assert.ok(complaints.splice(0).every((one) => one.includes('404')))

  await page.getByRole('button', { name: 'History' }).click()
  await page.locator('[data-event="changed"][data-version=""]').waitFor(PATIENCE)
  const events = await page.locator('[data-event]').evaluateAll((all) => all.map((one) => `${one.getAttribute('data-event')} ${one.getAttribute('data-version')}`)) // biome-ignore format: one line
  assert.deepEqual(events, [
    'changed ',
    'rolled-back 3',
    'changed 3',
    'rolled-back 2',
    'changed 2',
    'confirmed 1',
    'changed 1',
  ])
  await page
    .locator('[data-event="changed"][data-version="2"]')
    .getByText('Difference to version 1')
    .click()
  await page.locator('[data-is="added"]').getByText('UnlockConnector').waitFor(PATIENCE)
  assert.deepEqual(await findings(page), [])
  // It is looked for again, and is not there.
  assert.deepEqual(
    complaints.filter((one) => !one.includes('404')),
    [],
  )
})
