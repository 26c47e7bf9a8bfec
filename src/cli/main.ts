#!/usr/bin/env node
/**
 * The executable. Only here are arguments, environment and configuration files read.
 *
 * @module
 */
import { Command, Option } from 'commander'
import { OverlayError } from '../errors.ts'
import { explain } from './explain.ts'
import { lazily } from './lazily.ts'
import { addKeyChanges, addTrustCommands } from './trust-commands.ts'
import { VERSION } from './version.ts'

const program = new Command('wattweave')
  .description('An overlay network for EV charging.')
  .version(VERSION)
  .showSuggestionAfterError()
  .addHelpText('after', '\nExample:\n  $ wattweave demo')
  .hook('preAction', async (_, command) => {
    const { data } = command.opts<{ data?: string }>()
    if (data !== undefined) (await import('./config.ts')).setData(data)
  })

/** Of every command that opens the folder of a node. */
const DATA = ['--data <folder>', 'data folder, in place of `data` in the file'] as const

program
  .command('init')
  .description('Write a configuration, asking five questions')
  .argument('<file>', 'where it goes')
  .option('--role <role>', 'csms or networking-node')
  .option('--id <id>', 'name in the overlay')
  .option(
    '--host <address>',
    '127.0.0.1: stations of this machine only; 0.0.0.0: of the network, too',
  )
  .option('--port <number>', 'where stations connect')
  .option('--uplink <url>', 'of a networking node: where its CSMS is')
  .option('--station <id>', 'the first station; its password is printed')
  .addHelpText(
    'after',
    '\nExample:\n  $ wattweave init depot/csms.yaml --host 0.0.0.0 --station CS01',
  )
  .action(lazily(async () => (await import('./commands/init.ts')).init))

program
  .command('run')
  .description('Start the node that a configuration file describes')
  .argument('<file>', 'YAML file, see docs/config.md')
  .option(...DATA)
  .addOption(new Option('--console-may-move').hideHelp())
  .addOption(new Option('--attacks').hideHelp())
  .addHelpText('after', '\nExample:\n  $ wattweave run examples/config/csms.yaml')
  .action(lazily(async () => (await import('./commands/run.ts')).run))

program
  .command('demo')
  .description('Start a CSMS, a networking node and six simulated stations on this machine')
  .option('--port <number>', 'port of the console', '8350')
  .option('--no-restart', 'leave a process that ended alone')
  .addHelpText('after', '\nExample:\n  $ wattweave demo --port 9000')
  .action(lazily(async () => (await import('./commands/demo.ts')).demo))

program
  .command('malicious', { hidden: true })
  .description('The controller of the demo that lies; the demo starts it')
  .argument('<file>', 'YAML file of a networking node')
  .requiredOption('--station <id>', 'whose words it attacks')
  .requiredOption('--elsewhere <id>', 'to whom it leads them')
  .addHelpText(
    'after',
    '\nExample:\n  $ wattweave malicious LC01.yaml --station CS01 --elsewhere CS02',
  )
  .action(lazily(async () => (await import('./commands/malicious.ts')).malicious))

program
  .command('simulate')
  .description('Let simulated stations work at a node until Ctrl-C')
  .argument('<url>', 'where stations connect, e.g. ws://127.0.0.1:9000/')
  .option('--stations <number>', 'how many', '1')
  .option('--prefix <text>', 'what their ids begin with', 'SIM')
  .option('--protocol <version>', 'one OCPP version for all (default: all three by turns)')
  .option('--evses <number>', 'of each station', '1')
  .option('--speed <number>', 'how many of their seconds pass in one of ours', '1')
  .option('--token <token...>', 'what their drivers hold up; without any nobody comes', [])
  .option('--password-file <file>', 'file with the password of all of them')
  .addHelpText(
    'after',
    '\nExample:\n  $ wattweave simulate ws://127.0.0.1:9000/ --stations 10 --token DEMO-ANNA',
  )
  .action(lazily(async () => (await import('./commands/simulate.ts')).simulate))

program
  .command('send')
  .description('Ask a node or service of the overlay something and print its answer')
  .argument('<destination>', 'node id or service')
  .argument('<action>', 'OCPP action')
  .argument('[payload]', 'request as JSON', '{}')
  .option('--config <file>', 'YAML file of a node whose name, uplink, password and key are taken')
  .option('--uplink <url>', 'node to join the overlay at', 'ws://127.0.0.1:9000/')
  .option('--as <id>', 'own node id there', 'wattweave-send')
  .option('--password-file <file>', 'file with the own password there, as it is')
  .option('--ca <file>', 'under wss: authorities whose server certificates count (PEM)')
  .option('--timeout <seconds>', 'how long to wait', '30')
  .addHelpText(
    'after',
    `\nExample:\n  $ wattweave send CSMS Heartbeat '{}' --uplink ws://127.0.0.1:9000/`,
  )
  .action(lazily(async () => (await import('./commands/send.ts')).send))

program
  .command('trace')
  .description('Print the frame log of a running node as Open OCPP Trace v1.1, a record per line')
  .argument('<console-url>', 'where its console is, e.g. http://127.0.0.1:8350/')
  .option('--station <id>', 'only messages from and for this station')
  .option('--copies', 'with copies for mirrors and restricted uplinks, and their answers')
  .option('--follow', 'go on with what comes until Ctrl-C')
  .option('--token-file <file>', 'file with an API token of the console')
  .addHelpText('after', '\nExample:\n  $ wattweave trace http://127.0.0.1:8350/ --station CS01')
  .action(lazily(async () => (await import('./commands/trace.ts')).trace))

program
  .command('check')
  .description('Say whether a configuration file can be used: exit code 0, or 2 when it cannot')
  .argument('<file>', 'YAML file, see docs/config.md')
  .option(...DATA)
  .option('--json', 'print JSON, also of what is wrong')
  .addHelpText('after', '\nExample:\n  $ wattweave check examples/config/csms.yaml')
  .action(lazily(async () => (await import('./commands/check.ts')).check))

program
  .command('login')
  .description('Print an address that lets somebody into the console, once and for 15 minutes')
  .argument('<file>', 'YAML file of the node; whoever may write its data may log in')
  .option(...DATA)
  .option('--name <name>', 'who logs in; entered as admin when new', 'admin')
  .option('--api-token <name>', 'print an API token of this name instead, for a program')
  .option(
    '--role <role>',
    'of the API token: viewer, operator, technician or admin (default: "viewer")',
  )
  .option('--tokens-read', 'let the API token read id tokens (default: from operator on)')
  .option('--no-tokens-read', 'do not let it read them')
  .addHelpText('after', '\nExample:\n  $ wattweave login csms.yaml --name anna')
  .action(lazily(async () => (await import('./commands/login.ts')).login))

program
  .command('backup')
  .description('Copy the databases of a node, also while it runs')
  .argument('<file>', 'YAML file of the node')
  .option(...DATA)
  .argument('<folder>', 'where the copies go')
  .addHelpText('after', '\nExample:\n  $ wattweave backup csms.yaml backup-2027-01-31')
  .action(lazily(async () => (await import('./commands/backup.ts')).backup))

program
  .command('restore')
  .description('Put a backup in the place of the databases; what was there is kept beside it')
  .argument('<file>', 'YAML file of the node, which must not run')
  .option(...DATA)
  .argument('<folder>', 'a folder that `wattweave backup` has made')
  .addHelpText('after', '\nExample:\n  $ wattweave restore csms.yaml backup-2027-01-31')
  .action(lazily(async () => (await import('./commands/backup.ts')).restore))

const token = program.command('token').description('Id tokens that a CSMS knows')
token.addHelpText('after', '\nExample:\n  $ wattweave token add csms.yaml 04A2B3C4')
token
  .command('add')
  .description('Let a token charge, or change what is said here of one that is known')
  .argument('<file>', 'YAML file of the CSMS')
  .option(...DATA)
  .argument('<token>', 'the id token')
  .option('--type <type>', 'IdTokenEnumType of OCPP 2.x; a new one is ISO14443')
  .option('--group <id>', 'tokens of one group may stop what another one started')
  .option('--no-group', 'it is of none any more')
  .option('--expires <date>', 'e.g. 2027-12-31T23:59:59Z')
  .option('--no-expires', 'it is good for ever again')
  .option('--note <text>', 'whose it is')
  .option('--blocked', 'refuse it')
  .option('--no-blocked', 'accept it again')
  .option('--concurrent', 'it may charge at several EVSEs at once')
  .option('--no-concurrent', 'it may charge at one only again')
  .option('--json', 'print JSON')
  .addHelpText('after', '\nExample:\n  $ wattweave token add csms.yaml 04A2B3C4 --note "van 9"')
  .action(lazily(async () => (await import('./commands/depot.ts')).addToken))
token
  .command('list')
  .description('Print all tokens')
  .argument('<file>', 'YAML file of the CSMS')
  .option(...DATA)
  .option('--json', 'print JSON')
  .addHelpText('after', '\nExample:\n  $ wattweave token list csms.yaml')
  .action(lazily(async () => (await import('./commands/depot.ts')).listTokens))

const station = program.command('station').description('Stations that a CSMS knows')
station.addHelpText('after', '\nExample:\n  $ wattweave station list csms.yaml')
station
  .command('add')
  .description('Enter a station, so that it is neither flagged nor refused')
  .argument('<file>', 'YAML file of the CSMS')
  .option(...DATA)
  .argument('<station>', 'its id')
  .option('--json', 'print JSON')
  .addHelpText('after', '\nExample:\n  $ wattweave station add csms.yaml CS01')
  .action(lazily(async () => (await import('./commands/depot.ts')).addStation))
station
  .command('list')
  .description('Print all stations')
  .argument('<file>', 'YAML file of the CSMS')
  .option(...DATA)
  .option('--json', 'print JSON')
  .addHelpText('after', '\nExample:\n  $ wattweave station list csms.yaml')
  .action(lazily(async () => (await import('./commands/depot.ts')).listStations))
station
  .command('show')
  .description('Print what is known of a station')
  .argument('<file>', 'YAML file of the CSMS')
  .option(...DATA)
  .argument('<station>', 'its id')
  .option('--json', 'print JSON')
  .addHelpText('after', '\nExample:\n  $ wattweave station show csms.yaml CS01')
  .action(lazily(async () => (await import('./commands/depot.ts')).showStation))

const password = program.command('password').description('Make stored passwords for peers')
password.addHelpText(
  'after',
  '\nExample:\n  $ wattweave password new secrets/CS01 --key secrets/key',
)
password
  .command('new')
  .description('Make a secret for a station, print it once, and store how to recognise it')
  .argument('<file>', 'where the stored form goes; name it as passwordFile')
  .requiredOption('--key <file>', 'key file; name it as passwordKeyFile. Made when missing')
  .addHelpText('after', '\nExample:\n  $ wattweave password new secrets/CS01 --key secrets/key')
  .action(lazily(async () => (await import('./commands/password.ts')).newPassword))
password
  .command('hash')
  .description('Store a password that somebody chose, read from standard input, as argon2id')
  .argument('<file>', 'where the stored form goes; name it as passwordFile')
  .addHelpText('after', '\nExample:\n  $ wattweave password hash secrets/CS01 < password.txt')
  .action(lazily(async () => (await import('./commands/password.ts')).hashPassword))

const keys = program.command('keys').description('Whose signatures a node believes')
keys.addHelpText('after', '\nExample:\n  $ wattweave keys invite csms.yaml NN01')
keys
  .command('invite')
  .description('Print a code that lets a new node in, once and within a day')
  .argument('<file>', 'YAML file of the node that lets it in, usually the CSMS')
  .option(...DATA)
  .argument('<id>', 'id of the new node')
  .option('--as <role>', 'networking-node, charging-station or csms', 'networking-node')
  .option('--role <name...>', 'user roles of its key, in place of those usual for it')
  .option('--delegable <name...>', 'which of these its holder may hand on for a while')
  .option('--ids <patterns...>', 'stations it may vouch for, with *; nobody else then does')
  .option('--organisation <name>', 'whose it is, e.g. DE-ABC of a mobility provider')
  .option('--days <number>', 'for how long its key may count; default: as long as it says')
  .addHelpText('after', '\nExample:\n  $ wattweave keys invite csms.yaml NN01')
  .action(lazily(async () => (await import('./commands/keys.ts')).inviteNode))
keys
  .command('join')
  .description('Take the code of an invitation; the node shows it as soon as it runs')
  .argument('<file>', 'YAML file of the new node')
  .option(...DATA)
  .argument('<code>', 'six groups of four letters and digits')
  .option('--at <id>', 'node or service that has invited it', 'CSMS')
  .addHelpText(
    'after',
    '\nExample:\n  $ wattweave keys join node.yaml ABCD-EFGH-IJKL-MNOP-QRST-UVWX',
  )
  .action(lazily(async () => (await import('./commands/keys.ts')).joinNode))
keys
  .command('list')
  .description('Print the keys that a node knows')
  .argument('<file>', 'YAML file of the node')
  .option(...DATA)
  .option('--json', 'print JSON')
  .addHelpText('after', '\nExample:\n  $ wattweave keys list csms.yaml')
  .action(lazily(async () => (await import('./commands/keys.ts')).listKeys))
keys
  .command('new')
  .description('Make the own key of a node, and print its record for those who are to believe it')
  .argument('<file>', 'YAML file of the node')
  .option(...DATA)
  .option(
    '--role <name...>',
    'user roles it holds, in place of those usual for it: edge, operations, …',
  )
  .addHelpText('after', '\nExample:\n  $ wattweave keys new node.yaml --role edge > keys/NN01.json')
  .action(lazily(async () => (await import('./commands/keys.ts')).newKey))
keys
  .command('trust')
  .description('Believe a key as its record stands; counts from the next start on')
  .argument('<file>', 'YAML file of the node that is to believe it')
  .option(...DATA)
  .argument('<record>', 'file with what `wattweave keys new` or `keys certificate` has printed')
  .addHelpText('after', '\nExample:\n  $ wattweave keys trust csms.yaml NN01.json')
  .action(lazily(async () => (await import('./commands/keys.ts')).trustKey))

keys
  .command('certificate')
  .description('Print the record of the key in a certificate, of who signs with another make')
  .argument('<certificate>', 'file with the certificate in PEM')
  .requiredOption('--owner <id>', 'id of whoever signs with its key')
  .option('--role <name...>', 'user roles it holds')
  .option('--alg <name>', 'of a key of RSA: RS256 (default) or RS384')
  .addHelpText(
    'after',
    '\nExample:\n  $ wattweave keys certificate CS01.crt --owner CS01 > CS01.json',
  )
  .action(lazily(async () => (await import('./commands/keys-certificate.ts')).certificateRecord))

addKeyChanges(keys)

const filter = program.command('filter').description('Look at the filter rules of a configuration')
filter.addHelpText('after', '\nExample:\n  $ wattweave filter list node.yaml')
filter
  .command('test')
  .description('Say what the rules would do with a frame: exit code 0 it goes on, 3 it does not')
  .argument('<file>', 'YAML file with `filters`, see docs/filters.md')
  .argument('<frame>', 'text of a frame, @FILE, or - for standard input')
  .option('--from <link>', 'link it came in on (default: the last node on its path)')
  .option('--to <link>', 'link it would leave on')
  .option('--source <id>', 'of a standard frame: who sent it')
  .option('--destination <id>', 'of a standard frame: whom it is for (default: the CSMS)')
  .option('--answers <action>', 'of an answer: the action it answers')
  .option('--protocol <version>', 'OCPP version of the payload', 'ocpp2.0.1')
  .option('--times <number>', 'as the last of so many equal frames at once, for rates', '1')
  .addHelpText(
    'after',
    `\nExample:\n  $ wattweave filter test node.yaml '[2,"17","Heartbeat",{}]' --source CS01`,
  )
  .action(lazily(async () => (await import('./commands/filter.ts')).filterTest))
filter
  .command('list')
  .description('Print the rules in words')
  .argument('<file>', 'YAML file with `filters`')
  .addHelpText('after', '\nExample:\n  $ wattweave filter list node.yaml')
  .action(lazily(async () => (await import('./commands/filter.ts')).filterList))

addTrustCommands(program)
showOwnHelp(program, 'wattweave')
program.parseAsync().catch((error: unknown) => {
  const { what, remedy } = explain(error)
  process.stderr.write(`wattweave: ${what}\n  ${remedy}\n`)
  process.exit(error instanceof OverlayError && error.code.startsWith('ERR_CONFIG') ? 2 : 1)
})

/** A mistake is told as every other error; each command points to its own help. */
function showOwnHelp(command: Command, name: string): void {
  command.configureOutput({
    outputError(text, write) {
      const [what = '', suggestion = ''] = text.trim().split('\n')
      const meant = suggestion.replace(/^\((.*)\)$/, '$1 ')
      write(
        `wattweave: ${what.replace(/^error: /, '')}\n  ${meant}${name} --help shows what there is\n`,
      )
    },
  })
  for (const one of command.commands) showOwnHelp(one, `${name} ${one.name()}`)
}
