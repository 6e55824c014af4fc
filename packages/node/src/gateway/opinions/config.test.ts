import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { start, temporaryFolder } from '../../../test/network.ts'
import { loadConfig } from '../config.ts'

const ROUTE = {
  model: 'look',
  ask: ['credit-f32', 'credit-int8'],
  agree: { output: 'approved' },
  onDissent: 'attach',
}
const OTHER = { operator: 'https://other.example', model: 'credit' }

test('a route is checked when the configuration is read, and what is wrong is named', () => {
  const parse = (route: object, more: object[] = []) =>
    loadConfig(undefined, {}, { opinions: [{ ...ROUTE, ...route }, ...more] })
  const cases: [object, RegExp][] = [
    [{ ask: ['a'] }, /opinions\.0\.ask: a route asks at least 2/],
    [{ ask: [] }, /at least 2/],
    [{ ask: 'abcdefghi'.split('') }, /a route asks at most 8/],
    [{ ask: ['a', 'a'] }, /one is asked twice/],
    [{ ask: ['a', 'look'] }, /look is among its own opinions/],
    [{ ask: [OTHER, 'a'] }, /the first is a model of this gateway/],
    [{ ask: ['a', 7] }, /expected the name of a model, or \{operator, model\}/],
    [{ ask: ['a', { ...OTHER, operator: 'https://u:p@other.example' }] }, /opinions\.0\.ask\.1/],
    [{ agree: {} }, /expected one of output, within and text/],
    [{ agree: { output: 'a', text: 'json' } }, /expected one of output, within and text/],
    [{ agree: { text: 'roughly' } }, /agree\.text/],
    [{ agree: { within: { output: 'p', by: -1 } } }, /agree\.within\.by/],
    [{ least: 1 }, /opinions\.0\.least/],
    [{ least: 3 }, /only 2 are asked/],
    [{ onDissent: 'shrug' }, /onDissent/],
    [{ onDissent: 'escalate' }, /escalateTo: who decides is to be named/],
    [{ escalateTo: 'me' }, /nothing is escalated here/],
    [{ seconds: 0 }, /seconds/],
    [{ model: 'a b' }, /letters, digits/],
    [{ votes: 3 }, /votes/],
  ]
  for (const [route, message] of cases) assert.throws(() => parse(route), { code: 'bad-config', message })
  assert.throws(() => parse({}, [ROUTE]), { code: 'bad-config', message: /two of one name/ })
  const [route] = parse({ ask: ['a', { ...OTHER, operator: 'https://other.example/' }] }).opinions
  assert.deepEqual(route!.ask[1], OTHER)
})

test('what does not fit what is served is said at start', async t => {
  const key = { ...OTHER, apiKeyEnv: 'OTHER_KEY' }
  const policy = join(temporaryFolder(t), 'policy')
  writeFileSync(policy, 'log nonsense\n')
  const cases: [object, RegExp][] = [
    [
      { ask: ['credit-f32', 'nope'] },
      /look: ask: no model "nope" here; there are: credit-f32, credit-int8, chat/,
    ],
    [{ ask: ['credit-f32', 'chat'] }, /chat does not answer under \/v2, as the first does/],
    [{ ask: ['chat', 'credit-f32'], agree: { text: 'exact' } }, /credit-f32 does not answer under \/v1/],
    [{ ask: ['credit-f32', 'credit-second-look'] }, /credit-second-look asks others itself/],
    [{ model: 'credit-f32', ask: ['credit-int8', 'chat'] }, /this is the name of a model/],
    [{ agree: { text: 'exact' } }, /\/v2 takes output or within/],
    [{ ask: ['chat', 'chat-2'] }, /\/v1 takes text/],
    [{ agree: { output: 'good' } }, /no output "good"; there are: probability_good, approved/],
    [{ ask: ['credit-f32', key] }, /takes its key from OTHER_KEY, which is not set/],
    [{ ask: ['credit-f32', { ...OTHER, trust: '/no/such/file' }] }, /trust: .*no such file/],
    [{ ask: ['credit-f32', { ...OTHER, trust: policy }] }, /is no tlog-policy/],
  ]
  const upstreams = [{ name: 'test', url: 'http://127.0.0.1:9/v1', models: ['chat', 'chat-2'] }]
  const folder = temporaryFolder(t)
  for (const [route, message] of cases)
    await assert.rejects(
      start(t, { folder, environment: {}, set: { upstreams, opinions: [{ ...ROUTE, ...route }] } }),
      { code: 'bad-config', message },
    )
})
