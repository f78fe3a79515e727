/** What a thief of a running program's memory finds: every key-sized value that an object holds, private fields included. */

import { Session } from 'node:inspector'
import { bytesToHex, hexToBytes } from '../../protocol/bytes.ts'

/** A value of 32 bytes, or a KEM's private key, and the names by which it was reached: "#exchange #current #ecdh". */
export interface Found {
  readonly bytes: Uint8Array
  readonly path: string
}

const KEY_BYTES = 32
/** A longer value, up to this many bytes, is cut into pieces of a key's length: it may be several keys in a row. */
const MAX_BYTES = 128
/** A decapsulation key of ML-KEM-768 and the seed that it comes from (FIPS 203 section 8, table 3, and section 7.1). */
const KEM_PRIVATE_BYTES = [2400, 64]
const MAX_OBJECTS = 20_000
/** Classes of Node's own that the walk does not enter: they hold no key of ours, and lead to the rest of the process. */
const NODES_OWN = new Set(
  `Socket TCP Pipe TTY Server Agent ClientRequest IncomingMessage ServerResponse
  Timeout TimersList FSWatcher FileHandle process`.split(/\s+/),
)

/** From the inspector's protocol, domain Runtime: the part that is used here. */
interface RemoteProperty {
  readonly name: string
  readonly value?: { readonly type: string; readonly objectId?: string; readonly value?: unknown }
}
interface Properties {
  readonly result: readonly RemoteProperty[]
  readonly internalProperties?: readonly RemoteProperty[]
  readonly privateProperties?: readonly RemoteProperty[]
}

/** Whether there is a debugger that sees a private field: one try tells. */
export function canLook(): boolean {
  class Holder {
    readonly #key = new Uint8Array(KEY_BYTES).fill(1)
    isHeld = () => this.#key.length > 0
  }
  try {
    return valuesIn(new Holder()).length === 1
  } catch {
    return false
  }
}

/**
 * All that is reachable from `root` without calling anything: own properties, private fields, the
 * entries of maps and sets, what a promise holds. It follows no function's scope and no prototype. Each
 * value once, under its shortest path; bytes that are all zero are not among them.
 */
export function valuesIn(root: object): Found[] {
  const found = new Map<string, Found>()
  const keep = (bytes: Uint8Array, path: string) => {
    const hex = bytesToHex(bytes)
    if (!/^0*$/.test(hex) && !found.has(hex)) found.set(hex, { bytes: bytes.slice(), path })
  }
  const inspector = openInspector()
  try {
    const seen = new Set<object>([root])
    const queue: { object: object; path: string }[] = [{ object: root, path: '' }]
    // a queue that grows while it is walked: breadth first, so paths are short
    for (const { object, path } of queue) {
      const bytes = bytesOf(object)
      if (bytes !== null) {
        for (const piece of piecesOf(bytes)) keep(piece, path)
        continue
      }
      const name = nameOf(object)
      if (NODES_OWN.has(name) || name.startsWith('HTTP')) continue
      for (const { name, value } of inspector.held(object)) {
        const inside = `${path} ${name}`.trim()
        if (typeof value === 'string' && /^[0-9a-f]{64}$/.test(value))
          keep(hexToBytes(value), inside)
        if (typeof value !== 'object' || value === null || seen.has(value)) continue
        if (seen.size >= MAX_OBJECTS) throw new Error(`There are more than ${MAX_OBJECTS} objects.`)
        seen.add(value)
        queue.push({ object: value, path: inside })
      }
    }
  } finally {
    inspector.close()
  }
  return [...found.values()]
}

/** The bytes of a typed array or a buffer as they are held: a view into a larger buffer is as long as the view. */
function bytesOf(object: object): Uint8Array | null {
  if (ArrayBuffer.isView(object))
    return new Uint8Array(object.buffer, object.byteOffset, object.byteLength)
  if (object instanceof ArrayBuffer || object instanceof SharedArrayBuffer)
    return new Uint8Array(object)
  return null
}

function piecesOf(bytes: Uint8Array): Uint8Array[] {
  const pieces = KEM_PRIVATE_BYTES.includes(bytes.length) ? [bytes] : []
  if (bytes.length > MAX_BYTES || bytes.length % KEY_BYTES !== 0) return pieces
  for (let at = 0; at < bytes.length; at += KEY_BYTES)
    pieces.push(bytes.subarray(at, at + KEY_BYTES))
  return pieces
}

/** The name of an object's class, without running anything of the object's. */
function nameOf(object: object): string {
  const prototype: unknown = Object.getPrototypeOf(object)
  if (typeof prototype !== 'object' || prototype === null) return ''
  const made: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  return typeof made === 'function' ? made.name : ''
}

/** Node's debugger, turned on its own process: it alone sees private fields. Its calls are answered at once. */
function openInspector() {
  const session = new Session()
  session.connect()
  /** The debugger knows values by ids of its own. Real ones go in and out by this global, which both sides can name. */
  const place: { value?: unknown; taken: unknown[] } = { taken: [] }
  const name = `memory ${process.hrtime.bigint()}`
  Object.defineProperty(globalThis, name, { value: place, configurable: true })
  const here = `globalThis[${JSON.stringify(name)}]`
  const objectGroup = 'memory'
  const post = <Result>(method: string, parameters: object): Result => {
    let result: unknown
    let failure: Error | null = null
    session.post(method, parameters, (error, answer) => {
      failure = error
      result = answer
    })
    if (failure !== null || result === undefined)
      throw new Error(`The inspector did not answer ${method}.`, { cause: failure })
    return result as Result
  }
  return {
    /** What `object` holds, by names: values that are no objects as they are. */
    held(object: object): { name: string; value: unknown }[] {
      place.value = object
      const { result } = post<{ result: { objectId: string } }>('Runtime.evaluate', {
        expression: `${here}.value`,
        objectGroup,
      })
      const { objectId } = result
      const all = post<Properties>('Runtime.getProperties', { objectId, ownProperties: true })
      const ofObject = [...all.result, ...(all.privateProperties ?? []), ...entriesOf(all)]
      // an accessor has no value, and is not called
      const values = ofObject.flatMap(({ name, value }) => (value ? [{ name, value }] : []))
      const objects = values.filter(({ value }) => value.type === 'object' && value.objectId)
      place.taken = []
      post('Runtime.callFunctionOn', {
        objectId,
        functionDeclaration: `function (...all) { ${here}.taken = all }`,
        arguments: objects.map(({ value: { objectId } }) => ({ objectId })),
        objectGroup,
      })
      const real = place.taken
      const held = [
        ...objects.map(({ name }, i) => ({ name, value: real[i] })),
        ...values.map(({ name, value }) => ({ name, value: value.value })),
      ]
      post('Runtime.releaseObjectGroup', { objectGroup })
      return held
    },
    close(): void {
      Reflect.deleteProperty(globalThis, name)
      session.disconnect()
    },
  }
}

/** Of the internal properties: entries of a map or set, and what a promise or proxy stands for. */
function entriesOf({ internalProperties = [] }: Properties): RemoteProperty[] {
  return internalProperties.filter(({ name }) =>
    ['[[Entries]]', '[[PromiseResult]]', '[[Target]]', '[[BoundThis]]', '[[BoundArgs]]'].includes(
      name,
    ),
  )
}
