/** The owner's steps over HTTP: what /send_msg takes and refuses, and what comes too early, too late or unseen. */

import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { stranger } from '../helpers/bad-input.ts'
import { type CallOptions, FORM, JSON_TYPE, posting, TEXT } from '../helpers/call.ts'
import { assertNothingRan, assertProblem, assertSafeHeaders } from '../helpers/problem.ts'
import { askRaw, lines } from '../helpers/raw.ts'
import { sharedSession, type TestPeer, withPeers, withSession } from '../helpers/with-peers.ts'
import { keyForm } from '../independent/forms.ts'
import { INDEPENDENT_SUITES } from '../independent/suites.ts'

const MAX_TEXT_BYTES = 16 * 1024
const STANDARD = 'the default text'
const LONGEST = 'a'.repeat(MAX_TEXT_BYTES)

const withSharedSession = sharedSession({ message: STANDARD })

/** Sends `body` from the first peer; resolves with the answer and what the second one's terminal then shows. */
async function sendAndRead(a: TestPeer, b: TestPeer, options: CallOptions) {
  const answer = await a.call('/send_msg', options)
  assert.equal(answer.status, 201, answer.text)
  assert.equal((await b.call('/decrypt_msg')).json.decrypted, 1)
  return { answer, text: b.secrets().at(-1) ?? '' }
}

const quoted = 'Text/Plain;charset="UTF-8"'
/** What a request has, and the text that arrives; an empty one has no line to look at. */
const TAKEN: [what: string, CallOptions, text: string][] = [
  ['nothing: the default text', {}, STANDARD],
  ['a POST of nothing: the default text', { method: 'POST' }, STANDARD],
  ['a form of length 0: the default text', posting(FORM), STANDARD],
  ['JSON of length 0: the default text', posting(JSON_TYPE), STANDARD],
  ['text/plain', posting(TEXT, 'Hello, Bob'), 'Hello, Bob'],
  ['text/plain by GET', { headers: { 'content-type': TEXT }, body: 'Hello' }, 'Hello'],
  ['text/plain; charset=utf-8', posting('text/plain; charset=utf-8', '¡Olé! 🗝'), '¡Olé! 🗝'],
  ['text/plain; charset=utf8', posting('text/plain; charset=utf8', '¡Olé!'), '¡Olé!'],
  [quoted, posting(quoted, '¡Olé! 🗝'), '¡Olé! 🗝'],
  ['text/plain with + and % as they are', posting(TEXT, 'text=1+1 %41'), 'text=1+1 %41'],
  ['a form', posting(FORM, 'text=Hello'), 'Hello'],
  ['a form in UTF-8', posting(FORM, 'text=¡Olé! 🗝'), '¡Olé! 🗝'],
  ['a form; charset=UTF8', posting(`${FORM}; charset=UTF8`, 'text=é'), 'é'],
  ['a form; charset=utf-8', posting(`${FORM}; charset=UTF-8`, 'text=é'), 'é'],
  ['a percent-encoded form', posting(FORM, 'text=%C2%A1Ol%c3%a9%21%20%F0%9F%97%9D'), '¡Olé! 🗝'],
  ['+ in a form as a space', posting(FORM, 'text=Hello+Bob'), 'Hello Bob'],
  ['%2B in a form as +', posting(FORM, 'text=1%2B1'), '1+1'],
  ['= in a form', posting(FORM, 'text=a=b'), 'a=b'],
  ['%26 in a form as &', posting(FORM, 'text=Tom+%26+Jerry'), 'Tom & Jerry'],
  ['%25 in a form once', posting(FORM, 'text=%2541'), '%41'],
  ['16 KiB of text/plain', posting(TEXT, LONGEST), LONGEST],
  ['16 KiB in a form', posting(FORM, `text=${LONGEST}`), LONGEST],
  ['16 KiB percent-encoded', posting(FORM, `text=${LONGEST.replaceAll('a', '%61')}`), LONGEST],
  ['an empty form field: an empty text', posting(FORM, 'text='), ''],
  ['an empty text/plain: an empty text', posting(TEXT), ''],
  ['the same in chunks', posting(TEXT, '', { 'transfer-encoding': 'chunked' }), ''],
  ['text/plain without a body: an empty text', { headers: { 'content-type': TEXT } }, ''],
]

describe('/send_msg takes', () => {
  for (const [what, options, expected] of TAKEN)
    it(what, () =>
      withSharedSession(async (a, b) => {
        const { answer, text } = await sendAndRead(a, b, options)
        assert.equal(answer.json.bytes, Buffer.byteLength(expected))
        if (expected === '') return
        assert.equal(text, expected)
        assert.ok(!answer.text.includes(expected))
      }),
    )

  it('nothing, and sends the sentence with its own port', () =>
    withSession({}, async (a, b) => {
      const { text } = await sendAndRead(a, b, {})
      assert.equal(text, `This is a secret message from port ${a.port}!`)
    }))
})

const LATIN1 = Buffer.from('text=\xe9', 'latin1')
/** For each code the bodies that are refused with it. */
const REFUSED: Record<string, [what: string, type: string | undefined, body: string | Buffer][]> = {
  too_large: [
    ['one byte more than 16 KiB of text/plain', TEXT, `${LONGEST}a`],
    ['the same in a form', FORM, `text=${LONGEST}a`],
    ['the same percent-encoded', FORM, `text=${`${LONGEST}a`.replaceAll('a', '%61')}`],
    ['fewer characters of more bytes', TEXT, 'é'.repeat(MAX_TEXT_BYTES / 2 + 1)],
  ],
  bad_message: [
    ['a form without a text', FORM, 'message=Hello'],
    ['a form without a field', FORM, 'Hello'],
    ['a form with a field of another case', FORM, 'Text=Hello'],
    ['a form with two fields', FORM, 'text=Tom & Jerry'],
    ['a form with a field before it', FORM, 'a=b&text=Hello'],
    ['a form with the text twice', FORM, 'text=Hello&text=Bob'],
    ['a form without a value', FORM, 'text'],
  ],
  bad_text: [
    ['half a percent-encoding', FORM, 'text=%'],
    ['a wrong percent-encoding', FORM, 'text=100%zz'],
    ['percent-encoded bytes that are not UTF-8', FORM, 'text=%ff%fe'],
    ['percent-encoded surrogates', FORM, 'text=%ed%a0%80'],
    ['a form that is not UTF-8', FORM, LATIN1],
    ['text/plain that is not UTF-8', TEXT, LATIN1],
    ['surrogates in UTF-8', TEXT, Buffer.from('eda080', 'hex')],
  ],
  unsupported_type: [
    ...[JSON_TYPE, 'multipart/form-data; boundary=x', 'application/octet-stream', 'text/html'],
    ...['text/plain; charset=iso-8859-1', 'text/plain; charset=utf-16', 'text'],
    ...['text/plain; charset=xyzzy', `${FORM}; charset=iso-8859-1`, undefined],
  ].map((type) => [type ?? 'a body without a type', type, 'text=Hello']),
}

/** Expects the refusal, and that no message was made or went out. */
function assertSendsNothing(code: string, path: string, options: CallOptions): Promise<void> {
  return withSharedSession(async (a, b) => {
    const { session } = (await a.call('/show')).json
    assertProblem(await a.call(path, options), code)
    assert.deepEqual((await a.call('/show')).json.session, session)
    assert.deepEqual((await b.call('/show')).json.waiting, [])
  })
}

describe('/send_msg refuses', () => {
  for (const [code, bodies] of Object.entries(REFUSED))
    for (const [what, type, body] of bodies)
      it(what, () => assertSendsNothing(code, '/send_msg', posting(type, body)))

  for (const query of ['text=Hello', 'Hello', 'x='])
    it(`a text in the URL: ?${query}`, async () => {
      await assertSendsNothing('text_in_url', `/send_msg?${query}`, {})
      await assertSendsNothing('text_in_url', `/send_msg?${query}`, posting(TEXT, 'Hello'))
    })

  it('a text in the URL that is not in ASCII', () =>
    withSharedSession(async (a) => {
      const { session } = (await a.call('/show')).json
      const line = Buffer.from('GET /send_msg?text=ä HTTP/1.1')
      for (const bytes of [line, Buffer.from(line.toString(), 'latin1')]) {
        const request = Buffer.concat([bytes, Buffer.from(lines('', 'Host: 127.0.0.1'))])
        const { next } = assertProblem(await askRaw(a.port, request), 'text_in_url')
        assert.equal(next, `curl ${a.url}/send_msg --data-urlencode 'text=Hello'`)
      }
      assert.deepEqual((await a.call('/show')).json.session, session)
    }))

  it('to send without a session, and while only one side has sent its keys', () =>
    withPeers({}, async (a, b) => {
      for (const options of [{}, posting(TEXT, 'Hello')])
        assertProblem(await a.call('/send_msg', options), 'no_session')
      assertNothingRan(a, b)
      await a.call('/send_keys')
      for (const peer of [a, b]) assertProblem(await peer.call('/send_msg'), 'no_session')
    }))

  it('without repeating a word of what it got', () =>
    withSharedSession(async (a) => {
      const word = 'xyzzy'
      for (const [path, options] of [
        [`/send_msg?${word}`, {}],
        ['/send_msg', posting(FORM, `${word}=${word}`)],
        ['/send_msg', posting(FORM, `text=${word}%`)],
        ['/send_msg', posting(TEXT, Buffer.from(`${word}\xe9`, 'latin1'))],
        ['/send_msg', posting(JSON_TYPE, `{"text":"${word}"}`)],
        ['/wire/message', posting(JSON_TYPE, `{"v":2,"${word}":"${word}"}`)],
        ['/wire/keys', posting(JSON_TYPE, `{"v":"${word}"}`)],
        [`/${word}`, {}],
      ] as [string, CallOptions][]) {
        const answer = await a.call(path, options)
        assertProblem(answer)
        assert.ok(!answer.text.includes(word), answer.text)
      }
    }))
})

const run = promisify(execFile)
const noCurl = spawnSync('curl', ['--version']).status === 0 ? false : 'there is no curl here'

describe('what to do after a refused text', () => {
  for (const [what, path, options] of [
    ['a form with two fields', '/send_msg', posting(FORM, 'text=Tom & Jerry')],
    ['a text in the URL', '/send_msg?text=Hello', {}],
    ['JSON', '/send_msg', posting(JSON_TYPE, '{}')],
    ['a wrong percent-encoding', '/send_msg', posting(FORM, 'text=%')],
  ] as const)
    it(`that was ${what} is a curl that works`, { skip: noCurl }, () =>
      withSharedSession(async (a, b) => {
        const { next } = (await a.call(path, options)).json
        const [command] = /^curl \S+\/send_msg --data-urlencode '[^']*'/.exec(next) ?? []
        assert.ok(command, next)
        const { stdout } = await run('sh', ['-c', `curl -s ${command.slice('curl '.length)}`])
        assert.equal(JSON.parse(stdout).sent, true)
        assert.equal((await b.call('/decrypt_msg')).json.decrypted, 1)
      }),
    )
})

describe('a peer with --no-secrets', () => {
  it('refuses to decrypt, and keeps the message and the secret to itself', () =>
    withSession({ showsSecrets: false, message: 'xyzzy' }, async (a, b) => {
      for (const peer of [a, b]) await peer.call('/show')
      assertProblem(await b.call('/decrypt_msg'), 'secrets_hidden')
      assert.equal((await a.call('/send_msg')).status, 201)
      assertProblem(await b.call('/decrypt_msg'), 'secrets_hidden')
      assert.equal((await b.call('/show')).json.waiting.length, 1)
      for (const line of [...a.lines(), ...b.lines()]) assert.doesNotMatch(line, /SECRET|xyzzy/)
      assert.deepEqual([...a.secrets(), ...b.secrets()], [])
    }))
})

describe('a step that is too early or too late', () => {
  it('since the inbox is full names a step of the other peer', () =>
    withSharedSession(async (a, b) => {
      for (let i = 0; i < 32; i++) assert.equal((await a.call('/send_msg')).status, 201)
      const full = await a.call('/send_msg')
      assert.equal(full.json.peer_code, 'inbox_full')
      assert.match(full.json.next, new RegExp(`^curl ${b.url}/decrypt_msg`))
    }))

  it('names the keys as the first thing to do, wherever one begins', () =>
    withPeers({}, async (a, b) => {
      const keys = `curl ${a.url}/send_keys && curl ${b.url}/send_keys`
      for (const path of ['/decrypt_msg', '/image', '/send_msg', '/frequency'])
        assert.equal((await a.call(path)).json.next, keys, path)
      assert.match((await a.call('/')).text, /next: curl \S+\/send_keys\n$/)
      await a.call('/send_keys')
      await b.call('/send_keys')
      const { next } = assertProblem(await a.call('/decrypt_msg'), 'nothing_waiting')
      assert.equal(next, `curl ${b.url}/send_msg`)
      assert.match((await a.call('/')).text, /next: curl \S+\/send_msg\n$/)
    }))

  it('is taken with an answer that no browser renders, and refused with all headers', () =>
    withPeers({}, async (a) => {
      const suite = INDEPENDENT_SUITES[0] ?? assert.fail()
      const keys = posting(JSON_TYPE, JSON.stringify(keyForm(suite, stranger(suite))))
      const { status, headers } = await a.call('/wire/keys', keys)
      const kept = [headers['content-type'], headers['x-content-type-options']]
      assert.deepEqual([status, ...kept], [201, 'application/json; charset=utf-8', 'nosniff'])
      for (const name of ['content-security-policy', 'cache-control'])
        assert.equal(headers[name], undefined)
      assertSafeHeaders(await a.call('/wire/keys', posting(JSON_TYPE, '{}')))
      assertSafeHeaders(await a.call('/wire/keys'))
    }))

  it('between known peers, with another identity in between, says in its answer what was refused', () =>
    withSession({}, async (a, b) => {
      const suite = INDEPENDENT_SUITES[0] ?? assert.fail()
      const keys = JSON.stringify(keyForm(suite, stranger(suite)))
      assertProblem(await a.call('/wire/keys', posting(JSON_TYPE, keys)), 'identity_changed')
      const sent = (await a.call('/send_keys')).json
      assert.deepEqual([sent.session, sent.refused], [null, 'identity_changed'])
      assert.match(sent.next, /^If you expect the change: .* remove the file peer\.CURVE\.pem/)
      // once the known one answers, that is over
      assert.equal((await b.call('/send_keys')).json.refused, undefined)
      assert.equal((await a.call('/send_keys')).json.refused, undefined)
    }))

  it('with a confirmation of another session than the keys give, has both ids on the terminal', () =>
    withPeers({}, async (a) => {
      await a.call('/send_keys')
      const suite = INDEPENDENT_SUITES[0] ?? assert.fail()
      const confirm = { session: '00'.repeat(16), tag: '00'.repeat(32) }
      const keys = JSON.stringify({ ...keyForm(suite, stranger(suite)), confirm })
      const { json } = await a.call('/wire/keys', posting(JSON_TYPE, keys))
      const said = a.lines().join('\n')
      assert.match(
        said,
        new RegExp(`another session +The confirmation names this one:\\n${confirm.session}\\n`),
      )
      assert.match(
        said,
        new RegExp(`The keys that are here give this one:\\n${json.confirm.session}\\n`),
      )
    }))
})
