import type { Command } from 'commander'
import { lazily } from './lazily.ts'

/** Of every command that opens the folder of a node. */
const DATA = ['--data <folder>', 'data folder, in place of `data` in the file'] as const

/** Commands about what was signed, and about what nodes obey. */
export function addTrustCommands(program: Command): void {
  program
    .command('verify')
    .description('Say whether something is as it was signed: exit code 0, or 1 when it is not')
    .argument('<file>', 'audit log of a node, JSON with signatures, or what `trace` prints')
    .option('--config <file>', 'YAML file of a node: the keys that it knows are believed')
    .option(
      '--key <record>',
      'file with a key record that is believed; may be repeated',
      append,
      [],
    )
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ wattweave verify audit.jsonl --key NN01.json')
    .action(lazily(async () => (await import('./commands/verify.ts')).verify))
  addPolicyCommands(program)
  addRoleCommands(program)
}

/** Of `wattweave keys`: what changes whose signatures count. */
export function addKeyChanges(keys: Command): void {
  const load = () => import('./commands/keys-change.ts')
  keys
    .command('rotate')
    .description(
      'Make the key that is to take the place of the own one, and print its signed record',
    )
    .argument('<file>', 'YAML file of the node')
    .option(...DATA)
    .option('--switch', 'take the one that was made; the node must not run')
    .addHelpText('after', '\nExample:\n  $ wattweave keys rotate node.yaml > NN01.json')
    .action(lazily(async () => (await load()).rotateKey))
  keys
    .command('request')
    .description('Print a record that asks somebody for roles of his, for a while')
    .argument('<file>', 'YAML file of the node whose own key is to get them')
    .requiredOption('--by <kid>', 'key of whoever is to hand them on, as `keys list` prints it')
    .requiredOption('--role <name...>', 'which roles')
    .option('--hours <number>', 'for how long', '8')
    .option(...DATA)
    .addHelpText(
      'after',
      '\nExample:\n  $ wattweave keys request anna.yaml --by KID --role technician > anna.json',
    )
    .action(lazily(async () => (await load()).requestRoles))
  asks(keys.command('add'), 'Make a key known to a node by its signed record')
    .argument('<record>', 'file with the record')
    .option('--endorse', 'sign it with the key of this node as well, as an administrator')
    .option('--delegate', 'hand on what it asks for: sign it with the key of this node as well')
    .addHelpText(
      'after',
      '\nExample:\n  $ wattweave keys add NN01.json --config desk.yaml --at NN02',
    )
    .action(lazily(async () => (await load()).addKey))
  asks(
    keys.command('revoke'),
    'Take a key back at a node; without a key, renew its revocation list',
  )
    .argument('[kid]', 'the key, as `keys list` prints it')
    .option('--reason <text>', 'why', 'revoked by its operator')
    .option('--since <time>', 'from when on it counts no more (default: now)')
    .addHelpText('after', '\nExample:\n  $ wattweave keys revoke KID --config desk.yaml --at NN01')
    .action(lazily(async () => (await load()).revokeKey))
  addEntitlementCommands(keys)
}

function addEntitlementCommands(keys: Command): void {
  const load = () => import('./commands/entitle.ts')
  asks(
    keys.command('entitle'),
    'Say for whom an edge may vouch and which services a node answers for',
  )
    .argument('<node>', 'id of the node; what was said of it before counts no more')
    .option('--ids <patterns...>', 'stations it may vouch for, with *')
    .option('--services <names...>', 'services it may answer for')
    .option('--groups <names...>', 'groups it may be in')
    .option('--actions <patterns...>', 'of its services only these actions')
    .option('--days <number>', 'how long that counts; 0 takes it back', '365')
    .addHelpText(
      'after',
      '\nExample:\n  $ wattweave keys entitle NN01 --ids "site7-*" --config desk.yaml --at CSMS',
    )
    .action(lazily(async () => (await load()).entitleNode))
  asks(keys.command('entitlements'), 'Print what nodes are entitled to')
    .addHelpText('after', '\nExample:\n  $ wattweave keys entitlements --config desk.yaml')
    .action(lazily(async () => (await load()).listEntitlements))
  asks(keys.command('node'), 'Print who a node says it is, and whether that is believed')
    .addHelpText('after', '\nExample:\n  $ wattweave keys node --config desk.yaml --at NN01')
    .action(lazily(async () => (await load()).showNode))
}

const rules = () => import('./commands/rules.ts')
const history = () => import('./commands/rules-history.ts')

function addPolicyCommands(program: Command): void {
  const policy = program.command('policy').description('Signature policies: what a node obeys')
  policy.addHelpText('after', '\nExample:\n  $ wattweave policy list --config desk.yaml --at NN01')
  asks(policy.command('list'), 'Print the signature policies of a node')
    .addHelpText('after', '\nExample:\n  $ wattweave policy list --config desk.yaml --at NN01')
    .action(lazily(async () => (await rules()).listRules.bind(undefined, 'policy')))
  asks(policy.command('show'), 'Print a signature policy as it holds')
    .argument('<name>', 'its name')
    .addHelpText('after', '\nExample:\n  $ wattweave policy show default --config desk.yaml')
    .action(lazily(async () => (await rules()).showRule.bind(undefined, 'policy')))
  changes(policy.command('put'), 'Add a signature policy, or replace its older version')
    .argument('<document>', 'file with the policy as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ wattweave policy put site.json --config desk.yaml --dry-run',
    )
    .action(lazily(async () => (await rules()).putRule.bind(undefined, 'policy')))
  changes(policy.command('delete'), 'Delete a signature policy')
    .argument('<name>', 'its name')
    .addHelpText('after', '\nExample:\n  $ wattweave policy delete site --config desk.yaml')
    .action(lazily(async () => (await rules()).deleteRule.bind(undefined, 'policy')))
  policy
    .command('check')
    .description('Say whether a signature policy can be used, and what is wrong with it')
    .argument('<document>', 'file with the policy as JSON')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ wattweave policy check site.json')
    .action(lazily(async () => (await rules()).checkRule.bind(undefined, 'policy')))
  policy
    .command('explain')
    .description('Say which rule decides about a frame: exit code 0 accepted, 3 it is not')
    .argument('<frame>', 'text of a frame, a file with it, or - for standard input')
    .requiredOption('--config <file>', 'YAML file of the node that received it')
    .option(...DATA)
    .option('--source <id>', 'of a standard frame: who sent it')
    .option('--answers <action>', 'of an answer: the action it answers')
    .option('--protocol <version>', 'OCPP version of what nobody signed', 'ocpp2.1')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ wattweave policy explain frame.json --config node.yaml')
    .action(lazily(async () => (await import('./commands/policy-explain.ts')).explainPolicy))
  remembers(policy.command('history'), 'Print who changed the signature policies of a node')
    .addHelpText('after', '\nExample:\n  $ wattweave policy history --config node.yaml')
    .action(lazily(async () => (await history()).showHistory.bind(undefined, 'policy')))
}

function addRoleCommands(program: Command): void {
  const roles = program.command('roles').description('User roles: what the holders of keys may do')
  roles.addHelpText('after', '\nExample:\n  $ wattweave roles list --config desk.yaml --at CSMS')
  asks(roles.command('list'), 'Print the user roles of a node')
    .addHelpText('after', '\nExample:\n  $ wattweave roles list --config desk.yaml --at NN01')
    .action(lazily(async () => (await rules()).listRules.bind(undefined, 'role')))
  asks(roles.command('show'), 'Print a user role as it holds')
    .argument('<name>', 'its name')
    .addHelpText('after', '\nExample:\n  $ wattweave roles show technician --config desk.yaml')
    .action(lazily(async () => (await rules()).showRule.bind(undefined, 'role')))
  changes(roles.command('put'), 'Add a user role, or replace its older version')
    .argument('<document>', 'file with the role as JSON')
    .addHelpText('after', '\nExample:\n  $ wattweave roles put night-shift.json --config desk.yaml')
    .action(lazily(async () => (await rules()).putRule.bind(undefined, 'role')))
  changes(roles.command('delete'), 'Delete a user role')
    .argument('<name>', 'its name')
    .addHelpText('after', '\nExample:\n  $ wattweave roles delete night-shift --config desk.yaml')
    .action(lazily(async () => (await rules()).deleteRule.bind(undefined, 'role')))
  roles
    .command('check')
    .description('Say whether a user role can be used, and what is wrong with it')
    .argument('<document>', 'file with the role as JSON')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ wattweave roles check night-shift.json')
    .action(lazily(async () => (await rules()).checkRule.bind(undefined, 'role')))
  remembers(roles.command('history'), 'Print who changed the user roles of a node')
    .addHelpText('after', '\nExample:\n  $ wattweave roles history --config node.yaml')
    .action(lazily(async () => (await history()).showHistory.bind(undefined, 'role')))
}

/** Of commands that ask a node over the overlay. */
function asks(command: Command, description: string): Command {
  return command
    .description(description)
    .requiredOption('--config <file>', 'YAML file of a node whose name, uplink and key are taken')
    .option(...DATA)
    .option('--at <id>', 'node or service that is asked', 'CSMS')
    .option('--timeout <seconds>', 'how long to wait', '30')
    .option('--json', 'print JSON')
}

function changes(command: Command, description: string): Command {
  return asks(command, description)
    .option('--dry-run', 'only say what would change')
    .option('--confirm-within <seconds>', 'how long an owner has to confirm it', '60')
    .option('--no-confirm', 'leave it to another owner to confirm it')
}

function remembers(command: Command, description: string): Command {
  return command
    .description(description)
    .argument('[name]', 'of this document only')
    .requiredOption('--config <file>', 'YAML file of the node')
    .option(...DATA)
    .option('--json', 'print JSON')
}

/** Of an option that may be repeated. */
function append(value: string, before: readonly string[]): readonly string[] {
  return [...before, value]
}
