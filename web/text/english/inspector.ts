/** The words of the inspector. */
export const inspector = {
  inspector: {
    label: 'Inspector',
    frame: (sequence: number) => `Frame ${sequence}`,
    waiting: (sequence: number) => `Fetching frame ${sequence}.`,
    gone: (sequence: number) =>
      `Frame ${sequence} is no longer in the log. The node keeps only the newest frames.`,
    failed: (status: number) =>
      status
        ? `The node answered with status ${status}. Open the frame again.`
        : 'The node was not reached. Open the frame again once the console is live.',
    sections: {
      envelope: 'Envelope',
      payload: 'Payload',
      signatures: 'Signatures',
      raw: 'As received',
      rawSent: 'As sent',
      facts: 'Facts',
      links: 'Links',
      nodes: 'Nodes',
      evses: 'EVSEs',
      frames: 'Latest frames',
    },
    signatures: {
      levels: {
        'end-to-end': 'End to end: signed by whoever said it, and verified here.',
        attested: 'Attested: a node saw it come from whoever said it, and signed that.',
        unsigned: 'Unsigned: nobody has signed it, and a rule takes it as it is.',
        refused: 'Refused: it was not obeyed.',
      },
      hopError: 'The word of a hop: whoever was asked has not signed this error.',
      notChecked: (reaction: string, direction: string) =>
        direction === 'sent'
          ? 'Not checked: this node sent it. Whoever it is for checks it.'
          : reaction === 'forwarded'
            ? 'Not checked: this node only passed it on. Whoever it is for checks it.'
            : 'Not checked here.',
      as: { originator: 'Signed by', edge: 'Attested by', other: 'Also signed by' },
      roles: (roles: readonly string[]) => `as ${roles.join(', ')}`,
      noRole: 'without a user role',
      unknown: 'Unknown keys',
      unknownKeys: (count: number) =>
        count === 1
          ? 'one signature by a key that is not known here'
          : `${count} signatures by keys that are not known here`,
      reason: 'Reason',
      found: 'Cannot be so',
      findings: {
        'double-start': 'a transaction begins where another one has not ended',
        'after-its-end': 'it goes on after its end',
        'no-transaction': 'it speaks of a transaction that has not begun',
        'counter-backwards': 'the register of a meter is lower than it was',
        'time-ahead': 'it is dated in the future',
      },
      rule: 'Rule',
      noRule: (list: string) => `no rule in “${list}”`,
      ofPolicy: (place: string, policy: string, version: number) =>
        `${place} of policy ${policy}, version ${version}`,
    },
    envelopeHint: 'Point at a field to mark its bytes below.',
    payloadNone: 'The payload is not JSON.',
    valid: (version: string) => `Valid by the schema of OCPP ${version}.`,
    problems: (count: number, version: string) =>
      count === 1
        ? `One schema problem by OCPP ${version}.`
        : `${count} schema problems by OCPP ${version}.`,
    notJudged: 'Not judged against a schema.',
    wholePayload: 'whole payload',
    fold: (name: string) => `Fold ${name}`,
    unfold: (name: string) => `Unfold ${name}`,
    truncated: 'The log kept only the beginning of this frame.',
    counterpart: { answer: 'Show answer', request: 'Show request' },
    copyJson: 'Copy as JSON',
    copySend: 'Copy as wattweave send',
    copyLink: 'Copy link',
    showFrames: 'Show its frames',
    nodeGone: (id: string) => `${id} is not part of the overlay any more.`,
    linkGone: (id: string) => `Link ${id} does not exist any more.`,
    notMeasured: 'not measured here',
    facts: {
      role: 'Role',
      state: 'State',
      since: 'Since',
      protocol: 'OCPP version',
      vendor: 'Vendor, model',
      services: 'Services',
      power: 'Power',
      simulated: 'Simulated',
      form: 'Form',
      sharedBy: 'Originators',
      rate: 'Frames',
      roundTrip: 'Round trip',
      held: 'Held back',
      queued: 'Not taken yet',
      transport: 'Transport',
      credential: 'Credential',
      own: 'Ends at this node',
      messageId: 'Message id',
      destination: 'Destination',
      path: 'Network path',
      link: 'Link',
      time: 'Time',
      size: 'Size',
      error: 'Error code',
    },
  },
}
