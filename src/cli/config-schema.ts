/**
 * The one schema of configuration files. `docs/config.md` is made from it, so descriptions are
 * written for the person who edits the file.
 */
import { FILTER_RULE_SCHEMA } from './config-filters.ts'
import { file, SECURITY_SCHEMA } from './config-schema-security.ts'

const nodeId = { type: 'string', minLength: 1, maxLength: 255, description: 'A node id.' } as const
/** Nothing here waits longer: a timer of weeks would end at once. */
const MAX_S = 86_400
const seconds = (description: string, fallback: number) =>
  ({ type: 'number', exclusiveMinimum: 0, maximum: MAX_S, default: fallback, description }) as const

const days = (description: string, fallback?: number) =>
  ({ type: 'integer', minimum: 1, maximum: 36_500, ...(fallback !== undefined && { default: fallback }), description }) as const // biome-ignore format: one line

const actions = (description: string) =>
  ({ type: 'array', items: { type: 'string', minLength: 1, maxLength: 50 }, description }) as const
const protocol = (description: string) =>
  ({ enum: ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'], description }) as const
const carrier = (where: string) =>
  ({
    enum: ['strip', 'customData', 'signed', 'wwcp'],
    default: 'strip',
    description: `${where === '' ? 'How' : `${where}how`} signatures go over it: not at all, in \`customData\` (not in OCPP 1.6), around the payload as \`<Action>-Signed\`, which the peer has to know, or in the legacy form of the reference implementation (OCPP 2.1, keys of P-256 or P-521), which is read on such a link, too.`,
  }) as const
const insecure = {
  type: 'boolean',
  default: false,
  description:
    'Dial without TLS and without a password (security profile 0): nothing proves who is there. For trials only.',
} as const
const ownTls = {
  type: 'object',
  description: 'Under wss: whom to trust, and the own certificate.',
  additionalProperties: false,
  properties: {
    caFile: file('Authorities whose server certificates count (PEM)'),
    certificateFile: file('Own certificate (PEM; security profile 3)'),
    keyFile: file('Its key (PEM)'),
  },
} as const

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
    organization: {
      type: 'string',
      minLength: 1,
      description: 'Operator name that station certificates must bear where serial numbers count.',
    },
    passwordKeyFile: file('Key of stored passwords, made by `wattweave password`'),
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
          peer: {
            enum: ['station', 'csms'],
            default: 'station',
            description: 'csms: this is a station that listens, and a controller dials it.',
          },
          protocol: protocol('Speak only this version. Needed by a charging station that listens.'),
          compression: {
            type: 'boolean',
            default: true,
            description: 'Accept permessage-deflate where a client offers it.',
          },
          conform404: {
            type: 'boolean',
            default: false,
            description:
              'Answer 404 to unknown ids as OCPP says; it tells strangers what ids exist.',
          },
          tls: {
            type: 'object',
            description: 'Security profiles 2 and 3. Changed files are used without a restart.',
            additionalProperties: false,
            required: ['certificateFile', 'keyFile'],
            properties: {
              certificateFile: file('Own certificate, intermediates behind it (PEM)'),
              keyFile: file('Its key (PEM)'),
              clientCaFile: file('Authorities of client certificates (PEM; security profile 3)'),
            },
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
          peer: {
            enum: ['station', 'node'],
            default: 'station',
            description:
              'node: it may join the overlay, speak for the stations behind it and let others do things.',
          },
          passwordFile: {
            type: 'string',
            description: 'File with its password, plain or stored, relative to this file.',
          },
          securityProfile: {
            enum: [0, 1, 2, 3],
            description: 'The lowest security profile it may use.',
          },
          serialNumber: {
            type: 'string',
            minLength: 1,
            description: 'Common name of its OCPP station certificate. Needs `organization`.',
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
          carrier: carrier(
            'Of stations, and of nodes `strip` (statements go over as they are) or `wwcp`: ',
          ),
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
            description: 'Base URL, without user, password and query; the own id is appended.',
          },
          mode: {
            enum: ['overlay', 'standard', 'per-station'],
            default: 'overlay',
            description:
              'overlay: one shared connection for everything below. per-station: one ordinary connection in the name of each station. standard: one for this node itself.',
          },
          name: {
            ...nodeId,
            description: 'Name in logs and metrics, of uplinks with a role; default: the URL.',
          },
          role: {
            enum: ['primary', 'mirror', 'restricted'],
            description:
              'primary: answers stations and commands them. mirror: gets copies of what stations ask the primary, commands nothing. restricted: what `allow` names. Without any role the uplinks stand in for each other.',
          },
          stations: {
            type: 'array',
            minItems: 1,
            items: { type: 'string', minLength: 1 },
            description:
              'With a role or per-station: stations it is for, `*` stands for any characters. Default: all.',
          },
          allow: {
            type: 'object',
            description:
              'With a role or per-station: actions it may see (`up`) and ask for (`down`), spelt as on the wire; `*` is all.',
            additionalProperties: false,
            properties: {
              up: actions('Actions of stations that it gets.'),
              down: actions('Actions that it may ask stations for.'),
            },
          },
          allowNetworkChanges: {
            type: 'boolean',
            default: false,
            description: 'per-station: let it change where and how a station connects.',
          },
          onUpstreamLoss: {
            enum: ['close', 'keep'],
            default: 'close',
            description:
              'per-station, primary: close the connection of a station whose primary is lost.',
          },
          stationPasswords: file('per-station: folder with a file per station, its password there'),
          compression: {
            type: 'boolean',
            default: true,
            description: 'Offer permessage-deflate: fewer bytes, some 50 µs per larger message.',
          },
          keyAsBytes: {
            type: 'boolean',
            default: false,
            description:
              'standard, per-station: send a password of 32 to 40 hexadecimal digits as bytes, as OCPP 1.6 says.',
          },
          carrier: carrier(
            'standard, per-station, and overlay `strip` (statements go over as they are) or `wwcp`: ',
          ),
          tls: ownTls,
          backOff: {
            type: 'object',
            description: 'Waits between attempts as in OCPP; default: full jitter, 1 s up to 60 s.',
            additionalProperties: false,
            required: ['waitMinimumS', 'randomRangeS', 'repeatTimes'],
            properties: {
              waitMinimumS: {
                type: 'number',
                minimum: 1,
                maximum: MAX_S,
                description: 'RetryBackOffWaitMinimum.',
              },
              randomRangeS: {
                type: 'number',
                minimum: 0,
                maximum: MAX_S,
                description: 'RetryBackOffRandomRange.',
              },
              repeatTimes: {
                type: 'integer',
                minimum: 0,
                maximum: 16,
                description: 'RetryBackOffRepeatTimes.',
              },
            },
          },
          passwordFile: { type: 'string', description: 'File with the own password there.' },
          insecure,
          peerId: {
            ...nodeId,
            description:
              'Who must be there; default: whoever says its id. per-station: in this name it asks stations; default: `name@nodeId`.',
          },
          protocol: protocol('Offer only this version. Needed by a charging station.'),
          dialect: {
            enum: ['reference'],
            description: 'overlay: the peer speaks it without confirming it.',
          },
        },
      },
    },
    downlinks: {
      type: 'array',
      description: 'Stations that listen, and are dialled by this node.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['url', 'peerId'],
        properties: {
          url: {
            type: 'string',
            pattern: '^wss?://',
            description: 'Where it listens; the own id is appended.',
          },
          peerId: { ...nodeId, description: 'The station that must be there.' },
          protocol: protocol('Offer only this version.'),
          carrier: carrier(''),
          passwordFile: { type: 'string', description: 'File with the own password there.' },
          insecure,
          tls: ownTls,
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
    filters: {
      type: 'array',
      description:
        'What may pass this node, see [filters.md](filters.md). Deny wins; without a rule everything passes.',
      items: FILTER_RULE_SCHEMA,
    },
    security: SECURITY_SCHEMA,
    http: {
      type: 'object',
      description: 'Console, metrics and health.',
      additionalProperties: false,
      required: ['port'],
      properties: {
        host: { type: 'string', default: '127.0.0.1', description: 'Address to listen on.' },
        port: { type: 'integer', minimum: 0, maximum: 65535, description: '0 takes a free one.' },
        login: {
          type: 'boolean',
          default: true,
          description: 'false: whoever reaches the console may do everything (insecure).',
        },
      },
    },
    unknownStations: {
      enum: ['reject', 'accept-and-flag'],
      default: 'accept-and-flag',
      description:
        'csms: what to do with a station that proved who it is, but that nobody has entered here.',
    },
    retention: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'csms: how many days things are kept; what is not named is kept for ever.',
      properties: {
        messagesDays: days('Messages as they came; what was made of them stays.', 400),
        operationsDays: days('Operations and what became of them.'),
        securityEventsDays: days('Security events of stations.'),
      },
    },
    secretsKeyFile: file('Key of the secrets kept in `data`; made there when this is not set'),
    data: {
      type: 'string',
      default: './wattweave-data',
      description:
        'Folder of the database, of a charging station that of its journal, relative to this file; `--data` on the command line counts before it.',
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
        maxPowerW: {
          type: 'number',
          exclusiveMinimum: 0,
          description: 'Of an EVSE, over all its phases. Default: a third of 22 000 of each.',
        },
        phases: { enum: [1, 2, 3], default: 3, description: 'That each EVSE has.' },
        pauseS: seconds('Seconds between sessions, at most.', 20),
        sessionS: seconds('Seconds a session lasts.', 60),
        meterIntervalS: seconds('Seconds between meter values.', 10),
        sessions: {
          type: 'integer',
          minimum: 1,
          description: 'Sessions of each EVSE, after which it stays free. Default: no end.',
        },
        speed: {
          type: 'number',
          minimum: 1,
          maximum: 1000,
          default: 1,
          description: 'How many seconds of the station pass in one of the network.',
        },
        fault: {
          type: 'object',
          description: 'Something that goes wrong again and again.',
          additionalProperties: false,
          required: ['kind'],
          properties: {
            kind: { enum: ['ground-fault', 'over-temperature', 'connector-lock', 'meter-stuck'] },
            evseId: { type: 'integer', minimum: 1, default: 1 },
            everyS: seconds('Seconds from one beginning to the next.', 60),
            lastsS: seconds('Seconds until it is mended.', 10),
            firstS: seconds('Seconds until the first.', 30),
          },
        },
      },
    },
    log: {
      enum: ['debug', 'info', 'warn', 'error', 'silent'],
      default: 'info',
      description: 'What is written to standard error.',
    },
  },
} as const
