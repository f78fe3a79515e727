/** The independent peer over HTTP: it listens, and calls the other peer. */

import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { call } from '../helpers/call.ts'
import type { Json } from './forms.ts'
import { Peer } from './peer.ts'
import { Refusal } from './session.ts'

export type Moment = 'request out' | 'request in' | 'answer out' | 'answer in'
/** What passes: the form of a key message or a message, the bytes of a picture, or an answer. */
export type Passing = (moment: Moment, path: string, body: unknown) => Promise<void> | void

const MAX_ANSWER = 16 * 1024
const HOST = /^(localhost|[\d.]+|\[[\da-f:.]+\])(:\d+)?$/i
const JSON_TYPE = /^application\/json(\s*;\s*charset="?utf-8"?)?$/i
/** What each route takes. */
const ROUTES: Readonly<Record<string, RegExp>> = {
  '/wire/keys': JSON_TYPE,
  '/wire/message': JSON_TYPE,
  '/wire/image': /^application\/octet-stream$/i,
}

export class IndependentPeer extends Peer {
  /** The other peer's base URL. */
  peerUrl = ''
  /** What may hold up a request or its answer, or lose it by throwing. */
  passing: Passing = () => {}
  readonly #agent = new http.Agent({ keepAlive: true })
  readonly #server = http.createServer((request, response) => this.#serve(request, response))

  /** Listens on a free port. */
  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  close(): Promise<void> {
    this.restart()
    this.#agent.destroy()
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  protected override async post(path: string, body: object): Promise<unknown> {
    await this.passing('request out', path, body)
    const isStream = Buffer.isBuffer(body)
    const type = isStream ? 'application/octet-stream' : 'application/json'
    const { status, text } = await call(this.peerUrl + path, {
      method: 'POST',
      headers: { 'content-type': type },
      body: isStream ? body : JSON.stringify(body),
      signal: AbortSignal.timeout(5_000),
      agent: this.#agent,
    })
    if (Buffer.byteLength(text) > MAX_ANSWER) throw new Error('not a peer: a long answer')
    const answer = JSON.parse(text) as Json
    await this.passing('answer in', path, answer)
    if (status >= 400) throw new Refusal(String(answer['code']))
    if (status !== 201) throw new Error(`not a peer: ${status}`)
    return answer
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const { url = '' } = request
    let [status, type, answer]: [number, string, Json] = [201, 'application/json', {}]
    try {
      checkRequest(request)
      answer = await this.#answer(url, request)
      await this.passing('answer out', url, answer)
    } catch (error) {
      if (!(error instanceof Refusal)) return void response.destroy()
      const { code } = error
      ;[status, type] = [400, 'application/problem+json']
      const detail = `This peer refused it: ${code}.`
      answer = { status, code, title: 'Refused', detail, next: 'Send keys on both sides.' }
    }
    request.resume()
    response.writeHead(status, { 'content-type': type }).end(JSON.stringify(answer))
  }

  async #answer(url: string, request: http.IncomingMessage): Promise<Json> {
    const body = url === '/wire/image' ? null : await buffer(request)
    await this.passing('request in', url, body)
    if (body === null) return this.receivePicture(request)
    return url === '/wire/keys' ? this.receiveKeys(body) : this.receiveMessage(body)
  }
}

function checkRequest({ url = '', method, headers }: http.IncomingMessage): void {
  const types = ROUTES[url]
  if (types === undefined) throw new Refusal('not_found')
  if (method !== 'POST') throw new Refusal('method_not_allowed')
  if (!HOST.test(headers.host ?? '')) throw new Refusal('bad_host')
  if (!types.test(headers['content-type'] ?? '') || headers['content-encoding'])
    throw new Refusal('unsupported_type')
}
