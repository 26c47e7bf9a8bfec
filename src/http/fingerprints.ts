import { createHmac, randomBytes } from 'node:crypto'
import { HIDDEN, hideInText, isSecretName, isValueName, namesPassword } from './secrets.ts'

let key: string | Uint8Array = randomBytes(32)

/** From now on fingerprints are those of this key; without it each process has other ones. */
export function setFingerprintKey(kept: string): void {
  key = kept
}

/** Equal texts have equal fingerprints under one key; nothing else can be told of them. */
export function fingerprint(text: string): string {
  return `#${createHmac('sha256', key).update(text).digest('hex').slice(0, 8)}`
}

/**
 * A text without secrets. Of JSON, and of the beginning of JSON, id tokens and secrets become
 * fingerprints, also where a string holds JSON again; everything else stays as it is written. Of
 * other texts what can be told from its form becomes `[secret]`, also inside strings of JSON.
 */
export function withFingerprints(text: string): string {
  const work = { left: WORK_PER_CHARACTER * text.length + LEAST_WORK }
  return hideIn(text, { values: false, keys: false, depth: 0, work }, false)
}

/** What is a secret here and is none elsewhere. */
interface Hiding {
  /** Values of variables: somewhere a password is named. */
  readonly values: boolean
  /** The access data of a VPN calls its shared key just `key`, as others call names. */
  readonly keys: boolean
  /** How many strings of JSON this is in. */
  readonly depth: number
  /** Characters that may still be looked at: strangers write texts, and must not decide how long. */
  readonly work: { left: number }
}

/** Of what people write, each character is looked at some times for each string it is in. */
const WORK_PER_CHARACTER = 16
const LEAST_WORK = 4_096
/** Nobody quotes deeper; who does has something to hide. */
const MAX_DEPTH = 4

/** A text with nothing in it that has a form at all. */
const IS_WORD = /^[\w.]*$/
/** Where JSON may begin; a string only where it is all there is. */
const BEGINNINGS = /[[{]|^"/g
/** In a text full of brackets that begin nothing not each is looked at. */
const MAX_MISSES = 8

/** @param isCut Whether only the beginning of the text is known. */
function hideIn(text: string, around: Hiding, isCut: boolean): string {
  if (IS_WORD.test(text)) return text
  const plain = unescaped(text)
  const hiding = {
    ...around,
    values: around.values || namesPassword(plain),
    keys: around.keys || /"vpn"/.test(plain),
  }
  const beginnings = new RegExp(BEGINNINGS)
  let hidden = ''
  let at = 0
  let misses = 0
  for (
    let found = beginnings.exec(text);
    found && misses < MAX_MISSES;
    found = beginnings.exec(text)
  ) {
    const { index, 0: first } = found
    const json = jsonAt(text, index, hiding)
    const isAll = index === 0 && json?.end === text.length
    // A bracket without a string belongs to the text around it.
    const isPart = json && first !== '"' && text.slice(index, json.end).includes('"')
    if (!json || !(isAll || isPart)) {
      misses++
      continue
    }
    hidden += hideInPiece(text.slice(at, index), hiding, false) + json.text
    at = json.end
    beginnings.lastIndex = at
  }
  return hidden + hideInPiece(text.slice(at), hiding, isCut)
}

/** What stands for characters in strings of JSON, at any depth of quoting. */
function unescaped(text: string): string {
  return text.replace(/(?<!\\)\\+u([\dA-Fa-f]{4})/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  )
}

// A member with a text or number, wherever it stands in something that is not quite JSON.
const MEMBERS = /("(?:[^"\\]|\\.){0,200}")(\s*:\s*)(?:("[^"\\]*(?:\\[\s\S][^"\\]*)*(?:"|\\?$))|(-?\d[\d.eE+-]*))/g // biome-ignore format: one line

function hideInPiece(text: string, hiding: Hiding, isCut: boolean): string {
  if (text === '') return text
  hiding.work.left -= text.length
  const replace = (member: string, name: string, colon: string, said = '', digits = '') => {
    if (isSecretMember(plainOf(name), hiding)) return `${name}${colon}"${fingerprint(plainOf(said || digits))}"` // biome-ignore format: one line
    return said === '' ? member : `${name}${colon}${rewritten(said, hiding)}`
  }
  return hideInText(text.includes('"') ? text.replace(MEMBERS, replace) : text, isCut)
}

function isSecretMember(name: string, { values, keys }: Hiding): boolean {
  return isSecretName(name) || (values && isValueName(name)) || (keys && name === 'key')
}

/** A string of JSON as it was written, unless there was a secret in it. */
function rewritten(written: string, around: Hiding): string {
  const { work } = around
  const depth = around.depth + 1
  const plain = plainOf(written)
  if (IS_WORD.test(plain)) return written
  const isTooMuch = work.left < 0 || depth > MAX_DEPTH
  const hidden = isTooMuch ? HIDDEN : hideIn(plain, { ...around, depth }, !isClosed(written))
  if (hidden === plain) return written
  const again = JSON.stringify(hidden)
  return isClosed(written) ? again : again.slice(0, -1)
}

function isClosed(written: string): boolean {
  return /^"[^"\\]*(?:\\[\s\S][^"\\]*)*"$/.test(written)
}

/** What a JSON string says, however it is written and also when its end is missing. */
function plainOf(written: string): string {
  if (!written.startsWith('"')) return written
  const inside = isClosed(written) ? written.slice(1, -1) : written.slice(1)
  for (const attempt of [inside, inside.replace(/\\(?:u[\dA-Fa-f]{0,3})?$/, '')]) {
    try {
      return String(JSON.parse(`"${attempt}"`))
    } catch {
      // not quite JSON
    }
  }
  return unescaped(inside).replace(/\\n/g, '\n').replace(/\\(.)/g, '$1')
}

// ---- JSON

interface Level {
  readonly isObject: boolean
  /** An array whose name says that what is in it is secret. */
  readonly isSecret: boolean
}

const TOKEN = /\s*(?:("[^"\\]*(?:\\[\s\S][^"\\]*)*(?:"|\\?$))|(-?\d[\d.eE+-]*|true|false|null)|([[\]{},:]))/y // biome-ignore format: one line
/** What may be left of a literal that is cut off. */
const CUT_LITERAL = /\s*(?:-|[a-z]{0,4})$/y

/**
 * One JSON value, or the beginning of one, without its secrets.
 *
 * @returns undefined when there is something else.
 */
function jsonAt(
  text: string,
  from: number,
  hiding: Hiding,
): { readonly text: string; readonly end: number } | undefined {
  const reader = new JsonReader(hiding)
  let at = from
  while (!reader.isDone) {
    TOKEN.lastIndex = at
    const token = TOKEN.exec(text)
    if (!token) {
      CUT_LITERAL.lastIndex = at
      if (at === from || !CUT_LITERAL.test(text)) return undefined
      // The name of a variable may have come after its value.
      if (!hiding.values) return jsonAt(text, from, { ...hiding, values: true })
      return { text: reader.text + text.slice(at), end: text.length }
    }
    const [whole, string, literal, mark] = token
    hiding.work.left -= whole.length
    if (hiding.work.left < 0 && hiding.depth > 0) return undefined
    const space = whole.slice(0, whole.length - (string ?? literal ?? mark ?? '').length)
    if (!reader.take(space, string, literal, mark)) return undefined
    at += whole.length // not `lastIndex`: strings may hold JSON again
  }
  return { text: reader.text, end: at }
}

/** Takes the tokens of one JSON value in order, and writes them again. */
class JsonReader {
  text = ''
  readonly #hiding: Hiding
  readonly #open: Level[] = []
  #expects: 'value' | 'name' | 'colon' | 'comma' | 'nothing' = 'value'
  /** Of the value that comes next. */
  #isSecret = false

  constructor(hiding: Hiding) {
    this.#hiding = hiding
  }

  get isDone(): boolean {
    return this.#expects === 'nothing'
  }

  /** @returns false when it is not JSON. */
  take(space: string, string?: string, literal?: string, mark?: string): boolean {
    this.text += space
    if (mark !== undefined) return this.#mark(mark)
    const written = string ?? literal ?? ''
    const isName = this.#expects === 'name'
    if (this.#expects !== 'value' && !(isName && string !== undefined)) return false
    if (isName) {
      this.#isSecret = isSecretMember(plainOf(written), this.#hiding)
      this.text += rewritten(written, this.#hiding)
      this.#expects = 'colon'
      return true
    }
    const isHidden = this.#isSecret && /^["\d-]/.test(written)
    if (isHidden) this.text += `"${fingerprint(plainOf(written))}"`
    else this.text += string === undefined ? written : rewritten(written, this.#hiding)
    this.#valueEnds()
    return true
  }

  #mark(mark: string): boolean {
    this.text += mark
    const level = this.#open.at(-1)
    if (mark === '[' || mark === '{') {
      if (this.#expects !== 'value') return false
      const isObject = mark === '{'
      this.#open.push({ isObject, isSecret: !isObject && this.#isSecret })
      this.#elementBegins()
    } else if (mark === ':') {
      if (this.#expects !== 'colon') return false
      this.#expects = 'value'
    } else if (mark === ',') {
      if (this.#expects !== 'comma') return false
      this.#elementBegins()
    } else {
      if (!level || level.isObject !== (mark === '}') || this.#expects === 'colon') return false
      this.#open.pop()
      this.#valueEnds()
    }
    return true
  }

  #elementBegins(): void {
    const { isObject = false, isSecret = false } = this.#open.at(-1) ?? {}
    this.#expects = isObject ? 'name' : 'value'
    this.#isSecret = isSecret
  }

  #valueEnds(): void {
    this.#expects = this.#open.length === 0 ? 'nothing' : 'comma'
  }
}
