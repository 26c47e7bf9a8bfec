#!/usr/bin/env node
/**
 * The executable. Only here are arguments, environment and configuration files read.
 *
 * @module
 */
import { Command } from 'commander'
import { OverlayError } from '../errors.ts'
import { demo } from './commands/demo.ts'
import { hashPassword, newPassword } from './commands/password.ts'
import { run } from './commands/run.ts'
import { send } from './commands/send.ts'
import { VERSION } from './version.ts'

const program = new Command('wattweave')
  .description('An overlay network for EV charging.')
  .version(VERSION)
  .showSuggestionAfterError()
  .showHelpAfterError('(wattweave --help shows what there is)')

program
  .command('run')
  .description('Start the node that a configuration file describes')
  .argument('<file>', 'YAML file, see docs/config.md')
  .addHelpText('after', '\nExample:\n  $ wattweave run examples/config/csms.yaml')
  .action(run)

program
  .command('demo')
  .description('Start a CSMS, a networking node and six simulated stations on this machine')
  .option('--port <number>', 'port of the console', '8350')
  .option('--no-restart', 'leave a process that ended alone')
  .addHelpText('after', '\nExample:\n  $ wattweave demo --port 9000')
  .action(demo)

program
  .command('send')
  .description('Ask a node or service of the overlay something and print its answer')
  .argument('<destination>', 'node id or service')
  .argument('<action>', 'OCPP action')
  .argument('[payload]', 'request as JSON', '{}')
  .option('--uplink <url>', 'node to join the overlay at', 'ws://127.0.0.1:9000/')
  .option('--as <id>', 'own node id there', 'wattweave-send')
  .option('--password-file <file>', 'file with the own password there')
  .option('--timeout <seconds>', 'how long to wait', '30')
  .addHelpText(
    'after',
    `\nExample:\n  $ wattweave send CSMS Heartbeat '{}' --uplink ws://127.0.0.1:9000/`,
  )
  .action(send)

const password = program.command('password').description('Make stored passwords for peers')
password
  .command('new')
  .description('Make a secret for a station, print it once, and store how to recognise it')
  .argument('<file>', 'where the stored form goes; name it as passwordFile')
  .requiredOption('--key <file>', 'key file; name it as passwordKeyFile. Made when missing')
  .addHelpText('after', '\nExample:\n  $ wattweave password new secrets/CS01 --key secrets/key')
  .action(newPassword)
password
  .command('hash')
  .description('Store a password that somebody chose, read from standard input, as argon2id')
  .argument('<file>', 'where the stored form goes; name it as passwordFile')
  .addHelpText('after', '\nExample:\n  $ wattweave password hash secrets/CS01 < password.txt')
  .action(hashPassword)

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`wattweave: ${explain(error)}\n`)
  process.exit(error instanceof OverlayError && error.code.startsWith('ERR_CONFIG') ? 2 : 1)
})

/** One line for what was to be expected; a stack for what was not, because somebody must mend it. */
function explain(error: unknown): string {
  if (error instanceof OverlayError) return error.message
  if (!(error instanceof Error)) return String(error)
  const { code, syscall } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') return `${error.message}; choose another port or end who uses it`
  return syscall === undefined && !(error instanceof TypeError) && error.name === 'Error'
    ? error.message
    : (error.stack ?? error.message)
}
