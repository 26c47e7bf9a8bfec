/** The words of the room of stations. */
export const stations = {
  stations: {
    title: 'Stations',
    columns: {
      station: 'Station',
      version: 'OCPP',
      product: 'Vendor, model',
      evses: 'EVSEs',
      power: 'Power',
      link: 'Link',
      since: 'Since',
    },
    find: 'Find station',
    findHint: 'Id, vendor, model',
    noMatch: 'No station matches.',
    transaction: (id: string) => `transaction ${id}`,
    kept: 'Stations are kept',
    listColumns: {
      station: 'Station',
      connected: 'State',
      version: 'OCPP',
      product: 'Vendor, model',
      evses: 'EVSEs',
      power: 'Power',
      seen: 'Last heard of',
    },
    all: '‹ Stations',
    open: 'Open station',
    page: (id: string) => `Station ${id}`,
    waiting: 'Waiting for what this node has stored.',
    unheard: (id: string) =>
      `No station ${id} has ever connected here, and nobody has entered one. Look for it among the stations.`,
    connected: 'connected',
    gone: 'not connected',
    neverSeen: 'never',
    notEntered: 'not entered',
    flag: 'Nobody has entered this station.',
    flagWhy: 'It said who it is and was let in. Enter it if it is yours.',
    enter: 'Enter station',
    everyVersion: 'Every version',
    status: 'Status',
    everyStatus: 'Every status',
    entered: 'Entered',
    enteredOrNot: 'Entered or not',
    onlyEntered: 'Entered',
    onlyNotEntered: 'Not entered',
    pageFrom: (count: string, after: string) =>
      after ? `${count} behind ${after}` : `first ${count}`,
    first: 'Show first',
    next: 'Show next',
    facts: {
      serialNumber: 'Serial number',
      firmware: 'Firmware',
      bootedAt: 'Last boot',
      seenAt: 'Last heard of',
    },
    connectors: 'Connectors',
    // OCPP 1.6 has no EVSEs: its connectors are kept under their numbers as EVSEs of one connector.
    connector: (evseId: number, connectorId: number, protocol: string) =>
      protocol !== 'ocpp1.6'
        ? `EVSE ${evseId}, connector ${connectorId}`
        : evseId === 0
          ? 'Whole station'
          : `Connector ${evseId}`,
    noConnectors:
      'It has not told of any connector yet. Trigger a StatusNotification to hear of them.',
    noTransactions: 'No transaction of this station has been stored yet.',
    close: 'Close transaction',
    askClose: (id: string, station: string) =>
      `Close transaction ${id} of ${station}? Its token may charge elsewhere then. The station is not asked to stop.`,
    noOperations: 'It has not been asked to do anything yet.',
    variables: 'Variables',
    variableCount: (count: number) => (count > 0 ? `${count}` : ''),
    variableColumns: ['Component', 'Variable', 'Attribute', 'Value', 'May be', 'Reported'],
    findVariable: 'Find variable',
    noVariables: 'It has reported none yet. Get a base report to fill this table.',
    noVariables16:
      'OCPP 1.6 has no device model. Get its configuration instead; the answer stands with the operation.',
    moreVariables: (shown: number, all: number) =>
      `${shown} of ${all} are shown. Find one by its name.`,
    securityEvents: 'Security events',
    noSecurityEvents: 'It has told of none.',
    messages: 'Messages as received',
    refused: 'refused:',
    messageId: 'message id',
    variableTable: 'Variables as reported',
    noMessages: 'Nothing it said has been stored yet.',
    payload: 'Payload',
    repeated: 'came before',
    conflict: 'contradicts the one before',
    reservations: {
      title: 'Reservations',
      empty: 'Nobody has reserved here. Choose a token and a time, and reserve an EVSE for it.',
      emptyForViewers: 'Nobody has reserved here. To reserve needs the role operator.',
      noTokens: 'There is no token to reserve for. Enter one in the room Tokens.',
      place: 'Where',
      anyEvse: 'Any EVSE',
      until: 'until',
      untilLabel: 'Until',
      reserve: 'Reserve EVSE',
      cancel: 'Cancel reservation',
      askCancel: (id: number, station: string) =>
        `Cancel reservation ${id} on ${station}? Its driver may find the place taken.`,
      states: {
        reserved: 'reserved',
        used: 'used',
        cancelled: 'cancelled',
        expired: 'expired',
        removed: 'removed by the station',
      },
    },
    profiles: {
      title: 'Charging profiles',
      empty: 'Nothing known here limits it. Set a limit for the station or an EVSE below.',
      emptyForViewers: 'Nothing known here limits it. To set a limit needs the role technician.',
      wholeStation: 'Whole station',
      purposes: {
        ChargingStationMaxProfile: 'all its EVSEs together at most',
        TxDefaultProfile: 'each transaction at most',
        TxProfile: 'this transaction at most',
        ChargingStationExternalConstraints: 'at most, by somebody outside',
        PriorityCharging: 'transaction with priority',
        LocalGeneration: 'in addition, from local generation',
      },
      sources: {
        CSO: 'this CSMS',
        EMS: 'an energy management system',
        SO: 'the grid operator',
        Other: 'somebody else',
      },
      setBy: (who: string) => `set by ${who}`,
      level: (level: number) => `level ${level}`,
      notReadable: 'The profile is not readable.',
      next: (figure: string, after: string) => `then ${figure} after ${after}`,
      moreSteps: (count: number) => `and ${count} more steps`,
      again: { Daily: 'every day', Weekly: 'every week' },
      from: (moment: string) => `from ${moment}`,
      until: (moment: string) => `until ${moment}`,
      noEnd: 'until it is removed',
      remove: 'Remove profile',
      askRemove: (id: number, station: string, running: number) =>
        `Remove profile ${id} of ${station}? It may draw more at once: ${transactions(running)}.`,
      set: 'Set limit',
      place: 'What',
      when: 'When',
      fromNow: 'From now on',
      between: 'Between two times',
      limit: 'Limit',
      unit: 'Unit',
      units: { A: 'A per phase', W: 'W in all' },
      fromLabel: 'From',
      toLabel: 'To',
      endsBeforeStart: 'It must end after it begins.',
      askLimit: (what: string, figure: string, running: number) =>
        `Limit ${what} to ${figure}? It may slow down ${transactions(running)}.`,
    },
    localList: {
      title: 'Local list',
      empty:
        'It was never sent one, and lets nobody charge by it while it is offline. Send it all tokens to change that.',
      emptyForViewers:
        'It was never sent one, and lets nobody charge by it while it is offline. To send one needs the role technician.',
      version: (version: number, entries: string) =>
        `Version ${version}, entries: ${entries}, taken`,
      unknown: (version: number) =>
        `${version === 0 ? 'Version not known' : `Version ${version}`}; what is in it is not known, for an answer was lost or the list came from elsewhere. Send all tokens to know it again. Told`,
      job: (messages: number, taken: number, problem?: string) =>
        problem === undefined
          ? `A list is on its way: ${taken} of ${messages} messages are taken.`
          : `The last list did not arrive as a whole, ${taken} of ${messages} messages were taken: ${problem}. Send it again.`,
      entries: 'Entries of the local list',
      columns: ['Id token', 'Status', 'Expires'],
      send: 'Send all tokens',
      sent: (messages: number) =>
        messages === 1 ? 'Sent in one message.' : `Sent in ${messages} messages.`,
      leftOut: (count: number) =>
        count === 1
          ? 'One token was left out: the OCPP version of this station does not know its type, or has no room for it.'
          : `${count} tokens were left out: the OCPP version of this station does not know their type, or has no room for them.`,
    },
  },
}

function transactions(count: number): string {
  return count === 1 ? 'one running transaction' : `${count} running transactions`
}
