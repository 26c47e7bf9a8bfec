/**
 * The one schema of configuration files. `docs/config.md` is made from it, so descriptions are
 * written for the person who edits the file.
 */

const nodeId = { type: 'string', minLength: 1, maxLength: 255, description: 'A node id.' } as const
const seconds = (description: string, fallback: number) =>
  ({ type: 'number', exclusiveMinimum: 0, default: fallback, description }) as const

export const CONFIG_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['nodeId', 'role'],
  properties: {
    nodeId: { ...nodeId, description: 'Name of this node in the overlay. Peers address it by it.' },
    role: {
      enum: ['csms', 'networking-node', 'charging-station'],
      description: 'What this process is.',
    },
    operator: {
      ...nodeId,
      description: 'Operator domain; requests of standard stations then go to `operator/CSMS`.',
    },
    listen: {
      type: 'array',
      description: 'Where stations and nodes may connect.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['port'],
        properties: {
          host: { type: 'string', default: '127.0.0.1', description: 'Address to listen on.' },
          port: { type: 'integer', minimum: 0, maximum: 65535, description: '0 takes a free one.' },
          insecure: {
            type: 'boolean',
            default: false,
            description: 'Let in unknown ids without credential (security profile 0).',
          },
        },
      },
    },
    peers: {
      type: 'array',
      description: 'Who may connect, and what is tolerated from whom.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['id'],
        properties: {
          id: nodeId,
          passwordFile: {
            type: 'string',
            description: 'File with its password (security profile 1), relative to this file.',
          },
          validation: {
            enum: ['strict', 'tolerant'],
            default: 'strict',
            description: 'tolerant: accept unknown members, longer texts, vendor words.',
          },
          tolerantMessageIds: {
            type: 'boolean',
            default: false,
            description: 'Accept message ids of up to 255 bytes.',
          },
          maxLengths: {
            type: 'object',
            additionalProperties: { type: 'integer', minimum: 1 },
            description: 'Other length limits, e.g. `idTag: 36`.',
          },
        },
      },
    },
    uplinks: {
      type: 'array',
      description: 'Connections towards the CSMS, the first preferred.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['url'],
        properties: {
          url: {
            type: 'string',
            pattern: '^wss?://',
            description: 'Base URL; the own id is appended.',
          },
          mode: {
            enum: ['overlay', 'standard'],
            default: 'overlay',
            description: 'overlay: one shared connection for everything below.',
          },
          passwordFile: { type: 'string', description: 'File with the own password there.' },
          peerId: { ...nodeId, description: 'Who must be there; default: whoever says its id.' },
          protocol: {
            enum: ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'],
            description: 'Offer only this version. Needed by a charging station.',
          },
          dialect: {
            enum: ['reference'],
            description: 'The peer speaks overlay without confirming it.',
          },
        },
      },
    },
    routes: {
      type: 'array',
      description: 'Static routes; what is not listed is learned, or goes to the first uplink.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['destination', 'via'],
        properties: {
          destination: { ...nodeId, description: 'A node or service.' },
          via: { ...nodeId, description: 'The neighbour it is reached over.' },
        },
      },
    },
    http: {
      type: 'object',
      description: 'Console, metrics and health.',
      additionalProperties: false,
      required: ['port'],
      properties: {
        host: { type: 'string', default: '127.0.0.1', description: 'Address to listen on.' },
        port: { type: 'integer', minimum: 0, maximum: 65535, description: '0 takes a free one.' },
      },
    },
    data: {
      type: 'string',
      default: './wattweave-data',
      description: 'Folder of the database, relative to this file.',
    },
    tokens: {
      type: 'array',
      items: { type: 'string', minLength: 1, maxLength: 255 },
      description: 'csms: id tokens that may charge. charging-station: tokens its drivers use.',
    },
    heartbeatIntervalS: seconds('csms: seconds between heartbeats, told to stations at boot.', 300),
    simulation: {
      type: 'object',
      description: 'charging-station: how the simulated drivers behave.',
      additionalProperties: false,
      properties: {
        model: { type: 'string', maxLength: 20, default: 'Simulated AC 22' },
        evses: { type: 'integer', minimum: 1, maximum: 64, default: 1 },
        maxPowerW: { type: 'number', exclusiveMinimum: 0, default: 22_000 },
        pauseS: seconds('Seconds between sessions, at most.', 20),
        sessionS: seconds('Seconds a session lasts.', 60),
        meterIntervalS: seconds('Seconds between meter values.', 10),
      },
    },
    log: {
      enum: ['debug', 'info', 'warn', 'error', 'silent'],
      default: 'info',
      description: 'What is written to standard error.',
    },
  },
} as const
