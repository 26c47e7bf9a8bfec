import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import { isClosed, plainOf, TOKEN, unescaped } from './json-strings.ts'
import { type Naming, namingsOf } from './namings.ts'
import { endOfValue, HIDDEN, hideInText, isSecretName, isValueName, namesSecret, openValue } from './secrets.ts' // biome-ignore format: one line

/** A key object: to make one of bytes for each text takes ten times as long as the rest. */
let key = createSecretKey(randomBytes(32))

/** From now on fingerprints are those of this key; without it each process has other ones. */
export function setFingerprintKey(kept: string): void {
  key = createSecretKey(kept, 'utf8')
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
  return hideIn(text, { values: false, isOfSecret: false, keys: false, depth: 0, work }, false)
}

/** What is a secret here and is none elsewhere. */
interface Hiding {
  /** Values of variables: somewhere a password is named, and it is not clear where. */
  readonly values: boolean
  /** All values of variables: it is clear that this is about a password. */
  readonly isOfSecret: boolean
  /** The access data of a VPN calls its shared key just `key`, as others call names. */
  readonly keys: boolean
  /** How many strings of JSON this is in. */
  readonly depth: number
  /** Characters that may still be looked at: strangers write texts, and must not decide how long. */
  readonly work: { left: number }
}

/** Of what people write, each character is looked at some times for each string it is in. */
const WORK_PER_CHARACTER = 8
const LEAST_WORK = 4_096
/** What a string costs however short it is, and what a fingerprint does. */
const WORK_PER_STRING = 32
const WORK_PER_FINGERPRINT = 32
/** Nobody quotes deeper; who does has something to hide. */
const MAX_DEPTH = 4

/** A text with nothing in it that has a form at all. */
const IS_WORD = /^[\w.]*$/
/** Where JSON may begin in a text. */
const BEGINNINGS = /[[{]/g
/** In a text full of brackets that begin nothing not each is looked at. */
const MAX_MISSES = 8

/** @param isCut Whether only the beginning of the text is known. */
function hideIn(text: string, around: Hiding, isCut: boolean): string {
  if (IS_WORD.test(text)) return text
  const plain = unescaped(text)
  const hiding = {
    ...around,
    values: around.values || namesSecret(plain),
    keys: around.keys || /"vpn"/.test(plain),
  }
  const whole = /^["[{]/.test(text) ? jsonAt(text, 0, hiding, judged(text, hiding)) : undefined
  if (whole?.end === text.length) return whole.text
  return hideInMixed(withLetters(text), hiding, isCut)
}

/** Of JSON that is whole, each object tells for itself whether its values are secret. */
function judged(text: string, { values, work }: Hiding): ReadonlyMap<number, Naming> {
  if (!values) return UNJUDGED
  work.left -= text.length
  return namingsOf(text)
}

/** Of a text that is not all JSON, but may have some in it. */
function hideInMixed(text: string, hiding: Hiding, isCut: boolean): string {
  const beginnings = new RegExp(BEGINNINGS)
  let hidden = ''
  let at = 0
  let misses = 0
  const mayMiss = () => misses < MAX_MISSES && hiding.work.left > 0
  for (let found = beginnings.exec(text); found && mayMiss(); found = beginnings.exec(text)) {
    const { index } = found
    hiding.work.left -= index - at
    // What follows the name of a secret is hidden as a whole, also where JSON is only a part of it.
    const open = openValue(text, { from: at, to: index }, hiding.values)
    const json = open ? undefined : jsonAt(text, index, hiding)
    // A bracket without a string belongs to the text around it.
    const isPart = json && text.slice(index, json.end).includes('"')
    if (!open && !isPart) {
      misses++
      continue
    }
    hidden += hideInPiece(text.slice(at, open?.from ?? index), hiding, false)
    hidden += open ? HIDDEN : (json?.text ?? '')
    at = open?.end ?? json?.end ?? text.length
    beginnings.lastIndex = at
  }
  return hidden + hideInPiece(text.slice(at), hiding, isCut)
}

// A member, wherever it stands in something that is not quite JSON.
const MEMBERS = /((?<!\\)"(?:[^"\\]|\\.){0,200}")(\s*:\s*)(?:("[^"\\]*(?:\\[\s\S][^"\\]*)*(?:"|\\?$))|(-?\d[\d.eE+-]*)|(?=[[{]))/g // biome-ignore format: one line

function hideInPiece(text: string, hiding: Hiding, isCut: boolean): string {
  if (text === '') return text
  hiding.work.left -= text.length
  const members = text.includes('"') ? hideMembers(text, hiding) : text
  return hideInText(members, { isCut, hidesValues: hiding.values })
}

/** Who writes letters as numbers outside of JSON has a name to hide. */
function withLetters(text: string): string {
  return text.replace(/(?<!\\)\\+u00([4-7][\dA-Fa-f])/g, (written, code: string) => {
    const letter = String.fromCharCode(Number.parseInt(code, 16))
    return /\w/.test(letter) ? letter : written
  })
}

function hideMembers(text: string, hiding: Hiding): string {
  const members = new RegExp(MEMBERS)
  let hidden = ''
  let at = 0
  for (let found = members.exec(text); found; found = members.exec(text)) {
    const [member, name = '', colon = '', said = '', digits = ''] = found
    const isSecret = isSecretMember(plainOf(name), hiding)
    hidden += text.slice(at, found.index)
    at = found.index + member.length
    if (isSecret && said === '' && digits === '') {
      at = endOfValue(text, at)
      hidden += `${name}${colon}"${HIDDEN}"`
    } else if (isSecret) hidden += `${name}${colon}${hiddenValue(said || digits, hiding)}`
    else hidden += said === '' ? member : `${name}${colon}${rewritten(said, hiding)}`
    members.lastIndex = at
  }
  return hidden + text.slice(at)
}

/** What stands for a secret; who writes thousands of them need not tell them apart. */
function hiddenValue(written: string, { work }: Hiding): string {
  work.left -= WORK_PER_FINGERPRINT
  return `"${work.left < 0 ? HIDDEN : fingerprint(plainOf(written))}"`
}

function isSecretMember(name: string, { values, keys }: Pick<Hiding, 'values' | 'keys'>): boolean {
  return isSecretName(name) || (values && isValueName(name)) || (keys && name === 'key')
}

/** A string of JSON as it was written, unless there was a secret in it. */
function rewritten(written: string, around: Hiding): string {
  const { work } = around
  const depth = around.depth + 1
  const plain = plainOf(written)
  if (IS_WORD.test(plain)) return written
  work.left -= WORK_PER_STRING
  const isTooMuch = work.left < 0 || depth > MAX_DEPTH
  const hidden = isTooMuch ? HIDDEN : hideIn(plain, { ...around, depth }, !isClosed(written))
  if (hidden === plain) return written
  const again = JSON.stringify(hidden)
  return isClosed(written) ? again : again.slice(0, -1)
}

// ---- JSON

interface Level {
  readonly isObject: boolean
  /** What it calls a value is secret, and what objects in it do that name no variable. */
  readonly hides: { readonly own: boolean; readonly inside: boolean; readonly all: boolean }
  /** It, or something around it, has a name that says that what is in it is secret. */
  readonly isSecret: boolean
}

/** What says of a token of which kind it is, and nothing else. */
const HARMLESS: ReadonlySet<string> = new Set(['type', 'vendorId'])

const UNJUDGED: ReadonlyMap<number, Naming> = new Map()
/** What may be left of a literal that is cut off. */
const CUT_LITERAL = /\s*(?:-|[a-z]{0,4})$/y

/**
 * One JSON value, or the beginning of one, without its secrets.
 *
 * @param namings What objects say of their values, by where they begin.
 * @returns undefined when there is something else.
 */
function jsonAt(
  text: string,
  from: number,
  hiding: Hiding,
  namings = UNJUDGED,
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
    const naming = mark === '{' ? namings.get(at + space.length) : undefined
    if (!reader.take(space, { string, literal, mark, naming })) return undefined
    at += whole.length // not `lastIndex`: strings may hold JSON again
  }
  return { text: reader.text, end: at }
}

interface Token {
  readonly string: string | undefined
  readonly literal: string | undefined
  readonly mark: string | undefined
  /** Of the object that begins with it. */
  readonly naming: Naming | undefined
}

/** What is hidden in an object, by what it names and by what is hidden around it. */
function hidesBy(naming: Naming | undefined, around: Level['hides']): Level['hides'] {
  if (around.all || naming === 'secret') return { own: true, inside: true, all: true }
  if (naming === undefined) return { ...around, own: around.inside }
  return { own: naming === 'unclear', inside: naming !== 'harmless', all: false }
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
  take(space: string, { string, literal, mark, naming }: Token): boolean {
    this.text += space
    if (mark !== undefined) return this.#mark(mark, naming)
    const written = string ?? literal ?? ''
    const isName = this.#expects === 'name'
    if (this.#expects !== 'value' && !(isName && string !== undefined)) return false
    if (isName) {
      const name = plainOf(written)
      const isInside = this.#isInSecret() && !HARMLESS.has(name)
      const { keys } = this.#hiding
      this.#isSecret = isInside || isSecretMember(name, { keys, values: this.#hides.own })
      this.text += this.#rewritten(written)
      this.#expects = 'colon'
      return true
    }
    const isHidden = this.#isSecret && /^["\d-]/.test(written)
    if (isHidden) this.text += hiddenValue(written, this.#hiding)
    else this.text += string === undefined ? written : this.#rewritten(written)
    this.#valueEnds()
    return true
  }

  #mark(mark: string, naming?: Naming): boolean {
    this.text += mark
    const level = this.#open.at(-1)
    if (mark === '[' || mark === '{') {
      if (this.#expects !== 'value') return false
      const isObject = mark === '{'
      const isSecret = this.#isSecret || this.#isInSecret()
      this.#open.push({ isObject, isSecret, hides: hidesBy(naming, this.#hides) })
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
    this.#expects = this.#open.at(-1)?.isObject ? 'name' : 'value'
    this.#isSecret = this.#isInSecret()
  }

  get #hides(): Level['hides'] {
    const { values, isOfSecret } = this.#hiding
    return this.#open.at(-1)?.hides ?? { own: values, inside: values, all: isOfSecret }
  }

  #rewritten(written: string): string {
    return rewritten(written, { ...this.#hiding, isOfSecret: this.#hides.all })
  }

  #isInSecret(): boolean {
    return this.#open.at(-1)?.isSecret ?? false
  }

  #valueEnds(): void {
    this.#expects = this.#open.length === 0 ? 'nothing' : 'comma'
  }
}
