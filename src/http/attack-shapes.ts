import { count, flag, list, moment, object, type Schema, shape, text, word } from './shape-parts.ts'

const ATTACK = word(['alter', 'replay', 'redirect', 'strip', 'forge', 'drop'])

/** Of the demonstration of attacks. */
export const ATTACK_SHAPES: Readonly<Record<string, Schema>> = {
  AttemptView: object({
    number: count(),
    time: moment('When it was made'),
    attack: ATTACK,
    what: text('What was done, for people'),
    action: text(),
    outcome: object({
      state: word(
        ['caught', 'noticed', 'open', 'obeyed'],
        'What came of it, as far as this node has seen',
      ),
      'at?': text('Where that was'),
      'reason?': text('Why it was refused: a code that stays'),
      'sentence?': text('The same for people'),
      'frame?': count('Sequence of the frame that shows it'),
    }),
  }),
  AttacksView: object({
    box: word(['none', 'starting', 'ready', 'failed'], 'The controller that lies'),
    'problem?': text('Why it could not be started'),
    attacks: list(object({ attack: ATTACK, isOn: flag(), attempts: count(), caught: count() })),
    attempts: list(shape('AttemptView'), 'The newest first'),
  }),
}
