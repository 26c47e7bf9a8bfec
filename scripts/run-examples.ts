/** Runs every example; stops at the first that fails. */
import { execFileSync } from 'node:child_process'
import { globSync } from 'node:fs'

for (const file of globSync('examples/*.ts').sort()) {
  console.log(`== ${file}`)
  execFileSync(process.execPath, [file], { stdio: 'inherit' })
}
