/** The words of the frame around all rooms. */
export const shell = {
  rooms: {
    label: 'Rooms',
    overlay: 'Overlay',
    stations: 'Stations',
    transactions: 'Transactions',
    operations: 'Operations',
    tokens: 'Tokens',
    keys: 'Keys',
    policies: 'Policies',
    roles: 'Roles',
    log: 'Log',
    attacks: 'Attacks',
  },
  /** Where a part of the page could not be drawn. */
  broken: {
    what: (why: string) => `What the node answered could not be shown here: ${why}`,
    next: 'The rest of the console works on. Choose another room, or try again; if it stays like this, report it with the sentence above.',
    again: 'Try again',
  },
  login: {
    waiting: 'Asking the node who may see this.',
    name: 'Name',
    password: 'Password',
    submit: 'Log in',
    out: 'Log out',
    how: 'No password, or forgotten? On the machine of the node, this prints a link that lets you in:',
    once: 'It works once, for 15 minutes.',
    refused: (why: string) => `Not logged in: ${why}.`,
    notReached: 'the node was not reached',
  },
  accountRoles: {
    viewer: 'viewer',
    operator: 'operator',
    technician: 'technician',
    admin: 'admin',
  },
  cancel: 'Cancel',
  newest: 'Show newest',
  older: 'Show older',
  rows: 'Rows',
  notAllowed: 'Your role may not see this. An admin can give you another one.',
  elsewhere: (kept: string, id: string, role: string) =>
    `${kept} at the CSMS. ${id} is not one (${role}): it passes frames on and stores none. Open the console of the CSMS.`,
  ofAll: (part: string, all: string) => `${part} of ${all}`,
  asOf: (time: string) => `as of ${time}`,
  none: '–',
  yes: 'yes',
  no: 'no',
  close: 'Close inspector',
  copied: 'Copied',
  theme: {
    dark: 'Use dark theme',
    light: 'Use light theme',
    darkShort: 'Dark',
    lightShort: 'Light',
  },
  status: {
    label: 'Annunciator',
    offline: 'Console offline, retrying',
    connecting: 'Connecting to the node',
    servedBy: (id: string) => `Served by ${id}`,
    version: (version: string) => `Version ${version}`,
  },
  windows: {
    held: (count: string) => `${count} held`,
    links: { label: 'Links', title: 'Links' },
    refused: { label: 'Refused', title: 'Refused frames' },
    alerts: { label: 'Alerts', title: 'Let through with an alert' },
    alerted: (count: string, reason: string) => `${count}, ${reason}`,
    queues: { label: 'Queues', title: 'Queues' },
    stations: { label: 'Stations', title: 'Stations' },
    clock: { label: 'Clock', title: 'Clocks' },
    offset: (seconds: number) => `${seconds < 0 ? '−' : '+'}${Math.abs(seconds)} s`,
    insecure: { label: 'Insecure', title: 'Without protection' },
    simulated: { label: 'Simulated', title: 'Simulated nodes' },
  },
  windowText: {
    linksFine: 'Every link is up.',
    linksDown: (count: number) =>
      count === 1
        ? 'One link is down. Its node dials again by itself.'
        : `${count} links are down. Their nodes dial again by themselves.`,
    refusedNone: 'No frame has been refused since this node started.',
    refusedSome: 'Frames this node did not let pass since it started, by error code.',
    refusedLatest: 'Latest refused frames',
    showRefused: 'Show only refused frames',
    alertsNone: 'No rule has let anything through that fails it.',
    alertsSome:
      'Since this node started rules with allow-and-alert have let these messages through though they fail them, by reason.',
    alertsNewest: 'The newest',
    alertFacts: {
      time: 'Time',
      what: 'Message',
      link: 'Came from',
      rule: 'Rule',
      reason: 'Reason',
    },
    alertOf: (action: string, source: string, destination: string) =>
      `${action} from ${source} to ${destination}`,
    alertReason: (code: string, sentence: string) => `${code}: ${sentence}`,
    showRules: 'Show the policies',
    queuesEmpty: 'Nothing waits to be sent.',
    queuesHeld: (size: string) =>
      `${size} wait to be sent because a link is slower than its frames or down.`,
    held: (count: number) =>
      count === 1
        ? 'One call waits: a standard station gets the next one when it has answered the one before.'
        : `${count} calls wait: a standard station gets the next one when it has answered the one before.`,
    stationsFine: 'Every station is connected.',
    stationsDown: (count: number) =>
      count === 1 ? 'One station is not connected.' : `${count} stations are not connected.`,
    clocksUnknown:
      'No clock has been compared yet: nobody has signed anything for this node lately.',
    clocksFine: 'What others sign bears about the time that it is here.',
    clocksOff: (count: number) =>
      `${count === 1 ? 'One clock is' : `${count} clocks are`} off, or messages are held back on their way. From 30 s on nobody obeys what is signed so: set these clocks by NTP, and look at the one here, too, where all of them are off.`,
    clockHeard: 'heard',
    secure: 'Every link this node knows of has TLS and a credential.',
    unguarded:
      'Whoever reaches this console may do everything. Take http.login: false out of the YAML file of this node and start it again; then everybody has to log in.',
    insecureMode:
      'Its configuration says insecure: a listener lets in whoever shows no password, or nothing is signed and everything is obeyed.',
    insecureRules:
      'By these rules messages are obeyed that the default policy refuses. Change them in the room Policies.',
    insecureRule: (place: string, sentence: string, action: string) =>
      `${place}: ${sentence}${action}.`,
    suchAs: (action: string) => `, such as ${action}`,
    until: 'Until',
    insecureRemedy:
      'Without TLS anyone on the wire can read and change frames; without a credential anyone can claim the id. Give the listener a certificate and the peer a password, and remove insecure under listen and security.',
    simulatedNone: 'No node is simulated.',
    simulatedSome: 'These nodes are programs, not hardware. Their values are made up.',
    noOverview: 'Waiting for the first overview.',
  },
}
