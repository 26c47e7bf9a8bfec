/** The words of the room where a controller lies, in the demo. */
export const attacks = {
  title: 'Attacks',
  lead: 'A local controller, LC01, stands between CSMS01 and NN02, as a box on the street does. It knows no key. Switch on what it does to the words of CS07, and see what comes of it.',
  box: {
    none: 'It is not there yet: the first attack that is switched on starts it, with NN02 and CS07.',
    starting: 'It is being started, with NN02 and CS07 behind it. That takes some seconds.',
    ready: 'It is there and passes on what no attack is on for.',
    failed: (why: string) => `It could not be started: ${why}`,
  },
  waiting: 'Asking the node.',
  switchOn: (name: string) => `Switch on: ${name}`,
  kinds: {
    alter: ['Alter', 'The energy of a transaction becomes a tenth.'],
    replay: ['Replay', 'What CS07 said before is told again under another id.'],
    redirect: ['Redirect', 'What is for the CSMS is led to CS01.'],
    strip: ['Strip', 'The signatures are taken away.'],
    forge: ['Forge', 'CS07 is said to be faulted, in its name.'],
    drop: ['Drop', 'A message about a transaction is kept back.'],
  },
  counted: (attempts: number, caught: number) =>
    attempts === 0 ? 'Not tried yet' : `Tried: ${attempts} · caught: ${caught}`,
  columns: {
    time: 'Time',
    attack: 'Attack',
    action: 'Message',
    what: 'What was done',
    outcome: 'What came of it',
  },
  empty: 'Nothing was tried yet.',
  attempts: 'Attempts',
  outcomes: {
    open: 'nothing is known of it yet',
    obeyed: (at: string) => `took effect at ${at}`,
    noticed: (at: string) => `missed, and told to ${at} again: nothing was lost`,
    caught: (at: string, why: string) => `refused at ${at}: ${why}`,
    repeated: (why: string) => why,
  },
} as const
