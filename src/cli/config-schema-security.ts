export const file = (description: string) =>
  ({ type: 'string', minLength: 1, description: `${description}, relative to this file.` }) as const

/** `security` of a configuration: how a node signs, and what it obeys. */
export const SECURITY_SCHEMA = {
  type: 'object',
  description:
    'How this node signs what it says, and what it obeys, see [security.md](security.md). Without it the node makes its own key, and obeys by the default policy whom it was commissioned by.',
  additionalProperties: false,
  properties: {
    insecure: {
      type: 'boolean',
      default: false,
      description: 'true: nothing is signed, and everything is obeyed, whoever sent it (insecure).',
    },
    keyFile: file(
      'Own key, encrypted; made by `wattweave keys new`. Default: made at the first start under keys in `data`',
    ),
    passphraseFile: file(
      'What the key is encrypted with; made where it is missing. Default: passphrase beside the key',
    ),
    signer: {
      type: 'object',
      description:
        'A program that holds the own key in place of keyFile, for example before a hardware module. Not for a networking node, which signs whatever standard peers say at once.',
      additionalProperties: false,
      required: ['command', 'publicKeyFile'],
      properties: {
        command: {
          type: 'array',
          minItems: 1,
          items: { type: 'string', minLength: 1 },
          description:
            'Program and arguments, without a shell. It reads what is to be signed on standard input and writes the signature (of elliptic curves r then s) to standard output.',
        },
        publicKeyFile: file('The public half of that key (PEM)'),
        input: {
          enum: ['message', 'digest'],
          default: 'message',
          description: 'What the program reads: the bytes, or their digest.',
        },
        timeoutS: {
          type: 'integer',
          minimum: 1,
          maximum: 60,
          default: 10,
          description: 'How long it may take for one signature.',
        },
      },
    },
    trust: {
      type: 'array',
      description:
        'Key records of this node and of others, as `wattweave keys new` prints them; believed as they stand.',
      items: file('A file with one record'),
    },
    roots: {
      type: 'array',
      description:
        'Authorities for message keys, by the name that policies know them by (`chains`). Not those of TLS.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'file'],
        properties: {
          name: {
            type: 'string',
            minLength: 1,
            maxLength: 50,
            description: 'How policies name it.',
          },
          file: file('Its certificate (PEM)'),
        },
      },
    },
    certificates: {
      type: 'array',
      description:
        'Certificates of message keys that one of `roots` stands behind; read at the start.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['file'],
        properties: {
          file: file('The certificate, and behind it those between it and its root (PEM)'),
          owner: {
            type: 'string',
            minLength: 1,
            description: 'Whose key it is. Default: the id in its name `urn:wattweave:node:ID`.',
          },
          organisation: { type: 'string', minLength: 1, description: 'Of its owner.' },
          roles: {
            type: 'array',
            items: { type: 'string', minLength: 1 },
            description: 'User roles that the key holds. Default: none.',
          },
          alg: {
            enum: ['RS256', 'RS384'],
            description: 'Of a key of RSA: how it signs. Default: RS256.',
          },
        },
      },
    },
    legacySignatures: {
      type: 'boolean',
      description:
        'true: signatures as the reference implementation makes them are read on all links, of OCPP 2.1 in text; for single links `carrier: wwcp` does it, which writes them, too. They say nothing of time and addressee, so they come to no more than the assurance `legacy`, which a policy has to take.',
    },
    policyFile: file('Signature policy (JSON) in place of the default one'),
    twoRolesFile: file('Commands that take two people of different roles (JSON, `rules`)'),
  },
} as const
