/** The words of operations and what they can be. */
export const operations = {
  operations: {
    title: 'Operations',
    one: 'Operation',
    kept: 'Operations are kept',
    columns: {
      time: 'Asked at',
      station: 'Station',
      action: 'Action',
      life: 'What became of it',
      askedBy: 'Asked by',
    },
    life: {
      sent: 'sent',
      waitsForAnswer: 'waits for an answer',
      accepted: 'accepted',
      waitsForEffect: 'waits for its effect',
      effectSeen: (what: string) => (what ? `effect seen: ${what}` : 'effect seen'),
      refused: (why: string) => `refused: ${why}`,
      failed: (why: string) => `failed: ${why}`,
      noEffect: (why: string) => why.replace(/^accepted, /, '') || 'no effect',
    },
    states: {
      sent: 'Sent',
      accepted: 'Accepted',
      'effect-seen': 'Effect seen',
      'no-effect': 'No effect',
      refused: 'Refused',
      failed: 'Failed',
    },
    state: 'State',
    everyState: 'Every state',
    station: 'Station',
    stationHint: 'Id of a station',
    show: 'Show its operations',
    request: 'Request',
    answer: 'Answer',
    noAnswer: 'There is no answer.',
    waiting: 'Waiting for what this node has stored.',
    gone: 'There is no such operation at this node.',
    empty:
      'No station has been asked to do anything yet. Open a station and run an operation; its life stands here, from sent to its effect.',
    noMatch: 'No stored operation matches.',
  },
  commands: {
    title: 'Run operation',
    what: 'Operation',
    action: 'Action',
    mayNot: 'To run operations needs the role operator.',
    notReached: 'The node was not reached. Try again once the console is live.',
    notJson: (why: string) => `This is not JSON: ${why}`,
    optional: (name: string) => `${name} (may be empty)`,
    nothingRuns: 'No transaction is running',
    send: (action: string) => `Send ${action}`,
    evseOf: (evse: string, station: string) => `EVSE ${evse} of ${station}`,
    names: {
      start: 'Start transaction',
      stop: 'Stop transaction',
      unlock: 'Unlock connector',
      reset: 'Reset station',
      availability: 'Change availability',
      reserve: 'Reserve EVSE',
      cancelReservation: 'Cancel reservation',
      changeConfiguration: 'Change configuration',
      getConfiguration: 'Get configuration',
      setVariable: 'Set variable',
      getVariable: 'Get variable',
      getBaseReport: 'Get base report',
      trigger: 'Trigger message',
      clearCache: 'Clear cache',
      any: 'Any action',
    },
    fields: {
      token: 'Id token',
      tokenType: 'Type of token',
      evse: 'EVSE',
      connector: 'Connector',
      transaction: 'Transaction',
      reset: 'How',
      availability: 'Availability',
      until: 'Until',
      reservation: 'Reservation',
      key: 'Key',
      value: 'Value',
      component: 'Component',
      variable: 'Variable',
      report: 'Report',
      message: 'Message',
      request: 'Request as JSON',
    },
    asks: {
      stop: (transaction: string, station: string) =>
        `Stop transaction ${transaction} on ${station}?`,
      reset: (what: string, running: number) =>
        running > 0
          ? `Stop ${transactions(running)} on ${what}? A reset ends what runs and starts the station again.`
          : `Reset ${what}? Nothing is charging there; it is away until it has started again.`,
      resetOnIdle: (what: string, running: number) =>
        running > 0
          ? `Reset ${what} as soon as its ${transactions(running)} ${running === 1 ? 'has' : 'have'} ended?`
          : `Reset ${what}? Nothing is charging there; it is away until it has started again.`,
      inoperative: (what: string, running: number) =>
        running > 0
          ? `Take ${what} out of service? What runs may end first: ${transactions(running)}.`
          : `Take ${what} out of service? Nobody can charge there until it is made operative again.`,
      unlock: (connector: string, station: string, transaction: string) =>
        `Unlock connector ${connector} of ${station}? Transaction ${transaction} is running there and may end.`,
      clearCache: (station: string) =>
        `Clear the authorization cache of ${station}? While it is offline, drivers it knew from there cannot charge.`,
      any: (action: string, station: string, running: number) =>
        running > 0
          ? `Send ${action} to ${station} as it is written? ${running > 1 ? `${running} transactions are` : 'One transaction is'} running there.`
          : `Send ${action} to ${station} as it is written?`,
    },
  },
}

function transactions(count: number): string {
  return count === 1 ? 'one running transaction' : `${count} running transactions`
}
