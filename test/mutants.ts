/**
 * One-line breakages of safety and security rules. Each must turn a test red: a rule whose breaking
 * nobody notices is not tested. `npm run mutants [-- WORD …]` tries them, one after the other, in a
 * copy of the repository.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

interface Mutant {
  readonly rule: string
  readonly file: string
  readonly find: string
  readonly replace: string
  /** Tests that must notice. */
  readonly tests: string
}

// biome-ignore format: a table
const MUTANTS: readonly Mutant[] = [
  { rule: 'the last path entry is the authenticated neighbour', file: 'src/routing/network-path.ts', find: "throw new OverlayError('ERR_ROUTE_NEIGHBOUR'", replace: "void new OverlayError('ERR_ROUTE_NEIGHBOUR'", tests: 'test/node/**/*.test.ts' },
  { rule: 'a frame that was here is dropped', file: 'src/routing/network-path.ts', find: 'if (isSameId(id, self)) throw', replace: 'if (isSameId(id, self)) void', tests: 'test/node/**/*.test.ts' },
  { rule: 'a full path is not forwarded', file: 'src/routing/network-path.ts', find: 'if (path.length >= maxEntries)', replace: 'if (path.length > maxEntries)', tests: 'test/node/**/*.test.ts' },
  { rule: 'reserved ids are never learned', file: 'src/routing/table.ts', find: '    assertNoReservedId(id)\n', replace: '', tests: 'test/{node,routing}/**/*.test.ts' },
  { rule: 'learning never overrides another live link', file: 'src/routing/table.ts', find: '      } else if (known) {', replace: '      } else if (known && known.link === link) {', tests: 'test/{node,routing}/**/*.test.ts' },
  { rule: 'an announcement never overrides another live link', file: 'src/routing/table.ts', find: '    return this.get(id) === candidate\n', replace: '    return true\n', tests: 'test/{node,routing}/**/*.test.ts' },
  { rule: 'only the neighbour announces', file: 'src/routing/topology.ts', find: '!isSameId(routingNode, neighbour)', replace: 'false', tests: 'test/{node,routing}/**/*.test.ts' },
  { rule: 'an answer belongs to its source', file: 'src/node/pending.ts', find: 'if (source !== undefined && !isSameId(first.source, source)) return undefined', replace: '', tests: 'test/node/**/*.test.ts' },
  { rule: 'an answer counts once', file: 'src/node/pending.ts', find: '      this.#byId.delete(messageId)\n', replace: '', tests: 'test/node/**/*.test.ts' },
  { rule: 'overlay frames do not belong on standard links', file: 'src/node/pipeline.ts', find: "if (route) throw new OverlayError('ERR_WIRE_FORM', { form: 'overlay' })", replace: 'if (route) return frame as RoutedFrame', tests: 'test/node/**/*.test.ts' },
  { rule: 'a source route starts at its first hop', file: 'src/node/pipeline.ts', find: "if (!isOwn) throw new OverlayError('ERR_ROUTE_SOURCE_ROUTE')", replace: 'if (!isOwn) return destination', tests: 'test/node/**/*.test.ts' },
  { rule: 'one open CALL towards a standard peer', file: 'src/node/requests.ts', find: 'if (to.activeCall !== undefined) {', replace: 'if (to.activeCall === null) {', tests: 'test/node/**/*.test.ts' },
  { rule: 'a payload is validated before its handler', file: 'src/node/dispatch.ts', find: "  node.validatorOf(source).assertValid(protocol, frame.action, 'request', request)\n", replace: '', tests: 'test/node/**/*.test.ts' },
  { rule: 'duplicate keys are refused where parsed', file: 'src/wire/payload.ts', find: 'if (shape.members !== found.members)', replace: 'if (false)', tests: 'test/wire/*.test.ts' },
  { rule: '__proto__ is refused where parsed', file: 'src/wire/payload.ts', find: "if (key === '__proto__')", replace: 'if (false)', tests: 'test/wire/*.test.ts' },
  { rule: 'nesting is limited', file: 'src/wire/scanner.ts', find: 'if (depth === maxNesting)', replace: 'if (depth === 255)', tests: 'test/wire/*.test.ts' },
  { rule: 'brackets match', file: 'src/wire/scanner.ts', find: 'if (opened[--depth] !== byte - 2)', replace: 'if (opened[--depth] === 0)', tests: 'test/wire/*.test.ts' },
  { rule: 'binary lengths add up', file: 'src/wire/binary.ts', find: 'if (cursor.at !== bytes.length) throw', replace: 'if (cursor.at > bytes.length) throw', tests: 'test/wire/*.test.ts' },
  { rule: 'ids are NFC', file: 'src/primitives/ids.ts', find: "text.normalize('NFC') === text &&", replace: '', tests: 'test/wire/*.test.ts' },
  { rule: 'only A to Z is folded', file: 'src/primitives/ids.ts', find: 'id.replace(/[A-Z]+/g, (run) => run.toLowerCase())', replace: 'id.toUpperCase().toLowerCase()', tests: 'test/{wire,primitives}/*.test.ts' },
  { rule: 'a wrong password is refused', file: 'src/transport/admission.ts', find: "if (!isRight) return 'wrong credential'", replace: '', tests: 'test/transport/*.test.ts' },
  { rule: 'the user is the id in the URL', file: 'src/transport/admission.ts', find: 'if (hasUser && !isSameId(basic.user, id))', replace: 'if (false)', tests: 'test/transport/*.test.ts' },
  { rule: 'nobody unknown without insecure', file: 'src/transport/admission.ts', find: 'if (insecure) return 0', replace: 'return 0', tests: 'test/transport/*.test.ts' },
  { rule: 'less proof does not replace a live link', file: 'src/node/node.ts', find: 'if (isEqual && securityProfileOf(link) < securityProfileOf(older.link))', replace: 'if (false)', tests: 'test/node/lifetime.test.ts' },
  { rule: 'a mirror commands nothing', file: 'src/node/upstreams.ts', find: 'if (!mayCommand(this.#rules, rule, station, action))', replace: 'if (false)', tests: 'test/node/upstreams.test.ts' },
  { rule: 'an upstream cannot move a station away', file: 'src/node/upstreams.ts', find: 'if (change !== undefined) throw', replace: 'if (false) throw', tests: 'test/node/credential-changes.test.ts' },
  { rule: 'a password is followed only once it is accepted', file: 'src/node/credential-changes.ts', find: '(isAccepted(answer) ? new Secret(value) : undefined)', replace: 'new Secret(value)', tests: 'test/node/credential-changes.test.ts' },
  { rule: 'a mirror does not stand in for the primary', file: 'src/node/upstreams.ts', find: 'if (!neighbour) throw this.#notConnected(rule, station, destination)', replace: '', tests: 'test/node/upstreams.test.ts' },
  { rule: 'no weak cipher', file: 'src/transport/tls.ts', find: '  ciphers: CIPHERS,', replace: '', tests: 'test/attacks/sslscan.test.ts' },
  { rule: 'a compression bomb is not inflated', file: 'src/transport/deflate.ts', find: 'maxOutputLength: maxBytes,', replace: '', tests: 'test/transport/deflate.test.ts' },
  { rule: 'nothing hides behind the end of a compressed stream', file: 'src/transport/deflate.ts', find: 'if (engine.bytesWritten < message.length)', replace: 'if (false)', tests: 'test/transport/deflate.test.ts' },
  { rule: 'who dials in cannot take the place of an uplink', file: 'src/node/node.ts', find: '} else if (this.#dialled.has(foldId(id))) {', replace: '} else if (false) {', tests: 'test/node/lifetime.test.ts' },
  { rule: 'an uplink that comes back takes its place again', file: 'src/node/node.ts', find: 'const isEqual = dials === this.#dialledLinks.has(older.link)', replace: 'const isEqual = true', tests: 'test/node/lifetime.test.ts' },
  { rule: 'nobody bears the own id of the node', file: 'src/node/node.ts', find: 'if (isSameId(id, this.#core.id))', replace: 'if (false)', tests: 'test/node/lifetime.test.ts' },
  { rule: 'answers are kept in bounded number', file: 'src/node/pending.ts', find: 'if (this.#list.length >= MAX_ANSWERED)', replace: 'if (false)', tests: 'test/node/pending.test.ts' },
  { rule: 'open requests of a link are bounded', file: 'src/node/core.ts', find: 'MAX_OPEN_REQUESTS = 50_000', replace: 'MAX_OPEN_REQUESTS = 50_000_000', tests: 'test/node/pending.test.ts' },
  { rule: 'what a rule rejects does not pass', file: 'src/node/filtering.ts', find: "if (verdict.effect !== 'replace') throw denialError(verdict)", replace: "if (verdict.effect !== 'replace') return frame", tests: 'test/node/filters.test.ts' },
  { rule: 'only the own words of a node are urgent as control', file: 'src/node/neighbour.ts', find: "priority === 'control' && source !== this.#host.nodeId", replace: 'false', tests: 'test/node/congestion.test.ts' },
  { rule: 'a call that lowers a limit does not wait behind others', file: 'src/node/limit-order.ts', find: 'if (!change?.isLower) {', replace: 'if (true) {', tests: 'test/node/congestion.test.ts' },
  { rule: 'a lower limit does not overtake an earlier change of its EVSE', file: 'src/node/limit-order.ts', find: 'Math.max(head, earlier + 1)', replace: 'head', tests: 'test/node/congestion.test.ts' },
  { rule: 'a certificate is of the id it is shown for', file: 'src/transport/admission.ts', find: "isCertificateFor(certificate, id, station) ? 3 : 'the certificate is of somebody else'", replace: '3', tests: 'test/transport/tls.test.ts' },
  { rule: 'a certificate whose chain is not good proves nothing', file: 'src/transport/tls.ts', find: 'if (!socket.authorized)', replace: 'if (false)', tests: 'test/transport/tls.test.ts' },
  { rule: 'a URI name of ours is the only one that counts', file: 'src/transport/certificates.ts', find: 'if (names.hasNodeUri) return', replace: 'if (names.nodeIds.length > 1) return', tests: 'test/transport/tls.test.ts' },
  { rule: 'a station certificate must name the operator', file: 'src/transport/certificates.ts', find: 'organization === station.organization', replace: 'true', tests: 'test/transport/tls.test.ts' },
  { rule: 'no downgrade of the security profile', file: 'src/transport/admission.ts', find: 'if (verdict < lowest)', replace: 'if (false)', tests: 'test/transport/tls.test.ts' },
  { rule: 'the dialled server is the one expected', file: 'src/transport/websocket-client.ts', find: 'certificate?.hasNodeUri && expected &&', replace: 'false && certificate && expected &&', tests: 'test/transport/tls.test.ts' },
  { rule: 'an address that floods gets 429', file: 'src/transport/throttle.ts', find: 'times?.length === ADDRESS_FAILURES', replace: 'times?.length === Infinity', tests: 'test/transport/admission.test.ts' },
  { rule: 'an uplink must be who is expected', file: 'src/transport/websocket-client.ts', find: '(peerId && !isSameId(said, peerId))', replace: 'false', tests: 'test/transport/*.test.ts' },
  { rule: 'filter: deny wins over replace', file: 'src/routing/filters/filters.ts', find: 'const verdict = denial ? deny(denial) : replaces && this.#replace(replaces, inspection)', replace: 'const verdict = replaces ? this.#replace(replaces, inspection) : denial && deny(denial)', tests: 'test/routing/filters/*.test.ts' },
  { rule: 'filter: what cannot be read counts as met', file: 'src/routing/filters/payload-conditions.ts', find: 'if (payload === undefined) return true', replace: 'if (payload === undefined) return false', tests: 'test/routing/filters/*.test.ts' },
  { rule: 'filter: what cannot be replaced is rejected', file: 'src/routing/filters/filters.ts', find: "if (payload === undefined) return first && reject(first, 'its payload cannot be read')", replace: 'if (payload === undefined) return undefined', tests: 'test/routing/filters/*.test.ts' },
  { rule: 'filter: a binary payload is not looked into', file: 'src/routing/filters/inspection.ts', find: 'this.subject.isBinary ? undefined : read(this.subject.payload)', replace: 'read(this.subject.payload)', tests: 'test/routing/filters/*.test.ts' },
  { rule: 'filter: an answer whose action nobody knows may be meant', file: 'src/routing/filters/conditions.ts', find: "subject.action === '' || matches(subject.action)", replace: 'matches(subject.action)', tests: 'test/routing/filters/*.test.ts' },
  { rule: 'filter: an answer whose action nobody knows is asked about', file: 'src/routing/filters/filters.ts', find: "new Map([['', ofKind]])", replace: "new Map([['', others]])", tests: 'test/routing/filters/*.test.ts' },
  { rule: 'filter: a rule with a wildcard concerns actions that others name', file: 'src/routing/filters/filters.ts', find: 'others.includes(rule) || rule.actions?.includes(action)', replace: 'rule.actions?.includes(action)', tests: 'test/routing/filters/*.test.ts' },
  { rule: 'filter: texts of payloads have no case', file: 'src/routing/filters/payload-conditions.ts', find: "typeof value === 'string' ? foldId(value) : value", replace: 'value', tests: 'test/routing/filters/*.test.ts' },
  { rule: 'filter: a limit is not evaded by writing a text', file: 'src/routing/filters/payload-conditions.ts', find: "typeof value === 'string' && DECIMAL.test(value) ? Number(value) : undefined", replace: 'undefined', tests: 'test/routing/filters/*.test.ts' },
  { rule: 'filter: every item of an array is looked at', file: 'src/routing/filters/pointer.ts', find: "if (name === '*') return value.some((item) => visit(item, depth + 1))", replace: "if (name === '*') return visit(value[0], depth + 1)", tests: 'test/routing/filters/*.test.ts' },
  { rule: 'filter: only own members are values', file: 'src/routing/filters/pointer.ts', find: 'return isObject(value) && Object.hasOwn(value, name) && visit(value[name], depth + 1)', replace: 'return isObject(value) && visit(value[name], depth + 1)', tests: 'test/routing/filters/*.test.ts' },
  { rule: 'filter: a deny rule for everything is refused', file: 'src/routing/filters/compile.ts', find: 'if (isDeny && conditions.every(({ isVoid }) => isVoid))', replace: 'if (isDeny && conditions.length === 0)', tests: 'test/routing/filters/*.test.ts' },
  { rule: 'filter: a condition nobody knows is refused', file: 'src/routing/filters/conditions.ts', find: '  assertMembers(match, MEMBERS, [], complain)\n', replace: '', tests: 'test/routing/filters/*.test.ts' },
  { rule: 'filter: an id that nobody can have is refused', file: 'src/routing/filters/conditions.ts', find: "!isNodeId(name.replaceAll('*', 'x'))", replace: 'false', tests: 'test/routing/filters/*.test.ts' },
  { rule: 'filter: no pointer leads to __proto__', file: 'src/routing/filters/pointer.ts', find: "if (pointer.includes('__proto__'))", replace: 'if (false)', tests: 'test/routing/filters/*.test.ts' },
  { rule: 'filter: rates remember a bounded number of names', file: 'src/routing/filters/rate-limit.ts', find: 'this.#buckets.size >= MAX_RATE_KEYS', replace: 'this.#buckets.size >= Infinity', tests: 'test/routing/filters/*.test.ts' },
  { rule: 'filter: the name seen last is not the one forgotten', file: 'src/routing/filters/rate-limit.ts', find: 'if (known) this.#buckets.delete(key)', replace: 'if (known) void key', tests: 'test/routing/filters/*.test.ts' },
  { rule: 'filter: spellings of one name share a rate', file: 'src/routing/filters/conditions.ts', find: "(by === 'rule' ? '' : foldId(subject[by]))", replace: "(by === 'rule' ? '' : subject[by])", tests: 'test/routing/filters/*.test.ts' },
  { rule: 'filter: no mark in OCPP 1.6', file: 'src/routing/filters/replacement.ts', find: "if (protocol === undefined || protocol === 'ocpp1.6') return false", replace: 'if (protocol === undefined) return false', tests: 'test/routing/filters/*.test.ts' },
  { rule: "filter: no mark in what is another vendor's", file: 'src/routing/filters/replacement.ts', find: 'if (vendorId !== VENDOR_ID) return false', replace: '', tests: 'test/routing/filters/*.test.ts' },
  { rule: 'filter: no rule changes the value of another', file: 'src/routing/filters/pointer.ts', find: '[name]: structuredClone(value)', replace: '[name]: value', tests: 'test/routing/filters/*.test.ts' },
  { rule: 'filter: a dropped frame is not answered', file: 'src/errors.ts', find: 'ERR_FILTER_DROPPED:       { rpc: undefined,', replace: "ERR_FILTER_DROPPED:       { rpc: 'filtered',", tests: 'test/routing/filters/*.test.ts' },
  { rule: 'observability: an id token is hidden by its name', file: 'src/http/secrets.ts', find: "  'idtag',\n", replace: '', tests: 'test/http/redaction.test.ts' },
  { rule: 'observability: a password is hidden by the end of its name', file: 'src/http/secrets.ts', find: 'return NAMES.has(plain) || ENDINGS.test(plain)', replace: 'return NAMES.has(plain)', tests: 'test/http/redaction.test.ts' },
  { rule: 'observability: the value of a password variable is hidden', file: 'src/http/redaction.ts', find: 'const hidesValues = place.hidesValues || isOfPassword(object)', replace: 'const { hidesValues } = place', tests: 'test/http/redaction.test.ts' },
  { rule: 'observability: values stay hidden further inside', file: 'src/http/redaction.ts', find: 'HIDDEN : redact(value, { ...place, hidesValues })', replace: 'HIDDEN : redact(value, place)', tests: 'test/http/redaction.test.ts' },
  { rule: 'observability: bytes are not logged', file: 'src/http/redaction.ts', find: 'if (ArrayBuffer.isView(value)) return', replace: 'if (ArrayBuffer.isView(value) && value.byteLength > 100) return', tests: 'test/http/redaction.test.ts' },
  { rule: 'observability: the logger redacts', file: 'src/cli/logger.ts', find: 'withoutOwnMembers(redactFields(fields))', replace: 'withoutOwnMembers(fields)', tests: 'test/http/redaction.test.ts' },
  { rule: 'observability: an exported payload has fingerprints', file: 'src/http/trace-records.ts', find: 'const payload = redacted(parse(frame.payload))', replace: 'const payload = parse(frame.payload)', tests: 'test/http/trace.test.ts' },
  { rule: 'observability: exported bytes have fingerprints', file: 'src/http/trace-records.ts', find: "raw: withFingerprints(Buffer.from(record.bytes).toString('utf8'))", replace: "raw: Buffer.from(record.bytes).toString('utf8')", tests: 'test/http/trace.test.ts' },
  { rule: 'observability: metrics show no credentials of URLs', file: 'src/http/observations.ts', find: 'if (!URL.canParse(text)) return text', replace: 'if (text) return text', tests: 'test/http/metrics.test.ts' },
  { rule: 'observability: connections in the names of stations do not make a node ready', file: 'src/http/readiness.ts', find: "link.way === 'up' && represents === undefined", replace: "link.way === 'up' && represents !== null", tests: 'test/http/readiness.test.ts' },
  { rule: 'once: a TransactionEvent that comes again has no effects', file: 'src/storage/charging-rows.ts', find: "    if (isKnown) return 'repeated'\n", replace: '', tests: 'test/{roles,storage}/*.test.ts' },
  { rule: 'once: the event with the lowest seqNo says how a transaction began', file: 'src/storage/charging-rows.ts', find: 'ORDER BY seq_no, timestamp LIMIT 1', replace: 'ORDER BY rowid LIMIT 1', tests: 'test/{roles,storage}/*.test.ts' },
  { rule: 'once: a 1.6 start on another connector is another transaction', file: 'src/storage/charging-rows.ts', find: 'AND evse_id IS ? AND connector_id IS ?\n', replace: 'AND (evse_id IS ? OR 1) AND connector_id IS ?\n', tests: 'test/{roles,storage}/*.test.ts' },
  { rule: 'once: a 1.6 station that restarts its counter says something new', file: 'src/storage/charging-rows.ts', find: 'AND started_at = ? AND meter_start_wh IS ?', replace: 'AND started_at = ? AND (meter_start_wh IS ? OR 1)', tests: 'test/{roles,storage}/*.test.ts' },
  { rule: 'once: a value that comes again is not stored again', file: 'src/storage/charging-rows.ts', find: "    if (before) return before.value === row.value ? 'repeated' : 'conflict'\n", replace: '', tests: 'test/{roles,storage}/*.test.ts' },
  { rule: 'once: what is answered is on the disk', file: 'src/storage/database.ts', find: 'PRAGMA synchronous = FULL;', replace: 'PRAGMA synchronous = NORMAL;', tests: 'test/end-to-end/power-cut.test.ts' },
  { rule: 'once: the number of a deleted message is not given again', file: 'src/storage/retention.ts', find: 'AND id < (SELECT MAX(id) FROM', replace: 'OR -1 = (SELECT MAX(id) FROM', tests: 'test/roles/retention.test.ts' },
  { rule: 'once: a StopTransaction that comes again changes nothing', file: 'src/roles/csms/handlers-1.6.ts', find: 'if (known?.isEnded) {', replace: 'if (false) {', tests: 'test/roles/*.test.ts' },
  { rule: 'once: another content under the same key is told', file: 'src/roles/csms/record.ts', find: 'bytes !== undefined && !saysTheSame(bytes, context.payloadBytes)', replace: 'false', tests: 'test/roles/*.test.ts' },
  { rule: 'once: a station tells its transactions in order', file: 'src/storage/station-journal.ts', find: "WHERE m.state = 'waiting' ORDER BY m.id LIMIT 1", replace: "WHERE m.state = 'waiting' ORDER BY m.id DESC LIMIT 1", tests: 'test/{roles,storage}/*.test.ts' },
  { rule: 'once: what nobody answered is told again', file: 'src/roles/charging-station/outbox.ts', find: "return NOT_THERE.has(rpcKindOf(error.code)) ? { kind: 'not-there' }", replace: "return false ? { kind: 'not-there' }", tests: 'test/roles/*.test.ts' },
  { rule: 'once: what is refused for good is not said again', file: 'src/roles/charging-station/outbox.ts', find: "DEFINITE.has(kind) ? 'refused' : 'not-processed'", replace: "'not-processed'", tests: 'test/roles/*.test.ts' },
  { rule: 'once: a transaction ends with the power of its station', file: 'src/roles/charging-station/charging-station.ts', find: '    this.#endInterrupted()\n', replace: '', tests: 'test/roles/*.test.ts' },
  { rule: 'edges: keys, components and variables have no case', file: 'src/node/credential-changes.ts', find: "typeof value === 'string' ? foldId(value) : ''", replace: "typeof value === 'string' ? value : ''", tests: 'test/node/credential-changes.test.ts' },
  { rule: 'edges: an upstream cannot change a network profile of 2.1', file: 'src/node/credential-changes.ts', find: "nameOf(data.component?.name) === NETWORK_PROFILE &&", replace: 'false &&', tests: 'test/node/credential-changes.test.ts' },
  { rule: 'edges: the password of a variable is followed once it is accepted', file: 'src/node/credential-changes.ts', find: "isSameVariable(one, data) && one.attributeStatus === 'Accepted'", replace: 'isSameVariable(one, data)', tests: 'test/node/credential-changes.test.ts' },
  { rule: 'edges: a wrong password takes as long for fast peers as for others', file: 'src/transport/admission.ts', find: 'if (isProved || !basic || !this.#decoy) return', replace: 'if (isProved || !basic || !this.#decoy || fast) return', tests: 'test/transport/admission.test.ts' },
  { rule: 'edges: a wrong password takes as long for certificate peers as for others', file: 'src/transport/admission.ts', find: 'if (isProved || !basic || !this.#decoy) return', replace: 'if (isProved || !basic || !this.#decoy || (peer && !peer.check)) return', tests: 'test/transport/admission.test.ts' },
  { rule: 'edges: what matches the decoy lets nobody in', file: 'src/transport/admission.ts', find: 'const isRight = matches && own !== undefined', replace: 'const isRight = matches', tests: 'test/transport/admission.test.ts' },
  { rule: 'edges: an address floods by its failures of the last minute only', file: 'src/transport/throttle.ts', find: '&& this.#clock.now() - oldest < SPAN_MS', replace: '', tests: 'test/transport/admission.test.ts' },
  { rule: 'edges: a standard uplink is no default route of others', file: 'src/node/node.ts', find: 'if (neighbour.isOverlay) return table.addDefault(neighbour, priority)', replace: 'if (neighbour) return table.addDefault(neighbour, priority)', tests: 'test/node/standard-edge.test.ts' },
  { rule: 'edges: an uplink without a name does not draw what is for the CSMS', file: 'src/node/node.ts', find: 'if (!isReservedId(neighbour.id)) core', replace: 'core', tests: 'test/node/standard-edge.test.ts' },
  { rule: 'edges: renewed certificate files are taken up', file: 'src/cli/link-sources.ts', find: 'acceptors[i]?.reloadTls(readListenTls(tls))', replace: 'readListenTls(tls)', tests: 'test/cli/link-sources.test.ts' },
  { rule: 'edges: keep is an error of the configuration', file: 'src/cli/config-links.ts', find: "if (onUpstreamLoss === 'keep') {", replace: 'if (false) {', tests: 'test/cli/config-checks.test.ts' },
  { rule: 'edges: bulk is never compressed', file: 'src/transport/websocket-stream.ts', find: 'this.#deflates && !asIs ?', replace: 'this.#deflates ?', tests: 'test/transport/deflate.test.ts' },
  { rule: 'edges: small bulk is not compressed either', file: 'src/node/neighbour.ts', find: 'const asIs = bytes.length >= MIN_DEFLATED_BYTES && ', replace: 'const asIs = false && ', tests: 'test/transport/deflate.test.ts' },
  { rule: 'edges: who is cut off on a plain listener is told', file: 'src/transport/newcomers.ts', find: 'if (newcomer && problem) newcomer.why = problem.why', replace: '', tests: 'test/attacks/edges.test.ts' },
  { rule: 'edges: silent connections that are closed are told', file: 'src/transport/newcomers.ts', find: '    onFailure({ address: oldest.address, why: CROWDED })\n', replace: '', tests: 'test/attacks/edges.test.ts' },
  { rule: 'edges: listeners share the connections of their process', file: 'src/transport/websocket-server.ts', find: 'options.connections ?? PROCESS_CONNECTIONS', replace: 'new (PROCESS_CONNECTIONS.constructor as never)(18_000)', tests: 'test/attacks/edges.test.ts' },
  { rule: 'edges: an upstream of stations is shown the own certificate', file: 'src/cli/link-sources.ts', find: '...(own && { tls: own }),', replace: '...(own?.ca && { tls: { ca: own.ca } }),', tests: 'test/cli/link-sources.test.ts' },
  { rule: 'station: the external limit is not replaced by its id', file: 'src/roles/charging-station/profiles.ts', find: 'if (profile.id === EXTERNAL_ID) {', replace: 'if (false) {', tests: 'test/roles/station/remote-profiles.test.ts' },
  { rule: 'station: a full store refuses a remote start with a profile', file: 'src/roles/charging-station/profiles.ts', find: '      this.#roomProblem(profile) ??\n', replace: '', tests: 'test/roles/station/remote-profiles.test.ts' },
  { rule: 'station: a remote start has the profile it brought', file: 'src/roles/charging-station/evse.ts', find: '    this.#site.profiles.attach(profile, this.id, this.#transaction.transactionId)\n', replace: '', tests: 'test/roles/station/remote-profiles.test.ts' },
  { rule: 'station: nothing flows where it is too hot', file: 'src/roles/charging-station/evse.ts', find: 'return this.#isBlocked || this.#troubles.length > 0', replace: 'return this.#isBlocked', tests: 'test/roles/station/faults.test.ts' },
  { rule: 'station: a fault that is over clears no other', file: 'src/roles/charging-station/faults.ts', find: 'evse.suffer(this.#troublesOf(evseId))', replace: 'evse.suffer(isOn ? this.#troublesOf(evseId) : [])', tests: 'test/roles/station/faults.test.ts' },
  { rule: 'station: a fault outlives a reset', file: 'src/roles/charging-station/charging-station.ts', find: '    this.#faults.resume()\n', replace: '', tests: 'test/roles/station/faults.test.ts' },
  { rule: 'station: DataSigned is not offered', file: 'src/roles/charging-station/variables-table.ts', find: "  'EnergyTransfer',\n] as const", replace: "  'EnergyTransfer',\n  'DataSigned',\n] as const", tests: 'test/roles/station/tx-points.test.ts' },
  { rule: 'station: a security event is told until it is heard', file: 'src/roles/charging-station/notices.ts', find: 'attempts: () => Number.POSITIVE_INFINITY', replace: 'attempts: () => 3', tests: 'test/roles/station/security-events.test.ts' },
  { rule: 'station: notices keep their order', file: 'src/roles/charging-station/notices.ts', find: 'return this.#all()[0]', replace: 'return this.#all().at(-1)', tests: 'test/roles/station/security-events.test.ts' },
  { rule: 'station: an accepted station tells its notices', file: 'src/roles/charging-station/life.ts', find: '    await Promise.all([this.outbox.run(), this.notices.run()])\n', replace: '    await this.outbox.run()\n', tests: 'test/roles/station/security-events.test.ts' },
  { rule: 'station: what is critical is not pushed out', file: 'src/roles/charging-station/notices.ts', find: "kept.findIndex(({ action }) => action === 'NotifyEvent')", replace: '0', tests: 'test/roles/station/component-events.test.ts' },
  { rule: 'station: a problem gone after a restart is told', file: 'src/roles/charging-station/charging-station.ts', find: '    this.#life.problems.endAll()\n', replace: '', tests: 'test/roles/station/component-events.test.ts' },
  { rule: 'energy: priority lifts nothing that limits the station', file: 'src/energy/charging-profile.ts', find: 'return [...station, place.evseId > 0', replace: 'return [...(place.isPriority ? [] : station), place.evseId > 0', tests: 'test/energy/composite.test.ts' },
  { rule: 'station: priority is for one transaction', file: 'src/roles/charging-station/evse.ts', find: '    this.#site.priority.forget(this.id)\n', replace: '', tests: 'test/roles/station/priority.test.ts' },
  { rule: 'station: no priority without a profile', file: 'src/roles/charging-station/priority.ts', find: 'return !isOn || this.#hasProfile(evseId) ?', replace: 'return !isOn || true ?', tests: 'test/roles/station/priority.test.ts' },
  { rule: 'station: priority ends with its profile', file: 'src/roles/charging-station/priority.ts', find: 'if (!this.#hasProfile(evseId)) this.#set', replace: 'if (false) this.#set', tests: 'test/roles/station/priority.test.ts' },
  { rule: 'energy: a dynamic limit nobody updates gives way', file: 'src/energy/charging-profile.ts', find: "chargingProfileKind === 'Dynamic' ? dynUpdateTime :", replace: "chargingProfileKind === 'Dynamic' ? undefined :", tests: 'test/roles/station/dynamic-profiles.test.ts' },
  { rule: 'station: only a dynamic profile is updated', file: 'src/roles/charging-station/dynamic-profiles.ts', find: "if (profile.chargingProfileKind !== 'Dynamic') {", replace: 'if (false) {', tests: 'test/roles/station/dynamic-profiles.test.ts' },
  { rule: 'station: an update says nothing but limits', file: 'src/roles/charging-station/dynamic-profiles.ts', find: 'MEMBERS.has(member)', replace: 'true', tests: 'test/roles/station/dynamic-profiles.test.ts' },
  { rule: 'station: a limit of the future is of now', file: 'src/roles/charging-station/profiles.ts', find: 'Math.min(this.#site.now(), saidAt)', replace: 'Number.isFinite(saidAt) ? saidAt : this.#site.now()', tests: 'test/roles/station/dynamic-profiles.test.ts' },
  { rule: 'station: a profile that says more than is built is refused', file: 'src/roles/charging-station/handlers-2-profiles.ts', find: '    ...unknownIn(profile, PROFILE_MEMBERS),\n', replace: '', tests: 'test/roles/station/dynamic-profiles.test.ts' },
  { rule: 'energy: no phase is allowed more than its limit', file: 'src/energy/charging-profile.ts', find: 'const lowest = Math.min(limit, limit_L2, limit_L3)', replace: 'const lowest = limit', tests: 'test/roles/station/phases.test.ts' },
  { rule: 'energy: a phase that cannot be chosen is refused', file: 'src/energy/profile-problems.ts', find: '({ phaseToUse = 1 }) => phaseToUse !== 1', replace: '({ phaseToUse = 1 }) => phaseToUse > 3', tests: 'test/roles/station/phases.test.ts' },
  { rule: 'edges: a station does not become a node by saying so', file: 'src/transport/admission.ts', find: "if (claim.isOverlay && peer && peer.entry.peer !== 'node') {", replace: 'if (false) {', tests: 'test/transport/admission.test.ts' },
  { rule: 'edges: a resumed session of an expired certificate proves nothing', file: 'src/transport/tls.ts', find: 'certificate.validToDate.getTime() < now', replace: 'false', tests: 'test/transport/tls.test.ts' },
  { rule: 'edges: a station that is connected here speaks over its own link only', file: 'src/node/pipeline.ts', find: 'if (isHere || (known', replace: 'if ((known', tests: 'test/node/liars.test.ts' },
  { rule: 'edges: a station that is announced speaks over that link only', file: 'src/node/pipeline.ts', find: '(known.announced && !node.table.isAnnouncedOver(source, from))', replace: 'false', tests: 'test/node/liars.test.ts' },
  { rule: 'edges: nobody above announces stations', file: 'src/node/presence.ts', find: " && from.link.way === 'down'\n", replace: '\n', tests: 'test/node/liars.test.ts' },
  { rule: 'edges: nobody is reached over a mirror', file: 'src/node/pipeline.ts', find: 'if (isForOthers) node.table', replace: 'node.table', tests: 'test/node/liars.test.ts' },
  { rule: 'edges: announcements open connections up to a limit', file: 'src/node/upstreams.ts', find: 'if (via && behind && behind.stations >= MAX_REPRESENTED_PER_LINK) {', replace: 'if (false) {', tests: 'test/node/liars.test.ts' },
  { rule: 'edges: an upstream that cannot be dialled does not end the node', file: 'src/node/upstreams.ts', find: '      if (!(error instanceof OverlayError)) throw error\n', replace: '      throw error\n', tests: 'test/node/liars.test.ts' },
  { rule: 'edges: a station that was sent away is gone', file: 'src/node/upstreams.ts', find: '    void representation.over.promise.then(() => first.resolve(false))\n', replace: '', tests: 'test/node/liars.test.ts' },
  { rule: 'edges: what follows from an answer does not keep it', file: 'src/node/answers.ts', find: "    node.log.error('result.failed', { action: request.action, error: String(error) })\n", replace: '    throw error\n', tests: 'test/node/liars.test.ts' },
  { rule: 'upstreams: a restricted uplink commands only its own stations', file: 'src/node/uplink-rules.ts', find: '  if (!isFor(rule, station)) return false\n', replace: '', tests: 'test/node/rights.test.ts' },
  { rule: 'upstreams: the first primary commands', file: 'src/node/uplink-rules.ts', find: "return rules.find((one) => one.role === 'primary' && isFor(one, station)) === rule", replace: "return rule.role === 'primary'", tests: 'test/node/rights.test.ts' },
  { rule: 'upstreams: mirrors get what filters let through', file: 'src/node/requests.ts', find: 'const frame = filtered(node, arrived, { from, to, action, destination: destination[0] })', replace: 'const frame = arrived', tests: 'test/node/rights.test.ts' },
  { rule: 'upstreams: a standard uplink carries only own frames', file: 'src/node/requests.ts', find: "if (!to.isOverlay && to.link.peer === 'csms' && !speaksFor(to, networkPath[0])) {", replace: 'if (false) {', tests: 'test/node/rights.test.ts' },
  { rule: 'filters: rules see a CALLRESULTERROR', file: 'src/node/answers.ts', find: '  const passed = filtered(node, frame, passage)\n  const path', replace: '  const passed = frame\n  const path', tests: 'test/node/rights.test.ts' },
  { rule: 'edges: who drains lets nobody in', file: 'src/node/node.ts', find: 'for (const source of this.#options.links) source.drain?.()', replace: '', tests: 'test/end-to-end/drain.test.ts' },
  { rule: 'configuration: no password in a URL', file: 'src/cli/config-links.ts', find: "if (username !== '' || password !== '')", replace: 'if (false)', tests: 'test/cli/config-links.test.ts' },
  { rule: 'configuration: a URL that cannot be dialled is refused at load', file: 'src/cli/config-links.ts', find: 'if (/\\s/.test(url) || !URL.canParse(url)) {', replace: 'if (false) {', tests: 'test/cli/config-links.test.ts' },
  { rule: 'configuration: a setting counts or is refused', file: 'src/cli/config-links.ts', find: 'if (!where.includes(kind)) fail([...path, setting], advice)', replace: '', tests: 'test/cli/config-links.test.ts' },
  { rule: 'configuration: a dialled station has the profile of its entry', file: 'src/cli/config-links.ts', find: 'if (lowest >= 2 && !isTls)', replace: 'if (false)', tests: 'test/cli/config-links.test.ts' },
  { rule: 'configuration: profile 3 of a dialled station needs a certificate', file: 'src/cli/config-links.ts', find: 'if (lowest === 3 && !hasCertificate)', replace: 'if (false)', tests: 'test/cli/config-links.test.ts' },
  { rule: 'configuration: one certificate lets in one station', file: 'src/cli/config-checks.ts', find: "if (other !== undefined) failAt('serialNumber'", replace: "if (false) failAt('serialNumber'", tests: 'test/cli/config-checks.test.ts' },
  { rule: 'configuration: an action is spelt as on the wire', file: 'src/cli/config-names.ts', find: 'if (meant !== undefined) fail(', replace: 'if (false) fail(', tests: 'test/cli/config-links.test.ts' },
  { rule: 'edges: a half-done renewal harms nobody', file: 'src/cli/link-sources.ts', find: "      const problem = String(error)\n      if (problem !== told)", replace: "      throw error\n      const problem = String(error)\n      if (problem !== told)", tests: 'test/cli/link-sources.test.ts' },
  { rule: 'observability: JSON in JSON holds no secret', file: 'src/http/fingerprints.ts', find: 'const hidden = isTooMuch ? HIDDEN : hideIn(plain, { ...around, depth }, !isClosed(written))', replace: 'const hidden = plain', tests: 'test/http/redaction.test.ts' },
  { rule: 'observability: a cut frame hides values whose variable is not known', file: 'src/http/fingerprints.ts', find: 'if (!hiding.values) return jsonAt(text, from, { ...hiding, values: true })', replace: '', tests: 'test/http/redaction.test.ts' },
  { rule: 'observability: a cut URL shows no password', file: 'src/http/secrets.ts', find: 'return isCut ? hidden.replace(CUT_URL', replace: 'return false ? hidden.replace(CUT_URL', tests: 'test/http/redaction.test.ts' },
  { rule: 'observability: the actual value of a password variable is hidden', file: 'src/http/secrets.ts', find: ", 'actualValue'", replace: '', tests: 'test/http/redaction.test.ts' },
  { rule: 'edges: who is entered as a station is no node', file: 'src/cli/link-sources.ts', find: '    peer,\n', replace: '', tests: 'test/cli/link-sources.test.ts' },
  { rule: 'edges: a place among the announced is given back', file: 'src/node/upstreams.ts', find: '    if (via) this.#behindOf(via).stations--\n', replace: '', tests: 'test/node/liars.test.ts' },
  { rule: 'edges: first words wait for the connection', file: 'src/node/pipeline.ts', find: 'if (isHeld(node, from, routed, onward, bytes, isBinary)) return\n', replace: '\n', tests: 'test/node/upstreams.test.ts' },
  { rule: 'edges: only so many first words wait', file: 'src/node/upstreams.ts', find: 'const isMuch = held.length >= MAX_HELD || (held.length > 0 && waiting', replace: 'const isMuch = (held.length > 0 && waiting', tests: 'test/node/upstreams.test.ts' },
  { rule: 'observability: what is too much to look at is hidden', file: 'src/http/fingerprints.ts', find: 'isTooMuch ? HIDDEN :', replace: 'isTooMuch ? plain :', tests: 'test/http/redaction.test.ts' },
  { rule: 'configuration: beside a primary each overlay uplink has a role', file: 'src/cli/config-links.ts', find: "if (mode !== 'overlay' || role !== undefined) continue", replace: 'continue', tests: 'test/cli/config-checks.test.ts' },
  { rule: 'configuration: uplinks of one URL need names', file: 'src/cli/config-links.ts', find: 'const known = name ?? url', replace: 'const known = name ?? String(i)', tests: 'test/cli/config-checks.test.ts' },
  { rule: 'signed: one key is one signer', file: 'src/security/statement.ts', find: "=== entry.header.kid)) return refuse('signer-twice')", replace: "=== entry.header.kid)) void refuse('signer-twice')", tests: 'test/security/statement.test.ts' },
  { rule: 'signed: parallel headers agree', file: 'src/security/statement.ts', find: "if (member) return refuse('headers-differ', { member })", replace: '', tests: 'test/security/statement.test.ts' },
  { rule: 'signed: at most eight signatures', file: 'src/security/statement.ts', find: 'entries.length > MAX_ENTRIES', replace: 'entries.length > 99', tests: 'test/security/statement.test.ts' },
  { rule: 'signed: a known key that fails refuses all', file: 'src/security/statement.ts', find: "if (problem) return problem\n    signers", replace: "if (problem) continue\n    signers", tests: 'test/security/statement.test.ts' },
  { rule: 'signed: a key is for one algorithm', file: 'src/security/statement.ts', find: "return refuse('algorithm-of-key', { index })", replace: 'void 0', tests: 'test/security/statement.test.ts' },
  { rule: 'signed: the looked-up key is the one named', file: 'src/security/statement.ts', find: 'if (key.kid !== entry.header.kid) return', replace: 'if (key.kid !== entry.header.kid) void', tests: 'test/security/statement.test.ts' },
  { rule: 'signed: action is compared', file: 'src/security/statement.ts', find: 'if (header.OCPPAction !== expected.action) return', replace: 'if (header.OCPPAction !== expected.action) void', tests: 'test/security/statement.test.ts' },
  { rule: 'signed: type is compared', file: 'src/security/statement.ts', find: 'if (header.OCPPMessageTypedId !== expected.messageType) return', replace: 'if (false) return', tests: 'test/security/statement.test.ts' },
  { rule: 'signed: ctx of data is compared', file: 'src/security/statement.ts', find: 'if (header.ctx !== expected.ctx) return', replace: 'if (header.ctx === null) return', tests: 'test/security/statement.test.ts' },
  { rule: 'signed: data names its payload', file: 'src/security/statement.ts', find: 'header.id === sha256(jwsPayload) ?', replace: 'header.id ?', tests: 'test/security/statement.test.ts' },
  { rule: 'signed: signature is checked', file: 'src/security/algorithms.ts', find: 'return verify(hash, bytes,', replace: 'return true || verify(hash, bytes,', tests: 'test/security/statement.test.ts' },
  { rule: 'signed: header length', file: 'src/security/entry.ts', find: 'header.length > MAX_HEADER_CHARACTERS', replace: 'header.length > 1e6', tests: 'test/security/statement.test.ts' },
  { rule: 'signed: value length', file: 'src/security/entry.ts', find: 'value.length > MAX_VALUE_CHARACTERS', replace: 'value.length > 1e6', tests: 'test/security/statement.test.ts' },
  { rule: 'signed: unknown members of entries', file: 'src/security/entry.ts', find: 'if (!Object.keys(entry).every((name) => MEMBERS.has(name)))', replace: 'if (false)', tests: 'test/security/statement.test.ts' },
  { rule: 'signed: mirrors equal', file: 'src/security/entry.ts', find: "if (member) return refuse('mirror-differs', { index, member })", replace: '', tests: 'test/security/statement.test.ts' },
  { rule: 'signed: legacy is off', file: 'src/security/entry.ts', find: "return refuse('legacy-off')", replace: 'void 0', tests: 'test/security/statement.test.ts' },
  { rule: 'signed: unknown header members', file: 'src/security/header.ts', find: 'if (!members.has(name)) return', replace: 'if (!members.has(name)) void', tests: 'test/security/statement.test.ts' },
  { rule: 'signed: req in answers only', file: 'src/security/header.ts', find: 'if (isAnswer !== (req !== undefined)) return', replace: 'if (isAnswer && req === undefined) return', tests: 'test/security/statement.test.ts' },
  { rule: 'signed: exp not before iat', file: 'src/security/header.ts', find: 'if (exp !== undefined && exp < (iat ?? 0))', replace: 'if (false)', tests: 'test/security/statement.test.ts' },
  { rule: 'signed: base64url canonical', file: 'src/security/base64url.ts', find: '=== text ? bytes : undefined', replace: '!== null ? bytes : undefined', tests: 'test/security/statement.test.ts' },
  { rule: 'signed: two carriers refused', file: 'src/security/carriers.ts', find: 'if (atTop && inCustomData)', replace: 'if (false)', tests: 'test/security/carriers.test.ts' },
  { rule: 'signed: nested stays', file: 'src/security/carriers.ts', find: 'customData.vendorId === VENDOR_ID', replace: 'true', tests: 'test/security/carriers.test.ts' },
  { rule: 'signed: inner signatures refused', file: 'src/security/signed-message.ts', find: 'if (taken.carrier) return', replace: 'if (taken.carrier) void', tests: 'test/security/carriers.test.ts' },
  { rule: 'signed: unprotected JWS header refused', file: 'src/security/signed-message.ts', find: 'if (Object.keys(others).length > 0)', replace: 'if (Object.keys(others).length > 9)', tests: 'test/security/carriers.test.ts' },
  { rule: 'signed: attestations do not stand alone', file: 'src/security/signed-message.ts', find: ' || header.att)', replace: ')', tests: 'test/security/carriers.test.ts' },
  { rule: 'signed: nesting before parsing', file: 'src/security/canonical.ts', find: "scanArray(wrapped, MAX_NESTING)\n", replace: '', tests: 'test/security/canonical.test.ts' },
  { rule: 'signed: half surrogates', file: 'src/security/canonical.ts', find: 'if (!text.isWellFormed()) throw', replace: 'if (!text.isWellFormed()) void', tests: 'test/security/canonical.test.ts' },
  { rule: 'signed: no private parts', file: 'src/security/jwk.ts', find: 'if (Object.hasOwn(jwk, secret)) throw', replace: 'if (false) throw', tests: 'test/security/jwk.test.ts' },
  { rule: 'signed: kid is the thumbprint', file: 'src/security/jwk.ts', find: 'if (jwk.kid !== undefined && jwk.kid !== kid)', replace: 'if (false)', tests: 'test/security/jwk.test.ts' },
  { rule: 'signed: alg of key', file: 'src/security/jwk.ts', find: 'if (!isForIt) throw', replace: 'if (false) throw', tests: 'test/security/jwk.test.ts' },
  { rule: 'signed: a signature has its length', file: 'src/security/signer.ts', find: 'value.length !== algorithm(alg).valueBytes', replace: 'value.length === 0', tests: 'test/security/jwk.test.ts' },
  { rule: 'signed: binary count', file: 'src/security/binary-payload.ts', find: 'if (count > MAX_ENTRIES)', replace: 'if (count > 255)', tests: 'test/security/other-forms.test.ts' },
  { rule: 'signed: binary length', file: 'src/security/binary-payload.ts', find: 'if (start + length > bytes.length) return undefined', replace: '', tests: 'test/security/other-forms.test.ts' },
  { rule: 'each link has its turn', file: 'src/transport/websocket-stream.ts', find: 'const WORK_PER_TURN = 256', replace: 'const WORK_PER_TURN = 2 ** 30', tests: 'test/transport/websocket-stream.test.ts' },
  { rule: 'large messages are more than one in a turn', file: 'src/transport/websocket-codec.ts', find: 'this.budget -= 1 + (this.#length >>> WORK_UNIT)', replace: 'this.budget -= 1', tests: 'test/transport/websocket-codec.test.ts' },
  { rule: 'one station does not take all open requests of a link', file: 'src/node/requests.ts', find: 'asker.isOverlay ? MAX_OPEN_OF_NODE : MAX_OPEN_OF_PEER', replace: 'MAX_OPEN_OF_NODE', tests: 'test/node/pending.test.ts' },
  { rule: 'nor does one node', file: 'src/node/requests.ts', find: 'asker.isOverlay ? MAX_OPEN_OF_NODE : MAX_OPEN_OF_PEER', replace: 'MAX_OPEN_OF_PEER * (asker.isOverlay ? 1e6 : 1)', tests: 'test/node/pending.test.ts' },
  { rule: 'requests of links that are gone keep nobody out', file: 'src/node/neighbour.ts', find: '    this.pending.dropAbandoned()\n', replace: '', tests: 'test/node/pending.test.ts' },
  { rule: 'a copy counts in no rate', file: 'src/routing/filters/conditions.ts', find: 'if (subject.arrival && subject.arrival === counted) return wasBeyond', replace: '', tests: 'test/node/rights.test.ts' },
  { rule: 'who has proved nothing announces nobody who must', file: 'src/node/presence.ts', find: ' && !isUnproved(node, from, id)', replace: '', tests: 'test/node/liars.test.ts' },
  { rule: 'who has proved nothing speaks for nobody who must', file: 'src/node/pipeline.ts', find: '      assertProved(node, from, routed.route.networkPath)\n', replace: '', tests: 'test/node/liars.test.ts' },
  { rule: 'what waits behind one link is bounded', file: 'src/node/upstreams.ts', find: 'behind.heldBytes + bytes > MAX_HELD_BYTES_PER_LINK', replace: 'behind.heldBytes < 0', tests: 'test/node/upstreams.test.ts' },
  { rule: 'a mirror costs no request', file: 'src/node/upstreams.ts', find: '      this.#release(representation)\n      return false\n', replace: "      throw new OverlayError('ERR_LINK_BUSY')\n", tests: 'test/node/upstreams.test.ts' },
  { rule: 'a second process does not write to the same file', file: 'src/storage/data-lock.ts', find: 'PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE', replace: 'PRAGMA busy_timeout = 0', tests: 'test/cli/depot.test.ts' },
  { rule: 'what cannot be written is not ready', file: 'src/http/readiness.ts', find: '    await store.probe(new Date().toISOString())\n', replace: '', tests: 'test/end-to-end/full-disk.test.ts' },
]

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const words = process.argv.slice(2)
const isWanted = ({ rule }: Mutant) =>
  words.length === 0 || words.some((word) => rule.includes(word))
const folder = mkdtempSync(join(tmpdir(), 'wattweave-mutants-'))
for (const name of ['src', 'test', 'schemas', 'scripts', 'package.json']) {
  cpSync(join(ROOT, name), join(folder, name), { recursive: true })
}
symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))

for (const { file, find } of MUTANTS) {
  const count = readFileSync(join(folder, file), 'utf8').split(find).length - 1
  if (count !== 1) throw new Error(`"${find}" stands ${count} times in ${file}`)
}

const survivors: string[] = []
for (const { rule, file, find, replace, tests } of MUTANTS.filter(isWanted)) {
  const path = join(folder, file)
  const text = readFileSync(path, 'utf8')
  writeFileSync(
    path,
    text.replace(find, () => replace),
  )
  const args = ['--test', '--test-timeout=120000', tests]
  const { status } = spawnSync(process.execPath, args, { cwd: folder, stdio: 'ignore' })
  writeFileSync(path, text)
  console.log(`${status === 0 ? 'SURVIVED' : 'killed  '} ${rule}`)
  if (status === 0) survivors.push(rule)
}
rmSync(folder, { recursive: true })
console.log(`${survivors.length} of ${MUTANTS.length} survived`)
process.exitCode = survivors.length > 0 ? 1 : 0
